package ui

import (
	"fmt"
	"image/color"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"github.com/saysee/saysee/pipeline/live"
	"github.com/saysee/saysee/ui/feed"
	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
)

// livePanel is the panel in the mode Live.
type livePanel struct {
	m       *living
	content *container.Scroll
	column  *fyne.Container

	state   *kit.Text
	field   *kit.Touch
	name    *kit.Text
	size    *kit.Text
	fieldIn *fyne.Container
	mirror  *kit.IconButton

	provider *kit.Text
	chip     *canvas.Image
	figures  [4]*kit.Text
	units    [4]*kit.Text
	cards    *fyne.Container
	curve    *curve
	p95      *kit.Text

	classes *section
	rows    []*liveRow
	none    *fyne.Container

	confidence, overlap, mask *slide

	follow, steady *kit.Segments
	steadyText     *kit.Text
	zone           *kit.Touch
	zoneOff        *kit.Touch
	zoneText       *kit.Text
	zoneRow        *fyne.Container
	keep           *kit.Text
}

func newLivePanel(m *living) *livePanel {
	p := &livePanel{m: m}
	p.column = kit.Column{}.Stack(p.newCamera(), p.newFigures(), p.newClasses(), p.newShow(), p.newKeep(), p.newSteady(), p.newZone())
	narrow := func() fyne.Size { return fyne.NewSize(0, p.column.MinSize().Height) }
	p.content = container.NewVScroll(kit.Lay(narrow, func(s fyne.Size) { kit.Place(p.column, 0, 0, s.Width, s.Height) }, p.column))
	p.update()
	return p
}

var small = kit.Style{Size: theme.TextSmall, Color: theme.Muted}

func (p *livePanel) newCamera() fyne.CanvasObject {
	p.state = kit.NewText("", kit.Style{Size: theme.TextSmall, Bold: true, Color: theme.Muted})
	p.mirror = kit.NewIconButton("flip", tr.L("Mirror"), p.m.w.keyOf("mirror"), 24, 16, p.m.mirror)
	s := newSection(tr.L("Camera"), p.state, p.mirror.Touch)
	p.name, p.size = kit.NewText("", kit.Style{}).Flexible(), kit.NewText("", small)
	p.fieldIn = kit.Line{Gap: 8, Left: 8, Right: 8, Height: 28}.Row(
		kit.NewIcon("camera", theme.Text, 16), p.name, kit.NewSpace(), p.size, kit.NewIcon("down", theme.Muted, 16))
	p.field = kit.NewTouch(p.fieldIn, kit.Look{Fill: theme.Field, Over: theme.Hover, Edge: theme.Border, Radius: 6}, p.choose)
	p.field.Tip, p.field.Key = tr.L("Choose a camera or a video"), p.m.w.keyOf("source")
	s.body.Objects = []fyne.CanvasObject{kit.Pad(p.field, 0, 16, 4, 16)}
	return s.Container
}

// onOff is a switch.
func (p *livePanel) onOff(set func(bool)) *kit.Segments {
	return kit.NewSegments([]string{tr.L("Off"), tr.L("On")}, 0, true, func(i int) { set(i == 1); p.m.w.focusView() })
}

func pick(s *kit.Segments, on bool) {
	if on {
		s.Pick(1)
	} else {
		s.Pick(0)
	}
}

func (p *livePanel) newFigures() fyne.CanvasObject {
	p.provider = kit.NewText("", small)
	p.chip = kit.NewIcon("chip", theme.Muted, 16)
	s := newSection(tr.L("Figures"), p.chip, p.provider)
	var cards []fyne.CanvasObject
	for i, name := range []string{tr.L("Camera"), tr.L("Inference"), tr.L("Latency"), tr.L("Dropped")} {
		unit := []string{tr.L("fps"), tr.L("fps"), tr.L("ms"), tr.L("frames/s")}[i]
		cards = append(cards, p.card(i, name, unit))
	}
	p.cards = kit.Lay(kit.Fixed(200, 132), func(z fyne.Size) {
		each := (z.Width - 32 - 8) / 2
		for i, c := range cards {
			kit.Place(c, 16+float32(i%2)*(each+8), float32(i/2)*70, each, 62)
		}
	}, cards...)
	p.curve = newCurve()
	p.p95 = kit.NewText("", kit.Style{Size: theme.TextSmall})
	s.body.Objects = []fyne.CanvasObject{
		p.cards, thinTall(6), kit.Pad(p.curve.content, 0, 16, 0, 16),
		kit.Line{Left: 16, Right: 16, Height: 24}.Row(kit.NewText(tr.L("Latency, capture to screen"), small), kit.NewSpace(), p.p95),
	}
	return s.Container
}

