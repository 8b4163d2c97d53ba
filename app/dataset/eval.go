package dataset

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/atomic"
	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/app/cli"
	"github.com/saysee/saysee/eval"
	"github.com/saysee/saysee/eval/files"
	"github.com/saysee/saysee/eval/report"
)

// Predictor finds things in photos, as a model does.
type Predictor interface {
	// Predict returns what it finds in the photo at path, with indices into the classes it was made for.
	Predict(ctx context.Context, path string) ([]annot.Region, error)
	Close() error
}

// Finder makes a Predictor that looks for the words of --find and maps them to classes by name. Masks are
// made only when they are wanted, since they cost time.
type Finder func(ctx context.Context, find string, classes []string, masks bool) (Predictor, error)

var evalHelp = cli.Help{
	Name:     "saysee eval",
	Synopsis: "--truth FILE --predictions FILE [--masks] [--json] [--report FILE]",
	Summary:  "Compares predictions with the truth: COCO's average precision and recall, and what each class does best.",
	Details: `Truth and predictions may be in any format that "saysee convert" reads. Photos are matched by file name, classes
by name. For COCO files and results the numbers are those of pycocotools. They are fractions; -1 stands for a measure
that the truth does not define, such as AP of large objects where there are none.

Exit codes: 0 done, 1 failed, 2 arguments not understood, 3 done, but parts of the files were left out.`,
	Examples: []cli.Example{
		{Line: "saysee eval --truth instances.json --predictions results.json", Does: "prints AP, AR and a line for each class"},
		{Line: "saysee eval --truth labels/ --predictions found.json --masks --json", Does: "compares masks, prints JSON"},
		{Line: "saysee eval --truth t.json --predictions p.json --images photos/ --report report.html", Does: "also writes curves, confusions and the worst photos"},
	},
}

type evalFlags struct {
	truth, predictions, find string
	options                  files.Options
	masks, json, curves      bool
	report                   string
	worst                    int
	score                    *float64 // nil: what is best for each class
}

// Eval is the command "saysee eval" for files.
func Eval(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return EvalWith(ctx, nil, args, stdin, stdout, stderr)
}

// EvalWith is Eval that can also run a model: with a finder it takes --find in the place of --predictions.
func EvalWith(ctx context.Context, finder Finder, args []string, _ io.Reader, stdout, stderr io.Writer) int {
	f, code, ok := parseEval(finder != nil, args, stdout, stderr)
	if !ok {
		return code
	}
	pair, err := f.open(ctx, finder)
	if err != nil {
		return cli.Failed(stderr, evalHelp, err)
	}
	m, err := f.measure(ctx, pair)
	if err != nil {
		return cli.Failed(stderr, evalHelp, err)
	}
	if f.report != "" {
		if err := f.writeReport(pair, m); err != nil {
			return cli.Failed(stderr, evalHelp, err)
		}
	}
	printProblems(stderr, pair.Problems)
	if f.json {
		err = writeJSON(stdout, m.json(pair, f.curves))
	} else {
		err = m.print(stdout, f, pair)
	}
	switch {
	case err != nil:
		return cli.Failed(stderr, evalHelp, err)
	case len(pair.Problems) > 0:
		return cli.Problems
	}
	return cli.OK
}

