package annot_test

import (
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/saysee/saysee/annot"
)

func square(x0, y0, x1, y1 float64) annot.Ring {
	return annot.Ring{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}

func TestRasterize(t *testing.T) {
	// A square, and from its corner the same way around a smaller one within.
	twice := append(append(square(0, 0, 10, 10), annot.Point{}), append(square(2, 2, 4, 4), annot.Point{X: 2, Y: 2})...)
	for name, c := range map[string]struct {
		p    annot.Polygon
		rule annot.FillRule
		want int
	}{
		"should fill a whole photo":                             {annot.Polygon{{Outer: square(0, 0, 12, 10)}}, annot.EvenOdd, 120},
		"should clip to the photo":                              {annot.Polygon{{Outer: square(-1e9, -1e9, 1e9, 1e9)}}, annot.EvenOdd, 120},
		"should leave holes out":                                {annot.Polygon{{Outer: square(0, 0, 10, 10), Holes: []annot.Ring{square(2, 2, 4, 4), square(3, 3, 5, 5)}}}, annot.EvenOdd, 93},
		"should unite parts":                                    {annot.Polygon{{Outer: square(0, 0, 4, 4)}, {Outer: square(2, 2, 6, 6)}}, annot.EvenOdd, 28},
		"should fill what is wound around twice":                {annot.Polygon{{Outer: twice}}, annot.NonZero, 100},
		"should leave out what is wound around twice by parity": {annot.Polygon{{Outer: twice}}, annot.EvenOdd, 96},
		"should take the pixels whose centres are inside":       {annot.Polygon{{Outer: square(0.4, 0.4, 2.6, 2.6)}}, annot.EvenOdd, 9},
		"should give a centre on an edge to one side":           {annot.Polygon{{Outer: square(0.5, 0.5, 2.5, 2.5)}}, annot.EvenOdd, 4},
		"should find nothing in two points":                     {annot.Polygon{{Outer: square(0, 0, 9, 9)[:2]}}, annot.EvenOdd, 0},
		"should find nothing when a coordinate is no number":    {annot.Polygon{{Outer: square(0, 0, math.NaN(), 9)}}, annot.EvenOdd, 0},
		"should find nothing when a coordinate is infinite":     {annot.Polygon{{Outer: square(0, 0, math.Inf(1), 9)}}, annot.NonZero, 0},
		"should find nothing without parts":                     {nil, annot.EvenOdd, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.p.Rasterize(12, 10, c.rule); got.Area() != c.want {
				t.Errorf("area = %d, want %d", got.Area(), c.want)
			}
		})
	}
	t.Run("should agree with the point test at every centre", func(t *testing.T) {
		rng := rand.New(rand.NewPCG(9, 10))
		for range 300 {
			p := annot.Polygon{{Outer: randomRing(rng)}, {Outer: randomRing(rng), Holes: []annot.Ring{randomRing(rng)}}}
			m := p.Rasterize(16, 12, annot.EvenOdd)
			for x := range 16 {
				for y := range 12 {
					c := annot.Point{X: float64(x) + 0.5, Y: float64(y) + 0.5}
					if m.Contains(c) != p.Contains(c) {
						t.Fatalf("%v: pixel %d, %d is %v", p, x, y, m.Contains(c))
					}
				}
			}
		}
	})
	t.Run("should split a photo between neighbours without gap or overlap", func(t *testing.T) {
		rng := rand.New(rand.NewPCG(11, 12))
		for range 300 {
			// A fan around one point covers the photo exactly once.
			c := annot.Point{X: rng.Float64() * 16, Y: rng.Float64() * 12}
			corners := square(0, 0, 16, 12)
			sum := 0
			for i, a := range corners {
				sum += annot.Polygon{{Outer: annot.Ring{c, a, corners[(i+1)%4]}}}.Rasterize(16, 12, annot.NonZero).Area()
			}
			if sum != 16*12 {
				t.Fatalf("a fan around %v covers %d pixels", c, sum)
			}
		}
	})
}

func randomRing(rng *rand.Rand) annot.Ring {
	r := make(annot.Ring, 3+rng.IntN(6))
	for i := range r {
		r[i] = annot.Point{X: rng.Float64()*20 - 2, Y: rng.Float64()*16 - 2}
	}
	return r
}

func TestRasterizeCOCOBadInput(t *testing.T) {
	for name, c := range map[string]struct {
		r    annot.Ring
		w, h int
		want int
	}{
		"should find nothing in a photo without pixels": {square(0, 0, 9, 9), 0, 9, 0},
		"should find nothing when a side is no number":  {square(0, 0, math.NaN(), 9), 9, 9, 0},
		"should not walk a side that is endless":        {square(-1e300, -1e300, 1e300, 1e300), 9, 9, 81},
		"should find nothing in no points":              {nil, 9, 9, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := annot.RasterizeCOCO([]annot.Ring{c.r}, c.w, c.h).Area(); got != c.want {
				t.Errorf("area = %d, want %d", got, c.want)
			}
		})
	}
}

