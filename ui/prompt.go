package ui

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/overlay"
	words "github.com/saysee/saysee/prompt"
	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
)

const (
	promptHeight = 40
	typingRoom   = 96 // always left to type in
	chipGap      = 8
)

// prompt is the line of words: finished ones as chips, and an entry among them.
type prompt struct {
	w      *Window
	box    *fyne.Container
	ground *canvas.Rectangle
	icon   *canvas.Image
	entry  *entry
	bare   *container.ThemeOverride
	more   *kit.Touch
	hidden *kit.Text
	button *kit.Touch
	halt   *kit.Touch

	chips  []*chip
	words  []annot.Class
	synced []annot.Class // as the session had them when they were shown
	at     int           // the entry stands before this word
	edited *annot.Class  // the word that is being edited, to come back with Esc
	narrow bool
	unread []string // phrases that the model cannot read
	list   completion
}

func newPrompt(w *Window) *prompt {
	p := &prompt{w: w}
	p.ground = kit.Rect(theme.Field, theme.Edge, 8)
	p.icon = kit.NewIcon("search", theme.Muted, 16)
	p.entry = newEntry(p)
	p.bare = container.NewThemeOverride(p.entry, w.bare(""))
	p.hidden = kit.NewText("", kit.Style{Color: theme.Muted})
	p.more = kit.NewTouch(kit.Line{Left: 8, Right: 8, Height: 28}.Row(p.hidden), chipLook(false), p.focus)
	find := tr.L("Find")
	if w.mode.id() == liveMode {
		find = tr.L("Apply")
	}
	p.button = kit.NewButton(kit.Primary, "", find, "Enter", p.find)
	p.halt = kit.NewButton(kit.Plain, "stop", tr.L("Stop"), "", w.s.Stop)
	p.halt.Hide()
	p.box = kit.Lay(kit.Fixed(300, promptHeight), p.lay)
	p.list.p = p
	p.synced = nil
	p.update()
	return p
}

func chipLook(warned bool) kit.Look {
	l := kit.Look{Fill: theme.Raised, Over: theme.Hover, Edge: theme.Border, Radius: 6}
	if warned {
		l.Edge = theme.Warning
	}
	return l
}

// update shows the session's words, unless they are shown already.
func (p *prompt) update() {
	now, _ := p.w.s.Words()
	if p.chips != nil && slices.EqualFunc(now, p.synced, equalClass) {
		if unread := p.w.s.Unread(); !slices.Equal(unread, p.unread) {
			p.unread = unread
			p.rebuild()
		}
		return
	}
	p.unread = p.w.s.Unread()
	p.words, p.synced = slices.Clone(now), slices.Clone(now)
	p.at, p.edited = len(p.words), nil
	p.rebuild()
}

func equalClass(a, b annot.Class) bool {
	return a.Name == b.Name && a.Color == b.Color && slices.Equal(a.Phrases, b.Phrases) && slices.Equal(a.Negatives, b.Negatives) &&
		len(a.Examples) == len(b.Examples)
}

// running shows Stop in the place of Find when the models take long.
func (p *prompt) running() {
	long := p.w.s.Report().Busy()
	if long == p.halt.Visible() {
		return
	}
	if long {
		p.button.Hide()
		p.halt.Show()
	} else {
		p.halt.Hide()
		p.button.Show()
	}
}

// color returns the colour that a word has, or will have: that of its row, or of the next new one.
func (p *prompt) color(i int) colorOf {
	t := p.w.s.Classes()
	if row, ok := t.Find(p.words[i].Name); ok {
		return p.w.swatch(row)
	}
	row := t.Rows()
	for _, c := range p.words[:i] {
		if _, ok := t.Find(c.Name); !ok {
			row++
		}
	}
	return colorOf{overlay.ClassColor(row, ""), overlay.Repeated(row, "")}
}

