package view

import (
	"image"
	"image/color"
	"math"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/ui/geom"
)

// The measures of the hovered region's tag, in design pixels: those of package overlay, and the buttons.
const (
	tagHeight = 20
	tagPad    = 6
	tagGap    = 5
	tagText   = 12
	tagSwatch = 10
	tagButton = 22 // width of a button
	tagIcon   = 9
)

// button is a part of the tag that can be clicked.
type button uint8

const (
	noButton button = iota
	acceptButton
	rejectButton
)

// hoverTag is the tag of the hovered region: its name, score and phrase in full, and for a suggestion the
// buttons to accept and reject it.
type hoverTag struct {
	c       *Canvas
	box     *fyne.Container
	back    *canvas.Rectangle
	swatch  *canvas.Rectangle
	name    *canvas.Text
	detail  *canvas.Text
	split   *canvas.Rectangle
	tick    [2]*canvas.Line
	cross   [2]*canvas.Line
	glow    *canvas.Rectangle // behind the button that the pointer is on
	placer  overlay.Placer
	rect    geom.Rect // in view pixels
	buttons bool
	shown   annot.RegionID
}

func newHoverTag(c *Canvas) *hoverTag {
	t := &hoverTag{
		c: c, back: canvas.NewRectangle(color.Black), swatch: canvas.NewRectangle(color.White),
		name: canvas.NewText("", color.White), detail: canvas.NewText("", color.White),
		split: canvas.NewRectangle(color.NRGBA{255, 255, 255, 70}), glow: canvas.NewRectangle(color.NRGBA{255, 255, 255, 40}),
	}
	t.back.CornerRadius, t.swatch.CornerRadius, t.glow.CornerRadius = 4, 2, 3
	t.name.TextSize, t.detail.TextSize = tagText, tagText
	t.box = container.NewWithoutLayout(t.back, t.swatch, t.name, t.detail, t.glow, t.split)
	for i := range 2 {
		t.tick[i], t.cross[i] = canvas.NewLine(color.White), canvas.NewLine(color.White)
		t.tick[i].StrokeWidth, t.cross[i].StrokeWidth = 1.5, 1.5
		t.box.Add(t.tick[i])
		t.box.Add(t.cross[i])
	}
	return t
}

// update shows the tag of the hovered region, or none.
func (t *hoverTag) update() {
	c := t.c
	it := c.pointed()
	if it == nil || !c.options.Labels || c.place.Empty() {
		t.shown = 0
		t.box.Hide()
		return
	}
	t.lay(it)
	t.shown = it.Region.ID
	t.box.Show()
	t.light()
}

// lay fills the tag and finds its place. Lengths are in design pixels here.
func (t *hoverTag) lay(it *Item) {
	r := &it.Region
	class := overlay.ClassColor(r.Class, t.override(r.Class))
	dark := it.State == overlay.Suggested
	fillColor, ink := color.Color(class), overlay.TextOn(class)
	if dark {
		fillColor, ink = color.NRGBA{17, 19, 22, 230}, color.RGBA{255, 255, 255, 255}
	}
	t.back.FillColor, t.swatch.FillColor = fillColor, class
	t.name.Text, t.name.Color, t.name.TextStyle.Bold = t.className(r.Class), ink, !dark
	t.detail.Text, t.detail.Color = detailOf(r, t.name.Text), ink
	t.buttons = dark

	x := float32(tagPad)
	if dark {
		x += tagSwatch + tagGap
	}
	name := fyne.MeasureText(t.name.Text, tagText, t.name.TextStyle)
	width := x + name.Width
	if t.detail.Text != "" {
		width += tagGap + fyne.MeasureText(t.detail.Text, tagText, t.detail.TextStyle).Width
	}
	width += tagPad
	if dark {
		width += 2 * tagButton
	}
	at := t.place(r, width)
	t.back.Resize(fyne.NewSize(width, tagHeight))
	t.swatch.Move(fyne.NewPos(tagPad, (tagHeight-tagSwatch)/2))
	t.swatch.Resize(fyne.NewSize(tagSwatch, tagSwatch))
	setShown(t.swatch, dark)
	top := (tagHeight - name.Height) / 2
	t.name.Move(fyne.NewPos(x, top))
	t.detail.Move(fyne.NewPos(x+name.Width+tagGap, top))
	t.box.Move(at)
	t.box.Resize(fyne.NewSize(width, tagHeight))
	t.layButtons(width)
	t.back.Refresh()
	t.swatch.Refresh()
	t.name.Refresh()
	t.detail.Refresh()
}