func TestAreas(t *testing.T) {
	p := annot.Polygon{{Outer: square(100, 100, 200, 200), Holes: []annot.Ring{square(110, 110, 120, 120)}}, {Outer: square(0, 0, 1, 1)}}
	if got := p.Area(); got != 9901 {
		t.Errorf("polygon area = %v", got)
	}
	if got := square(0, 0, 2, 2).SignedArea(); got != 4 {
		t.Errorf("clockwise on the screen = %v", got)
	}
	if got := (annot.Ring{{X: 0, Y: 2}, {X: 2, Y: 2}, {X: 2, Y: 0}, {X: 0, Y: 0}}).SignedArea(); got != -4 {
		t.Errorf("counter-clockwise on the screen = %v", got)
	}
	if got := (annot.Ring{}).Area(); got != 0 {
		t.Errorf("no points: %v", got)
	}
}

func TestHits(t *testing.T) {
	holed := annot.Polygon{{Outer: square(0, 0, 10, 10), Holes: []annot.Ring{square(4, 4, 6, 6)}}}
	mask := holed.Rasterize(20, 20, annot.EvenOdd)
	box := annot.Box{X0: 0, Y0: 0, X1: 10, Y1: 10}
	for name, c := range map[string]struct {
		r        annot.Region
		p        annot.Point
		contains bool
		distance float64
	}{
		"should be in a box":                      {annot.Region{Box: box}, annot.Point{X: 5, Y: 5}, true, 5},
		"should be beside a box":                  {annot.Region{Box: box}, annot.Point{X: 13, Y: 14}, false, 5},
		"should be in a polygon":                  {annot.Region{Shape: holed}, annot.Point{X: 2, Y: 5}, true, 2},
		"should be in the hole of a polygon":      {annot.Region{Shape: holed}, annot.Point{X: 5, Y: 5}, false, 1},
		"should be in a mask":                     {annot.Region{Shape: mask}, annot.Point{X: 2, Y: 5}, true, 2},
		"should be in the hole of a mask":         {annot.Region{Shape: mask}, annot.Point{X: 5, Y: 5}, false, 1},
		"should be beside a line":                 {annot.Region{Shape: annot.Line{{X: 0, Y: 0}, {X: 10, Y: 0}}}, annot.Point{X: 5, Y: 3}, false, 3},
		"should be beyond the end of a line":      {annot.Region{Shape: annot.Line{{X: 0, Y: 0}, {X: 10, Y: 0}}}, annot.Point{X: 13, Y: 4}, false, 5},
		"should be near a line that is one point": {annot.Region{Shape: annot.Line{{X: 0, Y: 0}}}, annot.Point{X: 3, Y: 4}, false, 5},
		"should be near a point":                  {annot.Region{Shape: annot.Point{X: 1, Y: 1}}, annot.Point{X: 4, Y: 5}, false, 5},
		"should be endlessly far from no points":  {annot.Region{Shape: annot.Line{}}, annot.Point{}, false, math.Inf(1)},
		"should be endlessly far from no pixels":  {annot.Region{Shape: annot.Mask{}}, annot.Point{}, false, math.Inf(1)},
		"should be endlessly far from no outline": {annot.Region{Shape: annot.Polygon{{}}}, annot.Point{}, false, math.Inf(1)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.r.Contains(c.p); got != c.contains {
				t.Errorf("contains = %v", got)
			}
			if got := c.r.Distance(c.p); got != c.distance {
				t.Errorf("distance = %v, want %v", got, c.distance)
			}
		})
	}
}

