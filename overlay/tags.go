package overlay

import (
	"cmp"
	"image"
	"math"
	"slices"
	"strconv"

	"github.com/saysee/saysee/annot"
)

// The measures of tags, in design pixels.
const (
	tagHeight   = 20
	tagPad      = 6
	tagGap      = 5
	tagText     = 12
	tagRadius   = 4
	tagSwatch   = 10
	tagIcon     = 12
	tagMost     = 240 // a longer name is cut
	dotRadius   = 4
	dotBelow    = 96 // boxes narrower than this get a dot where tags are sparse
	nothingTill = 40 // and narrower than this nothing

	// coverMost is the part of the photo that tags may cover. In a crowd the best get tags, the rest dots;
	// tagsAlways is how many are no crowd on a photo of any size.
	coverMost  = 0.125
	tagsAlways = 12
	// capHeight is the height of Inter's capitals, by which text is centred.
	capHeight = 0.727
)

// tag is an entry's tag or dot.
type tag struct {
	entry *entry
	rect  image.Rectangle
	name  fitted
	score *run // nil for none
	dot   bool
	brief bool // only the glyph
}

// scoreTexts holds "0.00" to "1.00".
var scoreTexts = func() (t [101]string) {
	for i := range t {
		t[i] = strconv.FormatFloat(float64(i)/100, 'f', 2, 64)
	}
	return t
}()

// layTags fills p.tags in the order in which they are placed: the selected first, then by score, then by
// size.
func (p *Painter) layTags(f *frame, classes []annot.Class, opt Options) {
	p.tags = p.tags[:0]
	for i := range p.entries {
		p.tags = append(p.tags, tag{entry: &p.entries[i]})
	}
	slices.SortStableFunc(p.tags, func(a, b tag) int {
		return cmp.Or(
			cmp.Compare(b.entry.focus, a.entry.focus),
			cmp.Compare(rank(b.entry.region), rank(a.entry.region)),
			cmp.Compare(b.entry.area, a.entry.area),
		)
	})
	budget := coverMost * float64(f.photo.Dx()*f.photo.Dy())
	limit := math.Inf(1)
	n, full := 0, 0
	for _, t := range p.tags {
		if !p.place(f, &t, classes, opt, limit) {
			continue
		}
		if !t.dot {
			budget -= float64(t.rect.Dx() * t.rect.Dy())
			if full++; full >= tagsAlways {
				limit = budget
			}
		}
		p.tags[n] = t
		n++
	}
	p.tags = p.tags[:n]
}

// rank puts what a person made before what a model is sure of.
func rank(r *annot.Region) float64 {
	if r.Source.Maker != annot.ByModel || math.IsNaN(r.Score) {
		return 1
	}
	return r.Score
}

// place decides what an entry gets and where. It returns false for nothing. A full tag may cover no more
// pixels than limit says.
func (p *Painter) place(f *frame, t *tag, classes []annot.Class, opt Options, limit float64) bool {
	e := t.entry
	if !touches(e.box, f.photo) {
		return false
	}
	seen := float64(e.box.Intersect(f.photo).Dx()) / f.unit // the width in design pixels
	small := opt.Dots && e.focus == NoFocus && e.sized() && seen < dotBelow
	if small && seen < nothingTill {
		return false
	}
	t.brief = small && e.look.verdictGlyph()
	if (!small || t.brief) && p.placeFull(f, t, classes, opt, limit) {
		return true
	}
	return seen >= nothingTill && t.asDot(f) && p.places.Free(t.rect)
}

// placeFull finds a place for the tag with its text, or with only its sign.
func (p *Painter) placeFull(f *frame, t *tag, classes []annot.Class, opt Options, limit float64) bool {
	w, h := p.measure(f, t, classes, opt), f.px(tagHeight)
	if t.entry.focus != Selected && float64(w*h) > limit {
		return false
	}
	box := t.entry.box
	if _, ok := t.entry.region.Shape.(annot.Point); ok {
		box = box.Inset(-f.px(dotRadius)) // the dot is drawn around the point
	}
	var ok bool
	t.rect, ok = p.places.Place(box, w, h, f.unit)
	return ok
}

// verdictGlyph reports whether the sign alone says what matters.
func (l *look) verdictGlyph() bool {
	return l.glyph == tickGlyph || l.glyph == crossGlyph || l.glyph == ringGlyph
}

