package cv

import (
	"fmt"
	"image"
	"math"

	"gocv.io/x/gocv"
)

// Norm says how a canvas becomes a tensor.
type Norm struct {
	// W and H are the canvas' size in pixels.
	W, H int
	// BGR puts blue into the first plane instead of red.
	BGR bool
	// Pad is the value of the canvas outside the content, before normalising.
	Pad uint8
	// A plane holds (x − Mean) / Std, in the planes' order. It is computed as x·(1/Std) + (−Mean/Std) in
	// float32, which is exact when Std is a power of two.
	Mean, Std [3]float32
}

func (n Norm) check() error {
	if n.W < 1 || n.H < 1 || n.W > maxSide || n.H > maxSide || n.W*n.H*4*3 > maxBytes {
		return fmt.Errorf("%w: a canvas of %d × %d pixels", ErrArgument, n.W, n.H)
	}
	for i := range 3 {
		finite := func(f float32) bool { return !math.IsInf(float64(f), 0) && !math.IsNaN(float64(f)) }
		if !finite(n.Mean[i]) || !finite(n.Std[i]) || !(n.Std[i] > 0) {
			return fmt.Errorf("%w: mean %v and standard deviation %v", ErrArgument, n.Mean, n.Std)
		}
	}
	return nil
}

// Letterboxer scales parts of photos to the top-left corner of a canvas and writes the canvas, normalised,
// as three float32 planes. It owns its canvas and allocates nothing after it was made. One goroutine may
// use it at a time.
type Letterboxer struct {
	norm        Norm
	alpha, beta [3]float32

	canvas   []byte // W × H RGBA
	channel  []byte // W × H, one colour of the canvas
	content  image.Point
	shrinker shrinker
	mats     mats
}

// NewLetterboxer makes a Letterboxer for one way of preparing.
func NewLetterboxer(n Norm) (*Letterboxer, error) {
	if err := n.check(); err != nil {
		return nil, err
	}
	l := &Letterboxer{norm: n, canvas: make([]byte, n.W*n.H*4), channel: make([]byte, n.W*n.H)}
	for i := range 3 {
		l.alpha[i] = 1 / n.Std[i]
		l.beta[i] = -n.Mean[i] / n.Std[i]
	}
	return l, nil
}

// Fill scales the part crop of src to size, puts it at the top-left corner of the canvas, and writes the
// canvas into planes, [3, H, W] row-major.
func (l *Letterboxer) Fill(planes []float32, src *image.RGBA, crop image.Rectangle, size image.Point, by Interp) error {
	defer l.mats.done()
	if err := by.check(); err != nil {
		return err
	}
	n := l.norm
	if len(planes) != 3*n.W*n.H {
		return fmt.Errorf("%w: %d values for three planes of %d × %d", ErrArgument, len(planes), n.W, n.H)
	}
	bounds := image.Rect(0, 0, n.W, n.H)
	whole, err := l.mats.rgba(src)
	if err != nil {
		return err
	}
	in, err := l.mats.part(whole, crop, src.Rect)
	if err != nil {
		return err
	}
	canvas, err := l.mats.over(l.canvas, n.H, n.W, 4, gocv.MatTypeCV8UC4)
	if err != nil {
		return err
	}
	out, err := l.mats.part(canvas, image.Rectangle{Max: size}, bounds)
	if err != nil {
		return err
	}
	l.pad(size)
	if from := crop.Size(); l.shrinker.can(from, size, by) {
		l.shrinker.shrink(l.canvas, 4*n.W, src, crop, size)
	} else if err := resize(in, out, size, by); err != nil {
		return err
	}
	return l.normalise(planes, canvas)
}

// pad clears what the last content left outside the new one.
func (l *Letterboxer) pad(size image.Point) {
	if size == l.content {
		return
	}
	l.content = size
	for y := range l.norm.H {
		row := l.canvas[4*l.norm.W*y : 4*l.norm.W*(y+1)]
		if y < size.Y {
			row = row[4*size.X:]
		}
		for i := range row {
			row[i] = l.norm.Pad
		}
	}
}

func (l *Letterboxer) normalise(planes []float32, canvas *gocv.Mat) error {
	n := l.norm
	channel, err := l.mats.over(l.channel, n.H, n.W, 1, gocv.MatTypeCV8UC1)
	if err != nil {
		return err
	}
	l.mats.pin.Pin(&planes[0])
	for i := range 3 {
		from := i
		if n.BGR {
			from = 2 - i
		}
		gocv.ExtractChannel(*canvas, channel, from)
		if err := inPlace(channel, l.channel); err != nil {
			return err
		}
		data := planes[i*n.W*n.H : (i+1)*n.W*n.H]
		plane, err := l.mats.header(bytesOf(data), n.H, n.W, 4, gocv.MatTypeCV32FC1)
		if err != nil {
			return err
		}
		channel.ConvertToWithParams(plane, gocv.MatTypeCV32FC1, l.alpha[i], l.beta[i])
		if err := inPlace(plane, bytesOf(data)); err != nil {
			return err
		}
	}
	return nil
}
