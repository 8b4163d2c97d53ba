package annot

import (
	"image"
	"iter"
	"math"
)

// Span is a vertical line of pixels (X, Y0) … (X, Y1-1) in photo pixels.
type Span struct{ X, Y0, Y1 int }

// Spans yields the pixels of the set as vertical spans, column by column from the left and downwards in
// each. Spans of one column never touch.
func (m Mask) Spans() iter.Seq[Span] {
	return func(yield func(Span) bool) {
		c := m.cursor()
		for s, ok := c.next(); ok; s, ok = c.next() {
			if !yield(s) {
				return
			}
		}
	}
}

// cursor walks the spans of a mask. It is Spans turned inside out, for loops over two masks.
type cursor struct {
	runs []uint32
	x, y int // where the walk stands
	top  int
	h    int
	left int // pixels left of the current run of the set
}

func (m Mask) cursor() cursor {
	return cursor{runs: m.runs, x: m.rect.Min.X, top: m.rect.Min.Y, h: m.rect.Dy()}
}

func (c *cursor) next() (Span, bool) {
	for c.left == 0 {
		if len(c.runs) < 2 {
			return Span{}, false
		}
		c.skip(int(c.runs[0]))
		c.left = int(c.runs[1])
		c.runs = c.runs[2:]
	}
	n := min(c.left, c.h-c.y)
	s := Span{c.x, c.top + c.y, c.top + c.y + n}
	c.left -= n
	c.skip(n)
	return s, true
}

func (c *cursor) skip(n int) {
	c.y += n
	if c.y >= c.h {
		c.x += c.y / c.h
		c.y %= c.h
	}
}

// runWriter collects runs and keeps them canonical: they alternate, start with the outside, and no run
// but the first is empty. (One longer than a uint32 is continued after an empty run, which is valid RLE.)
type runWriter struct {
	runs   []uint32
	n      int
	inside bool
}

func (w *runWriter) add(n int, inside bool) {
	if n == 0 {
		return
	}
	if inside != w.inside {
		w.flush()
		w.inside = inside
	}
	w.n += n
}

func (w *runWriter) flush() {
	for w.n > math.MaxUint32 {
		w.runs = append(w.runs, math.MaxUint32, 0)
		w.n -= math.MaxUint32
	}
	w.runs = append(w.runs, uint32(w.n))
	w.n = 0
}

func (w *runWriter) done() []uint32 {
	if w.n > 0 {
		w.flush()
	}
	return w.runs
}

// spanWriter turns spans, given in the order of Spans, into the runs of a mask over rect. Spans may touch
// and overlap; what lies outside rect is cut off.
type spanWriter struct {
	rect image.Rectangle
	at   int // pixels written
	out  runWriter
}

func (w *spanWriter) add(s Span) {
	y0, y1 := max(s.Y0, w.rect.Min.Y), min(s.Y1, w.rect.Max.Y)
	if s.X < w.rect.Min.X || s.X >= w.rect.Max.X || y0 >= y1 {
		return
	}
	column := (s.X-w.rect.Min.X)*w.rect.Dy() - w.rect.Min.Y
	from, to := max(column+y0, w.at), column+y1
	if to <= from {
		return
	}
	w.out.add(from-w.at, false)
	w.out.add(to-from, true)
	w.at = to
}

func (w *spanWriter) mask() Mask {
	if w.rect.Empty() {
		return Mask{}
	}
	w.out.add(w.rect.Dx()*w.rect.Dy()-w.at, false)
	return Mask{w.rect, w.out.done()}
}

// reframe returns the same set, cut to another crop.
func (m Mask) reframe(rect image.Rectangle) Mask {
	if rect == m.rect {
		return m
	}
	return m.rewrite(rect)
}

// rewrite is reframe with runs that are fresh and canonical, whatever m's are.
func (m Mask) rewrite(rect image.Rectangle) Mask {
	w := spanWriter{rect: rect}
	w.out.runs = make([]uint32, 0, len(m.runs)+2)
	for s := range m.Spans() {
		w.add(s)
	}
	return w.mask()
}

// TightBounds returns the smallest rectangle that holds every pixel of the set, empty for an empty set.
// For a set within a photo it is the bounding box of COCO's mask API (rleToBbox in cocoapi's maskApi.c).
func (m Mask) TightBounds() image.Rectangle {
	var r image.Rectangle
	first := true
	for s := range m.Spans() {
		if first {
			r = image.Rect(s.X, s.Y0, s.X+1, s.Y1)
			first = false
		}
		r.Max.X = s.X + 1
		r.Min.Y, r.Max.Y = min(r.Min.Y, s.Y0), max(r.Max.Y, s.Y1)
	}
	return r
}

// Trim returns the same set over the tightest crop; the zero Mask for an empty set.
func (m Mask) Trim() Mask { return m.reframe(m.TightBounds()) }
