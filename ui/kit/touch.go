package kit

import (
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"github.com/saysee/saysee/ui/theme"
)

// Touch is a surface with something on it that can be pressed: the ground of buttons, rows, chips and cards.
type Touch struct {
	widget.BaseWidget
	Content fyne.CanvasObject
	Look    Look
	// OnTap is called with a click. Without it the surface does not react.
	OnTap func()
	// OnDouble is called with the second of two quick clicks, after OnTap was called for both.
	OnDouble func()
	// OnMenu is called with a click of the other button, with the place on the window.
	OnMenu func(at fyne.Position)
	// OnHover tells that the pointer comes and goes.
	OnHover func(over bool)
	// Tip is shown when the pointer rests, with a key beside it.
	Tip, Key string

	passOn
	ground  *canvas.Rectangle
	over    bool
	off     bool
	on      bool
	lastTap time.Time
	resting *time.Timer
}

// Look is the colours of a surface, its corners and its least size.
type Look struct {
	Fill, Over, On fyne.ThemeColorName // plain, under the pointer, and chosen
	Edge           fyne.ThemeColorName
	Radius         float32
	Min            fyne.Size
}

var (
	_ fyne.Tappable          = (*Touch)(nil)
	_ fyne.SecondaryTappable = (*Touch)(nil)
	_ desktop.Hoverable      = (*Touch)(nil)
	_ desktop.Cursorable     = (*Touch)(nil)
)

// NewTouch returns a surface.
func NewTouch(content fyne.CanvasObject, l Look, tap func()) *Touch {
	t := &Touch{Content: content, Look: l, OnTap: tap}
	t.ground = canvas.NewRectangle(color.Transparent)
	t.of = t.ground
	t.ExtendBaseWidget(t)
	return t
}

// SetOn marks the surface as chosen.
func (t *Touch) SetOn(on bool) {
	if on != t.on {
		t.on = on
		t.paint()
	}
}

// On reports whether the surface is chosen.
func (t *Touch) On() bool { return t.on }

// SetOff makes the surface react to nothing, or again.
func (t *Touch) SetOff(off bool) {
	if off != t.off {
		t.off = off
		if off {
			t.over = false
		}
		t.paint()
	}
}

// Off reports whether the surface reacts to nothing.
func (t *Touch) Off() bool { return t.off }

// SetOver shows the surface as under the pointer.
func (t *Touch) SetOver(over bool) {
	if over != t.over {
		t.over = over
		t.paint()
	}
}

func (t *Touch) fill() fyne.ThemeColorName {
	switch {
	case t.on && t.Look.On != "":
		return t.Look.On
	case t.over && t.Look.Over != "" && t.OnTap != nil && !t.off:
		return t.Look.Over
	case t.Look.Fill == "":
		return theme.Clear
	}
	return t.Look.Fill
}

func (t *Touch) paint() {
	t.ground.FillColor = theme.Get(t.fill())
	t.ground.CornerRadius = t.Look.Radius
	t.ground.StrokeWidth = 0
	if t.Look.Edge != "" {
		t.ground.StrokeColor, t.ground.StrokeWidth = theme.Get(t.Look.Edge), 1
	}
	t.ring()
	t.ground.Refresh()
}

// Tapped implements fyne.Tappable.
func (t *Touch) Tapped(*fyne.PointEvent) {
	if t.off || t.OnTap == nil {
		return
	}
	t.rest(false)
	now := time.Now()
	double := now.Sub(t.lastTap) < 400*time.Millisecond
	t.lastTap = now
	t.OnTap()
	if double && t.OnDouble != nil {
		t.lastTap = time.Time{}
		t.OnDouble()
	}
}

// TappedSecondary implements fyne.SecondaryTappable.
func (t *Touch) TappedSecondary(e *fyne.PointEvent) {
	if t.OnMenu != nil && !t.off {
		t.OnMenu(e.AbsolutePosition)
	}
}

// MouseIn implements desktop.Hoverable.
func (t *Touch) MouseIn(*desktop.MouseEvent) {
	if !t.off {
		t.SetOver(true)
	}
	if t.OnHover != nil {
		t.OnHover(true)
	}
	t.rest(true)
}

// MouseMoved implements desktop.Hoverable.
func (t *Touch) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (t *Touch) MouseOut() {
	t.SetOver(false)
	if t.OnHover != nil {
		t.OnHover(false)
	}
	t.rest(false)
}

// restTime is how long the pointer rests before a tooltip comes.
const restTime = 500 * time.Millisecond

func (t *Touch) rest(begin bool) {
	if t.Tip == "" {
		return
	}
	if t.resting != nil {
		t.resting.Stop()
		t.resting = nil
	}
	layer := LayerOf(t.ground)
	if layer == nil {
		return
	}
	if !begin {
		layer.hideTip(t)
		return
	}
	t.resting = time.AfterFunc(restTime, func() { fyne.Do(func() { layer.showTip(t) }) })
}

