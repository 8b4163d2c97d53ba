package annot

import (
	"iter"
	"slices"
)

// The outline of a mask runs along the cracks between pixels. Every span has two horizontal edges, its
// top, walked to the right, and its bottom, walked to the left, so that the set is always on the right
// hand. Edge 2i is the top of span i and edge 2i+1 its bottom. Where edges end, on the line between two
// columns, a vertical walk of any length, even none, leads to the start of the next.

// tracer links the edges of a mask to outlines.
type tracer struct {
	spans []Span
	next  []int32 // the edge that follows each edge
	// pinched tells that two outlines, or two turns of one, meet in a corner somewhere.
	pinched bool
}

// wall is a vertical piece of outline that the scan of a crack line is on.
type wall struct {
	edge int32 // where it comes from, or leads to when it goes up
	kind int8
}

const (
	noWall int8 = iota
	wallDown
	wallUp
)

func (m Mask) tracer() *tracer {
	t := &tracer{spans: slices.Collect(m.Spans())}
	t.next = make([]int32, 2*len(t.spans))
	for l, r := 0, 0; l < len(t.spans); {
		// Line x has the spans [l, mid) on its left and [mid, r) on its right; either may be none.
		x := t.spans[l].X + 1
		mid := l
		for mid < len(t.spans) && t.spans[mid].X < x {
			mid++
		}
		if l == 0 || t.spans[l-1].X < x-2 {
			t.scan(l, l, mid) // the line left of a column that has nothing on its left
		}
		for r = mid; r < len(t.spans) && t.spans[r].X == x; {
			r++
		}
		t.scan(l, mid, r)
		l = mid
	}
	return t
}

// scan goes down one crack line and links the edges that end on it, those of spans[l:mid] on its left and
// of spans[mid:r] on its right, to the edges that start on it.
func (t *tracer) scan(l, mid, r int) {
	left, right := 2*l, 2*mid
	endLeft, endRight := 2*mid, 2*r
	var w wall
	for left < endLeft || right < endRight {
		atLeft := left < endLeft && (right >= endRight || t.y(left) <= t.y(right))
		atRight := right < endRight && (left >= endLeft || t.y(right) <= t.y(left))
		switch {
		case atLeft && atRight:
			w = t.meet(int32(left), int32(right), w)
			left++
			right++
		case atLeft:
			w = t.turnLeft(int32(left), w)
			left++
		default:
			w = t.turnRight(int32(right), w)
			right++
		}
	}
}

// y returns the height of an edge.
func (t *tracer) y(edge int) int {
	s := t.spans[edge/2]
	if edge%2 == 0 {
		return s.Y0
	}
	return s.Y1
}

// turnLeft handles a point where only the left column changes: its top comes in, its bottom goes out.
func (t *tracer) turnLeft(e int32, w wall) wall {
	top := e%2 == 0
	switch {
	case w.kind == wallUp && top: // the wall above has only the right inside, below both are
		t.next[e] = w.edge
	case w.kind == wallDown && !top:
		t.next[w.edge] = e
	case top:
		return wall{e, wallDown}
	default:
		return wall{e, wallUp}
	}
	return wall{}
}

// turnRight handles a point where only the right column changes: its top goes out, its bottom comes in.
func (t *tracer) turnRight(e int32, w wall) wall {
	top := e%2 == 0
	switch {
	case w.kind == wallUp && !top:
		t.next[e] = w.edge
	case w.kind == wallDown && top:
		t.next[w.edge] = e
	case top:
		return wall{e, wallUp}
	default:
		return wall{e, wallDown}
	}
	return wall{}
}

// meet handles a point where both columns change. When they change the same way the edges run straight
// on. Otherwise two pixels of the set touch in a corner: each turn stays with its own pixel.
func (t *tracer) meet(l, r int32, w wall) wall {
	leftTop, rightTop := l%2 == 0, r%2 == 0
	switch {
	case leftTop && rightTop:
		t.next[l] = r
		return w
	case !leftTop && !rightTop:
		t.next[r] = l
		return w
	case leftTop: // below left and above right
		t.pinched = true
		t.next[r] = w.edge
		return wall{l, wallDown}
	default: // above left and below right
		t.pinched = true
		t.next[w.edge] = l
		return wall{r, wallUp}
	}
}

// start and end of an edge.
func (t *tracer) start(e int32) Point {
	s := t.spans[e/2]
	if e%2 == 0 {
		return Point{float64(s.X), float64(s.Y0)}
	}
	return Point{float64(s.X + 1), float64(s.Y1)}
}