func (t *hoverTag) layButtons(width float32) {
	setShown(t.split, t.buttons)
	for i := range 2 {
		setShown(t.tick[i], t.buttons)
		setShown(t.cross[i], t.buttons)
	}
	if !t.buttons {
		return
	}
	x := width - 2*tagButton
	t.split.Move(fyne.NewPos(x, 5))
	t.split.Resize(fyne.NewSize(1, tagHeight-10))
	a := fyne.NewPos(x+(tagButton-tagIcon)/2+1, (tagHeight-tagIcon)/2)
	line(t.tick[0], a, 0, 0.55, 0.35, 0.88)
	line(t.tick[1], a, 0.35, 0.88, 1, 0.16)
	b := a.AddXY(tagButton-1, 0)
	line(t.cross[0], b, 0.08, 0.08, 0.92, 0.92)
	line(t.cross[1], b, 0.92, 0.08, 0.08, 0.92)
}

// line puts a line of an icon, whose ends are in parts of the icon's side.
func line(l *canvas.Line, at fyne.Position, x0, y0, x1, y1 float32) {
	l.Position1, l.Position2 = at.AddXY(x0*tagIcon, y0*tagIcon), at.AddXY(x1*tagIcon, y1*tagIcon)
}

func setShown(o fyne.CanvasObject, on bool) {
	if on {
		o.Show()
	} else {
		o.Hide()
	}
}

func (t *hoverTag) override(class int) string {
	if class < 0 || class >= len(t.c.classes) {
		return ""
	}
	return t.c.classes[class].Color
}

func (t *hoverTag) className(class int) string {
	if class < 0 || class >= len(t.c.classes) {
		return "#" + strconv.Itoa(class)
	}
	return t.c.classes[class].Name
}

// detailOf returns what a tag says beside the name: a model's score, and the phrase that found the region when
// that is another word.
func detailOf(r *annot.Region, name string) string {
	if r.Source.Maker != annot.ByModel || math.IsNaN(r.Score) {
		return ""
	}
	s := strconv.FormatFloat(min(max(r.Score, 0), 1), 'f', 2, 64)
	if p := r.Source.Phrase; p != "" && p != name {
		s += "  " + p
	}
	return s
}

// place finds the tag's place as package overlay does for a region alone in the view, and returns it in design
// pixels.
func (t *hoverTag) place(r *annot.Region, width float32) fyne.Position {
	c, u := t.c, t.c.unit
	visible := c.place.BoxToView(c.place.Visible())
	area := image.Rect(int(visible.X0), int(visible.Y0), int(math.Ceil(visible.X1)), int(math.Ceil(visible.Y1)))
	w, h := int(math.Ceil(float64(width)*u)), int(math.Round(tagHeight*u))
	t.placer.Reset(area, h)
	b := c.place.BoxToView(frameOf(r))
	px := func(v float64) int { return int(math.Round(min(max(v, -1e6), 1e6))) }
	at, ok := t.placer.Place(image.Rect(px(b.X0), px(b.Y0), px(b.X1), px(b.Y1)), w, h, u)
	if !ok {
		at = image.Rect(area.Min.X, area.Min.Y, area.Min.X+w, area.Min.Y+h)
	}
	t.rect = geom.Rect{X0: float64(at.Min.X), Y0: float64(at.Min.Y), X1: float64(at.Max.X), Y1: float64(at.Max.Y)}
	return fyne.NewPos(float32(t.rect.X0/u), float32(t.rect.Y0/u))
}

// light shows which button the pointer is on.
func (t *hoverTag) light() {
	b := t.button(t.c.pointer.at)
	setShown(t.glow, b != noButton)
	if b == noButton {
		return
	}
	x := float32(t.rect.W()/t.c.unit) - 2*tagButton + 1
	if b == rejectButton {
		x += tagButton - 2
	}
	t.glow.Move(fyne.NewPos(x+1, 2))
	t.glow.Resize(fyne.NewSize(tagButton-4, tagHeight-4))
}

// nearBy is how far beside the tag the pointer still keeps it, so that the way from the region to the tag does
// not lose it, in design pixels.
const nearBy = 6

// near reports whether the pointer is on the tag or close to it.
func (t *hoverTag) near(at geom.Pos) bool {
	d := nearBy * t.c.unit
	r := geom.Rect{X0: t.rect.X0 - d, Y0: t.rect.Y0 - d, X1: t.rect.X1 + d, Y1: t.rect.Y1 + d}
	return t.buttons && t.shown != 0 && t.shown == t.c.hovered && r.Contains(at)
}

// button returns the button under a position. Buttons are 24 design pixels high.
func (t *hoverTag) button(at geom.Pos) button {
	d, w := 2*t.c.unit, tagButton*t.c.unit
	r := geom.Rect{X0: t.rect.X1 - 2*w, Y0: t.rect.Y0 - d, X1: t.rect.X1, Y1: t.rect.Y1 + d}
	switch {
	case !t.buttons || t.shown == 0 || !t.box.Visible() || !r.Contains(at):
		return noButton
	case at.X < t.rect.X1-w:
		return acceptButton
	}
	return rejectButton
}

// press clicks the button under a position. It returns false when none is there.
func (t *hoverTag) press(at geom.Pos) bool {
	id := t.shown
	switch t.button(at) {
	case acceptButton:
		t.c.handler.Accept(id)
	case rejectButton:
		t.c.handler.Reject(id)
	default:
		return false
	}
	return true
}
