package format

import (
	"errors"
	"fmt"
	"slices"
)

// Feature names one thing that a format may be unable to hold.
type Feature uint8

// What can be lost, from the shapes to the remarks.
const (
	DroppedPoint Feature = iota
	DroppedLine
	DroppedParts
	SplitParts
	BridgedParts
	FilledHoles
	BridgedHoles
	ShapeAsBox
	RotatedAround
	ShapeAsMask
	MaskAsOutline
	BoxAsOutline
	ClippedAtBorder
	RoundedCorners
	HiddenPixels
	MergedInstances
	LostOwnBox
	LostScore
	LostSource
	LostReview
	LostTrack
	LostFlags
	LostState
	LostSplit
	LostEmptyPhoto
	LostUnlabelled
	LostExtra
	LostClasses
	LostPhrases
	RenamedClass
	featureCount
)

var featureText = [featureCount]string{
	DroppedPoint:    "points are left out",
	DroppedLine:     "lines are left out",
	DroppedParts:    "only the largest of several parts is written",
	SplitParts:      "parts of one object become objects of their own",
	BridgedParts:    "parts are joined by lines without width",
	FilledHoles:     "holes are filled",
	BridgedHoles:    "holes are opened by lines without width",
	ShapeAsBox:      "outlines and masks become their boxes",
	RotatedAround:   "shapes become the smallest rectangle around them",
	ShapeAsMask:     "shapes become pixels",
	MaskAsOutline:   "masks become outlines along their pixels",
	BoxAsOutline:    "boxes become outlines of four corners",
	ClippedAtBorder: "shapes are cut at the photo's border",
	RoundedCorners:  "corners are rounded outwards to whole pixels",
	HiddenPixels:    "pixels below other regions are lost",
	MergedInstances: "objects of one class merge",
	LostOwnBox:      "boxes are taken from the shapes",
	LostScore:       "scores are lost",
	LostSource:      "model and phrase of regions are lost",
	LostReview:      "the mark of regions that nobody has judged is lost",
	LostTrack:       "track numbers are lost",
	LostFlags:       "locked and hidden marks are lost",
	LostState:       "the state of photos is lost",
	LostSplit:       "the split of photos is lost",
	LostEmptyPhoto:  "photos without regions are left out",
	LostUnlabelled:  "photos without labels look like background",
	LostExtra:       "fields unknown to the format are lost",
	LostClasses:     "the order of classes, and classes without regions, are lost",
	RenamedClass:    "classes are renamed to fit the format",
	LostPhrases:     "phrases and colours of classes are lost",
}

// String describes the loss in a few words.
func (f Feature) String() string {
	if f < featureCount {
		return featureText[f]
	}
	return "unknown loss"
}

// Choice reports whether WriteOptions.Outlines changes what becomes of the feature.
func (f Feature) Choice() bool { return f >= DroppedParts && f <= BridgedHoles }

// Loss is one thing that a format cannot hold, and how often the dataset has it.
type Loss struct {
	Feature Feature
	Count   int    // regions, photos or classes
	Example string // the first photo
}

// String returns "outlines and masks become their boxes (12, first in a.jpg)".
func (l Loss) String() string {
	if l.Example == "" {
		return fmt.Sprintf("%v (%d)", l.Feature, l.Count)
	}
	return fmt.Sprintf("%v (%d, first in %s)", l.Feature, l.Count, l.Example)
}

// tally converts photos for one format and counts what that costs. fit may be called concurrently.
type tally struct {
	can     Capabilities
	o       WriteOptions
	classes int
	// cocoRule makes outlines to masks as COCO's own tools do, so that results agree with a truth in outlines.
	cocoRule bool
	rep      Report
	losses   [featureCount]Loss
}

func newTally(can Capabilities, ds *Dataset, o WriteOptions) *tally {
	t := &tally{can: can, o: o, classes: len(ds.Classes)}
	if !t.can.ClassTable && t.classes > 0 {
		t.lose(LostClasses, t.classes, "")
	}
	if !t.can.Phrases {
		for _, c := range ds.Classes {
			if len(c.Negatives) > 0 || c.Color != "" || len(c.Phrases) > 1 || len(c.Phrases) == 1 && c.Phrases[0] != c.Name {
				t.lose(LostPhrases, 1, "")
			}
		}
	}
	return t
}

func (t *tally) lose(f Feature, n int, example string) {
	l := &t.losses[f]
	if l.Count == 0 {
		l.Feature, l.Example = f, example
	}
	l.Count += n
}

// count adds a photo that has been written.
func (t *tally) count(f *fitted) {
	t.rep.Photos++
	t.rep.Regions += len(f.regions)
	for _, l := range f.losses {
		t.lose(l, 1, f.file)
	}
	room := max(maxProblems-len(t.rep.Problems), 0)
	t.rep.Problems = append(t.rep.Problems, f.problems[:min(room, len(f.problems))]...)
}

func (t *tally) report() *Report {
	for _, l := range t.losses {
		if l.Count > 0 {
			t.rep.Losses = append(t.rep.Losses, l)
		}
	}
	return &t.rep
}

// Losses says what of the dataset the format cannot hold, without writing anything. It reads all photos'
// regions once.
func Losses(ds *Dataset, f *Format, o WriteOptions) ([]Loss, error) {
	if f.write == nil {
		return nil, errors.ErrUnsupported
	}
	t := newTally(f.Can, ds, o)
	for fit, err := range inOrder(ds.Photos, func(p Photo) fitted { return t.fit(&p) }) {
		if err != nil {
			return nil, err
		}
		t.count(&fit)
	}
	return slices.Clip(t.report().Losses), nil
}
