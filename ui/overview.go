package ui

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
)

// overview shows the photos of the strip as a grid in the place of the canvas.
type overview struct {
	w     *Window
	box   *fyne.Container
	grid  *grid
	list  []int
	empty *kit.Text
}

// Size of a photo in the overview, with its name below.
const (
	overviewWidth, overviewHeight = 180, 120
	overviewName                  = 24
)

func newOverview(w *Window) *overview {
	o := &overview{w: w}
	o.grid = newGrid(o)
	o.empty = kit.NewText(tr.L("No photo matches."), kit.Style{Color: theme.Muted})
	ground := kit.Rect(theme.Canvas, "", 0)
	o.box = kit.Lay(kit.Fixed(0, 0), func(s fyne.Size) {
		kit.Place(ground, 0, 0, s.Width, s.Height)
		kit.Place(o.grid, 8, 8, s.Width-16, s.Height-8)
		kit.Place(o.empty, (s.Width-o.empty.Width())/2, s.Height/2-10, o.empty.Width(), 20)
	}, ground, o.grid, o.empty)
	o.box.Hide()
	return o
}

// film returns the strip's row of photos in the mode in use, nil in one without photos.
func (w *Window) film() *film {
	switch m := w.mode.(type) {
	case *labelling:
		return w.strip.film
	case *evaluating:
		return m.strip.film
	}
	return nil
}

func (o *overview) open() bool { return o.box.Visible() }

func (o *overview) toggle() {
	if o.open() {
		o.close()
		return
	}
	if o.w.film() == nil {
		return
	}
	o.box.Show()
	o.update(session.List)
	if at := slices.Index(o.list, o.w.s.Index()); at >= 0 {
		o.grid.ScrollTo(at)
	}
	o.w.frame.arrange()
	o.w.win.Canvas().Focus(o.grid)
}

func (o *overview) close() {
	if o.open() {
		o.box.Hide()
		o.w.frame.arrange()
		o.w.focusView()
	}
}

func (o *overview) update(p session.Part) {
	if !o.open() || p&(session.List|session.Current|session.Evaluated) == 0 {
		return
	}
	if f := o.w.film(); f != nil {
		o.list = f.list()
	}
	visible(len(o.list) == 0, o.empty)
	o.grid.Refresh()
}

func (o *overview) pick(at int) {
	if at < 0 || at >= len(o.list) {
		return
	}
	i := o.list[at]
	o.close()
	o.w.s.Go(i)
	o.w.draw(0)
}

// grid is Fyne's grid, with keys of our own: Enter opens a photo, Esc goes back, the rest goes to the window.
type grid struct {
	widget.GridWrap
	o *overview
}

func newGrid(o *overview) *grid {
	g := &grid{o: o}
	g.Length = func() int { return len(o.list) }
	g.CreateItem = func() fyne.CanvasObject { return newCard(o) }
	g.UpdateItem = func(id widget.GridWrapItemID, item fyne.CanvasObject) {
		if f := o.w.film(); f != nil && id < len(o.list) {
			item.(*card).set(id, o.list[id])
		}
	}
	g.OnSelected = func(id widget.GridWrapItemID) {
		g.UnselectAll()
		o.pick(id)
	}
	g.ExtendBaseWidget(g)
	return g
}

// TypedKey implements fyne.Focusable.
func (g *grid) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		g.GridWrap.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	case fyne.KeyEscape:
		g.o.close()
	case fyne.KeySpace, fyne.KeyUp, fyne.KeyDown, fyne.KeyLeft, fyne.KeyRight:
		g.GridWrap.TypedKey(k)
	default:
		g.o.w.key(k.Name)
	}
}

// TypedRune implements fyne.Focusable.
func (g *grid) TypedRune(r rune) { g.o.w.rune(r) }

// card is a photo of the overview: a thumbnail with its mark, and its name.
type card struct {
	widget.BaseWidget
	o    *overview
	at   int
	cell *cell
	name *kit.Text
	body *fyne.Container
}

func newCard(o *overview) *card {
	c := &card{o: o}
	c.cell = newCell(o.w)
	c.cell.OnTap = func() { o.pick(c.at) }
	c.name = kit.NewText("", kit.Style{Size: theme.TextSmall, Color: theme.Muted}).Flexible()
	c.body = kit.Lay(kit.Fixed(overviewWidth, overviewHeight+overviewName), func(s fyne.Size) {
		kit.Place(c.cell, 0, 0, overviewWidth, overviewHeight)
		kit.Place(c.name, 4, overviewHeight+2, s.Width-8, 20)
	}, c.cell, c.name)
	c.ExtendBaseWidget(c)
	return c
}

func (c *card) set(at, i int) {
	c.at = at
	c.cell.set(i)
	if f := c.o.w.film(); f != nil {
		c.cell.mark(f.mark(i))
	}
	c.name.Set(c.o.w.s.Item(i).Rel)
}

// CreateRenderer implements fyne.Widget.
func (c *card) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(c.body) }

// newOverviewButton opens and closes the overview.
func newOverviewButton(w *Window) *kit.IconButton {
	return kit.NewIconButton("grid", tr.L("Overview"), "O", 32, 16, func() { w.overview.toggle() })
}
