package view

import (
	"image"
	"maps"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/ui/geom"
)

// dirt is what of the still picture must be made anew: all, or the view pixels of a few rectangles.
type dirt struct {
	all   bool
	rects []image.Rectangle
}

// mostRects is how many rectangles are worth being drawn one by one.
const mostRects = 24

// lineReach is how far lines, halos and marks reach beyond a region's box, in design pixels.
const lineReach = 8

// touch notes that a region on the still picture has changed.
func (s *scene) touch(r *annot.Region) {
	if s.dirty.all || r.Hidden {
		return
	}
	if len(s.dirty.rects) >= mostRects {
		s.dirty.all = true
		return
	}
	s.dirty.rects = append(s.dirty.rects, s.pixelsOf(geom.Extent(r)))
}

// pixelsOf returns the view pixels that a region of that extent may be drawn on.
func (s *scene) pixelsOf(extent annot.Box) image.Rectangle {
	b := s.place.BoxToView(extent)
	reach := lineReach * s.unit
	px := func(v float64) int { return int(min(max(v, -1e6), 1e6)) }
	return image.Rect(px(b.X0-reach), px(b.Y0-reach), px(math.Ceil(b.X1+reach)), px(math.Ceil(b.Y1+reach)))
}

// setItems replaces the items. Only where they differ from the old ones they are drawn anew.
func (s *scene) setItems(items []Item, classes []annot.Class) {
	if !slices.EqualFunc(s.classes, classes, func(a, b annot.Class) bool { return a.Color == b.Color }) {
		s.dirty.all = true
	}
	old, oldByID := s.items, maps.Clone(s.byID)
	s.items, s.classes = items, classes
	s.regions, s.extents = s.regions[:0], s.extents[:0]
	clear(s.byID)
	for i := range items {
		r := &items[i].Region
		s.regions, s.extents = append(s.regions, r), append(s.extents, geom.Extent(r))
		s.byID[r.ID] = i
		at, had := oldByID[r.ID]
		switch {
		case !had || r.ID == 0:
			s.touch(r)
		case !looksSame(&old[at], &items[i]):
			s.touch(&old[at].Region)
			s.touch(r)
		}
		delete(oldByID, r.ID)
	}
	for _, at := range oldByID {
		s.touch(&old[at].Region)
	}
}

// looksSame reports whether two items of one id are drawn alike.
func looksSame(a, b *Item) bool {
	p, q := &a.Region, &b.Region
	return a.State == b.State && p.Class == q.Class && p.Box == q.Box && p.Hidden == q.Hidden && sameShape(p.Shape, q.Shape)
}

func sameShape(a, b annot.Shape) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case annot.Point:
		b, ok := b.(annot.Point)
		return ok && a == b
	case annot.Line:
		b, ok := b.(annot.Line)
		return ok && slices.Equal(a, b)
	case annot.Mask:
		b, ok := b.(annot.Mask)
		return ok && a.Equal(b)
	case annot.Polygon:
		b, ok := b.(annot.Polygon)
		return ok && slices.EqualFunc(a, b, samePart)
	}
	return false
}

func samePart(a, b annot.Part) bool {
	return slices.Equal(a.Outer, b.Outer) &&
		slices.EqualFunc(a.Holes, b.Holes, func(a, b annot.Ring) bool { return slices.Equal(a, b) })
}

// renderStill brings the still picture up to date: after a pan by whole pixels it is shifted and completed,
// after a change of some regions it is drawn anew where those were and are, else as a whole.
func (s *scene) renderStill() {
	if s.drawn != s.place && !s.dirty.all {
		s.shiftStill()
	}
	s.drawn = s.place
	d := s.dirty
	s.dirty = dirt{rects: d.rects[:0]}
	if !d.all && covers(d.rects, s.still.Rect) {
		d.all = true
	}
	if d.all {
		s.scaler.draw(s.still, s.still.Rect, s.photo, s.place, s.background)
		s.paintStill(s.still, s.still.Rect)
		return
	}
	for _, r := range d.rects {
		s.renderPart(r.Intersect(s.still.Rect))
	}
}

// covers reports whether drawing the rectangles costs as much as drawing the whole.
func covers(rects []image.Rectangle, whole image.Rectangle) bool {
	area := 0
	for _, r := range rects {
		r = r.Intersect(whole)
		area += r.Dx() * r.Dy()
	}
	return 2*area > whole.Dx()*whole.Dy()
}

