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
	t.text = text
	t.Refresh()
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
func (t *Text) Width() float32 { return width(t.text, t.style) }

// height is the same for all faces, so that lines with and without Chinese stand alike.
func (t *Text) height() float32 { return t.style.Size * 1.5 }

// CreateRenderer implements fyne.Widget.
func (t *Text) CreateRenderer() fyne.WidgetRenderer { return &textRenderer{t} }

type textRenderer struct{ t *Text }

func (r *textRenderer) Layout(size fyne.Size) {
	t := r.t
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

// cut returns the longest beginning of a text that fits with an ellipsis.
func cut(text string, room float32, s Style) (string, float32) {
	runes := []rune(text)
	lo, hi := 0, len(runes)
	for lo < hi {
		mid := (lo + hi + 1) / 2
		if width(string(runes[:mid])+"…", s) <= room {
			lo = mid
		} else {
			hi = mid - 1
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