func parseEval(canFind bool, args []string, stdout, stderr io.Writer) (f evalFlags, code int, ok bool) {
	fs := flag.NewFlagSet("eval", flag.ContinueOnError)
	fs.StringVar(&f.truth, "truth", "", "`file` or folder with the true labels")
	fs.StringVar(&f.predictions, "predictions", "", "`file` or folder with the predicted labels")
	fs.StringVar(&f.options.TruthFormat, "truth-format", "", "`format` of the truth, recognised by default; one of\n"+wrapped(format.Names(), helpWidth))
	fs.StringVar(&f.options.PredictionsFormat, "predictions-format", "", "`format` of the predictions, recognised by default")
	fs.StringVar(&f.options.Images, "images", "", "`folder` of the photos, the truth's by default")
	fs.BoolVar(&f.masks, "masks", false, "compare masks instead of boxes, and pixels: mIoU and accuracy")
	fs.BoolVar(&f.json, "json", false, "print JSON")
	fs.BoolVar(&f.curves, "curves", false, "with --json: precision at IoU .50 at the recalls 0, .01 … 1, for each class and all")
	fs.StringVar(&f.report, "report", "", "write a report to this HTML `file`")
	fs.IntVar(&f.worst, "worst", 12, "`number` of photos with the most errors to draw in the report")
	fs.Func("min-score", "lowest `score` that counts in the confusion matrix, photos and pixels\n(default: for each class that of its best F1)", func(s string) error {
		x, err := strconv.ParseFloat(s, 64)
		f.score = &x
		return err
	})
	if canFind {
		fs.StringVar(&f.find, "find", "", "run a model instead of reading predictions, and find these `words`")
	}
	paths, code, ok := cli.Args(fs, evalHelp, args, stdout, stderr)
	if !ok {
		return f, code, false
	}
	var err error
	switch {
	case len(paths) > 0:
		err = fmt.Errorf("what is %q? Files are given by --truth and --predictions", paths[0])
	case f.truth == "":
		err = errors.New("--truth is missing")
	case f.predictions == "" && f.find == "":
		err = errors.New("--predictions is missing")
	case f.predictions != "" && f.find != "":
		err = errors.New("--predictions and --find exclude each other")
	}
	if err != nil {
		return f, cli.Misused(stderr, evalHelp, err), false
	}
	if f.worst <= 0 {
		f.worst = -1
	}
	return f, cli.OK, true
}

// open reads the files, or reads the truth and runs the model.
func (f evalFlags) open(ctx context.Context, finder Finder) (*files.Pair, error) {
	if f.find == "" {
		return files.Open(f.truth, f.predictions, f.options)
	}
	pair, err := files.OpenTruth(f.truth, f.options)
	if err != nil {
		return nil, err
	}
	model, err := finder(ctx, f.find, pair.Classes, f.masks)
	if err != nil {
		return nil, err
	}
	err = predict(ctx, model, pair)
	return pair, errors.Join(err, model.Close())
}

// predict fills in the predictions. A photo that fails becomes a problem and has none.
func predict(ctx context.Context, model Predictor, pair *files.Pair) error {
	pair.ByBox = true
	for i := range pair.Photos {
		found, err := model.Predict(ctx, pair.Paths[i])
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			pair.Problems = append(pair.Problems, err.Error())
			continue
		}
		for _, r := range found {
			pair.ByBox = pair.ByBox && r.Shape == nil
		}
		pair.Photos[i].Predictions = found
	}
	return nil
}

// measures is all that the command says.
type measures struct {
	by          eval.Geometry
	result      *eval.Result
	cut         eval.Cut
	assignments []eval.Assignment
	pixels      *eval.Semantic // nil without --masks
}

func (f evalFlags) measure(ctx context.Context, pair *files.Pair) (*measures, error) {
	m := &measures{}
	if f.masks {
		m.by = eval.Masks
		if pair.ByBox {
			pair.Problems = append(pair.Problems, "the predictions have no masks; their boxes were taken for masks")
		}
		if n := withoutSize(pair.Photos); n > 0 {
			pair.Problems = append(pair.Problems, fmt.Sprintf("photos of unknown size, in which no mask counts: %d", n))
		}
	}
	var err error
	if m.result, err = eval.Evaluate(ctx, pair.Photos, len(pair.Classes), m.by); err != nil {
		return nil, err
	}
	m.cut = m.result.BestCut()
	if f.score != nil {
		m.cut = eval.UniformCut(len(pair.Classes), m.cut.IoU, *f.score)
	}
	if m.assignments, err = eval.AssignAll(ctx, pair.Photos, m.by, m.cut); err != nil {
		return nil, err
	}
	if f.masks {
		m.pixels, err = eval.EvaluatePixels(ctx, pair.Photos, len(pair.Classes), m.cut)
	}
	return m, err
}

func withoutSize(photos []eval.Photo) int {
	n := 0
	for _, p := range photos {
		if p.Width <= 0 || p.Height <= 0 {
			n++
		}
	}
	return n
}

