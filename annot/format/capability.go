package format

// Holes says how a format holds an outline with holes.
type Holes uint8

// The ways of holding holes.
const (
	NoHoles    Holes = iota // not at all; Outline decides
	AsMask                  // as a raster mask, exact to the pixel
	ExactHoles              // as outlines
)

// Capabilities say what a format can hold. Whatever it cannot is converted to the nearest thing that it
// can, or dropped, and counted by Losses.
type Capabilities struct {
	Boxes    bool // plain boxes; otherwise they become four-cornered outlines, or masks
	Rotated  bool // only rectangles in any direction: other shapes become the smallest around them
	Polygons bool // outlines; otherwise they become masks where there are masks, else boxes
	Masks    bool // raster masks; otherwise they become outlines along the pixels' edges, else boxes
	Points   bool
	Lines    bool
	Holes    Holes
	Parts    bool // one region in several parts
	OwnBox   bool // a box that differs from the bounds of the shape beside it

	Fractions bool // coordinates between pixels
	Overlaps  bool // a pixel in more than one region
	Instances bool // regions of one class stay apart where they touch
	Scores    bool
	Sources   bool // who made a region, with model and phrase
	Reviews   bool // suggested or accepted
	Tracks    bool
	Flags     bool // locked and hidden

	States      bool // of photos: suggested, checked
	Splits      bool
	Sizes       bool // of photos; otherwise the photo itself is needed when reading
	EmptyPhotos bool // photos without regions
	Unlabelled  bool // the difference between no regions and not labelled
	ClassTable  bool // the order of classes, and classes that no region has
	Phrases     bool // phrases, negatives and colours of classes
	Folders     bool // photos in sub-folders
	Extra       bool // unknown fields of regions
	PlainExtra  bool // of these, only words, numbers, booleans, and what was read as XML
	PhotoExtra  bool // unknown fields of photos
}
