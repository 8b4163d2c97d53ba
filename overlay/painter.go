package overlay

import (
	"cmp"
	"image"
	"image/draw"
	"math"
	"slices"

	"github.com/saysee/saysee/annot"
)

// Painter draws regions. It keeps what drawing needs from one picture to the next, so that a steady stream
// of frames makes no garbage; the zero value is ready. A Painter must not be used by two goroutines at once.
type Painter struct {
	entries []entry
	bitmap  bitmap
	points  []vec
	paths   []path
	strokes stroker
	text    typesetter
	tags    []tag
	places  Placer
	counts  []int
	rows    []legendRow
}

// entry is an item that can be seen.
type entry struct {
	region   *annot.Region
	look     look
	state    State
	focus    Focus
	box      image.Rectangle // on the picture, unclipped
	area     float64         // in photo pixels
	from, to int             // its paths
}

// Picture returns a copy of a photo with the regions drawn on it, at the photo's own size and with its
// top-left at (0, 0).
func (p *Painter) Picture(photo image.Image, items []Item, classes []annot.Class, opt Options) *image.RGBA {
	b := photo.Bounds()
	dst := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(dst, dst.Rect, photo, b.Min, draw.Src)
	p.Draw(dst, View{Size: b.Size(), Scale: 1}, items, classes, opt)
	return dst
}

// Draw draws the items over dst: fills from large to small, then outlines and boxes in the same order with
// the selected ones last, then the legend and the tags. Hidden regions are left out, and so is what cannot
// be drawn, such as a box with a side that is no number.
func (p *Painter) Draw(dst *image.RGBA, v View, items []Item, classes []annot.Class, opt Options) {
	if dst.Bounds().Empty() {
		return
	}
	f, ok := newFrame(dst.Bounds(), v)
	if !ok {
		return
	}
	c := canvasOf(dst)
	p.collect(&f, items, classes, opt)
	p.points, p.paths = p.points[:0], p.paths[:0]
	for i := range p.entries {
		p.fill(&c, &f, &p.entries[i], opt)
	}
	for i := range p.entries {
		p.lines(&c, &f, &p.entries[i], opt)
	}
	p.places.Reset(f.photo, f.px(tagHeight))
	var legend image.Rectangle
	if opt.Legend {
		legend = p.layLegend(&f, items, classes)
		p.places.Reserve(legend)
	}
	if opt.Labels {
		p.layTags(&f, classes, opt)
		p.drawTags(&c, &f)
	}
	if !legend.Empty() {
		p.drawLegend(&c, &f, legend, classes)
	}
}

// collect fills p.entries with the items to draw, in drawing order.
func (p *Painter) collect(f *frame, items []Item, classes []annot.Class, opt Options) {
	p.entries = p.entries[:0]
	for _, it := range items {
		r := it.Region
		if r == nil || r.Hidden {
			continue
		}
		bounds, area := extent(r)
		box, ok := f.box(bounds)
		if !ok {
			continue
		}
		own := override(classes, r.Class)
		l := lookOf(it, ClassColor(r.Class, own), opt.Opacity)
		l.ringed = Repeated(r.Class, own)
		p.entries = append(p.entries, entry{region: r, look: l, state: it.State, focus: it.Focus, box: box, area: area})
	}
	slices.SortStableFunc(p.entries, func(a, b entry) int {
		if (a.focus == Selected) != (b.focus == Selected) {
			return cmp.Compare(a.focus, b.focus)
		}
		return cmp.Compare(b.area, a.area)
	})
}

// extent returns the box of a region, or of its shape if it has none, and the area that decides who is
// drawn first.
func extent(r *annot.Region) (annot.Box, float64) {
	box := r.Box
	if box.Empty() && r.Shape != nil {
		box = r.Shape.Bounds()
	}
	if m, ok := r.Shape.(annot.Mask); ok {
		return box, float64(m.Area())
	}
	return box, box.Area()
}

func override(classes []annot.Class, i int) string {
	if i < 0 || i >= len(classes) {
		return ""
	}
	return classes[i].Color
}

