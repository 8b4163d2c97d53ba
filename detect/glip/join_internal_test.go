package glip

import (
	"image"
	"math"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/model"
)

func TestTwoLooksAtAThingAreOneCandidate(t *testing.T) {
	v := model.NewView(model.Letterbox{Crop: image.Rect(0, 0, 400, 300), Canvas: image.Pt(400, 300), Scale: 1}, nil)
	square := func(x, side float64) annot.Box { return annot.Box{X0: x, X1: x + side, Y1: side} }
	type hit struct {
		box   annot.Box
		group int32
		score float32
	}
	seen := func(hits ...hit) (r reading) {
		for _, h := range hits {
			r.put(detect.Hit{Class: h.group, Score: h.score}, h.box, h.box)
		}
		return r
	}
	for name, c := range map[string]struct {
		a, b reading
		want []hit
	}{
		"should trust the larger canvas more with a small thing": {
			seen(hit{square(0, 90), 0, 0.3}), seen(hit{square(3, 90), 0, 0.9}), []hit{{square(2, 90), 0, 0.7}},
		},
		"should trust the smaller canvas more with a wide one": {
			seen(hit{square(0, 270), 0, 0.9}), seen(hit{square(3, 270), 0, 0.3}), []hit{{square(1, 270), 0, 0.7}},
		},
		"should keep what one look has alone, with its share of the score": {
			seen(hit{square(0, 90), 0, 0.3}), seen(hit{square(200, 90), 0, 0.9}), []hit{{square(0, 90), 0, 0.1}, {square(200, 90), 0, 0.6}},
		},
		"should not join things of two names": {
			seen(hit{square(0, 90), 0, 0.3}), seen(hit{square(0, 90), 1, 0.9}), []hit{{square(0, 90), 0, 0.1}, {square(0, 90), 1, 0.6}},
		},
		"should count positions beside each other once": {
			seen(hit{square(1, 90), 0, 0.2}, hit{square(0, 90), 0, 0.3}), seen(hit{square(0, 90), 0, 0.9}, hit{square(2, 90), 0, 0.8}),
			[]hit{{square(0, 90), 0, 0.7}},
		},
		"should do with looks that find nothing": {reading{}, reading{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := join(c.a, c.b, v)
			if len(r.hits) != len(c.want) || len(r.boxes) != len(r.overlap) {
				t.Fatalf("%d candidates, want %d", len(r.hits), len(c.want))
			}
			for i, h := range r.hits {
				want := c.want[i]
				if got := r.boxes[h.Box]; got.IoU(want.box) < 0.9999 || r.overlap[h.Box] != got || h.Class != want.group || math.Abs(float64(h.Score-want.score)) > 1e-6 {
					t.Errorf("%v of group %d at %v, want %v", got, h.Class, h.Score, want)
				}
			}
		})
	}
}
