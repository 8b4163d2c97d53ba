package ui

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
	"github.com/saysee/saysee/ui/view"
)

// The measures of the frame, on a grid of 8.
const (
	topHeight    = 56
	statusHeight = 28
	railWidth    = 48
	hintHeight   = 32
	leftWidth    = 264
	leftNarrow   = 184
	narrowWidth  = 1200 // below it, things are left out
	lowHeight    = 720  // below it, the strip keeps its header only
)

// frame lays the parts out: bar on top, rail, canvas, strip, panel, status. They have no grounds of their own: the window's
// is the colour that they want, and what covers the window twice costs as much as its pixels where OpenGL is software.
type frame struct {
	w       *Window
	content *fyne.Container
	parts   parts // of the mode in use

	topLine                 *canvas.Rectangle
	left, right             *fyne.Container
	lines                   []*canvas.Rectangle
	hint                    *fyne.Container
	handle                  *handle
	undo, redo              *kit.IconButton
	openWide, openSmall     *kit.Touch
	exportWide, exportSmall *kit.Touch
	modes                   *kit.Segments
	narrow, alone           bool
}

func newFrame(w *Window) *frame {
	f := &frame{w: w}
	for range 4 {
		f.lines = append(f.lines, kit.Rect(theme.Border, "", 0))
	}
	f.topLine = kit.Rect(theme.Border, "", 0)
	f.makeBar()
	f.hint = newHint()
	f.handle = newHandle(w)
	f.content = kit.Lay(kit.Fixed(minWidth, minHeight), f.lay)
	f.fill()
	return f
}

// fill puts the parts of the mode in use into their places.
func (f *frame) fill() {
	w := f.w
	f.parts = w.mode.build()
	p := f.parts
	if p.narrow != nil && f.narrow {
		p.narrow(true)
	}
	objects := []fyne.CanvasObject{w.view, w.notice.box, w.overview.box, f.hint}
	for _, o := range []fyne.CanvasObject{
		p.above, p.rail, p.strip, p.panel, w.status.content, f.left, p.words, f.right, f.topLine,
	} {
		if o != nil {
			objects = append(objects, o)
		}
	}
	for _, l := range f.lines {
		objects = append(objects, l)
	}
	visible(!p.bare, f.right)
	f.modes.Pick(slices.Index(w.modes, w.mode))
	f.content.Objects = append(objects, f.handle)
	f.arrange()
}

func (f *frame) makeBar() {
	w := f.w
	menu := kit.NewIconButton("menu", tr.L("Menu"), "", 32, 16, nil)
	menu.OnTap = func() { w.showMenu(menu) }
	f.modes = newSwitch(w)
	f.left = kit.Lay(kit.Fixed(leftNarrow, topHeight), func(fyne.Size) {
		kit.Place(menu, 8, 12, 32, 32)
		kit.Place(f.modes, 48, 12, f.modes.MinSize().Width, 32)
	}, menu, f.modes.Container)

	f.undo = kit.NewIconButton("undo", tr.L("Undo"), w.keyOf("undo"), 32, 16, func() { w.do("undo") })
	f.redo = kit.NewIconButton("redo", tr.L("Redo"), w.keyOf("redo"), 32, 16, func() { w.do("redo") })
	f.openWide = kit.NewButton(kit.Plain, "folder", tr.L("Open"), "", func() { w.showRecent(f.openWide) })
	f.openSmall = kit.NewButton(kit.Plain, "folder", "", "", func() { w.showRecent(f.openSmall) })
	f.exportWide = kit.NewButton(kit.Plain, "export", tr.L("Export"), "", func() { w.do("export") })
	f.exportSmall = kit.NewButton(kit.Plain, "export", "", "", func() { w.do("export") })
	for _, b := range []*kit.Touch{f.openWide, f.openSmall} {
		b.Tip = tr.L("Open folders and photos")
	}
	for _, b := range []*kit.Touch{f.exportWide, f.exportSmall} {
		b.Tip, b.Key = tr.L("Export…"), w.keyOf("export")
	}
	f.right = kit.Line{Gap: 4, Left: 16, Right: 16, Height: topHeight}.Row(
		f.undo, f.redo, kit.NewSpace(), f.openWide, f.openSmall, thin(4), f.exportWide, f.exportSmall)
}

// thin is a gap.
func thin(w float32) fyne.CanvasObject {
	r := kit.Rect(theme.Clear, "", 0)
	r.SetMinSize(fyne.NewSize(w, 1))
	return r
}

// panelWidth is how wide the panel is, 0 when it is hidden.
func (f *frame) panelWidth(total float32) float32 {
	switch {
	case !f.w.settings.panel || f.alone || f.parts.panel == nil:
		return 0
	case total < narrowWidth:
		return panelMin
	}
	return f.chosenWidth()
}

