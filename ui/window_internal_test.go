package ui

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/ui/keys"
	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/tr"
	"github.com/saysee/saysee/ui/view"
)

// desk is a window without a display, and what waits to run in it.
type desk struct {
	*Window
	t     testing.TB
	queue chan func()
}

func newDesk(t testing.TB, width, height float32) *desk {
	t.Helper()
	for _, name := range []string{"XDG_CACHE_HOME", "XDG_CONFIG_HOME", "HOME"} {
		t.Setenv(name, t.TempDir())
	}
	t.Setenv("LANG", "en_US.UTF-8")
	t.Cleanup(func() { tr.Use(tr.English) })
	queue := make(chan func(), 10000)
	w := newWindow(test.NewTempApp(t), Params{
		Load: func(session.Choice) (*pipeline.Models, error) { return nil, errors.New("no models here") },
		post: func(f func()) { queue <- f },
	})
	d := &desk{w, t, queue}
	w.win.Resize(fyne.NewSize(width, height))
	t.Cleanup(func() {
		if err := w.s.Close(); err != nil {
			t.Error(err)
		}
	})
	d.until("the first photo", func() bool { return w.s.Photo().Shown != nil })
	return d
}

func (d *desk) until(what string, holds func() bool) {
	d.t.Helper()
	late := time.After(20 * time.Second)
	for !holds() {
		select {
		case f := <-d.queue:
			f()
		case <-late:
			d.t.Fatalf("waited in vain for %s", what)
		}
	}
	d.draw(session.All)
}

// box returns where an object is.
func box(o fyne.CanvasObject) [4]float32 {
	return [4]float32{o.Position().X, o.Position().Y, o.Size().Width, o.Size().Height}
}

func TestFrame(t *testing.T) {
	t.Run("should lie as drawn at 1400 × 900", func(t *testing.T) {
		d := newDesk(t, 1400, 900)
		for name, c := range map[string]struct {
			o    fyne.CanvasObject
			want [4]float32
		}{
			"prompt": {d.prompt.box, [4]float32{264, 8, 808, 40}},
			"rail":   {d.rail.content, [4]float32{0, 56, 48, 696}},
			"canvas": {d.view, [4]float32{48, 88, 1040, 664}},
			"strip":  {d.strip.content, [4]float32{0, 752, 1088, 120}},
			"panel":  {d.panel.content, [4]float32{1089, 56, 311, 816}},
			"status": {d.status.content, [4]float32{0, 872, 1400, 28}},
		} {
			if got := box(c.o); got != c.want {
				t.Errorf("%s at %v, want %v", name, got, c.want)
			}
		}
	})
	t.Run("should leave out what a window of 1024 × 640 has no room for", func(t *testing.T) {
		d := newDesk(t, 1024, 640)
		if d.strip.film.Visible() || d.strip.content.Size().Height != 40 || d.panel.content.Size().Width != 263 || d.frame.openWide.Visible() {
			t.Errorf("strip %v, panel %v", box(d.strip.content), box(d.panel.content))
		}
		if got := d.panel.column.Size().Width; got != 263 {
			t.Errorf("the panel's content is %v wide", got)
		}
	})
	t.Run("should give the canvas the room of what is hidden, and remember it", func(t *testing.T) {
		d := newDesk(t, 1400, 900)
		d.key(fyne.KeyF3)
		d.key(fyne.KeyF4)
		if got, want := box(d.view), [4]float32{48, 88, 1352, 784}; got != want {
			t.Errorf("canvas at %v, want %v", got, want)
		}
		if again := loadSettings(d.app.Preferences()); again.panel || again.strip {
			t.Error("it is forgotten")
		}
	})
	t.Run("should speak Chinese without a restart", func(t *testing.T) {
		d := newDesk(t, 1400, 900)
		d.settings.setLanguage(tr.Chinese)
		d.rebuild()
		if d.status.saved.Text() != "示例图像，无需保存" {
			t.Error(d.status.saved.Text())
		}
		d.listed = []Pack{{Choice: session.Things, Title: "Saysee starter (boxes)"}, {Choice: session.Choice{Detect: "own"}, Title: "Own"}}
		for title, want := range map[string]string{"Saysee starter (boxes)": "入门模型：矩形和蒙版", "Own": "Own", "Gone": "Gone", "": ""} {
			if got := d.named(title); got != want {
				t.Errorf("the pack %q is called %q, want %q", title, got, want)
			}
		}
	})
}

