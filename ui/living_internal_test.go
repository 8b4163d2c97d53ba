package ui

import (
	"image"
	"image/draw"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/pipeline/live"
	"github.com/saysee/saysee/pipeline/record"
	"github.com/saysee/saysee/pipeline/source"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/tr"
	"github.com/saysee/saysee/ui/view"
)

// liveDesk is a window in the mode Live, without a camera.
func liveDesk(t *testing.T) (*desk, *living) {
	t.Helper()
	d := newDesk(t, 1400, 900)
	t.Cleanup(func() {
		if err := d.closeModes(); err != nil {
			t.Error(err)
		}
	})
	d.use(liveMode)
	return d, d.mode.(*living)
}

// picture is a frame with a horse on it, of which the models have told age ago.
func picture(age time.Duration) live.View {
	pix := image.NewRGBA(image.Rect(0, 0, 160, 120))
	for i := range pix.Pix {
		pix.Pix[i] = 0x80 | byte(i%4/3)*0x7f
	}
	return live.View{
		Frame: source.NewFrame(pix, 0, 0, time.Now()), Age: age, Classes: []annot.Class{{Name: "horse"}, {Name: "person"}},
		Regions: []annot.Region{{
			Box: annot.Box{X0: 20, Y0: 20, X1: 100, Y1: 100}, Score: 0.8, Track: 7, Source: annot.Source{Maker: annot.ByModel, Model: "test"},
		}},
	}
}

func TestLiving(t *testing.T) {
	d, m := liveDesk(t)
	t.Run("should say that there is no camera, and what else can be opened", func(t *testing.T) {
		if len(source.Cameras()) > 0 {
			t.Skip("there is one")
		}
		if !m.over.card.Visible() || m.over.title.Text() != "No camera found." || !m.over.video.Visible() || m.strip.freeze.Off() != true {
			t.Errorf("%q, freeze off %v", m.over.title.Text(), m.strip.freeze.Off())
		}
		if m.said().text != "No camera is open." {
			t.Error(m.said().text)
		}
	})
	t.Run("should ask with Apply for the words of the folder", func(t *testing.T) {
		if got := m.feed.Wishes().Classes; len(got) != len(sampleWords()) || got[0].Name != "horse" {
			t.Errorf("%v", got)
		}
		if err := d.s.SetWords([]annot.Class{{Name: "cat", Phrases: []string{"cat"}}}); err != nil {
			t.Fatal(err)
		}
		d.draw(session.All)
		if got := m.feed.Wishes().Classes; len(got) != 1 || got[0].Name != "cat" {
			t.Errorf("%v", got)
		}
		d.s.Undo()
		d.draw(session.All)
	})
	t.Run("should show regions under the folder's classes, with the track as their number", func(t *testing.T) {
		m.show(picture(0))
		if n := m.counts()[0]; n != 1 {
			t.Errorf("%d horses", n)
		}
		if m.options().MaskOpacity != liveMask {
			t.Errorf("mask %v", m.options().MaskOpacity)
		}
	})
	t.Run("should fade what is old, and let it go", func(t *testing.T) {
		stale := m.stale()
		for _, c := range []struct {
			age  time.Duration
			low  float64
			high float64
		}{{0, 1, 1}, {stale, 1, 1}, {2 * stale, 0.5, 0.9}, {goneFactor * stale, 0, 0}} {
			if got := fresh(c.age, stale); got < c.low || got > c.high {
				t.Errorf("after %v: %v, want %v to %v", c.age, got, c.low, c.high)
			}
		}
	})
	t.Run("should keep a drawn outline as the part to look at, in shares of the frame", func(t *testing.T) {
		m.zoning = true
		m.hand().Created(view.Draft{Shape: annot.Polygon{{Outer: annot.Ring{{X: 0, Y: 0}, {X: 80, Y: 0}, {X: 80, Y: 240}}}}})
		if len(m.zone) != 3 || m.zone[1] != (annot.Point{X: 0.5}) || m.zone[2] != (annot.Point{X: 0.5, Y: 1}) {
			t.Errorf("zone %v", m.zone)
		}
		if len(m.feed.Wishes().Zone) != 3 || len(m.feed.Wishes().Classes) == 0 {
			t.Errorf("wishes %+v", m.feed.Wishes())
		}
		m.setZone(nil)
		if m.feed.Wishes().Zone != nil {
			t.Error("the zone is asked for still")
		}
	})
	t.Run("should tell of a class at the bell, and of none that is not asked for", func(t *testing.T) {
		m.feed.Tell("horse", true)
		if !m.feed.Tells("horse") {
			t.Error("it does not tell")
		}
	})
	t.Run("should show the photo again in Label", func(t *testing.T) {
		d.use(labelMode)
		d.draw(session.All)
		if m.shown != nil || d.shown == nil {
			t.Error("the frame is held still, or the photo is not there")
		}
		d.use(liveMode)
	})
}