// shiftStill moves the still picture along with a pan by whole pixels and marks what came into view. Anything
// else makes all of it dirty.
func (s *scene) shiftStill() {
	a, b := s.drawn.Offset(), s.place.Offset()
	dx, dy := math.Round(b.X-a.X), math.Round(b.Y-a.Y)
	w, h := s.still.Rect.Dx(), s.still.Rect.Dy()
	const exact = 1e-4
	moved := s.drawn.Zoom() == s.place.Zoom() && s.drawn.Photo() == s.place.Photo() &&
		math.Abs(b.X-a.X-dx) < exact && math.Abs(b.Y-a.Y-dy) < exact &&
		2*math.Abs(dx) < float64(w) && 2*math.Abs(dy) < float64(h) && len(s.dirty.rects) == 0
	if !moved {
		s.dirty.all = true
		return
	}
	shift(s.still, int(dx), int(dy))
	// Lines that were cut at the old edge are made whole.
	reach := int(lineReach * s.unit)
	if dx != 0 {
		s.dirty.rects = append(s.dirty.rects, edge(w, int(dx), reach, func(from, to int) image.Rectangle {
			return image.Rect(from, 0, to, h)
		}))
	}
	if dy != 0 {
		s.dirty.rects = append(s.dirty.rects, edge(h, int(dy), reach, func(from, to int) image.Rectangle {
			return image.Rect(0, from, w, to)
		}))
	}
}

// edge returns the strip that comes into view when n pixels move by d.
func edge(n, d, reach int, rect func(from, to int) image.Rectangle) image.Rectangle {
	if d > 0 {
		return rect(0, min(d+reach, n))
	}
	return rect(max(n+d-reach, 0), n)
}

// shift moves the pixels of a picture; those that nothing moves to stay.
func shift(img *image.RGBA, dx, dy int) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	n := 4 * (w - max(dx, -dx))
	to, from := 4*max(dx, 0), 4*max(-dx, 0)
	row := func(y int) {
		if y-dy >= 0 && y-dy < h {
			copy(img.Pix[y*img.Stride+to:][:n], img.Pix[(y-dy)*img.Stride+from:][:n])
		}
	}
	if dy > 0 {
		for y := h - 1; y >= dy; y-- {
			row(y)
		}
		return
	}
	for y := range h + dy {
		row(y)
	}
}

// renderPart draws a part of the still picture anew. The regions in it are drawn whole, on the frame, which is
// about to be overwritten anyway: a dashed line that is cut anywhere else would not go on where it was cut.
func (s *scene) renderPart(r image.Rectangle) {
	if r.Empty() {
		return
	}
	s.scaler.draw(s.frame, r, s.photo, s.place, s.background)
	s.paintStill(s.frame, r)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		i := y*s.still.Stride + 4*r.Min.X
		copy(s.still.Pix[i:i+4*r.Dx()], s.frame.Pix[i:])
	}
}

// paintStill draws the regions that touch a part of the view.
func (s *scene) paintStill(dst *image.RGBA, part image.Rectangle) {
	if s.photo == nil || s.place.Empty() {
		return
	}
	s.layout = s.layout[:0]
	for i := range s.items {
		it := &s.items[i]
		if s.drafts[it.Region.ID] != nil || !s.pixelsOf(s.extents[i]).Overlaps(part) {
			continue
		}
		o := overlay.Item{Region: &it.Region, State: it.State}
		if s.selected[it.Region.ID] && !s.selectedMove() {
			o.Focus = overlay.Selected
		}
		s.layout = append(s.layout, o)
	}
	s.paint(dst, s.layout)
}

// bands is how many parts of the view are painted at once at most, when there are at least crowd regions.
const (
	bands = 4
	crowd = 64
)

func (s *scene) paint(dst *image.RGBA, items []overlay.Item) {
	opt := s.options.overlay()
	opt.Labels = false
	n := min(runtime.GOMAXPROCS(0), bands)
	if n == 1 || len(items) < crowd {
		s.painters[0].Draw(dst, s.view(), items, s.classes, opt)
		return
	}
	var wg sync.WaitGroup
	h := dst.Rect.Dy()
	for i := range n {
		band := image.Rect(0, i*h/n, dst.Rect.Dx(), (i+1)*h/n)
		wg.Go(func() {
			s.painters[i].Draw(dst.SubImage(band).(*image.RGBA), s.view(), items, s.classes, opt)
		})
	}
	wg.Wait()
}
