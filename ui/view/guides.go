package view

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/ui/geom"
)

// guides are the canvas objects above the picture: what follows the pointer and is gone with it.
type guides struct {
	c    *Canvas
	clip *container.Clip

	lines  [4]*canvas.Rectangle // light and dark, upright and level
	banded *annot.Box
	rubber *canvas.Rectangle
	rings  [2]*canvas.Circle // of the brush, dark around light
	tag    *hoverTag
	glass  *canvas.Raster
	under  annot.Point // what the magnifier shows
	rim    *canvas.Rectangle
	focus  *canvas.Rectangle
	lens   *lens
}

func newGuides(c *Canvas) *guides {
	g := &guides{c: c, rubber: canvas.NewRectangle(color.Transparent), focus: canvas.NewRectangle(color.Transparent)}
	all := container.NewWithoutLayout()
	for i := range g.lines {
		shade := color.NRGBA{255, 255, 255, 200}
		if i >= 2 {
			shade = color.NRGBA{0, 0, 0, 110}
		}
		g.lines[i] = canvas.NewRectangle(shade)
		all.Add(g.lines[i])
	}
	for i, shade := range []color.Color{color.NRGBA{0, 0, 0, 140}, color.White} {
		g.rings[i] = &canvas.Circle{StrokeColor: shade, StrokeWidth: 1.5, FillColor: color.Transparent}
		all.Add(g.rings[i])
	}
	g.rubber.StrokeWidth = 1
	g.tag = newHoverTag(c)
	g.lens = &lens{c: c}
	g.glass = canvas.NewRaster(func(w, h int) image.Image { return g.lens.picture(w, h) })
	g.glass.ScaleMode = canvas.ImageScalePixels
	g.rim = &canvas.Rectangle{StrokeColor: markEdge, StrokeWidth: 1, FillColor: color.Transparent}
	g.focus.StrokeWidth = 2
	for _, o := range []fyne.CanvasObject{g.rubber, g.tag.box, g.glass, g.rim, g.focus} {
		all.Add(o)
	}
	g.clip = container.NewClip(all)
	for _, o := range all.Objects {
		o.Hide()
	}
	g.theme()
	return g
}

// theme takes the colours of the theme.
func (g *guides) theme() {
	accent := theme.Color(theme.ColorNameFocus)
	r, gr, b, _ := accent.RGBA()
	g.rubber.StrokeColor = color.NRGBA{uint8(r >> 8), uint8(gr >> 8), uint8(b >> 8), 255}
	g.rubber.FillColor = color.NRGBA{uint8(r >> 8), uint8(gr >> 8), uint8(b >> 8), 36}
	g.focus.StrokeColor = g.rubber.StrokeColor
}

// place puts a canvas object at a rectangle of view pixels.
func (g *guides) place(o fyne.CanvasObject, r geom.Rect) {
	u := g.c.unit
	o.Move(fyne.NewPos(float32(r.X0/u), float32(r.Y0/u)))
	o.Resize(fyne.NewSize(float32(r.W()/u), float32(r.H()/u)))
	if !o.Visible() {
		o.Show()
	}
}

// update puts everything where pointer, hover and tool want it.
func (g *guides) update() {
	c := g.c
	inside := c.pointer.inside && !c.keys.space && !c.place.Empty()
	g.cross(c.pointer.at, inside && c.tool == Box)
	g.ring(inside && c.paints())
	if g.banded != nil {
		g.place(g.rubber, c.place.BoxToView(*g.banded))
	}
	if g.glass.Visible() {
		g.moveGlass()
	}
	g.tag.update()
	if g.focus.Visible() {
		g.showFocus(true)
	}
}

func (g *guides) hide() {
	g.band(annot.Box{}, false)
	g.endMagnify()
	g.cross(geom.Pos{}, false)
	g.ring(false)
}

// cross shows lines through the pointer over the whole view.
func (g *guides) cross(at geom.Pos, on bool) {
	if !on {
		for _, r := range g.lines {
			r.Hide()
		}
		return
	}
	w, h := g.c.place.View()
	u := g.c.unit
	x, y := float64(int(at.X)), float64(int(at.Y))
	g.place(g.lines[0], geom.Rect{X0: x, Y0: 0, X1: x + u, Y1: h})
	g.place(g.lines[1], geom.Rect{X0: 0, Y0: y, X1: w, Y1: y + u})
	g.place(g.lines[2], geom.Rect{X0: x + u, Y0: 0, X1: x + 2*u, Y1: h})
	g.place(g.lines[3], geom.Rect{X0: 0, Y0: y + u, X1: w, Y1: y + 2*u})
}

