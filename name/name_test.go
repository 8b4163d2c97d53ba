package name_test

import (
	"math"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/name"
	"github.com/saysee/saysee/prompt"
)

// axes are words whose vectors are the axes, in their order.
func axes(classes []annot.Class, scale float64) *name.Words {
	w := prompt.NewWords(classes)
	for i := range w.Phrases() {
		v := make([]float32, len(w.Phrases()))
		v[i] = 1
		w.Vectors = append(w.Vectors, v)
	}
	return name.NewWords(w, scale)
}

func TestScores(t *testing.T) {
	e := math.Exp
	cat := annot.Class{Name: "cat", Phrases: []string{"cat", "kitten"}}
	dog := annot.Class{Name: "dog", Phrases: []string{"dog"}}
	wolf := annot.Class{Name: "dog", Phrases: []string{"dog"}, Negatives: []string{"wolf"}}
	for sentence, c := range map[string]struct {
		classes []annot.Class
		vector  []float32
		shares  []float64
		phrase  int // of the first class
	}{
		"should be a softmax over the classes' best phrases": {
			[]annot.Class{cat, dog}, []float32{0, 0.6, 0.8}, []float64{e(6) / (e(6) + e(8)), e(8) / (e(6) + e(8))}, 1,
		},
		"should count negatives, and take out a class that one fits better": {
			[]annot.Class{cat, wolf}, []float32{0.1, 0, 0.2, 0.3}, []float64{e(1) / (e(1) + e(2) + e(3)), 0}, 0,
		},
		"should stay finite where nothing fits": {
			[]annot.Class{cat, dog}, []float32{-1, -1, -1}, []float64{0.5, 0.5}, 0,
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			got := axes(c.classes, 10).Scores(c.vector)
			for i, want := range c.shares {
				if got[i].Class != i || math.Abs(got[i].Share-want) > 1e-6 {
					t.Errorf("class %d: %+v, want %v", i, got[i], want)
				}
			}
			if got[0].Phrase != c.phrase {
				t.Errorf("phrase %d, want %d", got[0].Phrase, c.phrase)
			}
		})
	}
}

func TestBestComesFirst(t *testing.T) {
	best := name.Best([]name.Score{{Class: 0, Share: 0.2}, {Class: 1, Share: 0.7}, {Class: 2, Share: 0.1}}, 2)
	if len(best) != 2 || best[0].Class != 1 || best[1].Class != 0 {
		t.Errorf("got %+v", best)
	}
}

func TestMean(t *testing.T) {
	if v := name.Mean([]float32{1, 0}, []float32{0, 1}); math.Abs(float64(v[0])-math.Sqrt(0.5)) > 1e-6 || v[0] != v[1] {
		t.Errorf("got %v", v)
	}
	for sentence, vectors := range map[string][][]float32{"of vectors that cancel out": {{1, 0}, {-1, 0}}, "of nothing": nil} {
		if v := name.Mean(vectors...); v != nil {
			t.Errorf("the mean %s is %v", sentence, v)
		}
	}
}
