package ui

import (
	"fmt"
	"image"
	"image/color"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"golang.org/x/image/draw"

	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
)

// The snapshots in the strip.
const (
	snapsShown = 3
	thumbWide  = 74
	thumbHigh  = 50
	// pressHigh is how high the strip's buttons are where there is room.
	pressHigh = 48
)

// liveStrip is the strip in the mode Live: the last snapshots, the three things to do, and the recording.
type liveStrip struct {
	m       *living
	content *fyne.Container

	title, count     *kit.Text
	thumbs           [snapsShown]*canvas.Image
	freeze, goOn     *kit.Touch
	record, stop     *kit.Touch
	snapshot         *kit.Touch
	keep, label      *kit.Touch
	buttons          *fyne.Container
	tapeTitle        *kit.Text
	tapeName, tapeIn *kit.Text
}

func newLiveStrip(m *living) *liveStrip {
	w := m.w
	s := &liveStrip{m: m}
	small := kit.Style{Size: theme.TextSmall, Color: theme.Muted}
	right := small
	right.Right = true
	s.title, s.count = kit.NewText(tr.L("Snapshots"), kit.Style{Bold: true, Size: theme.TextSmall}), kit.NewText("", small)
	for i := range s.thumbs {
		t := &canvas.Image{FillMode: canvas.ImageFillContain, ScaleMode: canvas.ImageScaleFastest}
		t.Hide()
		s.thumbs[i] = t
	}
	press := func(kind kit.Kind, icon, text, id string) *kit.Touch {
		return kit.NewButton(kind, icon, text, w.keyOf(id), func() { w.do(id) })
	}
	s.freeze = press(kit.Primary, "pause", tr.L("Freeze"), "freeze")
	s.goOn = press(kit.Plain, "play", tr.L("Go on"), "freeze")
	s.record = press(kit.Plain, "rec", tr.L("Record"), "record")
	s.stop = press(kit.Plain, "stop", tr.L("Stop recording"), "record")
	s.snapshot = press(kit.Plain, "camera", tr.L("Snapshot"), "snapshot")
	s.keep = press(kit.Primary, "check", tr.L("Add to the dataset"), "keep-frame")
	s.label = press(kit.Plain, "box", tr.L("Label it"), "label-frame")
	s.buttons = kit.Line{Gap: 8}.Row(s.keep, s.label, s.freeze, s.goOn, s.record, s.stop, s.snapshot)
	s.tapeTitle, s.tapeName, s.tapeIn = kit.NewText("", kit.Style{Size: theme.TextSmall, Bold: true, Right: true}), kit.NewText("", right), kit.NewText("", right)
	objects := []fyne.CanvasObject{s.title, s.count, s.buttons, s.tapeTitle, s.tapeName, s.tapeIn}
	for _, t := range s.thumbs {
		objects = append(objects, t)
	}
	s.content = kit.Lay(kit.Fixed(100, stripHead), s.lay, objects...)
	return s
}

func (s *liveStrip) lay(size fyne.Size) {
	low := size.Height < stripHead+stripThumbs
	high := float32(pressHigh)
	if low {
		high = 32
	}
	for _, b := range []*kit.Touch{s.keep, s.label, s.freeze, s.goOn, s.record, s.stop, s.snapshot} {
		b.Look.Min = fyne.NewSize(0, high)
	}
	wide := s.buttons.MinSize().Width
	side := (size.Width - wide) / 2
	kit.Place(s.buttons, max(side, 8), (size.Height-high)/2, wide, high)
	roomy := !low && side > 16+snapsShown*(thumbWide+8)
	some := len(s.m.snaps) > 0
	visible(roomy && some, s.title, s.count)
	for i, t := range s.thumbs {
		visible(roomy && i < len(s.m.snaps), t)
		kit.Place(t, 16+float32(i)*(thumbWide+8), size.Height/2-12, thumbWide, thumbHigh)
	}
	kit.Place(s.title, 16, size.Height/2-38, s.title.Width(), 20)
	kit.Place(s.count, 16+s.title.Width()+6, size.Height/2-38, max(side-s.title.Width()-30, 0), 20)
	info := roomy && s.m.feed.Recording() != nil
	visible(info, s.tapeTitle, s.tapeName, s.tapeIn)
	for i, t := range []*kit.Text{s.tapeTitle, s.tapeName, s.tapeIn} {
		kit.Place(t, size.Width-side+8, size.Height/2-32+float32(i)*21, max(side-24, 0), 20)
	}
}

func (s *liveStrip) update() {
	m := s.m
	frozen, recording := m.feed.Frozen() != nil, m.feed.Recording() != nil
	ready := m.feed.Runs() && m.view.Frame != nil
	visible(ready || frozen, s.buttons) // without a picture there is nothing to do here
	visible(frozen, s.keep, s.label, s.goOn)
	visible(!frozen, s.freeze)
	visible(recording, s.stop)
	visible(!recording && !frozen, s.record)
	visible(!frozen, s.snapshot)
	for _, b := range []*kit.Touch{s.freeze, s.record, s.snapshot} {
		b.SetOff(!ready)
	}
	s.count.Set(tr.L("%s, saved in %s", tr.Count(m.snapsAll), filepath.Base(capturesDir())+"/"))
	for i, t := range s.thumbs {
		if i < len(m.snaps) && t.Image != m.snaps[i].thumb {
			t.Image = m.snaps[i].thumb
			t.Refresh()
		}
	}
	if tape := m.feed.Recording(); tape != nil {
		s.tapeTitle.Set(tr.L("Recording annotated and raw"))
		s.tapeName.Set(fmt.Sprintf("%s · %s", tape.Name, megabytes(tape.Bytes())))
		s.tapeIn.Set(atHome(tape.Dir))
	}
	s.content.Refresh()
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }

// thumbnail is a picture made small.
func thumbnail(img *image.RGBA, w, h int) *image.RGBA {
	scale := min(float64(w)/float64(img.Rect.Dx()), float64(h)/float64(img.Rect.Dy()))
	size := image.Pt(max(int(float64(img.Rect.Dx())*scale), 1), max(int(float64(img.Rect.Dy())*scale), 1))
	out := image.NewRGBA(image.Rectangle{Max: size})
	draw.BiLinear.Scale(out, out.Rect, img, img.Rect, draw.Src, nil)
	return out
}

// fade is a colour that lets some of what is below through.
func fade(c color.Color, alpha float64) color.Color {
	r, g, b, _ := c.RGBA()
	return color.NRGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), uint8(alpha * 255)}
}
