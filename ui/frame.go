package ui

import (
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

// frame lays the parts out: bar on top, rail, canvas, strip, panel, status.
type frame struct {
	w       *Window
	content *fyne.Container

	top, topLine            *canvas.Rectangle
	left, right             *fyne.Container
	grounds                 []*canvas.Rectangle
	lines                   []*canvas.Rectangle
	around                  *canvas.Rectangle
	hint                    *fyne.Container
	handle                  *handle
	undo, redo              *kit.IconButton
	openWide, openSmall     *kit.Touch
	exportWide, exportSmall *kit.Touch
	folder                  *kit.Text
	folderButton            *kit.Touch
	narrow, alone           bool
}

func newFrame(w *Window) *frame {
	f := &frame{w: w}
	f.top, f.around = kit.Rect(theme.Background, "", 0), kit.Rect(theme.Canvas, "", 0)
	for range 4 {
		f.grounds = append(f.grounds, kit.Rect(theme.Background, "", 0))
	}
	for range 5 {
		f.lines = append(f.lines, kit.Rect(theme.Border, "", 0))
	}
	f.topLine = kit.Rect(theme.Border, "", 0)
	f.makeBar()
	f.hint = newHint()
	f.handle = newHandle(w)
	objects := []fyne.CanvasObject{f.around, w.view, w.notice.box, f.hint}
	for _, g := range f.grounds {
		objects = append(objects, g)
	}
	objects = append(objects, w.rail.content, w.strip.content, w.panel.content, w.status.content, f.top, f.left, w.prompt.box, f.right, f.topLine)
	for _, l := range f.lines {
		objects = append(objects, l)
	}
	objects = append(objects, f.handle)
	f.content = kit.Lay(kit.Fixed(minWidth, minHeight), f.lay, objects...)
	return f
}

func (f *frame) makeBar() {
	w := f.w
	menu := kit.NewIconButton("menu", tr.L("Menu"), "", 32, 16, nil)
	menu.OnTap = func() { w.showMenu(menu) }
	f.folder = kit.NewText("", kit.Style{Bold: true}).Flexible()
	f.folderButton = kit.NewTouch(kit.Line{Gap: 8, Left: 8, Right: 8, Height: 32}.Row(
		kit.NewIcon("folder", theme.Muted, 16), f.folder, kit.NewIcon("down", theme.Muted, 16),
	), kit.Look{Over: theme.Hover, Radius: 6}, nil)
	f.folderButton.OnTap = func() { w.showRecent(f.folderButton) }
	f.folderButton.Tip = tr.L("Recent folders")
	f.left = kit.Lay(kit.Fixed(leftNarrow, topHeight), func(s fyne.Size) {
		kit.Place(menu, 8, 12, 32, 32)
		room := s.Width - 48 - 16
		kit.Place(f.folderButton, 48, 12, min(room, f.folder.Width()+64), 32)
	}, menu, f.folderButton)

	f.undo = kit.NewIconButton("undo", tr.L("Undo"), "Ctrl+Z", 32, 16, func() { w.press("Ctrl+Z") })
	f.redo = kit.NewIconButton("redo", tr.L("Redo"), "Ctrl+Shift+Z", 32, 16, func() { w.press("Ctrl+Shift+Z") })
	f.openWide = kit.NewButton(kit.Plain, "folder", tr.L("Open"), "", w.askFolder)
	f.openSmall = kit.NewButton(kit.Plain, "folder", "", "", w.askFolder)
	f.exportWide = kit.NewButton(kit.Plain, "export", tr.L("Export"), "", func() { w.press("Ctrl+E") })
	f.exportSmall = kit.NewButton(kit.Plain, "export", "", "", func() { w.press("Ctrl+E") })
	for _, b := range []*kit.Touch{f.openWide, f.openSmall} {
		b.Tip, b.Key = tr.L("Open a folder…"), "Ctrl+U"
	}
	for _, b := range []*kit.Touch{f.exportWide, f.exportSmall} {
		b.Tip, b.Key = tr.L("Export…"), "Ctrl+E"
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
	case !f.w.settings.panel || f.alone:
		return 0
	case total < narrowWidth:
		return panelMin
	}
	return f.w.settings.panelWidth
}

func (f *frame) stripHeight(total float32) float32 {
	switch {
	case !f.w.settings.strip || f.alone:
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
	if f.alone {
		bottom, rail = s.Height, 0
	}
	strip := f.stripHeight(s.Height)
	left := s.Width - panel
	show := func(o fyne.CanvasObject, on bool) {
		if on {
			o.Show()
		} else {
			o.Hide()
		}
	}
	show(w.rail.content, !f.alone)
	show(w.status.content, !f.alone)
	show(w.strip.content, strip > 0)
	show(w.panel.content, panel > 0)
	show(f.handle, panel > 0 && !f.narrow)
	for i, on := range []bool{!f.alone, strip > 0, panel > 0, !f.alone} {
		show(f.grounds[i], on)
		show(f.lines[i], on)
	}
	show(f.lines[4], false)

	hint := float32(0)
	show(f.hint, f.hinting())
	if f.hinting() {
		hint = hintHeight
		kit.Place(f.hint, rail, topHeight, left-rail, hintHeight)
	}
	kit.Place(f.around, rail, topHeight, left-rail, bottom-topHeight-strip)
	kit.Place(w.view, rail, topHeight+hint, left-rail, bottom-topHeight-strip-hint)
	kit.Place(w.notice.box, rail, topHeight+hint, left-rail, bottom-topHeight-strip-hint)
	kit.Place(f.grounds[0], 0, topHeight, rail, bottom-topHeight-strip)
	kit.Place(w.rail.content, 0, topHeight, rail, bottom-topHeight-strip)
	kit.Place(f.lines[0], rail-1, topHeight, 1, bottom-topHeight-strip)
	kit.Place(f.grounds[1], 0, bottom-strip, left, strip)
	kit.Place(w.strip.content, 0, bottom-strip, left, strip)
	kit.Place(f.lines[1], 0, bottom-strip, left, 1)
	kit.Place(f.grounds[2], left, topHeight, panel, bottom-topHeight)
	kit.Place(w.panel.content, left+1, topHeight, panel-1, bottom-topHeight)
	kit.Place(f.lines[2], left, topHeight, 1, bottom-topHeight)
	kit.Place(f.handle, left-3, topHeight, 7, bottom-topHeight)
	kit.Place(f.grounds[3], 0, bottom, s.Width, statusHeight)
	kit.Place(w.status.content, 0, bottom, s.Width, statusHeight)
	kit.Place(f.lines[3], 0, bottom, s.Width, 1)
}

func (f *frame) layBar(s fyne.Size, right float32) {
	left := float32(leftWidth)
	if f.narrow {
		left = leftNarrow
	}
	kit.Place(f.top, 0, 0, s.Width, topHeight)
	kit.Place(f.topLine, 0, topHeight-1, s.Width, 1)
	kit.Place(f.left, 0, 0, left, topHeight)
	kit.Place(f.w.prompt.box, left, 8, s.Width-left-right-16, promptHeight)
	kit.Place(f.right, s.Width-right, 0, right, topHeight)
}

// setNarrow leaves out what a narrow window has no room for.
func (f *frame) setNarrow(narrow bool) {
	f.narrow = narrow
	if narrow {
		f.openWide.Hide()
		f.exportWide.Hide()
		f.openSmall.Show()
		f.exportSmall.Show()
	} else {
		f.openWide.Show()
		f.exportWide.Show()
		f.openSmall.Hide()
		f.exportSmall.Hide()
	}
	f.w.prompt.setNarrow(narrow)
	f.w.strip.setNarrow(narrow)
	f.w.status.setNarrow(narrow)
	f.w.panel.setNarrow(narrow)
}

func (f *frame) hinting() bool { return !f.w.settings.hinted && f.w.s.Sample() && !f.alone }

// arrange lays the parts out anew.
func (f *frame) arrange() { f.content.Refresh() }

func (f *frame) toggleAlone() {
	f.alone = !f.alone
	f.w.win.SetFullScreen(f.alone)
	f.arrange()
}

func (f *frame) update(p session.Part) {
	_, name := f.w.s.Folder()
	if name != f.folder.Text() || f.hinting() != f.hint.Visible() {
		f.folder.Set(name)
		f.left.Refresh()
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
	h.w.settings.panelWidth = min(max(h.w.settings.panelWidth-e.Dragged.DX, panelMin), panelMax)
	h.w.frame.arrange()
}

// DragEnd implements fyne.Draggable.
func (h *handle) DragEnd() { h.w.settings.setPanelWidth(h.w.settings.panelWidth) }

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
		b := kit.NewIconButton(t.icon, t.title, t.key, 32, 18, func() { w.useTool(t.tool) })
		r.buttons[t.tool] = b
		column = append(column, b)
	}
	r.eye = kit.NewIconButton("eye", tr.L("Show or hide all regions"), "T", 32, 18, w.toggleRegions)
	fit := kit.NewIconButton("fit", tr.L("Fit"), "Ctrl+F", 32, 18, w.view.Fit)
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
