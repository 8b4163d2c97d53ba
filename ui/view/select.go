package view

import (
	"math"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/geom"
)

// How close to the marks of an outline the pointer must be, in design pixels.
const (
	vertexReach = 8
	edgeReach   = 6
)

// selectTool chooses, moves, resizes, and edits outlines.
type selectTool struct{ c *Canvas }

func (t *selectTool) press(at geom.Pos, m fyne.KeyModifier) gesture {
	c := t.c
	if r := c.editable(); r != nil {
		if g, done := c.pressOutline(r, at, m); done {
			return g
		}
		if h := c.handleAt(r, at); h != geom.NoHandle {
			// The pointer takes hold beside the handle's middle; the side keeps that distance.
			hold := at.Sub(h.At(c.place.BoxToView(frameOf(r))))
			return &resizeGesture{c: c, before: extentOf(r), handle: h, from: at, hold: hold}
		}
	}
	id := c.regionAt(at)
	g := &pressGesture{c: c, from: at, id: id, adds: adds(m), was: c.selected[id]}
	if id != 0 && !g.adds && !g.was {
		c.choose([]annot.RegionID{id})
	}
	return g
}

// handleAt returns the handle of a region's frame under a position.
func (c *Canvas) handleAt(r *annot.Region, at geom.Pos) geom.Handle {
	if !framed(r) {
		return geom.NoHandle
	}
	return geom.HandleAt(c.place.BoxToView(frameOf(r)), at, c.unit)
}

func (t *selectTool) hover(at geom.Pos) {
	c := t.c
	c.markOutline(at)
	if c.guides.nearTag(at) {
		return
	}
	c.hover(c.regionAt(at))
}

func (t *selectTool) cursor() desktop.Cursor {
	c := t.c
	if g, ok := c.gesture.(*resizeGesture); ok {
		return handleCursor(g.handle)
	}
	if r := c.editable(); r != nil && c.marks.vertex == nil && c.marks.middle == nil {
		return handleCursor(c.handleAt(r, c.pointer.at))
	}
	return desktop.DefaultCursor
}

func (t *selectTool) stop() {}

func (t *selectTool) key(name fyne.KeyName) bool {
	c := t.c
	if (name == fyne.KeyDelete || name == fyne.KeyBackspace) && c.marks.vertex != nil {
		return c.deleteMarked()
	}
	step := 1.0
	if c.modifiers()&fyne.KeyModifierShift != 0 {
		step = 10
	}
	switch name {
	case fyne.KeyLeft:
		return c.nudge(-step, 0)
	case fyne.KeyRight:
		return c.nudge(step, 0)
	case fyne.KeyUp:
		return c.nudge(0, -step)
	case fyne.KeyDown:
		return c.nudge(0, step)
	}
	return false
}

// nudge moves the selected regions by photo pixels. It returns false when there are none to move.
func (c *Canvas) nudge(dx, dy float64) bool {
	if c.gesture != nil {
		return true
	}
	before := c.movable()
	if len(before) == 0 {
		return false
	}
	if changes := c.moved(before, dx, dy); len(changes) > 0 {
		c.handler.Changed(changes, true)
	}
	return true
}

// movable returns the extents of the selected regions that are neither locked nor hidden.
func (c *Canvas) movable() []Change {
	var out []Change
	for _, id := range c.order {
		if it := c.item(id); it != nil && !it.Region.Locked && !it.Region.Hidden {
			out = append(out, extentOf(&it.Region))
		}
	}
	return out
}

// moved returns extents moved as far as the photo allows for all of them; nil when that is nowhere.
func (c *Canvas) moved(before []Change, dx, dy float64) []Change {
	for _, b := range before {
		e := geom.Extent(&annot.Region{Box: b.Box, Shape: b.Shape})
		dx, dy = geom.Within(e, c.place.Bounds(), dx, dy)
	}
	dx, dy = math.Trunc(dx), math.Trunc(dy) // whole pixels, as masks need
	if dx == 0 && dy == 0 {
		return nil
	}
	out := make([]Change, len(before))
	for i, b := range before {
		out[i] = Change{b.ID, geom.Move(b.Box, dx, dy), geom.MoveShape(b.Shape, dx, dy)}
	}
	return out
}

// pressGesture is a button on a region or beside one, until it is known whether it is a click or a drag.
type pressGesture struct {
	c    *Canvas
	from geom.Pos
	id   annot.RegionID // under the pointer, 0 for none
	adds bool           // to the selection
	was  bool           // selected before
	next gesture        // what it became
}

func (g *pressGesture) drag(at geom.Pos) {
	if g.next == nil {
		if at.Distance(g.from) < dragFrom*g.c.unit {
			return
		}
		g.next = g.begin()
	}
	g.next.drag(at)
}