// Cursor implements desktop.Cursorable.
func (t *Touch) Cursor() desktop.Cursor { return desktop.DefaultCursor }

// CreateRenderer implements fyne.Widget.
func (t *Touch) CreateRenderer() fyne.WidgetRenderer {
	t.paint()
	return &touchRenderer{t}
}

type touchRenderer struct{ t *Touch }

func (r *touchRenderer) Layout(s fyne.Size) {
	r.t.ground.Resize(s)
	r.t.Content.Resize(s)
	r.t.Content.Move(fyne.NewPos(0, 0))
}
func (r *touchRenderer) MinSize() fyne.Size { return r.t.Content.MinSize().Max(r.t.Look.Min) }
func (r *touchRenderer) Refresh() {
	r.t.paint()
	r.Layout(r.t.Size())
	canvas.Refresh(r.t.Content)
}

func (r *touchRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.t.ground, r.t.Content}
}
func (r *touchRenderer) Destroy() { r.t.rest(false) }

// IconButton is a square button with an icon.
type IconButton struct {
	*Touch
	icon *canvas.Image
	name string
	tint fyne.ThemeColorName
}

// NewIconButton returns a button of the given side with an icon of 16, or of 18 in a side of 32 on the rail.
func NewIconButton(name, tip, key string, side, icon float32, tap func()) *IconButton {
	b := &IconButton{name: name, tint: theme.Muted}
	b.icon = NewIcon(name, theme.Muted, icon)
	at := (side - icon) / 2
	content := Lay(Fixed(side, side), func(s fyne.Size) {
		Place(b.icon, (s.Width-icon)/2, at+(s.Height-side)/2, icon, icon)
	}, b.icon)
	b.Touch = NewTouch(content, Look{Over: theme.Hover, On: theme.Selection, Radius: 6, Min: fyne.NewSquareSize(side)}, tap)
	b.Tip, b.Key = tip, key
	return b
}

// SetIcon shows another icon, in another colour.
func (b *IconButton) SetIcon(name string, tint fyne.ThemeColorName) {
	if name == b.name && tint == b.tint {
		return
	}
	b.name, b.tint = name, tint
	b.icon.Resource = theme.Icon(name, tint)
	b.icon.Refresh()
}

// SetOn marks the button as chosen.
func (b *IconButton) SetOn(on bool) {
	b.Touch.SetOn(on)
	tint := theme.Muted
	if on {
		tint = theme.Accent
	}
	b.SetIcon(b.name, tint)
}

// SetOff makes the button react to nothing, and shows it.
func (b *IconButton) SetOff(off bool) {
	b.Touch.SetOff(off)
	tint := theme.Muted
	if off {
		tint = theme.Edge
	}
	b.SetIcon(b.name, tint)
}

// Kind is what a button is for.
type Kind uint8

// The kinds of buttons.
const (
	Plain   Kind = iota // with an edge
	Primary             // the one thing to do
	Quiet               // words in the accent's colour, without ground
	Grave               // quiet, in the colour of danger
)

// NewButton returns a button with an icon, a word and a key, each of which may be empty.
func NewButton(kind Kind, icon, text, key string, tap func()) *Touch {
	color, look, height := theme.Text, Look{Fill: theme.Raised, Over: theme.Hover, Edge: theme.Border, Radius: 6}, float32(32)
	size := theme.TextBody
	switch kind {
	case Primary:
		color, look = theme.OnFill, Look{Fill: theme.Fill, Over: theme.Accent, Radius: 6}
	case Quiet:
		color, look, height, size = theme.Accent, Look{Over: theme.Hover, Radius: 6}, 24, theme.TextSmall
	case Grave:
		color, look, height, size = theme.Danger, Look{Over: theme.Hover, Radius: 6}, 24, theme.TextSmall
	}
	var parts []fyne.CanvasObject
	if icon != "" {
		parts = append(parts, NewIcon(icon, color, 16))
	}
	if text != "" {
		parts = append(parts, NewText(text, Style{Color: color, Bold: true, Size: size}))
	}
	if key != "" {
		cap := NewKeyCap(key)
		if kind == Primary {
			cap = onFillCap(key)
		}
		parts = append(parts, cap)
	}
	pad := float32(12)
	if height < 32 || text == "" {
		pad = 8
	}
	return NewTouch(Line{Gap: 8, Left: pad, Right: pad, Height: height}.Row(parts...), look, tap)
}

func onFillCap(key string) *fyne.Container {
	ground := canvas.NewRectangle(color.Transparent)
	ground.CornerRadius, ground.StrokeWidth = 4, 1
	ground.StrokeColor = color.NRGBA{255, 255, 255, 128}
	t := NewText(key, Style{Size: theme.TextKey, Color: theme.OnFill})
	row := Line{Left: 5, Right: 5, Height: 18}.Row(t)
	return Lay(row.MinSize, func(s fyne.Size) {
		Place(ground, 0, 0, s.Width, s.Height)
		Place(row, 0, 0, s.Width, s.Height)
	}, ground, row)
}
