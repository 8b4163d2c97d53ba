package ui

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/saysee/saysee/ui/keys"
	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
)

const commandRowHeight = 28

// showPalette finds commands by their names and does one.
func (w *Window) showPalette() {
	l := newSearchList[command](w, tr.L("What do you want to do?"), 12)
	l.found = w.found
	l.row = func(c command) fyne.CanvasObject { return w.commandRow(c, false) }
	l.choose = func(c command) {
		l.pop.Hide()
		w.focusView()
		w.run(c)
	}
	l.pop = w.modal(tr.L("All commands"), 520, kit.Column{Gap: 8}.Stack(l.field, l.scroll))
	l.begin("")
}

// showKeys is the sheet of all keys, in which they can be changed.
func (w *Window) showKeys() { w.keysDialog("") }

func (w *Window) keysDialog(search string) {
	l := newSearchList[command](w, tr.L("Search for a command or a key"), 17)
	l.found = w.found
	l.row = func(c command) fyne.CanvasObject { return w.commandRow(c, true) }
	l.group = func(c command) string { return c.group }
	l.choose = func(c command) {
		text := l.field.Text
		l.pop.Hide()
		w.changeKeys(c, func() { w.keysDialog(text) })
	}
	names, picked := keys.Presets(), 0
	titles := make([]string, len(names))
	for i, n := range names {
		titles[i] = keys.Title(n)
		if n == w.settings.keys.Preset {
			picked = i
		}
	}
	preset := kit.NewSegments(titles, picked, true, func(i int) {
		w.setKeys(keys.Scheme{Preset: names[i], Own: w.settings.keys.Own})
		l.pop.Hide()
		w.keysDialog(l.field.Text)
	})
	note := kit.NewText(tr.L("Enter or a click changes a command's keys."),
		kit.Style{Size: theme.TextSmall, Color: theme.Muted})
	head := kit.Line{Gap: 8, Height: 32}.Row(kit.NewText(tr.L("Keys as in"), kit.Style{}), preset.Container, kit.NewSpace())
	if len(w.settings.keys.Own) > 0 {
		head.Add(kit.NewButton(kit.Quiet, "", tr.L("Undo all changes"), "", func() {
			w.setKeys(keys.Scheme{Preset: w.settings.keys.Preset})
			l.pop.Hide()
			w.keysDialog(l.field.Text)
		}))
	}
	l.pop = w.modal(tr.L("Keys"), 640, kit.Column{Gap: 8}.Stack(head, l.field, l.scroll, note))
	l.begin(search)
}

// setKeys takes other keys at once, everywhere.
func (w *Window) setKeys(s keys.Scheme) {
	w.settings.setKeys(s)
	w.build()
}

// found returns the commands that match a search, those first whose names begin with it.
func (w *Window) found(text string) []command {
	var list []command
	for _, c := range w.commands {
		if matches(c, w.keys.Keys(c.id), text) {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b command) int {
		return second(!begins(a.title, text)) - second(!begins(b.title, text))
	})
	return list
}

func begins(title, text string) bool {
	return strings.HasPrefix(strings.ToLower(title), strings.ToLower(text))
}

// commandRow shows a command with its keys; for changing them, with those that it has lost too.
func (w *Window) commandRow(c command, change bool) fyne.CanvasObject {
	token := theme.Text
	if !change && !c.can() {
		token = theme.Hidden
	}
	row := []fyne.CanvasObject{kit.NewText(c.title, kit.Style{Color: token})}
	if !change {
		row = append(row, kit.NewText(c.group, kit.Style{Size: theme.TextSmall, Color: theme.Muted}))
	}
	row = append(row, kit.NewSpace())
	for _, loss := range w.keys.Lost(c.id) {
		if other := w.command(loss.To); change && other != nil {
			row = append(row, kit.NewIcon("warn", theme.Warning, 14),
				kit.NewText(tr.L("%s is “%s”", loss.Key, other.title), kit.Style{Size: theme.TextSmall, Color: theme.Warning}))
		}
	}
	for _, k := range w.keys.Keys(c.id) {
		row = append(row, kit.NewKeyCap(k))
	}
	return kit.Line{Gap: 8, Left: 8, Right: 12, Height: commandRowHeight}.Row(row...)
}

