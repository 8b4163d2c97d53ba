package session_test

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/pipelinetest"
	"github.com/saysee/saysee/ui/session"
)

// loop runs what a session posts on the test's own goroutine.
type loop struct {
	t     *testing.T
	queue chan func()
	parts session.Part
}

func newLoop(t *testing.T, load func(session.Choice) (*pipeline.Models, error)) (*loop, *session.Session) {
	t.Helper()
	l := &loop{t: t, queue: make(chan func(), 10000)}
	if load == nil {
		load = func(session.Choice) (*pipeline.Models, error) { return nil, errors.New("no models here") }
	}
	var samples []session.Sample
	for _, name := range assets.PhotoNames() {
		samples = append(samples, session.Sample{Name: name, Data: assets.Photo(name)})
	}
	s := session.New(session.Params{
		Post:     func(f func()) { l.queue <- f },
		Changed:  func(p session.Part) { l.parts |= p },
		Prepare:  func(img *image.RGBA) any { return img },
		Load:     load,
		Samples:  samples,
		CacheDir: t.TempDir(),
	})
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return l, s
}

// until runs the loop until something holds.
func (l *loop) until(what string, holds func() bool) {
	l.t.Helper()
	late := time.After(20 * time.Second)
	for !holds() {
		select {
		case f := <-l.queue:
			f()
		case <-late:
			l.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// folder writes photos of one colour each.
func folder(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i, name := range names {
		img := image.NewRGBA(image.Rect(0, 0, 60, 40))
		for p := range img.Pix {
			img.Pix[p] = uint8(40 * (i + 1))
		}
		img.Set(i, i, color.White)
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, img); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func (l *loop) open(s *session.Session, paths ...string) {
	l.t.Helper()
	s.Open(paths...)
	want, _ := filepath.Abs(paths[0])
	if info, err := os.Stat(want); err == nil && !info.IsDir() {
		want = filepath.Dir(want)
	}
	l.until("the folder", func() bool {
		dir, _ := s.Folder()
		return dir == want && s.Photo().Shown != nil
	})
}

func cats() []annot.Class { return []annot.Class{{Name: "cat", Phrases: []string{"cat", "kitten"}}} }

func TestOpen(t *testing.T) {
	t.Run("should show the first photo of a folder, in natural order, with all below it", func(t *testing.T) {
		l, s := newLoop(t, nil)
		l.open(s, folder(t, "b10.png", "b2.png", "sub/a.png"))
		if all, done := s.Len(); all != 3 || done != 0 || s.Photo().Item.Rel != "b2.png" {
			t.Errorf("%d photos, %d done, %s in sight", all, done, s.Photo().Item.Rel)
		}
		if s.Photo().Size != image.Pt(60, 40) {
			t.Errorf("size %v", s.Photo().Size)
		}
	})
	t.Run("should open the folder of one photo, with that photo in sight", func(t *testing.T) {
		l, s := newLoop(t, nil)
		dir := folder(t, "a.png", "b.png")
		l.open(s, filepath.Join(dir, "b.png"))
		if all, _ := s.Len(); all != 2 || s.Photo().Item.Rel != "b.png" {
			t.Errorf("%d photos, %s in sight", all, s.Photo().Item.Rel)
		}
	})
	t.Run("should say that there are no photos, and keep what was open", func(t *testing.T) {
		l, s := newLoop(t, nil)
		dir := folder(t, "a.png")
		l.open(s, dir)
		s.Open(t.TempDir())
		l.until("the message", func() bool { return s.Message().Bad })
		if open, _ := s.Folder(); open != dir {
			t.Errorf("%s is open", open)
		}
	})
	t.Run("should open the samples where there is nothing else to show", func(t *testing.T) {
		l, s := newLoop(t, nil)
		s.Open(t.TempDir())
		l.until("the samples", func() bool { return s.Sample() && s.Photo().Shown != nil })
		if !s.Message().Bad {
			t.Error("nobody is told why")
		}
	})
	t.Run("should say what is wrong with a photo that cannot be read, and go on", func(t *testing.T) {
		l, s := newLoop(t, nil)
		dir := folder(t, "a.png", "c.png")
		if err := os.WriteFile(filepath.Join(dir, "b.png"), []byte("\x89PNG\r\n\x1a\nno"), 0o600); err != nil {
			t.Fatal(err)
		}
		l.open(s, dir)
		s.Step(1)
		l.until("the error", func() bool { return s.Photo().Err != nil })
		if s.Photo().Trouble() == "" || s.Info(1).Failed == nil {
			t.Error("nobody is told")
		}
		s.Step(1)
		l.until("the next photo", func() bool { return s.Photo().Shown != nil })
	})
	t.Run("should refuse a folder that another session has open", func(t *testing.T) {
		l, s := newLoop(t, nil)
		dir := folder(t, "a.png")
		l.open(s, dir)
		m, other := newLoop(t, nil)
		other.Open(dir)
		m.until("the message", func() bool { return other.Message().Bad })
	})
}

func TestClose(t *testing.T) {
	t.Run("should leave nothing that can be woken", func(t *testing.T) {
		l, s := newLoop(t, nil)
		l.open(s, folder(t, "a.png", "b.png"))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s.Find()
		if s.Thumb(1) != nil {
			t.Error("a thumbnail was made")
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestLabels(t *testing.T) {
	draw := func(t *testing.T, s *session.Session) {
		t.Helper()
		if err := s.SetWords(cats()); err != nil {
			t.Fatal(err)
		}
		if err := s.Create(annot.Box{X0: 5, Y0: 5, X1: 20, Y1: 20}, nil); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("should come back as they were when the folder is opened again", func(t *testing.T) {
		dir := folder(t, "a.png", "b.png")
		l, s := newLoop(t, nil)
		l.open(s, dir)
		s.Step(1)
		l.until("b", func() bool { return s.Photo().Shown != nil })
		draw(t, s)
		s.SetDone(true)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		m, again := newLoop(t, nil)
		m.open(again, dir)
		if got := again.Photo().Item.Rel; got != "b.png" {
			t.Errorf("%s is in sight", got)
		}
		regions := again.Accepted()
		if len(regions) != 1 || regions[0].Box != (annot.Box{X0: 5, Y0: 5, X1: 20, Y1: 20}) || !again.Done() {
			t.Errorf("regions %v, done %v", regions, again.Done())
		}
		words, _ := again.Words()
		if len(words) != 1 || words[0].Name != "cat" || len(words[0].Phrases) != 2 {
			t.Errorf("words %v", words)
		}
	})
	t.Run("should be undone to the first shape and redone, across photos, and stay so on disk", func(t *testing.T) {
		dir := folder(t, "a.png", "b.png")
		l, s := newLoop(t, nil)
		l.open(s, dir)
		draw(t, s)
		s.Step(1)
		l.until("b", func() bool { return s.Photo().Shown != nil })
		s.Undo()
		l.until("a", func() bool { return s.Photo().Item.Rel == "a.png" && s.Photo().Shown != nil })
		if n := len(s.Accepted()); n != 0 {
			t.Fatalf("%d regions after undo", n)
		}
		s.Redo()
		if n := len(s.Accepted()); n != 1 {
			t.Fatalf("%d regions after redo", n)
		}
		s.Undo()
		s.Save()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		m, again := newLoop(t, nil)
		m.open(again, filepath.Join(dir, "a.png"))
		if n := len(again.Accepted()); n != 0 {
			t.Errorf("%d regions came back", n)
		}
	})
	t.Run("should keep a class whose words go while labels use it, and drop one that none uses", func(t *testing.T) {
		l, s := newLoop(t, nil)
		l.open(s, folder(t, "a.png"))
		draw(t, s)
		if err := s.SetWords([]annot.Class{{Name: "dog"}}); err != nil {
			t.Fatal(err)
		}
		if err := s.SetWords(nil); err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, row := range s.Classes().Order() {
			names = append(names, s.Classes().Row(row).Name)
		}
		words, _ := s.Words()
		if len(names) != 1 || names[0] != "cat" || len(words) != 0 {
			t.Errorf("classes %v, words %v", names, words)
		}
	})
	t.Run("should be copied and pasted on another photo", func(t *testing.T) {
		l, s := newLoop(t, nil)
		l.open(s, folder(t, "a.png", "b.png"))
		draw(t, s)
		s.Copy()
		s.Step(1)
		l.until("b", func() bool { return s.Photo().Shown != nil })
		s.Paste(func(r annot.Region) (annot.Box, annot.Shape) { return r.Box, r.Shape })
		if len(s.Accepted()) != 1 || len(s.Selected()) != 1 {
			t.Errorf("%d regions, %d selected", len(s.Accepted()), len(s.Selected()))
		}
	})
	t.Run("should refuse changes to what is locked", func(t *testing.T) {
		l, s := newLoop(t, nil)
		l.open(s, folder(t, "a.png"))
		draw(t, s)
		s.Lock(s.Selected()...)
		s.Delete()
		if len(s.Accepted()) != 1 || !s.Message().Bad {
			t.Error("a locked region was deleted, or nobody was told why not")
		}
	})
}

func TestFilter(t *testing.T) {
	l, s := newLoop(t, nil)
	l.open(s, folder(t, "cat1.png", "cat2.png", "dog1.png"))
	if err := s.SetWords(cats()); err != nil {
		t.Fatal(err)
	}
	if err := s.Create(annot.Box{X1: 10, Y1: 10}, nil); err != nil {
		t.Fatal(err)
	}
	s.SetDone(true)
	for search, want := range map[string]int{
		"": 3, "CAT": 2, "cat 2": 1, "class:cat": 1, "class:dog": 0, "unchecked": 2, "checked": 1, "score>0.5": 0, "unchecked dog": 1,
	} {
		t.Run("should understand "+search, func(t *testing.T) {
			s.Search(search)
			if got := len(s.View()); got != want {
				t.Errorf("%d photos, want %d", got, want)
			}
		})
	}
	s.Search("")
	t.Run("should step among what is to review", func(t *testing.T) {
		s.SetShow(session.ShowToReview)
		if !s.Step(1) || s.Index() != 1 {
			t.Errorf("at %d", s.Index())
		}
	})
}

// starter loads the bundled model.
func starter(t *testing.T) func(session.Choice) (*pipeline.Models, error) {
	t.Helper()
	modeltest.Runtime(t)
	return func(session.Choice) (*pipeline.Models, error) {
		store, err := model.NewStore("", assets.Packs())
		if err != nil {
			return nil, err
		}
		return pipeline.Load(pipeline.Params{Store: store, Detect: pipeline.DefaultDetector, Threads: 1})
	}
}

func TestPreload(t *testing.T) {
	load, loaded := starter(t), make(chan *pipeline.Models, 1)
	l, s := newLoop(t, func(c session.Choice) (*pipeline.Models, error) {
		m, err := load(c)
		loaded <- m
		return m, err
	})
	if err := s.OpenSamples(cats()); err != nil {
		t.Fatal(err)
	}
	s.Preload()
	m := <-loaded
	if m == nil {
		t.Fatal("no models")
	}
	t.Run("should look at the photo in sight before anything is answered on the session's goroutine", func(t *testing.T) {
		for late := time.Now().Add(20 * time.Second); m.Engine.Runs() < 2; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(late) {
				t.Fatal("the models have not run")
			}
		}
	})
	t.Run("should be what is answered then", func(t *testing.T) {
		l.until("the answer", s.Answered)
		if len(s.Suggestions()) == 0 {
			t.Error("nothing was found on a photo of a cat")
		}
	})
}

func TestASecondLookNeedsNoOtherModels(t *testing.T) {
	load, loads := starter(t), 0
	var models *pipeline.Models
	l, s := newLoop(t, func(c session.Choice) (*pipeline.Models, error) {
		m, err := load(c)
		loads, models = loads+1, m
		return m, err
	})
	if err := s.OpenSamples(cats()); err != nil {
		t.Fatal(err)
	}
	l.until("the answer", s.Answered)
	once, runs := s.Suggestions(), models.Engine.Runs()
	if len(once) == 0 {
		t.Fatal("nothing was found on a photo of a cat")
	}
	c := s.Choice()
	c.Twice = true
	s.Choose(c)
	l.parts = 0
	l.until("another answer", func() bool { return l.parts&session.Regions != 0 && s.Report().State == session.Done })
	twice := s.Suggestions()
	if len(twice) == 0 || twice[0].Box == once[0].Box || twice[0].Box.IoU(once[0].Box) < 0.8 {
		t.Errorf("first %v, then %v", once[0].Box, twice)
	}
	if loads != 1 || models.Engine.Runs() == runs {
		t.Errorf("models were loaded %d times, and ran %d times more", loads, models.Engine.Runs()-runs)
	}
}

func TestSuggestions(t *testing.T) {
	l, s := newLoop(t, starter(t))
	if err := s.OpenSamples(cats()); err != nil {
		t.Fatal(err)
	}
	l.until("the answer", func() bool { return s.Answered() })
	if len(s.Suggestions()) == 0 {
		t.Fatal("nothing was found on a photo of a cat")
	}
	first := s.Suggestions()[0]
	t.Run("should become labels and leave the list, and come back by undo", func(t *testing.T) {
		n := len(s.Suggestions())
		s.Accept(first.ID)
		if len(s.Accepted()) != 1 || len(s.Suggestions()) >= n {
			t.Errorf("%d labels, %d suggestions", len(s.Accepted()), len(s.Suggestions()))
		}
		s.Undo()
		if len(s.Accepted()) != 0 || len(s.Suggestions()) != n {
			t.Errorf("%d labels, %d suggestions after undo", len(s.Accepted()), len(s.Suggestions()))
		}
	})
	t.Run("should not be proposed again once rejected", func(t *testing.T) {
		s.Reject(first.ID)
		s.Find()
		l.parts = 0
		l.until("another answer", func() bool { return l.parts&session.Regions != 0 })
		for _, r := range s.Suggestions() {
			if r.ID == first.ID {
				t.Error("it is back")
			}
		}
		s.Undo()
	})
	t.Run("should follow thresholds without running a model", func(t *testing.T) {
		f := s.Filter()
		high, low := f, f
		high.Score, low.Score = 0.999, 0.05
		s.SetFilter(low)
		many := len(s.Suggestions())
		s.SetFilter(high)
		if few := len(s.Suggestions()); few != 0 || many == 0 {
			t.Errorf("%d, then %d", many, few)
		}
		if _, _, ok := s.BestBelow(); !ok {
			t.Error("the best one below is not told")
		}
		s.SetFilter(f)
	})
	t.Run("should be proposed where a person points, and be told when there is none", func(t *testing.T) {
		if err := s.Propose(annot.Point{X: -5, Y: -5}); err != nil || len(s.Accepted()) != 0 {
			t.Errorf("%v, %d labels", err, len(s.Accepted()))
		}
		if err := s.Propose(first.Box.Center()); err != nil || len(s.Accepted()) != 1 || !s.Accepted()[0].Box.Contains(first.Box.Center()) {
			t.Errorf("%v, %d labels", err, len(s.Accepted()))
		}
		s.Undo()
	})
	t.Run("should give a drawn box the class that is seen there", func(t *testing.T) {
		if err := s.SetWords([]annot.Class{{Name: "stone"}, {Name: "cat", Phrases: []string{"cat", "kitten"}}}); err != nil {
			t.Fatal(err)
		}
		l.parts = 0
		l.until("the answer", func() bool {
			return l.parts&session.Regions != 0 && len(s.Suggestions()) > 0 && s.Report().State == session.Done
		})
		if err := s.Create(first.Box, nil); err != nil {
			t.Fatal(err)
		}
		r := s.Region(s.Selected()[0])
		if name := s.Classes().Row(r.Class).Name; name != "cat" {
			t.Errorf("it is a %s", name)
		}
	})
}

func TestBatch(t *testing.T) {
	l, s := newLoop(t, starter(t))
	dir := pipelinetest.Album(t)
	if err := os.WriteFile(filepath.Join(dir, "zz.jpg"), []byte("no photo"), 0o600); err != nil {
		t.Fatal(err)
	}
	l.open(s, filepath.Join(dir, "cat.jpg"))
	if err := s.SetWords([]annot.Class{{Name: "cat"}, {Name: "horse"}}); err != nil {
		t.Fatal(err)
	}
	s.RunBatch(s.View())
	l.until("the end of the batch", func() bool { return !s.Batch().Active })
	p := s.Batch()
	t.Run("should look at every photo, and tell of those that cannot be read", func(t *testing.T) {
		if p.Done != 5 || len(p.Failed) != 1 || p.Failed[0].Rel != "zz.jpg" {
			t.Errorf("%+v", p)
		}
	})
	t.Run("should keep what it found on disk", func(t *testing.T) {
		if p.Regions == 0 {
			t.Fatal("it found nothing")
		}
		s.Save()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		m, again := newLoop(t, nil)
		m.open(again, filepath.Join(dir, "horse.jpg"))
		if len(again.Suggestions()) == 0 || len(again.Accepted()) != 0 {
			t.Errorf("%d suggestions, %d labels", len(again.Suggestions()), len(again.Accepted()))
		}
	})
}

func TestBatchGoesOn(t *testing.T) {
	l, s := newLoop(t, starter(t))
	dir := t.TempDir()
	data := assets.Photo("cat.jpg")
	const photos = 12
	for i := range photos {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.jpg", i)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l.open(s, dir)
	if err := s.SetWords(cats()); err != nil {
		t.Fatal(err)
	}
	s.RunBatch(s.View())
	l.until("a part of the batch", func() bool { return s.Batch().Done >= 2 })
	done := s.Batch().Done
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	m, again := newLoop(t, starter(t))
	m.open(again, dir)
	m.until("the batch to go on", func() bool { return again.Batch().Active })
	if all := again.Batch().All; all > photos-1-done {
		t.Errorf("%d photos are left of %d after %d", all, photos-1, done)
	}
	m.until("its end", func() bool { return !again.Batch().Active })
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	m, third := newLoop(t, starter(t))
	m.open(third, dir)
	m.until("all to be known", func() bool { return third.Info(photos-1).Suggestions > 0 })
	if third.Batch().Active {
		t.Error("it goes on though it had ended")
	}
}

// show goes to a photo and waits until it is there.
func (l *loop) show(s *session.Session, i int) {
	l.t.Helper()
	s.Go(i)
	l.until("the photo", func() bool { return s.Index() == i && s.Photo().Shown != nil })
}
