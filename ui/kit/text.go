package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"github.com/saysee/saysee/ui/theme"
)

// Style is how a text looks.
type Style struct {
	Size  float32 // 0 for body text
	Color fyne.ThemeColorName
	Bold  bool
	Right bool // aligned to the right
}

// Text is one line of text, cut with an ellipsis where there is no room for all of it.
type Text struct {
	widget.BaseWidget
	text  string
	style Style
	line  *canvas.Text
	// Flex lets the text shrink to nothing and take what room is left.
	Flex bool

	wide  float32 // of the whole text, 0 for not measured
	stale bool    // the line does not show the text yet
}

// NewText returns a text.
func NewText(text string, s Style) *Text {
	if s.Size == 0 {
		s.Size = theme.TextBody
	}
	if s.Color == "" {
		s.Color = theme.Text
	}
	t := &Text{text: text, style: s}
	t.line = canvas.NewText(text, theme.Get(s.Color))
	t.line.TextSize = s.Size
	t.face(text)
	t.ExtendBaseWidget(t)
	return t
}

func (t *Text) face(text string) {
	t.line.FontSource = theme.FaceFor(text, t.style.Bold)
	t.line.TextStyle.Bold = t.style.Bold
}

// Flexible lets the text shrink and take what room is left, and returns it.
func (t *Text) Flexible() *Text {
	t.Flex = true
	return t
}

// Set changes the words.
func (t *Text) Set(text string) {
	if text == t.text {
		return
	}
	t.Put(text)
	t.Refresh()
}

// Put changes the words, to be shown when the text is placed the next time. It is for who lays the row of a text out anyway:
// a new text in the room of the old one would be measured and cut for nothing, and that is what Fyne takes longest for.
func (t *Text) Put(text string) {
	if text != t.text {
		t.text, t.wide, t.stale = text, 0, true
	}
}

// fit shows words that were Put.
func (t *Text) fit() {
	if t.stale {
		t.Refresh()
	}
}

// Paint changes the colour.
func (t *Text) Paint(token fyne.ThemeColorName) {
	if token == t.style.Color {
		return
	}
	t.style.Color = token
	t.line.Color = theme.Get(token)
	t.line.Refresh()
}

// Text returns the words, whole.
func (t *Text) Text() string { return t.text }

func width(text string, s Style) float32 {
	size, _ := fyne.CurrentApp().Driver().RenderedTextSize(text, s.Size, fyne.TextStyle{Bold: s.Bold}, theme.FaceFor(text, s.Bold))
	return size.Width
}

// Width returns how wide the whole text is.
func (t *Text) Width() float32 {
	if t.wide == 0 {
		t.wide = width(t.text, t.style)
	}
	return t.wide
}

// height is the same for all faces, so that lines with and without Chinese stand alike.
func (t *Text) height() float32 { return t.style.Size * 1.5 }

// CreateRenderer implements fyne.Widget.
func (t *Text) CreateRenderer() fyne.WidgetRenderer { return &textRenderer{t} }

type textRenderer struct{ t *Text }

func (r *textRenderer) Layout(size fyne.Size) {
	t := r.t
	t.stale = false
	shown := t.text
	w := t.Width()
	if w > size.Width+0.5 {
		shown, w = cut(t.text, size.Width, t.style)
	}
	if shown != t.line.Text {
		t.line.Text = shown
		t.face(shown)
		t.line.Refresh()
	}
	min := t.line.MinSize()
	x := float32(0)
	if t.style.Right {
		x = size.Width - w
	}
	y := (size.Height - min.Height) / 2
	if t.line.FontSource == nil {
		y -= t.style.Size * drop
	}
	t.line.Move(fyne.NewPos(x, y))
	t.line.Resize(fyne.NewSize(w, min.Height))
}

// drop is how far Fyne sets text from the system's fonts below that of ours, in parts of its size: it takes the
// height of a line from one face and the place of the base line from the other.
const drop = 0.13

// cut returns the longest beginning of a text that fits with an ellipsis. It looks first where it would be if all characters
// were as wide as those of the whole on average, since every look measures a text.
func cut(text string, room float32, s Style) (string, float32) {
	runes := []rune(text)
	lo, hi := 0, len(runes)
	guess := int(float32(len(runes)) * room / max(width(text, s), 1))
	for step := 0; lo < hi; step++ {
		mid := (lo + hi + 1) / 2
		if step < 3 {
			mid = min(max(guess, lo+1), hi)
		}
		if width(string(runes[:mid])+"…", s) <= room {
			lo = mid
			guess = mid + 1
		} else {
			hi = mid - 1
			guess = mid - 1
		}
	}
	if lo == 0 {
		return "", 0
	}
	shown := string(runes[:lo]) + "…"
	return shown, width(shown, s)
}

func (r *textRenderer) MinSize() fyne.Size {
	if r.t.Flex || r.t.text == "" {
		return fyne.NewSize(0, r.t.height())
	}
	return fyne.NewSize(r.t.Width(), r.t.height())
}

func (r *textRenderer) Refresh() { r.Layout(r.t.Size()) }

func (r *textRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.t.line} }
func (r *textRenderer) Destroy()                     {}