// matches reports whether a command answers to all words of a search.
func matches(c command, list []string, text string) bool {
	all := strings.ToLower(c.title + " " + c.group + " " + strings.Join(list, " "))
	for _, word := range strings.Fields(strings.ToLower(text)) {
		if !strings.Contains(all, word) {
			return false
		}
	}
	return true
}

// keyField takes whatever key is pressed.
type keyField struct {
	widget.BaseWidget
	text  *kit.Text
	taken func(key string)
	shift func() bool
}

var (
	_ fyne.Focusable    = (*keyField)(nil)
	_ fyne.Tabbable     = (*keyField)(nil)
	_ fyne.Shortcutable = (*keyField)(nil)
)

func newKeyField(shift func() bool, taken func(string)) *keyField {
	f := &keyField{text: kit.NewText(tr.L("Press a key to add it"), kit.Style{Color: theme.Muted}), taken: taken, shift: shift}
	f.ExtendBaseWidget(f)
	return f
}

// CreateRenderer implements fyne.Widget.
func (f *keyField) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewStack(kit.Rect(theme.Field, theme.Focus, 6),
		kit.Line{Left: 12, Right: 12, Height: 36}.Row(f.text)))
}

// FocusGained implements fyne.Focusable.
func (f *keyField) FocusGained() {}

// FocusLost implements fyne.Focusable.
func (f *keyField) FocusLost() {}

// AcceptsTab implements fyne.Tabbable: Tab is a key like others.
func (f *keyField) AcceptsTab() bool { return true }

// TypedRune implements fyne.Focusable.
func (f *keyField) TypedRune(r rune) {
	if r != ' ' { // told by its key
		f.taken(runeKey(r))
	}
}

// TypedKey implements fyne.Focusable.
func (f *keyField) TypedKey(e *fyne.KeyEvent) {
	name, ok := keyNames[e.Name]
	if !ok {
		return
	}
	if f.shift() {
		name = "Shift+" + name
	}
	f.taken(name)
}

// TypedShortcut implements fyne.Shortcutable.
func (f *keyField) TypedShortcut(s fyne.Shortcut) {
	if name := nameOf(s); name != "" {
		f.taken(name)
	}
}

// changeKeys is the dialog that gives a command other keys. A key that another command has is taken from it when
// it is pressed a second time.
func (w *Window) changeKeys(c command, back func()) {
	var pop *widget.PopUp
	again := ""
	end := func() {
		pop.Hide()
		back()
	}
	redo := func(s keys.Scheme) {
		w.setKeys(s)
		pop.Hide()
		w.changeKeys(c, back)
	}
	note := kit.NewText("", kit.Style{Size: theme.TextSmall, Color: theme.Warning})
	field := newKeyField(w.shift, func(key string) {
		other := w.keys.Does(key)
		switch {
		case key == "Esc":
			end()
		case keys.Check(key) != nil:
			note.Set(tr.L("%s is the window's own and stays so.", key))
		case other == c.id:
			note.Set(tr.L("%s is there already.", key))
		case other != "" && again != key:
			again = key
			note.Set(tr.L("%s is “%s”. Press it again to take it from there.", key, w.command(other).title))
		default:
			redo(w.settings.keys.With(w.keyed(), c.id, append([]string{key}, w.keys.Keys(c.id)...)...))
		}
	})
	row := []fyne.CanvasObject{}
	for i, key := range w.keys.Keys(c.id) {
		row = append(row, kit.NewKeyCap(key), kit.NewIconButton("x", tr.L("Take away"), "", 24, 12, func() {
			list := w.keys.Keys(c.id)
			left := append(append([]string{}, list[:i]...), list[i+1:]...)
			redo(w.settings.keys.With(w.keyed(), c.id, left...))
		}).Touch)
	}
	if len(row) == 0 {
		row = append(row, kit.NewText(tr.L("No key"), kit.Style{Color: theme.Muted}))
	}
	body := kit.Column{Gap: 8}.Stack(kit.Line{Gap: 4, Height: 32}.Row(row...), field,
		kit.Line{Height: 20}.Row(note))
	pop = w.modal(c.title, 440, body,
		kit.NewButton(kit.Quiet, "", tr.L("As usual"), "", func() { redo(w.settings.keys.Without(c.id)) }),
		kit.NewButton(kit.Primary, "", tr.L("Back"), "Esc", end))
	w.win.Canvas().Focus(field)
}
