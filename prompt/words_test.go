package prompt_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/prompt"
)

func TestFuse(t *testing.T) {
	e := math.Exp
	for name, c := range map[string]struct {
		classes []annot.Class
		logits  []float32
		want    []float64
	}{
		"should be a softmax against a background of logit 0": {
			[]annot.Class{{Name: "a", Phrases: []string{"a"}}, {Name: "b", Phrases: []string{"b"}}},
			[]float32{1, 2},
			[]float64{e(1) / (1 + e(1) + e(2)), e(2) / (1 + e(1) + e(2))},
		},
		"should count synonyms once, by the best": {
			[]annot.Class{{Name: "a", Phrases: []string{"a", "a'"}}, {Name: "b", Phrases: []string{"b"}}},
			[]float32{1, 3, 2},
			[]float64{e(3) / (1 + e(3) + e(2)), e(2) / (1 + e(3) + e(2))},
		},
		"should let a negative take probability without a veto": {
			[]annot.Class{{Name: "a", Phrases: []string{"a"}, Negatives: []string{"n"}}},
			[]float32{2, 1},
			[]float64{e(2) / (1 + e(2) + e(1))},
		},
		"should veto a class that its negative beats, and no other": {
			[]annot.Class{{Name: "a", Phrases: []string{"a"}, Negatives: []string{"n"}}, {Name: "b", Phrases: []string{"b"}}},
			[]float32{1, 1, 2},
			[]float64{0, e(1) / (1 + e(1) + e(1) + e(2))},
		},
		"should stay finite for huge logits": {
			[]annot.Class{{Name: "a", Phrases: []string{"a"}}},
			[]float32{5000},
			[]float64{1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := prompt.NewWords(c.classes)
			probs, which := make([]float32, len(c.classes)), make([]uint16, len(c.classes))
			w.Fuse(c.logits, probs, which)
			for i, want := range c.want {
				if math.Abs(float64(probs[i])-want) > 1e-6 {
					t.Errorf("class %d: %v, want %v", i, probs[i], want)
				}
			}
		})
	}
}

func TestFuseTellsWhichPhraseMatched(t *testing.T) {
	w := prompt.NewWords([]annot.Class{{Name: "a", Phrases: []string{"x", "y", "z"}}})
	probs, which := make([]float32, 1), make([]uint16, 1)
	w.Fuse([]float32{0, 4, 1}, probs, which)
	if which[0] != 1 {
		t.Errorf("phrase %d", which[0])
	}
}

func TestFusePixelsKeepsVetoedClassesFiniteAndLow(t *testing.T) {
	w := prompt.NewWords([]annot.Class{{Name: "a", Phrases: []string{"a", "b"}, Negatives: []string{"n"}}})
	fused := make([]float32, 1)
	w.FusePixels([]float32{1, 2, 1.5}, fused)
	if fused[0] != 2 {
		t.Errorf("best phrase: %v", fused[0])
	}
	w.FusePixels([]float32{1, 2, 3}, fused)
	if v := float64(fused[0]); v > -1000 || math.IsInf(v, 0) {
		t.Errorf("vetoed: %v", v)
	}
}

func TestColumnsCompeteAndNegativesVeto(t *testing.T) {
	w := prompt.NewWords([]annot.Class{
		{Name: "cat", Phrases: []string{"cat", "kitten"}, Negatives: []string{"toy"}}, {Name: "dog", Phrases: []string{"dog"}},
	})
	which := make([]uint16, 2)
	columns := w.Columns([]float32{1, 3, 2, 5}, which)
	if d := cmp.Diff([]uint16{1, 0}, which); d != "" {
		t.Errorf("phrases: %s", d)
	}
	if d := cmp.Diff([]float32{3, 2, 5}, columns); d != "" {
		t.Errorf("columns: %s", d)
	}
	w.Veto(columns)
	if d := cmp.Diff([]float32{0, 2, 5}, columns); d != "" {
		t.Errorf("after the veto: %s", d)
	}
}

func TestFuseFindsByExamplesOfTheSameSpace(t *testing.T) {
	here := func(x float32) annot.Example { return annot.Example{Space: "a", Vector: []float32{x}} }
	w := prompt.NewWords([]annot.Class{
		{Name: "cat", Phrases: []string{"cat", "kitten"}, Examples: []annot.Example{{Space: "b", Vector: []float32{9}}, here(1)}},
		{Name: "dog", Phrases: []string{"dog"}, Negatives: []string{"toy"}, Examples: []annot.Example{here(2)}},
	}).WithExamples("a")
	if got := w.Examples(); len(got) != 2 || got[0][0] != 1 || got[1][0] != 2 {
		t.Fatalf("vectors %v", got)
	}
	probs, which := make([]float32, 2), make([]uint16, 2)
	// cat, kitten, dog, toy, then the examples
	w.Fuse([]float32{1, 0, 1, -5, 4, float32(math.Inf(-1))}, probs, which)
	if which[0] != 3 || which[1] != 0 || probs[0] < 0.9 {
		t.Errorf("probabilities %v by %v", probs, which)
	}
	w.Fuse([]float32{1, 0, 1, 5, 0, 4}, probs, which)
	if probs[1] != 0 {
		t.Error("a negative does not veto an example")
	}
}
