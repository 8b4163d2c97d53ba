package overlay

import (
	"encoding/binary"
	"image"
	"image/color"
	"math"
	"math/bits"
	"slices"
)

// A curved line is drawn from points a pixel apart. Each point lowers, in a map of distances, the pixels
// around it to their distance from it; where a line passes twice the nearer distance stays, so nothing is
// painted twice. Line and halo then follow from the one map: a pixel's share is how far its centre lies
// inside the edge, from half a pixel outside to half a pixel inside.

// phases is how finely a point's place within its pixel is told, per axis.
const phases = 4

// pen is a line's shape, with the distances around a point worked out for each phase. Distances are in
// bytes: 255 is out of reach.
type pen struct {
	half, reach float64                // half the width without and with halo, in pixels
	size        int                    // of the square of pixels around a point
	row         int                    // size rounded up to whole words; what is beyond size is out of reach
	step        float32                // how far apart points may be without a visible scallop
	unit        float64                // bytes per pixel of distance
	line, gap   [phases * phases]stamp // for a point of the line, and for one where only the halo is
}

// stamp is what a point covers of the square around it: the rows from the first one in reach to the last one.
type stamp struct {
	first int
	dist  []byte // the pen's row bytes each
}

func newPen(half, halo float64) pen {
	p := pen{half: half, reach: half + halo}
	p.unit = 254.5 / (p.reach + 0.5) // whose centre is half a pixel further, has no share
	p.size = 2*int(math.Ceil(p.reach+0.5)) + 2
	p.step = float32(max(1, math.Sqrt(p.reach)/1.7))
	p.row = (p.size + 7) &^ 7
	for i := range p.line {
		p.line[i] = p.stamp(i, 0)
		p.gap[i] = p.stamp(i, math.Ceil((half+0.5)*p.unit))
	}
	return p
}

// stamp works out the distances around a point of a phase, in bytes and none under least.
func (p *pen) stamp(phase int, least float64) (s stamp) {
	mid := float64(p.size / 2)
	cx, cy := mid+(float64(phase%phases)+0.5)/phases, mid+(float64(phase/phases)+0.5)/phases
	for y := range p.size {
		if math.Abs(float64(y)+0.5-cy) >= p.reach+0.5 {
			continue
		}
		if len(s.dist) == 0 {
			s.first = y
		}
		for x := range p.row {
			d := math.Hypot(float64(x)+0.5-cx, float64(y)+0.5-cy)
			s.dist = append(s.dist, byte(min(max(d*p.unit+0.5, least), 255)))
		}
	}
	return s
}

// around returns the phase of a point at v, and the pixel of the top-left corner of the square around it.
func (p *pen) around(v vec) (phase, x, y int) {
	ix, iy := int(math.Floor(float64(v.x))), int(math.Floor(float64(v.y)))
	fx := min(int((v.x-float32(ix))*phases), phases-1)
	fy := min(int((v.y-float32(iy))*phases), phases-1)
	return fy*phases + fx, ix - p.size/2, iy - p.size/2
}

// brush is what decides the tone of every distance: a pen with a line over a halo. Either may have no
// opacity.
type brush struct {
	half, reach, unit    float64
	line, halo           color.RGBA
	lineAlpha, haloAlpha uint32
}

func (p *pen) brush(l *look, lineAlpha, haloAlpha uint32) brush {
	return brush{p.half, p.reach, p.unit, l.color, l.halo, lineAlpha, haloAlpha}
}

// tones works out the tone of every distance.
func (b *brush) tones() *[256]tone {
	var tones [256]tone
	l, h := paintOf(b.line), paintOf(b.halo)
	for i := range tones {
		d := float64(i) / b.unit
		la := uint32(float64(b.lineAlpha)*share(b.half, d) + 0.5)
		ha := uint32(float64(b.haloAlpha)*share(b.reach, d)+0.5) * (256 - la) >> 8
		tones[i] = tone{h.rb*ha + l.rb*la, h.ga*ha + l.ga*la, 256 - la - ha}
	}
	return &tones
}

// share is how much of a pixel at distance d from the line's middle is covered.
func share(half, d float64) float64 { return min(max(half+0.5-d, 0), 1) }

// inkMap is the map of distances for one line.
type inkMap struct {
	rect   image.Rectangle
	stride int
	dist   []byte
}

// reset prepares the map for lines within r, which includes their reach.
func (m *inkMap) reset(r image.Rectangle) {
	m.rect = r
	m.stride = (r.Dx() + 7) &^ 7
	n := m.stride*r.Dy() + 8 // a stamp's last word may reach beyond its square
	m.dist = slices.Grow(m.dist[:0], n)[:n]
	m.dist[0] = 255
	for done := 1; done < n; done *= 2 {
		copy(m.dist[done:], m.dist[:done])
	}
}

// stamp lowers the distances around a point of the line, or of a gap in it. A point whose square leaves the map is passed
// over: the map is made large enough for all points that matter.
func (m *inkMap) stamp(p *pen, v vec, line bool) {
	phase, x, y := p.around(v)
	if x < m.rect.Min.X || y < m.rect.Min.Y || x+p.size > m.rect.Max.X || y+p.size > m.rect.Max.Y {
		return
	}
	s := &p.line[phase]
	if !line {
		s = &p.gap[phase]
	}
	at := (y+s.first-m.rect.Min.Y)*m.stride + x - m.rect.Min.X
	for dist := s.dist; len(dist) > 0; at += m.stride {
		for i := 0; i < p.row; i += 8 {
			word := m.dist[at+i : at+i+8]
			binary.LittleEndian.PutUint64(word, least(binary.LittleEndian.Uint64(word), binary.LittleEndian.Uint64(dist)))
			dist = dist[8:]
		}
	}
}

