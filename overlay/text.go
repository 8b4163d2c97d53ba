package overlay

import (
	"image"
	"math"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
	"golang.org/x/text/unicode/norm"
)

// run is a piece of text laid out in one face and size, from a pen at (0, 0) on the baseline.
type run struct {
	glyphs []placed
	width  float64
}

// placed is a glyph and the place of its origin, in pixels.
type placed struct {
	glyph *outline
	x     float64
}

// outline is a glyph at one size. Its coverage is drawn when it is first painted, for the quarter of a pixel
// that it falls on.
type outline struct {
	font    *sfnt.Font // nil for the replacement box
	index   sfnt.GlyphIndex
	advance float64
	size    float64
	cover   [subpixels]*cover
}

// subpixels is how many places within a pixel a glyph is drawn for.
const subpixels = 4

// cover is how much of each pixel a glyph covers, 0 to 255.
type cover struct {
	pix       []byte
	w         int
	left, top int // of the first pixel, from the origin
}

type runKey struct {
	text   string
	weight weight
	size   float64
}

type runeKey struct {
	r      rune
	weight weight
	size   float64
}

// typesetter lays text out and keeps what it has made, since the same names come again in every frame. The
// zero value is ready. It is not safe for concurrent use.
type typesetter struct {
	runs   map[runKey]*run
	glyphs map[runeKey]*outline
	buf    sfnt.Buffer
	raster vector.Rasterizer
}

// kept bounds the runs and the glyphs that are kept.
const kept = 8192

// layout returns the text as a run. Control characters become spaces. The run is shared: it must not be
// changed.
func (t *typesetter) layout(text string, w weight, size float64) *run {
	key := runKey{text, w, size}
	if r := t.runs[key]; r != nil {
		return r
	}
	if t.runs == nil || len(t.runs) >= kept {
		t.runs = make(map[runKey]*run)
	}
	r := &run{}
	var last *outline
	for _, c := range norm.NFC.String(text) {
		if unicode.IsControl(c) {
			c = ' '
		}
		if unicode.Is(unicode.Cf, c) || unicode.Is(unicode.Variation_Selector, c) {
			continue // joiners and direction marks have no picture
		}
		g := t.glyph(c, w, size)
		r.width += t.kern(last, g)
		r.glyphs = append(r.glyphs, placed{g, r.width})
		r.width += g.advance
		last = g
	}
	t.runs[key] = r
	return r
}

func ppem(size float64) fixed.Int26_6 { return fixed.Int26_6(size*64 + 0.5) }

func (t *typesetter) kern(a, b *outline) float64 {
	if a == nil || a.font == nil || a.font != b.font {
		return 0
	}
	k, err := a.font.Kern(&t.buf, a.index, b.index, ppem(a.size), font.HintingNone)
	if err != nil {
		return 0 // a font without kerning
	}
	return float64(k) / 64
}

func (t *typesetter) glyph(c rune, w weight, size float64) *outline {
	key := runeKey{c, w, size}
	if g := t.glyphs[key]; g != nil {
		return g
	}
	if t.glyphs == nil || len(t.glyphs) >= kept {
		// Runs hold glyphs, so both begin anew.
		t.glyphs, t.runs = make(map[runeKey]*outline), make(map[runKey]*run)
	}
	g := t.find(c, w, size)
	t.glyphs[key] = g
	return g
}

// find asks the bundled fonts, then the system's, and falls back to a box.
func (t *typesetter) find(c rune, w weight, size float64) *outline {
	for _, f := range bundled()[w] {
		if g := t.from(f, c, size); g != nil {
			return g
		}
	}
	for _, f := range system() {
		if g := t.from(f, c, size); g != nil {
			return g
		}
	}
	return &outline{advance: size * 0.62, size: size}
}

// from returns the glyph of one font, or nil if the font cannot draw the character.
func (t *typesetter) from(f *sfnt.Font, c rune, size float64) *outline {
	index, err := f.GlyphIndex(&t.buf, c)
	if err != nil || index == 0 {
		return nil
	}
	advance, err := f.GlyphAdvance(&t.buf, index, ppem(size), font.HintingNone)
	if err != nil {
		return nil
	}
	// Colour bitmaps have an index and an advance, but nothing to draw.
	if _, err := f.LoadGlyph(&t.buf, index, ppem(size), nil); err != nil {
		return nil
	}
	return &outline{font: f, index: index, advance: float64(advance) / 64, size: size}
}

// drawn returns the glyph's coverage with its origin at the given part of a pixel, 0 to 1.
func (t *typesetter) drawn(g *outline, part float64) *cover {
	phase := min(int(part*subpixels), subpixels-1)
	if g.cover[phase] == nil {
		g.cover[phase] = t.rasterize(g, (float32(phase)+0.5)/subpixels)
	}
	return g.cover[phase]
}

