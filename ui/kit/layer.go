package kit

import (
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"github.com/saysee/saysee/ui/theme"
)

// Layer floats above a window's content: tooltips, and lists that leave the keyboard where it is.
type Layer struct {
	*fyne.Container
	Keys  Keys // of the window
	tip   fyne.CanvasObject
	owner *Touch
	list  fyne.CanvasObject
}

var layers sync.Map // fyne.Canvas to *Layer

// NewLayer makes the layer of a window. It belongs on top of the window's content.
func NewLayer(c fyne.Canvas) *Layer {
	l := &Layer{Container: container.NewWithoutLayout()}
	layers.Store(c, l)
	return l
}

// LayerOf returns the layer of the window that shows an object, nil when there is none.
func LayerOf(o fyne.CanvasObject) *Layer {
	c := fyne.CurrentApp().Driver().CanvasForObject(o)
	if c == nil {
		return nil
	}
	l, _ := layers.Load(c)
	layer, _ := l.(*Layer)
	return layer
}

func (l *Layer) showTip(t *Touch) {
	if !t.over && !t.off || !t.Visible() {
		return
	}
	l.hideTip(nil)
	row := Line{Gap: 8, Left: 8, Right: 8, Height: 26}.Row(NewText(t.Tip, Style{Size: theme.TextSmall}))
	if t.Key != "" {
		row.Add(NewKeyCap(t.Key))
	}
	tip := container.NewStack(Rect(theme.Raised, theme.Border, 6), row)
	l.put(tip, t.ground, fyne.NewPos(0, t.Size().Height+6))
	l.tip, l.owner = tip, t
	l.Add(tip)
}

// put gives an object its least size at an offset from another, kept within the window.
func (l *Layer) put(o fyne.CanvasObject, from fyne.CanvasObject, off fyne.Position) {
	d := fyne.CurrentApp().Driver()
	at := d.AbsolutePositionForObject(from).Add(off).Subtract(d.AbsolutePositionForObject(l.Container))
	size, room := o.MinSize(), l.Size()
	if at.Y+size.Height > room.Height-4 {
		at.Y = at.Y - off.Y - size.Height - 6
	}
	at.X = max(4, min(at.X, room.Width-size.Width-4))
	o.Resize(size)
	o.Move(fyne.NewPos(at.X, max(at.Y, 4)))
}

func (l *Layer) hideTip(of *Touch) {
	if l.tip != nil && (of == nil || of == l.owner) {
		l.Remove(l.tip)
		l.tip, l.owner = nil, nil
	}
}

// ShowList floats a list below an object, as wide as it wants, in place of another.
func (l *Layer) ShowList(list, below fyne.CanvasObject) {
	l.HideList()
	l.put(list, below, fyne.NewPos(0, below.Size().Height+4))
	l.list = list
	l.Add(list)
}

// HideList takes the list away.
func (l *Layer) HideList() {
	if l.list != nil {
		l.Remove(l.list)
		l.list = nil
	}
}
