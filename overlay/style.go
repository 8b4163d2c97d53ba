package overlay

import (
	"image/color"

	"github.com/saysee/saysee/annot"
)

// State is what a region is at the moment, which decides how it looks.
type State uint8

// The states of a region.
const (
	Found     State = iota // a model's answer on a finished picture or a live frame: solid, name and score
	Suggested              // a proposal to judge: dashed, dark tag, name and score
	Accepted               // part of the labels: solid, name
	Locked                 // accepted, and kept from change: padlock in the tag
	Correct                // in an evaluation, found and true
	Extra                  // in an evaluation, found but not true
	Missed                 // in an evaluation, true but not found
)

// Focus is whether the pointer or the keyboard is on a region.
type Focus uint8

// The degrees of focus.
const (
	NoFocus Focus = iota
	Hovered
	Selected
)

// Item is a region to draw. The region is only read.
type Item struct {
	Region *annot.Region
	State  State
	Focus  Focus
}

// AppendFound appends the regions to items, each in the state Found.
func AppendFound(items []Item, regions []annot.Region) []Item {
	for i := range regions {
		items = append(items, Item{Region: &regions[i], State: Found})
	}
	return items
}

// AppendReviewed appends the regions to items, each in the state that its review and its lock give it.
func AppendReviewed(items []Item, regions []annot.Region) []Item {
	for i := range regions {
		r, s := &regions[i], Accepted
		switch {
		case r.Review == annot.Suggested:
			s = Suggested
		case r.Locked:
			s = Locked
		}
		items = append(items, Item{Region: r, State: s})
	}
	return items
}

// Options says what to draw. The zero value draws nothing; start from Defaults.
type Options struct {
	Masks  bool // shapes: masks, polygons, lines and points, with their outlines
	Boxes  bool
	Labels bool // tags with the class's name
	Scores bool // the score in the tag, for the states that show one
	Legend bool // classes with colour and count, in the emptiest corner
	// Opacity is the strength of mask fills for a selected region, 0 to 1; other states weaken it.
	Opacity float64
	// Dots leaves out the tags of small boxes, as the window does, where hovering shows the full tag: under
	// 96 design pixels of width a dot, under 40 nothing.
	Dots bool
}

// Defaults returns the options for a picture to keep.
func Defaults() Options {
	return Options{Masks: true, Boxes: true, Labels: true, Scores: true, Legend: true, Opacity: 0.35}
}

// boxStyle is how much of a box is drawn.
type boxStyle uint8

const (
	boxFull boxStyle = iota
	boxTicks
)

// glyph is the sign in a tag.
type glyph uint8

const (
	noGlyph glyph = iota
	tickGlyph
	crossGlyph
	ringGlyph
	padlockGlyph
)

// dash is the lengths of a stroke and of the gap after it, in design pixels; no gap is a solid line.
type dash struct{ on, off float64 }

// look is everything that a state and a focus decide. Lengths are in design pixels.
type look struct {
	color     color.RGBA
	halo      color.RGBA
	haloAlpha uint32 // of 256
	outline   float64
	box       boxStyle
	boxWidth  float64
	dash      dash
	boxDash   dash
	fill      float64 // opacity of the mask's fill
	boxFill   float64 // opacity of the box's fill
	ringed    bool    // another class has the same colour
	darkTag   bool    // a dark tag with a swatch instead of a tag in the class's colour
	score     bool
	glyph     glyph
}

// lookOf turns window design, section 4, into numbers.
func lookOf(it Item, c color.RGBA, opacity float64) look {
	l := look{color: c, outline: 2, boxWidth: 1.5}
	shape := it.Region.Shape != nil
	if !shape {
		l.boxWidth = 2 // the box is the outline
	}
	strength := 0.85 // of the fill
	switch it.State {
	case Found:
		l.outline, l.boxWidth, strength, l.score = 1.5, 2, 1, true
	case Suggested:
		l.outline, l.boxWidth, strength = 1.5, 1.5, 0.5
		l.dash, l.darkTag, l.score = dash{6, 4}, true, true
	case Locked:
		l.glyph = padlockGlyph
	case Correct, Extra, Missed:
		l.verdict(it.State, shape)
		strength, opacity = 1, verdictFill
	}
	if shape && (it.State == Suggested || it.State == Locked) {
		l.box = boxTicks
	} else {
		l.boxDash = l.dash
	}
	switch it.Focus {
	case Hovered:
		strength = 1.1
		l.outline, l.box, l.boxDash = 2, boxFull, l.dash
	case Selected:
		strength = 1
		l.outline, l.boxWidth, l.box, l.boxDash = 2, 2, boxFull, l.dash
		if it.State == Suggested {
			l.dash, l.boxDash, l.darkTag = dash{}, dash{}, false
		}
	}
	l.fill = min(strength*opacity, 1)
	l.halo, l.haloAlpha = haloFor(l.color)
	return l
}

// verdictFill is the opacity of what an evaluation found wrong, and of the shapes in it.
const verdictFill = 0.12

func (l *look) verdict(s State, shape bool) {
	l.boxWidth = 2
	switch s {
	case Correct:
		l.color, l.glyph, l.score = correctColor, tickGlyph, true
		return
	case Extra:
		l.color, l.glyph, l.score, l.dash = extraColor, crossGlyph, true, dash{7, 4}
	case Missed:
		l.color, l.glyph, l.dash = missedColor, ringGlyph, dash{2, 3}
	}
	if !shape {
		l.boxFill = verdictFill
	}
}