func (f evalFlags) writeReport(pair *files.Pair, m *measures) error {
	paths := make(map[string]string, len(pair.Paths))
	for i, p := range pair.Photos {
		paths[p.Name] = pair.Paths[i]
	}
	predictions := "the model's, looking for " + f.find
	if f.predictions != "" {
		predictions = filepath.Base(f.predictions)
	}
	compared := "Boxes were compared."
	if f.masks {
		compared = "Masks were compared."
	}
	out, err := atomic.Create(f.report)
	if err != nil {
		return err
	}
	defer out.Abort()
	err = report.Write(out, report.Report{
		Title:   "Evaluation of " + filepath.Base(f.truth),
		Notes:   append([]string{"Predictions: " + predictions + ". " + compared}, firstProblems(pair.Problems)...),
		Classes: pair.Classes, Photos: pair.Photos, By: m.by, Result: m.result,
		Assignments: m.assignments, Cut: m.cut, Semantic: m.pixels, Worst: f.worst,
		Open: func(p eval.Photo) (image.Image, error) { return openPhoto(paths[p.Name]) },
	})
	if err != nil {
		return err
	}
	return out.Commit()
}

// summaryJSON has the names that everybody knows from COCO.
type summaryJSON struct {
	AP       float64 `json:"AP"`
	AP50     float64 `json:"AP50"`
	AP75     float64 `json:"AP75"`
	APSmall  float64 `json:"APs"`
	APMedium float64 `json:"APm"`
	APLarge  float64 `json:"APl"`
	AR1      float64 `json:"AR1"`
	AR10     float64 `json:"AR10"`
	AR100    float64 `json:"AR100"`
	ARSmall  float64 `json:"ARs"`
	ARMedium float64 `json:"ARm"`
	ARLarge  float64 `json:"ARl"`
}

