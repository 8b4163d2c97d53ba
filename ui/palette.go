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

// commandList is a dialog with all commands and a field to search them: the palette, which does what is chosen,
// and the list of keys, which changes them.
type commandList struct {
	w      *Window
	pop    *widget.PopUp
	field  *dialogEntry
	column *fyne.Container
	scroll *container.Scroll
	shown  []command
	rows   []*kit.Touch
	tops   []float32 // where the rows begin
	at     int
	groups bool // with a heading for each group
	choose func(command)
}

const commandRowHeight = 28

// showPalette finds commands by their names and does one.
func (w *Window) showPalette() {
	l := newCommandList(w, tr.L("What do you want to do?"), 12)
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
	l := newCommandList(w, tr.L("Search for a command or a key"), 17)
	l.groups = true
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
	note := kit.NewText(tr.L("Enter or a click changes a command's keys. 1 to 9 and 0 choose a class."),
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

func newCommandList(w *Window, hint string, rows int) *commandList {
	l := &commandList{w: w, field: newDialogEntry(""), column: kit.Column{}.Stack()}
	l.field.SetPlaceHolder(hint)
	l.scroll = container.NewVScroll(l.column)
	l.scroll.SetMinSize(fyne.NewSize(520, float32(rows)*commandRowHeight))
	l.field.OnChanged = l.fill
	l.field.enter = func() {
		if l.at < len(l.shown) {
			l.choose(l.shown[l.at])
		}
	}
	l.field.escape = func() { l.pop.Hide(); w.focusView() }
	l.field.move = func(down bool) {
		if down {
			l.mark(l.at + 1)
		} else {
			l.mark(l.at - 1)
		}
	}
	return l
}

func (l *commandList) begin(search string) {
	l.field.SetText(search)
	l.fill(search)
	l.w.win.Canvas().Focus(l.field)
}

// fill shows the commands that match.
func (l *commandList) fill(text string) {
	l.shown, l.rows, l.tops, l.column.Objects = nil, nil, nil, nil
	group, y := "", float32(0)
	for _, c := range l.found(text) {
		if l.groups && text == "" && c.group != group {
			group = c.group
			l.column.Objects = append(l.column.Objects,
				kit.Line{Left: 8, Height: commandRowHeight}.Row(kit.NewText(group, kit.Style{Size: theme.TextSmall, Color: theme.Muted, Bold: true})))
			y += commandRowHeight
		}
		t := l.row(c)
		l.shown, l.rows, l.tops = append(l.shown, c), append(l.rows, t), append(l.tops, y)
		l.column.Objects = append(l.column.Objects, t)
		y += commandRowHeight
	}
	if len(l.shown) == 0 {
		l.column.Objects = append(l.column.Objects, remark(tr.L("No command is called that.")))
	}
	l.column.Refresh()
	l.scroll.Refresh()
	l.mark(0)
}

// found returns the commands that match a search, those first whose names begin with it.
func (l *commandList) found(text string) []command {
	var list []command
	for _, c := range l.w.commands {
		if matches(c, l.w.keys.Keys(c.id), text) {
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

func (l *commandList) mark(i int) {
	if len(l.rows) == 0 {
		return
	}
	l.at = (i + len(l.rows)) % len(l.rows)
	for k, t := range l.rows {
		t.SetOn(k == l.at)
	}
	top, room := l.scroll.Offset.Y, l.scroll.Size().Height
	if y := l.tops[l.at]; y < top || y+commandRowHeight > top+room {
		l.scroll.ScrollToOffset(fyne.NewPos(0, max(0, y-room/2)))
	}
}

func (l *commandList) row(c command) *kit.Touch {
	w := l.w
	token := theme.Text
	if !l.groups && !c.can() {
		token = theme.Hidden
	}
	row := []fyne.CanvasObject{kit.NewText(c.title, kit.Style{Color: token})}
	if !l.groups {
		row = append(row, kit.NewText(c.group, kit.Style{Size: theme.TextSmall, Color: theme.Muted}))
	}
	row = append(row, kit.NewSpace())
	for _, loss := range w.keys.Lost(c.id) {
		if other := w.command(loss.To); l.groups && other != nil {
			row = append(row, kit.NewIcon("warn", theme.Warning, 14),
				kit.NewText(tr.L("%s is “%s”", loss.Key, other.title), kit.Style{Size: theme.TextSmall, Color: theme.Warning}))
		}
	}
	for _, k := range w.keys.Keys(c.id) {
		row = append(row, kit.NewKeyCap(k))
	}
	return kit.NewTouch(kit.Line{Gap: 8, Left: 8, Right: 12, Height: commandRowHeight}.Row(row...),
		kit.Look{Over: theme.Hover, On: theme.Selection, Radius: 4}, func() { l.choose(c) })
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
