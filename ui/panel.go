package ui

import (
	"cmp"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
	"github.com/saysee/saysee/ui/view"
)

const (
	rowHeight = 32
	// rowsShown bounds the rows of a list; a photo with more says how many are left.
	rowsShown = 200
)

// panel is the column on the right.
type panel struct {
	w       *Window
	content *container.Scroll
	column  *fyne.Container

	classes     *section
	classRows   []*classRow
	noClass     *fyne.Container
	show        *showSection
	suggestions *section
	acceptAll   *fyne.Container
	acceptKey   *fyne.Container
	suggestRows []*regionRow
	nothing     *nothing
	accepted    *section
	acceptRows  []*regionRow
	noAccepted  *fyne.Container
	selected    *selectedSection
	batch       *batchSection
	model       *modelSection
	keys        *section
	tall        float32 // the column, when the scrolled area was laid out
}

// section is a part of the panel with a heading.
type section struct {
	*fyne.Container
	count *kit.Text
	head  *fyne.Container
	body  *fyne.Container
}

// fill shows other objects below the heading. What is shown already is not laid out again: while a slider is
// dragged this is called for every step.
func (s *section) fill(objects []fyne.CanvasObject) {
	if !slices.Equal(s.body.Objects, objects) {
		s.body.Objects = objects
		kit.Relay(s.body)
		canvas.Refresh(s.body)
	}
	kit.Relay(s.head)
}

func newSection(title string, right ...fyne.CanvasObject) *section {
	s := &section{count: kit.NewText("", kit.Style{Size: theme.TextSmall, Color: theme.Muted})}
	head := append([]fyne.CanvasObject{kit.NewText(title, kit.Style{Bold: true}), s.count, kit.NewSpace()}, right...)
	s.body = kit.Column{}.Stack()
	line := kit.Rect(theme.Border, "", 0)
	line.SetMinSize(fyne.NewSize(1, 1))
	s.head = kit.Line{Gap: 8, Left: 16, Right: 12, Height: rowHeight}.Row(head...)
	s.Container = kit.Column{}.Stack(thinTall(4), s.head, s.body, thinTall(4), line)
	return s
}

// thinTall is a gap in a column.
func thinTall(h float32) fyne.CanvasObject {
	r := kit.Rect(theme.Clear, "", 0)
	r.SetMinSize(fyne.NewSize(1, h))
	return r
}

func remark(text string) *fyne.Container {
	return kit.Line{Left: 16, Right: 16, Height: rowHeight}.Row(kit.NewText(text, kit.Style{Size: theme.TextSmall, Color: theme.Muted}).Flexible())
}

func newPanel(w *Window) *panel {
	p := &panel{w: w}
	plus := kit.NewIconButton("plus", tr.L("Type words"), w.keyOf("words"), 32, 16, func() { w.prompt.focus() })
	p.classes = newSection(tr.L("Classes"), plus)
	p.noClass = remark(tr.L("Type words above, or press +."))
	p.show = newShow(w)
	p.acceptKey = kit.NewKeyCap(w.keyOf("accept-all"))
	above := kit.NewIconButton("down", tr.L("Accept all above a score…"), w.keyOf("accept-above"), 24, 12, func() { w.do("accept-above") })
	p.acceptAll = kit.Line{}.Row(
		kit.NewButton(kit.Quiet, "", tr.L("Accept all"), "", func() { w.do("accept-all") }), p.acceptKey, above.Touch)
	p.suggestions = newSection(tr.L("Suggestions"), p.acceptAll)
	p.nothing = newNothing(w)
	p.accepted = newSection(tr.L("Accepted"))
	p.noAccepted = remark(tr.L("Enter accepts. R draws a box."))
	p.selected = newSelected(w)
	p.batch = newBatch(w)
	p.model = newModel(w)
	p.keys = newKeysSection(w)
	p.column = kit.Column{}.Stack(p.classes.Container, p.show.Container, p.suggestions.Container, p.accepted.Container,
		p.selected.Container, p.batch.Container, p.model.Container, p.keys.Container)
	// What is too wide is cut off rather than make all of the panel wider than its place.
	narrow := func() fyne.Size { return fyne.NewSize(0, p.column.MinSize().Height) }
	p.content = container.NewVScroll(kit.Lay(narrow, func(s fyne.Size) { kit.Place(p.column, 0, 0, s.Width, s.Height) }, p.column))
	return p
}

// setNarrow leaves out what a narrow panel has no room for.
func (p *panel) setNarrow(narrow bool) { visible(!narrow, p.acceptKey) }

