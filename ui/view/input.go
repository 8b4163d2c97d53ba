package view

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/geom"
)

// What counts as a click, in design pixels and in time.
const (
	dragFrom    = 3
	doubleReach = 4
	doubleTime  = 400 * time.Millisecond
)

// gesture is what a pressed button does until it is released.
type gesture interface {
	drag(at geom.Pos)
	end(at geom.Pos)
	cancel()
}

// pointer is what is known of the mouse.
type pointer struct {
	at     geom.Pos
	inside bool
	button desktop.MouseButton // that the gesture began with
	clicks int                 // so far on this spot
	click  geom.Pos
	since  time.Time
}

// keys is what is known of keys that are held.
type keys struct {
	held   fyne.KeyModifier
	space  bool
	panned bool // since space was pressed
}

// pos turns a position of the widget into view pixels.
func (c *Canvas) pos(p fyne.Position) geom.Pos {
	return geom.Pos{X: float64(p.X) * c.unit, Y: float64(p.Y) * c.unit}
}

// modifiers returns the modifier keys that are held. Events of moves and of the wheel do not tell.
func (c *Canvas) modifiers() fyne.KeyModifier {
	if d, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok {
		return d.CurrentKeyModifiers() | c.keys.held
	}
	return c.keys.held
}

const command = fyne.KeyModifierControl | fyne.KeyModifierSuper

func adds(m fyne.KeyModifier) bool { return m&(command|fyne.KeyModifierShift) != 0 }

// MouseDown implements desktop.Mouseable.
func (c *Canvas) MouseDown(ev *desktop.MouseEvent) {
	if cv := fyne.CurrentApp().Driver().CanvasForObject(c); cv != nil && cv.Focused() != fyne.Focusable(c) {
		cv.Focus(c)
	}
	c.ShowFocus(false)
	c.stopAnimation()
	at := c.pos(ev.Position)
	c.pointer.at = at
	if c.gesture != nil || c.place.Empty() {
		return
	}
	c.pointer.button = ev.Button
	switch {
	case ev.Button == desktop.MouseButtonTertiary, ev.Button == desktop.MouseButtonPrimary && c.keys.space:
		c.keys.panned = true
		c.gesture = &panGesture{c: c, from: at, place: c.place}
	case ev.Button == desktop.MouseButtonSecondary:
		c.context(ev)
	case c.guides.pressTag(at):
	default:
		c.count(at)
		c.gesture = c.tools[c.tool].press(at, ev.Modifier|c.keys.held)
	}
}

// count counts the clicks on one spot.
func (c *Canvas) count(at geom.Pos) {
	p, now := &c.pointer, c.now()
	if p.clicks > 0 && now.Sub(p.since) <= doubleTime && at.Distance(p.click) <= doubleReach*c.unit {
		p.clicks++
	} else {
		p.clicks = 1
	}
	p.click, p.since = at, now
}

// doubled reports whether the button was just pressed for the second time on one spot.
func (c *Canvas) doubled() bool { return c.pointer.clicks == 2 }

func (c *Canvas) context(ev *desktop.MouseEvent) {
	id := c.regionAt(c.pos(ev.Position))
	if id != 0 && !c.selected[id] {
		c.choose([]annot.RegionID{id})
	}
	c.handler.Context(ev.AbsolutePosition, id)
}

// MouseUp implements desktop.Mouseable.
func (c *Canvas) MouseUp(ev *desktop.MouseEvent) {
	if ev.Button == c.pointer.button {
		c.finish(c.pos(ev.Position))
	}
}

// finish ends the gesture that goes on.
func (c *Canvas) finish(at geom.Pos) {
	g := c.gesture
	if g == nil {
		return
	}
	c.gesture = nil
	c.guides.endMagnify()
	g.end(at)
	if c.pointer.inside {
		c.tools[c.tool].hover(at)
	}
	c.redraw()
}

// Dragged implements fyne.Draggable.
func (c *Canvas) Dragged(ev *fyne.DragEvent) { c.move(c.pos(ev.Position)) }

// DragEnd implements fyne.Draggable. The button's release came before it and has ended the gesture, unless it
// was lost.
func (c *Canvas) DragEnd() { c.finish(c.pointer.at) }

func (c *Canvas) move(at geom.Pos) {
	c.pointer.at = at
	if c.gesture != nil {
		c.gesture.drag(at)
		c.redraw()
		return
	}
	c.tools[c.tool].hover(at)
	c.guides.update()
}

// MouseIn implements desktop.Hoverable.
func (c *Canvas) MouseIn(ev *desktop.MouseEvent) {
	c.pointer.inside = true
	c.move(c.pos(ev.Position))
}

// MouseMoved implements desktop.Hoverable.
func (c *Canvas) MouseMoved(ev *desktop.MouseEvent) {
	c.pointer.inside = true
	c.move(c.pos(ev.Position))
}

