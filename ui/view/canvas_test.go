package view

import (
	"fmt"
	"image"
	"image/color"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/geom"
)

// desk is a canvas in a window without a screen, with a handler that takes every edit, as the shell does, and
// writes down what it is told.
type desk struct {
	Ignore
	*Canvas
	t       *testing.T
	regions []annot.Region
	refuse  bool // edits are not taken
	log     []string
	clock   time.Time
}

// colors is the theme of the tests, with the colour around the photo.
type colors struct {
	fyne.Theme
	around color.Color
}

// The colours around the photo in the two themes (window design, section 3).
var (
	dark  = color.RGBA{0x0E, 0x10, 0x12, 0xFF}
	light = color.RGBA{0xE4, 0xE7, 0xEB, 0xFF}
)

func (c colors) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	if name == ColorCanvas {
		return c.around
	}
	return c.Theme.Color(name, v)
}

// The photo of the desk is shown at 100 %, in the middle of the view, with a margin of 8.
var deskPhoto = image.Pt(184, 134)

func newDesk(t *testing.T, regions ...annot.Region) *desk {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, colors{Theme: test.Theme(), around: dark})
	d := &desk{t: t, clock: time.Unix(0, 0)}
	d.Canvas = New(d)
	d.Canvas.inBackground = func(work func()) { work() }
	d.Canvas.now = func() time.Time { return d.clock }
	w := test.NewTempWindow(t, d.Canvas)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(200, 150))
	o := DefaultOptions()
	o.Animate = false
	d.SetOptions(o)
	d.SetPhoto(testPhoto(deskPhoto.X, deskPhoto.Y))
	for i := range regions {
		regions[i].ID = annot.RegionID(i + 1)
	}
	d.regions = regions
	d.give()
	d.log = nil
	return d
}

func (d *desk) give() {
	d.SetItems(Items(slices.Clone(d.regions)), []annot.Class{{Name: "cat"}, {Name: "dog"}})
}

func (d *desk) note(format string, args ...any) { d.log = append(d.log, fmt.Sprintf(format, args...)) }

func (d *desk) Selected(ids []annot.RegionID) { d.note("selected %v", ids) }
func (d *desk) Hover(id annot.RegionID)       { d.note("hover %v", id) }
func (d *desk) Accept(id annot.RegionID)      { d.note("accept %v", id) }
func (d *desk) Reject(id annot.RegionID)      { d.note("reject %v", id) }
func (d *desk) Opened(id annot.RegionID)      { d.note("opened %v", id) }
func (d *desk) Asked(p annot.Point)           { d.note("asked %v", p) }
func (d *desk) Key(ev *fyne.KeyEvent)         { d.note("key %v", ev.Name) }
func (d *desk) Rune(r rune)                   { d.note("rune %c", r) }
func (d *desk) Context(_ fyne.Position, id annot.RegionID) {
	d.note("context %v", id)
}

func (d *desk) Created(n Draft) {
	d.note("created %v %s", n.Box, shapeName(n.Shape))
	d.regions = append(d.regions, annot.Region{
		ID: annot.RegionID(len(d.regions) + 1), Box: n.Box, Shape: n.Shape,
	})
	d.give()
}

func (d *desk) Changed(cs []Change, final bool) {
	if !final {
		return
	}
	for _, c := range cs {
		d.note("changed %v %v %s", c.ID, c.Box, shapeName(c.Shape))
		if i := slices.IndexFunc(d.regions, func(r annot.Region) bool { return r.ID == c.ID }); i >= 0 && !d.refuse {
			d.regions[i].Box, d.regions[i].Shape = c.Box, c.Shape
		}
	}
	d.give()
}

func (d *desk) Removed(ids []annot.RegionID) {
	d.note("removed %v", ids)
	d.regions = slices.DeleteFunc(d.regions, func(r annot.Region) bool { return slices.Contains(ids, r.ID) })
	d.give()
}

func shapeName(s annot.Shape) string {
	switch s := s.(type) {
	case nil:
		return "box"
	case annot.Mask:
		return fmt.Sprintf("mask of %d", s.Area())
	case annot.Polygon:
		n := 0
		geom.Rings(s, func(_ geom.RingRef, r annot.Ring) bool { n += len(r); return true })
		return fmt.Sprintf("polygon of %d", n)
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", s), "annot.")
}

// at turns a photo point into an event there. Clicks are far apart in time unless they are of one hand.
func (d *desk) at(x, y float64) fyne.Position {
	p := d.place.ToView(annot.Point{X: x, Y: y})
	return fyne.NewPos(float32(p.X/d.unit), float32(p.Y/d.unit))
}

func (d *desk) mouse(b desktop.MouseButton, m fyne.KeyModifier, x, y float64) *desktop.MouseEvent {
	return &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: d.at(x, y)}, Button: b, Modifier: m}
}

