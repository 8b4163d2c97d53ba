package overlay

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"strconv"

	"github.com/saysee/saysee/annot"
)

// The measures of a sheet, in design pixels.
const (
	sheetMargin  = 20
	sheetGap     = 14 // between columns
	sheetRowGap  = 14
	sheetLine    = 22 // the height of a line of text
	sheetTitle   = 15
	sheetText    = 12
	sheetChipGap = 16
	sheetChips   = 3 // lines of class names at the most
)

// sharesMost is how much of a photo's height its shares may cover: they are all that such a cell has to tell.
const sharesMost = 0.75

var sheetBack = color.RGBA{0x1B, 0x1E, 0x23, 0xFF}

// Sheet draws photos side by side as several models see them: a column for each model, a row for each photo, and above
// them the classes with their colours.
type Sheet struct {
	columns []Column
	classes []annot.Class
	side    int
	unit    float64
	painter Painter
	strips  []*image.RGBA // the head, and the rows below each other
}

// Column is what stands above the photos of one model.
type Column struct{ Title, Detail string }

// Cell is what one model makes of a photo.
type Cell struct {
	Items  []Item  // regions to draw, in pixels of the photo
	Shares []Share // classes that fit the photo as a whole, best first, to list on it
	Note   string  // a line below the photo
	Empty  bool    // the note tells that there is nothing to see
}

// Share is how well a class fits a photo beside the others, from 0 to 1.
type Share struct {
	Class int
	Share float64
}

// NewSheet begins a sheet whose photos fit into squares of side × side pixels.
func NewSheet(side int, columns []Column, classes []annot.Class) *Sheet {
	s := &Sheet{columns: columns, classes: classes, side: side, unit: max(float64(side)/400, 0.85)}
	s.head()
	return s
}

// Fit returns the size in pixels that a photo has on the sheet.
func (s *Sheet) Fit(photo image.Point) image.Point {
	scale := s.scale(photo)
	fit := func(n int) int { return max(int(math.Round(float64(n)*scale)), 1) }
	return image.Pt(fit(photo.X), fit(photo.Y))
}

func (s *Sheet) scale(photo image.Point) float64 {
	return float64(s.side) / float64(max(photo.X, photo.Y, 1))
}

// Row adds a photo. small is the photo at the size that Fit says, size the one of the cells' regions, and there is a cell
// for each column.
func (s *Sheet) Row(small *image.RGBA, size image.Point, caption string, cells []Cell) {
	fit := s.Fit(size)
	strip := s.strip(2*s.px(sheetLine) + fit.Y + s.px(sheetRowGap))
	c := canvasOf(strip)
	top := s.px(sheetLine)
	s.write(&c, caption, regular, sheetText, s.left(0), 0, strip.Rect.Dx()-2*s.px(sheetMargin), muted)
	for i, cell := range cells {
		at := image.Pt(s.left(i), top)
		part := strip.SubImage(image.Rectangle{at, at.Add(fit)}).(*image.RGBA)
		draw.Draw(part, part.Rect, small, small.Rect.Min, draw.Src)
		v := View{Size: size, Scale: s.scale(size), X: float64(at.X), Y: float64(at.Y), Unit: s.unit}
		s.painter.Draw(part, v, cell.Items, s.classes, sheetOptions())
		s.painter.drawShares(part, v, cell.Shares, s.classes)
		ink := lightInk
		if cell.Empty {
			ink = muted
		}
		s.write(&c, cell.Note, regular, sheetText, at.X, top+fit.Y, s.side, ink)
	}
	s.strips = append(s.strips, strip)
}

// sheetOptions leave the legend to the head of the sheet.
func sheetOptions() Options {
	o := Defaults()
	o.Legend = false
	return o
}

// Picture returns the sheet as it is by now.
func (s *Sheet) Picture() *image.RGBA {
	h := 0
	for _, strip := range s.strips {
		h += strip.Rect.Dy()
	}
	dst := image.NewRGBA(image.Rect(0, 0, s.width(), h))
	at := 0
	for _, strip := range s.strips {
		at += copy(dst.Pix[at:], strip.Pix)
	}
	return dst
}

// px turns design pixels into whole pixels.
func (s *Sheet) px(design float64) int { return max(int(math.Round(design*s.unit)), 1) }

func (s *Sheet) width() int {
	n := len(s.columns)
	return 2*s.px(sheetMargin) + n*s.side + max(n-1, 0)*s.px(sheetGap)
}