// card is a figure with its name and unit.
func (p *livePanel) card(i int, name, unit string) fyne.CanvasObject {
	p.figures[i] = kit.NewText("–", kit.Style{Size: theme.TextFigure, Bold: true})
	p.units[i] = kit.NewText(unit, small)
	label := kit.NewText(name, small)
	ground := kit.Rect(theme.Field, theme.Border, 6)
	return kit.Lay(kit.Fixed(100, 62), func(z fyne.Size) {
		kit.Place(ground, 0, 0, z.Width, z.Height)
		kit.Place(label, 12, 6, z.Width-16, 18)
		w := p.figures[i].Width()
		kit.Place(p.figures[i], 12, 24, w+2, 30)
		kit.Place(p.units[i], 12+w+6, 32, max(z.Width-w-20, 0), 18)
	}, ground, label, p.figures[i], p.units[i])
}

func (p *livePanel) newClasses() fyne.CanvasObject {
	w := p.m.w
	plus := kit.NewIconButton("plus", tr.L("Type words"), w.keyOf("words"), 32, 16, func() { w.prompt.focus() })
	p.classes = newSection(tr.L("Classes"), plus)
	p.none = remark(tr.L("Type words above, or press +."))
	return p.classes.Container
}

func (p *livePanel) newShow() fyne.CanvasObject {
	m, w := p.m, p.m.w
	s := newSection(tr.L("Show"))
	// The next frame answers to a new threshold: it is asked for once, at the end of the drag.
	p.confidence, p.overlap = w.thresholdSlides(m.ask)
	p.mask = newSlide(tr.L("Mask"), m.mask, false, percent, func(v float64) {
		m.mask = v
		w.view.SetOptions(m.options())
	})
	s.body.Objects = []fyne.CanvasObject{p.confidence.row, p.overlap.row, p.mask.row}
	return s.Container
}

func (p *livePanel) newSteady() fyne.CanvasObject {
	m := p.m
	p.follow = p.onOff(func(on bool) { m.tracked = on; m.ask(); m.changed() })
	p.steady = p.onOff(func(on bool) { m.steady = on; m.ask(); m.changed() })
	p.steadyText = kit.NewText("", small)
	follow, steady := newSection(tr.L("Follow"), p.follow.Container), newSection(tr.L("Steady"), p.steady.Container)
	follow.body.Objects = []fyne.CanvasObject{line24(tr.L("The same thing keeps its number and its class."))}
	steady.body.Objects = []fyne.CanvasObject{kit.Line{Left: 16, Right: 16, Height: 24}.Row(p.steadyText.Flexible())}
	return kit.Column{}.Stack(steady.Container, follow.Container)
}

// line24 is a remark of one short line.
func line24(text string) *fyne.Container {
	return kit.Line{Left: 16, Right: 16, Height: 24}.Row(kit.NewText(text, small).Flexible())
}

func (p *livePanel) newZone() fyne.CanvasObject {
	m := p.m
	p.zone = kit.NewButton(kit.Quiet, "", tr.L("Draw"), m.w.keyOf("zone"), func() { m.w.do("zone") })
	p.zoneOff = kit.NewButton(kit.Quiet, "", tr.L("Whole picture"), "", func() { m.setZone(nil) })
	s := newSection(tr.L("Part to look at"), p.zoneOff, p.zone)
	p.zoneText = kit.NewText("", small)
	p.zoneRow = s.head
	s.body.Objects = []fyne.CanvasObject{kit.Line{Left: 16, Right: 16, Height: 24}.Row(p.zoneText.Flexible())}
	return s.Container
}

func (p *livePanel) newKeep() fyne.CanvasObject {
	m := p.m
	s := newSection(tr.L("Keep"))
	p.keep = kit.NewText("", kit.Style{}).Flexible()
	inner := kit.Line{Gap: 8, Left: 8, Right: 8, Height: 28}.Row(kit.NewIcon("folder", theme.Text, 16), p.keep, kit.NewSpace(), kit.NewIcon("down", theme.Muted, 16))
	field := kit.NewTouch(inner, kit.Look{Fill: theme.Field, Over: theme.Hover, Edge: theme.Border, Radius: 6}, func() { m.askKeep() })
	field.Tip = tr.L("Choose the folder for frozen frames")
	s.body.Objects = []fyne.CanvasObject{
		kit.Pad(field, 0, 16, 4, 16),
		line24(tr.L("Enter on a frozen frame adds it here.")),
	}
	return s.Container
}

// choose opens the list of sources.
func (p *livePanel) choose() { p.m.chooseSource(p.field) }

