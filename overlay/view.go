package overlay

import (
	"image"
	"math"

	"github.com/saysee/saysee/annot"
)

// View says where a photo lies on a picture: photo point p is drawn at p·Scale + (X, Y), in the coordinates
// of the picture's image.RGBA.
type View struct {
	Size  image.Point // of the photo, in its own pixels; nothing but halos is drawn outside it
	Scale float64     // pixels of the picture per pixel of the photo
	X, Y  float64     // where the photo's top-left corner lies
	// Unit is the number of picture pixels in a design pixel: a window passes its density. 0 takes UnitFor
	// the photo's size on the picture, which is right for pictures to keep.
	Unit float64
}

// UnitFor returns the design pixel for a picture of w × h pixels that is looked at as a whole, so that lines
// and text are as strong on a photo of 6,000 pixels as on one of 1,000. Below about 700 pixels it stops
// shrinking, since text would no longer be legible.
func UnitFor(w, h float64) float64 {
	return max(math.Sqrt(w*h)/850, 0.85)
}

// farthest bounds coordinates before they become integers: far outside any picture, far from overflow.
const farthest = 1 << 24

func clampFloat(f float64) float64 { return min(max(f, -farthest), farthest) }

// frame is a View made ready to draw on one picture, whose top-left pixel is (0, 0).
type frame struct {
	scale, x, y float64
	unit        float64
	w, h        int             // of the picture
	photo       image.Rectangle // the photo's part of the picture, clipped to it
	size        image.Point
}

// newFrame returns false when nothing of the photo can be seen.
func newFrame(bounds image.Rectangle, v View) (frame, bool) {
	sum := v.Scale + v.X + v.Y + v.Unit
	if math.IsNaN(sum) || math.IsInf(sum, 0) || v.Scale <= 0 || v.Size.X <= 0 || v.Size.Y <= 0 {
		return frame{}, false
	}
	f := frame{
		scale: v.Scale, x: v.X - float64(bounds.Min.X), y: v.Y - float64(bounds.Min.Y),
		unit: v.Unit, w: bounds.Dx(), h: bounds.Dy(), size: v.Size,
	}
	w, h := float64(v.Size.X)*v.Scale, float64(v.Size.Y)*v.Scale
	if f.unit <= 0 {
		f.unit = UnitFor(w, h)
	}
	f.unit = min(f.unit, 64)
	f.photo = image.Rect(
		int(math.Floor(clampFloat(f.x))), int(math.Floor(clampFloat(f.y))),
		int(math.Ceil(clampFloat(f.x+w))), int(math.Ceil(clampFloat(f.y+h))),
	).Intersect(image.Rect(0, 0, f.w, f.h))
	return f, !f.photo.Empty()
}

// px turns design pixels into whole pixels of the picture, at least one.
func (f *frame) px(design float64) int { return max(int(math.Round(design*f.unit)), 1) }

// point maps a photo point to the picture.
func (f *frame) point(p annot.Point) (x, y float64) {
	return clampFloat(p.X*f.scale + f.x), clampFloat(p.Y*f.scale + f.y)
}

// box maps a box to whole pixels of the picture, unclipped. It returns false for a box with a side that is
// no finite number, or with sides swapped.
func (f *frame) box(b annot.Box) (image.Rectangle, bool) {
	if !b.Finite() || b.X1 < b.X0 || b.Y1 < b.Y0 {
		return image.Rectangle{}, false
	}
	x0, y0 := f.point(annot.Point{X: b.X0, Y: b.Y0})
	x1, y1 := f.point(annot.Point{X: b.X1, Y: b.Y1})
	return image.Rectangle{
		image.Pt(int(math.Round(x0)), int(math.Round(y0))),
		image.Pt(int(math.Round(x1)), int(math.Round(y1))),
	}, true
}
