package detect

import (
	"image"
	"iter"
	"math"

	"github.com/saysee/saysee/annot"
)

// Paste turns a square grid of side × side mask probabilities over a box into a mask of whole pixels: a
// pixel is in when the grid, read bilinearly at the pixel's centre and continued flat beyond the outermost
// cells' centres, is at least a half. The grid is row-major; box and photo are in photo pixels.
//
// Between two rows of cells the bilinear surface is linear down a column of pixels, so where it crosses a
// half is solved and not searched: the cost grows with the mask's width, not with its area.
func Paste(grid []float32, side int, box annot.Box, photo image.Rectangle) annot.Mask {
	rect := image.Rect(
		int(math.Floor(box.X0)), int(math.Floor(box.Y0)), int(math.Ceil(box.X1)), int(math.Ceil(box.Y1)),
	).Intersect(photo)
	if rect.Empty() || box.Empty() || len(grid) < side*side {
		return annot.Mask{}
	}
	p := paster{grid: grid, side: side, box: box, rect: rect, column: make([]float64, side)}
	return annot.MaskFromSpans(rect, p.spans()).Trim()
}

type paster struct {
	grid   []float32
	side   int
	box    annot.Box
	rect   image.Rectangle
	column []float64 // the grid's rows, read at one column of pixels
}

func (p *paster) spans() iter.Seq[annot.Span] {
	return func(yield func(annot.Span) bool) {
		for x := p.rect.Min.X; x < p.rect.Max.X; x++ {
			p.read(x)
			if !p.columnSpans(x, yield) {
				return
			}
		}
	}
}

// read interpolates each row of the grid at the centre of pixel column x.
func (p *paster) read(x int) {
	u := (float64(x)+0.5-p.box.X0)/p.box.W()*float64(p.side) - 0.5
	u = min(max(u, 0), float64(p.side-1))
	i := min(int(u), max(p.side-2, 0))
	j := min(i+1, p.side-1)
	f := u - float64(i)
	for r := range p.column {
		a, b := float64(p.grid[r*p.side+i]), float64(p.grid[r*p.side+j])
		p.column[r] = a + (b-a)*f
	}
}

// columnSpans walks the stretches between the centres of two cells, and those beyond the outermost ones.
func (p *paster) columnSpans(x int, yield func(annot.Span) bool) bool {
	cell := p.box.H() / float64(p.side)
	y := p.rect.Min.Y
	for r := -1; r < p.side && y < p.rect.Max.Y; r++ {
		// Pixels whose centre lies above the centre of cell row r+1 belong to this stretch.
		end := p.rect.Max.Y
		if r+1 < p.side {
			end = int(math.Ceil(p.box.Y0 + (float64(r)+1.5)*cell - 0.5))
			end = min(max(end, y), p.rect.Max.Y)
		}
		a, b := p.column[max(r, 0)], p.column[min(r+1, p.side-1)]
		y0, y1 := crossing(a, b, p.box.Y0+(float64(r)+0.5)*cell, cell, y, end)
		if y0 < y1 && !yield(annot.Span{X: x, Y0: y0, Y1: y1}) {
			return false
		}
		y = end
	}
	return true
}

// crossing returns which of the pixels [y, end) have a value of at least a half, where the value runs
// from a at the position top to b one cell lower.
func crossing(a, b, top, cell float64, y, end int) (int, int) {
	switch {
	case a >= 0.5 && b >= 0.5:
		return y, end
	case a < 0.5 && b < 0.5:
		return y, y
	}
	at := top + (0.5-a)/(b-a)*cell - 0.5 // in pixel indices: centres lie half a pixel on
	if a < b {
		return min(max(int(math.Ceil(at)), y), end), end
	}
	return y, min(max(int(math.Floor(at))+1, y), end)
}