func (p *livePanel) update() {
	p.updateCamera()
	p.updateFigures()
	p.updateClasses()
	m := p.m
	f := m.w.s.Filter()
	p.confidence.set(f.Score)
	p.overlap.set(f.Overlap)
	p.mask.set(m.mask)
	p.mirror.SetOn(m.feed.Mirror())
	pick(p.follow, m.tracked)
	pick(p.steady, m.steady && m.tracked)
	text := tr.L("Boxes stand where they are found.")
	if m.steady && m.tracked {
		text = tr.L("Holds a box for 3 frames and eases its edges.")
	}
	p.steadyText.Set(text)
	switch {
	case m.zoning:
		p.zoneText.Set(tr.L("Click its corners."))
	case len(m.zone) > 0:
		p.zoneText.Set(tr.L("%s corners", tr.Count(len(m.zone))))
	default:
		p.zoneText.Set(tr.L("The whole picture"))
	}
	visible(len(m.zone) > 0, p.zoneOff)
	p.zoneRow.Refresh()
	p.keep.Set(filepath.Base(m.keepDir()))
	p.column.Layout.Layout(p.column.Objects, p.column.Size())
}

// stateWords are what a feed is doing, in a word.
func (p *livePanel) stateWord() (string, fyne.ThemeColorName) {
	switch p.m.feed.State().Status {
	case feed.Running:
		return tr.L("Running"), theme.Success
	case feed.Frozen:
		return tr.L("Frozen"), theme.Accent
	case feed.Loading, feed.Starting:
		return tr.L("Starting…"), theme.Muted
	case feed.Waiting:
		return tr.L("Waiting"), theme.Warning
	case feed.Failed:
		return tr.L("Not there"), theme.Danger
	case feed.Ended:
		return tr.L("Ended"), theme.Muted
	case feed.Idle:
	}
	return tr.L("None open"), theme.Muted
}

func (p *livePanel) updateCamera() {
	word, token := p.stateWord()
	p.state.Set(word)
	p.state.Paint(token)
	name := p.m.sourceName()
	if name == "" {
		name = tr.L("Choose…")
	}
	p.name.Set(name)
	size := ""
	if p.m.shown != nil {
		size = dimensions(p.m.shown.Size())
	}
	p.size.Set(size)
	p.fieldIn.Refresh()
}

func (p *livePanel) updateFigures() {
	m := p.m
	s := m.feed.Stats()
	provider := s.Provider
	if r := m.w.s.Report(); provider != "" && r.Threads > 0 {
		provider = tr.L("%s, %d threads", provider, r.Threads)
	}
	p.provider.Set(provider)
	visible(provider != "", p.chip)
	running := m.feed.State().Status == feed.Running && s.Captured > 0
	for i, v := range figuresOf(s) {
		text := "–"
		if running {
			text = v
		}
		p.figures[i].Set(text)
	}
	p.cards.Refresh()
	p.cards.Layout.Layout(p.cards.Objects, p.cards.Size())
	p.curve.set(m.feed.Sample(), s.Latency.P95)
	p95 := ""
	if s.Inferred > 0 {
		p95 = tr.L("p95 %s", ms(s.Latency.P95))
	}
	p.p95.Set(p95)
}

// figuresOf are camera fps, inference fps, latency in ms, and dropped frames a second.
func figuresOf(s live.Stats) [4]string {
	dropped := max(s.CameraFPS-s.InferenceFPS, 0)
	if s.Dropped == 0 {
		dropped = 0
	}
	return [4]string{
		fmt.Sprintf("%.1f", s.CameraFPS), fmt.Sprintf("%.1f", s.InferenceFPS),
		strconv.FormatInt(s.Latency.Mean.Round(time.Millisecond).Milliseconds(), 10), fmt.Sprintf("%.1f", dropped),
	}
}

func (p *livePanel) updateClasses() {
	w := p.m.w
	words, rows := w.s.Words()
	p.classes.count.Set(strconv.Itoa(len(words)))
	for len(p.rows) < len(rows) {
		p.rows = append(p.rows, newLiveRow(p.m))
	}
	counts := p.m.counts()
	objects := make([]fyne.CanvasObject, 0, len(rows))
	for i, row := range rows {
		p.rows[i].set(i, row, counts[row])
		objects = append(objects, p.rows[i].line)
	}
	if len(rows) == 0 {
		objects = append(objects, p.none)
	}
	if !slices.Equal(objects, p.classes.body.Objects) {
		p.classes.fill(objects)
	}
}

// liveRow is a class in the panel: how many there are, whether to tell of it, whether to show it.
type liveRow struct {
	m     *living
	row   int
	shown liveRowState

	swatch    *canvas.Rectangle
	name      *kit.Text
	synonyms  *kit.Text
	count     *kit.Text
	bell, eye *kit.IconButton
	line      *fyne.Container
}

