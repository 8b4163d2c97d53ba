package view

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/geom"
)

// polygonTool draws outlines point by point, closed by a click on the first point, a double click or Enter.
// While none is begun it edits the outline of the selected polygon, as the select tool does.
type polygonTool struct {
	c      *Canvas
	points annot.Ring
	hole   annot.RegionID // the region that the outline is a hole in, 0 for none
	at     annot.Point    // of the pointer
}

func (t *polygonTool) press(at geom.Pos, m fyne.KeyModifier) gesture {
	c := t.c
	if len(t.points) == 0 {
		if g, done := t.begin(at, m); done {
			return g
		}
	}
	if len(t.points) >= 3 && (c.doubled() || t.onFirst(at)) {
		t.close()
		return nil
	}
	p := c.pick(at)
	if n := len(t.points); n > 0 && t.points[n-1] == p {
		return nil
	}
	t.points = append(t.points, p)
	t.show(p)
	return &pointGesture{t}
}

// begin decides what a first press is: an edit of the selected outline, a hole in it, or neither.
func (t *polygonTool) begin(at geom.Pos, m fyne.KeyModifier) (gesture, bool) {
	c := t.c
	if !c.onPhoto(at) {
		return nil, true
	}
	r := c.editable()
	if r == nil {
		return nil, false
	}
	if g, done := c.pressOutline(r, at, m); done {
		return g, true
	}
	if m&fyne.KeyModifierAlt != 0 && geom.Hits(r, c.place.ToPhoto(at), 0) && r.Shape != nil {
		t.hole = r.ID
	}
	return nil, false
}

// onFirst reports whether a position is on the first point.
func (t *polygonTool) onFirst(at geom.Pos) bool {
	return t.c.place.ToView(t.points[0]).Distance(at) <= vertexReach*t.c.unit
}

// show draws the outline so far, with a line to the pointer.
func (t *polygonTool) show(to annot.Point) {
	c := t.c
	t.at = to
	if len(t.points) == 0 {
		c.fresh, c.marks = nil, marks{strong: -1}
		c.redraw()
		return
	}
	line := append(annot.Line(nil), t.points...)
	line = append(line, to)
	c.draw(line.Bounds(), line)
	c.marks.points, c.marks.strong = t.points, -1
	if len(t.points) >= 3 && t.onFirst(c.place.ToView(to)) {
		c.marks.strong = 0
	}
	c.redraw()
}

// close makes the region, or the hole.
func (t *polygonTool) close() {
	c, ring, hole := t.c, t.points, t.hole
	if ring.Area() == 0 {
		return
	}
	t.stop()
	c.fresh, c.marks = nil, marks{strong: -1}
	c.redraw()
	if hole == 0 {
		shape := annot.Polygon{{Outer: ring}}
		c.create(Draft{Box: shape.Bounds(), Shape: shape})
		return
	}
	if r := c.region(hole); r != nil {
		c.cut(r, ring)
	}
}

// cut takes an outline out of a region.
func (c *Canvas) cut(r *annot.Region, ring annot.Ring) {
	switch s := r.Shape.(type) {
	case annot.Polygon:
		if p, ok := geom.AddHole(s, ring); ok {
			c.handler.Changed([]Change{{r.ID, r.Box, p}}, true)
		}
	case annot.Mask:
		size := c.photoSize()
		c.paintDone(r, s.Subtract(annot.Polygon{{Outer: ring}}.Rasterize(size.X, size.Y, annot.EvenOdd)).Trim())
	}
}

func (t *polygonTool) hover(at geom.Pos) {
	if len(t.points) == 0 {
		t.c.markOutline(at)
		return
	}
	t.show(t.c.pick(at))
}

func (t *polygonTool) key(name fyne.KeyName) bool {
	if len(t.points) == 0 {
		if (name == fyne.KeyDelete || name == fyne.KeyBackspace) && t.c.marks.vertex != nil {
			return t.c.deleteMarked()
		}
		return false
	}
	switch name {
	case fyne.KeyReturn, fyne.KeyEnter:
		if len(t.points) >= 3 {
			t.close()
		}
	case fyne.KeyBackspace, fyne.KeyDelete:
		t.points = t.points[:len(t.points)-1]
		t.show(t.at)
	default:
		return false
	}
	return true
}

func (t *polygonTool) cursor() desktop.Cursor { return desktop.CrosshairCursor }

func (t *polygonTool) stop() { t.points, t.hole = nil, 0 }

// pointGesture moves the point that was just set, until the button is released.
type pointGesture struct{ t *polygonTool }

func (g *pointGesture) drag(at geom.Pos) {
	t := g.t
	if n := len(t.points); n > 0 {
		t.points[n-1] = t.c.pick(at)
		t.show(t.points[n-1])
		t.c.guides.magnify(t.points[n-1])
	}
}

func (g *pointGesture) end(geom.Pos) { g.t.c.guides.endMagnify() }
func (g *pointGesture) cancel()      {}
