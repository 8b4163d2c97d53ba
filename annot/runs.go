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
		h := m.rect.Dy()
		at := 0
		for i, r := range m.runs {
			end := at + int(r)
			if i%2 == 1 && !spansOf(m.rect, h, at, end, yield) {
				return
			}
			at = end
		}
	}
}

// spansOf cuts the run of pixels [at, end), counted down the columns of rect, at the columns' ends.
func spansOf(rect image.Rectangle, h, at, end int, yield func(Span) bool) bool {
	for at < end {
		x, y := at/h, at%h
		n := min(end-at, h-y)
		if !yield(Span{rect.Min.X + x, rect.Min.Y + y, rect.Min.Y + y + n}) {
			return false
		}
		at += n
	}
	return true
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
