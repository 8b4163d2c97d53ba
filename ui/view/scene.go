package view

import (
	"cmp"
	"image"
	"image/color"
	"slices"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/ui/geom"
)

// scene is everything that one frame is made of, and the pictures that are kept from frame to frame. It knows
// no widget, so that frames can be made, measured and compared without a window.
type scene struct {
	photo      *Pyramid
	place      geom.Transform
	unit       float64 // view pixels per design pixel
	background color.RGBA

	items    []Item
	regions  []*annot.Region // of items, for hits
	extents  []annot.Box     // of items
	byID     map[annot.RegionID]int
	classes  []annot.Class
	options  Options
	selected map[annot.RegionID]bool
	hovered  annot.RegionID

	// drafts replace regions while they are being changed; fresh is one that is being drawn.
	drafts map[annot.RegionID]*annot.Region
	fresh  *annot.Region
	marks  marks
	// framing and outlining tell whether the tool has a use for handles and for points of outlines.
	framing, outlining bool

	scaler   scaler
	painters [bands]overlay.Painter
	layout   []overlay.Item
	sprites  sprites
	still    *image.RGBA // photo and regions, without what changes with the pointer
	frame    *image.RGBA // still, with what changes
	dirty    dirt        // what of still must be made anew
	drawn    geom.Transform
}

// marks are the points of outlines that are drawn as circles beside those of the selected region.
type marks struct {
	points []annot.Point // of an outline in the making
	strong int           // the one that the pointer is on, -1 for none
	vertex *annot.Point  // a point of the selected polygon that the pointer is on
	middle *annot.Point  // the middle of an edge that the pointer is on
}

func newScene() *scene {
	s := &scene{
		unit: 1, options: DefaultOptions(), background: color.RGBA{A: 255}, marks: marks{strong: -1},
		framing: true, outlining: true,
		selected: map[annot.RegionID]bool{}, drafts: map[annot.RegionID]*annot.Region{}, byID: map[annot.RegionID]int{},
	}
	s.dirty.all = true
	return s
}

// item returns an item by id, nil for none.
func (s *scene) item(id annot.RegionID) *Item {
	i, ok := s.byID[id]
	if !ok || id == 0 {
		return nil
	}
	return &s.items[i]
}

// region returns a region as it is shown: the draft of it, if there is one.
func (s *scene) region(id annot.RegionID) *annot.Region {
	if r := s.drafts[id]; r != nil {
		return r
	}
	if it := s.item(id); it != nil {
		return &it.Region
	}
	return nil
}

// setDraft shows a region with another extent until clearDrafts.
func (s *scene) setDraft(id annot.RegionID, box annot.Box, shape annot.Shape) {
	it := s.item(id)
	if it == nil {
		return
	}
	if s.drafts[id] == nil {
		s.touch(&it.Region) // still has the region itself
	}
	r := it.Region
	r.Box, r.Shape = box, shape
	s.drafts[id] = &r
}

func (s *scene) clearDrafts() {
	for id := range s.drafts {
		if it := s.item(id); it != nil {
			s.touch(&it.Region)
		}
	}
	clear(s.drafts)
	s.fresh = nil
}

// view returns the place of the photo in the terms of package overlay.
func (s *scene) view() overlay.View {
	o := s.place.Offset()
	return overlay.View{Size: s.place.Photo(), Scale: s.place.Zoom(), X: o.X, Y: o.Y, Unit: s.unit}
}

// render returns the frame for a view of w × h pixels. The picture is overwritten by the next call.
func (s *scene) render(w, h int) *image.RGBA {
	if s.frame == nil || s.frame.Rect.Dx() != w || s.frame.Rect.Dy() != h {
		s.still = image.NewRGBA(image.Rect(0, 0, w, h))
		s.frame = image.NewRGBA(image.Rect(0, 0, w, h))
		s.dirty.all = true
	}
	s.renderStill()
	copy(s.frame.Pix, s.still.Pix)
	if s.photo != nil && !s.place.Empty() {
		s.renderMoving()
	}
	return s.frame
}

func (s *scene) focus(id annot.RegionID) overlay.Focus {
	if s.selected[id] {
		return overlay.Selected
	}
	return overlay.NoFocus
}

// renderMoving draws what changes with the pointer: drafts, the hovered region, tags and handles.
func (s *scene) renderMoving() {
	opt := s.options.overlay()
	opt.Labels = false
	s.renderHovered(opt)
	s.renderSelected(opt)
	s.layout = s.layout[:0]
	for id, r := range s.drafts {
		s.layout = append(s.layout, overlay.Item{Region: r, State: s.item(id).State, Focus: overlay.Selected})
	}
	slices.SortFunc(s.layout, func(a, b overlay.Item) int { return cmp.Compare(a.Region.ID, b.Region.ID) })
	if s.fresh != nil {
		s.layout = append(s.layout, overlay.Item{Region: s.fresh, State: overlay.Accepted, Focus: overlay.Selected})
	}
	if len(s.layout) > 0 {
		s.painters[0].Draw(s.frame, s.view(), s.layout, s.classes, opt)
	}
	if s.options.Labels {
		s.renderTags()
	}
	s.renderHandles()
}

// weak is the part of the slider's opacity that fills have by state, and strong what a hovered one has
// (window design, section 4).
const strong = 1.1

