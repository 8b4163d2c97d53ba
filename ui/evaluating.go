package ui

import (
	"path/filepath"
	"slices"

	"fyne.io/fyne/v2"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/eval"
	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
	"github.com/saysee/saysee/ui/view"
)

// evaluating is the mode Evaluate: labels or models beside ground truth, photo by photo.
type evaluating struct {
	baseMode
	w     *Window
	plan  session.Plan
	bar   *evalBar
	panel *evalPanel
	strip *evalStrip

	selected annot.RegionID // the region that is gone to with the keys, 0 for none
	arriving int            // 1 or -1 while the photo is on its way on which to go to the first or last mistake
	state    session.EvalState
}

// evaluateWide is how wide the panel is: its table has six columns.
const evaluateWide = 400

func newEvaluating(w *Window) *evaluating {
	return &evaluating{w: w, plan: session.Plan{By: eval.Boxes}}
}

func (m *evaluating) id() modeID         { return evaluateMode }
func (m *evaluating) title() string      { return tr.L("Evaluate") }
func (m *evaluating) hand() view.Handler { return &inspector{m: m} }

func (m *evaluating) build() parts {
	m.bar = newEvalBar(m)
	m.panel = newEvalPanel(m)
	m.strip = newEvalStrip(m)
	return parts{
		words: m.bar.box, strip: m.strip.content, panel: m.panel.content, wide: evaluateWide, narrow: m.strip.setNarrow,
	}
}

func (m *evaluating) enter() { m.selected = 0 }

func (m *evaluating) draw(p session.Part) {
	w := m.w
	e := w.s.Evaluation()
	if e.State == session.EvalDone && m.state != session.EvalDone {
		m.began()
	}
	m.state = e.State
	if p&session.Current != 0 {
		w.drawPhoto()
	}
	if p&(session.Current|session.Evaluated) != 0 {
		m.drawJudged()
	}
	if p&session.Evaluated != 0 {
		m.bar.update()
		m.panel.update()
	}
	m.strip.update(p)
}

// began goes to the photo with most mistakes when an evaluation has come to its end.
func (m *evaluating) began() {
	m.selected = 0
	m.w.s.ShowMistakes(session.AnyMistakes)
	if list := m.w.s.MistakeView(); len(list) > 0 {
		m.w.s.Go(list[0])
	}
}

var verdictStates = map[session.Verdict]overlay.State{
	session.IsCorrect: overlay.Correct, session.IsExtra: overlay.Extra, session.IsMissed: overlay.Missed,
}

// drawJudged shows what is right and wrong on the photo.
func (m *evaluating) drawJudged() {
	w := m.w
	judged := w.s.Judged()
	if w.s.Photo().Shown == nil {
		judged = nil
	}
	items := make([]view.Item, 0, len(judged))
	only := w.s.Mistakes().Class
	for _, j := range judged {
		j.Locked, j.Hidden = true, only >= 0 && j.Class != only
		items = append(items, view.Item{Region: j.Region, State: verdictStates[j.Verdict]})
	}
	var classes []annot.Class
	for _, name := range w.s.Evaluation().Classes {
		classes = append(classes, annot.Class{Name: name})
	}
	w.view.SetItems(items, classes)
	if m.arriving != 0 && w.s.Photo().Shown != nil {
		m.arrive(judged)
	}
	if m.selected != 0 {
		w.view.SetSelection([]annot.RegionID{m.selected})
	}
}

// mistakes returns what is wrong on the photo, the largest first.
func (m *evaluating) mistakes(judged []session.Judged) []session.Judged {
	only := m.w.s.Mistakes()
	list := slices.DeleteFunc(judged, func(j session.Judged) bool {
		return j.Verdict == session.IsCorrect || only.Class >= 0 && j.Class != only.Class
	})
	slices.SortStableFunc(list, func(a, b session.Judged) int {
		switch d := b.Box.Area() - a.Box.Area(); {
		case d > 0:
			return 1
		case d < 0:
			return -1
		}
		return 0
	})
	return list
}

// arrive goes to the first mistake, or the last, of the photo that has come.
func (m *evaluating) arrive(judged []session.Judged) {
	list := m.mistakes(judged)
	if len(list) > 0 {
		at := 0
		if m.arriving < 0 {
			at = len(list) - 1
		}
		m.show(list[at])
	}
	m.arriving = 0
}

func (m *evaluating) show(j session.Judged) {
	m.selected = j.ID
	m.w.view.SetSelection([]annot.RegionID{j.ID})
	m.w.view.Reveal(j.Box)
}

