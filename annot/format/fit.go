package format

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/saysee/saysee/annot"
)

// fitted is a photo's regions as a format can hold them, and what that cost.
type fitted struct {
	file     string
	regions  []annot.Region
	losses   []Feature
	problems []Problem
}

func (f *fitted) lose(what Feature) { f.losses = append(f.losses, what) }

func (f *fitted) problem(i int, err error) {
	f.problems = append(f.problems, Problem{File: f.file, Place: fmt.Sprintf("regions[%d]", i), Err: err})
}

// fit converts the regions of a photo to what the format can hold. It changes nothing that p points to.
func (t *tally) fit(p *Photo) fitted {
	f := fitted{file: p.File, regions: make([]annot.Region, 0, len(p.Regions))}
	t.fitPhoto(&f, p)
	for i := range p.Regions {
		r := p.Regions[i]
		if r.Class < 0 || r.Class >= t.classes {
			f.problem(i, fmt.Errorf("%w: class %d of %d", ErrReference, r.Class, t.classes))
			continue
		}
		if err := usable(&r); err != nil {
			f.problem(i, err)
			continue
		}
		t.fitFields(&f, &r)
		t.fitShape(&f, i, r, p)
	}
	t.fitTogether(&f)
	return f
}

// fitPhoto notes what the format cannot say about the photo itself.
func (t *tally) fitPhoto(f *fitted, p *Photo) {
	can := &t.can
	for _, c := range []struct {
		lost bool
		what Feature
	}{
		{p.State != New && !can.States, LostState},
		{p.Split != "" && !can.Splits, LostSplit},
		{len(p.Regions) == 0 && !can.EmptyPhotos, LostEmptyPhoto},
		{p.Unlabelled && !can.Unlabelled, LostUnlabelled},
		{!can.PhotoExtra && hasExtra(p.Extra) || can.PlainExtra && !allPlain(p.Extra), LostExtra},
	} {
		if c.lost {
			f.lose(c.what)
		}
	}
}

// usable says why a region cannot be written at all.
func usable(r *annot.Region) error {
	finite := r.Box.Finite()
	empty := false
	switch s := r.Shape.(type) {
	case nil:
		empty = r.Box.Empty()
	case annot.Polygon:
		s = slices.DeleteFunc(slices.Clone(s), func(p annot.Part) bool { return len(p.Outer) < 3 })
		empty = len(s) == 0
	case annot.Mask:
		empty = s.Empty()
	case annot.Line:
		empty = len(s) < 2
	}
	if r.Shape != nil {
		finite = r.Shape.Bounds().Finite()
	}
	switch {
	case !finite:
		return fmt.Errorf("%w: NaN or infinite coordinates", ErrGeometry)
	case empty:
		return fmt.Errorf("%w: region covers nothing", ErrGeometry)
	}
	return nil
}

// fitFields notes the fields beside the shape that the format has no place for.
func (t *tally) fitFields(f *fitted, r *annot.Region) {
	can := &t.can
	for _, c := range []struct {
		lost bool
		what Feature
	}{
		{!can.Scores && r.Source.Maker == annot.ByModel, LostScore},
		{!can.Sources && (r.Source.Model != "" || r.Source.Phrase != ""), LostSource},
		{!can.Reviews && r.Review != annot.Accepted, LostReview},
		{!can.Tracks && r.Track != 0, LostTrack},
		{!can.Flags && (r.Locked || r.Hidden), LostFlags},
		{!can.Extra && len(r.Extra) > 0 || can.PlainExtra && !allPlain(r.Extra), LostExtra},
	} {
		if c.lost {
			f.lose(c.what)
		}
	}
}

// hasExtra reports whether a photo has unknown fields that would be missed: not the number that a COCO file
// gave it, nor elements that only CVAT understands.
func hasExtra(extra map[string]json.RawMessage) bool {
	for k := range extra {
		if k != "id" && k != unknownElements {
			return true
		}
	}
	return false
}

// allPlain reports whether XML can hold all fields.
func allPlain(extra map[string]json.RawMessage) bool {
	for k, v := range extra {
		if k != unknownElements && k != unknownShapes && !plainValue(v) {
			return false
		}
	}
	return true
}

// plainValue reports whether a value is a word, number or boolean, comes from XML, or lists such values.
func plainValue(v json.RawMessage) bool {
	if _, ok := plainText(v); ok {
		return true
	}
	var list []json.RawMessage
	if json.Unmarshal(v, &list) == nil {
		return !slices.ContainsFunc(list, func(e json.RawMessage) bool { return !plainValue(e) })
	}
	var nested map[string]string
	return json.Unmarshal(v, &nested) == nil && len(nested) == 1 && nested["xml"] != ""
}

