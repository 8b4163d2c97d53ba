package format

import (
	"math"
	"slices"

	"github.com/saysee/saysee/annot"
)

// bridgeHoles returns one outline of the same area as the part: each hole is joined to it by a double line
// of no width between the nearest corners.
func bridgeHoles(p annot.Part) annot.Ring {
	ring := turned(p.Outer, true)
	for _, hole := range p.Holes {
		ring = bridge(ring, turned(hole, false))
	}
	return ring
}

// bridgeParts joins the outlines of parts without holes in the same way.
func bridgeParts(s annot.Polygon) annot.Ring {
	ring := turned(s[0].Outer, true)
	for _, part := range s[1:] {
		ring = bridge(ring, turned(part.Outer, true))
	}
	return ring
}

// turned returns the ring running clockwise on the screen, or the other way.
func turned(r annot.Ring, clockwise bool) annot.Ring {
	if r.SignedArea() > 0 == clockwise {
		return r
	}
	back := slices.Clone(r)
	slices.Reverse(back)
	return back
}

// bridge inserts b into a at their nearest corners: … a[i], b[j] … b[j], a[i] ….
func bridge(a, b annot.Ring) annot.Ring {
	at, from, best := 0, 0, math.Inf(1)
	for i, p := range a {
		for j, q := range b {
			if d := (p.X-q.X)*(p.X-q.X) + (p.Y-q.Y)*(p.Y-q.Y); d < best {
				at, from, best = i, j, d
			}
		}
	}
	out := make(annot.Ring, 0, len(a)+len(b)+2)
	out = append(append(out, a[:at+1]...), b[from:]...)
	out = append(append(out, b[:from+1]...), a[at])
	return append(out, a[at+1:]...)
}

// smallestRectangle returns the corners of the rectangle of least area, in any direction, around the
// polygon, clockwise on the screen. One of its sides lies along a side of the convex hull (Freeman and
// Shapira, 1975).
func smallestRectangle(s annot.Polygon) annot.Ring {
	var pts []annot.Point
	for _, part := range s {
		pts = append(pts, part.Outer...)
	}
	hull := convexHull(pts)
	best, least := corners(s.Bounds()), math.Inf(1)
	for i, p := range hull {
		q := hull[(i+1)%len(hull)]
		n := math.Hypot(q.X-p.X, q.Y-p.Y)
		if n == 0 {
			continue
		}
		if r, area := rectangleAlong(hull, (q.X-p.X)/n, (q.Y-p.Y)/n); area < least {
			best, least = r, area
		}
	}
	return best
}

// rectangleAlong returns the rectangle around the points with a side in the direction of the unit vector.
func rectangleAlong(pts []annot.Point, ux, uy float64) (annot.Ring, float64) {
	a0, a1, b0, b1 := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, p := range pts {
		a, b := p.X*ux+p.Y*uy, p.Y*ux-p.X*uy
		a0, a1, b0, b1 = min(a0, a), max(a1, a), min(b0, b), max(b1, b)
	}
	at := func(a, b float64) annot.Point { return annot.Point{X: a*ux - b*uy, Y: a*uy + b*ux} }
	return annot.Ring{at(a0, b0), at(a1, b0), at(a1, b1), at(a0, b1)}, (a1 - a0) * (b1 - b0)
}

// convexHull returns the corners of the hull (Andrew's monotone chain).
func convexHull(pts []annot.Point) []annot.Point {
	pts = slices.Clone(pts)
	slices.SortFunc(pts, func(a, b annot.Point) int {
		if c := compare(a.X, b.X); c != 0 {
			return c
		}
		return compare(a.Y, b.Y)
	})
	pts = slices.Compact(pts)
	if len(pts) < 3 {
		return pts
	}
	half := func(pts []annot.Point) []annot.Point {
		var h []annot.Point
		for _, p := range pts {
			for len(h) > 1 && cross(h[len(h)-2], h[len(h)-1], p) <= 0 {
				h = h[:len(h)-1]
			}
			h = append(h, p)
		}
		return h[:len(h)-1]
	}
	lower := half(pts)
	slices.Reverse(pts)
	return append(lower, half(pts)...)
}

func cross(o, a, b annot.Point) float64 { return (a.X-o.X)*(b.Y-o.Y) - (a.Y-o.Y)*(b.X-o.X) }