func (t *tracer) end(e int32) Point {
	s := t.spans[e/2]
	if e%2 == 0 {
		return Point{float64(s.X + 1), float64(s.Y0)}
	}
	return Point{float64(s.X), float64(s.Y1)}
}

// Trace returns the outline of the set along the sides of its pixels: one part for each piece connected
// by sides, with its holes. The polygon is exact: its area is the number of pixels, and rasterising it
// gives the same set. Outlines run clockwise on the screen and holes the other way; no ring touches
// itself, rings touch others in corners at most, and points on straight stretches are left out.
func (m Mask) Trace() Polygon {
	t := m.tracer()
	label, count := t.label(false)
	parts := make(Polygon, count)
	seen := make([]bool, len(t.next))
	for e := range int32(len(t.next)) {
		if seen[e] {
			continue
		}
		part := &parts[label[e/2]]
		for _, ring := range t.walk(e, seen) {
			if ring.SignedArea() > 0 {
				part.Outer = ring
			} else {
				part.Holes = append(part.Holes, ring)
			}
		}
	}
	return parts
}

// walk follows the outline from an edge back to it.
func (t *tracer) walk(from int32, seen []bool) []Ring {
	var ring Ring
	for e := from; !seen[e]; e = t.next[e] {
		seen[e] = true
		p, q := t.end(e), t.start(t.next[e])
		if p != q {
			ring = append(ring, p, q)
		}
	}
	if !t.pinched {
		return []Ring{ring}
	}
	return splitRing(ring)
}

// splitRing cuts an outline that passes a point twice into outlines that do not.
func splitRing(ring Ring) []Ring {
	var rings []Ring
	var path Ring
	at := make(map[Point]int, len(ring))
	for _, p := range ring {
		if i, ok := at[p]; ok {
			rings = append(rings, slices.Clone(path[i:]))
			for _, q := range path[i:] {
				delete(at, q)
			}
			path = path[:i]
		}
		at[p] = len(path)
		path = append(path, p)
	}
	return append(rings, path)
}

// crack is one straight piece of outline.
type crack struct{ a, b Point }

// cracks yields the outline in pieces, in no order.
func (m Mask) cracks() iter.Seq[crack] {
	return func(yield func(crack) bool) {
		t := m.tracer()
		for e := range int32(len(t.next)) {
			if !yield(crack{t.start(e), t.end(e)}) {
				return
			}
			if p, q := t.end(e), t.start(t.next[e]); p != q && !yield(crack{p, q}) {
				return
			}
		}
	}
}

// Components returns the connected pieces of the set, in the order of their leftmost, then topmost pixels,
// each with a tight crop. Pixels are connected by their sides, or with diagonal set by corners too.
func (m Mask) Components(diagonal bool) []Mask {
	t := &tracer{spans: slices.Collect(m.Spans())}
	label, count := t.label(diagonal)
	pieces := make([][]Span, count)
	for i, s := range t.spans {
		pieces[label[i]] = append(pieces[label[i]], s)
	}
	masks := make([]Mask, count)
	for i, spans := range pieces {
		masks[i] = maskOfSpans(spans)
	}
	return masks
}

// maskOfSpans returns the mask of spans in the order of Spans, with a tight crop.
func maskOfSpans(spans []Span) Mask {
	first, last := spans[0], spans[len(spans)-1]
	w := spanWriter{}
	w.rect.Min.X, w.rect.Max.X = first.X, last.X+1
	w.rect.Min.Y, w.rect.Max.Y = first.Y0, first.Y1
	for _, s := range spans {
		w.rect.Min.Y, w.rect.Max.Y = min(w.rect.Min.Y, s.Y0), max(w.rect.Max.Y, s.Y1)
	}
	for _, s := range spans {
		w.add(s)
	}
	return w.mask()
}

// label numbers the connected pieces from 0 in the order of their first spans.
func (t *tracer) label(diagonal bool) (label []int32, count int) {
	root := make([]int32, len(t.spans))
	find := func(i int32) int32 {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	reach := 0
	if diagonal {
		reach = 1
	}
	l := 0
	for i, s := range t.spans {
		root[i] = int32(i)
		for l < i && (t.spans[l].X < s.X-1 || t.spans[l].X == s.X-1 && t.spans[l].Y1+reach <= s.Y0) {
			l++
		}
		for j := l; j < i && t.spans[j].X == s.X-1 && t.spans[j].Y0 < s.Y1+reach; j++ {
			a, b := find(int32(j)), find(int32(i))
			root[max(a, b)] = min(a, b)
		}
	}
	label = make([]int32, len(t.spans))
	for i := range label {
		if r := find(int32(i)); r == int32(i) {
			label[i] = int32(count)
			count++
		} else {
			label[i] = label[r]
		}
	}
	return label, count
}
