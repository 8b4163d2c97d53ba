package annot

import (
	"container/heap"
	"math"
)

// Simplify returns the polygon with fewer points: no point of the old outline is farther than maxError
// pixels from the new one, and none of the new from the old. Points are only ever left out, so all that
// remain were there before.
//
// A point goes only if the triangle between it and its neighbours holds no other point of the whole
// polygon. So outlines that did not cross still do not, holes stay in their parts, and no part vanishes
// (de Berg, van Kreveld, Schirra: "A new approach to subdivision simplification", 1995, give the argument).
// The polygon is returned as it is when maxError is not positive or a coordinate is not finite.
func (p Polygon) Simplify(maxError float64) Polygon {
	if !(maxError > 0) || !p.finite() {
		return p
	}
	s := &simplifier{maxError: maxError}
	for _, part := range p {
		s.addRing(part.Outer)
		for _, h := range part.Holes {
			s.addRing(h)
		}
	}
	s.buildGrid(p.Bounds())
	s.run()
	out := make(Polygon, len(p))
	n := 0
	for i, part := range p {
		out[i].Outer = s.ring(n)
		n++
		for range part.Holes {
			out[i].Holes = append(out[i].Holes, s.ring(n))
			n++
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

// simplifier holds the points of all rings as linked circles.
type simplifier struct {
	maxError float64
	pts      []simplePoint
	rings    []simpleRing
	queue    simpleQueue
	grid     map[[2]int32][]int32
	cell     float64
	origin   Point
}

type simplePoint struct {
	Point
	prev, next int32 // neighbours that are left
	ring       int32
	gone       bool
	stamp      int32 // counts the changes of the neighbours; older entries of the queue are stale
}

type simpleRing struct{ from, to, left int32 }

type candidate struct {
	cost  float64 // how far the outline would move if the point went
	point int32
	stamp int32
}

type simpleQueue []candidate

func (q simpleQueue) Len() int { return len(q) }
func (q simpleQueue) Less(i, j int) bool {
	if q[i].cost != q[j].cost {
		return q[i].cost < q[j].cost
	}
	return q[i].point < q[j].point
}
func (q simpleQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *simpleQueue) Push(x any)   { *q = append(*q, x.(candidate)) }
func (q *simpleQueue) Pop() any {
	last := len(*q) - 1
	c := (*q)[last]
	*q = (*q)[:last]
	return c
}

func (s *simplifier) addRing(r Ring) {
	from := int32(len(s.pts))
	n := int32(len(r))
	for i, p := range r {
		i := int32(i)
		s.pts = append(s.pts, simplePoint{
			Point: p, ring: int32(len(s.rings)),
			prev: from + (i+n-1)%n, next: from + (i+1)%n,
		})
	}
	s.rings = append(s.rings, simpleRing{from, from + n, n})
}

func (s *simplifier) ring(i int) Ring {
	r := s.rings[i]
	out := make(Ring, 0, r.left)
	for j := r.from; j < r.to; j++ {
		if !s.pts[j].gone {
			out = append(out, s.pts[j].Point)
		}
	}
	return out
}

// buildGrid sorts the points into cells of about two points each, so that those in a triangle are found
// without looking at all.
func (s *simplifier) buildGrid(b Box) {
	s.origin = Point{b.X0, b.Y0}
	s.cell = max(1, math.Sqrt(2*max(b.Area(), 1)/float64(max(len(s.pts), 1))), max(b.W(), b.H())/(1<<20))
	s.grid = make(map[[2]int32][]int32, len(s.pts)/2)
	for i, p := range s.pts {
		c := s.cellOf(p.Point)
		s.grid[c] = append(s.grid[c], int32(i))
	}
}

func (s *simplifier) cellOf(p Point) [2]int32 {
	return [2]int32{int32((p.X - s.origin.X) / s.cell), int32((p.Y - s.origin.Y) / s.cell)}
}

func (s *simplifier) run() {
	for i := range s.pts {
		s.push(int32(i))
	}
	for s.queue.Len() > 0 {
		c := heap.Pop(&s.queue).(candidate)
		p := &s.pts[c.point]
		if p.gone || p.stamp != c.stamp || s.rings[p.ring].left <= 3 || s.blocked(c.point) {
			continue
		}
		p.gone = true
		s.rings[p.ring].left--
		s.drop(c.point)
		s.pts[p.prev].next, s.pts[p.next].prev = p.next, p.prev
		s.push(p.prev)
		s.push(p.next)
	}
}

// push queues the removal of a point when it would not move the outline too far.
func (s *simplifier) push(i int32) {
	p := &s.pts[i]
	p.stamp++
	if cost := s.deviation(p.prev, p.next); cost <= s.maxError {
		heap.Push(&s.queue, candidate{cost, i, p.stamp})
	}
}

// deviation returns how far the old outline between two points of a ring is from the straight line, or
// something above the allowed error as soon as that is clear.
func (s *simplifier) deviation(a, b int32) float64 {
	r := s.rings[s.pts[a].ring]
	pa, pb := s.pts[a].Point, s.pts[b].Point
	worst := 0.0
	for i := a; worst <= s.maxError; {
		if i++; i == r.to {
			i = r.from
		}
		if i == b {
			break
		}
		worst = max(worst, segmentDistance(s.pts[i].Point, pa, pb))
	}
	return worst
}

// drop takes a point out of the grid.
func (s *simplifier) drop(i int32) {
	c := s.cellOf(s.pts[i].Point)
	cell := s.grid[c]
	for k, j := range cell {
		if j == i {
			cell[k] = cell[len(cell)-1]
			s.grid[c] = cell[:len(cell)-1]
			return
		}
	}
}

// blocked reports whether another point lies in or on the triangle of a point and its neighbours, or the
// line between the neighbours is an edge already.
func (s *simplifier) blocked(i int32) bool {
	p := s.pts[i]
	a, b, c := s.pts[p.prev].Point, p.Point, s.pts[p.next].Point
	box := boundsOf([]Point{a, b, c})
	lo, hi := s.cellOf(Point{box.X0, box.Y0}), s.cellOf(Point{box.X1, box.Y1})
	for x := lo[0]; x <= hi[0]; x++ {
		for y := lo[1]; y <= hi[1]; y++ {
			for _, j := range s.grid[[2]int32{x, y}] {
				if j != i && j != p.prev && j != p.next && s.inTheWay(j, a, b, c) {
					return true
				}
			}
		}
	}
	return false
}

func (s *simplifier) inTheWay(j int32, a, b, c Point) bool {
	q := s.pts[j]
	switch q.Point {
	case a:
		return s.pts[q.prev].Point == c || s.pts[q.next].Point == c
	case c:
		return s.pts[q.prev].Point == a || s.pts[q.next].Point == a
	}
	return inTriangle(q.Point, a, b, c)
}

// inTriangle reports whether p lies in the triangle or on its sides.
func inTriangle(p, a, b, c Point) bool {
	d, e, f := cross(a, b, p), cross(b, c, p), cross(c, a, p)
	if d == 0 && e == 0 && f == 0 { // all on one line
		box := boundsOf([]Point{a, b, c})
		return p.X >= box.X0 && p.X <= box.X1 && p.Y >= box.Y0 && p.Y <= box.Y1
	}
	return d >= 0 && e >= 0 && f >= 0 || d <= 0 && e <= 0 && f <= 0
}

// cross is twice the signed area of the triangle a, b, p.
func cross(a, b, p Point) float64 { return (b.X-a.X)*(p.Y-a.Y) - (b.Y-a.Y)*(p.X-a.X) }
