package ui

import (
	"fmt"
	"image/color"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/saysee/saysee/eval"
	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
)

// evalPanel is the column on the right in the mode Evaluate.
type evalPanel struct {
	m       *evaluating
	content *container.Scroll
	column  *fyne.Container

	truth    *truthSection
	matches  *section
	cards    []*matchCard
	curve    *section
	dots     *kit.Text // what the dots on the curves stand for
	chart    *kit.Chart
	lines    []curveLine // what the chart shows
	classes  *section
	table    []*tableRow
	mean     *tableRow
	confused *section
	pairs    []*confusedRow
	doubts   *section
}

func newEvalPanel(m *evaluating) *evalPanel {
	p := &evalPanel{m: m}
	p.truth = newTruth(m)
	p.makeMatches()
	p.dots = kit.NewText("", kit.Style{Size: theme.TextSmall, Color: theme.Muted})
	p.curve = newSection(tr.L("Precision and recall"), p.dots)
	p.chart = kit.NewChart()
	p.chart.OnDrag = p.drag
	p.curve.body.Objects = []fyne.CanvasObject{kit.Pad(p.chart, 0, 16, 0, 16)}
	p.classes = newSection(tr.L("Per class"), kit.NewButton(kit.Quiet, "", tr.L("Use best thresholds"), "B", func() {
		m.w.s.BestThresholds()
		m.w.draw(0)
	}))
	p.mean = newTableRow(m)
	p.confused = newSection(tr.L("Confused"), kit.NewText(tr.L("click a row to see the photos"), kit.Style{Size: theme.TextSmall, Color: theme.Muted}))
	p.doubts = newSection(tr.L("About the files"))
	p.column = kit.Column{}.Stack(p.truth.Container, p.matches.Container, p.curve.Container, p.classes.Container,
		p.confused.Container, p.doubts.Container)
	narrow := func() fyne.Size { return fyne.NewSize(0, p.column.MinSize().Height) }
	p.content = container.NewVScroll(kit.Lay(narrow, func(s fyne.Size) { kit.Place(p.column, 0, 0, s.Width, s.Height) }, p.column))
	p.update()
	return p
}

func (p *evalPanel) update() {
	e := p.m.w.s.Evaluation()
	p.truth.update(e)
	done := e.State == session.EvalDone
	visible(done, p.matches.Container, p.curve.Container, p.classes.Container)
	visible(done && len(e.Confusions()) > 0, p.confused.Container)
	doubts := len(e.Doubts) + len(e.Failed)
	visible(!e.Busy() && doubts > 0, p.doubts.Container)
	if done {
		p.updateMatches(e)
		p.updateCurve(e)
		p.updateTable(e)
		p.updateConfused(e)
	}
	p.updateDoubts(e)
	p.content.Refresh()
	p.column.Layout.Layout(p.column.Objects, p.column.Size())
}

// matchCard is one of the counts, and chooses the photos that have what it counts.
type matchCard struct {
	*kit.Touch
	kind  session.Mistakes
	count *kit.Text
	line  *fyne.Container
}

func (p *evalPanel) makeMatches() {
	p.matches = newSection(tr.L("Matches"), kit.NewText(tr.L("same class, IoU ≥ %.2f", eval.IoUThreshold(0)),
		kit.Style{Size: theme.TextSmall, Color: theme.Muted}))
	var row []fyne.CanvasObject
	for _, c := range []struct {
		icon, name, key string
		tint            fyne.ThemeColorName
		kind            session.Mistakes
	}{
		{"check", tr.L("Correct"), "4", theme.Success, session.AllCorrect},
		{"x", tr.L("Extra"), "3", theme.Danger, session.OnlyExtra},
		{"miss", tr.L("Missed"), "2", theme.Warning, session.OnlyMissed},
	} {
		card := &matchCard{kind: c.kind, count: kit.NewText("", kit.Style{Bold: true})}
		card.line = kit.Line{Gap: 8, Left: 10, Right: 10, Height: 32}.Row(
			kit.NewIcon(c.icon, c.tint, 16), kit.NewText(c.name, kit.Style{Size: theme.TextSmall}).Flexible(), kit.NewSpace(), card.count)
		card.Touch = kit.NewTouch(card.line,
			kit.Look{Over: theme.Hover, On: theme.Selection, Edge: theme.Border, Radius: 6}, func() { p.m.chooseKind(card.kind) })
		card.Tip, card.Key = tr.L("Show these photos"), c.key
		p.cards = append(p.cards, card)
		row = append(row, card)
	}
	p.matches.body.Objects = []fyne.CanvasObject{kit.Lay(kit.Fixed(200, 40), func(s fyne.Size) {
		each := (s.Width - 32 - 16) / 3
		for i, c := range row {
			kit.Place(c, 16+float32(i)*(each+8), 0, each, 32)
		}
	}, row...)}
}

