package prep

import (
	"fmt"
	"image"
	"math"

	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/pipeline/cv"
)

// filter is one of Pillow's resampling filters: its weights, and how far they reach in pixels of the larger
// picture (python-pillow/Pillow, src/libImaging/Resample.c).
type filter struct {
	weight func(x float64) float64
	reach  float64
}

// bilinear and bicubic widen with the factor that a picture shrinks by, so that every pixel of it counts.
var (
	bilinear = filter{func(x float64) float64 { return max(1-math.Abs(x), 0) }, 1}
	bicubic  = filter{func(x float64) float64 {
		const a = -0.5
		switch x = math.Abs(x); {
		case x < 1:
			return ((a+2)*x-(a+3))*x*x + 1
		case x < 2:
			return (((x-5)*x+8)*x - 4) * a
		}
		return 0
	}, 2}
)

// precision is how many bits of fraction Pillow gives a weight: sums are whole numbers, and the same everywhere.
const precision = 32 - 8 - 2

// tap says which pixels one pixel is made of.
type tap struct {
	from    int
	weights []int32
}

// taps returns those of the pixels from first up to before last, when in pixels become out.
func (f filter) taps(in, out, first, last int) []tap {
	scale := float64(in) / float64(out)
	wide := max(scale, 1)
	reach := f.reach * wide
	all := make([]tap, 0, last-first)
	var w []float64
	for i := first; i < last; i++ {
		centre := (float64(i) + 0.5) * scale
		from := max(int(centre-reach+0.5), 0)
		to := min(int(centre+reach+0.5), in)
		w = w[:0]
		sum := 0.0
		for x := from; x < to; x++ {
			v := f.weight((float64(x) - centre + 0.5) / wide)
			w = append(w, v)
			sum += v
		}
		t := tap{from, make([]int32, len(w))}
		for k, v := range w {
			t.weights[k] = int32(math.Round(v / sum * (1 << precision)))
		}
		all = append(all, t)
	}
	return all
}

// resample fills planes as Pillow resizes, byte for byte: rows first, rounded to bytes, then columns. Of a
// canvas that is cut out of the middle only that part is made.
func (p *Preparer) resample(planes []float32, src *image.RGBA, l model.Letterbox, f filter) error {
	w, h := l.Canvas.X, l.Canvas.Y
	if src == nil || len(planes) != 3*w*h || l.Crop.Empty() || !l.Crop.In(src.Rect) {
		return fmt.Errorf("prepare %v: %w: a canvas of %v", l.Crop, cv.ErrArgument, l.Canvas)
	}
	size, cut := l.Resized(), image.Point{}
	if p.spec.Resize == model.ResizeCrop {
		size, cut = p.spec.Centre(l.Crop.Size())
	}
	content := image.Pt(min(size.X, w), min(size.Y, h))
	xs := f.taps(l.Crop.Dx(), size.X, cut.X, cut.X+content.X)
	ys := f.taps(l.Crop.Dy(), size.Y, cut.Y, cut.Y+content.Y)
	top := ys[0].from
	last := ys[len(ys)-1]
	rows := acrossRows(src, image.Rect(l.Crop.Min.X, l.Crop.Min.Y+top, l.Crop.Max.X, l.Crop.Min.Y+last.from+len(last.weights)), xs)
	for c := range 3 {
		from := c
		if p.norm.BGR {
			from = 2 - c
		}
		n := normal{1 / p.norm.Std[c], -p.norm.Mean[c] / p.norm.Std[c]}
		plane := planes[c*w*h : (c+1)*w*h]
		fill(plane, n.of(p.spec.Pad))
		for y, t := range ys {
			downColumn(plane[y*w:y*w+content.X], rows[from:], 3*content.X, t.from-top, t.weights, n)
		}
	}
	return nil
}

// acrossRows resizes the rows of a part of a photo; the result holds three bytes a pixel.
func acrossRows(src *image.RGBA, part image.Rectangle, xs []tap) []uint8 {
	out := make([]uint8, 3*len(xs)*part.Dy())
	for y := range part.Dy() {
		row := src.Pix[src.PixOffset(part.Min.X, part.Min.Y+y):]
		dst := out[3*len(xs)*y:]
		for x, t := range xs {
			r, g, b := int32(1<<(precision-1)), int32(1<<(precision-1)), int32(1<<(precision-1))
			pix := row[4*t.from : 4*(t.from+len(t.weights))]
			for k, w := range t.weights {
				r += int32(pix[4*k]) * w
				g += int32(pix[4*k+1]) * w
				b += int32(pix[4*k+2]) * w
			}
			dst[3*x], dst[3*x+1], dst[3*x+2] = clip8(r), clip8(g), clip8(b)
		}
	}
	return out
}

// normal is what makes a value of a byte.
type normal struct{ scale, shift float32 }

func (n normal) of(v uint8) float32 { return float32(v)*n.scale + n.shift }

// downColumn makes a row of values of a channel, from rows of stride bytes.
func downColumn(dst []float32, rows []uint8, stride, from int, weights []int32, n normal) {
	for x := range dst {
		sum := int32(1 << (precision - 1))
		at := from*stride + 3*x
		for _, w := range weights {
			sum += int32(rows[at]) * w
			at += stride
		}
		dst[x] = n.of(clip8(sum))
	}
}

func clip8(sum int32) uint8 { return uint8(min(max(sum>>precision, 0), 255)) }

func fill(plane []float32, v float32) {
	for i := range plane {
		plane[i] = v
	}
}