// least returns the lesser of each of eight bytes.
func least(a, b uint64) uint64 {
	const high = 0x8080808080808080
	// Bytes without their high bits are compared by a subtraction that borrows from the high bit of a's own.
	low := (a | high) - (b &^ high)
	less := (^a&b | ^(a^b)&^low) & high // where a is less
	take := less<<1 - less>>7
	return b ^ (a^b)&take
}

// compose paints the map.
func (m *inkMap) compose(c *canvas, tones *[256]tone) {
	r := m.rect.Intersect(image.Rect(0, 0, c.w, c.h))
	n := r.Dx()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := m.dist[(y-m.rect.Min.Y)*m.stride+r.Min.X-m.rect.Min.X:]
		pix := c.pix[y*c.stride+4*r.Min.X:][:4*n]
		for x := 0; x < n; x += 8 {
			word := binary.LittleEndian.Uint64(row[x:])
			for ink := ^word; ink != 0; {
				bit := bits.TrailingZeros64(ink) &^ 7
				at := 4 * (x + bit/8)
				if at >= len(pix) {
					break
				}
				px := pix[at : at+4]
				binary.LittleEndian.PutUint32(px, tones[byte(word>>bit)].over(binary.LittleEndian.Uint32(px)))
				ink &^= 0xFF << bit
			}
		}
	}
}

// pens keeps the pens of a picture: there are few widths, and one set per unit.
type pens struct{ made []pen }

func (ps *pens) get(half, halo float64) *pen {
	for i := range ps.made {
		if p := &ps.made[i]; p.half == half && p.reach == half+halo {
			return p
		}
	}
	if len(ps.made) >= 16 {
		ps.made = ps.made[:0]
	}
	ps.made = append(ps.made, newPen(half, halo))
	return &ps.made[len(ps.made)-1]
}

// stroker draws lines through points. It keeps the tones of the brushes in use: there is one for each class
// and kind of line.
type stroker struct {
	pens    pens
	ink     inkMap
	brushes map[brush]*[256]tone
}

func (s *stroker) compose(c *canvas, b brush) {
	tones := s.brushes[b]
	if tones == nil {
		if s.brushes == nil || len(s.brushes) >= 256 {
			s.brushes = make(map[brush]*[256]tone)
		}
		tones = b.tones()
		s.brushes[b] = tones
	}
	s.ink.compose(c, tones)
}

// stroke draws the paths: the halo all along, the line with dashes, whose lengths are in pixels.
func (s *stroker) stroke(c *canvas, points []vec, paths []path, p *pen, l *look, on, off float64) {
	if !s.prepare(c, points, paths, p) {
		return
	}
	for _, q := range paths {
		s.along(points[q.from:q.to], p, on, off)
	}
	s.compose(c, p.brush(l, 256, l.haloAlpha))
}

// prepare makes the map as large as the paths need on the picture.
func (s *stroker) prepare(c *canvas, points []vec, paths []path, p *pen) bool {
	x0, y0, x1, y1 := float32(math.Inf(1)), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.Inf(-1))
	for _, q := range paths {
		for _, v := range points[q.from:q.to] {
			x0, y0, x1, y1 = min(x0, v.x), min(y0, v.y), max(x1, v.x), max(y1, v.y)
		}
	}
	near := p.near(c)
	if !(x1 >= x0) || x1 < float32(near.Min.X) || y1 < float32(near.Min.Y) ||
		x0 > float32(near.Max.X) || y0 > float32(near.Max.Y) {
		return false
	}
	x0, y0 = max(x0, float32(near.Min.X)), max(y0, float32(near.Min.Y))
	x1, y1 = min(x1, float32(near.Max.X)), min(y1, float32(near.Max.Y))
	n := p.size
	s.ink.reset(image.Rect(int(x0)-n, int(y0)-n, int(x1)+n+1, int(y1)+n+1))
	return true
}

// near is where points still reach the picture.
func (p *pen) near(c *canvas) image.Rectangle {
	return image.Rect(-p.size, -p.size, c.w+p.size, c.h+p.size)
}

// along stamps one path. A stamp reaches half a width beyond its point, so dashes are stamped that much shorter, but never
// so short that the points, a pixel apart, could miss one.
func (s *stroker) along(points []vec, p *pen, on, off float64) {
	var walked float32
	since, before := p.step, true // since the last stamp, and what that was
	period := float32(on + off)
	from, to := float32(p.half), float32(max(on-p.half, p.half+1))
	for i, v := range points {
		if i > 0 {
			d := hypot32(v.x-points[i-1].x, v.y-points[i-1].y)
			walked, since = walked+d, since+d
		}
		line := true
		if off > 0 {
			for walked >= period {
				walked -= period
			}
			line = walked >= from && walked <= to
		}
		if line != before || since+0.25 >= p.step {
			since, before = 0, line
			s.ink.stamp(p, v, line)
		}
	}
}

func hypot32(x, y float32) float32 { return float32(math.Sqrt(float64(x*x + y*y))) }

// dot paints a filled circle with a halo.
func (s *stroker) dot(c *canvas, x, y, radius, halo float64, l *look) {
	if x < -1e6 || y < -1e6 || x > 1e6 || y > 1e6 {
		return
	}
	p := s.pens.get(radius, halo)
	v := vec{float32(x), float32(y)}
	n := p.size
	s.ink.reset(image.Rect(int(x)-n, int(y)-n, int(x)+n+1, int(y)+n+1))
	s.ink.stamp(p, v, true)
	s.compose(c, p.brush(l, 256, l.haloAlpha))
}
