package ui

import (
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/geom"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/tr"
	"github.com/saysee/saysee/ui/view"
)

// command is something that a person can do: with keys, from the menu, or by its name.
type command struct {
	group string
	title string
	keys  []string // as people read them: "Ctrl+Z", "Shift+B", "D"
	run   func()
	// able tells whether it can be done now; nil for always.
	able func() bool
}

func (c command) can() bool { return c.able == nil || c.able() }

// makeCommands lists what can be done in the mode and the language in use.
func (w *Window) makeCommands() []command {
	all := w.fileCommands()
	all = append(all, w.mode.commands()...)
	all = append(all, w.viewCommands()...)
	return append(all, w.modeCommands()...)
}

func (w *Window) fileCommands() []command {
	g := tr.L("File")
	folder := func() bool { return !w.s.Sample() }
	return []command{
		{g, tr.L("Open a folder…"), []string{"Ctrl+U"}, w.askFolder, nil},
		{g, tr.L("Open photos…"), []string{"Ctrl+O"}, w.askPhotos, nil},
		{g, tr.L("Sample photos"), nil, func() { w.try(w.s.OpenSamples(sampleWords())) }, folder},
		{g, tr.L("Export…"), []string{"Ctrl+E"}, w.askExport, folder},
		{g, tr.L("Import labels…"), []string{"Ctrl+I"}, w.askImport, folder},
		{g, tr.L("Save"), []string{"Ctrl+S"}, w.s.Save, folder},
		{g, tr.L("Preferences…"), []string{"Ctrl+,"}, w.showPreferences, nil},
		{g, tr.L("About Saysee"), nil, w.showAbout, nil},
		{g, tr.L("Quit"), []string{"Ctrl+Q"}, w.quit, nil},
	}
}

func (w *Window) photoCommands() []command {
	g := tr.L("Photos")
	words := func() bool { list, _ := w.s.Words(); return len(list) > 0 && !w.s.Sample() }
	return []command{
		{g, tr.L("Next photo"), []string{"D"}, func() { w.s.Step(1) }, nil},
		{g, tr.L("Previous photo"), []string{"A"}, func() { w.s.Step(-1) }, nil},
		{g, tr.L("Next photo to review"), []string{"Ctrl+Shift+D"}, func() { w.s.StepTodo(true) }, nil},
		{g, tr.L("Previous photo to review"), []string{"Ctrl+Shift+A"}, func() { w.s.StepTodo(false) }, nil},
		{g, tr.L("Done, and on to the next"), []string{"C"}, w.doneAndNext, nil},
		{g, tr.L("Done or not"), []string{"Ctrl+Alt+K"}, func() { w.s.SetDone(!w.s.Done()) }, nil},
		{g, tr.L("Search photos"), []string{"Ctrl+L"}, func() { w.strip.search() }, nil},
		{g, tr.L("Go to photo number…"), []string{"G"}, w.askNumber, nil},
		{g, tr.L("Look at all photos in the background"), []string{"Ctrl+B"}, func() { w.s.RunBatch(w.s.View()) }, words},
	}
}

func (w *Window) doneAndNext() {
	w.s.SetDone(true)
	w.s.StepTodo(true)
}

func (w *Window) labelCommands() []command {
	g := tr.L("Labels")
	some := func() bool { return len(w.s.Selected()) > 0 }
	suggestions := func() bool { return len(w.s.Suggestions()) > 0 }
	return []command{
		{g, tr.L("Type words"), []string{"/", "Ctrl+F6"}, func() { w.prompt.focus() }, nil},
		{g, tr.L("Find"), []string{"I"}, func() { w.prompt.find() }, nil},
		{g, tr.L("Accept"), []string{"Enter", "Y"}, w.accept, suggestions},
		{g, tr.L("Accept all"), []string{"Shift+Enter"}, w.s.AcceptAll, suggestions},
		{g, tr.L("Reject or delete"), []string{"Delete", "Backspace", "N"}, w.s.Delete, some},
		{g, tr.L("Next region"), []string{"Tab"}, func() { w.s.SelectNext(true) }, nil},
		{g, tr.L("Previous region"), []string{"Shift+Tab"}, func() { w.s.SelectNext(false) }, nil},
		{g, tr.L("Undo"), []string{"Ctrl+Z"}, w.s.Undo, func() bool { _, ok := w.s.CanUndo(); return ok }},
		{g, tr.L("Redo"), []string{"Ctrl+Shift+Z", "Ctrl+Y"}, w.s.Redo, func() bool { _, ok := w.s.CanRedo(); return ok }},
		{g, tr.L("Copy"), []string{"Ctrl+C"}, w.s.Copy, some},
		{g, tr.L("Paste"), []string{"Ctrl+V"}, func() { w.paste(0) }, nil},
		{g, tr.L("Duplicate"), []string{"Ctrl+D"}, w.duplicate, some},
		{g, tr.L("Select all"), []string{"Ctrl+A"}, w.selectAll, nil},
		{g, tr.L("Change class"), []string{"Ctrl+J"}, func() { w.panel.chooseClass() }, some},
		{g, tr.L("Lock"), []string{"L"}, func() { w.s.Lock(w.s.Selected()...) }, some},
		{g, tr.L("Hide"), []string{"H"}, w.hide, some},
	}
}

