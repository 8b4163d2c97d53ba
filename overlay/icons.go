package overlay

import (
	"image/color"
	"math"
)

// icons holds the signs as polylines on a grid of 12 × 12.
var icons = map[glyph][][]vec{
	tickGlyph:  {{{2.2, 6.4}, {4.8, 9}, {9.8, 3.2}}},
	crossGlyph: {{{3, 3}, {9, 9}}, {{9, 3}, {3, 9}}},
	ringGlyph:  arcs(6, 6, 4, 8),
	padlockGlyph: {
		{{2.8, 5.4}, {9.2, 5.4}, {9.2, 10.4}, {2.8, 10.4}, {2.8, 5.4}},
		{{4, 5.4}, {4, 3.6}, {4.7, 2.2}, {6, 1.7}, {7.3, 2.2}, {8, 3.6}, {8, 5.4}},
	},
}

// arcs returns a circle as n arcs with gaps between them.
func arcs(cx, cy, radius float64, n int) (out [][]vec) {
	at := func(turn float64) vec {
		s, c := math.Sincos(2 * math.Pi * turn)
		return vec{float32(cx + radius*c), float32(cy + radius*s)}
	}
	for i := range n {
		a := float64(i) / float64(n)
		out = append(out, []vec{at(a), at(a + 0.35/float64(n))})
	}
	return out
}

// icon draws a sign with its top-left at (x, y).
func (p *Painter) icon(c *canvas, f *frame, g glyph, x, y float64, ink color.RGBA) {
	pen := p.strokes.pens.get(0.75*f.unit, 0)
	near := pen.near(c)
	points, paths := len(p.points), len(p.paths)
	for _, line := range icons[g] {
		from := len(p.points)
		for i := 1; i < len(line); i++ {
			a, b := line[i-1], line[i]
			p.points = sample(p.points,
				x+float64(a.x)*f.unit, y+float64(a.y)*f.unit, x+float64(b.x)*f.unit, y+float64(b.y)*f.unit, near)
		}
		p.paths = append(p.paths, path{from, len(p.points)})
	}
	p.strokes.stroke(c, p.points, p.paths[paths:], pen, &look{color: ink}, 0, 0)
	p.points, p.paths = p.points[:points], p.paths[:paths]
}
