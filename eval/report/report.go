// Package report writes an evaluation as one HTML file that needs nothing else: plots and drawings are
// inline SVG, photos are embedded.
package report

import (
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"image"
	"io"
	"slices"
	"strconv"

	"github.com/saysee/saysee/eval"
)

// Report is what is written. Only Result, Classes and Photos must be given.
type Report struct {
	Title   string
	Notes   []string // sentences under the title, such as where the files came from
	Classes []string // names by class index
	Photos  []eval.Photo
	By      eval.Geometry
	Result  *eval.Result
	// Assignments tell of each photo, by its index, what was right at Cut. Without them there is no
	// confusion matrix and no photo.
	Assignments []eval.Assignment
	Cut         eval.Cut
	Semantic    *eval.Semantic // pixel measures, may be nil
	// Open reads a photo, EXIF-upright. It may be nil, and it may fail: then boxes are drawn on grey.
	Open func(eval.Photo) (image.Image, error)
	// Worst is how many photos with the most errors are drawn, 0 for twelve, negative for none.
	Worst int
}

const defaultWorst = 12

// ErrIncomplete is the cause of an error about a Report whose parts do not belong together.
var ErrIncomplete = errors.New("report is incomplete")

//go:embed report.html
var page string

var pageTemplate = template.Must(template.New("report").Parse(page))

// Write writes the report. The error wraps ErrIncomplete, or is w's.
func Write(w io.Writer, r Report) error {
	switch {
	case r.Result == nil || len(r.Result.Classes) != len(r.Classes):
		return fmt.Errorf("%w: %d classes are named, and another number was measured", ErrIncomplete, len(r.Classes))
	case r.Assignments != nil && len(r.Assignments) != len(r.Photos):
		return fmt.Errorf("%w: %d photos with %d assignments", ErrIncomplete, len(r.Photos), len(r.Assignments))
	}
	v := view{
		Title: r.Title, Notes: r.Notes, Photos: len(r.Photos),
		Truth: r.Result.Overall.Truth, Predictions: countPredictions(r.Photos),
		Summary: summaryRows(r.Result.Overall.Summary), Best: r.Result.Overall.Best,
		Classes: classRows(r),
	}
	if v.Title == "" {
		v.Title = "Evaluation"
	}
	var err error
	if v.Plots, err = plots(r); err != nil {
		return err
	}
	if r.Semantic != nil {
		v.Pixels = pixelRows(r.Semantic)
	}
	if r.Assignments != nil {
		c := eval.NewConfusion(len(r.Classes))
		for i, a := range r.Assignments {
			c.Add(r.Photos[i], a)
		}
		v.Mistakes = mistakes(c, r.Classes)
		figure, err := confusionPlot(c, r.Classes)
		if err != nil {
			return err
		}
		v.Plots = append(v.Plots, figure)
		v.Worst = worst(r)
	}
	return pageTemplate.Execute(w, v)
}

// view is what the template reads.
type view struct {
	Title                      string
	Notes                      []string
	Photos, Truth, Predictions int
	Best                       eval.Point
	Summary, Pixels            []row
	Classes                    []classRow
	Plots                      []figure
	Mistakes                   []mistake
	Worst                      []drawing
}

type row struct{ Name, Value, Meaning string }

type classRow struct {
	Name                   string
	Truth, Predictions     int
	AP, AP50, AP75, Recall string
	F1, Score              string
	PixelIoU               string // empty without pixel measures
}

type mistake struct {
	Truth, Predicted string
	Count            int
}

func countPredictions(photos []eval.Photo) int {
	n := 0
	for _, p := range photos {
		n += len(p.Predictions)
	}
	return n
}

// percent writes a fraction as readers compare it, and a dash for what is undefined.
func percent(x float64) string {
	if x == eval.Undefined {
		return "–"
	}
	return strconv.FormatFloat(100*x, 'f', 1, 64)
}

func summaryRows(s eval.Summary) []row {
	return []row{
		{"AP", percent(s.AP), "mean over IoU .50:.05:.95"},
		{"AP50", percent(s.AP50), "at IoU .50"},
		{"AP75", percent(s.AP75), "at IoU .75"},
		{"AP small", percent(s.APSmall), "up to 32² pixels"},
		{"AP medium", percent(s.APMedium), "32² to 96² pixels"},
		{"AP large", percent(s.APLarge), "from 96² pixels"},
		{"AR 1", percent(s.AR1), "best prediction per photo and class"},
		{"AR 10", percent(s.AR10), "best ten"},
		{"AR 100", percent(s.AR100), "best hundred"},
		{"AR small", percent(s.ARSmall), "up to 32² pixels"},
		{"AR medium", percent(s.ARMedium), "32² to 96² pixels"},
		{"AR large", percent(s.ARLarge), "from 96² pixels"},
	}
}

func pixelRows(s *eval.Semantic) []row {
	return []row{
		{"mIoU", percent(s.MeanIoU()), "mean over classes"},
		{"mIoU with background", percent(s.MeanIoUWithBackground()), "background as one more class"},
		{"Pixel accuracy", percent(s.PixelAccuracy()), "background included"},
	}
}

// classRows lists the classes that occur at all, the most frequent in the truth first.
func classRows(r Report) []classRow {
	var rows []classRow
	for _, i := range byTruth(r.Result) {
		c := &r.Result.Classes[i]
		if c.Truth == 0 && c.Predictions == 0 {
			continue
		}
		row := classRow{
			Name: r.Classes[i], Truth: c.Truth, Predictions: c.Predictions,
			AP: percent(c.AP), AP50: percent(c.AP50), AP75: percent(c.AP75), Recall: percent(c.AR100),
			F1: "–", Score: "–",
		}
		if c.Best.F1 > 0 {
			row.F1, row.Score = percent(c.Best.F1), strconv.FormatFloat(c.Best.Score, 'f', 3, 64)
		}
		if r.Semantic != nil {
			row.PixelIoU = percent(r.Semantic.IoU(i))
		}
		rows = append(rows, row)
	}
	return rows
}

// byTruth returns the class indices, the most frequent in the truth first.
func byTruth(r *eval.Result) []int {
	order := make([]int, len(r.Classes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return r.Classes[b].Truth - r.Classes[a].Truth })
	return order
}

const maxMistakes = 20

// mistakes lists what is taken for something else most often.
func mistakes(c *eval.Confusion, names []string) []mistake {
	var list []mistake
	for i := range c.Classes() {
		for j := range c.Classes() {
			if n := c.At(i, j); i != j && n > 0 {
				list = append(list, mistake{names[i], names[j], n})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b mistake) int { return b.Count - a.Count })
	return list[:min(len(list), maxMistakes)]
}
