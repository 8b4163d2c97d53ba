// Package segment finds what each pixel shows, by words. A family (a sub-package) encodes a photo once;
// asking with other words is cheap, and turning logits into regions is plain Go.
package segment

import (
	"context"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/model"
)

// Segmenter is a family's network, ready to encode photos. It may be used from several goroutines.
type Segmenter interface {
	// Pack returns the pack that the segmenter runs.
	Pack() *model.Pack
	// Encode runs the image stage on the views of one photo. The views must outlive the encoding.
	Encode(ctx context.Context, views []*model.View) (Encoding, error)
}

// Encoding is a photo as a segmenter sees it.
type Encoding interface {
	// Ask compares every pixel with the words of the classes.
	Ask(ctx context.Context, classes []annot.Class) (*Logits, error)
	// Release gives the encoding's memory back. Logits that were asked for stay valid.
	Release()
}

// Sizer is a Segmenter that sees all of a photo in several sizes, a view each.
type Sizer interface {
	// Sizes returns the sizes of the pack's image rule, nil for its own alone.
	Sizes() []int
}