// begin returns the gesture that a drag is: a move of accepted regions, else a rubber band. A suggestion moves
// only once it is selected, so that a hasty hand does not shift what nobody has judged.
func (g *pressGesture) begin() gesture {
	c := g.c
	if it := c.item(g.id); it != nil && !g.adds && (g.was || it.Region.Review == annot.Accepted) {
		if before := c.movable(); len(before) > 0 {
			return &moveGesture{c: c, from: c.place.ToPhoto(g.from), before: before}
		}
	}
	return &bandGesture{c: c, from: c.place.ToPhoto(g.from), adds: g.adds}
}

func (g *pressGesture) end(at geom.Pos) {
	c := g.c
	switch {
	case g.next != nil:
		g.next.end(at)
	case c.doubled() && g.id != 0:
		c.handler.Opened(g.id)
	case c.doubled():
		if c.onPhoto(at) {
			c.handler.Asked(c.place.ToPhoto(at))
		}
	case g.id == 0:
		if !g.adds {
			c.choose(nil)
		}
	case g.adds:
		c.toggle(g.id)
	case g.was:
		c.choose([]annot.RegionID{c.below(at)})
	}
}

func (g *pressGesture) cancel() {
	if g.next != nil {
		g.next.cancel()
	}
}

// toggle adds a region to the selection or takes it out.
func (c *Canvas) toggle(id annot.RegionID) {
	ids := slices.Clone(c.order)
	if i := slices.Index(ids, id); i >= 0 {
		ids = slices.Delete(ids, i, i+1)
	} else {
		ids = append(ids, id)
	}
	c.choose(ids)
}

// below returns the region that a click on a selected one chooses: of those under the pointer the next larger
// one, after the largest the smallest again.
func (c *Canvas) below(at geom.Pos) annot.RegionID {
	all := geom.AllAt(c.regions, c.place.ToPhoto(at), c.reach(pointReach))
	if len(all) == 0 {
		return c.regionAt(at)
	}
	next := 0
	if len(c.order) == 1 {
		next = slices.IndexFunc(all, func(i int) bool { return c.regions[i].ID == c.order[0] }) + 1
	}
	return c.regions[all[next%len(all)]].ID
}

// moveGesture moves the selected regions.
type moveGesture struct {
	c      *Canvas
	from   annot.Point
	before []Change
	now    []Change
}

func (g *moveGesture) drag(at geom.Pos) {
	p := g.c.place.ToPhoto(at)
	g.now = g.c.moved(g.before, math.Round(p.X-g.from.X), math.Round(p.Y-g.from.Y))
	if g.now == nil {
		g.c.change(g.before)
		return
	}
	g.c.change(g.now)
}

func (g *moveGesture) end(at geom.Pos) {
	g.drag(at)
	g.c.settle(g.now)
}

func (g *moveGesture) cancel() { g.c.revert(g.before) }

// resizeGesture moves sides of a region's box; with Shift the ratio of its sides stays.
type resizeGesture struct {
	c      *Canvas
	before Change
	handle geom.Handle
	from   geom.Pos
	hold   geom.Pos // from the handle to the pointer
	now    []Change
}

// leastSide is the least length of a box's side, in photo pixels.
const leastSide = 1

func (g *resizeGesture) drag(at geom.Pos) {
	c := g.c
	if g.now == nil && at.Distance(g.from) < 1 {
		return
	}
	frame := frameOf(&annot.Region{Box: g.before.Box, Shape: g.before.Shape})
	p := c.pick(at.Sub(g.hold))
	if c.modifiers()&fyne.KeyModifierShift != 0 {
		p = geom.Inside(c.place.Bounds(), geom.KeepRatio(frame, g.handle, p))
	}
	box := geom.Resize(frame, g.handle, p)
	if box.W() < leastSide || box.H() < leastSide {
		return
	}
	g.now = []Change{{g.before.ID, box, geom.FitShape(g.before.Shape, frame, box)}}
	c.change(g.now)
	c.guides.magnify(g.handle.Held(box, p))
}

func (g *resizeGesture) end(at geom.Pos) {
	g.drag(at)
	g.c.guides.endMagnify()
	g.c.settle(g.now)
}

func (g *resizeGesture) cancel() { g.c.revert([]Change{g.before}) }

// bandGesture chooses the regions that lie in a rubber band.
type bandGesture struct {
	c    *Canvas
	from annot.Point
	adds bool
}

func (g *bandGesture) drag(at geom.Pos) {
	g.c.guides.band(geom.BoxOf(g.from, g.c.place.ToPhoto(at)), true)
}

func (g *bandGesture) end(at geom.Pos) {
	c := g.c
	c.guides.band(annot.Box{}, false)
	var ids []annot.RegionID
	if g.adds {
		ids = slices.Clone(c.order)
	}
	for _, i := range geom.Enclosed(c.regions, geom.BoxOf(g.from, c.place.ToPhoto(at))) {
		if id := c.regions[i].ID; !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	c.choose(ids)
}

func (g *bandGesture) cancel() { g.c.guides.band(annot.Box{}, false) }
