package segment

import (
	"image"
	"math"
)

// Grid is what a family makes of one view: logits a class over a crop of the photo.
type Grid struct {
	Crop image.Rectangle // photo pixels
	// CellW and CellH are the photo pixels a cell covers; the first cell begins at the crop's corner, or (X0, Y0) from it.
	CellW, CellH float64
	X0, Y0       float64
	W, H         int
	Planes       [][]float32 // a class each, W × H
}

// Cells returns how many cells of a size a length needs. A size that came of a division is allowed its last bits.
func Cells(length int, size float64) int { return max(int(math.Ceil(float64(length)/size-1e-9)), 1) }

// Merge joins the grids of one photo's views. A single grid is taken as it is. Of several, each is read
// bilinearly at the cells of the finest, and where they overlap the logits are averaged, as LSeg's
// multi-crop evaluation does (isl-org/lang-seg, additional_utils/models.py).
func Merge(photo image.Point, grids []Grid) *Logits {
	if len(grids) == 1 {
		g := grids[0]
		return &Logits{Photo: photo, W: g.W, H: g.H, CellW: g.CellW, CellH: g.CellH, X0: g.X0, Y0: g.Y0, Planes: g.Planes}
	}
	l := &Logits{Photo: photo, CellW: math.Inf(1), CellH: math.Inf(1)}
	for _, g := range grids {
		l.CellW, l.CellH = min(l.CellW, g.CellW), min(l.CellH, g.CellH)
	}
	l.W, l.H = Cells(photo.X, l.CellW), Cells(photo.Y, l.CellH)
	l.average(grids)
	return l
}

// mostExact bounds the values that Mean makes at every pixel of a photo: 256 MiB.
const mostExact = 1 << 26

// Mean joins grids that show all of the photo each: their mean at every pixel, or for photos of very many pixels and
// classes at the cells of the finest grid.
func Mean(photo image.Point, grids []Grid) *Logits {
	if len(grids) == 1 || photo.X*photo.Y*len(grids[0].Planes) > mostExact {
		return Merge(photo, grids)
	}
	l := &Logits{Photo: photo, W: photo.X, H: photo.Y, CellW: 1, CellH: 1}
	l.average(grids)
	return l
}

// average makes the planes, of the grids at each cell.
func (l *Logits) average(grids []Grid) {
	visits := make([]float32, l.W*l.H)
	l.Planes = make([][]float32, len(grids[0].Planes))
	for c := range l.Planes {
		l.Planes[c] = make([]float32, l.W*l.H)
	}
	for _, g := range grids {
		l.add(g, visits)
	}
	for c := range l.Planes {
		for i := range visits {
			if visits[i] > 0 {
				l.Planes[c][i] /= visits[i]
			}
		}
	}
}

func (l *Logits) add(g Grid, visits []float32) {
	for y := range l.H {
		py := min((float64(y)+0.5)*l.CellH, float64(l.Photo.Y))
		for x := range l.W {
			px := min((float64(x)+0.5)*l.CellW, float64(l.Photo.X))
			if !(image.Point{int(math.Ceil(px)) - 1, int(math.Ceil(py)) - 1}).In(g.Crop) {
				continue
			}
			i := y*l.W + x
			visits[i]++
			at, fx, fy := g.around(px, py)
			for c, plane := range g.Planes {
				l.Planes[c][i] += between(plane, at, fx, fy)
			}
		}
	}
}

// around returns the four cells whose centres surround a point of the photo, and where it lies between.
func (g Grid) around(px, py float64) (at [4]int, fx, fy float32) {
	u := min(max((px-float64(g.Crop.Min.X)-g.X0)/g.CellW-0.5, 0), float64(g.W-1))
	v := min(max((py-float64(g.Crop.Min.Y)-g.Y0)/g.CellH-0.5, 0), float64(g.H-1))
	x0, y0 := int(u), int(v)
	x1, y1 := min(x0+1, g.W-1), min(y0+1, g.H-1)
	return [4]int{y0*g.W + x0, y0*g.W + x1, y1*g.W + x0, y1*g.W + x1}, float32(u - float64(x0)), float32(v - float64(y0))
}
