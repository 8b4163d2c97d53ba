package view

import (
	"image"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/geom"
)

// The limits of the brush's radius, in photo pixels, and its step.
const (
	leastBrush = 0.5
	mostBrush  = 2000
	brushStep  = 1.2
)

// brushFor returns the radius to begin with on a photo of that size.
func brushFor(size image.Point) float64 {
	return max(float64(min(size.X, size.Y))/60, 2)
}

// BrushRadius returns the radius of brush and eraser, in photo pixels.
func (c *Canvas) BrushRadius() float64 { return c.brush }

// SetBrushRadius changes the radius of brush and eraser, in photo pixels.
func (c *Canvas) SetBrushRadius(r float64) {
	if math.IsNaN(r) {
		return
	}
	c.brush = min(max(r, leastBrush), mostBrush)
	c.guides.update()
}

// brushTool paints masks, or takes from them.
type brushTool struct {
	c     *Canvas
	erase bool
}

// target returns the region to paint on, as a mask, and nil for a new one. A plain box is none: a brush in it
// begins a region of its own.
func (t *brushTool) target(at geom.Pos) *annot.Region {
	c := t.c
	if r := c.editable(); r != nil && paintable(r) {
		return r
	}
	if t.erase && len(c.order) == 0 {
		if it := c.item(c.regionAt(at)); it != nil && !it.Region.Locked && paintable(&it.Region) {
			return &it.Region
		}
	}
	return nil
}

func paintable(r *annot.Region) bool {
	switch r.Shape.(type) {
	case annot.Mask, annot.Polygon:
		return true
	}
	return false
}

// maskOf returns the pixels of a region's shape.
func (c *Canvas) maskOf(r *annot.Region) annot.Mask {
	size := c.photoSize()
	switch s := r.Shape.(type) {
	case annot.Mask:
		return s.Clip(size.X, size.Y)
	case annot.Polygon:
		return s.Rasterize(size.X, size.Y, annot.EvenOdd)
	}
	return annot.Mask{}
}

func (t *brushTool) press(at geom.Pos, _ fyne.KeyModifier) gesture {
	c := t.c
	g := &strokeGesture{c: c, erase: t.erase, last: c.place.ToPhoto(at)}
	if r := t.target(at); r != nil {
		g.id, g.before = r.ID, extentOf(r)
		g.mask = c.maskOf(r)
	} else if t.erase {
		return nil
	}
	g.stroke(g.last)
	return g
}

func (t *brushTool) hover(geom.Pos) { t.c.guides.update() }

func (t *brushTool) key(name fyne.KeyName) bool {
	switch name {
	case fyne.KeyLeftBracket:
		t.c.SetBrushRadius(t.c.brush / brushStep)
	case fyne.KeyRightBracket:
		t.c.SetBrushRadius(t.c.brush * brushStep)
	default:
		return false
	}
	return true
}

func (t *brushTool) cursor() desktop.Cursor { return desktop.HiddenCursor }
func (t *brushTool) stop()                  {}

// strokeGesture is one stroke. The mask grows or shrinks with each piece of it.
type strokeGesture struct {
	c      *Canvas
	erase  bool
	id     annot.RegionID // 0 for a new region
	before Change
	mask   annot.Mask
	last   annot.Point
}

func (g *strokeGesture) drag(at geom.Pos) {
	if p := g.c.place.ToPhoto(at); p.Distance(g.last) >= g.c.reach(1) {
		g.stroke(p)
	}
}

func (g *strokeGesture) stroke(to annot.Point) {
	c := g.c
	path := []annot.Point{g.last, to}
	g.last = to
	if g.erase {
		g.mask = g.mask.Erase(path, c.brush)
	} else {
		size := c.photoSize()
		g.mask = g.mask.Paint(path, c.brush, size.X, size.Y)
	}
	if g.id == 0 {
		c.draw(g.mask.Bounds(), g.mask)
		c.redraw()
		return
	}
	c.change([]Change{{g.id, g.mask.Bounds(), g.mask}})
}

func (g *strokeGesture) end(at geom.Pos) {
	g.drag(at)
	c := g.c
	if g.id != 0 {
		r := annot.Region{ID: g.id}
		c.clearDrafts()
		c.paintDone(&r, g.mask)
		return
	}
	c.fresh = nil
	c.redraw()
	if !g.mask.Empty() {
		c.create(Draft{Box: g.mask.Bounds(), Shape: g.mask})
	}
}

// paintDone reports what a region's mask has become.
func (c *Canvas) paintDone(r *annot.Region, m annot.Mask) {
	c.redraw()
	if m.Empty() {
		c.handler.Removed([]annot.RegionID{r.ID})
		return
	}
	c.handler.Changed([]Change{{r.ID, m.Bounds(), m}}, true)
}

func (g *strokeGesture) cancel() {
	if g.id != 0 {
		g.c.revert([]Change{g.before})
	}
}