func (p *panel) update(parts session.Part) {
	if parts&(session.Regions|session.Words|session.Current) != 0 {
		p.updateClasses()
		p.updateSuggestions()
		p.updateAccepted()
		p.selected.update()
	}
	if parts&(session.Regions|session.Run) != 0 {
		p.show.update()
		p.model.update()
		p.nothing.update()
		p.w.prompt.running()
	}
	if parts&session.Batch != 0 {
		p.batch.update()
	}
	sample := p.w.s.Sample()
	visible(sample, p.keys.Container)
	visible(!sample || len(p.w.s.Accepted()) > 0, p.accepted.Container)
	if tall := p.column.MinSize().Height; tall != p.tall {
		p.tall = tall
		p.content.Refresh()
	}
	kit.Relay(p.column)
}

func (p *panel) updateClasses() {
	w := p.w
	order := w.s.Classes().Order()
	p.classes.count.Put(strconv.Itoa(len(order)))
	for len(p.classRows) < len(order) {
		p.classRows = append(p.classRows, newClassRow(w))
	}
	objects := []fyne.CanvasObject{}
	for i, row := range order {
		p.classRows[i].set(i, row)
		objects = append(objects, p.classRows[i].block)
	}
	if len(order) == 0 {
		objects = append(objects, p.noClass)
	}
	p.classes.fill(objects)
}

func (p *panel) updateSuggestions() {
	w := p.w
	list := w.s.Suggestions()
	p.suggestions.count.Put(strconv.Itoa(len(list)))
	visible(len(list) > 0, p.acceptAll)
	rows := p.rows(&p.suggestRows, list)
	if len(list) == 0 {
		rows = []fyne.CanvasObject{p.nothing.box}
	}
	p.suggestions.fill(rows)
}

func (p *panel) updateAccepted() {
	w := p.w
	list := w.s.Accepted()
	place := map[int]int{}
	for i, row := range w.s.Classes().Order() {
		place[row] = i
	}
	slices.SortStableFunc(list, func(a, b annot.Region) int { return place[a.Class] - place[b.Class] })
	p.accepted.count.Put(strconv.Itoa(len(list)))
	rows := p.rows(&p.acceptRows, list)
	if len(list) == 0 {
		rows = []fyne.CanvasObject{p.noAccepted}
	}
	p.accepted.fill(rows)
}

// rows shows regions in rows that are kept for the next time.
func (p *panel) rows(pool *[]*regionRow, list []annot.Region) []fyne.CanvasObject {
	n := min(len(list), rowsShown)
	for len(*pool) < n {
		*pool = append(*pool, newRegionRow(p.w))
	}
	objects := make([]fyne.CanvasObject, 0, n+1)
	for i := range n {
		(*pool)[i].set(list[i])
		objects = append(objects, (*pool)[i])
	}
	if len(list) > n {
		objects = append(objects, remark(tr.L("and %s more", tr.Count(len(list)-n))))
	}
	return objects
}

// hover shows which region the pointer is on.
func (p *panel) hover(id annot.RegionID) {
	for _, pool := range [][]*regionRow{p.suggestRows, p.acceptRows} {
		for _, r := range pool {
			r.SetOver(r.id == id && id != 0)
		}
	}
}

// preview shows figures of a drag.
func (p *panel) preview(changes []view.Change) {
	if len(changes) == 1 {
		p.selected.figures(changes[0].Box)
	}
}

// classRow is a class in the panel.
type classRow struct {
	*kit.Touch
	w        *Window
	row      int
	key      *kit.Text
	swatch   *canvas.Rectangle
	name     *kit.Text
	synonyms *kit.Text
	negative *kit.Text
	count    *kit.Text
	eye      *kit.IconButton
	line     *fyne.Container
	own      *slide          // its own threshold
	block    *fyne.Container // the row, and below it the threshold
}

func newClassRow(w *Window) *classRow {
	r := &classRow{w: w}
	small := kit.Style{Size: theme.TextSmall, Color: theme.Muted}
	r.key = kit.NewText("", kit.Style{Size: theme.TextKey, Color: theme.Muted})
	edge := kit.Rect(theme.Clear, theme.Border, 4)
	cap := kit.Lay(kit.Fixed(16, 16), func(s fyne.Size) {
		kit.Place(edge, 0, 0, s.Width, s.Height)
		kit.Place(r.key, (s.Width-r.key.Width())/2, 0, r.key.Width(), s.Height)
	}, edge, r.key)
	r.swatch = kit.NewSwatch(color.Transparent, false)
	r.name, r.synonyms = kit.NewText("", kit.Style{}).Flexible(), kit.NewText("", small).Flexible()
	r.negative = kit.NewText("", kit.Style{Size: theme.TextSmall, Color: theme.Danger}).Flexible()
	r.count = kit.NewText("", kit.Style{Color: theme.Muted})
	r.eye = kit.NewIconButton("eye", tr.L("Show or hide this class"), "", 24, 16, func() {
		w.s.HideClass(r.row, !w.s.Hidden(r.row))
		w.draw(0)
	})
	r.line = kit.Line{Gap: 8, Left: 16, Right: 12, Height: rowHeight}.Row(
		cap, r.swatch, r.name, r.synonyms, r.negative, kit.NewSpace(), r.count, r.eye.Touch)
	r.Touch = kit.NewTouch(r.line, kit.Look{Over: theme.Hover}, func() {
		order := w.s.Classes().Order()
		w.s.TakeClass(slices.Index(order, r.row))
		w.focusView()
		w.draw(0)
	})
	r.OnDouble = r.edit
	r.OnMenu = r.menu
	r.own = newSlide(tr.L("from"), 0, true, func(v float64) string { return fmt.Sprintf("%.2f", v) }, func(v float64) {
		w.s.SetFilter(w.s.Filter().With(r.row, v))
	})
	r.own.slider.OnEnd = w.s.FilterEnded
	r.block = kit.Column{}.Stack(r, r.own.row)
	return r
}

