package annot

import "image"

// Mask is a set of whole pixels, held as run lengths over a crop of the photo. Runs are column-major and
// begin with a run of pixels outside the set (which may be 0 long), as in COCO's RLE, so that set
// operations and areas are exact sums over runs and never touch a bitmap.
//
// A Mask is a value that is never changed in place: every operation returns a new one.
type Mask struct {
	rect image.Rectangle
	runs []uint32
}

// NewMask builds a mask over rect from a row-major bitmap of rect.Dx() × rect.Dy() bytes, where any
// non-zero byte is in the set. It panics when bits has another length. The crop is kept as given.
func NewMask(rect image.Rectangle, bits []byte) Mask {
	w, h := rect.Dx(), rect.Dy()
	if len(bits) != w*h {
		panic("annot: bitmap does not fit the mask's rectangle")
	}
	var runs []uint32
	run, inside := uint32(0), false
	for x := range w {
		for i := x; i < len(bits); i += w {
			if (bits[i] != 0) != inside {
				runs = append(runs, run)
				run, inside = 0, !inside
			}
			run++
		}
	}
	if run > 0 {
		runs = append(runs, run)
	}
	return Mask{rect, runs}
}

// Rect returns the crop, in whole photo pixels, that the runs cover.
func (m Mask) Rect() image.Rectangle { return m.rect }

// Runs returns the run lengths over the crop. The caller must not change them.
func (m Mask) Runs() []uint32 { return m.runs }

// Area returns the exact number of pixels in the set.
func (m Mask) Area() int {
	n := 0
	for i := 1; i < len(m.runs); i += 2 {
		n += int(m.runs[i])
	}
	return n
}

// Bitmap writes the crop row-major into dst, 1 in the set and 0 outside, and returns it; dst is grown
// when it is too short.
func (m Mask) Bitmap(dst []byte) []byte {
	w, h := m.rect.Dx(), m.rect.Dy()
	if cap(dst) < w*h {
		dst = make([]byte, w*h)
	}
	dst = dst[:w*h]
	clear(dst)
	at := 0
	for i, r := range m.runs {
		if i%2 == 1 {
			for p := at; p < at+int(r); p++ {
				dst[p%h*w+p/h] = 1
			}
		}
		at += int(r)
	}
	return dst
}

// Bounds returns the crop as a box; the set itself may be smaller.
func (m Mask) Bounds() Box {
	r := m.rect
	return Box{float64(r.Min.X), float64(r.Min.Y), float64(r.Max.X), float64(r.Max.Y)}
}
