package ui

import (
	"fmt"
	"image/color"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/widget"
	"github.com/rymdport/portal/filechooser"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
)

// menuItem turns a command into an item of a menu.
func (w *Window) menuItem(id string) *fyne.MenuItem {
	c := w.command(id)
	item := fyne.NewMenuItem(c.title, func() { w.do(id) })
	item.Disabled = !c.can()
	item.Shortcut, _ = shortcutOf(w.keyOf(id)).(fyne.KeyboardShortcut)
	return item
}

func (w *Window) showMenu(below fyne.CanvasObject) {
	var items []*fyne.MenuItem
	for _, group := range [][]string{
		{"open-folder", "open-photos", "samples"},
		{"export", "import", "import-folder", "save"},
		{"batch", "keep-previous", "go-to"},
		w.modeCommandIDs(),
		{"commands", "keys", "preferences", "about"},
		{"quit"},
	} {
		// Other modes have not all of the commands.
		group = slices.DeleteFunc(group, func(id string) bool { return w.command(id) == nil })
		if len(items) > 0 && len(group) > 0 {
			items = append(items, fyne.NewMenuItemSeparator())
		}
		for _, id := range group {
			items = append(items, w.menuItem(id))
		}
	}
	w.popUp(below, items)
}

// modeCommandIDs name the commands that change to a mode.
func (w *Window) modeCommandIDs() []string {
	var all []string
	for _, m := range w.modes {
		all = append(all, modeCommand+string(m.id()))
	}
	return all
}

func (w *Window) popUp(below fyne.CanvasObject, items []*fyne.MenuItem) {
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(below)
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", items...), w.win.Canvas(), at.AddXY(0, below.Size().Height+4))
}

func (w *Window) showRecent(below fyne.CanvasObject) {
	items := []*fyne.MenuItem{w.menuItem("open-folder"), w.menuItem("open-photos")}
	if len(w.settings.recent) > 0 {
		items = append(items, fyne.NewMenuItemSeparator())
	}
	for _, path := range w.settings.recent {
		items = append(items, fyne.NewMenuItem(path, func() { w.open(path) }))
	}
	w.popUp(below, items)
}

func (w *Window) contextMenu(at fyne.Position, id annot.RegionID) {
	var items []*fyne.MenuItem
	r := w.s.Region(id)
	switch {
	case r == nil:
		for _, t := range []string{"paste", "keep-previous", "show-hidden", "fit", "done"} {
			items = append(items, w.menuItem(t))
		}
	case r.Review == annot.Suggested:
		items = []*fyne.MenuItem{
			fyne.NewMenuItem(tr.L("Accept"), func() { w.s.Accept(id); w.draw(0) }),
			fyne.NewMenuItem(tr.L("Reject"), func() { w.s.Reject(id); w.draw(0) }),
		}
	default:
		w.s.Select(id)
		for _, t := range []string{"class", "like", "fill", "duplicate", "copy", "lock", "hide", "delete"} {
			items = append(items, w.menuItem(t))
		}
	}
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", items...), w.win.Canvas(), at)
}

// The desktop's own file dialogs, and Fyne's where there are none.

func (w *Window) askFolder() {
	go func() {
		paths, err := filechooser.OpenFile("", tr.L("Open a folder"), &filechooser.OpenFileOptions{Directory: true})
		fyne.Do(func() {
			if err == nil {
				w.openURIs(paths)
				return
			}
			d := dialog.NewFolderOpen(func(dir fyne.ListableURI, err error) {
				if err == nil && dir != nil {
					w.open(dir.Path())
				}
			}, w.win)
			w.beginHere(d)
			d.Resize(fyne.NewSize(800, 560))
			d.Show()
		})
	}()
}

func (w *Window) askPhotos() {
	go func() {
		paths, err := filechooser.OpenFile("", tr.L("Open photos"), &filechooser.OpenFileOptions{Multiple: true})
		fyne.Do(func() {
			if err == nil {
				w.openURIs(paths)
				return
			}
			d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
				if err == nil && r != nil {
					path := r.URI().Path()
					_ = r.Close() // it was only opened to be named
					w.open(path)
				}
			}, w.win)
			w.beginHere(d)
			d.Resize(fyne.NewSize(800, 560))
			d.Show()
		})
	}()
}

