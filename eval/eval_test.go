package eval_test

import (
	"context"
	"errors"
	"image"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/eval"
)

func box(class int, score, x, y, w, h float64) annot.Region {
	return annot.Region{Class: class, Score: score, Box: annot.Box{X0: x, Y0: y, X1: x + w, Y1: y + h}}
}

func truth(class int, x, y, w, h float64) eval.Truth {
	return eval.Truth{Region: box(class, 0, x, y, w, h)}
}

func TestEvaluateCurve(t *testing.T) {
	photo := eval.Photo{
		Truth: []eval.Truth{truth(0, 0, 0, 10, 10), truth(0, 20, 0, 10, 10), truth(0, 40, 0, 10, 10), truth(0, 60, 0, 10, 10)},
		Predictions: []annot.Region{
			box(0, 0.9, 0, 0, 10, 10),
			box(0, 0.8, 20, 0, 10, 10), box(0, 0.8, 80, 0, 10, 10), // equal scores are one point
			box(0, 0.7, 90, 0, 10, 10),
			box(0, 0.2, 40, 0, 10, 10),
			box(1, 0.6, 40, 0, 10, 10), // a class without truth
		},
	}
	got, err := eval.Evaluate(t.Context(), []eval.Photo{photo}, 2, eval.Boxes)
	check(t, err)
	want := []eval.Point{
		{Score: 0.9, Precision: 1, Recall: 1. / 4, F1: 2. / 5},
		{Score: 0.8, Precision: 2. / 3, Recall: 2. / 4, F1: 4. / 7},
		{Score: 0.7, Precision: 2. / 4, Recall: 2. / 4, F1: 4. / 8},
		{Score: 0.2, Precision: 3. / 5, Recall: 3. / 4, F1: 6. / 9},
	}
	t.Run("should give a point for each distinct score", func(t *testing.T) {
		if diff := cmp.Diff(want, got.Classes[0].Curve); diff != "" {
			t.Error("(-want +got):\n", diff)
		}
	})
	t.Run("should give the threshold of the best F1", func(t *testing.T) {
		if got.Classes[0].Best != want[3] {
			t.Error("got", got.Classes[0].Best)
		}
	})
	t.Run("should leave a class without truth undefined and out of the whole", func(t *testing.T) {
		c := got.Classes[1]
		if c.AP != eval.Undefined || c.Precision[3][7] != eval.Undefined || c.Curve != nil || c.Predictions != 1 {
			t.Errorf("class has %+v", c.Summary)
		}
		if diff := cmp.Diff(want, got.Overall.Curve); diff != "" {
			t.Error("overall curve (-want +got):\n", diff)
		}
		if got.Overall.AP != got.Classes[0].AP || got.Overall.Predictions != 5 || got.Overall.Truth != 4 {
			t.Errorf("overall is %+v", got.Overall.Summary)
		}
	})
	t.Run("should cut each class where it is best, one that found nothing where all are", func(t *testing.T) {
		if diff := cmp.Diff(eval.Cut{IoU: 0.5, Scores: []float64{0.2, 0.2}}, got.BestCut()); diff != "" {
			t.Error("(-want +got):\n", diff)
		}
	})
}

func TestEvaluateIgnores(t *testing.T) {
	photo := eval.Photo{
		Truth:       []eval.Truth{truth(0, 0, 0, 10, 10), truth(0, 20, 0, 10, 10)},
		Predictions: []annot.Region{box(0, 0.9, 20, 0, 10, 10), box(0, 0.8, 0, 0, 10, 10)},
	}
	photo.Truth[1].Ignore = true
	got, err := eval.Evaluate(t.Context(), []eval.Photo{photo}, 1, eval.Boxes)
	check(t, err)
	if c := got.Classes[0]; c.Truth != 1 || math.Abs(c.AP-1) > 1e-9 {
		t.Errorf("%d truths with AP %v, want the ignored one to count in neither", c.Truth, c.AP)
	}
}

func TestEvaluateAreas(t *testing.T) {
	square := func(r annot.Region, shape annot.Shape) eval.Truth { r.Shape = shape; return eval.Truth{Region: r} }
	ring := annot.Ring{{X: 0, Y: 0}, {X: 10, Y: 0}, {X: 10, Y: 10}, {X: 0, Y: 10}}
	tests := map[string]eval.Truth{
		"should take a box's own area when nothing is stated": truth(0, 0, 0, 30, 30),
		"should take a mask's area before its box's": square(box(0, 0, 0, 0, 100, 100),
			annot.NewMask(image.Rect(0, 0, 2, 2), []byte{1, 1, 0, 1})),
		"should take a polygon's area before its box's": square(box(0, 0, 0, 0, 100, 100),
			annot.Polygon{{Outer: ring}}),
		"should take a stated area before all": {Region: box(0, 0, 0, 0, 100, 100), Area: 7},
	}
	for name, truth := range tests {
		t.Run(name, func(t *testing.T) {
			photo := eval.Photo{Width: 100, Height: 100, Truth: []eval.Truth{truth}}
			got, err := eval.Evaluate(t.Context(), []eval.Photo{photo}, 1, eval.Boxes)
			check(t, err)
			if s := got.Overall; s.APSmall != 0 || s.APMedium != eval.Undefined || s.APLarge != eval.Undefined {
				t.Errorf("want a small region, got %+v", s.Summary)
			}
		})
	}
}