func (r *classRow) set(place, row int) {
	w := r.w
	c := w.s.Classes().Row(row)
	r.row = row
	key := w.classKey(place)
	if len(key) > 1 {
		key = "" // the place is one letter wide
	}
	r.key.Set(key)
	col := w.swatch(row)
	kit.PaintSwatch(r.swatch, col, col.ringed)
	r.name.Put(c.Name)
	words := strings.TrimPrefix(synonyms(c), "| ")
	if n := len(c.Examples); n > 0 {
		words = strings.TrimSpace(words + "  ≈ " + tr.Count(n))
	}
	r.synonyms.Put(words)
	negative := ""
	for _, n := range c.Negatives {
		negative += "− " + n + " "
	}
	r.negative.Put(strings.TrimSpace(negative))
	r.count.Put(strconv.Itoa(w.s.Count(row)))
	least, own := w.s.Filter().Own[row]
	visible(own, r.own.row)
	r.own.set(least)
	name, second := theme.Text, theme.Muted
	icon := "eye"
	if w.s.Hidden(row) {
		name, second, icon = theme.Hidden, theme.Hidden, "eyeoff"
	}
	r.name.Paint(name)
	r.synonyms.Paint(second)
	r.count.Paint(second)
	r.eye.SetIcon(icon, theme.Muted)
	kit.Relay(r.line)
}

// edit turns the class's chip into text.
func (r *classRow) edit() {
	_, rows := r.w.s.Words()
	if i := slices.Index(rows, r.row); i >= 0 {
		r.w.prompt.edit(i)
		return
	}
	r.w.askName(r.row)
}

func (r *classRow) menu(at fyne.Position) {
	w := r.w
	threshold := tr.L("A threshold of its own")
	if _, own := w.s.Filter().Own[r.row]; own {
		threshold = tr.L("The threshold of all")
	}
	forget := fyne.NewMenuItem(tr.L("Forget its examples"), func() { w.try(w.s.ForgetExamples(r.row)); w.draw(0) })
	forget.Disabled = len(w.s.Classes().Row(r.row).Examples) == 0
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("",
		fyne.NewMenuItem(threshold, func() { w.ownThreshold(r.row); w.draw(0) }),
		forget, fyne.NewMenuItemSeparator(),
		fyne.NewMenuItem(tr.L("Rename…"), func() { w.askName(r.row) }),
		fyne.NewMenuItem(tr.L("Colour…"), func() { w.askColor(r.row) }),
		fyne.NewMenuItem(tr.L("Delete"), func() { w.try(w.s.DeleteClass(r.row)) }),
	), w.win.Canvas(), at)
}

// regionRow is a suggestion or a label in the panel.
type regionRow struct {
	*kit.Touch
	w         *Window
	id        annot.RegionID
	swatch    *canvas.Rectangle
	name      *kit.Text
	lock      *canvas.Image
	score     *kit.Text
	yes, no   *kit.IconButton
	eye       *kit.IconButton
	line      *fyne.Container
	suggested bool
	hidden    bool
	shown     rowState
}

// rowState is all that a row shows, so that nothing is drawn again that has not changed.
type rowState struct {
	id                       annot.RegionID
	class                    int
	name                     string
	color                    color.Color
	score                    float64
	model, suggested, locked bool
	hidden, selected         bool
}

