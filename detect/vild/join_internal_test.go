package vild

import (
	"image"
	"math"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/model"
)

// twoLooks are looks at a photo of 400 × 300 on canvases of its own size and twice as large.
func twoLooks(a, b []region) (*look, *look) {
	crop := image.Rect(0, 0, 400, 300)
	view := func(scale float64) *model.View {
		return model.NewView(model.Letterbox{Crop: crop, Canvas: image.Pt(int(400*scale), int(300*scale)), Scale: scale}, nil)
	}
	return &look{view: view(1), regions: a}, &look{view: view(2), regions: b}
}

func square(x, y, side float64) annot.Box { return annot.Box{X0: x, Y0: y, X1: x + side, Y1: y + side} }

func TestTwoLooksAtAThingAreOneRegion(t *testing.T) {
	const third = 1.0 / 3
	cat, dog := []float32{1, 0}, []float32{0, 1}
	type seen struct {
		photo  annot.Box
		weight float32
	}
	for name, c := range map[string]struct {
		a, b     []region
		inA, inB []seen
	}{
		"should trust the larger canvas more with a small thing, and leave it there": {
			a: []region{{square(10, 10, 40), 0.3, cat}}, b: []region{{square(26, 26, 80), 0.9, cat}},
			inB: []seen{{square(12, 12, 40), 0.7}},
		},
		"should trust the smaller canvas more with a wide thing, and give it that": {
			a: []region{{square(10, 10, 200), 0.9, cat}}, b: []region{{square(26, 26, 400), 0.3, cat}},
			inA: []seen{{square(11, 11, 200), 0.7}},
		},
		"should keep what one look has alone, with its share of the weight": {
			a:   []region{{square(10, 10, 40), 0.9, cat}, {square(100, 10, 200), 0.9, cat}},
			b:   []region{{square(600, 400, 80), 0.9, cat}, {square(0, 100, 400), 0.9, cat}},
			inA: []seen{{square(10, 10, 40), 0.9 * third}, {square(100, 10, 200), 0.9 * 2 * third}},
			inB: []seen{{square(300, 200, 40), 0.9 * 2 * third}, {square(0, 50, 200), 0.9 * third}},
		},
		"should not join what does not overlap enough": {
			a: []region{{square(10, 10, 40), 0.9, cat}}, b: []region{{square(60, 20, 80), 0.9, cat}},
			inA: []seen{{square(10, 10, 40), 0.9 * third}}, inB: []seen{{square(30, 10, 40), 0.9 * 2 * third}},
		},
		"should join the two that look alike where boxes do not tell": {
			a:   []region{{square(10, 10, 40), 0.3, dog}, {square(10, 10, 40), 0.6, cat}},
			b:   []region{{square(20, 20, 80), 0.6, cat}},
			inA: []seen{{square(10, 10, 40), 0.3 * third}}, inB: []seen{{square(10, 10, 40), 0.6}},
		},
		"should compare what lies in the photo": {
			a: []region{{annot.Box{X0: -60, X1: 40, Y1: 40}, 0.6, cat}}, b: []region{{square(0, 0, 80), 0.6, cat}},
			inB: []seen{{square(0, 0, 40), 0.6}},
		},
		"should do with one look that finds nothing": {
			b: []region{{square(20, 20, 80), 0.9, cat}}, inB: []seen{{square(10, 10, 40), 0.9 * 2 * third}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := twoLooks(c.a, c.b)
			join(a, b)
			for _, l := range []struct {
				*look
				want []seen
			}{{a, c.inA}, {b, c.inB}} {
				if len(l.regions) != len(l.want) {
					t.Fatalf("%d regions on the canvas of %v, want %d", len(l.regions), l.view.Canvas, len(l.want))
				}
				for i, r := range l.regions {
					got, want := l.view.ToPhoto(r.canvas), l.want[i]
					if got.IoU(want.photo) < 0.9999 || math.Abs(float64(r.weight-want.weight)) > 1e-6 {
						t.Errorf("%v of %v, want %v of %v", got, r.weight, want.photo, want.weight)
					}
				}
			}
		})
	}
}

func TestAJoinedVectorLiesBetweenAndIsAUnit(t *testing.T) {
	v := mixed([]float32{1, 0}, []float32{0, 1}, 1.0/3)
	if length := math.Hypot(float64(v[0]), float64(v[1])); math.Abs(length-1) > 1e-6 || math.Abs(float64(v[0]/v[1]-2)) > 1e-5 {
		t.Errorf("%v", v)
	}
	if v := mixed([]float32{1, 0}, []float32{-1, 0}, 0.5); v[0] != 1 {
		t.Errorf("the middle of opposites is %v", v)
	}
}
