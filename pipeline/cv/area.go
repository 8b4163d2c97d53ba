package cv

// #cgo CFLAGS: -O3
// #cgo LDFLAGS: -lm
// #include "area.h"
import "C"

import (
	"image"
	"math"
	"unsafe"
)

// shrinker is cv::resize with INTER_AREA for RGBA, with the same result to the last bit and about four times
// as fast: OpenCV's loop for scales that are no whole numbers (ResizeArea_Invoker in its resize.cpp) adds
// one colour at a time, this one a pixel's four at once.
type shrinker struct {
	x, y      []tap
	from, to  image.Point // what x and y are for
	rows, sum []float32
	narrow    bool // never use the processor's wide vectors
}

// tap has the layout of struct saysee_tap.
type tap struct {
	from, to int32
	weight   float32
}

// can reports whether the case is the shrinker's; OpenCV does the others differently, and fast.
func (*shrinker) can(from, to image.Point, by Interp) bool {
	if by != Area || to.X > from.X || to.Y > from.Y {
		return false
	}
	whole := func(f float64) bool { return math.Abs(f-math.RoundToEven(f)) < 2.220446049250313e-16 }
	return !whole(scale(from.X, to.X)) || !whole(scale(from.Y, to.Y))
}

// scale is computed by way of its inverse, as in cv::resize.
func scale(from, to int) float64 { return 1 / (float64(to) / float64(from)) }

// shrink fills the top-left part of canvas, whose rows are stride bytes apart, with src[crop] scaled to to.
// The caller has checked that all rectangles fit.
func (s *shrinker) shrink(canvas []byte, stride int, src *image.RGBA, crop image.Rectangle, to image.Point) {
	if from := crop.Size(); from != s.from || to != s.to {
		s.x, s.y = taps(s.x[:0], from.X, to.X), taps(s.y[:0], from.Y, to.Y)
		s.from, s.to = from, to
		// A tap that adds to no pixel ends each row.
		s.x = append(s.x, tap{to: -1})
	}
	if len(s.sum) < 4*to.X {
		s.rows, s.sum = aligned(16*to.X), aligned(4*to.X)
	}
	C.saysee_area(
		(*C.uint8_t)(&canvas[0]), C.size_t(stride),
		(*C.uint8_t)(&src.Pix[src.PixOffset(crop.Min.X, crop.Min.Y)]), C.size_t(src.Stride), C.int(to.X),
		(*C.struct_saysee_tap)(unsafe.Pointer(&s.x[0])), (*C.struct_saysee_tap)(unsafe.Pointer(&s.y[0])), C.int(len(s.y)),
		(*C.float)(&s.rows[0]), (*C.float)(&s.sum[0]), s.wide())
}

// hasWide is the processor's answer, asked once.
var hasWide = C.saysee_wide() != 0

func (s *shrinker) wide() C.int {
	if hasWide && !s.narrow {
		return 1
	}
	return 0
}

// aligned makes n floats that start at a multiple of 16 bytes.
func aligned(n int) []float32 {
	s := make([]float32, n+3)
	for uintptr(unsafe.Pointer(&s[0]))%16 != 0 {
		s = s[1:]
	}
	return s
}

// taps appends the weights of shrinking from to to pixels (computeResizeAreaTab in OpenCV's resize.cpp).
func taps(t []tap, from, to int) []tap {
	const least = 1e-3 // smaller parts of a pixel are left out
	scale := scale(from, to)
	for i := range to {
		start := float64(i) * scale
		end := start + scale
		width := min(scale, float64(from)-start)
		last := min(int(math.Floor(end)), from-1)
		first := min(int(math.Ceil(start)), last)
		add := func(at int, weight float64) {
			t = append(t, tap{int32(at), int32(i), float32(weight)})
		}
		if part := float64(first) - start; part > least {
			add(first-1, part/width)
		}
		for at := first; at < last; at++ {
			add(at, 1/width)
		}
		if part := end - float64(last); part > least {
			add(last, min(part, 1, width)/width)
		}
	}
	return t
}