func newRegionRow(w *Window) *regionRow {
	r := &regionRow{w: w}
	r.swatch = kit.NewSwatch(color.Transparent, false)
	r.name = kit.NewText("", kit.Style{}).Flexible()
	r.lock = kit.NewIcon("lock", theme.Muted, 16)
	r.score = kit.NewText("", kit.Style{Color: theme.Muted})
	r.yes = kit.NewIconButton("check", tr.L("Accept"), w.keyOf("accept"), 24, 16, func() { w.s.Accept(r.id); w.draw(0) })
	r.no = kit.NewIconButton("x", tr.L("Reject"), w.keyOf("delete"), 24, 16, func() { w.s.Reject(r.id); w.draw(0) })
	r.eye = kit.NewIconButton("eye", tr.L("Show or hide"), w.keyOf("hide"), 24, 16, func() { w.s.Hide(!r.hidden, r.id); w.draw(0) })
	buttons := kit.Line{}.Row(r.yes.Touch, r.no.Touch, r.eye.Touch)
	r.line = kit.Line{Gap: 8, Left: 16, Right: 12, Height: rowHeight}.Row(r.swatch, r.name, r.lock, kit.NewSpace(), r.score, buttons)
	r.Touch = kit.NewTouch(r.line, kit.Look{Over: theme.Hover, On: theme.Selection}, r.tap)
	r.OnDouble = func() {
		if region := w.s.Region(r.id); region != nil {
			w.view.Reveal(region.Box)
		}
	}
	r.OnHover = func(over bool) {
		id := annot.RegionID(0)
		if over {
			id = r.id
		}
		w.view.SetHover(id)
	}
	return r
}

func (r *regionRow) tap() {
	ids := []annot.RegionID{r.id}
	if r.w.shift() {
		ids = append(slices.Clone(r.w.s.Selected()), r.id)
	}
	r.w.s.Select(ids...)
	r.w.focusView()
	r.w.draw(0)
}

func (r *regionRow) set(region annot.Region) {
	w := r.w
	r.id, r.hidden = region.ID, region.Hidden
	r.suggested = region.Review == annot.Suggested
	col := w.swatch(region.Class)
	now := rowState{
		id: region.ID, class: region.Class, name: w.s.Classes().Row(region.Class).Name, color: col.Color, score: region.Score,
		model: region.Source.Maker == annot.ByModel, suggested: r.suggested, locked: region.Locked,
		hidden: region.Hidden || w.s.Hidden(region.Class), selected: slices.Contains(w.s.Selected(), region.ID),
	}
	if now == r.shown {
		return
	}
	r.shown = now
	kit.PaintSwatch(r.swatch, col, col.ringed)
	r.name.Put(now.name)
	score := ""
	if now.model {
		score = fmt.Sprintf("%.2f", region.Score)
	}
	r.score.Put(score)
	visible(region.Locked, r.lock)
	visible(r.suggested, r.yes.Touch, r.no.Touch)
	visible(!r.suggested, r.eye.Touch)
	token, icon := theme.Text, "eye"
	if now.hidden {
		token, icon = theme.Hidden, "eyeoff"
	}
	r.name.Paint(token)
	r.eye.SetIcon(icon, theme.Muted)
	r.SetOn(now.selected)
	kit.Relay(r.line)
}

// showSection holds the thresholds.
type showSection struct {
	*section
	w          *Window
	took       *kit.Text
	chart      *fyne.Container // the histogram's place
	histogram  *kit.Histogram
	confidence *slide
	overlap    *slide
	mask       *slide
}

// slide is a slider with its name and value.
type slide struct {
	row    *fyne.Container
	slider *kit.Slider
	value  *kit.Text
	format func(float64) string
}

const slideLeft, slideRight = 94, 48

func newSlide(name string, v float64, above bool, format func(float64) string, change func(float64)) *slide {
	s := &slide{format: format}
	s.value = kit.NewText(format(v), kit.Style{Size: theme.TextSmall, Bold: true, Right: true})
	s.slider = kit.NewSlider(v, above, func(v float64) {
		s.value.Set(format(v))
		change(v)
	})
	label := kit.NewText(name, kit.Style{Size: theme.TextSmall})
	s.row = kit.Lay(kit.Fixed(200, 24), func(z fyne.Size) {
		kit.Place(label, 16, 0, slideLeft, z.Height)
		kit.Place(s.slider, 16+slideLeft, 0, z.Width-32-slideLeft-slideRight, z.Height)
		kit.Place(s.value, z.Width-16-slideRight, 0, slideRight, z.Height)
	}, label, s.slider, s.value)
	return s
}

func (s *slide) set(v float64) {
	s.slider.Set(v)
	s.value.Set(s.format(v))
}

func percent(v float64) string { return fmt.Sprintf("%.0f %%", v*100) }

// thresholdSlides move the thresholds of the model in use, which are remembered with it at the end of a drag.
func (w *Window) thresholdSlides(ended func()) (confidence, overlap *slide) {
	hundredths := func(v float64) string { return fmt.Sprintf("%.2f", v) }
	f := w.s.Filter()
	confidence = newSlide(tr.L("Confidence"), f.Score, true, hundredths, func(v float64) {
		f := w.s.Filter()
		f.Score = v
		w.s.SetFilter(f)
	})
	overlap = newSlide(tr.L("Overlap"), f.Overlap, false, hundredths, func(v float64) {
		f := w.s.Filter()
		f.Overlap = v
		w.s.SetFilter(f)
	})
	end := func() {
		w.settings.setFilter(w.pack(), w.s.Filter())
		ended()
	}
	confidence.slider.OnEnd, overlap.slider.OnEnd = end, end
	return confidence, overlap
}