// liveRowState is all that a row shows, so that nothing is drawn again that has not changed.
type liveRowState struct {
	row, count     int
	name, synonyms string
	hidden, tells  bool
	color          color.Color
}

func newLiveRow(m *living) *liveRow {
	r := &liveRow{m: m, shown: liveRowState{row: -1}}
	r.swatch = kit.NewSwatch(color.Transparent, false)
	r.name, r.synonyms = kit.NewText("", kit.Style{}).Flexible(), kit.NewText("", small).Flexible()
	r.count = kit.NewText("", kit.Style{Color: theme.Muted})
	r.bell = kit.NewIconButton("bell", tr.L("Tell me when one appears"), "", 24, 16, func() {
		name := m.w.s.Classes().Row(r.row).Name
		m.feed.Tell(name, !m.feed.Tells(name))
		m.changed()
	})
	r.eye = kit.NewIconButton("eye", tr.L("Show or hide this class"), "", 24, 16, func() {
		m.w.s.HideClass(r.row, !m.w.s.Hidden(r.row))
		m.w.draw(0)
	})
	buttons := kit.Line{}.Row(r.bell.Touch, r.eye.Touch)
	r.line = kit.Line{Gap: 8, Left: 16, Right: 12, Height: rowHeight}.Row(r.swatch, r.name, r.synonyms, kit.NewSpace(), r.count, buttons)
	return r
}

func (r *liveRow) set(_, row, count int) {
	w := r.m.w
	c := w.s.Classes().Row(row)
	col := w.swatch(row)
	now := liveRowState{
		row: row, count: count, name: c.Name, synonyms: strings.TrimPrefix(synonyms(c), "| "), hidden: w.s.Hidden(row),
		tells: r.m.feed.Tells(c.Name), color: col.Color,
	}
	if now == r.shown {
		return
	}
	r.row, r.shown = row, now
	kit.PaintSwatch(r.swatch, col, col.ringed)
	r.name.Set(now.name)
	r.synonyms.Set(now.synonyms)
	r.count.Set(strconv.Itoa(count))
	token, icon := theme.Text, "eye"
	if now.hidden {
		token, icon = theme.Hidden, "eyeoff"
	}
	r.name.Paint(token)
	r.eye.SetIcon(icon, theme.Muted)
	r.bell.SetOn(now.tells)
	r.line.Refresh()
}

// curve is the latency of late, and its 95th percentile as a dashed line.
type curve struct {
	content *fyne.Container
	lines   []*canvas.Line
	dashes  []*canvas.Line
	base    *canvas.Rectangle
	values  []time.Duration
	p95     time.Duration
}

const curveHigh = 36

func newCurve() *curve {
	c := &curve{base: kit.Rect(theme.Border, "", 0)}
	objects := []fyne.CanvasObject{c.base}
	line := func(token fyne.ThemeColorName, width float32) *canvas.Line {
		l := canvas.NewLine(theme.Get(token))
		l.StrokeWidth = width
		l.Hide()
		objects = append(objects, l)
		return l
	}
	for range 59 {
		c.lines = append(c.lines, line(theme.Accent, 1.5))
	}
	for range 40 {
		c.dashes = append(c.dashes, line(theme.Muted, 1))
	}
	c.content = kit.Lay(kit.Fixed(100, curveHigh), c.lay, objects...)
	return c
}

func (c *curve) set(values []time.Duration, p95 time.Duration) {
	c.values, c.p95 = values, p95
	c.content.Refresh()
}

func (c *curve) lay(s fyne.Size) {
	kit.Place(c.base, 0, s.Height-1, s.Width, 1)
	top := max(c.p95, 1)
	for _, v := range c.values {
		top = max(top, v)
	}
	y := func(v time.Duration) float32 { return 4 + (s.Height-8)*(1-float32(float64(v)/float64(top))) }
	step := s.Width / float32(len(c.lines))
	from := len(c.lines) + 1 - len(c.values) // the newest stands on the right
	for i, l := range c.lines {
		k := i - from
		visible(k >= 0 && k+1 < len(c.values), l)
		if l.Visible() {
			l.Position1 = fyne.NewPos(float32(i)*step, y(c.values[k]))
			l.Position2 = fyne.NewPos(float32(i+1)*step, y(c.values[k+1]))
			l.Refresh()
		}
	}
	each := s.Width / float32(len(c.dashes))
	for i, l := range c.dashes {
		visible(c.p95 > 0 && len(c.values) > 1, l)
		at := float32(math.Round(float64(y(c.p95)))) + 0.5
		l.Position1, l.Position2 = fyne.NewPos(float32(i)*each, at), fyne.NewPos(float32(i)*each+each/2, at)
		l.Refresh()
	}
}
