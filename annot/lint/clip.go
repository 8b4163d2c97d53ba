package lint

import "github.com/saysee/saysee/annot"

// clip cuts a region at the border of a photo of w × h, and reports whether anything is left. Points and
// lines stay as they are.
func clip(r annot.Region, w, h int) (annot.Region, bool) {
	frame := annot.Box{X1: float64(w), Y1: float64(h)}
	switch s := r.Shape.(type) {
	case nil:
		r.Box = r.Box.Clip(w, h)
		return r, !r.Box.Empty()
	case annot.Mask:
		m := s.Clip(w, h).Trim()
		r.Shape, r.Box = m, r.Box.Clip(w, h)
		if r.Box.Empty() {
			r.Box = m.Bounds()
		}
		return r, !m.Empty()
	case annot.Polygon:
		var out annot.Polygon
		for _, part := range s {
			if cut := clipPart(part, frame); len(cut.Outer) > 0 {
				out = append(out, cut)
			}
		}
		r.Shape, r.Box = out, out.Bounds()
		return r, len(out) > 0
	}
	return r, true
}

func clipPart(part annot.Part, frame annot.Box) annot.Part {
	out := annot.Part{Outer: clipRing(part.Outer, frame)}
	for _, hole := range part.Holes {
		if cut := clipRing(hole, frame); len(cut) > 0 {
			out.Holes = append(out.Holes, cut)
		}
	}
	return out
}

// clipRing is Sutherland and Hodgman's: one side of the frame after the other. An outline that leaves the
// frame and comes back keeps a seam of no area along the border. It returns nil when no area is left.
func clipRing(ring annot.Ring, frame annot.Box) annot.Ring {
	sides := []struct {
		in   func(annot.Point) bool
		meet func(a, b annot.Point) annot.Point
	}{
		{func(p annot.Point) bool { return p.X >= frame.X0 }, func(a, b annot.Point) annot.Point { return atX(a, b, frame.X0) }},
		{func(p annot.Point) bool { return p.X <= frame.X1 }, func(a, b annot.Point) annot.Point { return atX(a, b, frame.X1) }},
		{func(p annot.Point) bool { return p.Y >= frame.Y0 }, func(a, b annot.Point) annot.Point { return atY(a, b, frame.Y0) }},
		{func(p annot.Point) bool { return p.Y <= frame.Y1 }, func(a, b annot.Point) annot.Point { return atY(a, b, frame.Y1) }},
	}
	for _, side := range sides {
		var out annot.Ring
		for i, p := range ring {
			before := ring[(i+len(ring)-1)%len(ring)]
			if side.in(before) != side.in(p) {
				out = append(out, side.meet(before, p))
			}
			if side.in(p) {
				out = append(out, p)
			}
		}
		ring = out
	}
	if len(ring) < 3 || ring.Area() == 0 {
		return nil
	}
	return ring
}

func atX(a, b annot.Point, x float64) annot.Point {
	return annot.Point{X: x, Y: a.Y + (b.Y-a.Y)*((x-a.X)/(b.X-a.X))}
}

func atY(a, b annot.Point, y float64) annot.Point {
	return annot.Point{X: a.X + (b.X-a.X)*((y-a.Y)/(b.Y-a.Y)), Y: y}
}
