package glip_test

import (
	"slices"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/pipelinetest"
	"github.com/saysee/saysee/prompt/ground"
)

// starter looks at the bundled photo of a child beside a teddy bear with the bundled pack.
func starter(t *testing.T) (*pipeline.Models, *pipeline.Analysis) {
	t.Helper()
	m := pipelinetest.Load(t, pipeline.Params{Detect: "glip-starter", Threads: 1})
	return m, pipelinetest.Look(t, m, "teddy.jpg", pipeline.Canvas{})
}

// best returns the best box of each class.
func best(found []detect.Found, classes int) []detect.Found {
	out := make([]detect.Found, classes)
	for _, f := range found {
		if f.Score > out[f.Class].Score {
			out[f.Class] = f
		}
	}
	return out
}

var (
	child = annot.Box{X0: 175, Y0: 113, X1: 357, Y1: 309}
	teddy = annot.Box{X0: 357, Y0: 135, X1: 538, Y1: 305}
)

func TestTheStarterTellsTheThingsOfAPhotoApart(t *testing.T) {
	m, a := starter(t)
	classes := annot.NamedClasses("person", "teddy bear", "toaster")
	ans, err := a.Ask(t.Context(), pipeline.NewQuestion(classes, nil))
	if err != nil {
		t.Fatal(err)
	}
	pack := m.Detector.Pack()
	found := best(ans.Boxes.Select(detect.Options{NMS: pack.Defaults.NMS, Max: pack.Defaults.Max}), len(classes))
	for i, want := range []annot.Box{child, teddy} {
		if f := found[i]; f.Score < pack.Defaults.Score || f.Box.IoU(want) < 0.8 {
			t.Errorf("%s: the best box is %v at %v, not near %v over %v", classes[i].Name, f.Box, f.Score, want, pack.Defaults.Score)
		}
	}
	if f := found[2]; f.Score >= pack.Defaults.Score {
		t.Errorf("there is no toaster at %v, of score %v", f.Box, f.Score)
	}
	// The trunk and the head, and the text encoder once for each phrase.
	if runs := m.Engine.Runs(); runs != 5 {
		t.Errorf("three phrases took %d runs", runs)
	}
}

func TestTheStarterFindsThePhrasesOfASentence(t *testing.T) {
	_, a := starter(t)
	sentence, err := ground.Sentence("[a small child] sits beside [a brown teddy bear]")
	if err != nil {
		t.Fatal(err)
	}
	ans, err := a.Ask(t.Context(), pipeline.Grounding(sentence, nil))
	if err != nil {
		t.Fatal(err)
	}
	classes := ans.Boxes.Classes
	i := slices.IndexFunc(classes, func(c annot.Class) bool { return c.Name == "a brown teddy bear" })
	if len(classes) != 2 || i < 0 {
		t.Fatalf("the sentence's phrases are %v", classes)
	}
	found := best(ans.Boxes.Select(detect.Options{NMS: 0.6, Max: 100}), 2)
	if f := found[i]; f.Box.IoU(teddy) < 0.8 {
		t.Errorf("the teddy bear is at %v, found at %v", teddy, f.Box)
	}
	if f := found[1-i]; f.Box.IoU(child) < 0.8 {
		t.Errorf("the child is at %v, found at %v", child, f.Box)
	}
}