func (d *desk) moveTo(x, y float64) { d.MouseMoved(d.mouse(0, 0, x, y)) }

func (d *desk) hold(m fyne.KeyModifier, f func()) {
	d.keys.held = m
	f()
	d.keys.held = 0
}

func (d *desk) click(x, y float64, m ...fyne.KeyModifier) {
	d.clock = d.clock.Add(time.Second)
	d.clickAgain(x, y, m...)
}

func (d *desk) clickAgain(x, y float64, m ...fyne.KeyModifier) {
	mods := fyne.KeyModifier(0)
	for _, one := range m {
		mods |= one
	}
	d.hold(mods, func() {
		d.moveTo(x, y)
		d.MouseDown(d.mouse(desktop.MouseButtonPrimary, mods, x, y))
		d.MouseUp(d.mouse(desktop.MouseButtonPrimary, mods, x, y))
	})
	d.clock = d.clock.Add(100 * time.Millisecond)
}

// drag presses at the first point, goes through the others and releases at the last.
func (d *desk) drag(path ...float64) { d.dragWith(desktop.MouseButtonPrimary, 0, path...) }

func (d *desk) dragWith(b desktop.MouseButton, m fyne.KeyModifier, path ...float64) {
	d.hold(m, func() {
		end := d.mouse(b, m, path[len(path)-2], path[len(path)-1])
		d.begin(b, m, path...)
		d.MouseUp(end)
		d.DragEnd()
	})
}

// begin is drag without the release.
func (d *desk) begin(b desktop.MouseButton, m fyne.KeyModifier, path ...float64) {
	d.clock = d.clock.Add(time.Second)
	var moves []*fyne.DragEvent // made before the photo moves
	for i := 2; i < len(path); i += 2 {
		moves = append(moves, &fyne.DragEvent{PointEvent: fyne.PointEvent{Position: d.at(path[i], path[i+1])}})
	}
	d.MouseIn(d.mouse(0, 0, path[0], path[1]))
	d.MouseDown(d.mouse(b, m, path[0], path[1]))
	for _, ev := range moves {
		d.Dragged(ev)
	}
}

func (d *desk) press(names ...fyne.KeyName) {
	for _, n := range names {
		d.TypedKey(&fyne.KeyEvent{Name: n})
	}
}

// told fails unless the handler was told exactly that, hovering left out, since the last look.
func (d *desk) told(want ...string) {
	d.t.Helper()
	got := slices.DeleteFunc(d.log, func(s string) bool { return strings.HasPrefix(s, "hover") })
	if diff := cmp.Diff(append([]string{}, want...), append([]string{}, got...)); diff != "" {
		d.t.Errorf("the handler should be told (-) and was told (+):\n%s", diff)
	}
	d.log = nil
}

func box(x0, y0, x1, y1 float64) annot.Box { return annot.Box{X0: x0, Y0: y0, X1: x1, Y1: y1} }

func rect(b annot.Box) annot.Region { return annot.Region{Box: b} }

func outline(points ...float64) annot.Region {
	var r annot.Ring
	for i := 0; i < len(points); i += 2 {
		r = append(r, annot.Point{X: points[i], Y: points[i+1]})
	}
	shape := annot.Polygon{{Outer: r}}
	return annot.Region{Box: shape.Bounds(), Shape: shape}
}

func blob(x0, y0, x1, y1 float64) annot.Region {
	r := outline(x0, y0, x1, y0, x1, y1, x0, y1)
	r.Shape = r.Shape.(annot.Polygon).Rasterize(deskPhoto.X, deskPhoto.Y, annot.EvenOdd)
	return r
}

func suggested(r annot.Region) annot.Region {
	r.Review, r.Score, r.Source.Maker = annot.Suggested, 0.5, annot.ByModel
	return r
}

func TestDesk(t *testing.T) {
	d := newDesk(t)
	if zoom, _ := d.View(); zoom != 1 || !d.Fitted() {
		t.Fatalf("the tests below count on 100 %%, not on %v", zoom)
	}
}

