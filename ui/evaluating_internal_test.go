package ui

import (
	"image"
	"image/draw"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/pipeline/pipelinetest"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/tr"
)

// truthOfSamples says what is on two of the sample photos, and that there is a dog on the cat's.
const truthOfSamples = `{
 "images": [{"id": 1, "file_name": "cat.jpg", "width": 451, "height": 300}, {"id": 2, "file_name": "coffee.jpg", "width": 600, "height": 400}],
 "annotations": [
  {"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 0, 400, 300], "area": 120000, "iscrowd": 0},
  {"id": 2, "image_id": 1, "category_id": 3, "bbox": [300, 200, 100, 60], "area": 6000, "iscrowd": 0},
  {"id": 3, "image_id": 2, "category_id": 2, "bbox": [172, 17, 236, 293], "area": 69148, "iscrowd": 0}],
 "categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "cup"}, {"id": 3, "name": "dog"}]}`

// evaluated is a window in which the labels of two photos were evaluated: the cat was found, the dog was not, and
// the cup was taken for a cat.
func evaluated(t *testing.T) *desk {
	t.Helper()
	d := newDesk(t, 1400, 900)
	dir := pipelinetest.Album(t, "cat.jpg", "coffee.jpg")
	truth := filepath.Join(t.TempDir(), "instances.json")
	if err := os.WriteFile(truth, []byte(truthOfSamples), 0o600); err != nil {
		t.Fatal(err)
	}
	d.s.Open(dir)
	d.until("the folder", func() bool { return !d.s.Sample() && d.s.Photo().Shown != nil })
	if err := d.s.SetWords([]annot.Class{{Name: "cat"}}); err != nil {
		t.Fatal(err)
	}
	d.try(d.s.Create(annot.Box{X0: 12, X1: 410, Y1: 300}, nil))
	d.s.Step(1)
	d.until("the second photo", func() bool { return d.s.Photo().Shown != nil })
	d.try(d.s.Create(annot.Box{X0: 170, Y0: 17, X1: 408, Y1: 310}, nil))
	d.use(evaluateMode)
	m := d.mode.(*evaluating)
	m.plan.Compared = session.OwnLabels
	m.take(truth)
	d.until("the evaluation", func() bool { return d.s.Evaluation().State == session.EvalDone })
	d.until("the photo", func() bool { return d.s.Photo().Shown != nil })
	return d
}

func TestModes(t *testing.T) {
	d := newDesk(t, 1400, 900)
	t.Run("should give each mode its parts, its width and its keys, and remember the width", func(t *testing.T) {
		d.press("Alt+3")
		if d.mode.id() != evaluateMode || d.rail.content.Visible() && slices.Contains(d.frame.content.Objects, fyne.CanvasObject(d.rail.content)) {
			t.Fatal("Alt+3 does not evaluate, or the rail is there still")
		}
		if got, want := box(d.view), [4]float32{0, 56, 1000, 696}; got != want {
			t.Errorf("canvas at %v, want %v", got, want)
		}
		if d.press("R") {
			t.Error("R draws while evaluating")
		}
		d.frame.handle.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(-40, 0)})
		d.frame.handle.DragEnd()
		d.press("Alt+1")
		if got, want := box(d.view), [4]float32{48, 88, 1040, 664}; got != want {
			t.Errorf("canvas at %v, want %v", got, want)
		}
		if again := loadSettings(d.app.Preferences()); again.widths[evaluateMode] != 440 || again.widths[labelMode] != 0 {
			t.Errorf("widths %v", again.widths)
		}
		if !d.press("R") {
			t.Error("R does not draw")
		}
	})
	t.Run("should not give one key to two in any mode", func(t *testing.T) {
		for _, m := range d.modes {
			d.use(m.id())
			seen := map[string]string{}
			for _, c := range d.commands {
				for _, k := range d.keys.Keys(c.id) {
					if other, taken := seen[k]; taken {
						t.Errorf("%s: %s is %q and %q", m.id(), k, other, c.title)
					}
					seen[k] = c.title
				}
			}
		}
	})
}

