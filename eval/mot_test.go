package eval_test

import (
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/eval"
)

func TestTrack(t *testing.T) {
	at := func(frame, track int, x float64) eval.Sighting {
		return eval.Sighting{Frame: frame, Track: track, Box: annot.Box{X0: x, X1: x + 10, Y1: 10}}
	}
	truth := []eval.Sighting{at(0, 1, 0), at(1, 1, 0), at(2, 1, 0), at(3, 1, 0)}
	for name, c := range map[string]struct {
		found []eval.Sighting
		want  eval.Tracking
	}{
		"should be perfect for the truth":        {truth, eval.Tracking{Truths: 4, Found: 4, Same: 4}},
		"should miss all without anything found": {nil, eval.Tracking{Truths: 4, Missed: 4}},
		"should count a switch when the number changes": {
			[]eval.Sighting{at(0, 7, 0), at(1, 7, 0), at(2, 8, 1), at(3, 8, 0)},
			eval.Tracking{Truths: 4, Found: 4, Switches: 1, Same: 2},
		},
		"should keep to the number of before while it fits": {
			[]eval.Sighting{at(0, 7, 0), at(1, 8, 0), at(1, 7, 2)},
			eval.Tracking{Truths: 4, Found: 3, Missed: 2, Extra: 1, Same: 2},
		},
		"should take what is too far for missed and extra": {
			[]eval.Sighting{at(0, 7, 6), at(9, 7, 0)},
			eval.Tracking{Truths: 4, Found: 2, Missed: 4, Extra: 2},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := eval.Track(truth, c.found, 0.5); got != c.want {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}
