package view

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/geom"
)

// leastDrawn is the least side of a new box, in design pixels: less is a slip of the hand.
const leastDrawn = 3

// boxTool draws boxes, by a drag from corner to corner or by a click on each.
type boxTool struct {
	c      *Canvas
	corner *annot.Point // the first one
}

func (t *boxTool) press(at geom.Pos, _ fyne.KeyModifier) gesture {
	if t.corner == nil {
		if !t.c.onPhoto(at) {
			return nil
		}
		p := t.c.pick(at)
		t.corner = &p
		return &boxGesture{t: t, from: at}
	}
	t.done(at)
	return nil
}

// done makes the box between the first corner and a position; one that is too small is none.
func (t *boxTool) done(at geom.Pos) {
	box := geom.BoxOf(*t.corner, t.c.pick(at))
	t.stop()
	t.c.fresh = nil
	if least := max(t.c.reach(leastDrawn), leastSide); box.W() >= least && box.H() >= least {
		t.c.create(Draft{Box: box})
	}
	t.c.redraw()
}

func (t *boxTool) hover(at geom.Pos) {
	t.c.guides.cross(at, true)
	if t.corner != nil {
		t.c.draw(geom.BoxOf(*t.corner, t.c.pick(at)), nil)
		t.c.redraw()
	}
}

func (t *boxTool) key(fyne.KeyName) bool  { return false }
func (t *boxTool) cursor() desktop.Cursor { return desktop.CrosshairCursor }
func (t *boxTool) stop()                  { t.corner = nil }

// boxGesture is the drag of a new box. Released where it began, it was the first of two clicks.
type boxGesture struct {
	t    *boxTool
	from geom.Pos
}

func (g *boxGesture) drag(at geom.Pos) { g.t.hover(at) }

func (g *boxGesture) end(at geom.Pos) {
	if g.t.corner != nil && at.Distance(g.from) >= dragFrom*g.t.c.unit {
		g.t.done(at)
	}
}

func (g *boxGesture) cancel() {}
