package annot

import "encoding/json"

// Shape is what a region covers when that is more than its box: a Point, Line, Polygon or Mask.
type Shape interface {
	// Bounds returns the smallest box known to hold the shape.
	Bounds() Box
	isShape()
}

// Line is an open polyline.
type Line []Point

// Ring is a closed outline without a repeated last point.
type Ring []Point

// Part is one connected piece of a polygon: an outline and the holes in it.
type Part struct {
	Outer Ring
	Holes []Ring
}

// Polygon is one object's outline, in one part or several.
type Polygon []Part

func (Point) isShape()   {}
func (Line) isShape()    {}
func (Polygon) isShape() {}
func (Mask) isShape()    {}

// Bounds returns the empty box at the point.
func (p Point) Bounds() Box { return Box{p.X, p.Y, p.X, p.Y} }

// Bounds returns the box around all points.
func (l Line) Bounds() Box { return boundsOf(l) }

// Bounds returns the box around all outlines.
func (p Polygon) Bounds() Box {
	var all []Point
	for _, part := range p {
		all = append(all, part.Outer...)
	}
	return boundsOf(all)
}

func boundsOf(pts []Point) Box {
	if len(pts) == 0 {
		return Box{}
	}
	b := Box{pts[0].X, pts[0].Y, pts[0].X, pts[0].Y}
	for _, p := range pts[1:] {
		b.X0, b.Y0 = min(b.X0, p.X), min(b.Y0, p.Y)
		b.X1, b.Y1 = max(b.X1, p.X), max(b.Y1, p.Y)
	}
	return b
}

// RegionID names a region within its document. It never changes and is never given twice; 0 is "not in
// a document yet".
type RegionID uint64

// Maker tells who made a region.
type Maker uint8

// The makers.
const (
	ByHand  Maker = iota // drawn or corrected by a person
	ByModel              // found by a model
	ByFile               // read from a file that does not tell
)

// Source is where a region comes from. It alone tells a model's region from a person's.
type Source struct {
	Maker  Maker
	Model  string // pack id, for ByModel
	Phrase string // the words that found it, for ByModel
}

// Review is how far a person has looked at a region.
type Review uint8

// The states of review.
const (
	Accepted  Review = iota // part of the labels
	Suggested               // a model's proposal that nobody has judged
)

// Region is one labelled thing in a photo.
type Region struct {
	ID    RegionID
	Class int // index into the document's class table
	// Box is the region's extent. For a hand-made shape it equals Shape.Bounds(); a model may state a
	// box of its own beside its mask.
	Box Box
	// Shape is nil for a plain box.
	Shape  Shape
	Score  float64 // in [0, 1]; only meaningful when a model made the region
	Source Source
	Review Review
	Track  int // identity over the frames of a video, 0 for none
	Locked bool
	Hidden bool
	// Extra holds fields of a file that Saysee does not know, so that a round trip keeps them.
	Extra map[string]json.RawMessage
}

// Class is a row of the class table: what is saved, and the words that find it.
type Class struct {
	Name string
	// Phrases are the words that find the class, never empty: at least the name itself.
	Phrases []string
	// Negatives are words for what the class is not; a region that matches one better is not this class.
	Negatives []string
	// Examples are regions that a person has pointed out: more like them are this class too.
	Examples []Example
	// Color is "#RRGGBB", or empty for the palette's colour of the class's index.
	Color string
}

// NamedClass returns a class that is found by its name.
func NamedClass(name string) Class { return Class{Name: name, Phrases: []string{name}} }

// NamedClasses returns classes that are found by their names.
func NamedClasses(names ...string) []Class {
	classes := make([]Class, len(names))
	for i, n := range names {
		classes[i] = NamedClass(n)
	}
	return classes
}

// Example is a region by which a class is found, as it is by words: what a detector sees in it, as a vector.
type Example struct {
	// Space names what made the vector. No other detector can compare it, so there the example finds nothing.
	Space  string
	Vector []float32 // of unit length
	Photo  string    // where the region is, for people
	Box    Box
}
