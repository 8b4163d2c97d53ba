package eval

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/saysee/saysee/annot"
)

// ErrClass is the cause of an error about a region whose class is not in the table.
var ErrClass = errors.New("class is not in the table")

// ErrAreas is the cause of an error about a photo whose PredictedAreas do not fit its Predictions.
var ErrAreas = errors.New("areas do not fit the predictions")

// Geometry is what of a region is compared.
type Geometry uint8

// The geometries.
const (
	Boxes Geometry = iota // the regions' boxes
	Masks                 // the pixels that the regions' shapes cover
)

// Photo is one photo's truth beside what was predicted for it.
type Photo struct {
	Name          string // as reports show it
	Width, Height int    // in pixels; masks are cut to them
	Truth         []Truth
	Predictions   []annot.Region
	// PredictedAreas is nil, or has for each prediction the area in square pixels that decides whether it is
	// small, medium or large. Nil stands for the areas in the geometry that is compared.
	PredictedAreas []float64
	// Void holds pixels that measures of pixels do not judge, such as the 255 of VOC's masks.
	Void annot.Mask
}

// Truth is a region that is known to be there.
type Truth struct {
	annot.Region
	// Area in square pixels decides whether the region counts as small, medium or large. COCO files state
	// it, and it is not the box's. 0 stands for the area of the shape, or of the box when there is none.
	Area float64
	// Crowd marks a region around many things of the class (COCO's iscrowd): any number of predictions may
	// lie in it, and none of them counts.
	Crowd bool
	// Ignore marks a region that need not be found and whose prediction does not count (VOC's difficult).
	Ignore bool
}

// Undefined is the value of a measure that has nothing to measure: a class without truth. pycocotools
// uses the same number.
const Undefined = -1.0

// Summary holds COCO's twelve numbers, each a fraction in [0, 1] or Undefined.
type Summary struct {
	AP       float64 // average precision: mean over IoU .50:.05:.95, areas and classes
	AP50     float64 // at IoU .50
	AP75     float64 // at IoU .75
	APSmall  float64 // for truth up to 32² pixels
	APMedium float64 // from 32² to 96²
	APLarge  float64 // from 96²
	AR1      float64 // average recall with the best prediction per photo and class
	AR10     float64 // with the best ten
	AR100    float64 // with the best hundred
	ARSmall  float64 // with the best hundred, by area as above
	ARMedium float64
	ARLarge  float64
}

// Point is a place on a precision-recall curve: what holds when all predictions of Score and above are
// kept.
type Point struct{ Score, Precision, Recall, F1 float64 }

// ClassResult is what was measured for one class, or for all classes together.
type ClassResult struct {
	Truth       int // regions to be found, without crowds and ignored ones
	Predictions int // predictions, at most MaxPredictions per photo
	Summary
	// Precision is pycocotools' interpolated precision for all areas: of each IoU threshold (IoUThreshold)
	// at each recall (RecallThreshold).
	Precision [IoUThresholds][RecallThresholds]float64
	// Curve holds the points of all distinct scores at IoU .50, highest score first.
	Curve []Point
	// Best is the point of the curve with the highest F1, the one of the highest score among equals. It is
	// the zero Point when nothing was found.
	Best Point
}

// Result is what Evaluate measured.
type Result struct {
	// Overall.Summary is the mean over the classes that have truth. Overall's curve and counts pool all
	// classes' predictions, those of classes without truth excepted.
	Overall ClassResult
	Classes []ClassResult // by class index
}

// Evaluate compares the predictions for photos with their truth, over a table of the given number of
// classes, on all processors. Photos' order only decides between predictions of equal score, and
// regions' order in a photo likewise; pycocotools goes through photos by ascending image id.
//
// The error wraps ErrClass or ErrAreas, or is the context's.
func Evaluate(ctx context.Context, photos []Photo, classes int, by Geometry) (*Result, error) {
	for _, p := range photos {
		if err := checkPhoto(p, classes); err != nil {
			return nil, err
		}
	}
	chunks, err := matchAll(ctx, photos, classes, by)
	if err != nil {
		return nil, err
	}
	r := &Result{Classes: make([]ClassResult, classes)}
	pools := make([]pool, classes)
	err = parallel(ctx, classes, func(class int) {
		all := &tally{}
		for i := range chunks {
			all.join(&chunks[i][class])
		}
		r.Classes[class], pools[class] = accumulate(all)
	})
	if err != nil {
		return nil, err
	}
	r.Overall = overall(r.Classes, pools)
	return r, nil
}

func checkPhoto(p Photo, classes int) error {
	for i, t := range p.Truth {
		if t.Class < 0 || t.Class >= classes {
			return fmt.Errorf("%s: truth %d: %w: %d of %d", p.Name, i, ErrClass, t.Class, classes)
		}
	}
	if p.PredictedAreas != nil && len(p.PredictedAreas) != len(p.Predictions) {
		return fmt.Errorf("%s: %w: %d areas for %d predictions", p.Name, ErrAreas, len(p.PredictedAreas), len(p.Predictions))
	}
	for i, d := range p.Predictions {
		if d.Class < 0 || d.Class >= classes {
			return fmt.Errorf("%s: prediction %d: %w: %d of %d", p.Name, i, ErrClass, d.Class, classes)
		}
	}
	return nil
}

// photosPerChunk is small enough to keep all processors busy to the end and to notice a cancelled
// context, and large enough that a chunk's tallies cost little beside its matching.
const photosPerChunk = 256

// matchAll matches each photo's predictions and returns the tallies of each class, [chunk][class], where
// chunks are consecutive photos.
func matchAll(ctx context.Context, photos []Photo, classes int, by Geometry) ([][]tally, error) {
	chunks := make([][]tally, (len(photos)+photosPerChunk-1)/photosPerChunk)
	err := parallel(ctx, len(chunks), func(c int) {
		chunks[c] = make([]tally, classes)
		var m matcher
		for i := c * photosPerChunk; i < min((c+1)*photosPerChunk, len(photos)); i++ {
			for _, g := range groupsOf(&photos[i]) {
				m.add(&chunks[c][g.class], &photos[i], g, by)
			}
		}
	})
	return chunks, err
}

// parallel calls do(0) … do(n-1) on all processors and waits for them. After the context's end no more
// calls begin, and its error is returned.
func parallel(ctx context.Context, n int, do func(int)) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
	return ctx.Err()
}