// fitShape appends the region in a form that the format can hold.
func (t *tally) fitShape(f *fitted, i int, r annot.Region, p *Photo) {
	can := &t.can
	kept := len(f.regions)
	if r.Shape != nil && !can.OwnBox && !r.Box.Empty() && r.Box != bounds(r.Shape) {
		f.lose(LostOwnBox)
	}
	switch s := r.Shape.(type) {
	case nil:
		t.fitBox(f, i, r, p)
	case annot.Point:
		if !can.Points {
			f.lose(DroppedPoint)
			return
		}
		f.regions = append(f.regions, r)
	case annot.Line:
		if !can.Lines {
			f.lose(DroppedLine)
			return
		}
		f.regions = append(f.regions, r)
	case annot.Polygon:
		t.fitPolygon(f, i, r, cleaned(s), p)
	case annot.Mask:
		t.fitMask(f, i, r, s, p)
	}
	for k := kept; k < len(f.regions); k++ {
		t.fitOwnBox(f, &f.regions[k])
	}
}

// fitOwnBox sets the box to the bounds of the shape where the format cannot hold another.
func (t *tally) fitOwnBox(f *fitted, r *annot.Region) {
	if t.can.OwnBox && !r.Box.Empty() || r.Shape == nil {
		if r.Shape == nil && !t.can.Fractions && !whole(r.Box) {
			f.lose(RoundedCorners)
		}
		return
	}
	r.Box = bounds(r.Shape)
}

func whole(b annot.Box) bool {
	for _, v := range [...]float64{b.X0, b.Y0, b.X1, b.Y1} {
		if math.Abs(v-math.Round(v)) > wholeSlack {
			return false
		}
	}
	return true
}

// bounds returns the tight box of a shape, which for a mask may be smaller than its crop.
func bounds(s annot.Shape) annot.Box {
	m, ok := s.(annot.Mask)
	if !ok {
		return s.Bounds()
	}
	r := m.TightBounds()
	return annot.Box{X0: float64(r.Min.X), Y0: float64(r.Min.Y), X1: float64(r.Max.X), Y1: float64(r.Max.Y)}
}

// cleaned returns the polygon without parts and holes of fewer than three points.
func cleaned(p annot.Polygon) annot.Polygon {
	out := make(annot.Polygon, 0, len(p))
	for _, part := range p {
		if len(part.Outer) < 3 {
			continue
		}
		if slices.ContainsFunc(part.Holes, func(h annot.Ring) bool { return len(h) < 3 }) {
			part.Holes = slices.DeleteFunc(slices.Clone(part.Holes), func(h annot.Ring) bool { return len(h) < 3 })
		}
		out = append(out, part)
	}
	return out
}

func corners(b annot.Box) annot.Ring {
	return annot.Ring{{X: b.X0, Y: b.Y0}, {X: b.X1, Y: b.Y0}, {X: b.X1, Y: b.Y1}, {X: b.X0, Y: b.Y1}}
}

func (t *tally) fitBox(f *fitted, i int, r annot.Region, p *Photo) {
	can := &t.can
	switch {
	case can.Boxes:
	case can.Rotated || can.Polygons:
		f.lose(BoxAsOutline)
		r.Shape = annot.Polygon{{Outer: corners(r.Box)}}
	default:
		f.lose(ShapeAsMask)
		t.rasterize(f, i, r, annot.Polygon{{Outer: corners(r.Box)}}, p)
		return
	}
	f.regions = append(f.regions, r)
}

// rasterize appends the region with the mask of the polygon.
func (t *tally) rasterize(f *fitted, i int, r annot.Region, s annot.Polygon, p *Photo) {
	if p.Width <= 0 || p.Height <= 0 {
		f.problem(i, ErrNoSize)
		return
	}
	var m annot.Mask
	if t.cocoRule && !hasHoles(s) {
		rings := make([]annot.Ring, len(s))
		for k := range s {
			rings[k] = s[k].Outer
		}
		m = annot.RasterizeCOCO(rings, p.Width, p.Height)
	} else {
		m = s.Rasterize(p.Width, p.Height, annot.EvenOdd)
	}
	if m.Empty() {
		f.problem(i, fmt.Errorf("%w: covers no pixel of the photo", ErrGeometry))
		return
	}
	r.Shape = m
	f.regions = append(f.regions, r)
}

