package eval_test

import (
	"errors"
	"image"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/eval"
)

const (
	bg   = eval.Background
	void = eval.Void
)

func TestSemantic(t *testing.T) {
	s := eval.NewSemantic(3)
	check(t, s.Add(
		eval.LabelMap{Width: 4, Height: 2, Pixels: []uint16{0, 0, 0, 1, 1, bg, bg, void}},
		eval.LabelMap{Width: 4, Height: 2, Pixels: []uint16{0, 0, 1, 1, bg, bg, void, 1}},
	))
	tests := map[string]struct{ got, want float64 }{
		"should give a class its intersection over union":  {s.IoU(0), 2. / 3},
		"should count a missed pixel in the union":         {s.IoU(1), 1. / 3},
		"should leave a class without pixels undefined":    {s.IoU(2), eval.Undefined},
		"should take a predicted void for background":      {s.IoU(3), 2. / 3},
		"should average over the classes that occur":       {s.MeanIoU(), (2./3 + 1./3) / 2},
		"should average with the background when asked":    {s.MeanIoUWithBackground(), (2./3 + 1./3 + 2./3) / 3},
		"should count right pixels but not the void ones":  {s.PixelAccuracy(), 5. / 7},
		"should be undefined before anything is added":     {eval.NewSemantic(2).MeanIoU(), eval.Undefined},
		"should have no accuracy before anything is added": {eval.NewSemantic(2).PixelAccuracy(), eval.Undefined},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if math.Abs(tt.got-tt.want) > 1e-12 {
				t.Errorf("got %v, want %v", tt.got, tt.want)
			}
		})
	}
	t.Run("should add up counts made apart", func(t *testing.T) {
		o := eval.NewSemantic(3)
		o.Merge(s)
		o.Merge(s)
		if o.MeanIoU() != s.MeanIoU() || o.PixelAccuracy() != s.PixelAccuracy() {
			t.Error("doubled counts give other fractions")
		}
	})
}

func TestSemanticRefuses(t *testing.T) {
	one := func(v uint16) eval.LabelMap { return eval.LabelMap{Width: 1, Height: 1, Pixels: []uint16{v}} }
	tests := map[string]struct {
		truth, predicted eval.LabelMap
		want             error
	}{
		"should refuse maps of other sizes":           {one(0), eval.LabelMap{Width: 2, Height: 1, Pixels: []uint16{0, 0}}, eval.ErrSize},
		"should refuse a truth of no class":           {one(2), one(0), eval.ErrClass},
		"should refuse a prediction of no class":      {one(0), one(9), eval.ErrClass},
		"should not look at predictions where void":   {one(void), one(9), nil},
		"should accept the highest class that it has": {one(1), one(1), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := eval.NewSemantic(2)
			if err := s.Add(tt.truth, tt.predicted); !errors.Is(err, tt.want) {
				t.Error("got", err)
			}
			if tt.want != nil && s.PixelAccuracy() != eval.Undefined {
				t.Error("something was counted")
			}
		})
	}
}

func TestPaint(t *testing.T) {
	ignored := truth(1, 3, 0, 1, 1)
	ignored.Ignore = true
	mask := box(1, 0.5, 0, 0, 9, 9)
	mask.Shape = annot.NewMask(image.Rect(-1, 1, 2, 3), []byte{1, 1, 1, 1, 1, 1})
	p := eval.Photo{
		Width: 4, Height: 2,
		Truth:       []eval.Truth{truth(0, 0, 0, 2, 2), truth(1, 1, 0, 2, 1), ignored},
		Predictions: []annot.Region{box(0, 0.9, 0, 0, 1, 2), mask, box(0, 0.1, 0, 0, 4, 2)},
	}
	p.Void = annot.NewMask(image.Rect(2, 1, 3, 2), []byte{1})
	t.Run("should paint later truth on top, and ignored truth and pixels void", func(t *testing.T) {
		want := eval.LabelMap{Width: 4, Height: 2, Pixels: []uint16{0, 1, 1, void, 0, 0, void, bg}}
		if diff := cmp.Diff(want, eval.PaintTruth(p)); diff != "" {
			t.Error("(-want +got):\n", diff)
		}
	})
	t.Run("should paint the higher score on top, within the photo, and none under the threshold", func(t *testing.T) {
		want := eval.LabelMap{Width: 4, Height: 2, Pixels: []uint16{0, bg, bg, bg, 0, 1, bg, bg}}
		if diff := cmp.Diff(want, eval.PaintPredictions(p, eval.UniformCut(2, 0.5, 0.3))); diff != "" {
			t.Error("(-want +got):\n", diff)
		}
	})
}

func TestEvaluatePixels(t *testing.T) {
	hit := eval.Photo{Width: 4, Height: 2, Truth: []eval.Truth{truth(0, 0, 0, 2, 2)}, Predictions: []annot.Region{box(0, 0.5, 0, 0, 4, 2)}}
	t.Run("should count all photos, those without a size for nothing", func(t *testing.T) {
		photos := []eval.Photo{hit, {Truth: hit.Truth}}
		for range 600 {
			photos = append(photos, hit)
		}
		s, err := eval.EvaluatePixels(t.Context(), photos, 1, eval.Cut{})
		check(t, err)
		if s.MeanIoU() != 0.5 || s.PixelAccuracy() != 0.5 {
			t.Error("got", s.MeanIoU(), s.PixelAccuracy())
		}
	})
	t.Run("should refuse a class outside the table", func(t *testing.T) {
		if _, err := eval.EvaluatePixels(t.Context(), []eval.Photo{hit}, 0, eval.Cut{}); !errors.Is(err, eval.ErrClass) {
			t.Error("got", err)
		}
	})
}