// nextMistake goes to the next wrong region, d = 1, or the one before, on the next photo if need be.
func (m *evaluating) nextMistake(d int) {
	list := m.mistakes(m.w.s.Judged())
	at := slices.IndexFunc(list, func(j session.Judged) bool { return j.ID == m.selected })
	switch {
	case at < 0 && len(list) > 0 && d > 0:
		m.show(list[0])
	case at >= 0 && at+d >= 0 && at+d < len(list):
		m.show(list[at+d])
	case m.step(d):
		m.arriving = d
	}
}

// step goes d photos on among those that are chosen.
func (m *evaluating) step(d int) bool {
	list := m.w.s.MistakeView()
	at := slices.Index(list, m.w.s.Index())
	if at < 0 && d > 0 {
		at = -1
	} else if at < 0 {
		return false
	}
	if at += d; at < 0 || at >= len(list) {
		return false
	}
	m.goTo(list[at])
	return true
}

func (m *evaluating) goTo(i int) {
	m.selected, m.arriving = 0, 0
	m.w.s.Go(i)
}

// choose shows other photos, beginning with the first.
func (m *evaluating) choose(f session.MistakeFilter) {
	m.selected = 0
	m.w.s.ShowMistakes(f)
	if list := m.w.s.MistakeView(); len(list) > 0 && !slices.Contains(list, m.w.s.Index()) {
		m.goTo(list[0])
	}
	m.w.focusView()
	m.w.draw(session.Evaluated)
}

func (m *evaluating) chooseKind(kind session.Mistakes) {
	f := m.w.s.Mistakes()
	f.Show, f.Taken = kind, -1
	m.choose(f)
}

// toggleClass lets only a class's mistakes count, or all again.
func (m *evaluating) toggleClass(class int) {
	f := m.w.s.Mistakes()
	if f.Class == class && f.Taken < 0 {
		class = -1
	}
	f.Class, f.Taken = class, -1
	m.choose(f)
}

func (m *evaluating) run() {
	if m.plan.Truth == "" {
		m.panel.askTruth()
		return
	}
	m.w.s.Evaluate(m.plan)
	m.w.focusView()
	m.w.draw(session.Evaluated)
}

// take evaluates against a file or folder.
func (m *evaluating) take(path string) {
	m.plan.Truth = path
	m.w.settings.rememberTruth(path)
	m.run()
}

// compare changes what is compared, and does so if there is a truth.
func (m *evaluating) compare(change func(*session.Plan)) {
	change(&m.plan)
	if m.plan.Truth != "" {
		m.run()
	}
}

// nudge moves the threshold of the chosen class, or of all.
func (m *evaluating) nudge(d float64) {
	e := m.w.s.Evaluation()
	if e.State != session.EvalDone || len(e.Classes) == 0 {
		return
	}
	class := m.w.s.Mistakes().Class
	if class >= 0 {
		m.w.s.SetThreshold(class, min(max(e.Threshold(class)+d, 0), 1))
		return
	}
	for i := range e.Classes {
		m.w.s.SetThreshold(i, min(max(e.Threshold(i)+d, 0), 1))
	}
}

func (m *evaluating) commands() []command {
	w := m.w
	g, photos := tr.L("Evaluate"), tr.L("Photos")
	done := func() bool { return w.s.Evaluation().State == session.EvalDone }
	return []command{
		{"truth-file", g, tr.L("Ground truth from a file…"), []string{"Ctrl+G"}, func() { w.askTruthFile(m.take) }, nil},
		{"truth-folder", g, tr.L("Ground truth from a folder…"), []string{"Ctrl+Shift+G"}, func() { w.askTruthFolder(m.take) }, nil},
		{"evaluate", g, tr.L("Evaluate now"), []string{"Enter"}, m.run, nil},
		{"next-mistake", g, tr.L("Next mistake"), []string{"N", "Tab"}, func() { m.nextMistake(1) }, done},
		{"prev-mistake", g, tr.L("Previous mistake"), []string{"Shift+N", "Shift+Tab"}, func() { m.nextMistake(-1) }, done},
		{"most-errors", g, tr.L("Most errors"), []string{"1"}, func() { m.chooseKind(session.MostErrors) }, done},
		{"missed", g, tr.L("Missed"), []string{"2"}, func() { m.chooseKind(session.OnlyMissed) }, done},
		{"extra", g, tr.L("Extra"), []string{"3"}, func() { m.chooseKind(session.OnlyExtra) }, done},
		{"all-correct", g, tr.L("All correct"), []string{"4"}, func() { m.chooseKind(session.AllCorrect) }, done},
		{"best-thresholds", g, tr.L("Use best thresholds"), []string{"B"}, w.s.BestThresholds, done},
		{"lower-thresholds", g, tr.L("Lower thresholds"), []string{"["}, func() { m.nudge(-0.01) }, done},
		{"higher-thresholds", g, tr.L("Higher thresholds"), []string{"]"}, func() { m.nudge(0.01) }, done},
		{"next", photos, tr.L("Next photo"), []string{"D", "Right"}, func() { m.stepOrWalk(1) }, nil},
		{"previous", photos, tr.L("Previous photo"), []string{"A", "Left"}, func() { m.stepOrWalk(-1) }, nil},
	}
}