// rebuild makes the chips anew.
func (p *prompt) rebuild() {
	p.chips = make([]*chip, len(p.words))
	objects := []fyne.CanvasObject{p.ground, p.icon}
	for i := range p.words {
		p.chips[i] = p.chip(i)
		objects = append(objects, p.chips[i])
	}
	p.hold()
	p.box.Objects = append(objects, p.more, p.bare, p.button, p.halt)
	p.box.Refresh()
}

func (p *prompt) hold() {
	text := tr.L("Add words…")
	if len(p.words) == 0 {
		text = tr.L("red cup, wooden table…")
	}
	p.entry.SetPlaceHolder(text)
}

func (p *prompt) chip(i int) *chip {
	c, col := p.words[i], p.color(i)
	t := &chip{p: p, i: i}
	swatch := kit.NewSwatch(col, col.ringed)
	parts := []fyne.CanvasObject{swatch, kit.NewText(c.Name, kit.Style{})}
	if !p.narrow {
		if s := synonyms(c); s != "" {
			parts = append(parts, kit.NewText(s, kit.Style{Size: theme.TextSmall, Color: theme.Muted}))
		}
		if n := len(c.Examples); n > 0 {
			parts = append(parts, kit.NewText("≈ "+tr.Count(n), kit.Style{Size: theme.TextSmall, Color: theme.Accent}))
		}
		for _, n := range c.Negatives {
			parts = append(parts, kit.NewText("− "+n, kit.Style{Size: theme.TextSmall, Color: theme.Danger}))
		}
	}
	english, told, unread := p.read(c)
	if english != "" && !p.narrow {
		parts = append(parts, kit.NewText(english, kit.Style{Size: theme.TextSmall, Color: theme.Muted}))
	}
	if slices.ContainsFunc(slices.Concat(c.Phrases, c.Negatives), func(s string) bool { return slices.Contains(p.unread, s) }) {
		unread = true
		told = append(told, tr.L("The model cannot read all of these words."))
	}
	t.Touch = kit.NewTouch(kit.Line{Gap: 6, Left: 8, Right: 8, Height: 28}.Row(parts...), chipLook(unread), func() { p.edit(t.i) })
	t.Tip = strings.Join(append([]string{words.Table{c}.Line()}, told...), "  ·  ")
	t.OnMenu = func(at fyne.Position) { p.menu(t.i, at) }
	return t
}

// read tells how a class's Chinese phrases are read: the English of the first in short, all of them in full, and whether
// some part could not be read.
func (p *prompt) read(c annot.Class) (english string, told []string, unread bool) {
	if p.w.params.Lexicon == nil {
		return "", nil, false
	}
	for _, phrase := range append(slices.Clone(c.Phrases), c.Negatives...) {
		r, ok := p.w.params.Lexicon.Read(phrase)
		if !ok {
			continue
		}
		if len(r.English) > 0 {
			told = append(told, r.String())
			if english == "" {
				english = "→ " + r.English[0]
			}
		}
		for _, part := range r.Unknown {
			unread = true
			told = append(told, tr.L("“%s” is not in the dictionary; write it in English", part))
		}
	}
	return english, told, unread
}

// synonyms are the phrases of a class that are not its name.
func synonyms(c annot.Class) string {
	if len(c.Phrases) > 0 && c.Phrases[0] == c.Name {
		if len(c.Phrases) == 1 {
			return ""
		}
		return "| " + strings.Join(c.Phrases[1:], " | ")
	}
	return strings.Join(c.Phrases, " | ")
}

func (p *prompt) menu(i int, at fyne.Position) {
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("",
		fyne.NewMenuItem(tr.L("Edit"), func() { p.edit(i) }),
		fyne.NewMenuItem(tr.L("Remove"), func() {
			p.words = slices.Delete(p.words, i, i+1)
			p.at = len(p.words)
			p.find()
		}),
	), p.w.win.Canvas(), at)
}