func TestSelect(t *testing.T) {
	scene := func(t *testing.T) *desk {
		return newDesk(t, rect(box(10, 10, 110, 110)), rect(box(30, 30, 60, 60)), rect(box(130, 20, 170, 60)))
	}
	t.Run("should choose the smallest under the pointer", func(t *testing.T) {
		d := scene(t)
		d.click(40, 40)
		d.told("selected [2]")
	})
	t.Run("should walk through all under the pointer with repeated clicks", func(t *testing.T) {
		d := scene(t)
		d.click(40, 40)
		d.click(40, 40)
		d.click(40, 40)
		d.told("selected [2]", "selected [1]", "selected [2]")
	})
	t.Run("should add and take away with Ctrl and with Shift", func(t *testing.T) {
		d := scene(t)
		d.click(40, 40)
		d.click(150, 40, fyne.KeyModifierControl)
		d.click(40, 40, fyne.KeyModifierShift)
		d.told("selected [2]", "selected [2 3]", "selected [3]")
	})
	t.Run("should choose nothing beside all", func(t *testing.T) {
		d := scene(t)
		d.click(40, 40)
		d.click(120, 125)
		d.told("selected [2]", "selected []")
	})
	t.Run("should choose what lies in a rubber band", func(t *testing.T) {
		d := scene(t)
		d.drag(120, 10, 140, 20, 183, 90)
		d.told("selected [3]")
	})
	t.Run("should add a rubber band's catch with Shift", func(t *testing.T) {
		d := scene(t)
		d.click(150, 40)
		d.dragWith(desktop.MouseButtonPrimary, fyne.KeyModifierShift, 20, 20, 30, 30, 80, 80)
		d.told("selected [3]", "selected [3 2]")
	})
	t.Run("should open a region by a double click, and ask where none is", func(t *testing.T) {
		d := scene(t)
		d.click(40, 40)
		d.clickAgain(40, 40)
		d.click(120, 125)
		d.clickAgain(120, 125)
		d.told("selected [2]", "opened 2", "selected []", "asked {120 125}")
	})
	t.Run("should ask for a menu, and choose what it is for", func(t *testing.T) {
		d := scene(t)
		d.MouseDown(d.mouse(desktop.MouseButtonSecondary, 0, 40, 40))
		d.MouseUp(d.mouse(desktop.MouseButtonSecondary, 0, 40, 40))
		d.told("selected [2]", "context 2")
	})
	t.Run("should pass over what is hidden", func(t *testing.T) {
		d := scene(t)
		d.regions[1].Hidden = true
		d.give()
		d.click(40, 40)
		d.told("selected [1]")
	})
	t.Run("should forget a region that is gone", func(t *testing.T) {
		d := scene(t)
		d.click(40, 40)
		d.Removed([]annot.RegionID{2})
		if got := d.Selection(); len(got) != 0 {
			t.Errorf("still selected: %v", got)
		}
	})
}

func TestMove(t *testing.T) {
	t.Run("should move a region by a drag", func(t *testing.T) {
		d := newDesk(t, rect(box(10, 10, 30, 30)))
		d.drag(20, 20, 30, 25, 45, 40)
		d.told("selected [1]", "changed 1 {35 30 55 50} box")
	})
	t.Run("should move all that are selected, with their shapes, and stop at the photo's edge", func(t *testing.T) {
		d := newDesk(t, rect(box(10, 10, 30, 30)), outline(50, 50, 70, 50, 60, 70), blob(100, 100, 120, 120))
		d.SetSelection([]annot.RegionID{1, 2, 3})
		d.drag(20, 20, 30, 25, 120, 60)
		d.told("changed 1 {74 24 94 44} box", "changed 2 {114 64 134 84} polygon of 3", "changed 3 {164 114 184 134} mask of 400")
	})
	t.Run("should not move what is locked", func(t *testing.T) {
		locked := rect(box(10, 10, 30, 30))
		locked.Locked = true
		d := newDesk(t, locked)
		d.drag(20, 20, 30, 25, 45, 40)
		d.told("selected [1]", "selected []")
	})
	t.Run("should not move a suggestion that is not selected", func(t *testing.T) {
		d := newDesk(t, suggested(rect(box(10, 10, 30, 30))))
		d.drag(20, 20, 30, 25, 45, 40)
		d.told("selected [1]", "selected []")
	})
	t.Run("should take a click with a shaking hand for a click", func(t *testing.T) {
		d := newDesk(t, rect(box(10, 10, 30, 30)))
		d.drag(20, 20, 21, 21)
		d.told("selected [1]")
	})
	t.Run("should leave all as it was after Escape", func(t *testing.T) {
		d := newDesk(t, rect(box(10, 10, 30, 30)))
		d.begin(desktop.MouseButtonPrimary, 0, 20, 20, 60, 60)
		if got := d.region(1).Box; got != box(50, 50, 70, 70) {
			t.Errorf("the draft is at %v", got)
		}
		d.press(fyne.KeyEscape)
		d.MouseUp(d.mouse(desktop.MouseButtonPrimary, 0, 60, 60))
		d.told("selected [1]")
		if got := d.region(1).Box; got != box(10, 10, 30, 30) {
			t.Errorf("the region is at %v", got)
		}
	})
	t.Run("should show the region as it was when the edit is not taken", func(t *testing.T) {
		d := newDesk(t, rect(box(10, 10, 30, 30)))
		d.refuse = true
		d.drag(20, 20, 60, 60)
		if got := d.region(1).Box; got != box(10, 10, 30, 30) {
			t.Errorf("the region is at %v", got)
		}
	})
	t.Run("should nudge by one pixel, and by ten with Shift", func(t *testing.T) {
		d := newDesk(t, rect(box(10, 10, 30, 30)))
		d.press(fyne.KeyRight)
		d.SetSelection([]annot.RegionID{1})
		d.press(fyne.KeyRight, fyne.KeyUp)
		d.hold(fyne.KeyModifierShift, func() { d.press(fyne.KeyDown) })
		d.press(fyne.KeyA)
		d.told("key Right", "changed 1 {11 10 31 30} box", "changed 1 {11 9 31 29} box", "changed 1 {11 19 31 39} box", "key A")
	})
}