func TestBrush(t *testing.T) {
	const w, h = 40, 30
	rng := rand.New(rand.NewPCG(13, 14))
	t.Run("should cover the pixels whose centres are near the path", func(t *testing.T) {
		for range 300 {
			path := make(annot.Line, 1+rng.IntN(4))
			for i := range path {
				path[i] = annot.Point{X: rng.Float64()*60 - 10, Y: rng.Float64()*50 - 10}
			}
			radius := rng.Float64() * 9
			m := annot.Stroke(path, radius, w, h)
			for x := range w {
				for y := range h {
					c := annot.Point{X: float64(x) + 0.5, Y: float64(y) + 0.5}
					d := path.Distance(c)
					if math.Abs(d-radius) > 1e-9 && m.Contains(c) != (d <= radius) {
						t.Fatalf("path %v radius %v: pixel %d, %d at distance %v is %v", path, radius, x, y, d, m.Contains(c))
					}
				}
			}
			if !image.Rect(0, 0, w, h).Union(m.TightBounds()).Eq(image.Rect(0, 0, w, h)) {
				t.Fatalf("stroke leaves the photo: %v", m.TightBounds())
			}
		}
	})
	t.Run("should paint and erase", func(t *testing.T) {
		a, b := []annot.Point{{X: 10, Y: 10}}, []annot.Point{{X: 14, Y: 10}, {X: 30, Y: 12}}
		m := annot.Mask{}.Paint(a, 5, w, h).Paint(b, 3, w, h).Erase(a, 5)
		want := annot.Stroke(b, 3, w, h).Subtract(annot.Stroke(a, 5, w, h))
		if !m.Equal(want) || m.Empty() {
			t.Errorf("got %v, want %v", m, want)
		}
		if m.Rect() != m.TightBounds() {
			t.Errorf("crop %v is not tight: %v", m.Rect(), m.TightBounds())
		}
	})
	t.Run("should paint nothing with bad numbers", func(t *testing.T) {
		for _, m := range []annot.Mask{
			annot.Stroke(nil, 5, w, h),
			annot.Stroke([]annot.Point{{X: math.NaN(), Y: 1}}, 5, w, h),
			annot.Stroke([]annot.Point{{X: 1, Y: 1}}, math.NaN(), w, h),
			annot.Stroke([]annot.Point{{X: 1, Y: 1}}, -1, w, h),
			annot.Stroke([]annot.Point{{X: 1, Y: 1}}, 5, -1, -1),
		} {
			if !m.Empty() {
				t.Errorf("painted %v", m)
			}
		}
	})
}

func TestSimplify(t *testing.T) {
	t.Run("should straighten a staircase", func(t *testing.T) {
		m := annot.Polygon{{Outer: annot.Ring{{X: 0, Y: 0}, {X: 40, Y: 40}, {X: 0, Y: 40}}}}.Rasterize(40, 40, annot.EvenOdd)
		exact := m.Trace()
		simple := exact.Simplify(1)
		if got := len(simple[0].Outer); got > 6 {
			t.Errorf("%d points of %d are left", got, len(exact[0].Outer))
		}
	})
	t.Run("should leave the polygon alone without a tolerance", func(t *testing.T) {
		p := annot.Polygon{{Outer: square(0, 0, 3, 3)}}
		for _, e := range []float64{0, -1, math.NaN()} {
			if diff := cmp.Diff(p, p.Simplify(e)); diff != "" {
				t.Error(diff)
			}
		}
	})
	t.Run("should take any outline that people or files come up with", func(t *testing.T) {
		for _, p := range []annot.Polygon{
			nil,
			{{}},
			{{Outer: square(0, 0, 1, 1)[:1]}},
			{{Outer: annot.Ring{{X: 1, Y: 1}, {X: 1, Y: 1}, {X: 1, Y: 1}}}},
			{{Outer: annot.Ring{{X: 0, Y: 0}, {X: 5, Y: 5}, {X: 2, Y: 2}, {X: 9, Y: 9}}}},
			{{Outer: square(0, 0, 1, 1), Holes: []annot.Ring{square(-1e12, -1e12, 1e12, 1e12), {}}}},
			{{Outer: square(-math.MaxFloat64, 0, math.MaxFloat64, 1)}},
			{{Outer: square(0, 0, math.Inf(1), 1)}},
		} {
			got := p.Simplify(2)
			if len(got) != len(p) || len(ringsOf(got)) != len(ringsOf(p)) {
				t.Errorf("%v became %v", p, got)
			}
		}
	})
	t.Run("should need few points for a disc", func(t *testing.T) {
		disc := annot.Stroke([]annot.Point{{X: 300, Y: 300}}, 250, 600, 600).Trace()
		for e, most := range map[float64]int{1: 150, 1.5: 60, 2: 40, 10: 20} {
			got := disc.Simplify(e)
			checkSimple(t, disc, got, e)
			if n := len(got[0].Outer); n > most {
				t.Errorf("error %v: %d of %d points", e, n, len(disc[0].Outer))
			}
		}
	})
	t.Run("should keep at least triangles and every hole", func(t *testing.T) {
		p := annot.Polygon{{Outer: square(0, 0, 10, 10), Holes: []annot.Ring{square(4, 4, 5, 5)}}}
		got := p.Simplify(1000)
		if len(got[0].Outer) < 3 || len(got[0].Holes) != 1 || len(got[0].Holes[0]) < 3 {
			t.Fatalf("got %v", got)
		}
		for _, c := range got[0].Holes[0] {
			if !got[0].Outer.Contains(c) {
				t.Errorf("hole %v left its part %v", got[0].Holes[0], got[0].Outer)
			}
		}
	})
	t.Run("should move the outline no farther than it says, and cross nothing", func(t *testing.T) {
		rng := rand.New(rand.NewPCG(15, 16))
		for range 400 {
			m := randomMask(rng, image.Rect(0, 0, 2+rng.IntN(9), 2+rng.IntN(9)))
			if rng.IntN(2) == 0 { // smooth shapes as well as noise
				m = annot.Mask{}
				for range 4 {
					m = m.Paint([]annot.Point{{X: rng.Float64() * 20, Y: rng.Float64() * 20}}, rng.Float64()*6, 20, 20)
				}
				m = m.Erase([]annot.Point{{X: rng.Float64() * 20, Y: rng.Float64() * 20}}, rng.Float64()*4)
			}
			exact := m.Trace()
			for _, e := range []float64{0.5, 0.8, 1.5, 4} {
				checkSimple(t, exact, exact.Simplify(e), e)
			}
		}
	})
}