// stepOrWalk goes on among the chosen photos, or among all while nothing was evaluated.
func (m *evaluating) stepOrWalk(d int) {
	if m.w.s.Evaluation().State == session.EvalDone {
		m.step(d)
		return
	}
	m.w.s.Step(d)
}

func (m *evaluating) key(key string) bool {
	if key != "Esc" {
		return false
	}
	if m.w.s.Evaluation().Busy() {
		m.w.s.StopEvaluation()
	} else if m.w.s.Mistakes() != session.AnyMistakes {
		m.choose(session.AnyMistakes)
	}
	return true
}

func (m *evaluating) said() note {
	e := m.w.s.Evaluation()
	switch {
	case e.State == session.EvalDone:
		return note{"check", theme.Success, tr.N("Evaluated %s photo in %s", "Evaluated %s photos in %s", e.Photos, seconds(e.Took))}
	case e.State == session.EvalLooking:
		return note{"", theme.Muted, tr.L("Evaluating: %s of %s photos", tr.Count(e.Done), tr.Count(e.Photos))}
	case e.Busy():
		return note{"", theme.Muted, tr.L("Reading %s…", filepath.Base(e.Truth))}
	case e.State == session.EvalFailed:
		return note{"warn", theme.Danger, tr.L("Not evaluated")}
	}
	return note{"", theme.Muted, tr.L("Nothing evaluated yet")}
}

// inspector is the hand on the canvas: it looks and changes nothing.
type inspector struct {
	view.Ignore
	m *evaluating
}

func (h *inspector) Selected(ids []annot.RegionID) {
	h.m.selected = 0
	if len(ids) > 0 {
		h.m.selected = ids[len(ids)-1]
	}
}
func (h *inspector) ViewChanged(z float64, _ annot.Box) { h.m.strip.zoom.set(z) }
func (h *inspector) Key(ev *fyne.KeyEvent)              { h.m.w.key(ev.Name) }
func (h *inspector) Rune(r rune)                        { h.m.w.rune(r) }

// evalBar stands in the place of the words: what is looked for comes from the truth.
type evalBar struct {
	m      *evaluating
	box    *fyne.Container
	chip   *kit.Touch
	count  *kit.Text
	names  *kit.Text
	button *kit.Touch
	stop   *kit.Touch
}

func newEvalBar(m *evaluating) *evalBar {
	b := &evalBar{m: m}
	ground := kit.Rect(theme.Field, theme.Edge, 8)
	b.count = kit.NewText("", kit.Style{})
	b.chip = kit.NewTouch(kit.Line{Left: 8, Right: 8, Height: 28}.Row(b.count), chipLook(false), nil)
	b.names = kit.NewText("", kit.Style{Color: theme.Muted}).Flexible()
	b.button = kit.NewButton(kit.Primary, "", tr.L("Evaluate"), "Enter", m.run)
	b.stop = kit.NewButton(kit.Plain, "stop", tr.L("Stop"), "Esc", func() { m.w.s.StopEvaluation(); m.w.draw(0) })
	row := kit.Line{Gap: 8, Left: 12, Right: 4, Height: promptHeight}.Row(
		kit.NewIcon("search", theme.Muted, 16), b.chip, b.names, kit.NewSpace(), b.button, b.stop)
	b.box = kit.Lay(kit.Fixed(300, promptHeight), func(s fyne.Size) {
		kit.Place(ground, 0, 0, s.Width, s.Height)
		kit.Place(row, 0, 0, s.Width, s.Height)
	}, ground, row)
	b.update()
	return b
}

func (b *evalBar) update() {
	e := b.m.w.s.Evaluation()
	visible(len(e.Classes) > 0, b.chip)
	b.count.Set(tr.N("%s class from ground truth", "%s classes from ground truth", len(e.Classes)))
	names := tr.L("Choose ground truth to compare with.")
	if len(e.Classes) > 0 {
		names = ""
		for i, name := range e.Classes[:min(len(e.Classes), 20)] {
			if i > 0 {
				names += ", "
			}
			names += name
		}
	}
	b.names.Set(names)
	visible(e.Busy(), b.stop)
	visible(!e.Busy(), b.button)
	b.box.Objects[1].Refresh()
}