func TestResizeRegion(t *testing.T) {
	t.Run("should move a corner, and hold it where it was taken", func(t *testing.T) {
		d := newDesk(t, rect(box(10, 10, 70, 70)))
		d.SetSelection([]annot.RegionID{1})
		d.drag(72, 73, 80, 80, 102, 93)
		d.told("changed 1 {10 10 100 90} box")
	})
	t.Run("should move one side", func(t *testing.T) {
		d := newDesk(t, rect(box(10, 10, 70, 70)))
		d.SetSelection([]annot.RegionID{1})
		d.drag(40, 70, 80, 80, 90, 100)
		d.told("changed 1 {10 10 70 100} box")
	})
	t.Run("should stay on the photo", func(t *testing.T) {
		d := newDesk(t, rect(box(10, 10, 70, 70)))
		d.SetSelection([]annot.RegionID{1})
		d.drag(10, 10, 0, 0, -20, -20)
		d.told("changed 1 {0 0 70 70} box")
	})
	t.Run("should keep the ratio with Shift", func(t *testing.T) {
		d := newDesk(t, rect(box(10, 10, 70, 40)))
		d.SetSelection([]annot.RegionID{1})
		d.begin(desktop.MouseButtonPrimary, 0, 70, 40)
		d.hold(fyne.KeyModifierShift, func() {
			d.MouseUp(d.mouse(desktop.MouseButtonPrimary, fyne.KeyModifierShift, 130, 50))
		})
		d.told("changed 1 {10 10 130 70} box")
	})
	t.Run("should stretch a polygon, and leave the mask beside a box", func(t *testing.T) {
		d := newDesk(t, outline(10, 10, 70, 10, 40, 70), blob(100, 10, 160, 70))
		d.SetSelection([]annot.RegionID{1})
		d.drag(70, 70, 80, 80, 90, 130)
		d.SetSelection([]annot.RegionID{2})
		d.drag(160, 70, 165, 80, 170, 80)
		d.told("changed 1 {10 10 90 130} polygon of 3", "changed 2 {100 10 170 80} mask of 3600")
	})
	t.Run("should show the magnifier only while it lasts", func(t *testing.T) {
		d := newDesk(t, rect(box(10, 10, 70, 70)))
		d.SetSelection([]annot.RegionID{1})
		d.begin(desktop.MouseButtonPrimary, 0, 70, 70, 90, 90)
		if !d.guides.glass.Visible() {
			t.Error("it should be there")
		}
		d.MouseUp(d.mouse(desktop.MouseButtonPrimary, 0, 90, 90))
		if d.guides.glass.Visible() {
			t.Error("it should be gone")
		}
	})
}

