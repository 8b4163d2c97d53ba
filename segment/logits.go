package segment

import (
	"image"
	"math"

	"github.com/saysee/saysee/annot"
)

// Logits are a coarse grid of per-class logits over a photo. Between the centres of its cells they are
// bilinear, and flat beyond the outermost centres; that surface, read at the centre of each photo pixel, is
// what the argmax sees (never labels that were enlarged).
type Logits struct {
	Model   string // pack id
	Classes []annot.Class
	Photo   image.Point // size in pixels
	W, H    int         // cells
	// CellW and CellH are the photo pixels a cell covers; the first cell begins at (X0, Y0), mostly the photo's corner.
	CellW, CellH float64
	X0, Y0       float64
	// Planes holds W × H logits, row-major, for each class. Background is logit 0, or that of Ground.
	Planes [][]float32
	// Ground is the background's own plane, where a family makes one. Nil is 0 everywhere.
	Ground []float32
	// Shares says that Planes are probabilities already, not logits.
	Shares bool
}

// NoClass is the label of a pixel that no class wins.
const NoClass = -1

// Labels holds one class index, or NoClass, for each photo pixel, row-major.
type Labels struct {
	Size image.Point
	Pix  []int16
}

// Labels gives every pixel the class with the highest logit, or NoClass where none is above background.
// A class that off names takes no part. dst is reused when it is large enough.
//
// In a cell between four centres the surface is bilinear, so a class that wins at all four wins everywhere
// in it: only cells on a border between classes are read pixel by pixel.
func (l *Logits) Labels(background float64, off map[int]bool, dst *Labels) *Labels {
	if dst == nil {
		dst = &Labels{}
	}
	dst.Size = l.Photo
	if n := l.Photo.X * l.Photo.Y; cap(dst.Pix) < n {
		dst.Pix = make([]int16, n)
	} else {
		dst.Pix = dst.Pix[:n]
	}
	p := labeller{l: l, background: float32(background), dst: dst}
	for c := range l.Planes {
		if !off[c] {
			p.classes = append(p.classes, c)
		}
	}
	p.corners = p.winners()
	p.columns = make([]int, l.W+2)
	for kx := range l.W + 1 {
		p.columns[kx], p.columns[kx+1] = knotPixels(kx-1, l.W, l.X0, l.CellW, l.Photo.X)
	}
	// Knot k stands for the centre of cell k; knots -1 and W, H lie on the photo's edge.
	for ky := -1; ky < l.H; ky++ {
		if y0, y1 := knotPixels(ky, l.H, l.Y0, l.CellH, l.Photo.Y); y0 < y1 {
			p.row(ky, y0, y1)
		}
	}
	return dst
}

// knotPixels returns the pixels whose centres lie between the centres of cells k and k+1.
func knotPixels(k, cells int, origin, size float64, limit int) (int, int) {
	from, to := 0, limit
	if k >= 0 {
		from = int(math.Ceil(origin + (float64(k)+0.5)*size - 0.5))
	}
	if k+1 < cells {
		to = int(math.Ceil(origin + (float64(k)+1.5)*size - 0.5))
	}
	return min(max(from, 0), limit), min(max(to, 0), limit)
}

type labeller struct {
	l          *Logits
	background float32
	classes    []int
	corners    []int16 // the winner at each cell's centre
	columns    []int   // the first pixel of each knot, and one behind the last
	dst        *Labels
}

// winners labels the centres of all cells.
func (p *labeller) winners() []int16 {
	out := make([]int16, p.l.W*p.l.H)
	best := make([]float32, len(out))
	for i := range out {
		out[i], best[i] = NoClass, p.ground(i)
	}
	for _, c := range p.classes {
		plane := p.l.Planes[c][:len(out)]
		for i, v := range plane {
			if v > best[i] {
				best[i], out[i] = v, int16(c)
			}
		}
	}
	return out
}

// ground is what a class must beat at cell i.
func (p *labeller) ground(i int) float32 {
	if p.l.Ground == nil {
		return p.background
	}
	return p.background + p.l.Ground[i]
}

// around returns the indices of the four cells whose centres surround knot (kx, ky).
func (p *labeller) around(kx, ky int) [4]int {
	x0, y0 := max(kx, 0), max(ky, 0)
	x1, y1 := min(kx+1, p.l.W-1), min(ky+1, p.l.H-1)
	return [4]int{y0*p.l.W + x0, y0*p.l.W + x1, y1*p.l.W + x0, y1*p.l.W + x1}
}

