package session_test

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/eval"
	"github.com/saysee/saysee/pipeline/pipelinetest"
	"github.com/saysee/saysee/ui/session"
)

// thing is a box of a class on a photo, for truths.
type thing struct {
	photo, class string
	box          annot.Box
}

// truth writes a COCO file.
func truth(t testing.TB, w, h int, things ...thing) string {
	t.Helper()
	type m = map[string]any
	var images, annotations, categories []m
	index := func(list *[]m, field, name string, more m) int {
		at := slices.IndexFunc(*list, func(o m) bool { return o[field] == name })
		if at < 0 {
			at = len(*list)
			more["id"], more[field] = at+1, name
			*list = append(*list, more)
		}
		return at + 1
	}
	for _, x := range things {
		b := x.box
		annotations = append(annotations, m{
			"id": len(annotations) + 1, "iscrowd": 0, "area": b.Area(), "bbox": []float64{b.X0, b.Y0, b.W(), b.H()},
			"image_id":    index(&images, "file_name", x.photo, m{"width": w, "height": h}),
			"category_id": index(&categories, "name", x.class, m{}),
		})
	}
	data, err := json.Marshal(m{"images": images, "annotations": annotations, "categories": categories})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "instances.json")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func (l *loop) evaluate(s *session.Session, p session.Plan) *session.Evaluation {
	l.t.Helper()
	s.Evaluate(p)
	l.until("the evaluation", func() bool { return !s.Evaluation().Busy() })
	return s.Evaluation()
}

// draw puts a box onto a photo.
func (l *loop) draw(s *session.Session, photo int, class string, box annot.Box) {
	l.t.Helper()
	s.Go(photo)
	l.until("the photo", func() bool { return s.Photo().Shown != nil })
	for n, row := range s.Classes().Order() {
		if s.Classes().Row(row).Name == class {
			s.Select()
			s.TakeClass(n)
		}
	}
	if err := s.Create(box, nil); err != nil {
		l.t.Fatal(err)
	}
}

var (
	boxA = annot.Box{X0: 2, Y0: 2, X1: 22, Y1: 22}
	boxB = annot.Box{X0: 30, Y0: 10, X1: 55, Y1: 35}
)

// judged opens three photos, of which the first is labelled right, the second with the wrong class, the third not.
func judged(t *testing.T) (*loop, *session.Session, string) {
	t.Helper()
	l, s := newLoop(t, nil)
	l.open(s, folder(t, "a.png", "b.png", "c.png"))
	if err := s.SetWords(annot.NamedClasses("cat", "dog")); err != nil {
		t.Fatal(err)
	}
	l.draw(s, 0, "cat", boxA)
	l.draw(s, 1, "dog", boxA)
	return l, s, truth(t, 60, 40,
		thing{"a.png", "cat", boxA}, thing{"b.png", "cat", boxA}, thing{"c.png", "dog", boxB})
}

