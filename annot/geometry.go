package annot

import "math"

// Point is a position in photo pixels.
type Point struct{ X, Y float64 }

// Box is an axis-aligned rectangle in photo pixels, half-open: X1 and Y1 lie just outside.
type Box struct{ X0, Y0, X1, Y1 float64 }

// W returns the width in pixels; it is negative for a box whose sides are swapped.
func (b Box) W() float64 { return b.X1 - b.X0 }

// H returns the height in pixels; it is negative for a box whose sides are swapped.
func (b Box) H() float64 { return b.Y1 - b.Y0 }

// Empty reports whether the box covers nothing. A box with a NaN side is empty.
func (b Box) Empty() bool { return !(b.X1 > b.X0 && b.Y1 > b.Y0) }

// Area returns the area in square pixels, 0 for an empty box.
func (b Box) Area() float64 {
	if b.Empty() {
		return 0
	}
	return b.W() * b.H()
}

// Finite reports whether all four sides are finite numbers.
func (b Box) Finite() bool {
	s := b.X0 + b.Y0 + b.X1 + b.Y1
	return !math.IsNaN(s) && !math.IsInf(s, 0)
}

// Intersect returns the overlap of two boxes, which may be empty.
func (b Box) Intersect(o Box) Box {
	return Box{max(b.X0, o.X0), max(b.Y0, o.Y0), min(b.X1, o.X1), min(b.Y1, o.Y1)}
}

// Union returns the smallest box that holds both; an empty box adds nothing.
func (b Box) Union(o Box) Box {
	switch {
	case b.Empty():
		return o
	case o.Empty():
		return b
	}
	return Box{min(b.X0, o.X0), min(b.Y0, o.Y0), max(b.X1, o.X1), max(b.Y1, o.Y1)}
}

// IoU returns intersection over union, in [0, 1]; 0 when either box is empty.
func (b Box) IoU(o Box) float64 {
	inter := b.Intersect(o).Area()
	if inter == 0 {
		return 0
	}
	return inter / (b.Area() + o.Area() - inter)
}

// Inside returns how much of the smaller box lies in the larger, in [0, 1]; 0 when either box is empty.
func (b Box) Inside(o Box) float64 {
	inter := b.Intersect(o).Area()
	if inter == 0 {
		return 0
	}
	return inter / min(b.Area(), o.Area())
}

// Clip returns the part of the box inside a photo of w × h pixels.
func (b Box) Clip(w, h int) Box {
	return b.Intersect(Box{0, 0, float64(w), float64(h)})
}

// Contains reports whether p lies in the half-open box.
func (b Box) Contains(p Point) bool {
	return p.X >= b.X0 && p.X < b.X1 && p.Y >= b.Y0 && p.Y < b.Y1
}

// Center returns the middle of the box.
func (b Box) Center() Point { return Point{(b.X0 + b.X1) / 2, (b.Y0 + b.Y1) / 2} }