// fill paints the inside of an entry and finds its outlines.
func (p *Painter) fill(c *canvas, f *frame, e *entry, opt Options) {
	ink := paintOf(e.look.color)
	if opt.Boxes && e.look.boxFill > 0 {
		c.fill(e.box.Intersect(f.photo), ink, opacity(e.look.boxFill))
	}
	e.from = len(p.paths)
	if opt.Masks {
		pen := p.pen(f, e)
		switch s := e.region.Shape.(type) {
		case annot.Mask:
			if p.bitmap.mask(s, f, pen.size+maxSmooth+2) {
				p.bitmap.tint(c, ink, opacity(e.look.fill))
				p.points, p.paths = p.bitmap.contours(p.points, p.paths, smoothing(f.scale))
			}
		case annot.Polygon:
			if p.bitmap.polygon(s, f) {
				p.bitmap.tint(c, ink, opacity(e.look.fill))
			}
			near := pen.near(c)
			for _, part := range s {
				p.polyline(f, part.Outer, true, near)
				for _, hole := range part.Holes {
					p.polyline(f, hole, true, near)
				}
			}
		case annot.Line:
			p.polyline(f, s, false, pen.near(c))
		}
	}
	e.to = len(p.paths)
}

// smoothing returns how many neighbours on either side a mask's outline is averaged over. From 400 % on it
// shows the photo's pixels as they are.
func smoothing(scale float64) int {
	if scale >= 4 {
		return 0
	}
	return int(math.Ceil(max(scale, 1))) + 1
}

// leastLine is the least width of a line, in pixels, where a small picture would make lines too faint.
const leastLine = 1.5

func (p *Painter) pen(f *frame, e *entry) *pen {
	return p.strokes.pens.get(max(e.look.outline*f.unit, leastLine)/2, f.unit)
}

// polyline appends the visible pieces of a polyline as paths. Neighbouring segments go on in one path, so
// that dashes run around corners.
func (p *Painter) polyline(f *frame, pts []annot.Point, closed bool, near image.Rectangle) {
	from, n := len(p.points), len(pts)
	if closed && n > 0 {
		n++
	}
	for i := 1; i < n; i++ {
		x0, y0 := f.point(pts[i-1])
		x1, y1 := f.point(pts[i%len(pts)])
		before := len(p.points)
		p.points = sample(p.points, x0, y0, x1, y1, near)
		if before > from && (len(p.points) == before || !touching(p.points[before-1], p.points[before])) {
			p.paths = append(p.paths, path{from, before})
			from = before
		}
	}
	if len(p.points) > from {
		p.paths = append(p.paths, path{from, len(p.points)})
	}
}

func touching(a, b vec) bool { return hypot32(a.x-b.x, a.y-b.y) < 1.5 }

// lines strokes the outline and the box of an entry.
func (p *Painter) lines(c *canvas, f *frame, e *entry, opt Options) {
	if opt.Masks {
		switch e.region.Shape.(type) {
		case annot.Point:
			radius := 4 * f.unit
			if e.focus == Selected {
				radius = 5 * f.unit
			}
			p.strokes.dot(c, float64(e.box.Min.X), float64(e.box.Min.Y), radius, f.unit, &e.look)
		default:
			p.strokes.stroke(c, p.points, p.paths[e.from:e.to], p.pen(f, e), &e.look,
				e.look.dash.on*f.unit, e.look.dash.off*f.unit)
		}
	}
	if opt.Boxes && (e.boxed() || !opt.Masks && e.sized()) {
		c.box(f, e.box, &e.look)
	}
}

// sized reports whether the region is as large as its box, and not a point or a line in it.
func (e *entry) sized() bool {
	switch e.region.Shape.(type) {
	case annot.Point, annot.Line:
		return false
	}
	return true
}

// boxed reports whether the region has a box that says more than its shape does. A model's answer that is
// painted pixel by pixel has none of its own: a frame around grass would only hide what stands on it.
func (e *entry) boxed() bool {
	if m, ok := e.region.Shape.(annot.Mask); ok && e.state == Found {
		return e.region.Box != m.Bounds()
	}
	return e.sized()
}