func TestEvaluateRefuses(t *testing.T) {
	for name, photo := range map[string]eval.Photo{
		"should refuse truth of an unknown class":       {Truth: []eval.Truth{truth(2, 0, 0, 1, 1)}},
		"should refuse a prediction of a class too low": {Predictions: []annot.Region{box(-1, 0, 0, 0, 1, 1)}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := eval.Evaluate(t.Context(), []eval.Photo{{}, photo}, 2, eval.Boxes)
			if !errors.Is(err, eval.ErrClass) {
				t.Error("got", err)
			}
		})
	}
	t.Run("should refuse areas that are not the predictions'", func(t *testing.T) {
		photo := eval.Photo{PredictedAreas: []float64{1}}
		if _, err := eval.Evaluate(t.Context(), []eval.Photo{photo}, 1, eval.Boxes); !errors.Is(err, eval.ErrAreas) {
			t.Error("got", err)
		}
	})
	t.Run("should stop when it is cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := eval.Evaluate(ctx, []eval.Photo{{}}, 1, eval.Boxes); !errors.Is(err, context.Canceled) {
			t.Error("got", err)
		}
		if _, err := eval.AssignAll(ctx, []eval.Photo{{}}, eval.Boxes, eval.Cut{}); !errors.Is(err, context.Canceled) {
			t.Error("got", err)
		}
	})
	t.Run("should leave everything undefined without photos", func(t *testing.T) {
		got, err := eval.Evaluate(t.Context(), nil, 3, eval.Masks)
		check(t, err)
		if got.Overall.AP != eval.Undefined || got.Overall.ARLarge != eval.Undefined || len(got.Classes) != 3 {
			t.Errorf("got %+v", got.Overall.Summary)
		}
	})
	t.Run("should bear what is no number", func(t *testing.T) {
		nan, inf := math.NaN(), math.Inf(1)
		photo := eval.Photo{
			Width: 9, Height: 9,
			Truth:       []eval.Truth{{Region: box(0, 0, nan, 0, inf, 5)}, truth(0, 1, 1, 5, 5)},
			Predictions: []annot.Region{box(0, nan, 0, -inf, inf, nan), box(0, inf, 1, 1, 5, 5), box(0, -1, 5, 5, -3, -3)},
		}
		for _, by := range []eval.Geometry{eval.Boxes, eval.Masks} {
			_, err := eval.Evaluate(t.Context(), []eval.Photo{photo}, 1, by)
			check(t, err)
		}
	})
}

func TestAssign(t *testing.T) {
	crowd := truth(0, 100, 0, 50, 50)
	crowd.Crowd = true
	photo := eval.Photo{
		Truth: []eval.Truth{
			0: truth(0, 0, 0, 10, 10),
			1: truth(1, 20, 0, 10, 10),
			2: truth(0, 40, 0, 10, 10),
			3: crowd,
			4: truth(1, 60, 0, 10, 10),
		},
		Predictions: []annot.Region{
			0: box(0, 0.6, 0, 0, 10, 10),   // exact, but comes second
			1: box(0, 0.9, 1, 0, 10, 10),   // first by score
			2: box(0, 0.9, 20, 0, 10, 10),  // dog said of a cat
			3: box(1, 0.9, 23, 0, 10, 10),  // the cat itself, overlapping less
			4: box(0, 0.9, 110, 0, 10, 10), // in the crowd
			5: box(0, 0.1, 40, 0, 10, 10),  // under the threshold
			6: box(0, 0.5, 61, 0, 10, 10),  // two on what nobody found,
			7: box(0, 0.4, 60, 0, 10, 10),  // of which this overlaps more
		},
	}
	cut := eval.UniformCut(2, 0.5, 0.3)
	got := eval.Assign(photo, eval.Boxes, cut)
	want := eval.Assignment{
		Verdicts: []eval.Verdict{
			eval.Spurious, eval.Correct, eval.Spurious, eval.Correct,
			eval.Excused, eval.Dropped, eval.Spurious, eval.Confused,
		},
		Found:   []int{-1, 0, -1, 1, 3, -1, -1, 4},
		FoundBy: []int{1, 3, -1, -1, 7},
	}
	t.Run("should match classes first and what is left across classes", func(t *testing.T) {
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error("(-want +got):\n", diff)
		}
	})
	t.Run("should count the errors", func(t *testing.T) {
		e := got.Errors(photo)
		if e != (eval.Errors{Missed: 1, Confused: 1, Spurious: 3}) || e.Total() != 5 {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("should fill the confusion matrix", func(t *testing.T) {
		all, err := eval.AssignAll(t.Context(), []eval.Photo{photo}, eval.Boxes, cut)
		check(t, err)
		c := eval.NewConfusion(2)
		c.Add(photo, all[0])
		var rows [3][3]int
		for i := range rows {
			for j := range rows[i] {
				rows[i][j] = c.At(i, j)
			}
		}
		want := [3][3]int{{1, 0, 1}, {1, 1, 0}, {3, 0, 0}}
		if rows != want {
			t.Errorf("got %v, want %v", rows, want)
		}
	})
	t.Run("should keep everything of a class beyond the cut's scores", func(t *testing.T) {
		a := eval.Assign(photo, eval.Boxes, eval.Cut{IoU: 0.5})
		if a.Verdicts[5] != eval.Correct {
			t.Error("got", a.Verdicts)
		}
	})
}

func TestAssignAgreesWithCurve(t *testing.T) {
	photos := generate()[:400]
	r, err := eval.Evaluate(t.Context(), photos, generatedClasses, eval.Boxes)
	check(t, err)
	all, err := eval.AssignAll(t.Context(), photos, eval.Boxes, r.BestCut())
	check(t, err)
	correct := make([]int, generatedClasses)
	for i, a := range all {
		for j, v := range a.Verdicts {
			if v == eval.Correct {
				correct[photos[i].Predictions[j].Class]++
			}
		}
	}
	for class, c := range r.Classes {
		if want := int(math.Round(c.Best.Recall * float64(c.Truth))); correct[class] != want {
			t.Errorf("class %d: %d correct, the curve says %d", class, correct[class], want)
		}
	}
}