func newShow(w *Window) *showSection {
	s := &showSection{w: w}
	s.took = kit.NewText("", kit.Style{Size: theme.TextSmall, Color: theme.Muted})
	s.section = newSection(tr.L("Show"), s.took)
	s.histogram = kit.NewHistogram()
	s.confidence, s.overlap = w.thresholdSlides(w.s.FilterEnded)
	s.mask = newSlide(tr.L("Mask"), w.settings.mask, false, percent, func(v float64) {
		w.settings.mask = v
		w.view.SetOptions(w.viewOptions())
	})
	s.mask.slider.OnEnd = func() { w.settings.setMask(w.settings.mask) }
	s.chart = kit.Lay(kit.Fixed(200, 26), func(z fyne.Size) {
		kit.Place(s.histogram, 16+slideLeft, 0, z.Width-32-slideLeft-slideRight, 24)
	}, s.histogram)
	s.body.Objects = []fyne.CanvasObject{s.chart, s.confidence.row, s.overlap.row, s.mask.row}
	return s
}

func (s *showSection) update() {
	f := s.w.s.Filter()
	answered := s.w.s.Answered()
	s.confidence.set(f.Score)
	s.overlap.set(f.Overlap)
	s.confidence.slider.SetOff(!answered)
	s.overlap.slider.SetOff(!answered)
	s.histogram.Set(s.w.s.Histogram(kit.Bins), f.Score)
	// Where there will be one, its place waits for it, or the sliders would jump with every photo.
	if words, _ := s.w.s.Words(); s.chart.Visible() != (len(words) > 0 && s.w.s.Choice().Segment == "") {
		visible(!s.chart.Visible(), s.chart)
		kit.Relay(s.body)
	}
	text := ""
	if answered {
		text = tr.L("no re-run, %s", ms(s.w.s.Took()))
	}
	s.took.Put(text)
	kit.Relay(s.head)
}

// nothing stands in the place of suggestions when there are none.
type nothing struct {
	w     *Window
	box   *fyne.Container
	line  *fyne.Container
	text  *kit.Text
	show  *kit.Touch
	retry *kit.Touch
	grey  []fyne.CanvasObject
}

func newNothing(w *Window) *nothing {
	n := &nothing{w: w, text: kit.NewText("", kit.Style{Size: theme.TextSmall, Color: theme.Muted}).Flexible()}
	n.show = kit.NewButton(kit.Quiet, "", tr.L("Show"), "", func() {
		if _, score, ok := w.s.BestBelow(); ok {
			f := w.s.Filter()
			f.Score = max(math.Floor(score*100-0.5)/100, 0)
			w.s.SetFilter(f)
			w.s.FilterEnded()
			w.draw(0)
		}
	})
	n.retry = kit.NewButton(kit.Quiet, "", tr.L("Retry"), "", w.s.Find)
	for range 4 {
		bar := kit.Rect(theme.Raised, "", 4)
		n.grey = append(n.grey, kit.Lay(kit.Fixed(100, rowHeight), func(s fyne.Size) { kit.Place(bar, 16, 10, s.Width-32, 12) }, bar))
	}
	n.line = kit.Line{Gap: 8, Left: 16, Right: 8, Height: rowHeight}.Row(n.text, kit.NewSpace(), n.show, n.retry)
	n.box = kit.Column{}.Stack(append([]fyne.CanvasObject{n.line}, n.grey...)...)
	n.update()
	return n
}

func (n *nothing) update() {
	w := n.w
	r := w.s.Report()
	busy := r.State == session.Loading || r.Busy() && !w.s.Answered()
	best, score, below := w.s.BestBelow()
	words, _ := w.s.Words()
	text := ""
	switch {
	case busy:
		text = tr.L("Looking…")
	case r.State == session.Failed:
		text = tr.L("The model did not run: %s", r.Err)
	case len(words) == 0:
		text = tr.L("Nothing was asked for.")
	case !w.s.Answered():
	case below:
		text = tr.L("Nothing above %.2f. Best: %s %.2f.", w.s.Filter().Score, best, score)
	case len(w.s.Accepted()) == 0:
		text = tr.L("Nothing was found.")
	default:
		text = tr.L("Nothing left to judge.")
	}
	n.text.Put(text)
	visible(!busy && below, n.show)
	visible(r.State == session.Failed, n.retry)
	visible(busy, n.grey...)
	kit.Relay(n.line)
	kit.Relay(n.box)
}

