package report

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/saysee/saysee/eval"
)

// figure is a plot with its caption.
type figure struct {
	SVG     template.HTML
	Caption string
}

// curveClasses is how many classes get a line of their own: more cannot be told apart.
const curveClasses = 8

// palette is Okabe and Ito's, which colour-blind readers can tell apart.
var palette = []color.Color{
	color.RGBA{0, 114, 178, 255},
	color.RGBA{230, 159, 0, 255},
	color.RGBA{0, 158, 115, 255},
	color.RGBA{204, 121, 167, 255},
	color.RGBA{86, 180, 233, 255},
	color.RGBA{213, 94, 0, 255},
	color.RGBA{160, 150, 40, 255},
	color.RGBA{120, 120, 120, 255},
}

type line struct {
	name   string
	points plotter.XYs
	color  color.Color
	width  vg.Length
}

// plots draws the precision-recall curves and F1 by threshold.
func plots(r Report) ([]figure, error) {
	var recall, f1 []line
	add := func(name string, c *eval.ClassResult, ink color.Color, width vg.Length) {
		if len(c.Curve) == 0 {
			return
		}
		recall = append(recall, line{name, precisionOverRecall(c), ink, width})
		f1 = append(f1, line{name, f1OverScore(c.Curve), ink, width})
	}
	order := byTruth(r.Result)
	for i, class := range order[:min(len(order), curveClasses)] {
		add(r.Classes[class], &r.Result.Classes[class], palette[i], vg.Points(1.2))
	}
	if len(r.Classes) > 1 {
		add("all classes", &r.Result.Overall, color.Black, vg.Points(2.2))
	}
	if len(recall) == 0 {
		return nil, nil
	}
	captions := [2]string{"Precision by recall at IoU .50, interpolated as for average precision.", "F1 by score threshold at IoU .50."}
	if len(order) > curveClasses {
		captions[0] += fmt.Sprintf(" The %d most frequent classes and the mean of all.", curveClasses)
		captions[1] += fmt.Sprintf(" The %d most frequent classes and all together.", curveClasses)
	}
	first, err := linePlot("Recall", "Precision", 0, 1, recall)
	if err != nil {
		return nil, err
	}
	low, high := scoreRange(f1)
	second, err := linePlot("Score threshold", "F1", low, high, f1)
	if err != nil {
		return nil, err
	}
	return []figure{{first, captions[0]}, {second, captions[1]}}, nil
}

func precisionOverRecall(c *eval.ClassResult) plotter.XYs {
	list := make(plotter.XYs, eval.RecallThresholds)
	for i := range list {
		list[i] = plotter.XY{X: eval.RecallThreshold(i), Y: c.Precision[0][i]}
	}
	return list
}

// curvePoints is how many points of a curve are drawn: more do not show.
const curvePoints = 400

func f1OverScore(curve []eval.Point) plotter.XYs {
	step := (len(curve) + curvePoints - 1) / curvePoints
	var list plotter.XYs
	for i := 0; i < len(curve); i += step {
		list = append(list, plotter.XY{X: curve[i].Score, Y: curve[i].F1})
	}
	last := curve[len(curve)-1]
	return append(list, plotter.XY{X: last.Score, Y: last.F1})
}

func scoreRange(lines []line) (low, high float64) {
	low, high = 0, 1
	for _, l := range lines {
		for _, p := range l.points {
			low, high = min(low, p.X), max(high, p.X)
		}
	}
	return low, high
}

func linePlot(x, y string, low, high float64, lines []line) (template.HTML, error) {
	p := newPlot(x, y)
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = low, high, 0, 1.005
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{225}, color.Gray{225}
	p.Add(grid)
	for _, l := range lines {
		drawn, err := plotter.NewLine(finite(l.points))
		if err != nil {
			return "", fmt.Errorf("plot of %s: %w", l.name, err)
		}
		drawn.Color, drawn.Width = l.color, l.width
		p.Add(drawn)
		p.Legend.Add(shorten(l.name), drawn)
	}
	// At the top right, and with the names right of the lines: a reader's font may be wider than the one
	// that is measured here.
	p.Legend.Top, p.Legend.Left, p.Legend.XOffs = true, true, 9.5*vg.Centimeter
	p.Legend.TextStyle.Font.Size = vg.Points(9)
	p.X.Max += 0.03 * (high - low) // room for the last tick's label
	return render(p, 15*vg.Centimeter, 11*vg.Centimeter)
}

// finite drops points that a plot refuses; scores may be anything. A line needs one point at least.
func finite(list plotter.XYs) plotter.XYs {
	list = slices.DeleteFunc(list, func(p plotter.XY) bool { return plotter.CheckFloats(p.X, p.Y) != nil })
	if len(list) == 0 {
		return plotter.XYs{{}}
	}
	return list
}

// confusionClasses is how many classes the matrix shows: more leave no room for their names.
const confusionClasses = 30

