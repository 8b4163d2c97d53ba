package model

import (
	"image"
	"math"
	"strings"

	"github.com/saysee/saysee/annot"
)

// ImageSpec is a pack's rule for turning a photo into a network's input. Two packs with equal specs share
// one prepared canvas, so the type is comparable.
type ImageSpec struct {
	// Size is the side of a square canvas in pixels, a multiple of Multiple.
	Size     int `json:"size"`
	Multiple int `json:"multiple"`
	// Margin, when it is not 0, cuts the canvas down to the content, this much padding beside it and what
	// Multiple wants: a network that was trained with padding needs to see some, but not a square of it.
	Margin int `json:"margin,omitempty"`
	// Resize is one of
	//
	//	"letterbox": long side to Size, content at the top left of a square
	//	"long":      long side to Size, the canvas is no larger than Multiple and Window want
	//	"short":     short side to Size, long side to MaxLong at most, the canvas as for "long"
	//	"crop":      short side to Size, and only the square in the middle of it: for whole pictures
	Resize  string `json:"resize"`
	MaxLong int    `json:"max_long,omitempty"`
	// Window, when it is not 0, is the side of a square that slides over the canvas, Stride pixels at a time:
	// what a network of a fixed input size sees of a larger canvas.
	Window int    `json:"window,omitempty"`
	Stride int    `json:"stride,omitempty"`
	Shrink string `json:"shrink"` // "area", "linear" or one of Grow's, used when the photo is larger than the canvas
	// Grow is used when it is smaller: "linear", "cubic", "linear-corners" (the corners' centres stay where
	// they are, PyTorch's align_corners), "linear-corner" (the top-left one does, TensorFlow 1), "pil-bilinear"
	// or "pil-bicubic" (Pillow, which antialiases; sides are rounded as torchvision does, too).
	Grow    string `json:"grow"`
	Order   string `json:"order"`              // "RGB" or "BGR"
	Pad     uint8  `json:"pad"`                // the value of the canvas outside the photo, before normalising
	PadMean bool   `json:"pad_mean,omitempty"` // the canvas outside the photo is 0 after normalising, whatever Pad says
	// The tensor holds (x − Mean) / Std a channel, with x in 0..255, in the channel order of Order.
	Mean [3]float32 `json:"mean"`
	Std  [3]float32 `json:"std"`
}

// ResizeCrop is the resize rule for whole pictures.
const ResizeCrop = "crop"

// pillow reports that photos are resized by Pillow, and sides rounded as those do who use it.
func (s ImageSpec) pillow() bool { return strings.HasPrefix(s.Shrink, "pil-") }

// Letterbox leads between a photo and the network canvas that a part of it was scaled into. It is the only
// place where a coordinate is multiplied by a scale.
//
// Content lies at the canvas' top-left corner. Resized sides are rounded to whole pixels; positions use the
// unrounded factor, as the training code of the starter packs does, unless ScaleY is set.
type Letterbox struct {
	Crop   image.Rectangle // the part of the photo on the canvas, in photo pixels
	Canvas image.Point     // canvas size in pixels
	Scale  float64         // canvas pixels per photo pixel
	// ScaleY is the same down a column, for rules that count with the rounded sides; 0 is Scale.
	ScaleY float64
}

func (l Letterbox) scaleY() float64 {
	if l.ScaleY > 0 {
		return l.ScaleY
	}
	return l.Scale
}

// Cell returns how many photo pixels a canvas pixel covers, across and down.
func (l Letterbox) Cell() (x, y float64) { return 1 / l.Scale, 1 / l.scaleY() }

// NewLetterbox fits crop into the canvas that the spec wants for it.
func NewLetterbox(crop image.Rectangle, spec ImageSpec) Letterbox {
	switch spec.Resize {
	case "long", "short":
		return fitted(crop, spec)
	case ResizeCrop:
		return Letterbox{Crop: crop, Canvas: image.Pt(spec.Size, spec.Size), Scale: float64(spec.Size) / float64(min(crop.Dx(), crop.Dy()))}
	}
	long := max(crop.Dx(), crop.Dy())
	l := Letterbox{Crop: crop, Canvas: image.Pt(spec.Size, spec.Size), Scale: float64(spec.Size) / float64(long)}
	if spec.Margin > 0 {
		content := l.Resized()
		side := func(n int) int {
			return min((n+spec.Margin+spec.Multiple-1)/spec.Multiple*spec.Multiple, spec.Size)
		}
		l.Canvas = image.Pt(side(content.X), side(content.Y))
		for short := min(l.Canvas.X, l.Canvas.Y); short < spec.Size && l.Canvas.X*l.Canvas.Y < leastArea; {
			short = min(short+spec.Multiple, spec.Size)
			l.Canvas = image.Pt(max(l.Canvas.X, short), max(l.Canvas.Y, short))
		}
	}
	return l
}