// selectedSection tells of the selected region.
type selectedSection struct {
	*section
	w      *Window
	note   *kit.Text
	field  *kit.Touch
	swatch *canvas.Rectangle
	class  *kit.Text
	values [4]*kit.Text
	origin *kit.Text
	fill   *kit.Touch
	line   *fyne.Container
}

func newSelected(w *Window) *selectedSection {
	s := &selectedSection{w: w}
	s.note = kit.NewText("", kit.Style{Size: theme.TextSmall, Color: theme.Muted})
	s.section = newSection(tr.L("Selected"), s.note)
	s.swatch = kit.NewSwatch(color.Transparent, false)
	s.class = kit.NewText("", kit.Style{}).Flexible()
	s.line = kit.Line{Gap: 8, Left: 8, Right: 8, Height: 28}.Row(s.swatch, s.class, kit.NewSpace(), kit.NewIcon("down", theme.Muted, 16))
	s.field = kit.NewTouch(s.line, kit.Look{Fill: theme.Field, Over: theme.Hover, Edge: theme.Border, Radius: 6}, w.chooseClass)
	s.field.Tip, s.field.Key = tr.L("Change class"), w.keyOf("class")
	var boxes []fyne.CanvasObject
	for i, name := range []string{"X", "Y", "W", "H"} {
		s.values[i] = kit.NewText("", kit.Style{Size: theme.TextSmall})
		label := kit.NewText(name, kit.Style{Size: theme.TextSmall, Color: theme.Muted})
		boxes = append(boxes, container.NewStack(kit.Rect(theme.Field, theme.Border, 6),
			kit.Line{Gap: 6, Left: 8, Right: 4, Height: 28}.Row(label, s.values[i].Flexible())))
	}
	grid := kit.Lay(kit.Fixed(200, 28), func(z fyne.Size) {
		each := (z.Width - 32 - 24) / 4
		for i, b := range boxes {
			kit.Place(b, 16+float32(i)*(each+8), 0, each, 28)
		}
	}, boxes...)
	s.origin = kit.NewText("", kit.Style{Size: theme.TextSmall, Color: theme.Muted}).Flexible()
	more := kit.NewButton(kit.Quiet, "", tr.L("More like this"), "", func() { w.do("like") })
	more.Tip, more.Key = tr.L("Look for regions like this one, on all photos"), w.keyOf("like")
	s.fill = kit.NewButton(kit.Quiet, "", tr.L("Fill"), "", func() { w.do("fill") })
	s.fill.Tip, s.fill.Key = tr.L("Fill the box with a mask"), w.keyOf("fill")
	s.body.Objects = []fyne.CanvasObject{
		kit.Pad(s.field, 0, 16, 8, 16), grid,
		kit.Line{Gap: 4, Left: 16, Right: 8, Height: rowHeight}.Row(s.origin, kit.NewSpace(), s.fill, more),
	}
	s.Hide()
	return s
}

func (s *selectedSection) update() {
	ids := s.w.s.Selected()
	visible(len(ids) > 0, s.Container)
	if len(ids) == 0 {
		return
	}
	r := s.w.s.Region(ids[0])
	if r == nil {
		return
	}
	col := s.w.swatch(r.Class)
	kit.PaintSwatch(s.swatch, col, col.ringed)
	s.class.Put(s.w.s.Classes().Row(r.Class).Name)
	kit.Relay(s.line)
	if len(ids) > 1 {
		s.note.Set(tr.L("%s selected", tr.Count(len(ids))))
	} else {
		s.note.Set(extent(r))
	}
	s.figures(r.Box)
	visible(r.Shape == nil && r.Review == annot.Accepted, s.fill)
	s.origin.Set(origin(r))
	s.Container.Refresh()
}

func (s *selectedSection) figures(b annot.Box) {
	for i, v := range []float64{b.X0, b.Y0, b.W(), b.H()} {
		s.values[i].Set(strconv.Itoa(int(math.Round(v))))
	}
}

// extent tells what a region is and how much it covers.
func extent(r *annot.Region) string {
	switch shape := r.Shape.(type) {
	case annot.Mask:
		return tr.L("mask %s", area(shape.Area()))
	case annot.Polygon:
		n := 0
		for _, part := range shape {
			n += len(part.Outer)
		}
		return tr.L("polygon, %s points", tr.Count(n))
	case annot.Point:
		return tr.L("point")
	case annot.Line:
		return tr.L("line")
	}
	return tr.L("box")
}

func area(pixels int) string {
	if pixels >= 1_000_000 {
		return fmt.Sprintf("%.2f MP", float64(pixels)/1e6)
	}
	return tr.Count(pixels) + " px"
}

// origin tells where a region comes from.
func origin(r *annot.Region) string {
	switch r.Source.Maker {
	case annot.ByModel:
		return tr.L("Found by “%s”, %s", r.Source.Phrase, r.Source.Model)
	case annot.ByFile:
		return tr.L("Read from a file")
	}
	return tr.L("Drawn by hand")
}

