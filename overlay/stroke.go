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
	half, reach float64 // half the width without and with halo, in pixels
	size        int     // of the square of pixels around a point
	row         int     // size rounded up to whole words; what is beyond size is out of reach
	step        float32 // how far apart points may be without a visible scallop
	unit        float64 // bytes per pixel of distance
	table       []byte  // phases × phases squares of size rows of row bytes
}

func newPen(half, halo float64) pen {
	p := pen{half: half, reach: half + halo}
	p.unit = 254 / (p.reach + 1)
	p.size = 2*int(math.Ceil(p.reach+0.5)) + 2
	p.step = float32(max(1, math.Sqrt(p.reach)/1.7))
	p.row = (p.size + 7) &^ 7
	p.table = make([]byte, 0, phases*phases*p.size*p.row)
	mid := float64(p.size / 2)
	for fy := range phases {
		for fx := range phases {
			cx, cy := mid+(float64(fx)+0.5)/phases, mid+(float64(fy)+0.5)/phases
			for y := range p.size {
				for x := range p.size {
					d := math.Hypot(float64(x)+0.5-cx, float64(y)+0.5-cy)
					p.table = append(p.table, byte(min(d*p.unit+0.5, 255)))
				}
				for range p.row - p.size {
					p.table = append(p.table, 255)
				}
			}
		}
	}
	return p
}

// square returns the distances around a point at v, and the pixel of its top-left corner.
func (p *pen) square(v vec) (table []byte, x, y int) {
	ix, iy := int(math.Floor(float64(v.x))), int(math.Floor(float64(v.y)))
	fx := min(int((v.x-float32(ix))*phases), phases-1)
	fy := min(int((v.y-float32(iy))*phases), phases-1)
	n := p.size * p.row
	at := (fy*phases + fx) * n
	return p.table[at : at+n], ix - p.size/2, iy - p.size/2
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

// stamp lowers the distances around a point. A point whose square leaves the map is passed over: the map
// is made large enough for all points that matter.
func (m *inkMap) stamp(p *pen, v vec) {
	table, x, y := p.square(v)
	if x < m.rect.Min.X || y < m.rect.Min.Y || x+p.size > m.rect.Max.X || y+p.size > m.rect.Max.Y {
		return
	}
	at := (y-m.rect.Min.Y)*m.stride + x - m.rect.Min.X
	for ; len(table) > 0; at += m.stride {
		for i := 0; i < p.row; i += 8 {
			word := m.dist[at+i : at+i+8]
			binary.LittleEndian.PutUint64(word, least(binary.LittleEndian.Uint64(word), binary.LittleEndian.Uint64(table)))
			table = table[8:]
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
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := m.dist[(y-m.rect.Min.Y)*m.stride+r.Min.X-m.rect.Min.X:][:r.Dx()]
		pix := c.pix[y*c.stride+4*r.Min.X:][:4*r.Dx()]
		for x := 0; x < len(row); x++ {
			if row[x] == 255 {
				if x = beyond(row, x); x == len(row) {
					break
				}
			}
			px := pix[4*x : 4*x+4]
			binary.LittleEndian.PutUint32(px, tones[row[x]].over(binary.LittleEndian.Uint32(px)))
		}
	}
}

// beyond returns the first place from i on that is not out of reach, or the length of the row.
func beyond(row []byte, i int) int {
	for ; i+8 <= len(row); i += 8 {
		if v := ^binary.LittleEndian.Uint64(row[i:]); v != 0 {
			return i + bits.TrailingZeros64(v)/8
		}
	}
	for i < len(row) && row[i] == 255 {
		i++
	}
	return i
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
	haloAlpha := l.haloAlpha
	if off > 0 {
		for _, q := range paths {
			s.along(points[q.from:q.to], p, math.Inf(1), 0)
		}
		s.compose(c, p.brush(l, 0, haloAlpha))
		s.ink.reset(s.ink.rect)
		haloAlpha = 0
	}
	for _, q := range paths {
		s.along(points[q.from:q.to], p, on, off)
	}
	s.compose(c, p.brush(l, 256, haloAlpha))
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

// along stamps one path, leaving out the gaps. A stamp reaches half a width beyond its point, so dashes are
// stamped that much shorter, but never so short that the points, a pixel apart, could miss one.
func (s *stroker) along(points []vec, p *pen, on, off float64) {
	var walked float32
	since := p.step // since the last stamp
	period := float32(on + off)
	from, to := float32(p.half), float32(max(on-p.half, p.half+1))
	for i, v := range points {
		if i > 0 {
			d := hypot32(v.x-points[i-1].x, v.y-points[i-1].y)
			walked, since = walked+d, since+d
		}
		if off > 0 {
			for walked >= period {
				walked -= period
			}
			if walked < from || walked > to {
				since = p.step
				continue
			}
		}
		if since+0.25 >= p.step {
			since = 0
			s.ink.stamp(p, v)
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
	s.ink.stamp(p, v)
	s.compose(c, p.brush(l, 256, l.haloAlpha))
}
