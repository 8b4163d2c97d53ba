package kit

import (
	"cmp"
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"github.com/saysee/saysee/ui/theme"
)

// free is a layout made of two functions.
type free struct {
	min    func() fyne.Size
	layout func(fyne.Size)
}

func (f free) Layout(_ []fyne.CanvasObject, s fyne.Size) { f.layout(s) }
func (f free) MinSize([]fyne.CanvasObject) fyne.Size     { return f.min() }

// Lay returns a container whose objects are placed by a function.
func Lay(min func() fyne.Size, layout func(fyne.Size), objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(free{min, layout}, objects...)
}

// Fixed is a size that never changes, for Lay.
func Fixed(w, h float32) func() fyne.Size { return func() fyne.Size { return fyne.NewSize(w, h) } }

// Place moves and resizes an object.
func Place(o fyne.CanvasObject, x, y, w, h float32) {
	o.Move(fyne.NewPos(x, y))
	o.Resize(fyne.NewSize(w, h))
	if t, ok := o.(*Text); ok {
		t.fit()
	}
}

// Relay lays a container's objects out anew, after words of it were Put or objects were shown or hidden. Unlike its Refresh
// it does not make them all draw themselves anew.
func Relay(c *fyne.Container) { c.Layout.Layout(c.Objects, c.Size()) }

// Line puts objects side by side, centred in height.
type Line struct {
	Gap, Left, Right float32
	Height           float32 // at least
}

// Row returns the objects in a line. Those that are flexible, a Space or a flexible Text, share what room is
// left.
func (l Line) Row(objects ...fyne.CanvasObject) *fyne.Container { return container.New(l, objects...) }

// Space is an object that takes what room is left in a Line.
type Space struct{ canvas.Rectangle }

// NewSpace returns a space.
func NewSpace() *Space {
	s := &Space{}
	s.FillColor = color.Transparent
	return s
}

// Grower is implemented by what takes the room that is left in a Line.
type Grower interface{ Grows() bool }

// Grows implements Grower.
func (s *Space) Grows() bool { return true }

// Grows implements Grower.
func (t *Text) Grows() bool { return t.Flex }

func grows(o fyne.CanvasObject) bool {
	g, ok := o.(Grower)
	return ok && g.Grows()
}

// MinSize implements fyne.Layout.
func (l Line) MinSize(objects []fyne.CanvasObject) fyne.Size {
	w, h := l.Left+l.Right, l.Height
	n := 0
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		m := o.MinSize()
		w, h = w+m.Width, max(h, m.Height)
		n++
	}
	return fyne.NewSize(w+float32(max(n-1, 0))*l.Gap, h)
}

// Layout implements fyne.Layout. Of several flexible objects, texts take what they need and spaces the rest.
func (l Line) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	left := size.Width - l.MinSize(objects).Width
	spaces := 0
	for _, o := range objects {
		if _, ok := o.(*Space); ok && o.Visible() {
			spaces++
		}
	}
	want := make([]float32, len(objects))
	for i, o := range objects {
		t, ok := o.(*Text)
		if !o.Visible() || !ok || !t.Flex {
			continue
		}
		need := max(left, 0)
		if spaces > 0 || len(objects) > 1 {
			need = min(t.Width(), max(left, 0))
		}
		want[i] = need
		left -= need
	}
	l.put(objects, want, max(left, 0)/float32(max(spaces, 1)), size.Height)
}

func (l Line) put(objects []fyne.CanvasObject, want []float32, space, height float32) {
	x := l.Left
	for i, o := range objects {
		if !o.Visible() {
			continue
		}
		m := o.MinSize()
		w := m.Width + want[i]
		if _, ok := o.(*Space); ok {
			w = space
		} else if grows(o) && want[i] == 0 {
			if _, isText := o.(*Text); !isText {
				w = m.Width + space
			}
		}
		Place(o, x, (height-m.Height)/2, w, m.Height)
		x += w + l.Gap
	}
}

// Rect returns a filled rectangle with rounded corners and, with a token for it, an edge.
func Rect(fill, edge fyne.ThemeColorName, radius float32) *canvas.Rectangle {
	r := canvas.NewRectangle(theme.Get(fill))
	r.CornerRadius = radius
	if edge != "" {
		r.StrokeColor, r.StrokeWidth = theme.Get(edge), 1
	}
	return r
}

// NewIcon returns an icon of the given side in a token's colour.
func NewIcon(name string, token fyne.ThemeColorName, side float32) *canvas.Image {
	i := canvas.NewImageFromResource(theme.Icon(name, token))
	i.FillMode = canvas.ImageFillContain
	i.SetMinSize(fyne.NewSquareSize(side))
	return i
}

// arrows are what keyboards of every language have in the place of these names.
var arrows = map[string]string{"Left": "←", "Right": "→", "Up": "↑", "Down": "↓"}

// printed is a key as keyboards have it.
func printed(key string) string {
	parts := strings.Split(key, "+")
	last := len(parts) - 1
	parts[last] = cmp.Or(arrows[parts[last]], parts[last])
	return strings.Join(parts, "+")
}

// NewKeyCap returns a key as it is drawn beside a command.
func NewKeyCap(key string) *fyne.Container {
	t := NewText(printed(key), Style{Size: theme.TextKey, Color: theme.Muted})
	return container.NewStack(Rect(theme.Field, theme.Border, 4), Line{Left: 5, Right: 5, Height: 18}.Row(t))
}

// NewSwatch returns the mark of a class: its colour, as a ring when another class has the same.
func NewSwatch(c color.Color, ringed bool) *canvas.Rectangle {
	r := canvas.NewRectangle(c)
	PaintSwatch(r, c, ringed)
	r.SetMinSize(fyne.NewSquareSize(10))
	return r
}

// PaintSwatch changes a swatch.
func PaintSwatch(r *canvas.Rectangle, c color.Color, ringed bool) {
	r.CornerRadius = 3
	r.FillColor, r.StrokeWidth = c, 0
	if ringed {
		r.FillColor, r.StrokeColor, r.StrokeWidth = color.Transparent, c, 2.5
	}
	r.Refresh()
}

// Pad returns an object with room around it.
func Pad(o fyne.CanvasObject, top, right, bottom, left float32) *fyne.Container {
	return Lay(func() fyne.Size {
		m := o.MinSize()
		return fyne.NewSize(m.Width+left+right, m.Height+top+bottom)
	}, func(s fyne.Size) {
		Place(o, left, top, s.Width-left-right, s.Height-top-bottom)
	}, o)
}

// Column puts objects below each other, each as wide as the whole; hidden ones take no room.
type Column struct{ Gap float32 }

// Stack returns the objects in a column.
func (c Column) Stack(objects ...fyne.CanvasObject) *fyne.Container {
	return container.New(c, objects...)
}

// MinSize implements fyne.Layout.
func (c Column) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	n := 0
	for _, o := range objects {
		if o.Visible() {
			m := o.MinSize()
			s.Width, s.Height = max(s.Width, m.Width), s.Height+m.Height
			n++
		}
	}
	s.Height += float32(max(n-1, 0)) * c.Gap
	return s
}

// Layout implements fyne.Layout.
func (c Column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	y := float32(0)
	for _, o := range objects {
		if o.Visible() {
			h := o.MinSize().Height
			Place(o, 0, y, size.Width, h)
			y += h + c.Gap
		}
	}
}