// left is where a column begins.
func (s *Sheet) left(column int) int { return s.px(sheetMargin) + column*(s.side+s.px(sheetGap)) }

// strip is a part of the sheet, as wide as all of it.
func (s *Sheet) strip(h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, s.width(), h))
	draw.Draw(m, m.Rect, image.NewUniform(sheetBack), image.Point{}, draw.Src)
	return m
}

// write puts a line of text into the line that begins at the height y, cut to a width.
func (s *Sheet) write(c *canvas, text string, w weight, size float64, x, y, width int, ink color.RGBA) {
	t := s.painter.text.cut(text, w, size*s.unit, float64(width))
	line := image.Rect(x, y, x+width, y+s.px(sheetLine))
	s.painter.text.put(c, t, float64(x), baseline(line, size*s.unit), paintOf(ink))
}

// head draws the classes and, below them, the columns' titles.
func (s *Sheet) head() {
	chips, lines := s.chips()
	margin, line := s.px(sheetMargin), s.px(sheetLine)
	strip := s.strip(margin + lines*line + s.px(sheetRowGap) + 2*line + s.px(sheetRowGap)/2)
	c := canvasOf(strip)
	f := frame{unit: s.unit}
	for _, chip := range chips {
		x, y := float64(chip.at.X), margin+chip.at.Y*line
		if chip.class >= 0 {
			own := s.classes[chip.class].Color
			l := look{color: ClassColor(chip.class, own), ringed: Repeated(chip.class, own)}
			s.painter.swatch(&c, &f, x, y+line/2, &l)
			x += (tagSwatch + tagGap) * s.unit
		}
		s.painter.text.put(&c, chip.label, x, baseline(image.Rect(0, y, 0, y+line), sheetText*s.unit), paintOf(lightInk))
	}
	y := margin + lines*line + s.px(sheetRowGap)
	for i, col := range s.columns {
		s.write(&c, col.Title, semiBold, sheetTitle, s.left(i), y, s.side, lightInk)
		s.write(&c, col.Detail, regular, sheetText, s.left(i), y+line, s.side, muted)
	}
	s.strips = append(s.strips, strip)
}

// chip is a class's name with its colour; class -1 stands for those that found no room.
type chip struct {
	class int
	label fitted
	at    image.Point // X in pixels, Y in lines
}

// chips lays the classes out in lines, and returns how many lines there are.
func (s *Sheet) chips() (chips []chip, lines int) {
	right := s.width() - s.px(sheetMargin)
	more := s.px(6 * sheetText) // room for how many are left out
	x, y := s.px(sheetMargin), 0
	for i, class := range s.classes {
		label := s.painter.text.cut(class.Name, regular, sheetText*s.unit, tagMost*s.unit)
		w := int(math.Ceil(label.width + (tagSwatch+tagGap)*s.unit))
		end := right
		if y == sheetChips-1 && i < len(s.classes)-1 {
			end -= more
		}
		if x+w > end && x > s.px(sheetMargin) {
			if y == sheetChips-1 {
				rest := s.painter.text.layout("+"+strconv.Itoa(len(s.classes)-i), regular, sheetText*s.unit)
				chips = append(chips, chip{-1, fitted{run: rest, n: len(rest.glyphs)}, image.Pt(x, y)})
				break
			}
			x, y = s.px(sheetMargin), y+1
		}
		chips = append(chips, chip{i, label, image.Pt(x, y)})
		x += w + s.px(sheetChipGap)
	}
	return chips, y + 1
}

// drawShares lists classes with their shares in a corner of the photo, as a legend does with counts. On a photo too small
// for that there are none.
func (p *Painter) drawShares(dst *image.RGBA, v View, shares []Share, classes []annot.Class) {
	f, ok := newFrame(dst.Bounds(), v)
	if !ok || len(shares) == 0 {
		return
	}
	p.entries, p.rows = p.entries[:0], p.rows[:0]
	for _, sh := range shares {
		amount := strconv.Itoa(int(math.Round(sh.Share*100))) + " %"
		p.rows = append(p.rows, legendRow{class: sh.Class, name: classes[sh.Class].Name, amount: amount})
	}
	if r := p.layRows(&f, sharesMost); !r.Empty() {
		c := canvasOf(dst)
		p.drawLegend(&c, &f, r, classes)
	}
}