// asDot puts a dot just inside the box's top-left corner.
func (t *tag) asDot(f *frame) bool {
	r := t.entry.box.Intersect(f.photo)
	d := f.px(2 * dotRadius)
	in := f.px(6)
	t.dot = true
	t.rect = image.Rect(r.Min.X+in, r.Min.Y+in, r.Min.X+in+d, r.Min.Y+in+d)
	return t.rect.In(r)
}

// measure lays the tag's text out and returns its width in pixels.
func (p *Painter) measure(f *frame, t *tag, classes []annot.Class, opt Options) int {
	u, l := f.unit, &t.entry.look
	if t.brief {
		return f.px(tagHeight)
	}
	w := 2 * tagPad * u
	if l.darkTag {
		w += (tagSwatch + tagGap) * u
	}
	if l.glyph != noGlyph {
		w += (tagIcon + tagGap) * u
	}
	t.score = nil
	if r := t.entry.region; opt.Scores && l.score && r.Source.Maker == annot.ByModel && !math.IsNaN(r.Score) {
		t.score = p.text.layout(scoreTexts[int(math.Round(min(max(r.Score, 0), 1)*100))], regular, tagText*u)
		w += tagGap*u + t.score.width
	}
	weight := semiBold
	if l.darkTag {
		weight = regular
	}
	room := min(float64(f.photo.Dx())/2, tagMost*u) - w
	t.name = p.text.cut(className(classes, t.entry.region.Class), weight, tagText*u, room)
	return int(math.Ceil(w + t.name.width))
}

func className(classes []annot.Class, i int) string {
	if i < 0 || i >= len(classes) {
		return "#" + strconv.Itoa(i)
	}
	return classes[i].Name
}

// drawTags paints the tags, the least important first, so that no dot hides a tag.
func (p *Painter) drawTags(c *canvas, f *frame) {
	for i := range p.tags {
		if t := &p.tags[len(p.tags)-1-i]; t.dot {
			mid := float64(t.rect.Dx()) / 2
			p.strokes.dot(c, float64(t.rect.Min.X)+mid, float64(t.rect.Min.Y)+mid, dotRadius*f.unit, f.unit, &t.entry.look)
		}
	}
	for i := range p.tags {
		if t := &p.tags[i]; !t.dot {
			p.drawTag(c, f, t)
		}
	}
}

func (p *Painter) drawTag(c *canvas, f *frame, t *tag) {
	u, l := f.unit, &t.entry.look
	back, ink, alpha := l.color, TextOn(l.color), uint32(256)
	if l.darkTag {
		back, ink, alpha = panel, lightInk, opacity(0.9)
	}
	c.round(t.rect, tagRadius*u, paintOf(back), alpha)
	x, mid := float64(t.rect.Min.X)+tagPad*u, (t.rect.Min.Y+t.rect.Max.Y)/2
	if t.brief {
		p.icon(c, f, l.glyph, float64(t.rect.Min.X+t.rect.Max.X)/2-tagIcon*u/2, float64(mid)-tagIcon*u/2, ink)
		return
	}
	if l.darkTag {
		p.swatch(c, f, x, mid, l)
		x += (tagSwatch + tagGap) * u
	}
	if l.verdictGlyph() {
		p.icon(c, f, l.glyph, x, float64(mid)-tagIcon*u/2, ink)
		x += (tagIcon + tagGap) * u
	}
	base := baseline(t.rect, tagText*u)
	p.text.put(c, t.name, x, base, paintOf(ink))
	x += t.name.width + tagGap*u
	if t.score != nil {
		p.text.draw(c, t.score, len(t.score.glyphs), x, base, paintOf(ink))
		x += t.score.width + tagGap*u
	}
	if l.glyph == padlockGlyph {
		p.icon(c, f, l.glyph, x, float64(mid)-tagIcon*u/2, ink)
	}
}

// baseline returns the row on which text of the given size stands so that its capitals are centred in r.
func baseline(r image.Rectangle, size float64) int {
	return int(math.Round((float64(r.Min.Y+r.Max.Y) + capHeight*size) / 2))
}

// swatch paints the class's colour as a small square around the height mid; as a frame when the colour is
// the second of its kind.
func (p *Painter) swatch(c *canvas, f *frame, x float64, mid int, l *look) {
	s := f.px(tagSwatch)
	x0, y0 := int(math.Round(x)), mid-s/2
	r := image.Rect(x0, y0, x0+s, y0+s)
	c.round(r, 2*f.unit, paintOf(l.color), 256)
	if l.ringed {
		c.round(r.Inset(f.px(2)), f.unit, paintOf(panel), 256)
	}
}
