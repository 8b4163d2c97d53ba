package view

import (
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/geom"
)

// Tool is what the pointer does.
type Tool uint8

// The tools.
const (
	Select  Tool = iota // choose, move, resize, edit outlines
	Box                 // drag a box, or click two corners
	Polygon             // click the points of an outline; with Alt inside the selected region, a hole
	Brush               // paint the mask of the selected region, or a new one
	Eraser              // take from the mask of the selected region, or of the one under the pointer
	Points              // set a point
	toolCount
)

// worker is what stands behind a tool.
type worker interface {
	// press begins what the button does until it is released; nil when that is all.
	press(at geom.Pos, m fyne.KeyModifier) gesture
	// hover is called when the pointer moves without a button.
	hover(at geom.Pos)
	// key reports whether the tool has a use for the key, and does it.
	key(name fyne.KeyName) bool
	cursor() desktop.Cursor
	// stop forgets what was begun.
	stop()
}

func newTools(c *Canvas) [toolCount]worker {
	return [toolCount]worker{
		Select: &selectTool{c: c}, Box: &boxTool{c: c}, Polygon: &polygonTool{c: c},
		Brush: &brushTool{c: c}, Eraser: &brushTool{c: c, erase: true}, Points: &pointTool{c: c},
	}
}

// Tool returns the tool in use.
func (c *Canvas) Tool() Tool { return c.tool }

// SetTool takes another tool. What was begun with the last one is given up.
func (c *Canvas) SetTool(t Tool) {
	if t >= toolCount || t == c.tool {
		return
	}
	c.giveUp()
	c.tool = t
	c.framing, c.outlining = t == Select, t == Select || t == Polygon
	c.hover(0)
	if c.pointer.inside {
		c.tools[t].hover(c.pointer.at)
	}
	c.guides.update()
}

// paints reports whether the tool has a brush.
func (c *Canvas) paints() bool { return c.tool == Brush || c.tool == Eraser }

// Cursor implements desktop.Cursorable.
func (c *Canvas) Cursor() desktop.Cursor {
	switch {
	case c.place.Empty():
		return desktop.DefaultCursor
	case c.keys.space:
		return handCursor
	case c.guides.overButton(c.pointer.at):
		return desktop.PointerCursor
	}
	if _, panning := c.gesture.(*panGesture); panning {
		return handCursor
	}
	return c.tools[c.tool].cursor()
}

func pow(base, n float64) float64 { return math.Pow(base, n) }

// round returns a way in whole view pixels.
func round(d geom.Pos) geom.Pos { return geom.Pos{X: math.Round(d.X), Y: math.Round(d.Y)} }

// pick returns the photo point at a position as a person can mean it, and on the photo.
func (c *Canvas) pick(at geom.Pos) annot.Point {
	return geom.Inside(c.place.Bounds(), geom.SnapPoint(c.place.ToPhoto(at), c.place.Zoom(), c.unit))
}

// onPhoto reports whether a position is on the photo.
func (c *Canvas) onPhoto(at geom.Pos) bool { return c.place.Bounds().Contains(c.place.ToPhoto(at)) }

// reach returns design pixels in photo pixels.
func (c *Canvas) reach(design float64) float64 { return design * c.unit / c.place.Zoom() }

// pointReach is how close to a region without an inside the pointer must be, in design pixels.
const pointReach = 6

// regionAt returns the region under a position, 0 for none.
func (c *Canvas) regionAt(at geom.Pos) annot.RegionID {
	if i := geom.RegionAt(c.regions, c.place.ToPhoto(at), c.reach(pointReach)); i >= 0 {
		return c.regions[i].ID
	}
	return 0
}

// draw shows a region in the making.
func (c *Canvas) draw(box annot.Box, shape annot.Shape) {
	c.fresh = &annot.Region{Class: c.options.Class, Box: box, Shape: shape}
}

// create ends the making of a region and reports it.
func (c *Canvas) create(d Draft) {
	c.fresh = nil
	c.redraw()
	c.handler.Created(d)
}

// change shows regions with new extents and tells of them.
func (c *Canvas) change(changes []Change) {
	for _, ch := range changes {
		c.setDraft(ch.ID, ch.Box, ch.Shape)
	}
	c.handler.Changed(changes, false)
}

// settle ends a change: the regions are shown as they were, unless the handler gives others.
func (c *Canvas) settle(changes []Change) {
	c.clearDrafts()
	c.redraw()
	if len(changes) > 0 {
		c.handler.Changed(changes, true)
	}
}

// revert ends a change without a result.
func (c *Canvas) revert(before []Change) {
	c.clearDrafts()
	c.redraw()
	if len(before) > 0 {
		c.handler.Changed(before, false)
	}
}

func extentOf(r *annot.Region) Change { return Change{r.ID, r.Box, r.Shape} }

// pointTool sets points.
type pointTool struct{ c *Canvas }

func (t *pointTool) press(at geom.Pos, _ fyne.KeyModifier) gesture {
	if t.c.onPhoto(at) {
		p := t.c.pick(at)
		t.c.create(Draft{Box: p.Bounds(), Shape: p})
	}
	return nil
}

func (t *pointTool) hover(geom.Pos)         {}
func (t *pointTool) key(fyne.KeyName) bool  { return false }
func (t *pointTool) cursor() desktop.Cursor { return desktop.CrosshairCursor }
func (t *pointTool) stop()                  {}
