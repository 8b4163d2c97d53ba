package geom_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/geom"
)

var square = geom.Rect{X0: 100, Y0: 100, X1: 200, Y1: 200}

func TestHandleAt(t *testing.T) {
	for _, tc := range []struct {
		name string
		r    geom.Rect
		p    geom.Pos
		unit float64
		want geom.Handle
	}{
		{"should find a corner", square, geom.Pos{X: 100, Y: 200}, 1, geom.BottomLeft},
		{"should reach eight pixels", square, geom.Pos{X: 208, Y: 92}, 1, geom.TopRight},
		{"should reach no farther", square, geom.Pos{X: 209, Y: 92}, 1, geom.NoHandle},
		{"should reach farther on a dense screen", square, geom.Pos{X: 215, Y: 92}, 2, geom.TopRight},
		{"should find the middle of a side", square, geom.Pos{X: 203, Y: 155}, 1, geom.Right},
		{"should find none between", square, geom.Pos{X: 100, Y: 125}, 1, geom.NoHandle},
		{"should have corners only under 48", geom.Rect{X0: 0, Y0: 0, X1: 47, Y1: 99}, geom.Pos{X: 0, Y: 50}, 1, geom.NoHandle},
		{"should keep those corners", geom.Rect{X0: 0, Y0: 0, X1: 47, Y1: 99}, geom.Pos{X: 47, Y: 99}, 1, geom.BottomRight},
		{"should have none under 24", geom.Rect{X0: 0, Y0: 0, X1: 23, Y1: 99}, geom.Pos{}, 1, geom.NoHandle},
		{"should count those sizes in design pixels", geom.Rect{X0: 0, Y0: 0, X1: 24, Y1: 24}, geom.Pos{X: 13, Y: 0}, 2, geom.NoHandle},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := geom.HandleAt(tc.r, tc.p, tc.unit); got != tc.want {
				t.Errorf("handle %v, want %v", got, tc.want)
			}
		})
	}
	t.Run("should find every handle where it lies", func(t *testing.T) {
		for _, h := range geom.HandlesOf(square, 1) {
			if got := geom.HandleAt(square, h.At(square), 1); got != h {
				t.Errorf("%v found as %v", h, got)
			}
		}
	})
}

func TestResize(t *testing.T) {
	b := annot.Box{X0: 10, Y0: 20, X1: 30, Y1: 40}
	for _, tc := range []struct {
		name string
		h    geom.Handle
		p    annot.Point
		want annot.Box
	}{
		{"should move a corner", geom.TopLeft, annot.Point{X: 5, Y: 6}, annot.Box{X0: 5, Y0: 6, X1: 30, Y1: 40}},
		{"should move one side", geom.Right, annot.Point{X: 50, Y: 99}, annot.Box{X0: 10, Y0: 20, X1: 50, Y1: 40}},
		{"should turn over at a side", geom.Left, annot.Point{X: 50, Y: 99}, annot.Box{X0: 30, Y0: 20, X1: 50, Y1: 40}},
		{"should turn over at a corner", geom.BottomRight, annot.Point{X: 2, Y: 3}, annot.Box{X0: 2, Y0: 3, X1: 10, Y1: 20}},
		{"should leave the box without a handle", geom.NoHandle, annot.Point{X: 2, Y: 3}, b},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := geom.Resize(b, tc.h, tc.p); got != tc.want {
				t.Errorf("box %v, want %v", got, tc.want)
			}
		})
	}
	t.Run("should put the dragged handle under the pointer, whichever way the box turns", func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for range 500 {
			p := annot.Point{X: r.Float64() * 60, Y: r.Float64() * 60}
			for _, h := range []geom.Handle{geom.TopLeft, geom.TopRight, geom.BottomLeft, geom.BottomRight} {
				got := geom.Resize(b, h, p)
				if got.Distance(p) > 1e-9 || got.W() < 0 || got.H() < 0 {
					t.Fatalf("corner %v at %v gave %v", h, p, got)
				}
			}
		}
	})
}

func TestKeepRatio(t *testing.T) {
	b := annot.Box{X0: 0, Y0: 0, X1: 40, Y1: 20}
	for _, tc := range []struct {
		name    string
		h       geom.Handle
		p, want annot.Point
	}{
		{"should follow the longer way", geom.BottomRight, annot.Point{X: 80, Y: 21}, annot.Point{X: 80, Y: 40}},
		{"should hold the opposite corner", geom.TopLeft, annot.Point{X: 20, Y: 15}, annot.Point{X: 20, Y: 10}},
		{"should leave a side's handle alone", geom.Right, annot.Point{X: 80, Y: 21}, annot.Point{X: 80, Y: 21}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := geom.KeepRatio(b, tc.h, tc.p); got != tc.want {
				t.Errorf("point %v, want %v", got, tc.want)
			}
		})
	}
}