func TestHistogramHasAPlaceOnlyWhereThereIsOne(t *testing.T) {
	d := newDesk(t, 1400, 900)
	for _, c := range []struct {
		name string
		do   func()
		want bool
	}{
		{"words are looked for", func() {}, true},
		{"a model paints pixels, which have no scores", func() { d.s.Choose(session.Stuff) }, false},
		{"a model finds boxes again", func() { d.s.Choose(session.Things) }, true},
		{"nothing is looked for", func() { d.try(d.s.SetWords(nil)) }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.do()
			d.draw(session.All)
			at := d.panel.show.confidence.row.Position().Y
			if got := d.panel.show.chart.Visible(); got != c.want || (at > 20) != c.want {
				t.Errorf("shown: %v, the slider below it is at %v", got, at)
			}
		})
	}
}

func TestThresholdsGoWithTheModel(t *testing.T) {
	d := newDesk(t, 1400, 900)
	captions, plain := session.Choice{Detect: "glip-starter"}, session.Choice{Detect: "without"}
	d.listed = []Pack{
		{Choice: session.Things, Thresholds: session.Filter{Score: 0.3, Overlap: 0.5}},
		{Choice: captions, Thresholds: session.Filter{Score: 0.45, Overlap: 0.6}},
		{Choice: plain},
	}
	drag := func(score float64) {
		d.panel.show.confidence.slider.Set(score)
		f := d.s.Filter()
		f.Score = score
		d.s.SetFilter(f)
		d.panel.show.confidence.slider.OnEnd()
	}
	expect := func(t *testing.T, want session.Filter) {
		t.Helper()
		d.draw(session.All)
		if got := d.s.Filter(); got.Score != want.Score || got.Overlap != want.Overlap {
			t.Errorf("%+v, want %+v", got, want)
		}
		if got := d.panel.show.confidence.value.Text(); got != fmt.Sprintf("%.2f", want.Score) {
			t.Errorf("the slider says %s, want %v", got, want.Score)
		}
	}
	t.Run("should begin with those of the pack", func(t *testing.T) {
		d.choose(captions)
		expect(t, session.Filter{Score: 0.45, Overlap: 0.6})
		d.choose(session.Things)
		expect(t, session.Filter{Score: 0.3, Overlap: 0.5})
	})
	t.Run("should take the usual ones for a pack without any", func(t *testing.T) {
		d.choose(plain)
		expect(t, session.DefaultFilter())
	})
	t.Run("should come back as a person left them with that model alone", func(t *testing.T) {
		d.choose(captions)
		drag(0.7)
		d.choose(session.Things)
		expect(t, session.Filter{Score: 0.3, Overlap: 0.5})
		d.choose(captions)
		expect(t, session.Filter{Score: 0.7, Overlap: 0.6})
		if got := loadSettings(d.app.Preferences()).filter(d.pack()).Score; got != 0.7 {
			t.Errorf("the next start has %v", got)
		}
	})
	t.Run("should not be remembered where they are the pack's own, which may change", func(t *testing.T) {
		drag(0.45)
		d.listed[1].Thresholds.Score = 0.5
		if got := d.settings.filter(d.pack()).Score; got != 0.5 {
			t.Errorf("%v", got)
		}
	})
	t.Run("should leave a class its own threshold, and all where the model stays", func(t *testing.T) {
		d.choose(session.Things)
		d.s.SetFilter(session.Filter{Score: 0.2, Overlap: 0.5}.With(0, 0.9))
		d.choose(session.Things)
		if f := d.s.Filter(); f.Score != 0.2 {
			t.Errorf("%+v", f)
		}
		d.choose(captions)
		if f := d.s.Filter(); f.Own[0] != 0.9 {
			t.Errorf("%+v", f)
		}
	})
}

// shownIn returns what a text shows, which may be cut.
func shownIn(t *kit.Text) string { return test.WidgetRenderer(t).Objects()[0].(*canvas.Text).Text }

func TestTextsFollow(t *testing.T) {
	t.Run("should show the name, place, size and zoom of the photo in sight", func(t *testing.T) {
		d := newDesk(t, 1400, 900)
		for range 3 {
			d.key(fyne.KeyRight)
			d.until("the next photo", func() bool { return d.s.Photo().Shown != nil })
			zoom, _ := d.view.View()
			for _, c := range []struct {
				text *kit.Text
				want string
			}{
				{d.strip.zoom.text, fmt.Sprintf("%.0f %%", zoom*100)},
				{d.strip.name, d.s.Photo().Item.Rel},
				{d.strip.place, fmt.Sprintf("%d of 5 samples", d.s.Index()+1)},
				{d.strip.size, dimensions(d.s.Photo().Size)},
				{d.status.saved, "Sample photo, nothing to save"},
				{d.panel.classes.count, "5"},
				{d.panel.suggestions.count, "0"},
			} {
				if got := shownIn(c.text); got != c.want {
					t.Errorf("%s shows %q, want %q", d.s.Photo().Item.Rel, got, c.want)
				}
			}
		}
	})
}

