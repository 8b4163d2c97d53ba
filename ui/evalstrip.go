package ui

import (
	"slices"

	"fyne.io/fyne/v2"

	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
)

// evalStrip is the strip in the mode Evaluate: the photos with mistakes, those with most first.
type evalStrip struct {
	m       *evaluating
	content *fyne.Container
	head    *fyne.Container

	back, on *kit.IconButton
	name     *kit.Text
	place    *kit.Text
	size     *kit.Text
	only     *kit.Touch
	what     *kit.Text
	kinds    *kit.Segments
	zoom     *zoomer
	film     *film
	narrow   bool
}

func newEvalStrip(m *evaluating) *evalStrip {
	s := &evalStrip{m: m}
	step := func(d int) func() { return func() { m.stepOrWalk(d); m.w.draw(0) } }
	s.back = kit.NewIconButton("left", tr.L("Previous photo"), "A", 32, 16, step(-1))
	s.on = kit.NewIconButton("right", tr.L("Next photo"), "D", 32, 16, step(1))
	s.name = kit.NewText("", kit.Style{Bold: true}).Flexible()
	s.place = kit.NewText("", kit.Style{Color: theme.Muted})
	s.size = kit.NewText("", kit.Style{Size: theme.TextSmall, Color: theme.Muted})
	s.what = kit.NewText("", kit.Style{Size: theme.TextSmall})
	s.only = kit.NewTouch(kit.Line{Gap: 6, Left: 8, Right: 6, Height: 26}.Row(s.what, kit.NewIcon("x", theme.Muted, 12)),
		chipLook(false), func() { m.choose(session.AnyMistakes) })
	s.only.Tip, s.only.Key = tr.L("All classes again"), "Esc"
	s.kinds = kit.NewSegments([]string{tr.L("Most errors"), tr.L("Missed"), tr.L("Extra"), tr.L("All correct")}, 0, false,
		func(i int) { m.chooseKind(session.Mistakes(i)) })
	s.zoom = newZoomer(m.w)
	line := kit.Rect(theme.Border, "", 0)
	line.SetMinSize(fyne.NewSize(1, 16))
	s.head = kit.Line{Gap: 8, Left: 8, Right: 8, Height: stripHead}.Row(
		kit.Line{}.Row(s.back, s.on), s.name, s.place, s.size, kit.NewSpace(), s.only, s.kinds.Container, newOverviewButton(m.w), line, s.zoom.box)
	s.film = newFilm(m.w, m.photos, m.badge)
	s.content = layStrip(s.head, s.film)
	return s
}

// photos are the places of the photos that the strip shows: all until something was evaluated.
func (m *evaluating) photos() []int {
	if m.w.s.Evaluation().State == session.EvalDone {
		return m.w.s.MistakeView()
	}
	return m.w.s.View()
}

// badge tells how many mistakes are on a photo.
func (m *evaluating) badge(i int) (glyph, text string) {
	c, ok := m.w.s.PhotoCounts(i)
	switch {
	case !ok:
		return "", ""
	case c.Errors() == 0:
		return "check", ""
	}
	return "", tr.N("%s error", "%s errors", c.Errors())
}

func (s *evalStrip) setNarrow(narrow bool) {
	s.narrow = narrow
	visible(!narrow, s.size)
	s.update(session.Evaluated)
}

func (s *evalStrip) update(p session.Part) {
	if p&(session.List|session.Current|session.Evaluated) == 0 {
		return
	}
	w := s.m.w
	ph := w.s.Photo()
	list := s.m.photos()
	at := slices.Index(list, w.s.Index())
	s.name.Set(ph.Item.Rel)
	place := ""
	if at >= 0 {
		place = tr.L("%s of %s", tr.Count(at+1), tr.Count(len(list)))
	}
	s.place.Set(place)
	s.size.Set(dimensions(ph.Size))
	s.back.SetOff(at <= 0)
	s.on.SetOff(len(list) == 0 || at == len(list)-1)
	e, f := w.s.Evaluation(), w.s.Mistakes()
	done := e.State == session.EvalDone
	visible(done && f.Class >= 0, s.only)
	if done && f.Class >= 0 {
		s.what.Set(e.Classes[f.Class])
		if f.Taken >= 0 {
			s.what.Set(tr.L("%s taken for %s", e.Classes[f.Class], e.Classes[f.Taken]))
		}
		s.only.Refresh()
	}
	s.kinds.Pick(int(f.Show))
	visible(done && !s.narrow, s.kinds.Container)
	s.head.Refresh()
	s.film.update(p&session.Current != 0)
}