func TestEvaluating(t *testing.T) {
	d := evaluated(t)
	m := d.mode.(*evaluating)
	t.Run("should begin on the photo with most mistakes", func(t *testing.T) {
		if got := d.s.Photo().Item.Rel; got != "coffee.jpg" {
			t.Errorf("%s is in sight", got)
		}
		var states []overlay.State
		for _, j := range d.s.Judged() {
			states = append(states, verdictStates[j.Verdict])
		}
		if !slices.Equal(states, []overlay.State{overlay.Extra, overlay.Missed}) {
			t.Errorf("states %v", states)
		}
	})
	t.Run("should go from mistake to mistake, over photos", func(t *testing.T) {
		seen := map[annot.RegionID]bool{}
		for range 2 {
			d.rune('n')
			seen[m.selected] = true
		}
		d.rune('n')
		d.until("the next photo", func() bool { return d.s.Photo().Item.Rel == "cat.jpg" && d.s.Photo().Shown != nil })
		if len(seen) != 2 || m.selected == 0 {
			t.Errorf("gone to %v, then %v", seen, m.selected)
		}
		d.rune('N')
		d.until("the photo before", func() bool { return d.s.Photo().Item.Rel == "coffee.jpg" && d.s.Photo().Shown != nil })
	})
	t.Run("should let a class's row and the cards choose photos", func(t *testing.T) {
		test.Tap(m.panel.table[2])
		if got := m.photos(); len(got) != 1 || !m.strip.only.Visible() || m.panel.table[2].class != 2 {
			t.Errorf("photos %v", got)
		}
		d.key(fyne.KeyEscape)
		d.rune('4')
		if got := m.photos(); len(got) != 0 {
			t.Errorf("photos without a mistake %v", got)
		}
		d.rune('1')
	})
	t.Run("should move a threshold with the dot", func(t *testing.T) {
		chart := m.panel.chart
		test.Tap(m.panel.table[0]) // the cat's curve alone
		before := d.s.Evaluation().Threshold(0)
		chart.OnDrag(0, 0)
		if got := d.s.Evaluation().Threshold(0); got != d.s.Evaluation().Result.Classes[0].Curve[0].Score {
			t.Errorf("threshold %v, was %v", got, before)
		}
		chart.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(-100, -100)}})
		d.s.ShowMistakes(session.AnyMistakes)
	})
	t.Run("should show the photos in a grid, and open one", func(t *testing.T) {
		d.rune('o')
		if !d.overview.open() || len(d.overview.list) != 2 {
			t.Fatalf("overview of %v", d.overview.list)
		}
		d.overview.pick(1)
		if d.overview.open() || d.s.Index() != m.photos()[1] {
			t.Error("it does not open the photo")
		}
	})
}

func TestDrop(t *testing.T) {
	d := evaluated(t)
	m := d.mode.(*evaluating)
	truth := m.plan.Truth
	drop := func(path string) { d.dropped([]fyne.URI{storage.NewFileURI(path)}) }
	t.Run("should take labels for the truth while evaluating", func(t *testing.T) {
		m.plan.Truth = ""
		drop(truth)
		d.until("the evaluation", func() bool { return d.s.Evaluation().State == session.EvalDone })
		if m.plan.Truth != truth || d.settings.truths[0] != truth {
			t.Errorf("truth %q", m.plan.Truth)
		}
	})
	t.Run("should read labels in while labelling", func(t *testing.T) {
		d.press("Alt+1")
		drop(truth)
		d.until("the labels", func() bool { _, ok := d.s.Classes().Find("cup"); return ok })
	})
	t.Run("should open photos", func(t *testing.T) {
		dir := d.s.FolderPath()
		d.try(d.s.OpenSamples(sampleWords()))
		drop(filepath.Join(dir, "cat.jpg"))
		d.until("the folder", func() bool { return d.s.FolderPath() == dir })
	})
}

func TestEvaluatePictures(t *testing.T) {
	for name, light := range map[string]bool{"dark": false, "light": true} {
		t.Run("should be as drawn, "+name, func(t *testing.T) {
			d := evaluated(t)
			d.settings.light = light
			d.rebuild()
			d.until("thumbnails", func() bool { return d.s.Thumb(0) != nil && d.s.Thumb(1) != nil })
			panel := image.NewNRGBA(image.Rect(0, 0, 400, 816))
			draw.Draw(panel, panel.Rect, d.win.Canvas().Capture(), image.Pt(1000, 56), draw.Src)
			test.AssertImageMatches(t, "evaluate-"+name+".png", panel)
		})
	}
	t.Run("should speak Chinese", func(t *testing.T) {
		d := newDesk(t, 1400, 900)
		d.settings.setLanguage(tr.Chinese)
		d.rebuild()
		d.use(evaluateMode)
		if got := d.mode.(*evaluating).bar.names.Text(); got != "请选择用来对比的真值标注。" {
			t.Error(got)
		}
	})
}