func TestPrompt(t *testing.T) {
	names := func(d *desk) []string {
		var all []string
		for _, c := range d.prompt.words {
			all = append(all, c.Name)
		}
		return all
	}
	clear := func(d *desk) {
		d.prompt.words = nil
		d.prompt.find()
		d.prompt.focus()
	}
	key := func(d *desk, name fyne.KeyName) { d.prompt.entry.TypedKey(&fyne.KeyEvent{Name: name}) }
	t.Run("should make a chip of a word with every comma, and look with Enter", func(t *testing.T) {
		d := newDesk(t, 1400, 900)
		clear(d)
		test.Type(d.prompt.entry, "cat | kitten ; !toy, dog")
		if got := names(d); !slices.Equal(got, []string{"cat"}) || d.prompt.entry.Text != " dog" {
			t.Fatalf("chips %v, text %q", got, d.prompt.entry.Text)
		}
		if w, _ := d.s.Words(); len(w) != 0 {
			t.Error("typing has looked already")
		}
		key(d, fyne.KeyReturn)
		w, _ := d.s.Words()
		if len(w) != 2 || w[0].Negatives[0] != "toy" || w[1].Name != "dog" {
			t.Errorf("words %v", w)
		}
		if d.win.Canvas().Focused() != d.view {
			t.Error("the canvas has not got the keyboard")
		}
	})
	t.Run("should edit the last chip with Backspace, in its place, and give up with Esc", func(t *testing.T) {
		d := newDesk(t, 1400, 900)
		clear(d)
		test.Type(d.prompt.entry, "cat, dog | puppy,")
		key(d, fyne.KeyBackspace)
		if d.prompt.entry.Text != "dog | puppy" || len(names(d)) != 1 {
			t.Fatalf("chips %v, text %q", names(d), d.prompt.entry.Text)
		}
		key(d, fyne.KeyEscape)
		if got := names(d); !slices.Equal(got, []string{"cat", "dog"}) {
			t.Errorf("chips %v", got)
		}
		d.prompt.edit(0)
		test.Type(d.prompt.entry, " | kitten")
		key(d, fyne.KeyReturn)
		if w, _ := d.s.Words(); len(w) != 2 || w[0].Name != "cat" || len(w[0].Phrases) != 2 {
			t.Errorf("words %v", w)
		}
	})
	t.Run("should complete a word with Tab", func(t *testing.T) {
		d := newDesk(t, 1400, 900)
		clear(d)
		test.Type(d.prompt.entry, "cat | umb")
		key(d, fyne.KeyTab)
		if d.prompt.entry.Text != "cat | umbrella" {
			t.Errorf("text %q", d.prompt.entry.Text)
		}
	})
	t.Run("should always leave room to type, and say how many chips it hides", func(t *testing.T) {
		d := newDesk(t, 1024, 640)
		clear(d)
		test.Type(d.prompt.entry, "one thing, another thing, a third thing, a fourth thing, a fifth thing,")
		if d.prompt.bare.Size().Width < typingRoom || !d.prompt.more.Visible() {
			t.Errorf("%v left to type in", d.prompt.bare.Size().Width)
		}
	})
	t.Run("should take another order when a chip is dragged, with colours and labels as they were", func(t *testing.T) {
		d := newDesk(t, 1400, 900)
		before, color := names(d), d.prompt.color(0)
		c := d.prompt.chips[0]
		for range 40 {
			c.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(5, 0)})
		}
		c.DragEnd()
		if got := names(d); got[1] != before[0] && got[2] != before[0] || len(got) != len(before) {
			t.Fatalf("chips %v, were %v", got, before)
		}
		at := slices.Index(names(d), before[0])
		if got := d.prompt.color(at); got != color {
			t.Error("its colour has changed")
		}
		if words, _ := d.s.Words(); words[at].Name != before[0] {
			t.Errorf("the classes are %v", words)
		}
		d.do("undo")
		if got := names(d); !slices.Equal(got, before) {
			t.Errorf("chips %v after undo", got)
		}
	})
	t.Run("should follow undo", func(t *testing.T) {
		d := newDesk(t, 1400, 900)
		before := names(d)
		clear(d)
		d.do("undo")
		if got := names(d); !slices.Equal(got, before) {
			t.Errorf("chips %v, want %v", got, before)
		}
	})
}

