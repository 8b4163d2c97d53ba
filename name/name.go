// Package name says what a photo, or a part of it, shows: it compares one vector of the whole picture with those
// of words. A family (a sub-package) makes the vector; other words cost their text and a product.
package name

import (
	"cmp"
	"context"
	"math"
	"slices"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/prompt"
)

// Namer is a family's network, ready to look at pictures. It may be used from several goroutines.
type Namer interface {
	// Pack returns the pack that the namer runs.
	Pack() *model.Pack
	// See returns the unit vector of what a view shows. The caller owns it.
	See(ctx context.Context, view *model.View) ([]float32, error)
	// Words prepares classes to be compared with. The text encoder runs for words never seen.
	Words(ctx context.Context, classes []annot.Class) (*Words, error)
}

// Words are classes as a namer compares pictures with them.
type Words struct {
	Classes []annot.Class
	words   *prompt.Words
	scale   float64
}

// NewWords pairs words, with their vectors, with the scale by which the cosine becomes a logit.
func NewWords(words *prompt.Words, scale float64) *Words {
	return &Words{Classes: words.Classes, words: words, scale: scale}
}

// Score is how well a class fits a picture.
type Score struct {
	Class  int     // index into the classes
	Phrase int     // which of its phrases fits best
	Cosine float64 // of that phrase's vector and the picture's
	// Share is the softmax over the classes' best phrases and all negatives, 0 when a negative fits better. It
	// says which of these words fits best, not whether any of them fits at all.
	Share float64
}

// Scores compares a picture's vector with every class, in the classes' order.
func (w *Words) Scores(vector []float32) []Score {
	logits := make([]float32, len(w.words.Vectors))
	cosines := make([]float64, len(logits))
	for i, v := range w.words.Vectors {
		cosines[i] = dot(vector, v)
		logits[i] = float32(w.scale * cosines[i])
	}
	shares, which := make([]float32, len(w.Classes)), make([]uint16, len(w.Classes))
	w.words.FuseClosed(logits, shares, which)
	out := make([]Score, len(w.Classes))
	for c := range out {
		at := int(which[c])
		out[c] = Score{Class: c, Phrase: at, Cosine: cosines[w.words.First(c)+at], Share: float64(shares[c])}
	}
	return out
}

// Best returns the scores, best first, at most n of them; 0 is no bound.
func Best(scores []Score, n int) []Score {
	out := slices.Clone(scores)
	slices.SortStableFunc(out, func(a, b Score) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(b.Cosine, a.Cosine))
	})
	if n > 0 && len(out) > n {
		out = out[:n]
	}
	return out
}

// Mean adds up unit vectors of one thing, such as its crops, and makes the sum a unit vector (ViLD's ensemble of
// crops; tensorflow/tpu, models/official/detection/projects/vild). It returns nil when they cancel out.
func Mean(vectors ...[]float32) []float32 {
	var out []float32
	for _, v := range vectors {
		if out == nil {
			out = make([]float32, len(v))
		}
		for i, x := range v {
			out[i] += x
		}
	}
	if !Unit(out) {
		return nil
	}
	return out
}

// Unit gives a vector the length 1, in place, and reports false where it has no direction.
func Unit(v []float32) bool {
	n := math.Sqrt(dot(v, v))
	if !(n > 0) || math.IsInf(n, 0) {
		return false
	}
	for i := range v {
		v[i] = float32(float64(v[i]) / n)
	}
	return true
}

func dot(a, b []float32) float64 {
	sum := 0.0
	for i, x := range a {
		sum += float64(x) * float64(b[i])
	}
	return sum
}