// chosenWidth is the panel's width in the mode in use, where the window is wide enough.
func (f *frame) chosenWidth() float32 {
	if v, ok := f.w.settings.widths[f.w.mode.id()]; ok {
		return v
	}
	if f.parts.wide > 0 {
		return f.parts.wide
	}
	return panelUsual
}

func (f *frame) stripHeight(total float32) float32 {
	switch {
	case !f.w.settings.strip || f.alone || f.parts.strip == nil:
		return 0
	case total < lowHeight:
		return stripHead
	}
	return stripHead + stripThumbs
}

func (f *frame) lay(s fyne.Size) {
	w := f.w
	f.setNarrow(s.Width < narrowWidth)
	panel := f.panelWidth(s.Width)
	f.layBar(s, max(panel, map[bool]float32{true: panelMin, false: panelUsual}[f.narrow]))
	bottom := s.Height - statusHeight
	rail := float32(railWidth)
	if f.parts.rail == nil {
		rail = 0
	}
	if f.alone {
		bottom, rail = s.Height, 0
	}
	strip := f.stripHeight(s.Height)
	left := s.Width - panel
	visible(!f.alone, w.status.content)
	visible(panel > 0 && !f.narrow, f.handle)
	for i, on := range []bool{rail > 0, strip > 0, panel > 0, !f.alone} {
		visible(on, f.lines[i])
	}

	hint := float32(0)
	visible(f.hinting(), f.hint)
	if f.hinting() {
		hint = hintHeight
		kit.Place(f.hint, rail, topHeight, left-rail, hintHeight)
	}
	for _, o := range []fyne.CanvasObject{w.view, w.notice.box, w.overview.box, f.parts.above} {
		if o != nil {
			kit.Place(o, rail, topHeight+hint, left-rail, bottom-topHeight-strip-hint)
		}
	}
	place(f.parts.rail, 0, topHeight, rail, bottom-topHeight-strip)
	place(f.parts.strip, 0, bottom-strip, left, strip)
	place(f.parts.panel, left+1, topHeight, panel-1, bottom-topHeight)
	kit.Place(f.lines[0], rail-1, topHeight, 1, bottom-topHeight-strip)
	kit.Place(f.lines[1], 0, bottom-strip, left, 1)
	kit.Place(f.lines[2], left, topHeight, 1, bottom-topHeight)
	kit.Place(f.handle, left-3, topHeight, 7, bottom-topHeight)
	kit.Place(w.status.content, 0, bottom, s.Width, statusHeight)
	kit.Place(f.lines[3], 0, bottom, s.Width, 1)
}

// place puts a part of a mode into its place, or hides it where there is no room for it.
func place(part fyne.CanvasObject, x, y, width, height float32) {
	if part == nil {
		return
	}
	visible(width > 0 && height > 0, part)
	if width > 0 && height > 0 {
		kit.Place(part, x, y, width, height)
	}
}

func (f *frame) layBar(s fyne.Size, right float32) {
	left := float32(leftWidth)
	if f.narrow {
		left = leftNarrow
	}
	if f.modes.Visible() {
		left = max(left, 48+f.modes.MinSize().Width+16)
	}
	kit.Place(f.topLine, 0, topHeight-1, s.Width, 1)
	kit.Place(f.left, 0, 0, left, topHeight)
	place(f.parts.words, left, 8, s.Width-left-right-16, promptHeight)
	kit.Place(f.right, s.Width-right, 0, right, topHeight)
}

// setNarrow leaves out what a narrow window has no room for.
func (f *frame) setNarrow(narrow bool) {
	f.narrow = narrow
	visible(!narrow, f.openWide, f.exportWide)
	visible(narrow, f.openSmall, f.exportSmall)
	f.w.status.setNarrow(narrow)
	if f.parts.narrow != nil {
		f.parts.narrow(narrow)
	}
}

func (f *frame) hinting() bool {
	return !f.w.settings.hinted && f.w.s.Sample() && !f.alone && f.w.mode.id() == labelMode
}

// arrange lays the parts out anew.
func (f *frame) arrange() { f.content.Refresh() }

func (f *frame) toggleAlone() {
	f.alone = !f.alone
	f.w.win.SetFullScreen(f.alone)
	f.arrange()
}

func (f *frame) update(p session.Part) {
	if f.hinting() != f.hint.Visible() {
		f.arrange()
	}
	_, undo := f.w.s.CanUndo()
	_, redo := f.w.s.CanRedo()
	f.undo.SetOff(!undo)
	f.redo.SetOff(!redo)
	f.exportWide.SetOff(f.w.s.Sample())
	f.exportSmall.SetOff(f.w.s.Sample())
}