// ring shows the brush around the pointer.
func (g *guides) ring(on bool) {
	if !on {
		g.rings[0].Hide()
		g.rings[1].Hide()
		return
	}
	at, r := g.c.pointer.at, max(g.c.brush*g.c.place.Zoom(), 1.5*g.c.unit)
	for i, grow := range []float64{1.25 * g.c.unit, 0} {
		g.place(g.rings[i], geom.Rect{X0: at.X - r - grow, Y0: at.Y - r - grow, X1: at.X + r + grow, Y1: at.Y + r + grow})
	}
}

// band shows a rubber band, of photo pixels.
func (g *guides) band(b annot.Box, on bool) {
	if !on {
		g.banded = nil
		g.rubber.Hide()
		return
	}
	g.banded = &b
	g.place(g.rubber, g.c.place.BoxToView(b))
}

// showFocus shows the ring around the canvas.
func (g *guides) showFocus(on bool) {
	if !on {
		g.focus.Hide()
		return
	}
	w, h := g.c.place.View()
	g.place(g.focus, geom.Rect{X0: 0, Y0: 0, X1: w, Y1: h})
}

func (g *guides) pressTag(at geom.Pos) bool   { return g.tag.press(at) }
func (g *guides) nearTag(at geom.Pos) bool    { return g.tag.near(at) }
func (g *guides) overButton(at geom.Pos) bool { return g.tag.button(at) != 0 }

// The magnifier, in design pixels.
const (
	glassSide  = 128
	glassAway  = 28 // from the pointer
	glassPower = 4
	glassLeast = 4 // least zoom in it, in view pixels per photo pixel
)

// magnify shows what is around a point enlarged, for as long as a vertex or a side is dragged. Where the photo's
// pixels are large anyway there is no need.
func (g *guides) magnify(p annot.Point) {
	if g.c.place.Zoom() >= gridOver {
		g.endMagnify()
		return
	}
	g.under = p
	g.moveGlass()
	g.glass.Refresh()
}

func (g *guides) endMagnify() {
	g.glass.Hide()
	g.rim.Hide()
}

// moveGlass puts the magnifier to the lower right of the pointer, or where there is room.
func (g *guides) moveGlass() {
	c := g.c
	w, h := c.place.View()
	at, side, away := c.pointer.at, glassSide*c.unit, glassAway*c.unit
	x, y := at.X+away, at.Y+away
	if x+side > w {
		x = at.X - away - side
	}
	if y+side > h {
		y = at.Y - away - side
	}
	r := geom.Rect{X0: x, Y0: y, X1: x + side, Y1: y + side}
	g.place(g.glass, r)
	g.place(g.rim, r)
}

// lens draws the magnifier's picture.
type lens struct {
	c       *Canvas
	scaler  scaler
	painter overlay.Painter
	img     *image.RGBA
}

func (l *lens) picture(w, h int) image.Image {
	if w <= 0 || h <= 0 {
		return image.NewUniform(color.Transparent)
	}
	if l.img == nil || l.img.Rect.Dx() != w || l.img.Rect.Dy() != h {
		l.img = image.NewRGBA(image.Rect(0, 0, w, h))
	}
	c := l.c
	zoom := max(glassPower*c.place.Zoom(), glassLeast)
	t := geom.Around(c.photoSize(), float64(w), float64(h), c.guides.under, zoom)
	l.scaler.draw(l.img, l.img.Rect, c.photo, t, c.background)
	var items []overlay.Item
	for id, r := range c.drafts {
		items = append(items, overlay.Item{Region: r, State: c.item(id).State, Focus: overlay.Selected})
	}
	if c.fresh != nil {
		items = append(items, overlay.Item{Region: c.fresh, State: overlay.Accepted, Focus: overlay.Selected})
	}
	o := t.Offset()
	v := overlay.View{Size: t.Photo(), Scale: t.Zoom(), X: o.X, Y: o.Y, Unit: c.unit}
	opt := c.options.overlay()
	opt.Labels, opt.Opacity = false, 0
	l.painter.Draw(l.img, v, items, c.classes, opt)
	l.hairs(w, h)
	return l.img
}

// hairs marks the middle.
func (l *lens) hairs(w, h int) {
	n, gap := int(10*l.c.unit), int(3*l.c.unit)
	thick := max(int(l.c.unit), 1)
	cx, cy := w/2, h/2
	for _, r := range []image.Rectangle{
		image.Rect(cx-gap-n, cy, cx-gap, cy+thick), image.Rect(cx+gap, cy, cx+gap+n, cy+thick),
		image.Rect(cx, cy-gap-n, cx+thick, cy-gap), image.Rect(cx, cy+gap, cx+thick, cy+gap+n),
	} {
		fill(l.img, r.Add(image.Pt(1, 1)), color.RGBA{A: 255})
		fill(l.img, r, color.RGBA{255, 255, 255, 255})
	}
}
