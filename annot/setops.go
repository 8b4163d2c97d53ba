package annot

import (
	"image"
	"math"
	"slices"
)

// Empty reports whether no pixel is in the set.
func (m Mask) Empty() bool {
	for i := 1; i < len(m.runs); i += 2 {
		if m.runs[i] > 0 {
			return false
		}
	}
	return true
}

// Equal reports whether both masks hold the same pixels, whatever their crops.
func (m Mask) Equal(o Mask) bool {
	if m.rect == o.rect {
		return slices.Equal(m.runs, o.runs)
	}
	a, b := m.cursor(), o.cursor()
	for {
		s, more := a.next()
		t, too := b.next()
		if s != t || more != too {
			return false
		}
		if !more {
			return true
		}
	}
}

// Contains reports whether the pixel that p lies in is in the set.
func (m Mask) Contains(p Point) bool {
	x, y := math.Floor(p.X), math.Floor(p.Y)
	r := m.rect
	if !(x >= float64(r.Min.X) && x < float64(r.Max.X) && y >= float64(r.Min.Y) && y < float64(r.Max.Y)) {
		return false
	}
	at := (int(x)-r.Min.X)*r.Dy() + int(y) - r.Min.Y
	for i, n := range m.runs {
		if at < int(n) {
			return i%2 == 1
		}
		at -= int(n)
	}
	return false
}

// Union returns the pixels in either mask, over the smallest crop that holds both crops.
func (m Mask) Union(o Mask) Mask {
	switch {
	case m.rect.Empty():
		return o
	case o.rect.Empty():
		return m
	}
	return combine(m, o, m.rect.Union(o.rect), func(a, b bool) bool { return a || b })
}

// Intersect returns the pixels in both masks, over what their crops share.
func (m Mask) Intersect(o Mask) Mask {
	return combine(m, o, m.rect.Intersect(o.rect), func(a, b bool) bool { return a && b })
}

// Subtract returns the pixels of m that are not in o, over the crop of m.
func (m Mask) Subtract(o Mask) Mask {
	if !m.rect.Overlaps(o.rect) {
		return m
	}
	return combine(m, o, m.rect, func(a, b bool) bool { return a && !b })
}

// Clip returns the part of the mask inside a photo of w × h pixels.
func (m Mask) Clip(w, h int) Mask {
	r := m.rect.Intersect(image.Rectangle{Max: image.Pt(max(w, 0), max(h, 0))})
	if r.Empty() {
		return Mask{}
	}
	return m.reframe(r)
}

// UnionAll returns the pixels in any of the masks.
func UnionAll(masks ...Mask) Mask {
	switch len(masks) {
	case 0:
		return Mask{}
	case 1:
		return masks[0]
	}
	// Halving keeps the work near linear where adding one after the other would be quadratic.
	half := len(masks) / 2
	return UnionAll(masks[:half]...).Union(UnionAll(masks[half:]...))
}

// combine applies a set operation over rect, run by run.
func combine(m, o Mask, rect image.Rectangle, keep func(a, b bool) bool) Mask {
	if rect.Empty() {
		return Mask{}
	}
	a, b := m.reframe(rect).runs, o.reframe(rect).runs
	out := runWriter{runs: make([]uint32, 0, len(a)+len(b))}
	var inA, inB bool
	var i, j, na, nb int
	for {
		for na == 0 && i < len(a) {
			na, inA = int(a[i]), i%2 == 1
			i++
		}
		for nb == 0 && j < len(b) {
			nb, inB = int(b[j]), j%2 == 1
			j++
		}
		n := min(na, nb)
		if n == 0 {
			return Mask{rect, out.done()}
		}
		out.add(n, keep(inA, inB))
		na -= n
		nb -= n
	}
}

// Overlap returns the number of pixels in both masks, without building their intersection.
func (m Mask) Overlap(o Mask) int {
	if !m.rect.Overlaps(o.rect) {
		return 0
	}
	n := 0
	a, b := m.cursor(), o.cursor()
	s, more := a.next()
	t, too := b.next()
	for more && too {
		if s.X == t.X {
			n += max(0, min(s.Y1, t.Y1)-max(s.Y0, t.Y0))
		}
		if s.X < t.X || s.X == t.X && s.Y1 <= t.Y1 {
			s, more = a.next()
		} else {
			t, too = b.next()
		}
	}
	return n
}

// IoU returns intersection over union, in [0, 1]; 0 when the masks share nothing. When o is a crowd, the
// divisor is the area of m alone, as for COCO's iscrowd (rleIou in cocoapi's maskApi.c).
func (m Mask) IoU(o Mask, crowd bool) float64 {
	inter := m.Overlap(o)
	if inter == 0 {
		return 0
	}
	union := m.Area()
	if !crowd {
		union += o.Area() - inter
	}
	return float64(inter) / float64(union)
}
