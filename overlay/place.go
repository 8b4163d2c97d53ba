package overlay

import (
	"image"
	"slices"
)

// Placer finds places for tags, so that they lie within an area and beside each other. The zero value has no
// area; Reset gives it one. The window uses it for the tags that it makes of its own widgets.
type Placer struct {
	area   image.Rectangle
	height int
	// rows holds, for each band of the given height, the rectangles that reach into it.
	rows [][]image.Rectangle
}

// Reset forgets all places and sets the area, in whose bands of rowHeight (best the height of a tag) places
// are looked for.
func (p *Placer) Reset(area image.Rectangle, rowHeight int) {
	p.area, p.height = area, max(rowHeight, 1)
	n := area.Dy()/p.height + 1
	p.rows = slices.Grow(p.rows[:0], n)[:n]
	for i := range p.rows {
		p.rows[i] = p.rows[i][:0]
	}
}

func (p *Placer) band(r image.Rectangle) [][]image.Rectangle {
	lo := max((r.Min.Y-p.area.Min.Y)/p.height, 0)
	hi := min((r.Max.Y-1-p.area.Min.Y)/p.height, len(p.rows)-1)
	if lo > hi {
		return nil
	}
	return p.rows[lo : hi+1]
}

// Reserve keeps tags off a rectangle.
func (p *Placer) Reserve(r image.Rectangle) {
	rows := p.band(r)
	for i := range rows {
		rows[i] = append(rows[i], r)
	}
}

// Free reports whether r lies in the area and on nothing reserved.
func (p *Placer) Free(r image.Rectangle) bool {
	if r.Empty() || !r.In(p.area) {
		return false
	}
	for _, row := range p.band(r) {
		for _, taken := range row {
			if r.Overlaps(taken) {
				return false
			}
		}
	}
	return true
}

// Place reserves and returns the first free place for a tag of w × h pixels on the part of a box that can be
// seen: above the box's top-left corner, inside it, inside the top-right corner, inside the bottom-left one,
// below the box, above its top-right corner. unit is the design pixel. It returns false when none is free.
func (p *Placer) Place(box image.Rectangle, w, h int, unit float64) (image.Rectangle, bool) {
	if !touches(box, p.area) {
		return image.Rectangle{}, false
	}
	gap, inX, inY := int(4*unit+0.5), int(4*unit+0.5), int(6*unit+0.5)
	x0, y0 := max(box.Min.X, p.area.Min.X), max(box.Min.Y, p.area.Min.Y)
	x1, y1 := min(box.Max.X, p.area.Max.X), min(box.Max.Y, p.area.Max.Y)
	left := max(min(x0, p.area.Max.X-w), p.area.Min.X)
	right := max(x1-w, p.area.Min.X)
	for _, at := range [...]image.Point{
		{left, y0 - h - gap},
		{left + inX, y0 + inY},
		{right - inX, y0 + inY},
		{left + inX, y1 - h - inY},
		{left, y1 + gap},
		{right, y0 - h - gap},
	} {
		r := image.Rectangle{at, at.Add(image.Pt(w, h))}
		if p.Free(r) {
			p.Reserve(r)
			return r, true
		}
	}
	return image.Rectangle{}, false
}

// touches is like Overlaps, but takes a box without width or height for a point or a line.
func touches(box, area image.Rectangle) bool {
	return box.Min.X < area.Max.X && box.Max.X >= area.Min.X && box.Min.Y < area.Max.Y && box.Max.Y >= area.Min.Y
}