type bestJSON struct {
	Score     float64 `json:"score"`
	F1        float64 `json:"f1"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
}

type classJSON struct {
	Name        string `json:"name"`
	Truth       int    `json:"truth"`
	Predictions int    `json:"predictions"`
	summaryJSON
	Best      *bestJSON `json:"best"` // null when nothing was found
	PixelIoU  *float64  `json:"pixelIoU,omitempty"`
	Precision []float64 `json:"precision,omitempty"`
}

type confusionJSON struct {
	IoU    float64   `json:"iou"`
	Scores []float64 `json:"scores"` // lowest score kept, by class
	Rows   [][]int   `json:"rows"`   // [truth][predicted], background last
}

type evalJSON struct {
	Photos      int    `json:"photos"`
	Truth       int    `json:"truth"`
	Predictions int    `json:"predictions"`
	Compared    string `json:"compared"`
	summaryJSON
	Best          *bestJSON     `json:"best"`
	MeanIoU       *float64      `json:"mIoU,omitempty"`
	MeanIoUAll    *float64      `json:"mIoUWithBackground,omitempty"`
	PixelAccuracy *float64      `json:"pixelAccuracy,omitempty"`
	Precision     []float64     `json:"precision,omitempty"`
	Classes       []classJSON   `json:"classes"`
	Confusion     confusionJSON `json:"confusion"`
	Problems      []string      `json:"problems"`
}

func (m *measures) json(pair *files.Pair, curves bool) evalJSON {
	all := &m.result.Overall
	out := evalJSON{
		Photos: len(pair.Photos), Truth: all.Truth, Predictions: all.Predictions, Compared: compared(m.by),
		summaryJSON: summaryJSON(all.Summary), Best: best(all.Best),
		Classes: []classJSON{}, Confusion: m.confusion(pair), Problems: append([]string{}, pair.Problems...),
	}
	if curves && all.Truth > 0 {
		out.Precision = all.Precision[0][:]
	}
	for i := range m.result.Classes {
		c := &m.result.Classes[i]
		one := classJSON{
			Name: pair.Classes[i], Truth: c.Truth, Predictions: c.Predictions,
			summaryJSON: summaryJSON(c.Summary), Best: best(c.Best),
		}
		if m.pixels != nil {
			iou := m.pixels.IoU(i)
			one.PixelIoU = &iou
		}
		if curves && c.Truth > 0 {
			one.Precision = c.Precision[0][:]
		}
		out.Classes = append(out.Classes, one)
	}
	if m.pixels != nil {
		mean, with, right := m.pixels.MeanIoU(), m.pixels.MeanIoUWithBackground(), m.pixels.PixelAccuracy()
		out.MeanIoU, out.MeanIoUAll, out.PixelAccuracy = &mean, &with, &right
	}
	return out
}

func compared(by eval.Geometry) string {
	if by == eval.Masks {
		return "masks"
	}
	return "boxes"
}

func best(p eval.Point) *bestJSON {
	if p.F1 == 0 {
		return nil
	}
	return &bestJSON{p.Score, p.F1, p.Precision, p.Recall}
}

func (m *measures) confusion(pair *files.Pair) confusionJSON {
	c := eval.NewConfusion(len(pair.Classes))
	for i, a := range m.assignments {
		c.Add(pair.Photos[i], a)
	}
	out := confusionJSON{IoU: m.cut.IoU, Scores: m.cut.Scores, Rows: make([][]int, c.Classes()+1)}
	for i := range out.Rows {
		for j := range c.Classes() + 1 {
			out.Rows[i] = append(out.Rows[i], c.At(i, j))
		}
	}
	return out
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(v)
}

// print writes the measures for people: percent, as papers have them.
func (m *measures) print(w io.Writer, f evalFlags, pair *files.Pair) error {
	all := &m.result.Overall
	var b strings.Builder
	fmt.Fprintf(&b, "%d photos, %d regions in the truth, %d predictions; %s compared, in percent\n\n",
		len(pair.Photos), all.Truth, all.Predictions, compared(m.by))
	s := all.Summary
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "AP\tAP50\tAP75\tAPs\tAPm\tAPl\tAR1\tAR10\tAR100\tARs\tARm\tARl\t\n")
	for _, x := range []float64{
		s.AP, s.AP50, s.AP75, s.APSmall, s.APMedium, s.APLarge, s.AR1, s.AR10, s.AR100, s.ARSmall, s.ARMedium, s.ARLarge,
	} {
		fmt.Fprintf(t, "%s\t", percent(x))
	}
	fmt.Fprintln(t)
	t.Flush()
	if m.pixels != nil {
		fmt.Fprintf(&b, "\nmIoU %s (%s with background), pixel accuracy %s\n",
			percent(m.pixels.MeanIoU()), percent(m.pixels.MeanIoUWithBackground()), percent(m.pixels.PixelAccuracy()))
	}
	if all.Best.F1 > 0 {
		fmt.Fprintf(&b, "\nBest single threshold %.3f: F1 %s, precision %s, recall %s at IoU .50\n",
			all.Best.Score, percent(all.Best.F1), percent(all.Best.Precision), percent(all.Best.Recall))
	}
	m.printClasses(&b, pair)
	if f.report != "" {
		fmt.Fprintf(&b, "\nReport: %s\n", f.report)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (m *measures) printClasses(b *strings.Builder, pair *files.Pair) {
	fmt.Fprintln(b)
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "truth\tpredicted\tAP\tAP50\tbest F1\tat score\t  class\n")
	for i := range m.result.Classes {
		c := &m.result.Classes[i]
		if c.Truth == 0 && c.Predictions == 0 {
			continue
		}
		f1, score := "-", "-"
		if c.Best.F1 > 0 {
			f1, score = percent(c.Best.F1), fmt.Sprintf("%.3f", c.Best.Score)
		}
		fmt.Fprintf(t, "%d\t%d\t%s\t%s\t%s\t%s\t  %s\n", c.Truth, c.Predictions, percent(c.AP), percent(c.AP50), f1, score, pair.Classes[i])
	}
	t.Flush()
}

func percent(x float64) string {
	if x == eval.Undefined {
		return "-"
	}
	return fmt.Sprintf("%.1f", 100*x)
}