func TestOutlineEdits(t *testing.T) {
	scene := func(t *testing.T) *desk {
		d := newDesk(t, outline(10, 10, 90, 10, 90, 90, 10, 90))
		d.SetSelection([]annot.RegionID{1})
		return d
	}
	t.Run("should move a point", func(t *testing.T) {
		d := scene(t)
		d.drag(90, 90, 100, 95, 120, 100)
		d.told("changed 1 {10 10 120 100} polygon of 4")
	})
	t.Run("should draw a point out of the middle of an edge", func(t *testing.T) {
		d := scene(t)
		d.drag(90, 50, 100, 50, 130, 50)
		d.told("changed 1 {10 10 130 90} polygon of 5")
	})
	t.Run("should add none where the middle of an edge was only clicked", func(t *testing.T) {
		d := scene(t)
		d.click(90, 50)
		d.told()
	})
	t.Run("should add a point on an edge with Alt", func(t *testing.T) {
		d := scene(t)
		d.click(30, 12, fyne.KeyModifierAlt)
		d.told("changed 1 {10 10 90 90} polygon of 5")
	})
	t.Run("should take a point out with Alt, and with Delete", func(t *testing.T) {
		d := scene(t)
		d.click(10, 10, fyne.KeyModifierAlt)
		d.told("changed 1 {10 10 90 90} polygon of 3")
		d.moveTo(90, 90)
		d.press(fyne.KeyDelete)
		d.told("removed [1]")
	})
	t.Run("should pass Delete on where no point is", func(t *testing.T) {
		d := scene(t)
		d.moveTo(50, 50)
		d.press(fyne.KeyDelete)
		d.told("key Delete")
	})
	t.Run("should work with the polygon tool too", func(t *testing.T) {
		d := scene(t)
		d.SetTool(Polygon)
		d.drag(90, 90, 100, 95, 120, 100)
		d.told("changed 1 {10 10 120 100} polygon of 4")
	})
}

func TestBoxTool(t *testing.T) {
	scene := func(t *testing.T) *desk {
		d := newDesk(t)
		d.SetTool(Box)
		return d
	}
	t.Run("should draw by a drag, whichever way", func(t *testing.T) {
		d := scene(t)
		d.drag(100, 90, 80, 60, 40.3, 30.4)
		d.told("created {40 30 100 90} box")
	})
	t.Run("should draw by two clicks", func(t *testing.T) {
		d := scene(t)
		d.click(20, 20)
		d.moveTo(50, 60)
		if d.fresh == nil || d.fresh.Box != box(20, 20, 50, 60) {
			t.Errorf("the draft is %v", d.fresh)
		}
		d.click(60, 70)
		d.told("created {20 20 60 70} box")
	})
	t.Run("should end at the photo's edge, and begin on the photo only", func(t *testing.T) {
		d := scene(t)
		d.drag(100, 90, 150, 100, 500, 500)
		d.drag(-4, -4, 20, 20, 40, 40)
		d.told("created {100 90 184 134} box")
	})
	t.Run("should make none of a slip", func(t *testing.T) {
		d := scene(t)
		d.drag(20, 20, 40, 21, 60, 21)
		d.told()
	})
	t.Run("should give up with Escape", func(t *testing.T) {
		d := scene(t)
		d.click(20, 20)
		d.moveTo(50, 60)
		d.press(fyne.KeyEscape)
		if d.Busy() {
			t.Error("a draft is left")
		}
		d.click(60, 70)
		d.told()
	})
	t.Run("should show lines through the pointer", func(t *testing.T) {
		d := scene(t)
		d.moveTo(50, 60)
		if !d.guides.lines[0].Visible() {
			t.Error("they should be there")
		}
		d.MouseOut()
		if d.guides.lines[0].Visible() {
			t.Error("they should be gone")
		}
	})
}