func (p *evalPanel) updateMatches(e *session.Evaluation) {
	f := p.m.w.s.Mistakes()
	c := e.Totals(f.Class)
	for i, n := range []int{c.Correct, c.Extra, c.Missed} {
		p.cards[i].count.Set(tr.Count(n))
		p.cards[i].SetOn(f.Show == p.cards[i].kind)
		p.cards[i].line.Refresh()
	}
	name := ""
	if f.Class >= 0 {
		name = e.Classes[f.Class]
	}
	p.matches.count.Set(name)
	p.matches.head.Refresh()
}

// curveLine is a curve of the chart: of a class, or with -1 of all.
type curveLine struct {
	class  int
	points []eval.Point
}

// curvesShown is up to how many classes have their curves in the chart together.
const curvesShown = 6

// curves returns what the chart shows: each class's curve, or where there are many, that of the chosen class
// and of all together.
func (p *evalPanel) curves(e *session.Evaluation) []curveLine {
	var lines []curveLine
	only := p.m.w.s.Mistakes().Class
	for i := range e.Result.Classes {
		if c := &e.Result.Classes[i]; c.Truth > 0 && len(c.Curve) > 0 && (only < 0 || only == i) {
			lines = append(lines, curveLine{i, c.Curve})
		}
	}
	if len(lines) > curvesShown {
		lines = []curveLine{{-1, e.Result.Overall.Curve}}
	}
	return lines
}

func (p *evalPanel) updateCurve(e *session.Evaluation) {
	p.lines = p.curves(e)
	best := true
	var curves []kit.Curve
	for _, l := range p.lines {
		c := kit.Curve{Color: theme.Get(theme.Text), Dot: -1}
		for _, q := range l.points {
			c.Points = append(c.Points, kit.Point{X: float32(q.Recall), Y: float32(q.Precision)})
		}
		at, want := 0.0, 0.0
		if l.class >= 0 {
			c.Color = p.m.color(l.class)
			at, want = e.Threshold(l.class), e.Result.Classes[l.class].Best.Score
		} else {
			at, want = p.common(e), e.Result.Overall.Best.Score
		}
		c.Dot = dotAt(l.points, at)
		best = best && at == want
		curves = append(curves, c)
	}
	text := tr.L("dot: best F1")
	switch {
	case best:
	case len(p.lines) == 1 && p.lines[0].class >= 0:
		text = tr.L("dot: score ≥ %.2f", e.Threshold(p.lines[0].class))
	default:
		text = tr.L("dot: your threshold")
	}
	p.dots.Set(text)
	p.curve.head.Refresh()
	p.chart.Set(curves)
}

// common is the one threshold of all classes, or what is best for all while they differ.
func (p *evalPanel) common(e *session.Evaluation) float64 {
	for i := range e.Classes {
		if e.Threshold(i) != e.Threshold(0) {
			return e.Result.Overall.Best.Score
		}
	}
	return e.Threshold(0)
}

// dotAt returns the last point of a curve whose predictions all count at a threshold, -1 where none does.
func dotAt(points []eval.Point, threshold float64) int {
	at, _ := slices.BinarySearchFunc(points, threshold, func(p eval.Point, t float64) int {
		if p.Score >= t {
			return -1
		}
		return 1
	})
	return max(at-1, 0)
}

