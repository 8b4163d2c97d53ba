package view

import (
	"fyne.io/fyne/v2"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/geom"
)

// markOutline marks the point or the middle of an edge of the selected polygon that the pointer is on.
func (c *Canvas) markOutline(at geom.Pos) {
	vertex, middle := c.outlineAt(at)
	if same(vertex, c.marks.vertex) && same(middle, c.marks.middle) {
		return
	}
	c.marks.vertex, c.marks.middle = vertex, middle
	c.redraw()
}

func same(a, b *annot.Point) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

func (c *Canvas) outlineAt(at geom.Pos) (vertex, middle *annot.Point) {
	r := c.editable()
	if r == nil {
		return nil, nil
	}
	p, ok := r.Shape.(annot.Polygon)
	if !ok {
		return nil, nil
	}
	q := c.place.ToPhoto(at)
	if v, ok := geom.VertexAt(p, q, c.reach(vertexReach)); ok {
		point, _ := geom.PointAt(p, v)
		return &point, nil
	}
	if _, mid, ok := geom.MidpointAt(p, q, c.reach(vertexReach), c.reach(middleLong)); ok {
		return nil, &mid
	}
	return nil, nil
}

// pressOutline begins an edit of the selected polygon's outline: a drag of a point, of an edge's middle, and
// with Alt a new point on an edge or one point less. It returns false when none is under the pointer.
func (c *Canvas) pressOutline(r *annot.Region, at geom.Pos, m fyne.KeyModifier) (gesture, bool) {
	p, ok := r.Shape.(annot.Polygon)
	if !ok || adds(m) {
		return nil, false
	}
	q, alt := c.place.ToPhoto(at), m&fyne.KeyModifierAlt != 0
	if v, ok := geom.VertexAt(p, q, c.reach(vertexReach)); ok {
		if alt {
			c.deleteVertex(r, p, v)
			return nil, true
		}
		point, _ := geom.PointAt(p, v)
		return c.holdVertex(r, p, v, point, at), true
	}
	if alt {
		if v, on, ok := geom.EdgeAt(p, q, c.reach(edgeReach)); ok {
			return c.insertVertex(r, p, v, on, at), true
		}
		return nil, false
	}
	if v, mid, ok := geom.MidpointAt(p, q, c.reach(vertexReach), c.reach(middleLong)); ok {
		return c.insertVertex(r, p, v, mid, at), true
	}
	return nil, false
}

func (c *Canvas) holdVertex(r *annot.Region, p annot.Polygon, v geom.Vertex, point annot.Point, at geom.Pos) *vertexGesture {
	return &vertexGesture{
		c: c, before: extentOf(r), shape: p, vertex: v, from: at, hold: at.Sub(c.place.ToView(point)),
	}
}

// insertVertex adds a point on an edge, which is held at once. Only a drag of it, or Alt, makes it stay.
func (c *Canvas) insertVertex(r *annot.Region, p annot.Polygon, v geom.Vertex, on annot.Point, at geom.Pos) *vertexGesture {
	more, v := geom.InsertVertex(p, v, on)
	g := c.holdVertex(r, more, v, on, at)
	if c.modifiers()&fyne.KeyModifierAlt != 0 {
		g.show(more, on)
	}
	return g
}

// deleteMarked takes out the point of the selected polygon that the pointer is on.
func (c *Canvas) deleteMarked() bool {
	r := c.editable()
	if r == nil || c.gesture != nil {
		return false
	}
	p, ok := r.Shape.(annot.Polygon)
	if !ok {
		return false
	}
	v, ok := geom.VertexAt(p, *c.marks.vertex, c.reach(1))
	if ok {
		c.deleteVertex(r, p, v)
	}
	return ok
}

func (c *Canvas) deleteVertex(r *annot.Region, p annot.Polygon, v geom.Vertex) {
	c.marks.vertex, c.marks.middle = nil, nil
	less := geom.DeleteVertex(p, v)
	if len(less) == 0 {
		c.handler.Removed([]annot.RegionID{r.ID})
		return
	}
	c.handler.Changed([]Change{{r.ID, less.Bounds(), less}}, true)
}

// vertexGesture moves a point of the selected polygon.
type vertexGesture struct {
	c      *Canvas
	before Change
	shape  annot.Polygon // with the point, where that is new
	vertex geom.Vertex
	from   geom.Pos
	hold   geom.Pos // from the point to the pointer
	now    []Change
}

func (g *vertexGesture) drag(at geom.Pos) {
	c := g.c
	if g.now == nil && at.Distance(g.from) < 1 {
		return
	}
	q := c.pick(at.Sub(g.hold))
	g.show(geom.MoveVertex(g.shape, g.vertex, q), q)
	c.guides.magnify(q)
}

func (g *vertexGesture) show(p annot.Polygon, at annot.Point) {
	g.now = []Change{{g.before.ID, p.Bounds(), p}}
	g.c.marks.vertex, g.c.marks.middle = &at, nil
	g.c.change(g.now)
}

func (g *vertexGesture) end(at geom.Pos) {
	if at != g.from {
		g.drag(at)
	}
	g.c.guides.endMagnify()
	g.c.settle(g.now)
}

func (g *vertexGesture) cancel() { g.c.revert([]Change{g.before}) }