func weak(st overlay.State) float64 {
	switch st {
	case overlay.Suggested:
		return 0.5
	case overlay.Accepted, overlay.Locked:
		return 0.85
	}
	return 1
}

// again returns the opacity for options with which a fill that is there once, with the weakness of a state,
// becomes as strong as one of its own with factor f.
func again(opacity float64, st overlay.State, f float64) float64 {
	rest := 1 - weak(st)*opacity
	if rest <= 0 {
		return 0
	}
	return max(1-(1-min(f*opacity, 1))/rest, 0) / f
}

// pointed returns the item that is shown as hovered: none that is selected, and none while something is drawn.
func (s *scene) pointed() *Item {
	it := s.item(s.hovered)
	if it == nil || it.Region.Hidden || s.selected[s.hovered] || len(s.drafts) > 0 || s.fresh != nil {
		return nil
	}
	return it
}

// renderHovered draws the hovered region over itself.
func (s *scene) renderHovered(opt overlay.Options) {
	it := s.pointed()
	if it == nil {
		return
	}
	opt.Opacity = again(opt.Opacity, it.State, strong)
	s.layout = append(s.layout[:0], overlay.Item{Region: &it.Region, State: it.State, Focus: overlay.Hovered})
	s.painters[0].Draw(s.frame, s.view(), s.layout, s.classes, opt)
}

// fewSelected is how many selected regions are drawn over themselves, so that a new selection needs nothing
// drawn anew. More are drawn with the others.
const fewSelected = 16

func (s *scene) selectedMove() bool { return len(s.selected) <= fewSelected }

// renderSelected draws the selected regions over themselves.
func (s *scene) renderSelected(opt overlay.Options) {
	if !s.selectedMove() {
		return
	}
	for i := range s.items {
		it := &s.items[i]
		if !s.selected[it.Region.ID] || s.drafts[it.Region.ID] != nil {
			continue
		}
		one := opt
		one.Opacity = again(opt.Opacity, it.State, 1)
		s.layout = append(s.layout[:0], overlay.Item{Region: &it.Region, State: it.State, Focus: overlay.Selected})
		s.painters[0].Draw(s.frame, s.view(), s.layout, s.classes, one)
	}
}

// renderTags draws the tags of all regions but the hovered one, which has a tag with buttons.
func (s *scene) renderTags() {
	s.layout = s.layout[:0]
	pointed := s.pointed()
	for i := range s.items {
		if &s.items[i] == pointed {
			continue
		}
		r := s.region(s.items[i].Region.ID)
		s.layout = append(s.layout, overlay.Item{Region: r, State: s.items[i].State, Focus: s.focus(r.ID)})
	}
	opt := s.options.overlay()
	opt.Masks, opt.Boxes = false, false
	s.painters[0].Draw(s.frame, s.view(), s.layout, s.classes, opt)
}

// only returns the region that is selected alone, nil when there is none or several.
func (s *scene) only() *annot.Region {
	if len(s.selected) != 1 {
		return nil
	}
	for id := range s.selected {
		return s.region(id)
	}
	return nil
}

// editable returns the region that is selected alone, unless it is locked or hidden.
func (s *scene) editable() *annot.Region {
	r := s.only()
	if r == nil || r.Locked || r.Hidden {
		return nil
	}
	return r
}

// framed reports whether a region has a frame with handles: a point has none.
func framed(r *annot.Region) bool {
	_, isPoint := r.Shape.(annot.Point)
	return !isPoint
}

// frameOf returns the box that carries a region's handles.
func frameOf(r *annot.Region) annot.Box {
	if r.Box.Empty() && r.Shape != nil {
		return r.Shape.Bounds()
	}
	return r.Box
}

// Marks on outlines, in design pixels (window design, section 4).
const (
	handleSide  = 10
	vertexSide  = 8
	vertexApart = 6
	middleLong  = 40 // an edge shorter than this shows no middle
)

// renderHandles draws the handles of the region that is selected alone, and the points of outlines.
func (s *scene) renderHandles() {
	s.sprites.prepare(s.unit)
	if r := s.editable(); r != nil && s.fresh == nil {
		if framed(r) && s.framing {
			rect := s.place.BoxToView(frameOf(r))
			for _, h := range geom.HandlesOf(rect, s.unit) {
				s.sprites.handle.stamp(s.frame, h.At(rect))
			}
		}
		if p, ok := r.Shape.(annot.Polygon); ok && s.outlining {
			geom.Rings(p, func(_ geom.RingRef, ring annot.Ring) bool {
				s.renderPoints(ring)
				return true
			})
		}
	}
	for i, p := range s.marks.points {
		sprite := &s.sprites.vertex
		if i == s.marks.strong {
			sprite = &s.sprites.hot
		}
		sprite.stamp(s.frame, s.place.ToView(p))
	}
	if s.marks.middle != nil {
		s.sprites.faint.stamp(s.frame, s.place.ToView(*s.marks.middle))
	}
	if s.marks.vertex != nil {
		s.sprites.hot.stamp(s.frame, s.place.ToView(*s.marks.vertex))
	}
}

func (s *scene) renderPoints(ring annot.Ring) {
	for _, i := range geom.Shown(ring, vertexApart*s.unit/s.place.Zoom()) {
		s.sprites.vertex.stamp(s.frame, s.place.ToView(ring[i]))
	}
}
