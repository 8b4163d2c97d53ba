package prep

import (
	"fmt"
	"image"

	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/pipeline/cv"
)

// kernel is a way of resizing: OpenCV's, or a rule of where to read that OpenCV does not have.
type kernel struct {
	cv     cv.Interp
	sample func(in, out int) axis
	filter *filter // Pillow's
}

// kernels by the manifest's names.
var kernels = map[string]kernel{
	"area": {cv: cv.Area}, "linear": {cv: cv.Linear}, "cubic": {cv: cv.Cubic},
	"linear-corners": {sample: corners}, "linear-corner": {sample: corner},
	"pil-bilinear": {filter: &bilinear}, "pil-bicubic": {filter: &bicubic},
}

// axis says for each canvas pixel which photo pixel is read, and how much of the one after it.
type axis struct {
	at    []int
	share []float32
}

// newAxis reads position i at i·step.
func newAxis(in, out int, step float64) axis {
	a := axis{make([]int, out), make([]float32, out)}
	for i := range out {
		u := min(float64(i)*step, float64(in-1))
		a.at[i] = int(u)
		a.share[i] = float32(u - float64(a.at[i]))
	}
	return a
}

// corners keeps the centres of the first and the last pixel (PyTorch's interpolate with align_corners).
func corners(in, out int) axis {
	if out < 2 {
		return newAxis(in, out, 0)
	}
	return newAxis(in, out, float64(in-1)/float64(out-1))
}

// corner keeps the centre of the first pixel alone (TensorFlow 1's resize_bilinear).
func corner(in, out int) axis { return newAxis(in, out, float64(in)/float64(out)) }

// sample fills planes by a rule of where to read. Values are not rounded on the way.
func (p *Preparer) sample(planes []float32, src *image.RGBA, l model.Letterbox, rule func(in, out int) axis) error {
	w, h := l.Canvas.X, l.Canvas.Y
	if src == nil || len(planes) != 3*w*h || l.Crop.Empty() || !l.Crop.In(src.Rect) {
		return fmt.Errorf("prepare %v: %w: a canvas of %v", l.Crop, cv.ErrArgument, l.Canvas)
	}
	size := l.Resized()
	xs, ys := rule(l.Crop.Dx(), size.X), rule(l.Crop.Dy(), size.Y)
	for c := range 3 {
		from := c
		if p.norm.BGR {
			from = 2 - c
		}
		r := reader{src: src, crop: l.Crop, channel: from, xs: xs, scale: 1 / p.norm.Std[c], shift: -p.norm.Mean[c] / p.norm.Std[c]}
		plane := planes[c*w*h : (c+1)*w*h]
		pad := float32(p.spec.Pad)*r.scale + r.shift
		for y := range h {
			row := plane[y*w : (y+1)*w]
			content := 0
			if y < size.Y {
				content = size.X
				r.row(row[:content], ys.at[y], ys.share[y])
			}
			for x := content; x < w; x++ {
				row[x] = pad
			}
		}
	}
	return nil
}

// reader reads a channel of a part of a photo.
type reader struct {
	src          *image.RGBA
	crop         image.Rectangle
	channel      int
	xs           axis
	scale, shift float32
}

func (r *reader) row(dst []float32, y int, share float32) {
	line := func(y int) []uint8 {
		return r.src.Pix[r.src.PixOffset(r.crop.Min.X, r.crop.Min.Y+min(y, r.crop.Dy()-1))+r.channel:]
	}
	top, low := line(y), line(y+1)
	last := r.crop.Dx() - 1
	for i := range dst {
		a, b := 4*r.xs.at[i], 4*min(r.xs.at[i]+1, last)
		fx := r.xs.share[i]
		t := float32(top[a]) + (float32(top[b])-float32(top[a]))*fx
		u := float32(low[a]) + (float32(low[b])-float32(low[a]))*fx
		dst[i] = (t+(u-t)*share)*r.scale + r.shift
	}
}

// clear makes the canvas 0 outside the content.
func (p *Preparer) clear(planes []float32, l model.Letterbox) {
	w, h := l.Canvas.X, l.Canvas.Y
	size := l.Resized()
	for c := range len(planes) / max(w*h, 1) {
		for y := range h {
			row := planes[(c*h+y)*w : (c*h+y+1)*w]
			if y < size.Y {
				row = row[size.X:]
			}
			clear(row)
		}
	}
}