func TestCommands(t *testing.T) {
	d := newDesk(t, 1400, 900)
	t.Run("should not give one key to two, in any preset", func(t *testing.T) {
		for _, preset := range keys.Presets() {
			table := keys.Scheme{Preset: preset}.Resolve(d.keyed())
			for _, c := range d.commands {
				for _, loss := range table.Lost(c.id) {
					t.Errorf("%s: %q wants %s, which is %q", keys.Title(preset), c.title, loss.Key, loss.To)
				}
				for _, k := range table.Keys(c.id) {
					if err := keys.Check(k); err != nil {
						t.Errorf("%s: %v", keys.Title(preset), err)
					}
					if s := shortcutOf(k); s != nil && nameOf(s) != k {
						t.Errorf("%s comes back as %s", k, nameOf(s))
					}
				}
			}
		}
	})
	t.Run("should have names of their own", func(t *testing.T) {
		seen := map[string]bool{}
		for _, c := range d.commands {
			if seen[c.id] {
				t.Errorf("%q is there twice", c.id)
			}
			seen[c.id] = true
		}
	})
	t.Run("should be found by parts of their names and by their keys", func(t *testing.T) {
		for search, want := range map[string]string{"accept all": "Accept all", "labels shift+enter": "Accept all", "folder": "Open a folder…"} {
			found := false
			for _, c := range d.commands {
				found = found || matches(c, d.keys.Keys(c.id), search) && c.title == want
			}
			if !found {
				t.Errorf("%q does not find %q", search, want)
			}
		}
	})
	t.Run("should take tools by their letters, and leave them with Esc", func(t *testing.T) {
		d.rune('r')
		if !d.rail.buttons[d.view.Tool()].On() || d.view.Tool() == 0 {
			t.Error("R takes no tool")
		}
		d.key(fyne.KeyEscape)
		if d.view.Tool() != 0 {
			t.Error("Esc does not leave it")
		}
	})
	t.Run("should do nothing behind a dialog", func(t *testing.T) {
		d.press("Ctrl+,")
		before := d.s.Index()
		d.rune('d')
		if d.s.Index() != before {
			t.Error("the photo has changed")
		}
		d.key(fyne.KeyEscape)
		if d.asking() {
			t.Error("Esc does not close it")
		}
	})
}

func TestRecent(t *testing.T) {
	d := newDesk(t, 1400, 900)
	for _, name := range []string{"a", "b", "a"} {
		d.settings.remember(filepath.Join("/", name))
	}
	again := loadSettings(d.app.Preferences())
	if len(again.recent) != 2 || filepath.Base(again.recent[0]) != "a" {
		t.Errorf("recent %v", again.recent)
	}
}

func TestKeys(t *testing.T) {
	open := func(t *testing.T) (*desk, *keyField) {
		d := newDesk(t, 1400, 900)
		d.changeKeys(*d.command("box"), func() {})
		f, ok := d.win.Canvas().Focused().(*keyField)
		if !ok {
			t.Fatal("nothing waits for a key")
		}
		return d, f
	}
	t.Run("should take a free key at once, and remember it", func(t *testing.T) {
		d, f := open(t)
		f.TypedRune('x')
		if d.keys.Does("X") != "box" || d.keyOf("box") != "X" || d.keys.Does("R") != "box" {
			t.Errorf("X is %q", d.keys.Does("X"))
		}
		if again := loadSettings(d.app.Preferences()); again.keys.Resolve(d.keyed()).Does("X") != "box" {
			t.Error("it is forgotten")
		}
	})
	t.Run("should take a key from another command when it is pressed twice", func(t *testing.T) {
		d, f := open(t)
		p := &desktop.CustomShortcut{KeyName: fyne.KeyP, Modifier: fyne.KeyModifierControl}
		f.TypedShortcut(p)
		if d.keys.Does("Ctrl+P") != "keep-previous" {
			t.Fatal("it is taken at once")
		}
		f.TypedShortcut(p)
		if d.keys.Does("Ctrl+P") != "box" || len(d.keys.Keys("keep-previous")) != 0 {
			t.Error("it is not taken")
		}
	})
	t.Run("should keep the keys of the window", func(t *testing.T) {
		d, f := open(t)
		f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyUp})
		if len(d.settings.keys.Own) != 0 {
			t.Errorf("%v", d.settings.keys.Own)
		}
	})
	t.Run("should give away the keys of classes, of the next photo and of the next place too", func(t *testing.T) {
		for key, from := range map[fyne.KeyName]string{fyne.KeyRight: "next", fyne.KeyHome: "first", fyne.KeyF6: "next-place"} {
			d, f := open(t)
			for range 2 {
				f.TypedKey(&fyne.KeyEvent{Name: key})
			}
			if d.keys.Does(keyNames[key]) != "box" || slices.Contains(d.keys.Keys(from), keyNames[key]) {
				t.Errorf("%s does %q, %s has %v", key, d.keys.Does(keyNames[key]), from, d.keys.Keys(from))
			}
		}
		d, f := open(t)
		f.TypedRune('1')
		f.TypedRune('1')
		d.top.Hide()
		d.focusView()
		d.rune('1')
		if d.view.Tool() != view.Box || d.classKey(0) != "" {
			t.Errorf("tool %v, the first class has %q", d.view.Tool(), d.classKey(0))
		}
	})
	t.Run("should work as other tools at once", func(t *testing.T) {
		d := newDesk(t, 1400, 900)
		d.setKeys(keys.Scheme{Preset: keys.LabelImg})
		d.rune('w')
		if d.view.Tool() != view.Box {
			t.Error("W does not draw a box")
		}
		done := d.s.Done()
		d.key(fyne.KeySpace)
		if d.s.Done() == done {
			t.Error("Space does not mark the photo")
		}
	})
}