func (w *Window) toolCommands() []command {
	g := tr.L("Tools")
	var all []command
	for _, t := range tools() {
		all = append(all, command{g, t.title, []string{t.key}, func() { w.useTool(t.tool) }, nil})
	}
	return all
}

func (w *Window) viewCommands() []command {
	g := tr.L("View")
	return []command{
		{g, tr.L("Overview"), []string{"O"}, func() { w.overview.toggle() }, func() bool { return w.film() != nil }},
		{g, tr.L("All commands"), []string{"Ctrl+K"}, w.showPalette, nil},
		{g, tr.L("Keys"), []string{"F1"}, w.showKeys, nil},
		{g, tr.L("Fit"), []string{"Ctrl+F", "F"}, w.view.Fit, nil},
		{g, tr.L("100 %"), []string{"Ctrl+0"}, func() { w.view.ZoomTo(1) }, nil},
		{g, tr.L("Closer"), []string{"Ctrl+=", "+"}, func() { w.view.ZoomBy(1.25) }, nil},
		{g, tr.L("Farther"), []string{"Ctrl+-", "-"}, func() { w.view.ZoomBy(0.8) }, nil},
		{g, tr.L("Show or hide all regions"), []string{"T"}, w.toggleRegions, nil},
		{g, tr.L("Show or hide the strip"), []string{"F3"}, w.toggleStrip, nil},
		{g, tr.L("Show or hide the panel"), []string{"F4"}, w.togglePanel, nil},
		{g, tr.L("Photo only"), []string{"F11"}, func() { w.frame.toggleAlone() }, nil},
		{g, tr.L("Light or dark"), []string{"F12"}, func() { w.settings.setLight(!w.settings.light); w.rebuild() }, nil},
	}
}

// toolInfo is a tool as it stands on the rail.
type toolInfo struct {
	tool             view.Tool
	icon, title, key string
}

func tools() []toolInfo {
	return []toolInfo{
		{view.Select, "select", tr.L("Select"), "V"},
		{view.Box, "box", tr.L("Box"), "R"},
		{view.Polygon, "poly", tr.L("Polygon"), "P"},
		{view.Brush, "brush", tr.L("Brush"), "Shift+B"},
		{view.Eraser, "eraser", tr.L("Eraser"), "Shift+E"},
		{view.Points, "point", tr.L("Point"), "Q"},
	}
}

func (w *Window) useTool(t view.Tool) {
	w.view.SetTool(t)
	w.rail.pick(t)
	w.focusView()
}

func (w *Window) accept() {
	selected := w.s.Selected()
	any := false
	for _, id := range selected {
		if r := w.s.Region(id); r != nil && r.Review == annot.Suggested {
			any = true
		}
	}
	if !any {
		if list := w.s.Suggestions(); len(list) > 0 && len(selected) == 0 {
			selected = []annot.RegionID{list[0].ID}
		}
	}
	w.s.Accept(selected...)
}

func (w *Window) hide() {
	ids := w.s.Selected()
	hide := false
	for _, id := range ids {
		if r := w.s.Region(id); r != nil && !r.Hidden {
			hide = true
		}
	}
	w.s.Hide(hide, ids...)
}

func (w *Window) selectAll() {
	var ids []annot.RegionID
	for _, r := range w.s.Accepted() {
		ids = append(ids, r.ID)
	}
	w.s.Select(ids...)
}

// pasteShift is how far a duplicate lies from what it was made of, in photo pixels at 100 %.
const pasteShift = 12

func (w *Window) duplicate() {
	w.s.Copy()
	zoom, _ := w.view.View()
	w.paste(pasteShift / max(zoom, 0.01))
}

func (w *Window) paste(shift float64) {
	size := w.s.Photo().Size
	bounds := annot.Box{X1: float64(size.X), Y1: float64(size.Y)}
	w.s.Paste(func(r annot.Region) (annot.Box, annot.Shape) {
		dx, dy := geom.Within(r.Box, bounds, shift, shift)
		if r.Shape == nil {
			return geom.Move(r.Box, dx, dy), nil
		}
		return geom.Move(r.Box, dx, dy), geom.MoveShape(r.Shape, dx, dy)
	})
}

func (w *Window) toggleRegions() {
	o := w.view.Options()
	on := !o.Labels
	o.Labels, o.Masks, o.Boxes = on, on, on
	w.view.SetOptions(o)
	w.rail.showing(on)
}

func (w *Window) togglePanel() {
	w.settings.setPanel(!w.settings.panel)
	w.frame.arrange()
}

func (w *Window) toggleStrip() {
	w.settings.setStrip(!w.settings.strip)
	w.frame.arrange()
}

// run does a command, if it can be done now.
func (w *Window) run(c command) {
	if c.can() && !w.asking() {
		c.run()
		w.draw(0)
	}
}