func TestEvaluateLabels(t *testing.T) {
	l, s, file := judged(t)
	elsewhere := folder(t, "z.png")
	e := l.evaluate(s, session.Plan{Truth: file, Compared: session.OwnLabels})
	if e.State != session.EvalDone || e.Err != nil {
		t.Fatalf("state %v, %v", e.State, e.Err)
	}
	t.Run("should count what is right, extra and missed", func(t *testing.T) {
		if got, want := e.Totals(-1), (session.Counts{Correct: 1, Extra: 1, Missed: 2}); got != want {
			t.Errorf("counts %+v, want %+v", got, want)
		}
		if got := e.Totals(0); got.Recall() != 0.5 || got.Precision() != 1 {
			t.Errorf("cats %+v", got)
		}
		if got := e.Confusions(); len(got) != 1 || got[0] != (session.Confused{Truth: 0, Taken: 1, Count: 1}) {
			t.Errorf("confusions %v", got)
		}
	})
	t.Run("should measure as eval does", func(t *testing.T) {
		// Of two cats one is found, of one dog none: pycocotools' AP50 of 51/101 and 0.
		if got, want := e.Result.Overall.AP50, (51.0/101+0)/2; math.Abs(got-want) > 1e-9 {
			t.Errorf("AP50 %v, want %v", got, want)
		}
	})
	t.Run("should put the photo with most mistakes first, and choose by kind and class", func(t *testing.T) {
		for name, c := range map[string]struct {
			f    session.MistakeFilter
			want []int
		}{
			"most errors": {session.AnyMistakes, []int{1, 2}},
			"missed":      {session.MistakeFilter{Show: session.OnlyMissed, Class: -1, Taken: -1}, []int{1, 2}},
			"extra":       {session.MistakeFilter{Show: session.OnlyExtra, Class: -1, Taken: -1}, []int{1}},
			"all correct": {session.MistakeFilter{Show: session.AllCorrect, Class: -1, Taken: -1}, []int{0}},
			"dogs":        {session.MistakeFilter{Show: session.MostErrors, Class: 1, Taken: -1}, []int{1, 2}},
			"cat for dog": {session.MistakeFilter{Show: session.MostErrors, Class: 0, Taken: 1}, []int{1}},
			"dog for cat": {session.MistakeFilter{Show: session.MostErrors, Class: 1, Taken: 0}, nil},
		} {
			s.ShowMistakes(c.f)
			if got := s.MistakeView(); !slices.Equal(got, c.want) {
				t.Errorf("%s: photos %v, want %v", name, got, c.want)
			}
		}
		s.ShowMistakes(session.AnyMistakes)
	})
	t.Run("should judge the regions of the photo in sight", func(t *testing.T) {
		s.Go(1)
		l.until("the photo", func() bool { return s.Photo().Shown != nil })
		list := s.Judged()
		if len(list) != 2 || list[0].Verdict != session.IsExtra || list[1].Verdict != session.IsMissed || list[0].ID == list[1].ID {
			t.Errorf("judged %+v", list)
		}
	})
	t.Run("should follow a threshold without looking again", func(t *testing.T) {
		s.SetThreshold(-1, 1.01)
		if list := s.Judged(); len(list) != 1 || list[0].Verdict != session.IsMissed {
			t.Errorf("the photo in sight does not follow at once: %+v", list)
		}
		l.until("the other photos", func() bool { return s.Evaluation().Totals(-1) == session.Counts{Missed: 3} })
		s.BestThresholds()
		l.until("the best thresholds", func() bool { return s.Evaluation().Totals(-1).Correct == 1 })
	})
	t.Run("should be over when another folder is opened", func(t *testing.T) {
		l.open(s, elsewhere)
		if s.Evaluation().State != session.EvalNone || len(s.MistakeView()) != 0 || s.Evaluation().Truth != file {
			t.Errorf("evaluation %+v", s.Evaluation())
		}
	})
}

func TestEvaluateFails(t *testing.T) {
	l, s := newLoop(t, nil)
	l.open(s, folder(t, "a.png"))
	for name, file := range map[string]string{
		"photos that are not open": truth(t, 60, 40, thing{"other.png", "cat", boxA}),
		"no file":                  filepath.Join(t.TempDir(), "nothing.json"),
	} {
		e := l.evaluate(s, session.Plan{Truth: file, Compared: session.OwnLabels})
		if e.State != session.EvalFailed || e.Err == nil {
			t.Errorf("%s: state %v, %v", name, e.State, e.Err)
		}
	}
	t.Run("should tell where the truth's photos are", func(t *testing.T) {
		dir := folder(t, "other.png")
		file := filepath.Join(dir, "instances.json")
		data, err := os.ReadFile(truth(t, 60, 40, thing{"other.png", "cat", boxA}))
		if err == nil {
			err = os.WriteFile(file, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if e := l.evaluate(s, session.Plan{Truth: file}); e.Elsewhere != dir {
			t.Errorf("elsewhere %q, want %q", e.Elsewhere, dir)
		}
	})
}

func TestEvaluateModel(t *testing.T) {
	l, s := newLoop(t, starter(t))
	dir := pipelinetest.Album(t, "cat.jpg", "coffee.jpg")
	l.open(s, dir)
	file := truth(t, 451, 300, thing{"cat.jpg", "cat", annot.Box{X1: 400, Y1: 300}}, thing{"coffee.jpg", "cup", annot.Box{X0: 172, Y0: 17, X1: 408, Y1: 310}})
	t.Run("should look for the truth's classes", func(t *testing.T) {
		e := l.evaluate(s, session.Plan{Truth: file})
		if e.State != session.EvalDone || e.Done != 2 || e.Result.Classes[0].AP50 < 0.999 {
			t.Fatalf("state %v, %v, %d photos", e.State, e.Err, e.Done)
		}
	})
	t.Run("should compare masks", func(t *testing.T) {
		e := l.evaluate(s, session.Plan{Truth: file, By: eval.Masks})
		if e.State != session.EvalDone || e.Result.Overall.Predictions == 0 {
			t.Errorf("state %v, %v", e.State, e.Err)
		}
	})
	t.Run("should stop", func(t *testing.T) {
		s.Evaluate(session.Plan{Truth: file})
		s.StopEvaluation()
		if s.Evaluation().Busy() {
			t.Error("it goes on")
		}
	})
}
