package annot_test

import (
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/saysee/saysee/annot"
)

func TestBox(t *testing.T) {
	type b = annot.Box
	a := b{X0: 0, Y0: 0, X1: 4, Y1: 2}
	nan := b{X0: math.NaN(), X1: 1, Y1: 1}
	for name, c := range map[string]struct{ got, want any }{
		"should unite two":                     {a.Union(b{X0: 3, Y0: 1, X1: 9, Y1: 9}), b{X0: 0, Y0: 0, X1: 9, Y1: 9}},
		"should unite with nothing":            {a.Union(b{X0: 50, X1: 50, Y1: 50}), a},
		"should unite nothing with a box":      {b{}.Union(a), a},
		"should share a part":                  {a.IoU(b{X0: 2, Y0: 0, X1: 6, Y1: 2}), 1.0 / 3},
		"should share nothing":                 {a.IoU(b{X0: 4, Y0: 0, X1: 6, Y1: 2}), 0.0},
		"should share all with itself":         {a.IoU(a), 1.0},
		"should share nothing with no number":  {nan.IoU(a), 0.0},
		"should be clipped to a photo":         {b{X0: -1, Y0: -1, X1: 9, Y1: 9}.Clip(3, 2), b{X1: 3, Y1: 2}},
		"should have a middle":                 {a.Center(), annot.Point{X: 2, Y: 1}},
		"should have an area":                  {a.Area(), 8.0},
		"should have no area when turned over": {b{X0: 4, X1: 0, Y1: 2}.Area(), 0.0},
		"should be finite":                     {a.Finite(), true},
		"should not be finite":                 {nan.Finite(), false},
		"should hold its first corner":         {a.Contains(annot.Point{}), true},
		"should not hold its last corner":      {a.Contains(annot.Point{X: 4, Y: 2}), false},
		"should be what a mask's crop is":      {annot.NewMask(image.Rect(1, 2, 3, 3), []byte{0, 1}).Bounds(), b{X0: 1, Y0: 2, X1: 3, Y1: 3}},
		"should be around all of a polygon": {
			annot.Polygon{{Outer: square(1, 1, 2, 2)}, {Outer: square(5, 0, 6, 1)}}.Bounds(), b{X0: 1, Y0: 0, X1: 6, Y1: 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if c.got != c.want {
				t.Errorf("got %v, want %v", c.got, c.want)
			}
		})
	}
}

func TestMaskFromSpans(t *testing.T) {
	t.Run("should give back any mask", func(t *testing.T) {
		rng := rand.New(rand.NewPCG(24, 25))
		for range 300 {
			m := randomMask(rng, randomRect(rng))
			if got := annot.MaskFromSpans(m.Rect(), m.Spans()); !got.Equal(m) {
				t.Fatalf("got %v, want %v", got, m)
			}
		}
	})
	t.Run("should cut, join and drop", func(t *testing.T) {
		spans := slices.Values([]annot.Span{{X: -1, Y0: 0, Y1: 3}, {X: 0, Y0: -5, Y1: 1}, {X: 0, Y0: 1, Y1: 2}, {X: 1, Y0: 2, Y1: 9}, {X: 0, Y0: 0, Y1: 3}, {X: 7, Y0: 0, Y1: 1}})
		got := annot.MaskFromSpans(image.Rect(0, 0, 3, 3), spans)
		if want := annot.NewMask(image.Rect(0, 0, 2, 3), []byte{1, 0, 1, 0, 0, 1}); !got.Equal(want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
	t.Run("should stop when the reader has seen enough", func(t *testing.T) {
		n := 0
		for range annot.NewMask(image.Rect(0, 0, 3, 1), []byte{1, 1, 1}).Spans() {
			n++
			break
		}
		if n != 1 {
			t.Errorf("%d spans", n)
		}
	})
}