func (t *tally) fitPolygon(f *fitted, i int, r annot.Region, s annot.Polygon, p *Photo) {
	can := &t.can
	switch {
	case can.Rotated:
		if ring := plain(s); len(ring) != 4 {
			f.lose(RotatedAround)
			s = annot.Polygon{{Outer: smallestRectangle(s)}}
		}
		r.Shape = s
		f.regions = append(f.regions, r)
	case can.Polygons && can.Holes == AsMask && hasHoles(s):
		f.lose(ShapeAsMask)
		t.rasterize(f, i, r, s, p)
	case can.Polygons:
		t.fitOutline(f, r, s)
	case can.Masks:
		f.lose(ShapeAsMask)
		t.rasterize(f, i, r, s, p)
	default:
		f.lose(ShapeAsBox)
		r.Shape, r.Box = nil, s.Bounds()
		f.regions = append(f.regions, r)
	}
}

// plain returns the outline of a polygon of one part without holes, else nil.
func plain(s annot.Polygon) annot.Ring {
	if len(s) == 1 && len(s[0].Holes) == 0 {
		return s[0].Outer
	}
	return nil
}

func hasHoles(s annot.Polygon) bool {
	return slices.ContainsFunc(s, func(p annot.Part) bool { return len(p.Holes) > 0 })
}

// fitOutline appends the polygon with its holes and parts as the options choose.
func (t *tally) fitOutline(f *fitted, r annot.Region, s annot.Polygon) {
	if t.can.Holes == NoHoles && hasHoles(s) {
		s = t.withoutHoles(f, s)
	}
	if len(s) == 1 || t.can.Parts {
		r.Shape = s
		f.regions = append(f.regions, r)
		return
	}
	switch t.o.Outlines {
	case Bridge:
		f.lose(BridgedParts)
		r.Shape = annot.Polygon{{Outer: bridgeParts(s)}}
	case Largest:
		f.lose(DroppedParts)
		largest := slices.MaxFunc(s, func(a, b annot.Part) int { return compare(a.Outer.Area(), b.Outer.Area()) })
		r.Shape = annot.Polygon{largest}
	case Split:
		f.lose(SplitParts)
		for _, part := range s {
			one := r
			one.Shape = annot.Polygon{part}
			one.Box = one.Shape.Bounds()
			f.regions = append(f.regions, one)
		}
		return
	}
	f.regions = append(f.regions, r)
}

func compare(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// withoutHoles bridges the holes, or fills them when only the largest outline is wanted.
func (t *tally) withoutHoles(f *fitted, s annot.Polygon) annot.Polygon {
	fill := t.o.Outlines == Largest
	if fill {
		f.lose(FilledHoles)
	} else {
		f.lose(BridgedHoles)
	}
	out := make(annot.Polygon, len(s))
	for i, part := range s {
		out[i].Outer = part.Outer
		if !fill {
			out[i].Outer = bridgeHoles(part)
		}
	}
	return out
}

func (t *tally) fitMask(f *fitted, i int, r annot.Region, m annot.Mask, p *Photo) {
	can := &t.can
	if can.Masks {
		if p.Width > 0 && p.Height > 0 {
			if m = m.Clip(p.Width, p.Height); m.Empty() {
				f.problem(i, fmt.Errorf("%w: covers no pixel of the photo", ErrGeometry))
				return
			}
		} else if !can.OwnBox {
			f.problem(i, ErrNoSize)
			return
		}
		r.Shape = m
		f.regions = append(f.regions, r)
		return
	}
	if can.Rotated || can.Polygons {
		f.lose(MaskAsOutline)
		t.fitPolygon(f, i, r, m.Trace(), p)
		return
	}
	f.lose(ShapeAsBox)
	r.Shape, r.Box = nil, bounds(m)
	f.regions = append(f.regions, r)
}

// fitTogether notes what the regions of a photo lose by lying beside each other.
func (t *tally) fitTogether(f *fitted) {
	if t.can.Overlaps && t.can.Instances {
		return
	}
	seen := map[int]bool{}
	var below annot.Mask
	for _, r := range f.regions {
		m, ok := r.Shape.(annot.Mask)
		if !ok {
			continue
		}
		if !t.can.Overlaps && m.Overlap(below) > 0 {
			f.lose(HiddenPixels)
		}
		below = below.Union(m)
		if !t.can.Instances && seen[r.Class] {
			f.lose(MergedInstances)
		}
		seen[r.Class] = true
	}
}
