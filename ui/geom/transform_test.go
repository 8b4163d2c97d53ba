package geom_test

import (
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/geom"
)

// near reports whether two numbers agree to a millionth of a view pixel, for coordinates of a photo's size.
func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*max(1, math.Abs(a), math.Abs(b)) }

func TestFit(t *testing.T) {
	for _, tc := range []struct {
		name                       string
		photo                      image.Point
		w, h, margin, zoom, ox, oy float64
	}{
		{"should touch the margins left and right for a wide photo", image.Pt(200, 50), 116, 116, 8, 0.5, 8, 45.5},
		{"should touch the margins above and below for a tall photo", image.Pt(50, 200), 116, 116, 8, 0.5, 45.5, 8},
		{"should enlarge a small photo", image.Pt(10, 10), 116, 116, 8, 10, 8, 8},
		{"should not enlarge beyond the limit", image.Pt(1, 1), 1000, 1000, 0, geom.MaxZoom, 468, 468},
		{"should go below the least zoom for a huge photo", image.Pt(100000, 100), 1000, 1000, 0, 0.01, 0, 499.5},
		{"should do without margins where the view has no room for them", image.Pt(10, 10), 10, 10, 8, 1, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tr := geom.Fit(tc.photo, tc.w, tc.h, tc.margin)
			if o := tr.Offset(); !near(tr.Zoom(), tc.zoom) || !near(o.X, tc.ox) || !near(o.Y, tc.oy) {
				t.Errorf("zoom %v, offset %v; want %v, (%v, %v)", tr.Zoom(), o, tc.zoom, tc.ox, tc.oy)
			}
			if !tr.Fitted() {
				t.Error("should say that it is fitted")
			}
		})
	}
}

// walk returns a transform after random zooms and pans, as a person's hand makes them.
func walk(r *rand.Rand) geom.Transform {
	tr := geom.Fit(image.Pt(1+r.IntN(9000), 1+r.IntN(9000)), 50+r.Float64()*2000, 50+r.Float64()*2000, 8)
	for range r.IntN(8) {
		w, h := tr.View()
		if r.IntN(2) == 0 {
			tr = tr.Pan(geom.Pos{X: (r.Float64() - 0.5) * 3 * w, Y: (r.Float64() - 0.5) * 3 * h})
		} else {
			tr = tr.ZoomAt(geom.Pos{X: r.Float64() * w, Y: r.Float64() * h}, tr.Zoom()*math.Exp2(r.Float64()*6-3))
		}
	}
	return tr
}

func TestTransformProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		tr := walk(r)
		w, h := tr.View()
		q := geom.Pos{X: r.Float64() * w, Y: r.Float64() * h}
		p := tr.ToPhoto(q)

		if back := tr.ToView(p); !near(back.X, q.X) || !near(back.Y, q.Y) {
			t.Fatalf("a position should come back from the photo: %v, then %v (%+v)", q, back, tr)
		}
		if lo, hi := tr.Limits(); tr.Zoom() < lo || tr.Zoom() > hi {
			t.Fatalf("zoom %v should stay in [%v, %v]", tr.Zoom(), lo, hi)
		}
		if tr.Visible().Empty() {
			t.Fatalf("the photo should never be lost: %+v", tr)
		}
		if mid := tr.ToPhoto(geom.Pos{X: w / 2, Y: h / 2}); !within(tr.Bounds(), mid) {
			t.Fatalf("the middle of the view should lie on the photo, not at %v: %+v", mid, tr)
		}
		in := tr.ZoomAt(q, tr.Zoom()*(1+2*r.Float64()))
		if in.Zoom() > in.FitZoom() && tr.Zoom() >= tr.FitZoom() && within(tr.Bounds(), p) {
			if kept := in.ToPhoto(q); math.Hypot(kept.X-p.X, kept.Y-p.Y)*in.Zoom() > 1e-3 {
				t.Fatalf("zooming in should keep the cursor's point: %v, then %v (%+v)", p, kept, tr)
			}
			out := in.ZoomAt(q, tr.Zoom())
			if a, b := out.Offset(), tr.Offset(); math.Hypot(a.X-b.X, a.Y-b.Y) > 1e-3 {
				t.Fatalf("zooming back should come back: %v, then %v", b, a)
			}
		}
		if out := tr.ZoomAt(q, tr.FitZoom()); math.Abs(out.ToView(out.Bounds().Center()).X-w/2) > 1e-3 {
			t.Fatalf("at the zoom of the fit the photo should be centred: %+v", out)
		}
	}
}