func (t *typesetter) rasterize(g *outline, dx float32) *cover {
	if g.font == nil {
		return t.box(g, dx)
	}
	segments, err := g.font.LoadGlyph(&t.buf, g.index, ppem(g.size), nil)
	if err != nil || len(segments) == 0 {
		return &cover{} // a space
	}
	b := segments.Bounds()
	r := image.Rect(b.Min.X.Floor(), b.Min.Y.Floor(), b.Max.X.Ceil()+1, b.Max.Y.Ceil())
	if r.Empty() || r.Dx() > 4096 || r.Dy() > 4096 {
		return &cover{}
	}
	return t.fill(r, func(ras *vector.Rasterizer) {
		at := func(p fixed.Point26_6) (x, y float32) {
			return float32(p.X)/64 + dx - float32(r.Min.X), float32(p.Y)/64 - float32(r.Min.Y)
		}
		for _, s := range segments {
			ax, ay := at(s.Args[0])
			bx, by := at(s.Args[1])
			cx, cy := at(s.Args[2])
			switch s.Op {
			case sfnt.SegmentOpMoveTo:
				ras.ClosePath()
				ras.MoveTo(ax, ay)
			case sfnt.SegmentOpLineTo:
				ras.LineTo(ax, ay)
			case sfnt.SegmentOpQuadTo:
				ras.QuadTo(ax, ay, bx, by)
			case sfnt.SegmentOpCubeTo:
				ras.CubeTo(ax, ay, bx, by, cx, cy)
			}
		}
		ras.ClosePath()
	})
}

// box draws the replacement for a character that no font has: an upright rectangle, hollow.
func (t *typesetter) box(g *outline, dx float32) *cover {
	s := float32(g.size)
	r := image.Rect(0, -int(math.Ceil(g.size)), int(math.Ceil(g.advance))+1, 0)
	return t.fill(r, func(ras *vector.Rasterizer) {
		rect := func(x0, y0, x1, y1 float32) {
			ras.MoveTo(x0, y0)
			ras.LineTo(x0, y1)
			ras.LineTo(x1, y1)
			ras.LineTo(x1, y0)
			ras.ClosePath()
		}
		top, base, line := float32(r.Dy())-0.73*s, float32(r.Dy()), 0.08*s
		x0, x1 := dx+0.06*s, dx+0.56*s
		rect(x0, top, x1, base)
		rect(x1-line, top+line, x0+line, base-line) // the other way round: a hole
	})
}

// fill draws a path into a new cover over r.
func (t *typesetter) fill(r image.Rectangle, path func(*vector.Rasterizer)) *cover {
	t.raster.Reset(r.Dx(), r.Dy())
	path(&t.raster)
	a := image.NewAlpha(image.Rect(0, 0, r.Dx(), r.Dy()))
	t.raster.Draw(a, a.Rect, image.Opaque, image.Point{})
	return &cover{a.Pix, r.Dx(), r.Min.X, r.Min.Y}
}

// fitted is a run cut to a width.
type fitted struct {
	*run
	n     int     // glyphs that fit
	width float64 // that they take, with the dots
	dots  *run    // nil where all fit
}

// cut lays text out in at most so much width, with dots where not all of it fits.
func (t *typesetter) cut(text string, w weight, size, width float64) fitted {
	r := t.layout(text, w, size)
	if r.width <= width {
		return fitted{run: r, n: len(r.glyphs), width: r.width}
	}
	f := fitted{run: r, dots: t.layout("…", w, size)}
	f.width = f.dots.width
	for _, g := range r.glyphs {
		end := g.x + g.glyph.advance + f.dots.width
		if end > width {
			break
		}
		f.n, f.width = f.n+1, end
	}
	return f
}

// put paints text that was cut, with the pen at (x, y), where y is the baseline.
func (t *typesetter) put(c *canvas, f fitted, x float64, y int, p paint) {
	t.draw(c, f.run, f.n, x, y, p)
	if f.dots != nil {
		t.draw(c, f.dots, len(f.dots.glyphs), x+f.width-f.dots.width, y, p)
	}
}

// draw paints the run's first n glyphs with the pen at (x, y), where y is the baseline.
func (t *typesetter) draw(c *canvas, r *run, n int, x float64, y int, p paint) {
	for _, g := range r.glyphs[:n] {
		gx := x + g.x
		whole := math.Floor(gx)
		k := t.drawn(g.glyph, gx-whole)
		c.alpha(int(whole)+k.left, y+k.top, k.pix, k.w, p, 256)
	}
}