func (p *prompt) setNarrow(narrow bool) {
	if narrow != p.narrow {
		p.narrow = narrow
		p.rebuild()
	}
}

func (p *prompt) lay(s fyne.Size) {
	p.w.face(p.bare, &p.entry.Entry)
	kit.Place(p.ground, 0, 0, s.Width, s.Height)
	kit.Place(p.icon, 12, 12, 16, 16)
	find := p.button.MinSize().Width
	kit.Place(p.button, s.Width-find-4, 4, find, 32)
	halt := p.halt.MinSize().Width
	kit.Place(p.halt, s.Width-halt-4, 4, halt, 32)
	x, end := float32(12+16+chipGap), s.Width-max(find, halt)-12
	typing := p.typing()
	room := end - x - typing - chipGap
	shown := p.fitting(room)
	left := len(p.chips) - shown
	p.more.Hide()
	for i, c := range p.chips {
		if i == p.at && p.at < len(p.chips) {
			x = p.placeEntry(x, typing)
		}
		if i >= shown {
			c.Hide()
			continue
		}
		c.Show()
		w := c.MinSize().Width
		if c.dragged {
			kit.Place(c, c.Position().X, 6, w, 28)
		} else {
			kit.Place(c, x, 6, w, 28)
		}
		x += w + chipGap
	}
	if left > 0 {
		p.hidden.Set("+" + tr.Count(left))
		p.more.Show()
		w := p.more.MinSize().Width
		kit.Place(p.more, x, 6, w, 28)
		x += w + chipGap
	}
	if p.at >= len(p.chips) {
		p.placeEntry(x, end-x)
	}
}

// typing is how much room the entry needs.
func (p *prompt) typing() float32 {
	size, _ := fyne.CurrentApp().Driver().RenderedTextSize(p.entry.Text, theme.TextBody, fyne.TextStyle{}, theme.FaceFor(p.entry.Text, false))
	return max(typingRoom, min(size.Width+32, 320))
}

func (p *prompt) placeEntry(x, width float32) float32 {
	kit.Place(p.bare, x-4, 4, max(width, 40), 32)
	p.entry.Resize(fyne.NewSize(max(width, 40), 32))
	return x + width + chipGap
}

// fitting returns how many chips fit.
func (p *prompt) fitting(room float32) int {
	used := float32(0)
	for i, c := range p.chips {
		more := float32(0)
		if i < len(p.chips)-1 {
			more = 48
		}
		w := c.MinSize().Width
		if used+w+more > room && used+w > room {
			return i
		}
		if used+w+more > room && i < len(p.chips)-1 {
			return i
		}
		used += w + chipGap
	}
	return len(p.chips)
}

// focus gives the entry the keyboard.
func (p *prompt) focus() { p.w.win.Canvas().Focus(p.entry) }

// edit turns a chip back into text, in its place.
func (p *prompt) edit(i int) {
	p.take(p.entry.Text)
	if i >= len(p.words) {
		return
	}
	c := p.words[i]
	p.words = slices.Delete(slices.Clone(p.words), i, i+1)
	p.at, p.edited = i, &c
	p.entry.SetText(words.Table{c}.Line())
	p.entry.CursorColumn = len([]rune(p.entry.Text))
	p.rebuild()
	p.focus()
}

// take makes chips of a text, where the entry stands. It reports whether all of it could be read.
func (p *prompt) take(text string) bool {
	clean := true
	if strings.TrimSpace(text) != "" {
		table, problems := words.Parse(text)
		for _, c := range table {
			old := slices.IndexFunc(p.words, func(o annot.Class) bool { return strings.EqualFold(o.Name, c.Name) })
			if old >= 0 {
				p.words[old] = c
				continue
			}
			p.words = slices.Insert(p.words, min(p.at, len(p.words)), c)
			p.at++
		}
		if len(problems) > 0 {
			clean = false
			p.w.s.Say(problems[0].Text)
		}
	}
	p.at, p.edited = len(p.words), nil
	p.entry.SetText("")
	p.rebuild()
	return clean
}