// drag moves a threshold to where a curve's dot is dragged.
func (p *evalPanel) drag(curve, point int) {
	if curve < len(p.lines) && point < len(p.lines[curve].points) {
		p.m.w.s.SetThreshold(p.lines[curve].class, p.lines[curve].points[point].Score)
		p.m.w.draw(0)
	}
}

// color is the colour of a class of the evaluation: that of the folder's class of the same name.
func (m *evaluating) color(class int) color.Color {
	if row, ok := m.w.s.Classes().Find(m.w.s.Evaluation().Classes[class]); ok {
		return m.w.swatch(row).Color
	}
	return overlay.ClassColor(class, "")
}

// tableRow is a class in the table, or the mean of all.
type tableRow struct {
	*kit.Touch
	m      *evaluating
	class  int
	swatch *canvas.Rectangle
	name   *kit.Text
	values [5]*kit.Text
	body   *fyne.Container
}

// columns are the right edges of the table's figures, from the right.
var columns = [5]float32{236, 168, 104, 56, 0}

const tableRowHeight = 28

func newTableRow(m *evaluating) *tableRow {
	r := &tableRow{m: m}
	r.swatch = kit.NewSwatch(color.Transparent, false)
	r.name = kit.NewText("", kit.Style{Size: theme.TextSmall}).Flexible()
	line := kit.Rect(theme.Border, "", 0)
	objects := []fyne.CanvasObject{r.swatch, r.name, line}
	for i := range r.values {
		r.values[i] = kit.NewText("", kit.Style{Size: theme.TextSmall, Right: true})
		objects = append(objects, r.values[i])
	}
	r.body = kit.Lay(kit.Fixed(264, tableRowHeight), func(s fyne.Size) {
		x := float32(16)
		if r.swatch.Visible() {
			kit.Place(r.swatch, x, (s.Height-10)/2, 10, 10)
			x += 18
		}
		room := s.Width - 32
		scale := min(room/368, 1)
		kit.Place(r.name, x, 0, max(room-columns[0]*scale-52-(x-16), 24), s.Height)
		for i, v := range r.values {
			kit.Place(v, 16+room-columns[i]*scale-64, 0, 64, s.Height)
		}
		kit.Place(line, 16, s.Height-1, s.Width-32, 1)
	}, objects...)
	r.Touch = kit.NewTouch(r.body, kit.Look{Over: theme.Hover, On: theme.Selection}, func() { m.toggleClass(r.class) })
	return r
}

func (r *tableRow) set(name string, values [5]string) {
	r.name.Set(name)
	for i, v := range values {
		r.values[i].Set(v)
	}
	r.body.Refresh()
}

// tableHead names the columns.
func tableHead(m *evaluating) *tableRow {
	r := newTableRow(m)
	r.swatch.Hide()
	r.OnTap = nil
	r.name.Paint(theme.Muted)
	for _, v := range r.values {
		v.Paint(theme.Muted)
	}
	r.set(tr.L("Class"), [5]string{"AP50", tr.L("Precision"), tr.L("Recall"), "F1", tr.L("Score ≥")})
	return r
}

func (p *evalPanel) updateTable(e *session.Evaluation) {
	objects := []fyne.CanvasObject{}
	if len(p.classes.body.Objects) == 0 {
		objects = append(objects, tableHead(p.m))
	} else {
		objects = append(objects, p.classes.body.Objects[0])
	}
	n := 0
	for class := range e.Result.Classes {
		c := &e.Result.Classes[class]
		if c.Truth == 0 && c.Predictions == 0 {
			continue
		}
		if n == len(p.table) {
			p.table = append(p.table, newTableRow(p.m))
		}
		r := p.table[n]
		n++
		r.class = class
		kit.PaintSwatch(r.swatch, p.m.color(class), false)
		t := e.Totals(class)
		r.SetOn(p.m.w.s.Mistakes().Class == class)
		r.set(e.Classes[class], [5]string{
			fraction(c.AP50), fraction(t.Precision()), fraction(t.Recall()), fraction(t.F1()), fmt.Sprintf("%.2f", e.Threshold(class)),
		})
		objects = append(objects, r)
	}
	p.mean.swatch.Hide()
	p.mean.OnTap = nil
	p.mean.set(tr.L("Mean"), meanOf(e))
	p.classes.count.Set(tr.Count(n))
	p.classes.fill(append(objects, p.mean))
}