func TestWithin(t *testing.T) {
	photo := annot.Box{X1: 100, Y1: 50}
	for _, tc := range []struct {
		name           string
		b              annot.Box
		dx, dy, wx, wy float64
	}{
		{"should let it go", annot.Box{X0: 10, Y0: 10, X1: 20, Y1: 20}, 5, -5, 5, -5},
		{"should stop at the edges", annot.Box{X0: 10, Y0: 10, X1: 20, Y1: 20}, 500, -500, 80, -10},
		{"should bring back what is outside", annot.Box{X0: -10, Y0: 45, X1: 20, Y1: 60}, 0, 0, 10, -10},
		{"should leave what does not fit", annot.Box{X0: -10, Y0: 10, X1: 200, Y1: 20}, 7, 7, 0, 7},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if x, y := geom.Within(tc.b, photo, tc.dx, tc.dy); x != tc.wx || y != tc.wy {
				t.Errorf("way (%v, %v), want (%v, %v)", x, y, tc.wx, tc.wy)
			}
		})
	}
}

func TestSnap(t *testing.T) {
	for _, tc := range []struct {
		name             string
		v, zoom, unit, w float64
	}{
		{"should be whole when zoomed out", 12.4, 0.1, 1, 12},
		{"should be whole at 100 %", 12.5, 1, 1, 13},
		{"should be whole up to 600 %", 12.49, 6, 1, 12},
		{"should catch the side of a pixel at 800 %", 12.3, 8, 1, 12},
		{"should tell an eighth of a pixel at 800 %", 12.51, 8, 1, 12.5},
		{"should tell no less at 6400 %", 12.51, 64, 1, 12.5},
		{"should take density into account", 12.5, 8, 2, 13},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := geom.Snap(tc.v, tc.zoom, tc.unit); got != tc.w {
				t.Errorf("snapped to %v, want %v", got, tc.w)
			}
		})
	}
}

var (
	outer  = annot.Ring{{X: 0, Y: 0}, {X: 40, Y: 0}, {X: 40, Y: 40}, {X: 0, Y: 40}}
	hole   = annot.Ring{{X: 10, Y: 10}, {X: 20, Y: 10}, {X: 20, Y: 20}}
	island = annot.Ring{{X: 100, Y: 0}, {X: 120, Y: 0}, {X: 110, Y: 9}}
	shape  = annot.Polygon{{Outer: outer, Holes: []annot.Ring{hole}}, {Outer: island}}
)

func vertex(part, hole, i int) geom.Vertex {
	return geom.Vertex{RingRef: geom.RingRef{Part: part, Hole: hole}, Index: i}
}

func TestPolygonHits(t *testing.T) {
	t.Run("should find a point of the outline, a hole and another part", func(t *testing.T) {
		for want, at := range map[geom.Vertex]annot.Point{
			vertex(0, -1, 2): {X: 41, Y: 42}, vertex(0, 0, 1): {X: 21, Y: 9}, vertex(1, -1, 0): {X: 99, Y: 1},
		} {
			if got, ok := geom.VertexAt(shape, at, 4); !ok || got != want {
				t.Errorf("at %v: %v, %v; want %v", at, got, ok, want)
			}
		}
	})
	t.Run("should find no point out of reach", func(t *testing.T) {
		if v, ok := geom.VertexAt(shape, annot.Point{X: 30, Y: 30}, 4); ok {
			t.Errorf("found %v", v)
		}
	})
	t.Run("should find the closing edge and the place on it", func(t *testing.T) {
		v, on, ok := geom.EdgeAt(shape, annot.Point{X: -2, Y: 13}, 4)
		if !ok || v != vertex(0, -1, 3) || on != (annot.Point{X: 0, Y: 13}) {
			t.Errorf("%v at %v, %v", v, on, ok)
		}
	})
	t.Run("should find the middle of a long edge only", func(t *testing.T) {
		if v, mid, ok := geom.MidpointAt(shape, annot.Point{X: 20, Y: 1}, 4, 30); !ok || v != vertex(0, -1, 0) || mid.X != 20 {
			t.Errorf("%v at %v, %v", v, mid, ok)
		}
		if _, _, ok := geom.MidpointAt(shape, annot.Point{X: 15, Y: 10}, 2, 30); ok {
			t.Error("the edge of 10 pixels should have no middle to drag")
		}
	})
}