func TestLiveErrors(t *testing.T) {
	for _, c := range causes() {
		if c.text == "" || liveError(c.err, source.Spec{}).Error() != c.text {
			t.Errorf("%v: %q", c.err, c.text)
		}
	}
}

// TestTakeFrame makes frames photos of a folder that is open and of one that is not.
func TestTakeFrame(t *testing.T) {
	d, m := liveDesk(t)
	v := picture(0)
	dir := t.TempDir()
	for i, open := range []bool{false, true} {
		if open {
			d.s.Open(dir)
			d.until("the folder", func() bool { return d.s.FolderPath() == dir })
		}
		f := session.Frame{Path: filepath.Join(dir, []string{"a.jpg", "b.jpg"}[i]), Width: 160, Height: 120, Regions: v.Regions, Classes: v.Classes}
		writePhoto(t, f.Path, v.Frame.Pix)
		if err := d.s.TakeFrame(f); err != nil {
			t.Fatal(err)
		}
		doc, raw := labels(t, dir, filepath.Base(f.Path))
		if raw == nil || len(doc.Regions) != 1 || doc.Regions[0].Box != v.Regions[0].Box {
			t.Errorf("labels %+v", doc)
		}
	}
	if all, _ := d.s.Len(); all != 2 {
		t.Errorf("%d photos are listed", all)
	}
	if words, _ := d.s.Words(); len(words) != 2 {
		t.Errorf("the folder has the words %v", words)
	}
	m.w.s.GoToPath(filepath.Join(dir, "b.jpg"))
	if got := d.s.Photo().Item.Rel; got != "b.jpg" {
		t.Errorf("%s is in sight", got)
	}
}

func TestLivePictures(t *testing.T) {
	for name, light := range map[string]bool{"dark": false, "light": true} {
		t.Run("should be as drawn, "+name, func(t *testing.T) {
			if len(source.Cameras()) > 0 {
				t.Skip("there is a camera")
			}
			d, m := liveDesk(t)
			d.settings.light = light
			d.rebuild()
			m.feed.Tell("horse", true)
			m.show(picture(0))
			m.changed()
			panel := image.NewNRGBA(image.Rect(0, 0, 311, 816))
			draw.Draw(panel, panel.Rect, d.win.Canvas().Capture(), image.Pt(1089, 56), draw.Src)
			test.AssertImageMatches(t, "live-"+name+".png", panel)
		})
	}
	t.Run("should speak Chinese", func(t *testing.T) {
		d, _ := liveDesk(t)
		d.settings.setLanguage(tr.Chinese)
		d.rebuild()
		if got := d.mode.(*living).panel.steadyText.Text(); got != "漏检时框保留 3 帧，边缘更平稳。" {
			t.Error(got)
		}
	})
}

func writePhoto(t *testing.T, path string, pix *image.RGBA) {
	t.Helper()
	if err := record.Picture(path, pix); err != nil {
		t.Fatal(err)
	}
}