// batchSection tells how far the batch is.
type batchSection struct {
	*section
	w           *Window
	pause, goOn *kit.Touch
	stop        *kit.Touch
	count       *kit.Text
	share       *kit.Text
	bar         *kit.Bar
	found, rate *kit.Text
	rows        *fyne.Container
}

func newBatch(w *Window) *batchSection {
	s := &batchSection{w: w}
	s.pause = kit.NewButton(kit.Quiet, "", tr.L("Pause"), "", func() { w.s.PauseBatch(true) })
	s.goOn = kit.NewButton(kit.Quiet, "", tr.L("Go on"), "", func() { w.s.PauseBatch(false) })
	s.stop = kit.NewButton(kit.Grave, "", tr.L("Stop"), "", w.s.StopBatch)
	s.section = newSection(tr.L("Batch"), s.pause, s.goOn, s.stop)
	small := kit.Style{Size: theme.TextSmall, Color: theme.Muted}
	s.count, s.share = kit.NewText("", kit.Style{Bold: true}), kit.NewText("", kit.Style{Bold: true})
	s.bar = kit.NewBar()
	s.found, s.rate = kit.NewText("", small), kit.NewText("", small)
	s.rows = kit.Column{}.Stack()
	s.body.Objects = []fyne.CanvasObject{
		kit.Line{Left: 16, Right: 16, Height: 24}.Row(s.count, kit.NewSpace(), s.share),
		kit.Pad(s.bar, 0, 16, 0, 16),
		kit.Line{Left: 16, Right: 16, Height: 24}.Row(s.found, kit.NewSpace(), s.rate),
		s.rows,
	}
	s.Hide()
	return s
}

// failuresShown bounds the list of skipped photos.
const failuresShown = 20

func (s *batchSection) update() {
	p := s.w.s.Batch()
	visible(p.Active || len(p.Failed) > 0, s.Container)
	visible(p.Active && !p.Paused, s.pause)
	visible(p.Paused && p.Active, s.goOn)
	visible(p.Active, s.stop)
	share := float64(p.Done) / float64(max(p.All, 1))
	s.count.Set(tr.L("%s of %s photos", tr.Count(p.Done), tr.Count(p.All)))
	s.share.Set(fmt.Sprintf("%d %%", int(share*100)))
	s.bar.Set(share)
	s.found.Set(tr.N("%s suggestion", "%s suggestions", p.Regions))
	rate := ""
	if p.Active && p.Done > 0 {
		rate = tr.L("%.1f/s, %d s left", p.Rate, int(p.Left.Seconds()))
	}
	s.rate.Set(rate)
	s.rows.Objects = s.failures(p)
	s.Container.Refresh()
}

func (s *batchSection) failures(p session.Progress) []fyne.CanvasObject {
	if len(p.Failed) == 0 {
		return nil
	}
	retry := kit.NewButton(kit.Quiet, "retry", tr.L("Retry"), "", s.w.s.RetryBatch)
	visible(!p.Active, retry)
	rows := []fyne.CanvasObject{kit.Line{Gap: 8, Left: 16, Right: 8, Height: rowHeight}.Row(
		kit.NewIcon("warn", theme.Danger, 16), kit.NewText(tr.L("%s skipped", tr.Count(len(p.Failed))), kit.Style{Color: theme.Danger, Bold: true}),
		kit.NewSpace(), retry)}
	for _, f := range p.Failed[:min(len(p.Failed), failuresShown)] {
		rows = append(rows, kit.Line{Gap: 8, Left: 16, Right: 16, Height: 28}.Row(kit.NewText(f.Rel, kit.Style{}),
			kit.NewSpace(), kit.NewText(f.Err.Error(), kit.Style{Size: theme.TextSmall, Color: theme.Muted}).Flexible()))
	}
	return rows
}

// modelSection chooses what looks at photos.
type modelSection struct {
	*section
	w    *Window
	name *kit.Text
	note *kit.Text
	line *fyne.Container
}