// press does the command that a key stands for, and reports whether there is one.
func (w *Window) press(key string) bool {
	for _, c := range w.commands {
		for _, k := range c.keys {
			if k == key {
				w.run(c)
				return true
			}
		}
	}
	return false
}

var keyNames = map[fyne.KeyName]string{
	fyne.KeyReturn: "Enter", fyne.KeyEnter: "Enter", fyne.KeyDelete: "Delete", fyne.KeyBackspace: "Backspace",
	fyne.KeyTab: "Tab", fyne.KeySpace: "Space", fyne.KeyEscape: "Esc", fyne.KeyLeft: "Left", fyne.KeyRight: "Right", fyne.KeyHome: "Home", fyne.KeyEnd: "End",
	fyne.KeyF1: "F1", fyne.KeyF3: "F3", fyne.KeyF4: "F4", fyne.KeyF6: "F6", fyne.KeyF11: "F11", fyne.KeyF12: "F12",
}

// key handles a key that nothing else had a use for.
func (w *Window) key(name fyne.KeyName) {
	key, ok := keyNames[name]
	if !ok {
		return
	}
	if w.asking() {
		if key == "Esc" {
			w.top.Hide()
			w.focusView()
		}
		return
	}
	if w.shift() {
		key = "Shift+" + key
	}
	if w.mode.key(key) {
		w.draw(0)
		return
	}
	switch key {
	case "Esc":
		w.escape()
	case "F6", "Shift+F6":
		w.nextPlace()
	default:
		w.press(key)
		return
	}
	w.draw(0)
}

// walk goes from photo to photo with the arrows, Home and End.
func (w *Window) walk(key string) bool {
	switch key {
	case "Left":
		w.s.Step(-1)
	case "Right":
		w.s.Step(1)
	case "Home", "End":
		w.toEnd(key == "End")
	default:
		return false
	}
	return true
}

func (w *Window) toEnd(end bool) {
	list := w.s.View()
	switch {
	case len(list) == 0:
	case end:
		w.s.Go(list[len(list)-1])
	default:
		w.s.Go(list[0])
	}
}

func (w *Window) escape() {
	if w.view.Tool() != view.Select {
		w.useTool(view.Select)
		return
	}
	w.s.Select()
}

// nextPlace walks the keyboard between prompt and canvas.
func (w *Window) nextPlace() {
	if w.win.Canvas().Focused() == w.prompt.entry {
		w.focusView()
		w.view.ShowFocus(true)
		return
	}
	w.prompt.focus()
}

func (w *Window) shift() bool {
	d, ok := fyne.CurrentApp().Driver().(desktop.Driver)
	return ok && d.CurrentKeyModifiers()&fyne.KeyModifierShift != 0
}

// rune handles a character that nothing else had a use for.
func (w *Window) rune(r rune) {
	if w.asking() {
		return
	}
	key := string(unicode.ToUpper(r))
	if unicode.IsUpper(r) {
		key = "Shift+" + key
	}
	if w.mode.key(key) {
		w.draw(0)
		return
	}
	w.press(key)
}

// takeCommands takes over the commands of the mode in use, and gives the window their keys: those with Ctrl and
// Alt, and those that come when nothing has the keyboard.
func (w *Window) takeCommands() {
	c := w.win.Canvas()
	for _, s := range w.shortcuts {
		c.RemoveShortcut(s)
	}
	w.commands, w.shortcuts = w.makeCommands(), nil
	for _, cmd := range w.commands {
		for _, key := range cmd.keys {
			if s := shortcutOf(key); s != nil {
				w.shortcuts = append(w.shortcuts, s)
				c.AddShortcut(s, func(fyne.Shortcut) { w.run(cmd) })
			}
		}
	}
	c.SetOnTypedKey(func(e *fyne.KeyEvent) { w.key(e.Name) })
	c.SetOnTypedRune(w.rune)
}

// common are the keys that Fyne has shortcuts of its own for.
var common = map[string]fyne.Shortcut{
	"Ctrl+Z": &fyne.ShortcutUndo{}, "Ctrl+Y": &fyne.ShortcutRedo{}, "Ctrl+C": &fyne.ShortcutCopy{},
	"Ctrl+V": &fyne.ShortcutPaste{}, "Ctrl+A": &fyne.ShortcutSelectAll{},
}

// shortcutOf returns a key with modifiers as Fyne tells it, nil for a key without Ctrl and Alt.
func shortcutOf(key string) fyne.Shortcut {
	if s, ok := common[key]; ok {
		return s
	}
	parts := strings.Split(key, "+")
	s := &desktop.CustomShortcut{KeyName: fyne.KeyName(parts[len(parts)-1])}
	for _, p := range parts[:len(parts)-1] {
		switch p {
		case "Ctrl":
			s.Modifier |= fyne.KeyModifierShortcutDefault
		case "Alt":
			s.Modifier |= fyne.KeyModifierAlt
		case "Shift":
			s.Modifier |= fyne.KeyModifierShift
		}
	}
	if s.Modifier&^fyne.KeyModifierShift == 0 {
		return nil
	}
	return s
}

// showing chooses which photos the strip shows.
func (w *Window) showing(i int) { w.s.SetShow(session.Show(i)) }
