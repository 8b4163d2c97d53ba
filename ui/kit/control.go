package kit

import (
	"image"
	"image/draw"
	"math"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"github.com/saysee/saysee/ui/theme"
)

// Slider sets a value between 0 and 1.
type Slider struct {
	widget.BaseWidget
	// OnChange is called with every new value, OnEnd when the hand lets go.
	OnChange func(v float64)
	OnEnd    func()
	// Above fills the groove from the knob to the end: what is let through lies above the value.
	Above bool
	Step  float64

	passOn
	value        float64
	off          bool
	groove, fill *canvas.Rectangle
	knob         *canvas.Circle
}

var (
	_ fyne.Draggable    = (*Slider)(nil)
	_ desktop.Mouseable = (*Slider)(nil)
	_ fyne.Scrollable   = (*Slider)(nil)
)

// NewSlider returns a slider.
func NewSlider(v float64, above bool, change func(float64)) *Slider {
	s := &Slider{OnChange: change, Above: above, Step: 0.01, value: v}
	s.groove, s.fill = Rect(theme.Groove, "", 2), Rect(theme.Accent, "", 2)
	s.knob = canvas.NewCircle(theme.Get(theme.Background))
	s.knob.StrokeColor, s.knob.StrokeWidth = theme.Get(theme.Accent), 2
	s.of = s.groove
	s.ExtendBaseWidget(s)
	return s
}

// Value returns the value.
func (s *Slider) Value() float64 { return s.value }

// Set changes the value without telling.
func (s *Slider) Set(v float64) {
	if v != s.value {
		s.value = v
		s.Refresh()
	}
}

// SetOff makes the slider react to nothing, or again.
func (s *Slider) SetOff(off bool) {
	if off == s.off {
		return
	}
	s.off = off
	c := theme.Accent
	if off {
		c = theme.Edge
	}
	s.fill.FillColor, s.knob.StrokeColor = theme.Get(c), theme.Get(c)
	s.Refresh()
}

const knobSide = 14

func (s *Slider) take(x float32) {
	room := s.Size().Width - knobSide
	if s.off || room <= 0 {
		return
	}
	s.move(float64((x - knobSide/2) / room))
}

func (s *Slider) move(v float64) {
	v = math.Round(min(max(v, 0), 1)/s.Step) * s.Step
	if v == s.value || s.off {
		return
	}
	s.value = v
	s.Refresh()
	s.OnChange(v)
}

// MouseDown implements desktop.Mouseable.
func (s *Slider) MouseDown(e *desktop.MouseEvent) { s.take(e.Position.X) }

// MouseUp implements desktop.Mouseable.
func (s *Slider) MouseUp(*desktop.MouseEvent) { s.end() }

// Dragged implements fyne.Draggable.
func (s *Slider) Dragged(e *fyne.DragEvent) { s.take(e.Position.X) }

// DragEnd implements fyne.Draggable.
func (s *Slider) DragEnd() { s.end() }

// Scrolled implements fyne.Scrollable.
func (s *Slider) Scrolled(e *fyne.ScrollEvent) {
	d := s.Step
	if e.Scrolled.DY < 0 {
		d = -d
	}
	s.move(s.value + d)
	s.end()
}

func (s *Slider) end() {
	if s.OnEnd != nil && !s.off {
		s.OnEnd()
	}
}

// CreateRenderer implements fyne.Widget.
func (s *Slider) CreateRenderer() fyne.WidgetRenderer { return &sliderRenderer{s} }

type sliderRenderer struct{ s *Slider }

func (r *sliderRenderer) Layout(size fyne.Size) {
	s := r.s
	y := size.Height / 2
	x := knobSide/2 + float32(s.value)*(size.Width-knobSide)
	Place(s.groove, 0, y-2, size.Width, 4)
	if s.Above {
		Place(s.fill, x, y-2, size.Width-x, 4)
	} else {
		Place(s.fill, 0, y-2, x, 4)
	}
	Place(s.knob, x-knobSide/2, y-knobSide/2, knobSide, knobSide)
}
func (r *sliderRenderer) MinSize() fyne.Size { return fyne.NewSize(64, 24) }
func (r *sliderRenderer) Refresh() {
	r.Layout(r.s.Size())
	for _, o := range r.Objects() {
		canvas.Refresh(o)
	}
}

func (r *sliderRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.s.groove, r.s.fill, r.s.knob}
}
func (r *sliderRenderer) Destroy() {}

// Histogram shows how many values lie where, those over a limit in the accent's colour. It is one picture: as many rectangles
// as it has bars would cost a window without a graphics card more than all its texts.
type Histogram struct {
	widget.BaseWidget
	picture *canvas.Raster
	counts  []int
	limit   float64
}

// Bins is how many bars a histogram has, over values from 0 to 1.
const Bins = 28

// NewHistogram returns an empty histogram.
func NewHistogram() *Histogram {
	h := &Histogram{}
	h.picture = canvas.NewRaster(h.draw)
	h.picture.ScaleMode = canvas.ImageScalePixels
	h.ExtendBaseWidget(h)
	return h
}