// beginHere lets Fyne's dialog begin where the open folder is.
func (w *Window) beginHere(d *dialog.FileDialog) {
	if w.s.FolderPath() == "" {
		return
	}
	if at, err := storage.ListerForURI(storage.NewFileURI(w.s.FolderPath())); err == nil {
		d.SetLocation(at)
	}
}

// openURIs opens what the desktop's dialog names.
func (w *Window) openURIs(uris []string) {
	if paths := filePaths(uris); len(paths) > 0 {
		w.open(paths...)
	}
}

func filePaths(uris []string) []string {
	var paths []string
	for _, u := range uris {
		if parsed, err := url.Parse(u); err == nil && parsed.Scheme == "file" {
			paths = append(paths, parsed.Path)
		}
	}
	return paths
}

// modal shows something above the window, with a title and a cross.
func (w *Window) modal(title string, width float32, body fyne.CanvasObject, buttons ...fyne.CanvasObject) *widget.PopUp {
	var pop *widget.PopUp
	cross := kit.NewIconButton("x", "", "Esc", 32, 16, func() { pop.Hide() })
	head := kit.Line{Gap: 8, Left: 16, Right: 4, Height: 40}.Row(kit.NewText(title, kit.Style{Bold: true}), kit.NewSpace(), cross.Touch)
	parts := []fyne.CanvasObject{head, kit.Pad(body, 4, 16, 16, 16)}
	if len(buttons) > 0 {
		parts = append(parts, kit.Line{Gap: 8, Left: 16, Right: 16, Height: 48}.Row(append([]fyne.CanvasObject{kit.NewSpace()}, buttons...)...))
	}
	wide := kit.Rect(theme.Clear, "", 0)
	wide.SetMinSize(fyne.NewSize(width, 1))
	pop = widget.NewModalPopUp(kit.Column{}.Stack(append(parts, wide)...), w.win.Canvas())
	pop.Show()
	w.top = pop
	return pop
}

// asking reports whether a dialog is open.
func (w *Window) asking() bool { return w.top != nil && w.top.Visible() }

// dialogEntry is a field in a modal, that Enter and Esc end.
type dialogEntry struct {
	widget.Entry
	enter, escape func()
	move          func(down bool)
}

func newDialogEntry(text string) *dialogEntry {
	e := &dialogEntry{}
	e.ExtendBaseWidget(e)
	e.SetText(text)
	return e
}

// TypedKey implements fyne.Focusable.
func (e *dialogEntry) TypedKey(k *fyne.KeyEvent) {
	switch {
	case k.Name == fyne.KeyReturn || k.Name == fyne.KeyEnter:
		e.enter()
	case k.Name == fyne.KeyEscape:
		e.escape()
	case e.move != nil && (k.Name == fyne.KeyUp || k.Name == fyne.KeyDown):
		e.move(k.Name == fyne.KeyDown)
	default:
		e.Entry.TypedKey(k)
	}
}

// askText asks for a line of text.
func (w *Window) askText(title, note, text string, then func(string)) {
	e := newDialogEntry(text)
	var pop *widget.PopUp
	end := func(use bool) func() {
		return func() {
			pop.Hide()
			if t := strings.TrimSpace(e.Text); use && t != "" {
				then(t)
				w.draw(0)
			}
			w.focusView()
		}
	}
	e.enter, e.escape = end(true), end(false)
	body := kit.Column{Gap: 8}.Stack(e)
	if note != "" {
		body.Add(kit.NewText(note, kit.Style{Size: theme.TextSmall, Color: theme.Muted}))
	}
	pop = w.modal(title, 420, body, kit.NewButton(kit.Plain, "", tr.L("Cancel"), "Esc", end(false)), kit.NewButton(kit.Primary, "", tr.L("OK"), "Enter", end(true)))
	w.win.Canvas().Focus(e)
	e.CursorColumn = len([]rune(text))
	e.Refresh()
}

