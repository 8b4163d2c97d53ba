package ui

import (
	"strconv"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/geom"
	"github.com/saysee/saysee/ui/keys"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/tr"
	"github.com/saysee/saysee/ui/view"
)

// command is something that a person can do: with keys, from the menu, or by its name.
type command struct {
	id    string // names it in settings
	group string
	title string
	usual []string // keys as people read them: "Ctrl+Z", "Shift+B", "D"
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

// takeKeys gives the commands their keys by the person's scheme.
func (w *Window) takeKeys() { w.keys = w.settings.keys.Resolve(w.keyed()) }

func (w *Window) keyed() []keys.Command {
	all := make([]keys.Command, len(w.commands))
	for i, c := range w.commands {
		all[i] = keys.Command{ID: c.id, Keys: c.usual}
	}
	return all
}

// keyOf returns the key to show beside a command, empty for none.
func (w *Window) keyOf(id string) string {
	if list := w.keys.Keys(id); len(list) > 0 {
		return list[0]
	}
	return ""
}

// command returns a command by its id, nil for none.
func (w *Window) command(id string) *command {
	for i := range w.commands {
		if w.commands[i].id == id {
			return &w.commands[i]
		}
	}
	return nil
}

// do does a command by its id, if it can be done now.
func (w *Window) do(id string) {
	if c := w.command(id); c != nil {
		w.run(*c)
	}
}

func (w *Window) fileCommands() []command {
	g := tr.L("File")
	folder := func() bool { return !w.s.Sample() }
	return []command{
		{"open-folder", g, tr.L("Open a folder…"), []string{"Ctrl+U"}, w.askFolder, nil},
		{"open-photos", g, tr.L("Open photos…"), []string{"Ctrl+O"}, w.askPhotos, nil},
		{"samples", g, tr.L("Sample photos"), nil, func() { w.try(w.s.OpenSamples(sampleWords())) }, folder},
		{"export", g, tr.L("Export…"), []string{"Ctrl+Shift+E"}, w.askExport, folder},
		{"import", g, tr.L("Import labels…"), []string{"Ctrl+I"}, w.askImport, folder},
		{"import-folder", g, tr.L("Import a folder of labels…"), nil, w.askImportFolder, folder},
		{"save", g, tr.L("Save"), []string{"Ctrl+S"}, w.s.Save, folder},
		{"preferences", g, tr.L("Preferences…"), []string{"Ctrl+,"}, w.showPreferences, nil},
		{"about", g, tr.L("About Saysee"), nil, w.showAbout, nil},
		{"quit", g, tr.L("Quit"), []string{"Ctrl+Q"}, w.quit, nil},
	}
}

func (w *Window) photoCommands() []command {
	g := tr.L("Photos")
	words := func() bool { list, _ := w.s.Words(); return len(list) > 0 && !w.s.Sample() }
	return []command{
		{"next", g, tr.L("Next photo"), []string{"D", "Right"}, func() { w.s.Step(1) }, nil},
		{"previous", g, tr.L("Previous photo"), []string{"A", "Left"}, func() { w.s.Step(-1) }, nil},
		{"first", g, tr.L("First photo"), []string{"Home"}, func() { w.toEnd(false) }, nil},
		{"last", g, tr.L("Last photo"), []string{"End"}, func() { w.toEnd(true) }, nil},
		{"next-todo", g, tr.L("Next photo to review"), []string{"Ctrl+Shift+D"}, func() { w.s.StepTodo(true) }, nil},
		{"prev-todo", g, tr.L("Previous photo to review"), []string{"Ctrl+Shift+A"}, func() { w.s.StepTodo(false) }, nil},
		{"done-next", g, tr.L("Done, and on to the next"), []string{"C"}, w.doneAndNext, nil},
		{"done", g, tr.L("Done or not"), []string{"Ctrl+Alt+K"}, func() { w.s.SetDone(!w.s.Done()) }, nil},
		{"search", g, tr.L("Search photos"), []string{"Ctrl+L"}, func() { w.strip.search() }, nil},
		{"go-to", g, tr.L("Go to photo number or name…"), []string{"G"}, w.askNumber, nil},
		{"batch", g, tr.L("Look at many photos in the background…"), []string{"Ctrl+B"}, w.askBatch, words},
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
	labels := func() bool { return len(w.s.Accepted()) > 0 }
	return []command{
		{"twice", g, tr.L("Look at photos once or twice"), []string{"Ctrl+Alt+L"}, w.toggleTwice, func() bool { return w.pack().CanTwice }},
		{"words", g, tr.L("Type words"), []string{"/", "Ctrl+F6"}, func() { w.prompt.focus() }, nil},
		{"find", g, tr.L("Find"), []string{"I"}, func() { w.prompt.find() }, nil},
		{"accept", g, tr.L("Accept"), []string{"Enter", "Y"}, w.accept, suggestions},
		{"accept-all", g, tr.L("Accept all"), []string{"Shift+Enter"}, w.s.AcceptAll, suggestions},
		{"accept-above", g, tr.L("Accept all above a score…"), []string{"Ctrl+Enter"}, w.askAbove, suggestions},
		{"delete", g, tr.L("Reject or delete"), []string{"Delete", "Backspace", "N"}, w.s.Delete, some},
		{"delete-all", g, tr.L("Delete all labels of the photo"), []string{"Ctrl+Delete"}, func() { w.try(w.s.DeleteAll()) }, labels},
		{"next-region", g, tr.L("Next region"), []string{"Tab"}, func() { w.s.SelectNext(true) }, nil},
		{"prev-region", g, tr.L("Previous region"), []string{"Shift+Tab"}, func() { w.s.SelectNext(false) }, nil},
		{"undo", g, tr.L("Undo"), []string{"Ctrl+Z"}, w.s.Undo, func() bool { _, ok := w.s.CanUndo(); return ok }},
		{"redo", g, tr.L("Redo"), []string{"Ctrl+Shift+Z", "Ctrl+Y"}, w.s.Redo, func() bool { _, ok := w.s.CanRedo(); return ok }},
		{"copy", g, tr.L("Copy"), []string{"Ctrl+C"}, w.s.Copy, some},
		{"paste", g, tr.L("Paste"), []string{"Ctrl+V"}, func() { w.paste(0) }, nil},
		{"duplicate", g, tr.L("Duplicate"), []string{"Ctrl+D"}, w.duplicate, some},
		{"keep-previous", g, tr.L("Copy the labels of the previous photo"), []string{"Ctrl+P"}, func() { w.try(w.s.KeepPrevious()) }, nil},
		{"select-all", g, tr.L("Select all"), []string{"Ctrl+A"}, w.selectAll, nil},
		{"class", g, tr.L("Change class"), []string{"Ctrl+E"}, w.chooseClass, some},
		{"again-class", g, tr.L("The same class as last"), []string{"Ctrl+Alt+Y"}, func() { w.try(w.s.Relabel(w.s.Class())) }, some},
		{"like", g, tr.L("More like this"), []string{"Shift+L"}, w.like, some},
		{"fill", g, tr.L("Fill the box with a mask"), []string{"M"}, func() { w.s.FillMask(w.s.Selected()...) }, some},
		{"own-score", g, tr.L("A threshold of its own for the class"), []string{"Shift+T"}, func() { w.ownThreshold(w.s.Class()) }, nil},
		{"lock", g, tr.L("Lock"), []string{"L"}, func() { w.s.Lock(w.s.Selected()...) }, some},
		{"hide", g, tr.L("Hide"), []string{"H"}, w.hide, some},
		{"show-hidden", g, tr.L("Show what is hidden"), []string{"Shift+H"}, w.s.ShowHidden, labels},
	}
}

// digits is how many classes have a key of their own.
const digits = 10

// classCommands give one of the first classes, or choose it for what is drawn next.
func (w *Window) classCommands() []command {
	g := tr.L("Classes")
	all := make([]command, digits)
	for i := range all {
		key := strconv.Itoa((i + 1) % digits)
		all[i] = command{"class-" + key, g, tr.L("Give class %s", strconv.Itoa(i+1)), []string{key}, func() { w.s.TakeClass(i) }, nil}
	}
	return all
}

// classKey returns the key of a class at its place in the list, empty for none.
func (w *Window) classKey(place int) string {
	if place < 0 || place >= digits {
		return ""
	}
	return w.keyOf("class-" + strconv.Itoa((place+1)%digits))
}

func (w *Window) toolCommands() []command {
	g := tr.L("Tools")
	var all []command
	for _, t := range tools() {
		all = append(all, command{t.id, g, t.title, t.keys, func() { w.useTool(t.tool) }, nil})
	}
	return all
}

func (w *Window) viewCommands() []command {
	g := tr.L("View")
	return []command{
		{"overview", g, tr.L("Overview"), []string{"O"}, func() { w.overview.toggle() }, func() bool { return w.film() != nil }},
		{"commands", g, tr.L("All commands"), []string{"Ctrl+K"}, w.showPalette, nil},
		{"keys", g, tr.L("Keys"), []string{"F1"}, w.showKeys, nil},
		{"fit", g, tr.L("Fit"), []string{"Ctrl+F", "F"}, w.view.Fit, nil},
		{"actual-size", g, tr.L("100 %"), []string{"Ctrl+0"}, func() { w.view.ZoomTo(1) }, nil},
		{"closer", g, tr.L("Closer"), []string{"Ctrl+=", "+"}, func() { w.view.ZoomBy(1.25) }, nil},
		{"farther", g, tr.L("Farther"), []string{"Ctrl+-", "-"}, func() { w.view.ZoomBy(0.8) }, nil},
		{"show-all", g, tr.L("Show or hide all regions"), []string{"T"}, w.toggleRegions, nil},
		{"strip", g, tr.L("Show or hide the strip"), []string{"F3"}, w.toggleStrip, nil},
		{"panel", g, tr.L("Show or hide the panel"), []string{"F4"}, w.togglePanel, nil},
		{"alone", g, tr.L("Photo only"), []string{"F11"}, func() { w.frame.toggleAlone() }, nil},
		{"next-place", g, tr.L("On to the next part of the window"), []string{"F6"}, func() { w.nextPlace(false) }, nil},
		{"prev-place", g, tr.L("Back to the part of the window before"), []string{"Shift+F6"}, func() { w.nextPlace(true) }, nil},
		{"look", g, tr.L("Light or dark"), []string{"F12"}, func() { w.settings.setLight(!w.settings.light); w.rebuild() }, nil},
	}
}

// toolInfo is a tool as it stands on the rail.
type toolInfo struct {
	tool            view.Tool
	id, icon, title string
	keys            []string
}

func tools() []toolInfo {
	return []toolInfo{
		{view.Select, "select", "select", tr.L("Select"), []string{"V", "Ctrl+J"}},
		{view.Box, "box", "box", tr.L("Box"), []string{"R", "Ctrl+R"}},
		{view.Polygon, "polygon", "poly", tr.L("Polygon"), []string{"P", "Ctrl+N"}},
		{view.Brush, "brush", "brush", tr.L("Brush"), []string{"Shift+B"}},
		{view.Eraser, "eraser", "eraser", tr.L("Eraser"), []string{"Shift+E"}},
		{view.Points, "points", "point", tr.L("Point"), []string{"Q"}},
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

// like looks for more like the selected region.
func (w *Window) like() {
	ids := w.s.Selected()
	w.s.Like(ids[len(ids)-1])
}

// ownThreshold gives a class a threshold of its own, or takes it away.
func (w *Window) ownThreshold(row int) {
	f := w.s.Filter()
	least := f.Score
	if _, own := f.Own[row]; own {
		least = -1
	}
	if row >= 0 {
		w.s.SetFilter(f.With(row, least))
		w.s.FilterEnded()
	}
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
	id := w.keys.Does(key)
	w.do(id)
	return id != ""
}

// keyNames are the keys without a character, as people read them.
var keyNames = map[fyne.KeyName]string{
	fyne.KeyReturn: "Enter", fyne.KeyEnter: "Enter", fyne.KeyDelete: "Delete", fyne.KeyBackspace: "Backspace",
	fyne.KeyTab: "Tab", fyne.KeyEscape: "Esc", fyne.KeySpace: "Space", fyne.KeyInsert: "Insert",
	fyne.KeyLeft: "Left", fyne.KeyRight: "Right", fyne.KeyUp: "Up", fyne.KeyDown: "Down", fyne.KeyHome: "Home", fyne.KeyEnd: "End",
	fyne.KeyPageUp: "PageUp", fyne.KeyPageDown: "PageDown",
	fyne.KeyF1: "F1", fyne.KeyF2: "F2", fyne.KeyF3: "F3", fyne.KeyF4: "F4", fyne.KeyF5: "F5", fyne.KeyF6: "F6", fyne.KeyF7: "F7",
	fyne.KeyF8: "F8", fyne.KeyF9: "F9", fyne.KeyF10: "F10", fyne.KeyF11: "F11", fyne.KeyF12: "F12",
}

// key handles a key that nothing else had a use for.
func (w *Window) key(name fyne.KeyName) {
	key, ok := keyNames[name]
	if !ok {
		return
	}
	if w.shift() {
		key = "Shift+" + key
	}
	if w.asking() {
		w.dialogKey(key)
		return
	}
	if w.walkStops(key) {
		return
	}
	if w.mode.key(key) {
		w.draw(0)
		return
	}
	if key == "Esc" {
		w.escape()
		w.draw(0)
		return
	}
	w.press(key)
}

// toEnd goes to the first or the last photo in sight.
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

func (w *Window) shift() bool {
	d, ok := fyne.CurrentApp().Driver().(desktop.Driver)
	return ok && d.CurrentKeyModifiers()&fyne.KeyModifierShift != 0
}

// rune handles a character that nothing else had a use for.
func (w *Window) rune(r rune) {
	if w.asking() {
		return
	}
	key := runeKey(r)
	if w.mode.key(key) {
		w.draw(0)
		return
	}
	w.press(key)
}

// runeKey returns the key that types a character, as people read it.
func runeKey(r rune) string {
	key := string(unicode.ToUpper(r))
	if unicode.IsUpper(r) {
		key = "Shift+" + key
	}
	return key
}

// takeCommands takes over the commands of the mode in use, and gives the window their keys: those with Ctrl and
// Alt, and those that come when nothing has the keyboard.
func (w *Window) takeCommands() {
	c := w.win.Canvas()
	for _, s := range w.shortcuts {
		c.RemoveShortcut(s)
	}
	w.commands, w.shortcuts = w.makeCommands(), nil
	w.takeKeys()
	for _, cmd := range w.commands {
		for _, key := range w.keys.Keys(cmd.id) {
			if s := shortcutOf(key); s != nil {
				w.shortcuts = append(w.shortcuts, s)
				c.AddShortcut(s, func(fyne.Shortcut) { w.do(cmd.id) })
			}
		}
	}
	c.SetOnTypedKey(func(e *fyne.KeyEvent) { w.key(e.Name) })
	c.SetOnTypedRune(w.rune)
}

// common are the keys that Fyne has shortcuts of its own for.
var common = map[string]fyne.Shortcut{
	"Ctrl+Z": &fyne.ShortcutUndo{}, "Ctrl+Y": &fyne.ShortcutRedo{}, "Ctrl+C": &fyne.ShortcutCopy{},
	"Ctrl+V": &fyne.ShortcutPaste{}, "Ctrl+X": &fyne.ShortcutCut{}, "Ctrl+A": &fyne.ShortcutSelectAll{},
}

// modifiers in the order in which people read them.
var modifiers = []struct {
	name string
	key  fyne.KeyModifier
}{
	{"Ctrl", fyne.KeyModifierShortcutDefault}, {"Alt", fyne.KeyModifierAlt}, {"Shift", fyne.KeyModifierShift},
}

// shortcutOf returns a key with modifiers as Fyne tells it, nil for a key without Ctrl and Alt.
func shortcutOf(key string) fyne.Shortcut {
	if s, ok := common[key]; ok {
		return s
	}
	s := &desktop.CustomShortcut{}
	for _, m := range modifiers {
		if rest, ok := strings.CutPrefix(key, m.name+"+"); ok && rest != "" {
			s.Modifier |= m.key
			key = rest
		}
	}
	if s.Modifier&^fyne.KeyModifierShift == 0 {
		return nil
	}
	s.KeyName = fyne.KeyName(key)
	for name, text := range keyNames {
		if text == key && name != fyne.KeyEnter {
			s.KeyName = name
		}
	}
	return s
}

// nameOf is the opposite of shortcutOf: the key as people read it, empty for what is no key.
func nameOf(s fyne.Shortcut) string {
	for key, c := range common {
		if c.ShortcutName() == s.ShortcutName() {
			return key
		}
	}
	c, ok := s.(*desktop.CustomShortcut)
	if !ok {
		return ""
	}
	text := ""
	for _, m := range modifiers {
		if c.Modifier&m.key != 0 {
			text += m.name + "+"
		}
	}
	if name, ok := keyNames[c.KeyName]; ok {
		return text + name
	}
	return text + string(c.KeyName)
}

// showing chooses which photos the strip shows.
func (w *Window) showing(i int) { w.s.SetShow(session.Show(i)) }
