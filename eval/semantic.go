package eval

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/saysee/saysee/annot"
)

// Values of a LabelMap that are no class.
const (
	Background = uint16(0xfffe) // no class
	Void       = uint16(0xffff) // not to be judged
)

// LabelMap is a photo with one class index, Background or Void for each pixel, row by row.
type LabelMap struct {
	Width, Height int
	Pixels        []uint16
}

// PaintTruth makes a label map of a photo's truth. Where regions overlap the later one lies on top. Crowds
// are painted like others, as their pixels do show the class; ignored regions and the photo's Void are Void.
func PaintTruth(p Photo) LabelMap {
	m := blank(p)
	for _, t := range p.Truth {
		value := uint16(t.Class)
		if t.Ignore {
			value = Void
		}
		m.paint(maskOf(t.Region, p.Width, p.Height), value)
	}
	m.paint(p.Void, Void)
	return m
}

// PaintPredictions makes a label map of the predictions that cut keeps. Where they overlap, the higher
// score lies on top, and of equals the later one.
func PaintPredictions(p Photo, cut Cut) LabelMap {
	m := blank(p)
	order := indices(len(p.Predictions))
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(p.Predictions[a].Score, p.Predictions[b].Score)
	})
	for _, i := range order {
		if d := p.Predictions[i]; cut.keeps(d.Class, d.Score) {
			m.paint(maskOf(d, p.Width, p.Height), uint16(d.Class))
		}
	}
	return m
}

func blank(p Photo) LabelMap {
	w, h := max(p.Width, 0), max(p.Height, 0)
	return LabelMap{w, h, slices.Repeat([]uint16{Background}, w*h)}
}

func (m LabelMap) paint(mask annot.Mask, value uint16) {
	for s := range mask.Spans() {
		if s.X < 0 || s.X >= m.Width {
			continue
		}
		for y := max(s.Y0, 0); y < min(s.Y1, m.Height); y++ {
			m.Pixels[y*m.Width+s.X] = value
		}
	}
}

// ErrSize is the cause of an error about label maps that do not cover the same pixels.
var ErrSize = errors.New("label maps differ in size")

// Semantic counts pixels of label maps: of each class in the truth, what it was predicted as. Pixels that
// are Void in the truth do not count.
type Semantic struct {
	classes int
	counts  []int64 // [truth][predicted], background last
}

// NewSemantic returns an empty count over a table of classes.
func NewSemantic(classes int) *Semantic {
	return &Semantic{classes, make([]int64, (classes+1)*(classes+1))}
}

// Add counts one photo. A predicted Void pixel is background. The error wraps ErrSize or ErrClass, and
// nothing was counted then.
func (s *Semantic) Add(truth, predicted LabelMap) error {
	if truth.Width != predicted.Width || truth.Height != predicted.Height || len(truth.Pixels) != len(predicted.Pixels) {
		return fmt.Errorf("%w: truth %d × %d, prediction %d × %d",
			ErrSize, truth.Width, truth.Height, predicted.Width, predicted.Height)
	}
	for i, t := range truth.Pixels {
		if t != Void && (s.index(t) < 0 || s.index(predicted.Pixels[i]) < 0) {
			return fmt.Errorf("pixel (%d, %d): %w", i%truth.Width, i/truth.Width, ErrClass)
		}
	}
	for i, t := range truth.Pixels {
		if t != Void {
			s.counts[s.index(t)*(s.classes+1)+s.index(predicted.Pixels[i])]++
		}
	}
	return nil
}

// index returns a pixel's row or column, -1 when it is no class of the table.
func (s *Semantic) index(pixel uint16) int {
	switch {
	case pixel >= Background:
		return s.classes
	case int(pixel) >= s.classes:
		return -1
	}
	return int(pixel)
}

// Merge adds the counts of another Semantic over the same table.
func (s *Semantic) Merge(o *Semantic) {
	for i, n := range o.counts {
		s.counts[i] += n
	}
}

// IoU returns a class's intersection over union, Undefined when neither truth nor prediction has a pixel
// of it. The background is the class after the last.
func (s *Semantic) IoU(class int) float64 {
	var row, column int64
	for i := range s.classes + 1 {
		row += s.counts[class*(s.classes+1)+i]
		column += s.counts[i*(s.classes+1)+class]
	}
	both := s.counts[class*(s.classes+1)+class]
	if row+column == 0 {
		return Undefined
	}
	return float64(both) / float64(row+column-both)
}

// MeanIoU returns the mean over the classes that occur in truth or prediction, without the background, or
// Undefined.
func (s *Semantic) MeanIoU() float64 { return s.meanIoU(s.classes) }

// MeanIoUWithBackground is MeanIoU with the background as one more class, as VOC has it.
func (s *Semantic) MeanIoUWithBackground() float64 { return s.meanIoU(s.classes + 1) }

func (s *Semantic) meanIoU(classes int) float64 {
	sum, n := 0.0, 0
	for i := range classes {
		if x := s.IoU(i); x != Undefined {
			sum += x
			n++
		}
	}
	if n == 0 {
		return Undefined
	}
	return sum / float64(n)
}

// PixelAccuracy returns the fraction of pixels whose class is right, background among them, or Undefined.
func (s *Semantic) PixelAccuracy() float64 {
	var right, all int64
	for i, n := range s.counts {
		all += n
		if i%(s.classes+2) == 0 {
			right += n
		}
	}
	if all == 0 {
		return Undefined
	}
	return float64(right) / float64(all)
}

// EvaluatePixels counts the pixels of all photos with a size, on all processors. The error wraps ErrClass, or
// is the context's.
func EvaluatePixels(ctx context.Context, photos []Photo, classes int, cut Cut) (*Semantic, error) {
	all := NewSemantic(classes)
	chunks := (len(photos) + photosPerChunk - 1) / photosPerChunk
	var mu sync.Mutex
	var failed error
	err := parallel(ctx, chunks, func(c int) {
		part := NewSemantic(classes)
		var err error
		for _, p := range photos[c*photosPerChunk : min((c+1)*photosPerChunk, len(photos))] {
			if e := part.Add(PaintTruth(p), PaintPredictions(p, cut)); e != nil {
				err = fmt.Errorf("%s: %w", p.Name, e)
			}
		}
		mu.Lock()
		defer mu.Unlock()
		all.Merge(part)
		failed = cmp.Or(failed, err)
	})
	return all, cmp.Or(err, failed)
}
