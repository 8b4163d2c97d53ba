package pipeline

import (
	"context"
	"image"
	"math"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/segment"
)

// leastPainted is the share of a box that must be painted for the paint to be its mask.
const leastPainted = 0.05

// paint makes masks of what the segmenter sees in boxes: the pixels of a box that are most like its class among the
// classes of all boxes. It is one question more, of words that are known by then.
func (a *Analysis) paint(ctx context.Context, q Question, boxes []detect.Found) error {
	var classes []annot.Class
	at := map[int]int{}
	for _, b := range boxes {
		if _, known := at[b.Class]; !known {
			at[b.Class] = len(classes)
			classes = append(classes, q.Classes[b.Class])
		}
	}
	logits, err := a.pixels.Ask(ctx, classes)
	if err != nil {
		return err
	}
	labels := logits.Labels(0, nil, nil)
	for i := range boxes {
		m := painted(labels, at[boxes[i].Class], boxes[i].Box)
		if float64(m.Area()) >= leastPainted*boxes[i].Box.Area() && m.Area() > 0 {
			boxes[i].Shape = m
		}
	}
	return nil
}

// painted is the mask of the pixels in a box that bear a label.
func painted(l *segment.Labels, label int, b annot.Box) annot.Mask {
	r := image.Rect(int(math.Floor(b.X0)), int(math.Floor(b.Y0)), int(math.Ceil(b.X1)), int(math.Ceil(b.Y1)))
	r = r.Intersect(image.Rectangle{Max: l.Size})
	return annot.MaskFromSpans(r, func(yield func(annot.Span) bool) {
		for x := r.Min.X; x < r.Max.X; x++ {
			for y := r.Min.Y; y < r.Max.Y; {
				from := y
				for y < r.Max.Y && int(l.Pix[y*l.Size.X+x]) == label {
					y++
				}
				if from < y && !yield(annot.Span{X: x, Y0: from, Y1: y}) {
					return
				}
				y++
			}
		}
	})
}
