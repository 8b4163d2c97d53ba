package geom

import (
	"image"
	"math"
	"slices"

	"github.com/saysee/saysee/annot"
)

// RingRef names an outline of a polygon: hole Hole of a part, or its outer ring when Hole is -1.
type RingRef struct{ Part, Hole int }

// Vertex names a point of a polygon. As an edge it names the one from that point to the next.
type Vertex struct {
	RingRef
	Index int
}

// Rings calls f for every outline of the polygon until it returns false.
func Rings(p annot.Polygon, f func(RingRef, annot.Ring) bool) {
	for i, part := range p {
		if !f(RingRef{i, -1}, part.Outer) {
			return
		}
		for j, hole := range part.Holes {
			if !f(RingRef{i, j}, hole) {
				return
			}
		}
	}
}

// ring returns the outline that r names, or nil when there is none.
func ring(p annot.Polygon, r RingRef) annot.Ring {
	switch {
	case r.Part < 0 || r.Part >= len(p):
		return nil
	case r.Hole < 0:
		return p[r.Part].Outer
	case r.Hole < len(p[r.Part].Holes):
		return p[r.Part].Holes[r.Hole]
	}
	return nil
}

// PointAt returns the point that v names, and false when the polygon has none.
func PointAt(p annot.Polygon, v Vertex) (annot.Point, bool) {
	r := ring(p, v.RingRef)
	if v.Index < 0 || v.Index >= len(r) {
		return annot.Point{}, false
	}
	return r[v.Index], true
}

// withRing returns a copy of the polygon with one outline replaced. A ring of fewer than three points is
// taken out, an outer one with its part.
func withRing(p annot.Polygon, at RingRef, r annot.Ring) annot.Polygon {
	out := slices.Clone(p)
	gone := len(r) < 3
	if at.Hole < 0 {
		if gone {
			return slices.Delete(out, at.Part, at.Part+1)
		}
		out[at.Part].Outer = r
		return out
	}
	holes := slices.Clone(out[at.Part].Holes)
	if gone {
		holes = slices.Delete(holes, at.Hole, at.Hole+1)
	} else {
		holes[at.Hole] = r
	}
	out[at.Part].Holes = holes
	return out
}

// MoveVertex returns the polygon with one point at q; unchanged when it has no such point.
func MoveVertex(p annot.Polygon, v Vertex, q annot.Point) annot.Polygon {
	if _, ok := PointAt(p, v); !ok {
		return p
	}
	r := slices.Clone(ring(p, v.RingRef))
	r[v.Index] = q
	return withRing(p, v.RingRef, r)
}

// InsertVertex returns the polygon with a point at q on the edge that v names, and the name of the new point.
func InsertVertex(p annot.Polygon, v Vertex, q annot.Point) (annot.Polygon, Vertex) {
	if _, ok := PointAt(p, v); !ok {
		return p, v
	}
	v.Index++
	r := slices.Insert(slices.Clone(ring(p, v.RingRef)), v.Index, q)
	return withRing(p, v.RingRef, r), v
}

// DeleteVertex returns the polygon without a point. An outline that has only three goes as a whole, with its
// part if it is an outer one; so the result may be empty.
func DeleteVertex(p annot.Polygon, v Vertex) annot.Polygon {
	if _, ok := PointAt(p, v); !ok {
		return p
	}
	r := ring(p, v.RingRef)
	return withRing(p, v.RingRef, slices.Delete(slices.Clone(r), v.Index, v.Index+1))
}

// AddHole returns the polygon with a hole in the part that holds the hole's first point, and false when no part
// does or the hole has fewer than three points.
func AddHole(p annot.Polygon, hole annot.Ring) (annot.Polygon, bool) {
	if len(hole) < 3 {
		return p, false
	}
	for i, part := range p {
		if !part.Outer.Contains(hole[0]) {
			continue
		}
		out := slices.Clone(p)
		out[i].Holes = append(slices.Clone(part.Holes), slices.Clone(hole))
		return out, true
	}
	return p, false
}

// VertexAt returns the point nearest to q within reach, in photo pixels.
func VertexAt(p annot.Polygon, q annot.Point, reach float64) (v Vertex, ok bool) {
	Rings(p, func(at RingRef, r annot.Ring) bool {
		for i, c := range r {
			if d := c.Distance(q); d <= reach {
				v, reach, ok = Vertex{at, i}, d, true
			}
		}
		return true
	})
	return v, ok
}