func TestPolygonTool(t *testing.T) {
	scene := func(t *testing.T, regions ...annot.Region) *desk {
		d := newDesk(t, regions...)
		d.SetTool(Polygon)
		return d
	}
	three := func(d *desk) {
		d.click(20, 20)
		d.click(80, 20)
		d.click(80, 60)
	}
	t.Run("should close at the first point", func(t *testing.T) {
		d := scene(t)
		three(d)
		d.click(22, 23)
		d.told("created {20 20 80 60} polygon of 3")
	})
	t.Run("should close by a double click, without a point twice", func(t *testing.T) {
		d := scene(t)
		three(d)
		d.clickAgain(80, 60)
		d.told("created {20 20 80 60} polygon of 3")
	})
	t.Run("should close by Enter, once there are three points", func(t *testing.T) {
		d := scene(t)
		d.click(20, 20)
		d.click(80, 20)
		d.press(fyne.KeyReturn)
		d.click(80, 60)
		d.press(fyne.KeyReturn)
		d.told("created {20 20 80 60} polygon of 3")
	})
	t.Run("should take the last point back, to the very first", func(t *testing.T) {
		d := scene(t)
		three(d)
		d.click(160, 120)
		d.press(fyne.KeyBackspace)
		d.press(fyne.KeyReturn)
		d.told("created {20 20 80 60} polygon of 3")
		d.click(20, 20)
		d.press(fyne.KeyBackspace)
		if d.Busy() {
			t.Error("a draft is left")
		}
		d.press(fyne.KeyBackspace)
		d.told("key BackSpace")
	})
	t.Run("should give up with Escape, and pass the next one on", func(t *testing.T) {
		d := scene(t)
		three(d)
		d.press(fyne.KeyEscape, fyne.KeyEscape)
		d.told("key Escape")
	})
	t.Run("should draw a hole in the selected polygon with Alt", func(t *testing.T) {
		d := scene(t, outline(10, 10, 100, 10, 100, 100, 10, 100))
		d.SetSelection([]annot.RegionID{1})
		d.click(30, 30, fyne.KeyModifierAlt)
		d.click(80, 30)
		d.click(80, 60)
		d.press(fyne.KeyReturn)
		d.told("changed 1 {10 10 100 100} polygon of 7")
	})
	t.Run("should cut a hole into the selected mask with Alt", func(t *testing.T) {
		d := scene(t, blob(10, 10, 100, 100))
		d.SetSelection([]annot.RegionID{1})
		d.click(30, 30, fyne.KeyModifierAlt)
		d.click(80, 30)
		d.click(80, 60)
		d.click(30, 60)
		d.press(fyne.KeyReturn)
		d.told("changed 1 {10 10 100 100} mask of 6600")
	})
	t.Run("should draw a new region inside the selected one without Alt", func(t *testing.T) {
		d := scene(t, outline(10, 10, 100, 10, 100, 100, 10, 100))
		d.SetSelection([]annot.RegionID{1})
		d.click(30, 30)
		d.click(80, 30)
		d.click(80, 60)
		d.press(fyne.KeyReturn)
		d.told("created {30 30 80 60} polygon of 3")
	})
	t.Run("should give up when another photo comes", func(t *testing.T) {
		d := scene(t)
		three(d)
		d.SetPhoto(testPhoto(50, 50))
		if d.Busy() {
			t.Error("a draft is left")
		}
	})
}

func TestBrush(t *testing.T) {
	scene := func(t *testing.T, tool Tool, regions ...annot.Region) *desk {
		d := newDesk(t, regions...)
		d.SetTool(tool)
		d.SetBrushRadius(5)
		return d
	}
	t.Run("should paint a new mask", func(t *testing.T) {
		d := scene(t, Brush)
		d.drag(30, 30, 50, 30, 70, 30)
		d.told("created {25 25 75 35} mask of 480")
	})
	t.Run("should add to the selected mask", func(t *testing.T) {
		d := scene(t, Brush, blob(10, 10, 50, 50))
		d.SetSelection([]annot.RegionID{1})
		d.drag(20, 30, 70, 30)
		d.told("changed 1 {10 10 75 50} mask of 1840")
	})
	t.Run("should make a mask of the selected polygon", func(t *testing.T) {
		d := scene(t, Brush, outline(10, 10, 50, 10, 50, 50, 10, 50))
		d.SetSelection([]annot.RegionID{1})
		d.drag(20, 30, 25, 30)
		d.told("changed 1 {10 10 50 50} mask of 1600")
	})
	t.Run("should begin a new region in a plain box", func(t *testing.T) {
		d := scene(t, Brush, rect(box(10, 10, 90, 90)))
		d.SetSelection([]annot.RegionID{1})
		d.click(30, 30)
		d.told("created {25 25 35 35} mask of 80")
	})
	t.Run("should erase from the mask under the pointer", func(t *testing.T) {
		d := scene(t, Eraser, blob(10, 10, 50, 50))
		d.drag(10, 10, 50, 10)
		d.told("changed 1 {10 15 50 50} mask of 1400")
	})
	t.Run("should say when nothing is left", func(t *testing.T) {
		d := scene(t, Eraser, blob(10, 10, 14, 14))
		d.click(12, 12)
		d.told("removed [1]")
	})
	t.Run("should leave what is locked, and plain boxes", func(t *testing.T) {
		locked := blob(10, 10, 50, 50)
		locked.Locked = true
		d := scene(t, Eraser, locked, rect(box(60, 60, 90, 90)))
		d.click(12, 12)
		d.click(70, 70)
		d.told()
	})
	t.Run("should grow and shrink with brackets", func(t *testing.T) {
		d := scene(t, Brush)
		d.press(fyne.KeyRightBracket)
		d.TypedRune(']')
		if d.BrushRadius() <= 5 {
			t.Errorf("radius %v", d.BrushRadius())
		}
		d.press(fyne.KeyLeftBracket, fyne.KeyLeftBracket)
		if d.BrushRadius() >= 5 {
			t.Errorf("radius %v", d.BrushRadius())
		}
		d.SetTool(Select)
		d.TypedRune(']')
		d.told("rune ]")
	})
	t.Run("should leave all as it was after Escape", func(t *testing.T) {
		d := scene(t, Eraser, blob(10, 10, 50, 50))
		d.begin(desktop.MouseButtonPrimary, 0, 10, 10, 50, 10)
		d.press(fyne.KeyEscape)
		d.told()
		if got := d.region(1).Shape.(annot.Mask).Area(); got != 1600 {
			t.Errorf("the mask has %d pixels", got)
		}
	})
}