// MouseOut implements desktop.Hoverable.
func (c *Canvas) MouseOut() {
	c.pointer.inside = false
	if c.gesture == nil {
		c.hover(0)
	}
	c.guides.update()
}

// hover marks the region under the pointer.
func (c *Canvas) hover(id annot.RegionID) {
	if id == c.hovered {
		return
	}
	c.SetHover(id)
	c.handler.Hover(id)
}

// A notch of the wheel, as the window reports it, and what it does.
const (
	notch     = 25.0
	notchZoom = 1.25
	mostNotch = 4
)

// Scrolled implements fyne.Scrollable.
func (c *Canvas) Scrolled(ev *fyne.ScrollEvent) {
	if c.place.Empty() {
		return
	}
	if !c.options.WheelZooms && c.modifiers()&command == 0 {
		c.stopAnimation()
		c.pan(geom.Pos{X: float64(ev.Scrolled.DX) * c.unit * 2, Y: float64(ev.Scrolled.DY) * c.unit * 2})
		return
	}
	n := min(max(float64(ev.Scrolled.DY)/notch, -mostNotch), mostNotch)
	if n != 0 {
		c.zoomAt(c.pos(ev.Position), pow(notchZoom, n))
	}
}

// pan moves the photo by whole view pixels, which costs less and keeps it sharp.
func (c *Canvas) pan(d geom.Pos) {
	c.place = c.place.Pan(round(d))
	c.follow()
	c.viewChanged()
}

// follow lets the gesture or the tool know that the photo has moved under the pointer.
func (c *Canvas) follow() {
	if _, panning := c.gesture.(*panGesture); panning || !c.pointer.inside {
		return
	}
	if c.gesture != nil {
		c.gesture.drag(c.pointer.at)
		return
	}
	c.tools[c.tool].hover(c.pointer.at)
}

// FocusGained implements fyne.Focusable.
func (c *Canvas) FocusGained() {}

// FocusLost implements fyne.Focusable. Keys that are held are not heard of any more.
func (c *Canvas) FocusLost() {
	c.keys = keys{}
	c.ShowFocus(false)
}

// AcceptsTab implements fyne.Tabbable: Tab goes from region to region here, F6 leaves the canvas.
func (c *Canvas) AcceptsTab() bool { return true }

// ShowFocus shows that the canvas has the keyboard, until the next click. It is for focus that came by key.
func (c *Canvas) ShowFocus(on bool) { c.guides.showFocus(on) }

// modifierOf maps keys to modifiers.
var modifierOf = map[fyne.KeyName]fyne.KeyModifier{
	desktop.KeyShiftLeft: fyne.KeyModifierShift, desktop.KeyShiftRight: fyne.KeyModifierShift,
	desktop.KeyControlLeft: fyne.KeyModifierControl, desktop.KeyControlRight: fyne.KeyModifierControl,
	desktop.KeyAltLeft: fyne.KeyModifierAlt, desktop.KeyAltRight: fyne.KeyModifierAlt,
	desktop.KeySuperLeft: fyne.KeyModifierSuper, desktop.KeySuperRight: fyne.KeyModifierSuper,
}

// KeyDown implements desktop.Keyable.
func (c *Canvas) KeyDown(ev *fyne.KeyEvent) {
	c.keys.held |= modifierOf[ev.Name]
	if ev.Name == fyne.KeySpace && !c.keys.space {
		c.keys.space, c.keys.panned = true, false
	}
}

// KeyUp implements desktop.Keyable. Space is passed on when it is released without a pan.
func (c *Canvas) KeyUp(ev *fyne.KeyEvent) {
	c.keys.held &^= modifierOf[ev.Name]
	if ev.Name != fyne.KeySpace || !c.keys.space {
		return
	}
	c.keys.space = false
	if !c.keys.panned {
		c.handler.Key(ev)
	}
}

// TypedKey implements fyne.Focusable.
func (c *Canvas) TypedKey(ev *fyne.KeyEvent) {
	switch {
	case ev.Name == fyne.KeySpace:
	case ev.Name == fyne.KeyEscape && c.Busy():
		c.giveUp()
	case c.tools[c.tool].key(ev.Name):
		c.redraw()
	default:
		c.handler.Key(ev)
	}
}

// TypedRune implements fyne.Focusable. A space is told by its key.
func (c *Canvas) TypedRune(r rune) {
	if r == ' ' || c.paints() && (r == '[' || r == ']') {
		return
	}
	c.handler.Rune(r)
}

// panGesture moves the photo with the pointer.
type panGesture struct {
	c     *Canvas
	from  geom.Pos
	place geom.Transform
}

func (g *panGesture) drag(at geom.Pos) {
	g.c.place = g.place.Pan(round(at.Sub(g.from)))
	g.c.viewChanged()
}
func (g *panGesture) end(at geom.Pos) { g.drag(at) }
func (g *panGesture) cancel()         {}