// EdgeAt returns the edge nearest to q within reach, in photo pixels, and the point of it nearest to q.
func EdgeAt(p annot.Polygon, q annot.Point, reach float64) (v Vertex, on annot.Point, ok bool) {
	Rings(p, func(at RingRef, r annot.Ring) bool {
		for i, a := range r {
			c := nearest(q, a, r[(i+1)%len(r)])
			if d := c.Distance(q); d <= reach {
				v, on, reach, ok = Vertex{at, i}, c, d, true
			}
		}
		return true
	})
	return v, on, ok
}

// MidpointAt returns the edge whose middle is nearest to q within reach, in photo pixels, among the edges at
// least long enough that the middle is no end.
func MidpointAt(p annot.Polygon, q annot.Point, reach, long float64) (v Vertex, mid annot.Point, ok bool) {
	Rings(p, func(at RingRef, r annot.Ring) bool {
		for i, a := range r {
			b := r[(i+1)%len(r)]
			m := annot.Point{X: (a.X + b.X) / 2, Y: (a.Y + b.Y) / 2}
			if d := m.Distance(q); d <= reach && a.Distance(b) >= long {
				v, mid, reach, ok = Vertex{at, i}, m, d, true
			}
		}
		return true
	})
	return v, mid, ok
}

// nearest returns the point between a and b nearest to q.
func nearest(q, a, b annot.Point) annot.Point {
	dx, dy := b.X-a.X, b.Y-a.Y
	t := 0.0
	if l := dx*dx + dy*dy; l > 0 {
		t = max(0, min(1, ((q.X-a.X)*dx+(q.Y-a.Y)*dy)/l))
	}
	return annot.Point{X: a.X + t*dx, Y: a.Y + t*dy}
}

// Shown returns the points of an outline that are at least apart from the one shown before, in photo pixels:
// those that have room for a circle of their own.
func Shown(r annot.Ring, apart float64) []int {
	var out []int
	for i, p := range r {
		if len(out) == 0 || p.Distance(r[out[len(out)-1]]) >= apart {
			out = append(out, i)
		}
	}
	if n := len(out); n > 1 && r[out[0]].Distance(r[out[n-1]]) < apart {
		out = out[:n-1]
	}
	return out
}

// mapPoints returns the polygon with f applied to every point.
func mapPoints(p annot.Polygon, f func(annot.Point) annot.Point) annot.Polygon {
	out := make(annot.Polygon, len(p))
	for i, part := range p {
		out[i].Outer = mapRing(part.Outer, f)
		for _, h := range part.Holes {
			out[i].Holes = append(out[i].Holes, mapRing(h, f))
		}
	}
	return out
}

func mapRing[R ~[]annot.Point](r R, f func(annot.Point) annot.Point) R {
	out := make(R, len(r))
	for i, p := range r {
		out[i] = f(p)
	}
	return out
}

// MoveShape returns the shape moved. A mask moves by whole pixels, rounded. A nil shape stays nil.
func MoveShape(s annot.Shape, dx, dy float64) annot.Shape {
	move := func(p annot.Point) annot.Point { return annot.Point{X: p.X + dx, Y: p.Y + dy} }
	switch s := s.(type) {
	case annot.Point:
		return move(s)
	case annot.Line:
		return mapRing(s, move)
	case annot.Polygon:
		return mapPoints(s, move)
	case annot.Mask:
		return moveMask(s, int(math.Round(dx)), int(math.Round(dy)))
	}
	return s
}

func moveMask(m annot.Mask, dx, dy int) annot.Mask {
	rect := m.Rect().Add(image.Pt(dx, dy))
	return annot.MaskFromSpans(rect, func(yield func(annot.Span) bool) {
		for s := range m.Spans() {
			if !yield(annot.Span{X: s.X + dx, Y0: s.Y0 + dy, Y1: s.Y1 + dy}) {
				return
			}
		}
	})
}

// FitShape returns the shape of a region whose box was resized from one to another: points stretch with the
// box. A mask stays as it is, since the box beside it is a statement of its own.
func FitShape(s annot.Shape, from, to annot.Box) annot.Shape {
	if from.Empty() {
		return s
	}
	kx, ky := to.W()/from.W(), to.H()/from.H()
	stretch := func(p annot.Point) annot.Point {
		return annot.Point{X: to.X0 + (p.X-from.X0)*kx, Y: to.Y0 + (p.Y-from.Y0)*ky}
	}
	switch s := s.(type) {
	case annot.Line:
		return mapRing(s, stretch)
	case annot.Polygon:
		return mapPoints(s, stretch)
	}
	return s
}
