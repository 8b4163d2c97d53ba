package ui

import (
	"fmt"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
)

// messageTime is how long a message stays.
const messageTime = 6 * time.Second

// status is the bar at the bottom: what is saved, how much is done, what really ran.
type status struct {
	w        *Window
	content  *fyne.Container
	icon     *canvas.Image
	saved    *kit.Text
	done     *kit.Text
	batch    *kit.Text
	bar      *kit.Bar
	message  *kit.Text
	undo     *kit.Touch
	times    *kit.Text
	pack     *kit.Text
	provider *kit.Text
	row      *fyne.Container
	lines    []fyne.CanvasObject
	narrow   bool
	glyph    string
}

func newStatus(w *Window) *status {
	s := &status{w: w}
	small := kit.Style{Size: theme.TextSmall, Color: theme.Muted}
	s.icon = kit.NewIcon("check", theme.Success, 16)
	s.saved, s.done, s.batch = kit.NewText("", small), kit.NewText("", small), kit.NewText("", kit.Style{Size: theme.TextSmall})
	s.message = kit.NewText("", kit.Style{Size: theme.TextSmall}).Flexible()
	s.times, s.pack, s.provider = kit.NewText("", small), kit.NewText("", small), kit.NewText("", small)
	s.bar = kit.NewBar()
	s.undo = kit.NewButton(kit.Quiet, "", tr.L("Undo"), "", func() { w.do("undo") })
	for range 5 {
		l := kit.Rect(theme.Border, "", 0)
		l.SetMinSize(fyne.NewSize(1, 16))
		s.lines = append(s.lines, l)
	}
	s.row = kit.Line{Gap: 8, Left: 16, Right: 16, Height: statusHeight}.Row(
		s.icon, s.saved, s.lines[0], s.done, s.lines[1], s.batch, s.bar, s.lines[2], s.message, s.undo, kit.NewSpace(),
		s.times, s.lines[3], s.pack, s.lines[4], kit.NewIcon("chip", theme.Muted, 16), s.provider)
	s.content = s.row
	return s
}

// setNarrow leaves out what a narrow window has no room for.
func (s *status) setNarrow(narrow bool) {
	if narrow != s.narrow {
		s.narrow = narrow
		s.update(session.Run)
	}
}

func (s *status) update(p session.Part) {
	if p&(session.Saved|session.List|session.Batch|session.Run|session.Regions|session.Evaluated) == 0 {
		return
	}
	before := s.says()
	s.left()
	s.right()
	if s.says() != before {
		kit.Relay(s.row)
	}
}

// says returns all that the bar shows as one text. It is looked at every few seconds, and a window that shows the same need
// not be drawn.
func (s *status) says() string {
	var b strings.Builder
	for _, o := range s.row.Objects {
		if !o.Visible() {
			b.WriteByte(0)
		} else if t, ok := o.(*kit.Text); ok {
			b.WriteString(t.Text())
		}
		b.WriteByte(0)
	}
	return b.String()
}

func visible(on bool, objects ...fyne.CanvasObject) {
	for _, o := range objects {
		switch {
		case on == o.Visible(): // hiding what is hidden would have the window drawn
		case on:
			o.Show()
		default:
			o.Hide()
		}
	}
}

func (s *status) left() {
	w := s.w
	at, waits := w.s.SavedAt()
	said := w.mode.said()
	icon, token, text := "check", theme.Success, ""
	switch {
	case said.text != "":
		icon, token, text = said.icon, said.tint, said.text
	case w.s.Sample():
		icon, token, text = "", theme.Muted, tr.L("Sample photo, nothing to save")
	case waits:
		icon, token, text = "", theme.Muted, tr.L("Saving…")
	case !at.IsZero():
		text = ago(at)
	default:
		icon, token, text = "check", theme.Muted, tr.L("All saved")
	}
	visible(icon != "", s.icon)
	if icon != "" && s.glyph != icon+string(token) {
		s.icon.Resource, s.glyph = theme.Icon(icon, token), icon+string(token)
		s.icon.Refresh()
	}
	s.saved.Put(text)
	s.saved.Paint(token)
	all, done := w.s.Len()
	visible(!w.s.Sample(), s.done, s.lines[0])
	s.done.Put(tr.L("%s of %s done", tr.Count(done), tr.Count(all)))
	b := w.s.Batch()
	visible(b.Active, s.batch, s.bar, s.lines[1])
	if b.Active {
		share := float64(b.Done) / float64(max(b.All, 1))
		s.batch.Put(tr.L("Batch") + fmt.Sprintf(" %d %%", int(share*100)))
		s.bar.Set(share)
	}
	m := w.s.Message()
	fresh := m.Text != "" && time.Since(m.At) < messageTime
	visible(fresh, s.message, s.lines[2])
	visible(fresh && m.Undo, s.undo)
	if fresh {
		s.message.Put(m.Text)
		token := theme.Text
		if m.Bad {
			token = theme.Danger
		}
		s.message.Paint(token)
	}
}

func (s *status) right() {
	r := s.w.s.Report()
	var parts []string
	timed, own := s.w.mode.(interface{ times() string })
	switch {
	case own:
		if text := timed.times(); text != "" {
			parts = append(parts, text)
		}
	case r.State == session.Loading:
		parts = append(parts, tr.L("Loading the model…"))
	case r.Busy():
		parts = append(parts, tr.L("Looking…"))
	case len(r.Stages) > 0 && !s.narrow:
		if d := r.Stage(pipeline.StagePrepare) + r.Stage(pipeline.StageEncode); d > 0 {
			parts = append(parts, tr.L("Photo %s", ms(d)))
		}
		parts = append(parts, tr.L("words %s", ms(r.Stage(pipeline.StageWords))))
		if d := r.Stage(pipeline.StageMasks); d > 0 {
			parts = append(parts, tr.L("masks %s", ms(d)))
		}
		parts = append(parts, tr.L("scores %s", ms(s.w.s.Took())))
	}
	s.times.Put(strings.Join(parts, " · "))
	visible(len(parts) > 0 && r.Pack != "", s.lines[3])
	visible(r.Pack != "", s.pack, s.lines[4])
	s.pack.Put(s.w.named(r.Pack))
	text := "CPU"
	if r.Provider != "" {
		text = tr.L("%s, %d threads", r.Provider, r.Threads)
	}
	s.provider.Put(text)
}

// ms writes a time in milliseconds, with a decimal below ten.
func ms(d time.Duration) string {
	v := float64(d) / float64(time.Millisecond)
	if v > 0 && v < 9.95 {
		return tr.L("%.1f ms", max(v, 0.1))
	}
	return tr.L("%.0f ms", v)
}