func TestPolygonEdits(t *testing.T) {
	before := annot.Region{Shape: shape}.Clone().Shape
	t.Run("should move a point of a hole", func(t *testing.T) {
		got := geom.MoveVertex(shape, vertex(0, 0, 1), annot.Point{X: 25, Y: 11})
		if got[0].Holes[0][1] != (annot.Point{X: 25, Y: 11}) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("should add a point on the closing edge", func(t *testing.T) {
		got, v := geom.InsertVertex(shape, vertex(0, -1, 3), annot.Point{X: 0, Y: 13})
		if p, ok := geom.PointAt(got, v); !ok || p.Y != 13 || len(got[0].Outer) != 5 || got.Area() != shape.Area() {
			t.Errorf("got %v, new point %v", got, v)
		}
	})
	t.Run("should take a point out", func(t *testing.T) {
		if got := geom.DeleteVertex(shape, vertex(0, -1, 0)); len(got[0].Outer) != 3 {
			t.Errorf("got %v", got)
		}
	})
	t.Run("should take a hole out with its third point", func(t *testing.T) {
		if got := geom.DeleteVertex(shape, vertex(0, 0, 0)); len(got[0].Holes) != 0 || len(got) != 2 {
			t.Errorf("got %v", got)
		}
	})
	t.Run("should take a part out with its third point", func(t *testing.T) {
		if got := geom.DeleteVertex(shape, vertex(1, -1, 0)); len(got) != 1 {
			t.Errorf("got %v", got)
		}
	})
	t.Run("should add a hole to the part around it", func(t *testing.T) {
		got, ok := geom.AddHole(shape, annot.Ring{{X: 30, Y: 30}, {X: 35, Y: 30}, {X: 35, Y: 35}})
		if !ok || len(got[0].Holes) != 2 {
			t.Errorf("got %v, %v", got, ok)
		}
		if _, ok := geom.AddHole(shape, annot.Ring{{X: 300, Y: 30}, {X: 35, Y: 30}, {X: 35, Y: 35}}); ok {
			t.Error("no part is there to take the hole")
		}
	})
	if d := cmp.Diff(before, annot.Shape(shape)); d != "" {
		t.Errorf("edits should leave the old polygon as it was:\n%s", d)
	}
}

func TestPolygonEditsOfNoPoint(t *testing.T) {
	for _, v := range []geom.Vertex{vertex(9, -1, 0), vertex(0, 5, 0), vertex(0, -1, 99), vertex(-1, -1, -1)} {
		if got := geom.DeleteVertex(shape, v); cmp.Diff(got, shape) != "" {
			t.Errorf("%v changed it", v)
		}
		if got := geom.MoveVertex(shape, v, annot.Point{}); cmp.Diff(got, shape) != "" {
			t.Errorf("%v changed it", v)
		}
		if got, _ := geom.InsertVertex(shape, v, annot.Point{}); cmp.Diff(got, shape) != "" {
			t.Errorf("%v changed it", v)
		}
	}
}

func TestShown(t *testing.T) {
	r := annot.Ring{{X: 0, Y: 0}, {X: 1, Y: 0}, {X: 9, Y: 0}, {X: 9, Y: 2}, {X: 0, Y: 3}}
	for apart, want := range map[float64][]int{0: {0, 1, 2, 3, 4}, 4: {0, 2}, 2.5: {0, 2, 4}} {
		if got := geom.Shown(r, apart); !slices.Equal(got, want) {
			t.Errorf("%v apart: %v, want %v", apart, got, want)
		}
	}
}

func TestMoveShape(t *testing.T) {
	mask := annot.Polygon{{Outer: island}}.Rasterize(200, 50, annot.EvenOdd)
	t.Run("should move a mask by whole pixels", func(t *testing.T) {
		got := geom.MoveShape(mask, -90.4, 3.2).(annot.Mask)
		if got.Area() != mask.Area() || got.TightBounds() != mask.TightBounds().Add(pt(-90, 3)) {
			t.Errorf("moved to %v, area %d of %d", got.TightBounds(), got.Area(), mask.Area())
		}
	})
	t.Run("should move every point and keep the area", func(t *testing.T) {
		got := geom.MoveShape(shape, 5, 7).(annot.Polygon)
		if got.Area() != shape.Area() || got.Bounds() != geom.Move(shape.Bounds(), 5, 7) {
			t.Errorf("moved to %v", got)
		}
	})
	t.Run("should leave a plain box without a shape", func(t *testing.T) {
		if got := geom.MoveShape(nil, 5, 7); got != nil {
			t.Errorf("got %v", got)
		}
	})
}

func TestFitShape(t *testing.T) {
	to := annot.Box{X0: 10, Y0: 0, X1: 250, Y1: 20}
	got := geom.FitShape(shape, shape.Bounds(), to).(annot.Polygon)
	if got.Bounds() != to || got.Area() != shape.Area() { // twice as wide, half as high
		t.Errorf("bounds %v, area %v of %v", got.Bounds(), got.Area(), shape.Area())
	}
}
