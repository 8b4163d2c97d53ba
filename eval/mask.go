package eval

import "github.com/saysee/saysee/annot"

// maskOf returns the pixels of a photo of w × h that a region covers. Outlines, and the boxes of regions
// without a shape, cover what pycocotools says they do. Points and lines cover nothing.
func maskOf(r annot.Region, w, h int) annot.Mask {
	switch s := r.Shape.(type) {
	case nil:
		b := r.Box
		return annot.RasterizeCOCO([]annot.Ring{{{X: b.X0, Y: b.Y0}, {X: b.X0, Y: b.Y1}, {X: b.X1, Y: b.Y1}, {X: b.X1, Y: b.Y0}}}, w, h)
	case annot.Mask:
		return s.Clip(w, h)
	case annot.Polygon:
		parts := make([]annot.Mask, 0, len(s))
		for _, part := range s {
			m := annot.RasterizeCOCO([]annot.Ring{part.Outer}, w, h)
			if len(part.Holes) > 0 {
				m = m.Subtract(annot.RasterizeCOCO(part.Holes, w, h))
			}
			parts = append(parts, m)
		}
		return annot.UnionAll(parts...)
	}
	return annot.Mask{}
}
