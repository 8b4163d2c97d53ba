package track

import (
	"image"

	"github.com/saysee/saysee/annot"
)

// moved returns a shape that lies in one box as it lies in another: masks and outlines follow their box.
func moved(s annot.Shape, from, to annot.Box) annot.Shape {
	if from == to || from.Empty() || to.Empty() {
		return s
	}
	place := func(p annot.Point) annot.Point {
		return annot.Point{X: to.X0 + (p.X-from.X0)*to.W()/from.W(), Y: to.Y0 + (p.Y-from.Y0)*to.H()/from.H()}
	}
	switch s := s.(type) {
	case annot.Mask:
		return s.Fit(from, to)
	case annot.Polygon:
		out := make(annot.Polygon, len(s))
		for i, part := range s {
			out[i].Outer = ringAt(part.Outer, place)
			for _, h := range part.Holes {
				out[i].Holes = append(out[i].Holes, ringAt(h, place))
			}
		}
		return out
	case annot.Line:
		return annot.Line(ringAt(annot.Ring(s), place))
	case annot.Point:
		return place(s)
	}
	return s
}

func ringAt(r annot.Ring, place func(annot.Point) annot.Point) annot.Ring {
	out := make(annot.Ring, len(r))
	for i, p := range r {
		out[i] = place(p)
	}
	return out
}

// cut cuts a region to the frame and reports whether anything is left. A mask without a pixel left goes, its box stays.
func cut(r *annot.Region, size image.Point) bool {
	if size == (image.Point{}) {
		return true
	}
	r.Box = r.Box.Clip(size.X, size.Y)
	if m, ok := r.Shape.(annot.Mask); ok {
		if m = m.Clip(size.X, size.Y); m.Empty() {
			r.Shape = nil
		} else {
			r.Shape = m
		}
	}
	return !r.Box.Empty()
}
