package geom

import (
	"math"

	"github.com/saysee/saysee/annot"
)

// Handle is a place of a box's frame that can be dragged.
type Handle uint8

// The handles, clockwise from the top-left corner.
const (
	NoHandle Handle = iota
	TopLeft
	Top
	TopRight
	Right
	BottomRight
	Bottom
	BottomLeft
	Left
)

// Handles of a box on the view, in design pixels (window design, section 4).
const (
	handleReach  = 8  // half the 16 pixels around a handle that hit it
	cornersBelow = 48 // a box with a side under this has handles on its corners only
	noneBelow    = 24 // and one with a side under this has none
)

// across and down tell which sides a handle moves: -1 the left or top one, 1 the right or bottom one.
func (h Handle) across() int { return [...]int{0, -1, 0, 1, 1, 1, 0, -1, -1}[h] }
func (h Handle) down() int   { return [...]int{0, -1, -1, -1, 0, 1, 1, 1, 0}[h] }

// Corner reports whether the handle moves two sides.
func (h Handle) Corner() bool { return h.across() != 0 && h.down() != 0 }

// At returns where on the frame of r the handle lies.
func (h Handle) At(r Rect) Pos {
	return Pos{
		(r.X0+r.X1)/2 + float64(h.across())*r.W()/2,
		(r.Y0+r.Y1)/2 + float64(h.down())*r.H()/2,
	}
}

var (
	allHandles    = []Handle{TopLeft, TopRight, BottomRight, BottomLeft, Top, Right, Bottom, Left}
	cornerHandles = allHandles[:4]
)

// HandlesOf returns the handles that a box shown as r has, corners first. unit is the number of view pixels in
// a design pixel.
func HandlesOf(r Rect, unit float64) []Handle {
	switch side := min(r.W(), r.H()); {
	case !(side >= noneBelow*unit):
		return nil
	case side < cornersBelow*unit:
		return cornerHandles
	default:
		return allHandles
	}
}

// HandleAt returns the handle of a box shown as r that the pointer is on, or NoHandle. Where two are in reach
// the nearer wins.
func HandleAt(r Rect, p Pos, unit float64) Handle {
	best, nearest := NoHandle, math.Inf(1)
	for _, h := range HandlesOf(r, unit) {
		at := h.At(r)
		d := max(math.Abs(at.X-p.X), math.Abs(at.Y-p.Y))
		if d <= handleReach*unit && d < nearest {
			best, nearest = h, d
		}
	}
	return best
}

// BoxOf returns the box with two points as opposite corners.
func BoxOf(a, b annot.Point) annot.Box {
	return annot.Box{X0: min(a.X, b.X), Y0: min(a.Y, b.Y), X1: max(a.X, b.X), Y1: max(a.Y, b.Y)}
}

// Resize returns the box with the sides of a handle moved to p; sides that pass each other change places.
// b is the box as it was when the drag began.
func Resize(b annot.Box, h Handle, p annot.Point) annot.Box {
	switch h.across() {
	case -1:
		b.X0 = p.X
	case 1:
		b.X1 = p.X
	}
	switch h.down() {
	case -1:
		b.Y0 = p.Y
	case 1:
		b.Y1 = p.Y
	}
	return BoxOf(annot.Point{X: b.X0, Y: b.Y0}, annot.Point{X: b.X1, Y: b.Y1})
}

// Held returns where a handle that is dragged to p lies on the box that this makes: p for a corner, the middle of
// a side for the others.
func (h Handle) Held(resized annot.Box, p annot.Point) annot.Point {
	at := resized.Center()
	if h.across() != 0 {
		at.X = p.X
	}
	if h.down() != 0 {
		at.Y = p.Y
	}
	return at
}

// KeepRatio returns p moved so that resizing b by a corner to it keeps the ratio of the box's sides; p itself
// for other handles and flat boxes.
func KeepRatio(b annot.Box, h Handle, p annot.Point) annot.Point {
	if !h.Corner() || b.Empty() {
		return p
	}
	anchor := annot.Point{X: b.X0, Y: b.Y0}
	if h.across() < 0 {
		anchor.X = b.X1
	}
	if h.down() < 0 {
		anchor.Y = b.Y1
	}
	k := max(math.Abs(p.X-anchor.X)/b.W(), math.Abs(p.Y-anchor.Y)/b.H())
	return annot.Point{
		X: anchor.X + math.Copysign(k*b.W(), p.X-anchor.X),
		Y: anchor.Y + math.Copysign(k*b.H(), p.Y-anchor.Y),
	}
}

// Within returns the way nearest to (dx, dy) that keeps a moved box b inside bounds. A box that does not fit
// stays where it is on that axis.
func Within(b, bounds annot.Box, dx, dy float64) (float64, float64) {
	return within(b.X0, b.X1, bounds.X0, bounds.X1, dx), within(b.Y0, b.Y1, bounds.Y0, bounds.Y1, dy)
}

func within(a0, a1, b0, b1, d float64) float64 {
	lo, hi := b0-a0, b1-a1
	if lo > hi || math.IsNaN(d) {
		return 0
	}
	return min(max(d, lo), hi)
}

// Inside returns the point of the box nearest to p.
func Inside(b annot.Box, p annot.Point) annot.Point {
	return annot.Point{X: min(max(p.X, b.X0), b.X1), Y: min(max(p.Y, b.Y0), b.Y1)}
}

// Move returns the box moved.
func Move(b annot.Box, dx, dy float64) annot.Box {
	return annot.Box{X0: b.X0 + dx, Y0: b.Y0 + dy, X1: b.X1 + dx, Y1: b.Y1 + dy}
}

// snapReach is how close to the side of a pixel the pointer must be to mean it, in design pixels.
const snapReach = 3

// finest is the smallest part of a photo pixel that positions are rounded to.
const finest = 8

// Snap returns a coordinate as a person can mean it at a zoom, in view pixels per photo pixel: on the side of
// a pixel when that is within three design pixels, which up to 600 % it always is; else at the finest power of
// two that the pointer can tell, down to an eighth of a pixel. So labels carry no digits that nobody chose.
func Snap(v, zoom, unit float64) float64 {
	whole := math.Round(v)
	if math.Abs(v-whole)*zoom <= snapReach*unit || zoom <= 1 {
		return whole
	}
	step := min(math.Exp2(math.Ceil(math.Log2(zoom))), finest)
	return math.Round(v*step) / step
}

// SnapPoint is Snap for both coordinates.
func SnapPoint(p annot.Point, zoom, unit float64) annot.Point {
	return annot.Point{X: Snap(p.X, zoom, unit), Y: Snap(p.Y, zoom, unit)}
}