func TestPlaces(t *testing.T) {
	d := newDesk(t, 1400, 900)
	focused := func() string {
		f := d.win.Canvas().Focused()
		switch place, _ := d.whereFocus(); {
		case place < 0:
			return fmt.Sprintf("nowhere, %T", f)
		default:
			return map[fyne.CanvasObject]string{
				d.prompt.box: "words", d.view: "canvas", d.panel.content: "panel", d.strip.content: "strip",
				d.frame.left: "modes", d.frame.right: "bar",
			}[d.places()[place]]
		}
	}
	t.Run("should be walked with F6, round and back", func(t *testing.T) {
		d.prompt.focus()
		var way []string
		for range 6 {
			d.key(fyne.KeyF6)
			way = append(way, focused())
		}
		if want := []string{"canvas", "panel", "strip", "modes", "bar", "words"}; !slices.Equal(way, want) {
			t.Errorf("%v, want %v", way, want)
		}
		d.nextPlace(true)
		if got := focused(); got != "bar" {
			t.Errorf("back: %s", got)
		}
	})
	t.Run("should be walked within with Tab, and Enter presses", func(t *testing.T) {
		d.focusView()
		d.key(fyne.KeyF6)
		seen := map[fyne.Focusable]bool{}
		for range len(d.stops(d.panel.content)) {
			seen[d.win.Canvas().Focused()] = true
			d.key(fyne.KeyTab)
		}
		if len(seen) != len(d.stops(d.panel.content)) || len(seen) < 10 {
			t.Errorf("%d of %d stops", len(seen), len(d.stops(d.panel.content)))
		}
		d.win.Canvas().Focus(d.panel.classRows[0].eye.Touch)
		d.win.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
		if !d.s.Hidden(d.panel.classRows[0].row) {
			t.Error("Enter does not press")
		}
	})
	t.Run("should let letters through, and go back to the canvas with Esc", func(t *testing.T) {
		before := d.s.Index()
		d.win.Canvas().Focused().TypedRune('d')
		if d.s.Index() == before {
			t.Error("D does not turn the page")
		}
		d.win.Canvas().Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
		if got := focused(); got != "canvas" {
			t.Error(got)
		}
	})
}

func TestClassList(t *testing.T) {
	d := newDesk(t, 1400, 900)
	if err := d.s.Create(annot.Box{X0: 10, Y0: 10, X1: 50, Y1: 50}, nil); err != nil {
		t.Fatal(err)
	}
	class := func() string { return d.s.Classes().Row(d.s.Accepted()[0].Class).Name }
	answer := func(text string) {
		t.Helper()
		d.do("class")
		e, ok := d.win.Canvas().Focused().(*dialogEntry)
		if !ok {
			t.Fatal("nothing asks")
		}
		test.Type(e, text)
		e.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	}
	t.Run("should take a class by a few letters of its name or its phrases", func(t *testing.T) {
		answer("do")
		if class() != "dog" {
			t.Error(class())
		}
		answer("kit")
		if class() != "cat" {
			t.Error(class())
		}
	})
	t.Run("should make a new class of what is none, and give it to the next region too", func(t *testing.T) {
		answer("zebra")
		if class() != "zebra" || d.s.Classes().Row(d.s.Class()).Name != "zebra" || d.asking() {
			t.Error(class())
		}
	})
}