// fitted scales to a long or a short side, and rounds halves up, as mmcv (imrescale) and LSeg's evaluator do.
func fitted(crop image.Rectangle, spec ImageSpec) Letterbox {
	w, h := float64(crop.Dx()), float64(crop.Dy())
	scale := float64(spec.Size) / max(w, h)
	if spec.Resize == "short" {
		scale = float64(spec.Size) / min(w, h)
		if spec.MaxLong > 0 {
			scale = min(scale, float64(spec.MaxLong)/max(w, h))
		}
	}
	x, y := max(int(w*scale+0.5), 1), max(int(h*scale+0.5), 1)
	if spec.Resize == "short" && spec.pillow() {
		x, y = truncated(crop.Size(), spec)
	}
	side := func(n int) int { return max((n+spec.Multiple-1)/spec.Multiple*spec.Multiple, spec.Window) }
	return Letterbox{Crop: crop, Canvas: image.Pt(side(x), side(y)), Scale: float64(x) / w, ScaleY: float64(y) / h}
}

// truncated is the size that a photo is scaled to by its short side: as a fraction the long one loses what is
// over a whole pixel (torchvision's Resize; microsoft/GLIP, maskrcnn_benchmark/data/transforms/transforms.py).
func truncated(photo image.Point, spec ImageSpec) (x, y int) {
	short, long := min(photo.X, photo.Y), max(photo.X, photo.Y)
	size := spec.Size
	if spec.MaxLong > 0 && float64(long)/float64(short)*float64(size) > float64(spec.MaxLong) {
		size = int(math.RoundToEven(float64(spec.MaxLong) * float64(short) / float64(long)))
	}
	long = max(int(float64(size)*float64(long)/float64(short)), 1)
	if photo.X < photo.Y {
		return size, long
	}
	return long, size
}

// Centre returns, for the rule "crop", the size that a photo is scaled to, and where the square in its middle
// begins (torchvision's Resize and CenterCrop).
func (s ImageSpec) Centre(photo image.Point) (size, cut image.Point) {
	size.X, size.Y = truncated(photo, s)
	half := func(n int) int { return int(math.RoundToEven(float64(n-s.Size) / 2)) }
	return size, image.Pt(half(size.X), half(size.Y))
}

// leastArea is how many pixels a canvas keeps when it is cut down. Region heads pick their best few hundred
// positions of a pyramid (ViLD's starter 400, at one for every 48 pixels), and ONNX's TopK fails where there
// are fewer.
const leastArea = 400 * 48

// Resized returns the size in canvas pixels of the scaled crop: at least 1 × 1, at most the canvas.
// Halves are rounded to even, as Python's round does.
func (l Letterbox) Resized() image.Point {
	side := func(n int, scale float64, limit int) int {
		return min(max(int(math.RoundToEven(float64(n)*scale)), 1), limit)
	}
	return image.Pt(side(l.Crop.Dx(), l.Scale, l.Canvas.X), side(l.Crop.Dy(), l.scaleY(), l.Canvas.Y))
}

// ToPhoto takes a box from canvas pixels to photo pixels. Its sides are clipped to the crop, so a box that
// lies in the canvas' padding becomes an empty one on the crop's edge.
func (l Letterbox) ToPhoto(b annot.Box) annot.Box {
	b = l.ToPhotoUnclipped(b)
	x := func(v float64) float64 { return min(max(v, float64(l.Crop.Min.X)), float64(l.Crop.Max.X)) }
	y := func(v float64) float64 { return min(max(v, float64(l.Crop.Min.Y)), float64(l.Crop.Max.Y)) }
	return annot.Box{X0: x(b.X0), Y0: y(b.Y0), X1: x(b.X1), Y1: y(b.Y1)}
}

// ToPhotoUnclipped takes a box from canvas pixels to photo pixels; the result may leave the crop, as the
// box that a mask's grid spans may.
func (l Letterbox) ToPhotoUnclipped(b annot.Box) annot.Box {
	x, y := float64(l.Crop.Min.X), float64(l.Crop.Min.Y)
	return annot.Box{X0: b.X0/l.Scale + x, Y0: b.Y0/l.scaleY() + y, X1: b.X1/l.Scale + x, Y1: b.Y1/l.scaleY() + y}
}

// ToCanvas takes a box from photo pixels to canvas pixels.
func (l Letterbox) ToCanvas(b annot.Box) annot.Box {
	x, y := float64(l.Crop.Min.X), float64(l.Crop.Min.Y)
	return annot.Box{X0: (b.X0 - x) * l.Scale, Y0: (b.Y0 - y) * l.scaleY(), X1: (b.X1 - x) * l.Scale, Y1: (b.Y1 - y) * l.scaleY()}
}