// Set shows counts, one for each bar.
func (h *Histogram) Set(counts []int, limit float64) {
	if limit != h.limit || !slices.Equal(counts, h.counts) {
		h.counts, h.limit = counts, limit
		h.picture.Refresh()
	}
}

// draw makes the picture: bars on a line, which is there without bars too. It shows roots of counts, since the many weak
// candidates would else leave the few strong ones no height.
func (h *Histogram) draw(width, height int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	unit := float64(width) / max(float64(h.Size().Width), 1)
	most := 1.0
	for _, n := range h.counts {
		most = max(most, math.Sqrt(float64(n)))
	}
	left, room := knobSide/2*unit, float64(width)-knobSide*unit
	at := func(v float64) int { return int(math.Round(v)) }
	ground := image.Rect(at(left), height-max(at(unit), 1), at(left+room), height)
	draw.Draw(img, ground, image.NewUniform(theme.Get(theme.Groove)), image.Point{}, draw.Src)
	for i, n := range h.counts[:min(len(h.counts), Bins)] {
		if n <= 0 {
			continue
		}
		tall := max(float64(height)*math.Sqrt(float64(n))/most, 2*unit)
		token := theme.Edge
		if (float64(i)+0.5)/Bins >= h.limit {
			token = theme.Accent
		}
		x := left + room*float64(i)/Bins
		bar := image.Rect(at(x), height-at(tall), at(x+max(room/Bins-1.5*unit, unit)), height)
		draw.Draw(img, bar, image.NewUniform(theme.Get(token)), image.Point{}, draw.Src)
	}
	return img
}

// CreateRenderer implements fyne.Widget.
func (h *Histogram) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(Lay(Fixed(64, 24), func(s fyne.Size) { Place(h.picture, 0, 0, s.Width, s.Height) }, h.picture))
}

// Bar shows how much of something is done.
type Bar struct {
	widget.BaseWidget
	value        float64
	groove, fill *canvas.Rectangle
}

// NewBar returns an empty bar.
func NewBar() *Bar {
	b := &Bar{groove: Rect(theme.Groove, "", 3), fill: Rect(theme.Accent, "", 3)}
	b.ExtendBaseWidget(b)
	return b
}

// Set changes the share that is done.
func (b *Bar) Set(v float64) {
	if v = min(max(v, 0), 1); v != b.value {
		b.value = v
		b.Refresh()
	}
}

// CreateRenderer implements fyne.Widget.
func (b *Bar) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(Lay(Fixed(96, 6), func(s fyne.Size) {
		Place(b.groove, 0, (s.Height-6)/2, s.Width, 6)
		Place(b.fill, 0, (s.Height-6)/2, s.Width*float32(b.value), 6)
	}, b.groove, b.fill))
}

// Segments is a choice of one among few, all in sight.
type Segments struct {
	*fyne.Container
	items  []*Touch
	labels []*Text
	picked int
}

// NewSegments returns a choice. A framed one has a ground of its own.
func NewSegments(names []string, picked int, framed bool, pick func(int)) *Segments {
	s := &Segments{picked: -1}
	objects := make([]fyne.CanvasObject, len(names))
	size, pad := theme.TextSmall, float32(8)
	if framed {
		size, pad = theme.TextBody, 12
	}
	for i, name := range names {
		label := NewText(name, Style{Size: size, Color: theme.Muted})
		t := NewTouch(Line{Left: pad, Right: pad, Height: 26}.Row(label), Look{Over: theme.Hover, On: theme.Hover, Radius: 6}, nil)
		t.OnTap = func() {
			s.Pick(i)
			pick(i)
		}
		s.items, s.labels = append(s.items, t), append(s.labels, label)
		objects[i] = t
	}
	row := Line{}.Row(objects...)
	s.Container = row
	if framed {
		ground := Rect(theme.Field, theme.Border, 8)
		s.Container = Lay(func() fyne.Size { return row.MinSize().AddWidthHeight(4, 6) }, func(z fyne.Size) {
			Place(ground, 0, 0, z.Width, z.Height)
			Place(row, 2, 3, z.Width-4, z.Height-6)
		}, ground, row)
	}
	s.Pick(picked)
	return s
}

// Pick shows another choice without telling.
func (s *Segments) Pick(i int) {
	if i == s.picked {
		return
	}
	s.picked = i
	for k := range s.items {
		s.items[k].SetOn(k == i)
		s.labels[k].style.Bold, s.labels[k].wide = k == i, 0
		token := theme.Muted
		if k == i {
			token = theme.Text
		}
		s.labels[k].face(s.labels[k].text)
		s.labels[k].Paint(token)
		s.labels[k].line.Refresh()
	}
	s.Refresh()
}

// Name changes a choice's word.
func (s *Segments) Name(i int, name string) {
	if name == s.labels[i].text {
		return
	}
	s.labels[i].Set(name)
	s.items[i].Refresh()
	s.Refresh()
}