// row labels the pixels between the centres of two rows of cells. Neighbouring knots of one label are filled at once.
func (p *labeller) row(ky, y0, y1 int) {
	upper, lower := p.corners[max(ky, 0)*p.l.W:], p.corners[min(ky+1, p.l.H-1)*p.l.W:]
	// agreed returns the label that all four centres around a knot have.
	agreed := func(kx int) (int16, bool) {
		x0, x1 := max(kx, 0), min(kx+1, p.l.W-1)
		label := upper[x0]
		return label, label == upper[x1] && label == lower[x0] && label == lower[x1]
	}
	for kx := -1; kx < p.l.W; {
		label, same := agreed(kx)
		if !same {
			if x0, x1 := p.columns[kx+1], p.columns[kx+2]; x0 < x1 {
				p.cell(kx, ky, image.Rect(x0, y0, x1, y1))
			}
			kx++
			continue
		}
		from := kx
		for kx++; kx < p.l.W; kx++ {
			if _, same := agreed(kx); !same {
				break // the next knot shares two centres with this one, so that it agrees on the same label
			}
		}
		for y := y0; y < y1; y++ {
			fill := p.dst.Pix[y*p.dst.Size.X+p.columns[from+1] : y*p.dst.Size.X+p.columns[kx+1]]
			for i := range fill {
				fill[i] = label
			}
		}
	}
}

// cell labels the pixels between four centres that do not agree.
func (p *labeller) cell(kx, ky int, r image.Rectangle) {
	at := p.around(kx, ky)
	// A class that another beats at all four centres cannot win between them.
	var stay [8]int
	rivals := p.rivals(at, stay[:0])
	for y := r.Min.Y; y < r.Max.Y; y++ {
		fy := clamp01((float64(y)+0.5-p.l.Y0)/p.l.CellH - 0.5 - float64(ky))
		for x := r.Min.X; x < r.Max.X; x++ {
			fx := clamp01((float64(x)+0.5-p.l.X0)/p.l.CellW - 0.5 - float64(kx))
			p.dst.Pix[y*p.dst.Size.X+x] = p.winner(at, rivals, float32(fx), float32(fy))
		}
	}
}

func (p *labeller) rivals(at [4]int, out []int) []int {
	ground := [4]float32{p.ground(at[0]), p.ground(at[1]), p.ground(at[2]), p.ground(at[3])}
next:
	for _, c := range p.classes {
		v := p.l.Planes[c]
		if v[at[0]] <= ground[0] && v[at[1]] <= ground[1] && v[at[2]] <= ground[2] && v[at[3]] <= ground[3] {
			continue
		}
		for _, o := range out {
			u := p.l.Planes[o]
			if u[at[0]] >= v[at[0]] && u[at[1]] >= v[at[1]] && u[at[2]] >= v[at[2]] && u[at[3]] >= v[at[3]] {
				continue next
			}
		}
		out = append(out, c)
	}
	return out
}

func (p *labeller) winner(at [4]int, rivals []int, fx, fy float32) int16 {
	best, label := p.background, NoClass
	if p.l.Ground != nil {
		best += between(p.l.Ground, at, fx, fy)
	}
	for _, c := range rivals {
		if s := between(p.l.Planes[c], at, fx, fy); s > best {
			best, label = s, c
		}
	}
	return int16(label)
}

// between reads a plane bilinearly between four cells.
func between(v []float32, at [4]int, fx, fy float32) float32 {
	top := v[at[0]] + (v[at[1]]-v[at[0]])*fx
	low := v[at[2]] + (v[at[3]]-v[at[2]])*fx
	return top + (low-top)*fy
}

func clamp01(v float64) float64 { return min(max(v, 0), 1) }

// Confidence returns the probability of class c at the cell nearest to a photo pixel: what the plane holds when
// it holds Shares, else the softmax over background and all classes.
func (l *Logits) Confidence(c, x, y int) float64 {
	cx := min(int((float64(x)+0.5-l.X0)/l.CellW), l.W-1)
	cy := min(int((float64(y)+0.5-l.Y0)/l.CellH), l.H-1)
	i := cy*l.W + cx
	if l.Shares {
		return float64(l.Planes[c][i])
	}
	top := float32(0)
	if l.Ground != nil {
		top = l.Ground[i]
	}
	ground := top
	for _, p := range l.Planes {
		top = max(top, p[i])
	}
	sum := math.Exp(float64(ground - top))
	for _, p := range l.Planes {
		sum += math.Exp(float64(p[i] - top))
	}
	return math.Exp(float64(l.Planes[c][i]-top)) / sum
}