func confusionPlot(c *eval.Confusion, names []string) (figure, error) {
	shown := mostFrequent(c, confusionClasses)
	m := matrix{c, append(slices.Clone(shown), c.Background())}
	p := newPlot("Predicted", "Truth")
	heat := plotter.NewHeatMap(m, blues{})
	heat.Min, heat.Max = 0, 1
	p.Add(heat)
	labels := make([]string, 0, len(m.index))
	for _, i := range shown {
		labels = append(labels, shorten(names[i]))
	}
	labels = append(labels, "background")
	p.NominalX(labels...)
	slices.Reverse(labels)
	p.NominalY(labels...)
	p.X.Tick.Label.Rotation = 1.2
	p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = text.XRight, text.YCenter
	counts, err := m.labels()
	if err != nil {
		return figure{}, fmt.Errorf("confusion matrix: %w", err)
	}
	p.Add(counts)
	side := vg.Length(len(labels))*0.7*vg.Centimeter + 4*vg.Centimeter
	svg, err := render(p, side, side)
	caption := "Confusion matrix: of each class of the truth (row), the share predicted as each class (column). " +
		"The background's column is what was missed, its row what was predicted on nothing."
	if len(shown) < c.Classes() {
		caption += fmt.Sprintf(" The %d classes that occur most.", len(shown))
	}
	return figure{svg, caption}, err
}

// mostFrequent returns the n classes with the largest rows, in table order.
func mostFrequent(c *eval.Confusion, n int) []int {
	total := make([]int, c.Classes())
	order := make([]int, c.Classes())
	for i := range order {
		order[i] = i
		for j := range c.Classes() + 1 {
			total[i] += c.At(i, j) + c.At(j, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return total[b] - total[a] })
	order = order[:min(n, len(order))]
	slices.Sort(order)
	return order
}

// matrix is a part of a confusion matrix as a grid for gonum, whose rows go upwards: the first class's row
// is the last of the grid.
type matrix struct {
	*eval.Confusion
	index []int // classes shown, Background last
}

func (m matrix) Dims() (columns, rows int) { return len(m.index), len(m.index) }
func (m matrix) X(column int) float64      { return float64(column) }
func (m matrix) Y(row int) float64         { return float64(row) }

// Z returns the share of the row's total.
func (m matrix) Z(column, row int) float64 {
	total := 0
	for j := range m.Classes() + 1 {
		total += m.At(m.truth(row), j)
	}
	if total == 0 {
		return 0
	}
	return float64(m.count(column, row)) / float64(total)
}

func (m matrix) truth(row int) int { return m.index[len(m.index)-1-row] }

func (m matrix) count(column, row int) int { return m.At(m.truth(row), m.index[column]) }

// labels writes the counts into the cells.
func (m matrix) labels() (*plotter.Labels, error) {
	var at plotter.XYs
	var texts []string
	var inks []color.Color
	for row := range m.index {
		for column := range m.index {
			n := m.count(column, row)
			if n == 0 {
				continue
			}
			at = append(at, plotter.XY{X: float64(column), Y: float64(row)})
			texts = append(texts, fmt.Sprint(n))
			ink := color.Color(color.Black)
			if m.Z(column, row) > 0.55 {
				ink = color.White
			}
			inks = append(inks, ink)
		}
	}
	if len(at) == 0 {
		at, texts, inks = plotter.XYs{{}}, []string{""}, []color.Color{color.Black}
	}
	labels, err := plotter.NewLabels(plotter.XYLabels{XYs: at, Labels: texts})
	if err != nil {
		return nil, err
	}
	for i := range labels.TextStyle {
		s := &labels.TextStyle[i]
		s.Color, s.Font.Size, s.Font.Variant = inks[i], vg.Points(7), "Sans"
		s.XAlign, s.YAlign = text.XCenter, text.YCenter
	}
	return labels, nil
}

// blues is a palette from white to dark blue.
type blues struct{}

func (blues) Colors() []color.Color {
	const steps = 64
	list := make([]color.Color, steps)
	for i := range list {
		f := float64(i) / (steps - 1)
		list[i] = color.RGBA{uint8(255 - 247*f), uint8(255 - 207*f), uint8(255 - 148*f), 255}
	}
	return list
}

func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = x, y
	for _, s := range []*text.Style{
		&p.X.Label.TextStyle, &p.Y.Label.TextStyle, &p.X.Tick.Label, &p.Y.Tick.Label, &p.Legend.TextStyle,
	} {
		s.Font.Variant = "Sans"
	}
	return p
}

// render returns the plot as an SVG element.
func render(p *plot.Plot, w, h vg.Length) (template.HTML, error) {
	canvas := vgsvg.New(w, h)
	p.Draw(draw.New(canvas))
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return "", fmt.Errorf("write SVG: %w", err)
	}
	svg := out.Bytes()
	// The XML declaration before the element has no place in HTML. What gonum writes is well-formed, and
	// it escapes texts, so class names cannot break out.
	if i := bytes.Index(svg, []byte("<svg")); i > 0 {
		svg = svg[i:]
	}
	return template.HTML(svg), nil
}

// shorten keeps labels within a plot; scripts with wide letters take the same count.
func shorten(name string) string {
	const most = 24
	if r := []rune(name); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return name
}
