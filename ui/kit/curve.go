package kit

import (
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"github.com/saysee/saysee/ui/theme"
)

// Point is a point of a Curve; both coordinates lie between 0 and 1.
type Point struct{ X, Y float32 }

// Curve is a line through points in a Chart, with a dot on one of them that a hand can drag along it.
type Curve struct {
	Color  color.Color
	Points []Point
	Dot    int // index of the point with the dot, -1 for none
}

// Chart shows curves over a square from 0 to 1.
type Chart struct {
	widget.BaseWidget
	// OnDrag is told to which point of which curve a dot is dragged. It is expected to call Set.
	OnDrag func(curve, point int)
	// OnEnd is called when the hand lets go.
	OnEnd func()

	curves []Curve
	held   int // the curve whose dot is dragged, -1 for none
	grid   []*canvas.Line
	labels []*Text
	lines  []*canvas.Line
	dots   []*canvas.Circle
}

var (
	_ desktop.Mouseable  = (*Chart)(nil)
	_ desktop.Cursorable = (*Chart)(nil)
	_ fyne.Draggable     = (*Chart)(nil)
)

// ticks are the lines of the grid.
var ticks = []struct {
	at   float32
	text string
}{{0, "0"}, {0.25, "0.25"}, {0.5, "0.5"}, {0.75, "0.75"}, {1, "1"}}

// NewChart returns a chart without curves.
func NewChart() *Chart {
	c := &Chart{held: -1}
	for range ticks {
		l := canvas.NewLine(theme.Get(theme.Border))
		c.grid = append(c.grid, l)
	}
	for range 2 {
		for _, t := range ticks {
			c.labels = append(c.labels, NewText(t.text, Style{Size: theme.TextSmall, Color: theme.Muted}))
		}
	}
	c.ExtendBaseWidget(c)
	return c
}

// Set shows curves.
func (c *Chart) Set(curves []Curve) {
	c.curves = curves
	c.Refresh()
}

// Room for the labels, and the radius of a dot.
const (
	chartLeft, chartRight, chartTop, chartBottom = 32, 8, 8, 22
	dotRadius                                    = 4
	// grip is how far from a curve a press may lie to take its dot.
	grip = 16
	// drawn is how many parts of a curve are drawn at most.
	drawn = 48
)

func (c *Chart) at(p Point) fyne.Position {
	s := c.Size()
	return fyne.NewPos(chartLeft+p.X*(s.Width-chartLeft-chartRight), chartTop+(1-p.Y)*(s.Height-chartTop-chartBottom))
}

// nearest returns the point of a curve that lies nearest to a position, and its distance.
func (c *Chart) nearest(curve int, to fyne.Position) (point int, distance float64) {
	point, distance = -1, math.Inf(1)
	for i, p := range c.curves[curve].Points {
		q := c.at(p)
		if d := math.Hypot(float64(q.X-to.X), float64(q.Y-to.Y)); d < distance {
			point, distance = i, d
		}
	}
	return point, distance
}

// MouseDown implements desktop.Mouseable: it takes the curve under the pointer, whose dot comes there.
func (c *Chart) MouseDown(e *desktop.MouseEvent) {
	c.held = -1
	least := float64(grip)
	for i := range c.curves {
		if c.curves[i].Dot < 0 {
			continue
		}
		if _, d := c.nearest(i, e.Position); d <= least {
			c.held, least = i, d
		}
	}
	c.drag(e.Position)
}

func (c *Chart) drag(to fyne.Position) {
	if c.held < 0 || c.held >= len(c.curves) || c.OnDrag == nil {
		return
	}
	if point, _ := c.nearest(c.held, to); point >= 0 && point != c.curves[c.held].Dot {
		c.OnDrag(c.held, point)
	}
}

// Dragged implements fyne.Draggable.
func (c *Chart) Dragged(e *fyne.DragEvent) { c.drag(e.Position) }