func TestPointTool(t *testing.T) {
	d := newDesk(t)
	d.SetTool(Points)
	d.click(30.2, 40.4)
	d.click(-5, 40)
	d.told("created {30 40 30 40} Point")
}

func TestHover(t *testing.T) {
	d := newDesk(t, suggested(rect(box(40, 60, 120, 120))), rect(box(130, 80, 180, 130)))
	hovered := func(want ...string) {
		t.Helper()
		if diff := cmp.Diff(append([]string{}, want...), append([]string{}, d.log...)); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		d.log = nil
	}
	d.moveTo(80, 90)
	d.moveTo(82, 90)
	hovered("hover 1")
	tag := d.guides.tag
	if !tag.box.Visible() || tag.detail.Text != "0.50" {
		t.Fatalf("the tag should show the score, not %q", tag.detail.Text)
	}
	view := func(x, y float64) (float64, float64) {
		p := d.place.ToPhoto(geom.Pos{X: x, Y: y})
		return p.X, p.Y
	}
	t.Run("should keep the tag on the way to it", func(t *testing.T) {
		d.moveTo(view(tag.rect.X0+4, tag.rect.Y1+3))
		d.moveTo(view(tag.rect.X1-4, tag.rect.Y0+3))
		hovered()
	})
	t.Run("should accept and reject by the tag's buttons", func(t *testing.T) {
		x, y := view(tag.rect.X1-1.5*tagButton, tag.rect.Y0+10)
		d.click(x, y)
		x, y = view(tag.rect.X1-0.5*tagButton, tag.rect.Y0+10)
		d.click(x, y)
		hovered("accept 1", "reject 1")
	})
	t.Run("should have no buttons on what is accepted", func(t *testing.T) {
		d.moveTo(150, 100)
		hovered("hover 2")
		if d.guides.tag.buttons {
			t.Error("there are buttons")
		}
	})
	t.Run("should end where the pointer leaves", func(t *testing.T) {
		d.MouseOut()
		hovered("hover 0")
		if d.guides.tag.box.Visible() {
			t.Error("the tag is still there")
		}
	})
	t.Run("should be set from a list without telling", func(t *testing.T) {
		d.SetHover(1)
		hovered()
		if d.hovered != 1 {
			t.Error("it is not hovered")
		}
	})
}

func (d *desk) scroll(x, y, dy float64) {
	d.Scrolled(&fyne.ScrollEvent{PointEvent: fyne.PointEvent{Position: d.at(x, y)}, Scrolled: fyne.NewDelta(0, float32(dy))})
}