// newHint is the line of the first run, above the photo.
func newHint() *fyne.Container {
	line := kit.Rect(theme.Border, "", 0)
	row := kit.Line{Gap: 8, Left: 16, Right: 16, Height: hintHeight}.Row(
		kit.NewIcon("search", theme.Muted, 16),
		kit.NewText(tr.L("Type what you want to find and press Enter. A comma starts a new class; cup | mug are one class."),
			kit.Style{}).Flexible())
	ground := kit.Rect(theme.Raised, "", 0)
	return kit.Lay(row.MinSize, func(s fyne.Size) {
		kit.Place(ground, 0, 0, s.Width, s.Height)
		kit.Place(row, 0, 0, s.Width, s.Height)
		kit.Place(line, 0, s.Height-1, s.Width, 1)
	}, ground, row, line)
}

// handle is the edge of the panel that can be dragged.
type handle struct {
	widget.BaseWidget
	w    *Window
	line *canvas.Rectangle
}

var (
	_ fyne.Draggable     = (*handle)(nil)
	_ desktop.Hoverable  = (*handle)(nil)
	_ desktop.Cursorable = (*handle)(nil)
)

func newHandle(w *Window) *handle {
	h := &handle{w: w, line: kit.Rect(theme.Clear, "", 0)}
	h.ExtendBaseWidget(h)
	return h
}

// Dragged implements fyne.Draggable.
func (h *handle) Dragged(e *fyne.DragEvent) {
	h.w.settings.dragPanel(h.w.mode.id(), h.w.frame.chosenWidth()-e.Dragged.DX)
	h.w.frame.arrange()
}

// DragEnd implements fyne.Draggable.
func (h *handle) DragEnd() { h.w.settings.keepPanel(h.w.mode.id()) }

// Cursor implements desktop.Cursorable.
func (h *handle) Cursor() desktop.Cursor { return desktop.HResizeCursor }

func (h *handle) paint(token fyne.ThemeColorName) {
	h.line.FillColor = theme.Get(token)
	h.line.Refresh()
}

// MouseIn implements desktop.Hoverable.
func (h *handle) MouseIn(*desktop.MouseEvent) { h.paint(theme.Accent) }

// MouseMoved implements desktop.Hoverable.
func (h *handle) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (h *handle) MouseOut() { h.paint(theme.Clear) }

// CreateRenderer implements fyne.Widget.
func (h *handle) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(kit.Lay(kit.Fixed(7, 7), func(s fyne.Size) {
		kit.Place(h.line, 3, 0, 2, s.Height)
	}, h.line))
}

// rail is the column of tools.
type rail struct {
	content *fyne.Container
	buttons map[view.Tool]*kit.IconButton
	eye     *kit.IconButton
}

func newRail(w *Window) *rail {
	r := &rail{buttons: map[view.Tool]*kit.IconButton{}}
	var column []fyne.CanvasObject
	for _, t := range tools() {
		b := kit.NewIconButton(t.icon, t.title, w.keyOf(t.id), 32, 18, func() { w.useTool(t.tool) })
		r.buttons[t.tool] = b
		column = append(column, b)
	}
	r.eye = kit.NewIconButton("eye", tr.L("Show or hide all regions"), w.keyOf("show-all"), 32, 18, w.toggleRegions)
	fit := kit.NewIconButton("fit", tr.L("Fit"), w.keyOf("fit"), 32, 18, w.view.Fit)
	line := kit.Rect(theme.Border, "", 0)
	objects := append(column, r.eye, fit, line)
	r.content = kit.Lay(kit.Fixed(railWidth, 100), func(s fyne.Size) {
		y := float32(8)
		for _, b := range column {
			kit.Place(b, 8, y, 32, 32)
			y += 36
		}
		kit.Place(line, 8, y+4, 31, 1)
		kit.Place(r.eye, 8, y+13, 32, 32)
		kit.Place(fit, 8, s.Height-40, 32, 32)
	}, objects...)
	r.pick(w.view.Tool())
	r.showing(w.view.Options().Labels)
	return r
}

func (r *rail) pick(t view.Tool) {
	for tool, b := range r.buttons {
		b.SetOn(tool == t)
	}
}

func (r *rail) showing(on bool) {
	name := "eyeoff"
	if on {
		name = "eye"
	}
	r.eye.SetIcon(name, theme.Muted)
}

// notice stands in the place of a photo that cannot be shown.
type notice struct {
	box  *fyne.Container
	text *kit.Text
}

func newNotice() *notice {
	n := &notice{text: kit.NewText("", kit.Style{Color: theme.Muted})}
	icon := kit.NewIcon("warn", theme.Warning, 24)
	n.box = kit.Lay(kit.Fixed(0, 0), func(s fyne.Size) {
		w := min(n.text.Width(), s.Width-32)
		kit.Place(icon, (s.Width-24)/2, s.Height/2-36, 24, 24)
		kit.Place(n.text, (s.Width-w)/2, s.Height/2, w, 20)
	}, icon, n.text)
	n.box.Hide()
	return n
}

func (n *notice) set(text string) {
	n.text.Set(text)
	if text == "" {
		n.box.Hide()
		return
	}
	n.box.Show()
	n.box.Refresh()
}