// DragEnd implements fyne.Draggable.
func (c *Chart) DragEnd() { c.end() }

// MouseUp implements desktop.Mouseable.
func (c *Chart) MouseUp(*desktop.MouseEvent) { c.end() }

func (c *Chart) end() {
	if c.held >= 0 && c.OnEnd != nil {
		c.OnEnd()
	}
	c.held = -1
}

// Cursor implements desktop.Cursorable.
func (c *Chart) Cursor() desktop.Cursor { return desktop.PointerCursor }

// CreateRenderer implements fyne.Widget.
func (c *Chart) CreateRenderer() fyne.WidgetRenderer { return &chartRenderer{c} }

type chartRenderer struct{ c *Chart }

func (r *chartRenderer) Layout(fyne.Size) {
	c := r.c
	for i, t := range ticks {
		a, b := c.at(Point{0, t.at}), c.at(Point{1, t.at})
		c.grid[i].Position1, c.grid[i].Position2, c.grid[i].StrokeWidth = a, b, 1
		y, x := c.labels[i], c.labels[len(ticks)+i]
		Place(y, chartLeft-6-y.Width(), a.Y-9, y.Width(), 18)
		under := c.at(Point{t.at, 0})
		Place(x, min(under.X-x.Width()/2, c.Size().Width-x.Width()), under.Y+4, x.Width(), 18)
	}
	r.layCurves()
}

// layCurves places the lines and dots, which are kept from one time to the next.
func (r *chartRenderer) layCurves() {
	c := r.c
	n := 0
	line := func(col color.Color, a, b fyne.Position) {
		if n == len(c.lines) {
			c.lines = append(c.lines, canvas.NewLine(col))
		}
		l := c.lines[n]
		l.StrokeColor, l.StrokeWidth, l.Position1, l.Position2 = col, 1.5, a, b
		l.Show()
		n++
	}
	for len(c.dots) < len(c.curves) {
		c.dots = append(c.dots, canvas.NewCircle(color.Transparent))
	}
	for i, curve := range c.curves {
		if len(curve.Points) > 0 { // what holds for the first point holds before it
			line(curve.Color, c.at(Point{0, curve.Points[0].Y}), c.at(curve.Points[0]))
		}
		for k := range min(len(curve.Points)-1, drawn) {
			from, to := part(k, len(curve.Points)), part(k+1, len(curve.Points))
			line(curve.Color, c.at(curve.Points[from]), c.at(curve.Points[to]))
		}
		d := c.dots[i]
		if curve.Dot < 0 || curve.Dot >= len(curve.Points) {
			d.Hide()
			continue
		}
		p := c.at(curve.Points[curve.Dot])
		d.FillColor, d.StrokeColor, d.StrokeWidth = curve.Color, theme.Get(theme.Background), 1.5
		Place(d, p.X-dotRadius-1, p.Y-dotRadius-1, 2*dotRadius+2, 2*dotRadius+2)
		d.Show()
	}
	for _, l := range c.lines[n:] {
		l.Hide()
	}
	for _, d := range c.dots[len(c.curves):] {
		d.Hide()
	}
}

// part returns which of n points ends the k-th of the parts that are drawn.
func part(k, n int) int { return k * (n - 1) / max(min(n-1, drawn), 1) }

func (r *chartRenderer) MinSize() fyne.Size { return fyne.NewSize(200, 190) }

func (r *chartRenderer) Refresh() {
	r.Layout(r.c.Size())
	canvas.Refresh(r.c)
}

func (r *chartRenderer) Objects() []fyne.CanvasObject {
	c := r.c
	var all []fyne.CanvasObject
	for _, l := range c.grid {
		all = append(all, l)
	}
	for _, t := range c.labels {
		all = append(all, t)
	}
	for _, l := range c.lines {
		all = append(all, l)
	}
	for _, d := range c.dots {
		all = append(all, d)
	}
	return all
}
func (r *chartRenderer) Destroy() {}
