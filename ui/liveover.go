package ui

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"github.com/saysee/saysee/ui/feed"
	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
)

// liveOver stands over the picture: the marks of a recording and of a frozen frame, and what to do where there is none.
type liveOver struct {
	m       *living
	content *fyne.Container

	dim       *canvas.Rectangle
	rec       *badge
	frozen    *badge
	card      *fyne.Container
	icon      *canvas.Image
	glyph     string
	title     *kit.Text
	text      *kit.Text
	retry     *kit.Touch
	video     *kit.Touch
	address   *kit.Touch
	row       *fyne.Container
	showsCard bool
}

// badge is a word on the picture.
type badge struct {
	*fyne.Container
	text *kit.Text
}

func newBadge(icon string, token fyne.ThemeColorName, text string) *badge {
	b := &badge{text: kit.NewText(text, kit.Style{Size: theme.TextSmall, Bold: true, Color: theme.OnBadge})}
	ground := kit.Rect(theme.Badge, "", 4)
	row := kit.Line{Gap: 8, Left: 10, Right: 10, Height: 28}.Row(kit.NewIcon(icon, token, 16), b.text)
	b.Container = kit.Lay(row.MinSize, func(s fyne.Size) {
		kit.Place(ground, 0, 0, s.Width, s.Height)
		kit.Place(row, 0, 0, s.Width, s.Height)
	}, ground, row)
	b.Hide()
	return b
}

func newLiveOver(m *living) *liveOver {
	o := &liveOver{m: m}
	o.dim = kit.Rect(theme.Canvas, "", 0)
	o.rec = newBadge("rec", theme.Danger, "")
	o.frozen = newBadge("pause", theme.OnBadge, tr.L("Frozen"))
	o.icon = kit.NewIcon("camera", theme.Muted, 32)
	o.title = kit.NewText("", kit.Style{Bold: true})
	o.text = kit.NewText("", kit.Style{Color: theme.Muted})
	o.retry = kit.NewButton(kit.Primary, "retry", tr.L("Look again"), "", m.again)
	o.video = kit.NewButton(kit.Plain, "film", tr.L("Open a video…"), "", func() { m.askVideo() })
	o.address = kit.NewButton(kit.Plain, "", tr.L("Network address…"), "", func() { m.askAddress() })
	o.row = kit.Line{Gap: 8}.Row(o.retry, o.video, o.address)
	o.card = kit.Lay(kit.Fixed(100, 100), func(s fyne.Size) {
		y := (s.Height - 150) / 2
		centre := func(obj fyne.CanvasObject, w, h float32) {
			w = min(w, s.Width-32)
			kit.Place(obj, (s.Width-w)/2, y, w, h)
		}
		centre(o.icon, 32, 32)
		y += 44
		centre(o.title, o.title.Width(), 20)
		y += 26
		centre(o.text, o.text.Width(), 20)
		y += 40
		centre(o.row, o.row.MinSize().Width, 32)
	}, o.icon, o.title, o.text, o.row)
	o.content = kit.Lay(kit.Fixed(0, 0), func(s fyne.Size) {
		kit.Place(o.dim, 0, 0, s.Width, s.Height)
		kit.Place(o.card, 0, 0, s.Width, s.Height)
		x := float32(16)
		for _, b := range []*badge{o.rec, o.frozen} {
			if b.Visible() {
				w := b.MinSize().Width
				kit.Place(b.Container, x, 16, w, 28)
				x += w + 8
			}
		}
	}, o.dim, o.card, o.rec.Container, o.frozen.Container)
	o.update()
	return o
}

// moving takes what stood in the place of a picture away when the first one is there.
func (o *liveOver) moving() {
	if o.showsCard {
		o.update()
	}
}

func (o *liveOver) update() {
	m := o.m
	st := m.feed.State()
	if tape := m.feed.Recording(); tape != nil {
		o.rec.text.Set("REC " + clock(time.Since(tape.Began)))
	}
	visible(m.feed.Recording() != nil, o.rec.Container)
	visible(m.feed.Frozen() != nil, o.frozen.Container)
	icon, title, text := m.trouble(st)
	o.showsCard = title != ""
	visible(title != "", o.card)
	picture := m.view.Frame != nil
	visible(title != "" && picture, o.dim)
	o.dim.FillColor = fade(theme.Get(theme.Canvas), 0.8)
	if title != "" {
		if o.glyph != icon {
			o.glyph = icon
			o.icon.Resource = theme.Icon(icon, theme.Muted)
			o.icon.Refresh()
		}
		o.title.Set(title)
		o.text.Set(text)
		idle := st.Status == feed.Idle || st.Status == feed.Failed || st.Status == feed.Ended
		visible(idle || st.Status == feed.Waiting, o.row)
		visible(idle, o.video, o.address)
	}
	o.content.Refresh()
	o.card.Refresh()
}

// trouble says what stands in the place of a moving picture; nothing while there is one.
func (m *living) trouble(st feed.State) (icon, title, text string) {
	name := m.sourceName()
	switch st.Status {
	case feed.Idle:
		return "camera", tr.L("No camera found."), tr.L("Plug one in and look again, or open a video or a network stream.")
	case feed.Loading:
		if m.view.Frame == nil {
			return "camera", tr.L("Starting…"), tr.L("Loading the model…")
		}
	case feed.Starting, feed.Running, feed.Frozen:
		if m.view.Frame == nil {
			return "camera", tr.L("Starting…"), name
		}
	case feed.Waiting:
		wait := max(time.Until(st.Retry), 0)
		return "warn", liveError(st.Err, m.feed.Spec()).Error(), name + " · " + tr.L("trying again in %.0f s", wait.Seconds())
	case feed.Failed:
		return "warn", liveError(st.Err, m.feed.Spec()).Error(), name
	case feed.Ended:
		return "film", tr.L("The video has ended."), name
	}
	return "", "", ""
}
