package annot

import "math"

// Simplify returns the polygon with fewer points: no point of the old outline is farther than maxError
// pixels from the new one, and none of the new from the old. Points are only ever left out, so all that
// remain were there before. Traced outlines have steps a pixel high, so an error below 1 leaves most of
// their points, and one of 1.5 leaves few.
//
// A stretch of outline is replaced by a straight line, as Douglas and Peucker do, only if no other point of
// the whole polygon lies between the two (de Berg, van Kreveld and Schirra: "A new approach to subdivision
// simplification", 1995). So outlines that did not cross still do not, holes stay in their parts, and no
// part vanishes. The polygon is returned as it is when maxError is not positive or a coordinate is not
// finite, or too large for differences to be.
func (p Polygon) Simplify(maxError float64) Polygon {
	if !(maxError > 0) || !p.finite() {
		return p
	}
	s := &simplifier{maxError: maxError, uses: map[Point]int{}}
	for _, part := range p {
		s.add(part.Outer)
		for _, h := range part.Holes {
			s.add(h)
		}
	}
	box := s.bounds()
	if math.IsInf(box.W()+box.H(), 0) {
		return p
	}
	s.buildGrid(box)
	out := make(Polygon, len(p))
	for i, part := range p {
		out[i].Outer = s.next()
		for range part.Holes {
			out[i].Holes = append(out[i].Holes, s.next())
		}
	}
	return out
}

func (p Polygon) finite() bool {
	for _, part := range p {
		if !part.Outer.finite() {
			return false
		}
		for _, h := range part.Holes {
			if !h.finite() {
				return false
			}
		}
	}
	return true
}

// simplifier holds the rings of a polygon, each turned so that it begins with its leftmost point.
type simplifier struct {
	maxError float64
	rings    []Ring
	done     int           // rings that next has returned
	uses     map[Point]int // how often each point occurs; rings may touch in points
	grid     map[[2]int32][]gridPoint
	cell     float64
	origin   Point
}

type gridPoint struct{ ring, index int32 }

func (s *simplifier) add(r Ring) {
	first := 0
	for i, p := range r {
		s.uses[p]++
		if q := r[first]; p.X < q.X || p.X == q.X && p.Y < q.Y {
			first = i
		}
	}
	turned := make(Ring, 0, len(r)+1)
	turned = append(append(turned, r[first:]...), r[:first]...)
	s.rings = append(s.rings, turned)
}

// buildGrid sorts the points into cells of about two points each, so that those near a stretch are found
// without looking at all.
func (s *simplifier) buildGrid(b Box) {
	n := 0
	for _, r := range s.rings {
		n += len(r)
	}
	s.origin = Point{b.X0, b.Y0}
	s.cell = max(1, math.Sqrt(2*max(b.Area(), 1)/float64(max(n, 1))), max(b.W(), b.H())/(1<<20))
	s.grid = make(map[[2]int32][]gridPoint, n/2)
	for i, r := range s.rings {
		for j, p := range r {
			c := s.cellOf(p)
			s.grid[c] = append(s.grid[c], gridPoint{int32(i), int32(j)})
		}
	}
}

// bounds returns the box around all rings, holes that stick out of their parts too.
func (s *simplifier) bounds() Box {
	var ends []Point
	for _, r := range s.rings {
		b := r.Bounds()
		ends = append(ends, Point{b.X0, b.Y0}, Point{b.X1, b.Y1})
	}
	return boundsOf(ends)
}

func (s *simplifier) cellOf(p Point) [2]int32 {
	return [2]int32{int32((p.X - s.origin.X) / s.cell), int32((p.Y - s.origin.Y) / s.cell)}
}

// next simplifies the next ring. Three of its points, as far apart as can be, are kept for certain, so that
// a ring stays a ring.
func (s *simplifier) next() Ring {
	number := s.done
	s.done++
	ring := s.rings[number]
	second, third := corners(ring)
	if third == 0 {
		return ring // all on one line; there is nothing to make of it
	}
	kept := make([]bool, len(ring)+1)
	c := chain{number, append(ring, ring[0]), kept}
	kept[0] = true
	s.split(c, 0, min(second, third))
	s.split(c, min(second, third), max(second, third))
	s.split(c, max(second, third), len(ring))
	out := make(Ring, 0, len(ring))
	for i, p := range ring {
		if kept[i] {
			out = append(out, p)
		}
	}
	return out
}

// corners returns the point farthest from the first, and the one farthest from the line between the two; 0
// when there is none.
func corners(r Ring) (second, third int) {
	far, wide := 0.0, 0.0
	for i, p := range r {
		if d := p.Distance(r[0]); d > far {
			second, far = i, d
		}
	}
	for i, p := range r {
		if d := math.Abs(cross(r[0], r[second], p)); d > wide {
			third, wide = i, d
		}
	}
	return second, third
}

// chain is a ring whose first point comes again at its end, and which of its points stay.
type chain struct {
	ring int
	pts  Ring
	kept []bool
}

// split decides which points between a and b stay, and keeps b.
func (s *simplifier) split(c chain, a, b int) {
	c.kept[b] = true
	for b-a > 1 {
		far, middle := 0.0, (a+b)/2
		for i := a + 1; i < b; i++ {
			if d := segmentDistance(c.pts[i], c.pts[a], c.pts[b]); d > far {
				far, middle = d, i
			}
		}
		if far <= s.maxError && s.clear(c, a, b) {
			return
		}
		s.split(c, a, middle)
		a = middle
	}
}

// clear reports whether a straight line can take the place of the stretch from a to b.
func (s *simplifier) clear(c chain, a, b int) bool {
	pts := c.pts[a : b+1]
	from, to := pts[0], pts[len(pts)-1]
	if s.uses[from] > 1 && s.uses[to] > 1 {
		return false // another ring may have the same line between these two
	}
	box := boundsOf(pts)
	lo, hi := s.cellOf(Point{box.X0, box.Y0}), s.cellOf(Point{box.X1, box.Y1})
	for x := lo[0]; x <= hi[0]; x++ {
		for y := lo[1]; y <= hi[1]; y++ {
			for _, g := range s.grid[[2]int32{x, y}] {
				i := int(g.index)
				own := int(g.ring) == c.ring && (i >= a && i <= b || i == 0 && b == len(c.pts)-1)
				if !own && inTheWay(s.rings[g.ring][i], pts) {
					return false
				}
			}
		}
	}
	return true
}

// inTheWay reports whether p lies between a stretch of outline and the straight line that is to take its
// place, or on either. Touching the ends, which stay, does no harm.
func inTheWay(p Point, pts Ring) bool {
	from, to := pts[0], pts[len(pts)-1]
	if p == from || p == to {
		return false
	}
	winding := 0
	for i, a := range pts {
		b := from
		if i+1 < len(pts) {
			b = pts[i+1]
		}
		side := cross(a, b, p)
		if side == 0 && between(p, a, b) {
			return true
		}
		switch {
		case a.Y <= p.Y && b.Y > p.Y && side > 0:
			winding++
		case a.Y > p.Y && b.Y <= p.Y && side < 0:
			winding--
		}
	}
	return winding != 0
}

// between reports whether p, on the line through a and b, is not beyond either.
func between(p, a, b Point) bool {
	return p.X >= min(a.X, b.X) && p.X <= max(a.X, b.X) && p.Y >= min(a.Y, b.Y) && p.Y <= max(a.Y, b.Y)
}

// cross is twice the signed area of the triangle a, b, p.
func cross(a, b, p Point) float64 { return (b.X-a.X)*(p.Y-a.Y) - (b.Y-a.Y)*(p.X-a.X) }