// find looks for the words.
func (p *prompt) find() {
	p.list.hide()
	p.take(p.entry.Text)
	p.w.settings.setHinted()
	p.w.settings.rememberWords(words.Table(p.words).Line())
	p.synced = nil
	p.w.try(p.w.s.SetWords(p.words))
	p.w.focusView()
	p.w.frame.arrange()
	p.w.draw(session.Words)
}

// back gives up the edit of a chip.
func (p *prompt) back() {
	if p.edited != nil {
		p.words = slices.Insert(p.words, min(p.at, len(p.words)), *p.edited)
	}
	p.edited = nil
	p.at = len(p.words)
	p.entry.SetText("")
	p.rebuild()
}

func (p *prompt) paint(focused bool) {
	token, width := theme.Edge, float32(1)
	if focused {
		token, width = theme.Focus, 2
	}
	p.ground.StrokeColor, p.ground.StrokeWidth = theme.Get(token), width
	p.ground.Refresh()
}

// entry is the field of the prompt.
type entry struct {
	widget.Entry
	p *prompt
}

func newEntry(p *prompt) *entry {
	e := &entry{p: p}
	e.Scroll = container.ScrollHorizontalOnly
	e.Wrapping = fyne.TextWrapOff
	e.ExtendBaseWidget(e)
	e.OnChanged = func(string) {
		p.box.Refresh()
		p.list.update()
	}
	return e
}

// FocusGained implements fyne.Focusable.
func (e *entry) FocusGained() {
	e.Entry.FocusGained()
	e.p.paint(true)
}

// FocusLost implements fyne.Focusable.
func (e *entry) FocusLost() {
	e.Entry.FocusLost()
	e.p.paint(false)
	e.p.list.hide()
}

// AcceptsTab implements fyne.Tabbable: Tab takes what the list proposes.
func (e *entry) AcceptsTab() bool { return true }

// TypedRune implements fyne.Focusable.
func (e *entry) TypedRune(r rune) {
	open := strings.Count(e.Text, `"`)%2 == 1
	if (r == ',' || r == '，') && !open && e.CursorColumn == len([]rune(e.Text)) && strings.TrimSpace(e.Text) != "" {
		e.p.take(e.Text)
		return
	}
	e.Entry.TypedRune(r)
}

// TypedKey implements fyne.Focusable.
func (e *entry) TypedKey(k *fyne.KeyEvent) {
	p := e.p
	switch k.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		if !p.list.take() {
			p.find()
		}
	case fyne.KeyTab:
		if !p.list.takeFirst() {
			p.w.key(k.Name)
		}
	case fyne.KeyBackspace:
		if e.CursorColumn == 0 && e.SelectedText() == "" && p.at > 0 && len(p.words) > 0 {
			p.edit(min(p.at, len(p.words)) - 1)
			return
		}
		e.Entry.TypedKey(k)
	case fyne.KeyUp, fyne.KeyDown:
		p.list.move(k.Name == fyne.KeyDown)
	case fyne.KeyEscape:
		if !p.list.hide() {
			p.back()
			p.w.focusView()
		}
	case fyne.KeyF1, fyne.KeyF3, fyne.KeyF4, fyne.KeyF6, fyne.KeyF11, fyne.KeyF12:
		p.w.key(k.Name)
	default:
		e.Entry.TypedKey(k)
	}
}

// TypedShortcut implements fyne.Shortcutable: what is not about text goes to the window.
func (e *entry) TypedShortcut(s fyne.Shortcut) {
	if _, own := s.(*desktop.CustomShortcut); own && e.p.w.press(nameOf(s)) {
		return
	}
	if s.ShortcutName() == (&fyne.ShortcutUndo{}).ShortcutName() && e.Text == "" {
		e.p.w.do("undo")
		return
	}
	e.Entry.TypedShortcut(s)
}