// meanOf averages the columns over the classes that have them.
func meanOf(e *session.Evaluation) [5]string {
	var sum [4]float64
	var n [4]int
	for class := range e.Result.Classes {
		t := e.Totals(class)
		if e.Result.Classes[class].Truth == 0 {
			continue
		}
		for i, v := range []float64{e.Result.Classes[class].AP50, t.Precision(), t.Recall(), t.F1()} {
			if v != eval.Undefined {
				sum[i] += v
				n[i]++
			}
		}
	}
	var out [5]string
	for i := range sum {
		v := eval.Undefined
		if n[i] > 0 {
			v = sum[i] / float64(n[i])
		}
		out[i] = fraction(v)
	}
	return out
}

// fraction writes a measure with two decimals, a dash for one that is not defined.
func fraction(v float64) string {
	if v == eval.Undefined {
		return "–"
	}
	return fmt.Sprintf("%.2f", v)
}

// confusedRow tells how often a class was taken for another.
type confusedRow struct {
	*kit.Touch
	pair        session.Confused
	swatch      *canvas.Rectangle
	truth, name *kit.Text
	count       *kit.Text
	line        *fyne.Container
}

func (p *evalPanel) newConfusedRow() *confusedRow {
	r := &confusedRow{truth: kit.NewText("", kit.Style{}), name: kit.NewText("", kit.Style{}).Flexible(), count: kit.NewText("", kit.Style{})}
	r.swatch = kit.NewSwatch(color.Transparent, false)
	r.line = kit.Line{Gap: 8, Left: 16, Right: 16, Height: tableRowHeight}.Row(r.swatch, r.truth,
		kit.NewText(tr.L("taken for"), kit.Style{Size: theme.TextSmall, Color: theme.Muted}), r.name, kit.NewSpace(), r.count)
	r.Touch = kit.NewTouch(r.line, kit.Look{Over: theme.Hover, On: theme.Selection}, func() {
		f := session.MistakeFilter{Show: session.MostErrors, Class: r.pair.Truth, Taken: r.pair.Taken}
		if p.m.w.s.Mistakes() == f {
			f = session.AnyMistakes
		}
		p.m.choose(f)
	})
	return r
}

// confusedShown bounds the list of confusions.
const confusedShown = 12

func (p *evalPanel) updateConfused(e *session.Evaluation) {
	all := e.Confusions()
	f := p.m.w.s.Mistakes()
	var objects []fyne.CanvasObject
	for i, c := range all[:min(len(all), confusedShown)] {
		if i == len(p.pairs) {
			p.pairs = append(p.pairs, p.newConfusedRow())
		}
		r := p.pairs[i]
		r.pair = c
		kit.PaintSwatch(r.swatch, p.m.color(c.Truth), false)
		r.truth.Set(e.Classes[c.Truth])
		r.name.Set(e.Classes[c.Taken])
		r.count.Set(tr.Count(c.Count))
		r.SetOn(f.Taken >= 0 && f.Class == c.Truth && f.Taken == c.Taken)
		r.line.Refresh()
		objects = append(objects, r)
	}
	p.confused.fill(objects)
}

// updateDoubts says what was left out of the files, and which photos could not be looked at.
func (p *evalPanel) updateDoubts(e *session.Evaluation) {
	var objects []fyne.CanvasObject
	line := func(text string) {
		if len(objects) < failuresShown {
			objects = append(objects, kit.Line{Gap: 8, Left: 16, Right: 16, Height: 24}.Row(kit.NewIcon("warn", theme.Warning, 16),
				kit.NewText(text, kit.Style{Size: theme.TextSmall, Color: theme.Muted}).Flexible()))
		}
	}
	for _, f := range e.Failed {
		line(f.Rel + ": " + session.Sentence(f.Err))
	}
	for _, text := range e.Doubts {
		line(text)
	}
	p.doubts.count.Set(tr.Count(len(e.Failed) + len(e.Doubts)))
	p.doubts.fill(objects)
}