func TestView(t *testing.T) {
	t.Run("should zoom at the pointer with the wheel", func(t *testing.T) {
		d := newDesk(t)
		before := d.at(40, 50)
		d.scroll(40, 50, 25)
		if zoom, _ := d.View(); zoom != 1.25 {
			t.Errorf("zoom %v", zoom)
		}
		if after := d.at(40, 50); max(after.X-before.X, before.X-after.X) > 1e-3 {
			t.Errorf("the point went from %v to %v", before, after)
		}
	})
	t.Run("should scroll with the wheel and zoom with Ctrl, where that is set", func(t *testing.T) {
		d := newDesk(t)
		o := d.Options()
		o.WheelZooms = false
		d.SetOptions(o)
		d.ZoomTo(4)
		before := d.at(40, 50)
		d.scroll(92, 67, -25)
		if zoom, _ := d.View(); zoom != 4 || d.at(40, 50).Y != before.Y-50 {
			t.Errorf("zoom %v, the point went from %v to %v", zoom, before, d.at(40, 50))
		}
		d.hold(fyne.KeyModifierControl, func() { d.scroll(92, 67, 25) })
		if zoom, _ := d.View(); zoom != 5 {
			t.Errorf("zoom %v", zoom)
		}
	})
	t.Run("should pan with the middle button and with space, and pass space on where it did not pan", func(t *testing.T) {
		d := newDesk(t)
		d.ZoomTo(4)
		pan := func(f func()) {
			t.Helper()
			before := d.at(90, 60)
			f()
			if after := d.at(90, 60); after.X-before.X != 40 {
				t.Errorf("moved by %v", after.X-before.X)
			}
		}
		view := func(x float64) float64 { return d.place.ToPhoto(geom.Pos{X: x}).X }
		pan(func() { x0, x1 := view(50), view(90); d.dragWith(desktop.MouseButtonTertiary, 0, x0, 60, x1, 60) })
		d.KeyDown(&fyne.KeyEvent{Name: fyne.KeySpace})
		pan(func() { x0, x1 := view(50), view(90); d.drag(x0, 60, x1, 60) })
		d.KeyUp(&fyne.KeyEvent{Name: fyne.KeySpace})
		d.told()
		d.KeyDown(&fyne.KeyEvent{Name: fyne.KeySpace})
		d.press(fyne.KeySpace)
		d.TypedRune(' ')
		d.KeyUp(&fyne.KeyEvent{Name: fyne.KeySpace})
		d.told("key Space")
	})
	t.Run("should fit, go to 100 % and bring a region in sight", func(t *testing.T) {
		d := newDesk(t)
		d.ZoomTo(8)
		d.Fit()
		if zoom, _ := d.View(); zoom != 1 || !d.Fitted() {
			t.Errorf("zoom %v", zoom)
		}
		d.Reveal(box(100, 100, 104, 104))
		zoom, visible := d.View()
		if zoom != 4 || !visible.Contains(annot.Point{X: 102, Y: 102}) {
			t.Errorf("zoom %v, in sight %v", zoom, visible)
		}
	})
	t.Run("should keep the view for photos of one size, where that is set", func(t *testing.T) {
		d := newDesk(t)
		d.ZoomTo(4)
		o := d.Options()
		o.KeepView = true
		d.SetOptions(o)
		d.SetPhoto(testPhoto(deskPhoto.X, deskPhoto.Y))
		if zoom, _ := d.View(); zoom != 4 {
			t.Errorf("zoom %v", zoom)
		}
		d.SetPhoto(testPhoto(60, 60))
		if !d.Fitted() {
			t.Error("another size should be fitted")
		}
	})
}

// TestNoPhoto holds that nothing happens, and nothing breaks, where there is no photo.
func TestNoPhoto(t *testing.T) {
	d := newDesk(t)
	d.SetPhoto(nil)
	for tool := range toolCount {
		d.SetTool(tool)
		d.click(20, 20)
		d.drag(20, 20, 40, 40)
		d.scroll(20, 20, 25)
		d.press(fyne.KeyReturn, fyne.KeyBackspace, fyne.KeyDown, fyne.KeyEscape)
		d.Fit()
		d.ZoomBy(2)
		d.Cursor()
	}
	for _, note := range d.log {
		if !strings.HasPrefix(note, "key") {
			t.Errorf("told %q", note)
		}
	}
}

func TestCursor(t *testing.T) {
	d := newDesk(t, rect(box(10, 10, 90, 90)))
	d.SetSelection([]annot.RegionID{1})
	for want, at := range map[desktop.Cursor][2]float64{
		fallingCursor: {10, 10}, risingCursor: {90, 10}, desktop.VResizeCursor: {50, 10}, desktop.HResizeCursor: {90, 50},
		desktop.DefaultCursor: {120, 120},
	} {
		d.moveTo(at[0], at[1])
		if got := d.Cursor(); got != want {
			t.Errorf("at %v: %v, want %v", at, got, want)
		}
	}
	for tool, want := range map[Tool]desktop.Cursor{
		Box: desktop.CrosshairCursor, Polygon: desktop.CrosshairCursor, Points: desktop.CrosshairCursor,
		Brush: desktop.HiddenCursor, Eraser: desktop.HiddenCursor,
	} {
		d.SetTool(tool)
		if got := d.Cursor(); got != want {
			t.Errorf("tool %d: %v, want %v", tool, got, want)
		}
	}
}