func within(b annot.Box, p annot.Point) bool {
	const e = 1e-6
	return p.X >= b.X0-e*b.X1 && p.Y >= b.Y0-e*b.Y1 && p.X <= b.X1*(1+e) && p.Y <= b.Y1*(1+e)
}

func TestTransformTakesNonsense(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, tr := range []geom.Transform{
		{},
		geom.Fit(image.Pt(0, 0), 100, 100, 8),
		geom.Fit(image.Pt(100, 100), 0, 0, 8),
		geom.Fit(image.Pt(100, 100), nan, inf, nan),
		geom.Fit(image.Pt(100, 100), 100, 100, 8).Pan(geom.Pos{X: nan, Y: -inf}),
		geom.Fit(image.Pt(100, 100), 100, 100, 8).ZoomAt(geom.Pos{X: nan, Y: 3}, inf),
		geom.Fit(image.Pt(100, 100), 100, 100, 8).ZoomAt(geom.Pos{X: 1, Y: 3}, nan),
		geom.Fit(image.Pt(100, 100), 100, 100, 8).Show(annot.Box{X0: nan, Y1: inf}),
	} {
		tr = tr.ZoomAt(geom.Pos{X: 5, Y: 5}, 3).Pan(geom.Pos{X: 3, Y: 3}).Fit().WithView(80, 80)
		p := tr.ToPhoto(geom.Pos{X: 1, Y: 2})
		if math.IsNaN(p.X+p.Y) || math.IsNaN(tr.Zoom()) {
			t.Errorf("should stay a number: %v, zoom %v, from %+v", p, tr.Zoom(), tr)
		}
	}
}

func TestWithView(t *testing.T) {
	t.Run("should stay fitted", func(t *testing.T) {
		tr := geom.Fit(image.Pt(100, 100), 116, 116, 8).WithView(216, 216)
		if tr.Zoom() != 2 || !tr.Fitted() {
			t.Errorf("zoom %v, fitted %v; want 2, true", tr.Zoom(), tr.Fitted())
		}
	})
	t.Run("should keep the middle where a person has zoomed", func(t *testing.T) {
		tr := geom.Fit(image.Pt(1000, 1000), 100, 100, 0).ZoomAt(geom.Pos{X: 20, Y: 30}, 2)
		mid := tr.ToPhoto(geom.Pos{X: 50, Y: 50})
		wide := tr.WithView(200, 120)
		if got := wide.ToPhoto(geom.Pos{X: 100, Y: 60}); got.Distance(mid) > 1e-9 || wide.Zoom() != 2 {
			t.Errorf("middle %v at zoom %v; want %v at 2", got, wide.Zoom(), mid)
		}
	})
}

func TestShow(t *testing.T) {
	tr := geom.Fit(image.Pt(1000, 1000), 200, 200, 0)
	t.Run("should bring a small region in sight and to size", func(t *testing.T) {
		b := annot.Box{X0: 900, Y0: 900, X1: 925, Y1: 920}
		r := tr.Show(b).BoxToView(b)
		if r.W() != 100 || r.X0 < 0 || r.Y0 < 0 || r.X1 > 200 || r.Y1 > 200 {
			t.Errorf("shown at %v", r)
		}
	})
	t.Run("should leave a region alone that is well in sight", func(t *testing.T) {
		if got := tr.Show(annot.Box{X0: 100, Y0: 100, X1: 500, Y1: 500}); got != tr {
			t.Errorf("moved to %+v", got)
		}
	})
}

func TestTween(t *testing.T) {
	from := geom.Fit(image.Pt(4000, 3000), 800, 600, 8)
	q := geom.Pos{X: 200, Y: 450}
	to := from.ZoomAt(q, 3)
	p := from.ToPhoto(q)
	for f := 0.0; f <= 1; f += 0.125 {
		if got := from.Tween(to, f).ToPhoto(q); got.Distance(p) > 1e-6 {
			t.Errorf("at %v the cursor's point should stay at %v, not be at %v", f, p, got)
		}
	}
	if from.Tween(to, 1) != to || from.Tween(to, 0).Zoom() != from.Zoom() {
		t.Error("should begin and end where it says")
	}
	moved := from.ZoomAt(q, 2)
	if half := moved.Tween(moved.Pan(geom.Pos{X: 40}), 0.5); math.Abs(half.Offset().X-moved.Offset().X-20) > 1e-6 {
		t.Errorf("should move evenly where the zoom is the same, not by %v", half.Offset().X-moved.Offset().X)
	}
}
