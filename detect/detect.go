// Package detect finds boxes by words. A family (a sub-package) encodes a photo once; asking it with other
// words is cheap, and choosing among what it found (thresholds, NMS, switched-off classes) is plain Go.
package detect

import (
	"context"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/prompt/ground"
)

// Detector is a family's network, ready to encode photos. It may be used from several goroutines.
type Detector interface {
	// Pack returns the pack that the detector runs.
	Pack() *model.Pack
	// Encode runs the image stage on the views of one photo. The views must outlive the encoding.
	Encode(ctx context.Context, views []*model.View) (Encoding, error)
}

// Limiter is a Detector that can look at fewer proposals, for less work.
type Limiter interface {
	// Limit sets how many a canvas yields at most, 0 for the usual number. It is called before the first Encode.
	Limit(most int)
}

// Encoding is a photo as a detector sees it.
type Encoding interface {
	// Ask compares the photo with the words of the classes. The result holds everything that any
	// threshold could let through.
	Ask(ctx context.Context, classes []annot.Class) (*Candidates, error)
	// Masks gives each region a mask, where the family has a mask head. A mask that was made before is
	// taken from memory.
	Masks(ctx context.Context, found []Found) error
	// Release gives the encoding's memory back.
	Release()
}

// Exemplary is an Encoding whose family sees each box as a vector, so that a box can ask for more like itself.
type Exemplary interface {
	// Example returns what the family sees in a box of the photo, in photo pixels; false where it sees nothing
	// of that extent. Ask finds a class that has it among its Examples.
	Example(box annot.Box) (annot.Example, bool)
}

// Masker is an Encoding whose family can fill any box with a mask, not only those that it found.
type Masker interface {
	// Mask returns the mask of what a box of the photo, in photo pixels, is around. It may be empty.
	Mask(ctx context.Context, box annot.Box) (annot.Mask, error)
}

// Found is a region and the candidate that it came from.
type Found struct {
	annot.Region
	Candidate int
}

// Regions strips the candidates' numbers.
func Regions(found []Found) []annot.Region {
	regions := make([]annot.Region, len(found))
	for i, f := range found {
		regions[i] = f.Region
	}
	return regions
}

// Grounder is an Encoding whose family reads a person's own sentence.
type Grounder interface {
	// Ground finds each phrase of the sentence. The candidates' classes are the phrases, in the person's own
	// words. The error wraps ground.ErrNoPhrase for a sentence without any.
	Ground(ctx context.Context, sentence ground.Caption) (*Candidates, error)
}
