package eval

import (
	"math"

	"github.com/saysee/saysee/annot"
)

// body is the extent of a region in one geometry.
type body struct {
	box  annot.Box
	mask annot.Mask
	size float64 // square pixels, for IoU and areas
}

func bodyOf(r annot.Region, p *Photo, by Geometry) body {
	if by == Boxes {
		return body{box: r.Box, size: float64(extent(r.Box.X0, r.Box.X1) * extent(r.Box.Y0, r.Box.Y1))}
	}
	m := maskOf(r, p.Width, p.Height)
	return body{mask: m, size: float64(m.Area())}
}

// extent returns the width that a file stated when it gave x and width, of which x1 is the rounded sum.
// x1-x0 differs from it in the last bit, which moves an IoU that lies exactly on a threshold: annotators'
// decimals make such. The width is taken for a decimal of at most six places if that gives x1 again.
func extent(x0, x1 float64) float64 {
	w := x1 - x0
	if d := math.Round(w*1e6) / 1e6; x0+d == x1 {
		return d
	}
	return w
}

// iou returns how much a prediction's body and a truth's overlap: intersection over union, or over the
// prediction alone when the truth is a crowd. The order of operations is that of bbIou and rleIou in
// cocoapi's maskApi.c; the conversions keep the compiler from fusing them.
func iou(d, g *body, by Geometry, crowd bool) float64 {
	var both float64
	if by == Boxes {
		w := min(d.box.X1, g.box.X1) - max(d.box.X0, g.box.X0)
		h := min(d.box.Y1, g.box.Y1) - max(d.box.Y0, g.box.Y0)
		if w <= 0 || h <= 0 {
			return 0
		}
		both = float64(w * h)
	} else if both = float64(d.mask.Overlap(g.mask)); both == 0 {
		return 0
	}
	if crowd {
		return both / d.size
	}
	return both / (float64(d.size+g.size) - both)
}