// truthSection tells of the ground truth and chooses it.
type truthSection struct {
	*section
	m        *evaluating
	choose   *kit.Touch
	figures  *fyne.Container
	values   [4]*kit.Text
	compared *kit.Segments
	by       *kit.Segments
	choices  *fyne.Container
	empty    *fyne.Container
	recent   *fyne.Container
	work     *fyne.Container
	doing    *kit.Text
	bar      *kit.Bar
	failed   *fyne.Container
	cause    *widget.Label
	where    *kit.Text
	there    *kit.Touch
}

func newTruth(m *evaluating) *truthSection {
	s := &truthSection{m: m}
	s.choose = kit.NewButton(kit.Quiet, "", tr.L("Choose…"), "", nil)
	s.choose.OnTap = func() { m.panel.askTruth() }
	s.section = newSection(tr.L("Ground truth"), s.choose)
	s.count.Flexible()
	s.makeFigures()
	s.compared = kit.NewSegments([]string{tr.L("Model"), tr.L("My labels")}, int(m.plan.Compared), true, func(i int) {
		m.compare(func(p *session.Plan) { p.Compared = session.Compared(i) })
	})
	s.by = kit.NewSegments([]string{tr.L("Boxes"), tr.L("Masks")}, int(m.plan.By), true, func(i int) {
		m.compare(func(p *session.Plan) { p.By = eval.Geometry(i) })
	})
	s.choices = kit.Line{Gap: 8, Left: 16, Right: 16, Height: 44}.Row(s.compared.Container, kit.NewSpace(), s.by.Container)
	s.makeEmpty()
	s.makeWork()
	s.makeFailed()
	s.body.Objects = []fyne.CanvasObject{s.figures, s.empty, s.work, s.failed, s.choices}
	return s
}

func (s *truthSection) makeFigures() {
	var cells []fyne.CanvasObject
	for i, name := range []string{"AP50", "AP50–95", tr.L("Precision"), tr.L("Recall")} {
		s.values[i] = kit.NewText("", kit.Style{Size: theme.TextFigure, Bold: true})
		cells = append(cells, kit.Column{}.Stack(kit.NewText(name, kit.Style{Size: theme.TextSmall, Color: theme.Muted}), s.values[i]))
	}
	s.figures = kit.Lay(kit.Fixed(200, 56), func(z fyne.Size) {
		each := (z.Width - 32) / 4
		for i, c := range cells {
			kit.Place(c, 16+float32(i)*each, 0, each, 56)
		}
	}, cells...)
}

// makeEmpty is what stands there while no truth was chosen.
func (s *truthSection) makeEmpty() {
	w := s.m.w
	buttons := kit.Line{Gap: 8, Left: 16, Right: 16, Height: 40}.Row(
		kit.NewButton(kit.Plain, "folder", tr.L("A file…"), "", func() { w.askTruthFile(s.m.take) }),
		kit.NewButton(kit.Plain, "folder", tr.L("A folder…"), "", func() { w.askTruthFolder(s.m.take) }))
	s.recent = kit.Column{}.Stack()
	s.empty = kit.Column{}.Stack(remark(tr.L("Choose COCO, YOLO or VOC labels.")), buttons, s.recent)
	for _, path := range w.settings.truths[:min(len(w.settings.truths), 4)] {
		row := kit.Line{Gap: 8, Left: 16, Right: 16, Height: rowHeight}.Row(kit.NewText(filepath.Base(path), kit.Style{}),
			kit.NewText(filepath.Dir(path), kit.Style{Size: theme.TextSmall, Color: theme.Muted}).Flexible())
		s.recent.Add(kit.NewTouch(row, kit.Look{Over: theme.Hover}, func() { s.m.take(path) }))
	}
}