func newModel(w *Window) *modelSection {
	s := &modelSection{section: newSection(tr.L("Model")), w: w}
	s.name = kit.NewText("", kit.Style{}).Flexible()
	s.note = kit.NewText("", kit.Style{Size: theme.TextSmall, Color: theme.Muted}).Flexible()
	s.line = kit.Line{Gap: 8, Left: 8, Right: 8, Height: 28}.Row(
		kit.NewIcon("chip", theme.Muted, 16), s.name, kit.NewSpace(), kit.NewIcon("down", theme.Muted, 16))
	field := kit.NewTouch(s.line, kit.Look{Fill: theme.Field, Over: theme.Hover, Edge: theme.Border, Radius: 6}, nil)
	field.OnTap = func() {
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(field)
		var items []*fyne.MenuItem
		for _, p := range w.packs() {
			item := fyne.NewMenuItem(choiceName(p), func() { w.choose(p.Choice) })
			item.Checked = p.Same(w.s.Choice())
			items = append(items, item)
		}
		twice := fyne.NewMenuItem(tr.L("Look twice: finds more"), w.toggleTwice)
		twice.Checked, twice.Disabled = w.settings.choice.Twice, !w.pack().CanTwice
		items = append(items, fyne.NewMenuItemSeparator(), twice)
		widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", items...), w.win.Canvas(), at.AddXY(0, 30))
	}
	s.body.Objects = []fyne.CanvasObject{
		kit.Pad(field, 0, 16, 0, 16), kit.Line{Left: 16, Right: 16, Height: 28}.Row(s.note),
	}
	return s
}

// starterName is what a model that the program carries is called in the window, "" where it is another's.
func starterName(p Pack) string {
	switch {
	case p.Same(session.Things):
		return tr.L("Starter: boxes and masks")
	case p.Same(session.Stuff):
		return tr.L("Starter: every pixel")
	case p.Same(session.Choice{Detect: "glip-starter"}):
		return tr.L("Starter: captions")
	case p.Same(session.Choice{Segment: "groupvit-starter"}):
		return tr.L("Starter: groups of pixels")
	}
	return ""
}

// choiceName is what a model is called in the window.
func choiceName(p Pack) string { return cmp.Or(starterName(p), p.Title, p.Pack()) }

// named is what the model with a title is called in the window.
func (w *Window) named(title string) string {
	for _, p := range w.packs() {
		if p.Title == title && title != "" {
			return choiceName(p)
		}
	}
	return title
}

func (s *modelSection) update() {
	p := s.w.pack()
	s.name.Put(choiceName(p))
	note := tr.L("Built in, works offline.")
	if starterName(p) == "" {
		note = strings.Trim(p.Version+" · "+p.Licence, " ·")
	}
	if p.CanTwice && s.w.settings.choice.Twice {
		note = tr.L("Looks at each photo twice.")
	}
	s.note.Set(note)
	kit.Relay(s.line)
}

// packs are the models that can be chosen.
func (w *Window) packs() []Pack {
	if w.listed == nil {
		w.listed = []Pack{{Choice: session.Things, CanTwice: true}, {Choice: session.Stuff}}
		if w.params.Packs != nil {
			list, err := w.params.Packs()
			w.try(err)
			if len(list) > 0 {
				w.listed = list
			}
		}
	}
	return w.listed
}

// pack is the model in use.
func (w *Window) pack() Pack {
	for _, p := range w.packs() {
		if p.Same(w.s.Choice()) {
			return p
		}
	}
	return Pack{Choice: w.s.Choice()}
}

// choose takes another model, with the thresholds that go with it, and remembers it. How models are used stays.
func (w *Window) choose(c session.Choice) {
	c.Threads, c.Twice = w.settings.choice.Threads, w.settings.choice.Twice
	other := c.Pack() != w.s.Choice().Pack()
	w.settings.setChoice(c)
	w.s.Choose(c)
	if other {
		f := w.settings.filter(w.pack())
		f.Own = w.s.Filter().Own
		w.s.SetFilter(f)
	}
	w.draw(session.Run)
}

// toggleTwice changes whether photos are looked at twice.
func (w *Window) toggleTwice() { w.setTwice(!w.settings.choice.Twice) }

func (w *Window) setTwice(on bool) {
	w.settings.choice.Twice = on
	w.choose(w.settings.choice)
}

// newKeysSection lists the keys that a newcomer needs.
func newKeysSection(w *Window) *section {
	s := newSection(tr.L("Keys"))
	for _, k := range []struct {
		text string
		keys []string
	}{
		{tr.L("Accept, reject"), []string{w.keyOf("accept"), w.keyOf("delete")}},
		{tr.L("Draw a box, a polygon"), []string{w.keyOf("box"), w.keyOf("polygon")}},
		{tr.L("Give a class"), []string{w.classKey(0), "…", w.classKey(8)}},
		{tr.L("Next photo, previous"), []string{w.keyOf("next"), w.keyOf("previous")}},
		{tr.L("Undo"), []string{w.keyOf("undo")}},
		{tr.L("All commands"), []string{w.keyOf("commands")}},
	} {
		row := []fyne.CanvasObject{kit.NewText(k.text, kit.Style{}), kit.NewSpace()}
		for _, key := range k.keys {
			row = append(row, kit.NewKeyCap(key))
		}
		s.body.Objects = append(s.body.Objects, kit.Line{Gap: 4, Left: 16, Right: 16, Height: 28}.Row(row...))
	}
	return s
}