func checkSimple(t *testing.T, exact, simple annot.Polygon, e float64) {
	t.Helper()
	if len(simple) != len(exact) {
		t.Fatalf("%d parts became %d", len(exact), len(simple))
	}
	old, now := ringsOf(exact), ringsOf(simple)
	for i := range old {
		if d := farthest(old[i], now[i]); d > e+1e-9 {
			t.Fatalf("error %v: %v is %v from %v", e, old[i], d, now[i])
		}
		if d := farthest(now[i], old[i]); d > e+1e-9 {
			t.Fatalf("error %v: new %v is %v from %v", e, now[i], d, old[i])
		}
		if (old[i].SignedArea() > 0) != (now[i].SignedArea() > 0) || now[i].SignedArea() == 0 {
			t.Fatalf("%v turned over to %v", old[i], now[i])
		}
	}
	type edge struct{ a, b annot.Point }
	var edges []edge
	for _, r := range now {
		for i := range r {
			edges = append(edges, edge{r[i], r[(i+1)%len(r)]})
		}
	}
	for i, f := range edges {
		for _, g := range edges[:i] {
			if crosses(f.a, f.b, g.a, g.b) {
				t.Fatalf("error %v: edges %v and %v cross in %v, from %v", e, f, g, simple, exact)
			}
		}
	}
	for i, part := range exact {
		for j, h := range part.Holes {
			inner := middle(simple[i].Holes[j])
			if !simple[i].Outer.Contains(inner) {
				t.Fatalf("hole %v left %v", h, part.Outer)
			}
		}
	}
}

// middle returns a point strictly inside a ring: next to the middle of an edge.
func middle(r annot.Ring) annot.Point {
	for i, a := range r {
		b := r[(i+1)%len(r)]
		for _, s := range []float64{1e-6, -1e-6} {
			p := annot.Point{X: (a.X+b.X)/2 - s*(b.Y-a.Y), Y: (a.Y+b.Y)/2 + s*(b.X-a.X)}
			if r.Contains(p) {
				return p
			}
		}
	}
	return r[0]
}

// farthest returns how far any point of r, on its edges too, is from s.
func farthest(r, s annot.Ring) float64 {
	worst := 0.0
	for i, a := range r {
		b := r[(i+1)%len(r)]
		for k := range 8 {
			f := float64(k) / 8
			worst = max(worst, s.Distance(annot.Point{X: a.X + f*(b.X-a.X), Y: a.Y + f*(b.Y-a.Y)}))
		}
	}
	return worst
}

// crosses reports whether two edges share more than an end.
func crosses(a, b, c, d annot.Point) bool {
	side := func(p, q, r annot.Point) float64 {
		return (q.X-p.X)*(r.Y-p.Y) - (q.Y-p.Y)*(r.X-p.X)
	}
	if side(a, b, c)*side(a, b, d) < 0 && side(c, d, a)*side(c, d, b) < 0 {
		return true
	}
	within := func(p, q, r annot.Point) bool { // r between p and q, not at either
		dot := (r.X-p.X)*(q.X-p.X) + (r.Y-p.Y)*(q.Y-p.Y)
		l := (q.X-p.X)*(q.X-p.X) + (q.Y-p.Y)*(q.Y-p.Y)
		return side(p, q, r) == 0 && dot > 0 && dot < l
	}
	same := a == c && b == d || a == d && b == c
	return same || within(a, b, c) || within(a, b, d) || within(c, d, a) || within(c, d, b)
}