func (s *truthSection) makeWork() {
	s.doing = kit.NewText("", kit.Style{Size: theme.TextSmall, Color: theme.Muted}).Flexible()
	s.bar = kit.NewBar()
	s.work = kit.Column{}.Stack(
		kit.Line{Left: 16, Right: 12, Gap: 8, Height: rowHeight}.Row(s.doing, kit.NewSpace(),
			kit.NewButton(kit.Grave, "", tr.L("Stop"), "", func() { s.m.w.s.StopEvaluation(); s.m.w.draw(0) })),
		kit.Pad(s.bar, 4, 16, 12, 16))
}

func (s *truthSection) makeFailed() {
	m := s.m
	s.where = kit.NewText("", kit.Style{Bold: true}).Flexible()
	s.cause = widget.NewLabel("")
	s.cause.Wrapping, s.cause.SizeName, s.cause.Importance = fyne.TextWrapWord, fynetheme.SizeNameCaptionText, widget.LowImportance
	s.there = kit.NewButton(kit.Plain, "folder", tr.L("Open their folder"), "", func() {
		if dir := m.w.s.Evaluation().Elsewhere; dir != "" {
			m.w.open(dir)
		}
	})
	s.failed = kit.Column{}.Stack(
		kit.Line{Gap: 8, Left: 16, Right: 16, Height: 28}.Row(kit.NewIcon("warn", theme.Danger, 16), s.where),
		kit.Pad(s.cause, 0, 16, 0, 32),
		kit.Line{Gap: 8, Left: 40, Right: 16, Height: 40}.Row(kit.NewButton(kit.Plain, "retry", tr.L("Retry"), "", m.run), s.there))
}

func (s *truthSection) update(e *session.Evaluation) {
	title := ""
	if e.Truth != "" {
		title = filepath.Base(e.Truth)
		if e.Format != "" {
			short, _, _ := strings.Cut(e.Format, " (")
			title += ", " + short
		}
		if e.State == session.EvalDone {
			title += ", " + tr.N("%s photo", "%s photos", e.Photos)
		}
	}
	s.count.Set(title)
	idle := e.State == session.EvalNone
	visible(idle, s.empty)
	visible(!idle, s.choose)
	visible(e.State == session.EvalDone, s.figures)
	visible(e.Busy(), s.work)
	visible(e.State == session.EvalFailed, s.failed)
	s.compared.Pick(int(s.m.plan.Compared))
	s.by.Pick(int(s.m.plan.By))
	switch {
	case e.State == session.EvalDone:
		c := e.Totals(-1)
		for i, v := range []float64{e.Result.Overall.AP50, e.Result.Overall.AP, c.Precision(), c.Recall()} {
			s.values[i].Set(fraction(v))
		}
		s.figures.Refresh()
	case e.State == session.EvalLooking:
		s.doing.Set(tr.L("%s of %s photos", tr.Count(e.Done), tr.Count(e.Photos)))
		s.bar.Set(float64(e.Done) / float64(max(e.Photos, 1)))
	case e.Busy():
		s.doing.Set(tr.L("Reading %s…", filepath.Base(e.Truth)))
		s.bar.Set(0)
	case e.State == session.EvalFailed:
		s.where.Set(filepath.Base(e.Truth))
		s.cause.SetText(session.Sentence(e.Err))
		visible(e.Elsewhere != "", s.there)
	}
	s.Container.Refresh()
}

// askTruth offers the ways to choose a ground truth.
func (p *evalPanel) askTruth() {
	w := p.m.w
	items := []*fyne.MenuItem{w.menuItem("truth-file"), w.menuItem("truth-folder")}
	if len(w.settings.truths) > 0 {
		items = append(items, fyne.NewMenuItemSeparator())
	}
	for _, path := range w.settings.truths {
		items = append(items, fyne.NewMenuItem(path, func() { p.m.take(path) }))
	}
	below := fyne.CanvasObject(p.truth.choose)
	if !p.truth.choose.Visible() {
		below = p.m.bar.button
	}
	w.popUp(below, items)
}

// seconds writes a time in seconds, with a decimal below ten.
func seconds(d time.Duration) string {
	if d < 10*time.Second {
		return tr.L("%.1f s", d.Seconds())
	}
	return tr.L("%.0f s", d.Seconds())
}