func (w *Window) askName(row int) {
	w.askText(tr.L("Rename class"), tr.L("Its words go on finding it."), w.s.Classes().Row(row).Name, func(name string) {
		w.try(w.s.Rename(row, name))
	})
}

// askColor shows the palette.
func (w *Window) askColor(row int) {
	var pop *widget.PopUp
	var cells []fyne.CanvasObject
	for i := range overlay.PaletteSize {
		c := overlay.ClassColor(i, "")
		hex := fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B)
		cells = append(cells, colorCell(c, func() {
			pop.Hide()
			w.try(w.s.Recolor(row, hex))
			w.draw(0)
		}))
	}
	pop = w.modal(tr.L("Colour"), 300, container.NewGridWithColumns(5, cells...))
}

func colorCell(c color.Color, tap func()) fyne.CanvasObject {
	s := kit.NewSwatch(c, false)
	s.CornerRadius = 6
	return kit.NewTouch(kit.Pad(s, 4, 4, 4, 4), kit.Look{Over: theme.Hover, Radius: 8, Min: fyne.NewSize(48, 40)}, tap)
}

// askExport asks for a format and a place.
func (w *Window) askExport() {
	var titles, names []string
	for _, name := range format.Names() {
		f, err := format.Lookup(name)
		if err == nil {
			titles, names = append(titles, f.Title), append(names, name)
		}
	}
	pick := widget.NewSelect(titles, nil)
	place := newDialogEntry("")
	pick.OnChanged = func(string) {
		place.SetText(filepath.Join(w.s.FolderPath(), "labels-"+names[max(pick.SelectedIndex(), 0)]+fileEnding(names[max(pick.SelectedIndex(), 0)])))
	}
	pick.SetSelectedIndex(max(slices.Index(names, "coco"), 0))
	var pop *widget.PopUp
	end := func() { pop.Hide(); w.focusView() }
	export := func() {
		end()
		f, err := format.Lookup(names[max(pick.SelectedIndex(), 0)])
		if err == nil {
			w.s.Export(f, place.Text)
		}
		w.try(err)
		w.draw(0)
	}
	place.enter, place.escape = export, end
	browse := func() {
		if name := filepath.Base(place.Text); filepath.Ext(name) != "" {
			w.askPlace(tr.L("Export"), name, place.SetText)
		} else {
			w.askPath(tr.L("Export"), true, func(dir string) { place.SetText(filepath.Join(dir, name)) })
		}
	}
	body := kit.Column{Gap: 8}.Stack(
		kit.NewText(tr.L("Format"), kit.Style{Size: theme.TextSmall, Color: theme.Muted}), framed(pick),
		kit.NewText(tr.L("File or folder"), kit.Style{Size: theme.TextSmall, Color: theme.Muted}),
		container.NewBorder(nil, nil, nil, kit.NewButton(kit.Plain, "folder", "", "", browse), place),
		kit.NewText(tr.L("Accepted labels are exported, suggestions are not."), kit.Style{Size: theme.TextSmall, Color: theme.Muted}))
	pop = w.modal(tr.L("Export"), 480, body, kit.NewButton(kit.Plain, "", tr.L("Cancel"), "Esc", end), kit.NewButton(kit.Primary, "export", tr.L("Export"), "", export))
	w.win.Canvas().Focus(place)
}

// framed gives a choice of Fyne's own the edge of a field: it has none, and in the light theme no ground either.
func framed(pick *widget.Select) fyne.CanvasObject {
	return container.NewStack(kit.Rect(theme.Field, theme.Border, 6), kit.Pad(pick, 1, 1, 1, 1))
}

// fileEnding is how the file of a format of one file ends; others are folders.
func fileEnding(name string) string {
	switch name {
	case "coco", "coco-results", "json", "labelstudio":
		return ".json"
	case "csv":
		return ".csv"
	case "cvat", "cvat-video":
		return ".xml"
	case "odvg":
		return ".jsonl"
	}
	return ""
}
