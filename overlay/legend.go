package overlay

import (
	"image"
	"math"
	"slices"
	"strconv"

	"github.com/saysee/saysee/annot"
)

// The measures of the legend, in design pixels.
const (
	legendPad    = 8
	legendInset  = 8
	legendRadius = 6
	legendSpace  = 12  // between name and count
	legendLeast  = 200 // the least width of a photo with a legend
	legendMost   = 0.4 // of the photo's height
	legendRows   = 4   // fewer tell too little of many classes
)

// legendRow is a class with what is seen of it; class -1 stands for the classes that found no room.
type legendRow struct {
	class  int
	name   string
	amount string
	label  fitted
	total  *run
}

// layLegend lays out the classes that can be seen, with their counts, and returns the place for them: the
// corner of the photo with the fewest regions. Verdicts of an evaluation have colours of their own and are
// left out. A photo too small for a legend gets none, and the empty rectangle is returned.
func (p *Painter) layLegend(f *frame, items []Item, classes []annot.Class) image.Rectangle {
	p.count(items, classes)
	return p.layRows(f, legendMost)
}

// layRows lays p.rows out and finds their place. They may cover so much of the photo's height.
func (p *Painter) layRows(f *frame, height float64) image.Rectangle {
	u := f.unit
	most := int((height*float64(f.photo.Dy())/u - 2*legendPad) / tagHeight)
	if len(p.rows) == 0 || most < min(len(p.rows), legendRows) || float64(f.photo.Dx()) < legendLeast*u {
		return image.Rectangle{}
	}
	if len(p.rows) > most {
		hidden := len(p.rows) - most + 1
		p.rows = append(p.rows[:most-1], legendRow{class: -1, name: "+" + small(hidden)})
	}
	names, totals := p.measureRows(f)
	w := int(math.Ceil((2*legendPad+tagSwatch+tagGap+legendSpace)*u + names + totals))
	h := 2*f.px(legendPad) + len(p.rows)*f.px(tagHeight)
	return p.corner(f, w, h)
}

// count fills p.rows with the classes of the items, by index.
func (p *Painter) count(items []Item, classes []annot.Class) {
	p.rows = p.rows[:0]
	p.counts = slices.Grow(p.counts[:0], len(classes))[:len(classes)]
	clear(p.counts)
	for _, it := range items {
		if r := it.Region; r != nil && !r.Hidden && it.State < Correct && r.Class >= 0 && r.Class < len(classes) {
			p.counts[r.Class]++
		}
	}
	for i, n := range p.counts {
		if n > 0 {
			p.rows = append(p.rows, legendRow{class: i, name: classes[i].Name, amount: small(n)})
		}
	}
}

// measureRows lays the rows out and returns the widths of the two columns.
func (p *Painter) measureRows(f *frame) (names, totals float64) {
	size := tagText * f.unit
	room := min(0.3*float64(f.photo.Dx()), tagMost*f.unit)
	for i := range p.rows {
		row := &p.rows[i]
		row.label, row.total = p.text.cut(row.name, regular, size, room), p.text.layout(row.amount, regular, size)
		names, totals = max(names, row.label.width), max(totals, row.total.width)
	}
	return names, totals
}

// smallTexts holds the counts that a picture usually has, so that they make no garbage.
var smallTexts = func() (t [1000]string) {
	for i := range t {
		t[i] = strconv.Itoa(i)
	}
	return t
}()

func small(n int) string {
	if n < len(smallTexts) {
		return smallTexts[n]
	}
	return strconv.Itoa(n)
}

// corner returns the place for the legend: the corner where it covers the least of the boxes.
func (p *Painter) corner(f *frame, w, h int) image.Rectangle {
	in := f.px(legendInset)
	b := f.photo
	best, least := image.Rectangle{}, math.MaxInt
	for _, at := range [...]image.Point{
		{b.Min.X + in, b.Max.Y - in - h},
		{b.Max.X - in - w, b.Max.Y - in - h},
		{b.Max.X - in - w, b.Min.Y + in},
		{b.Min.X + in, b.Min.Y + in},
	} {
		r := image.Rectangle{at, at.Add(image.Pt(w, h))}
		covered := 0
		for i := range p.entries {
			o := r.Intersect(p.entries[i].box)
			covered += o.Dx() * o.Dy()
		}
		if covered < least {
			best, least = r, covered
		}
	}
	return best.Intersect(b)
}

func (p *Painter) drawLegend(c *canvas, f *frame, r image.Rectangle, classes []annot.Class) {
	c.round(r, legendRadius*f.unit, paintOf(panel), opacity(0.9))
	u, h := f.unit, f.px(tagHeight)
	size := tagText * u
	y := r.Min.Y + f.px(legendPad)
	left, right := float64(r.Min.X)+legendPad*u, float64(r.Max.X)-legendPad*u
	for i := range p.rows {
		row := &p.rows[i]
		line := image.Rect(r.Min.X, y, r.Max.X, y+h)
		base := baseline(line, size)
		x := left + (tagSwatch+tagGap)*u
		if row.class >= 0 {
			own := classes[row.class].Color
			l := look{color: ClassColor(row.class, own), ringed: Repeated(row.class, own)}
			p.swatch(c, f, left, y+h/2, &l)
		}
		p.text.put(c, row.label, x, base, paintOf(lightInk))
		p.text.draw(c, row.total, len(row.total.glyphs), right-row.total.width, base, paintOf(muted))
		y += h
	}
}
