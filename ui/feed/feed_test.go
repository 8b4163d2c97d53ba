package feed_test

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/alert"
	"github.com/saysee/saysee/pipeline/live"
	"github.com/saysee/saysee/pipeline/live/livetest"
	"github.com/saysee/saysee/pipeline/source"
	"github.com/saysee/saysee/ui/feed"
)

// desk is a feed, and the goroutine that it belongs to.
type desk struct {
	*feed.Feed
	t      *testing.T
	queue  chan func()
	shown  int
	last   live.View
	alerts []alert.Alert
	errs   []error
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	modeltest.Runtime(t)
	d := &desk{t: t, queue: make(chan func(), 10000)}
	d.Feed = feed.New(feed.Params{
		Post: func(f func()) { d.queue <- f }, Changed: func() {},
		Show: func(v live.View) {
			d.shown++
			d.last = v
		},
		Load: func() (*pipeline.Models, error) {
			store, err := model.NewStore("", assets.Packs())
			if err != nil {
				return nil, err
			}
			return pipeline.Load(pipeline.Params{Store: store, Detect: pipeline.DefaultDetector, Threads: 1})
		},
		Told:   func(a alert.Alert) { d.alerts = append(d.alerts, a) },
		Failed: func(err error) { d.errs = append(d.errs, err) },
		Draw:   func(*image.RGBA, live.View) {},
	})
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if len(d.errs) > 0 {
			t.Error(d.errs)
		}
	})
	return d
}

func (d *desk) until(what string, holds func() bool) {
	d.t.Helper()
	late := time.After(40 * time.Second)
	for !holds() {
		select {
		case f := <-d.queue:
			f()
		case <-late:
			d.t.Fatalf("waited in vain for %s; %+v", what, d.State())
		}
	}
}

func (d *desk) ask(names ...string) {
	d.Ask(feed.Wishes{Classes: annot.NamedClasses(names...), Tracked: true, Steady: true, Filter: pipeline.Filter{Boxes: detect.Options{Score: 0.1, NMS: 0.6}}})
}

func TestFeed(t *testing.T) {
	clip := livetest.Clip(t, "clip.mp4", image.Pt(160, 120), 60, 15)
	d := newDesk(t)
	spec := source.Spec{Kind: source.File, Path: clip, Paced: true, Loop: true}
	d.ask("cat", "horse")
	d.Start(spec)
	d.until("regions", func() bool { return len(d.last.Regions) > 0 })
	if d.last.Regions[0].Track == 0 {
		t.Error("what is found has no number")
	}
	t.Run("should answer new words with the next frame", func(t *testing.T) {
		d.ask("dog")
		d.until("an answer to the new words", func() bool { return len(d.last.Classes) == 1 && d.last.Classes[0].Name == "dog" })
		for _, r := range d.last.Regions {
			if r.Class != 0 {
				t.Errorf("class %d of one", r.Class)
			}
		}
		d.ask("cat", "horse")
	})
	t.Run("should freeze on a frame whose regions are its own, and go on", func(t *testing.T) {
		var frozen *live.View
		d.Freeze(func(v live.View) { frozen = &v })
		d.until("the frozen frame", func() bool { return frozen != nil })
		if !frozen.Found || frozen.Age != 0 || d.Frozen() == nil {
			t.Errorf("%+v", frozen)
		}
		before := d.shown
		time.Sleep(200 * time.Millisecond)
		for len(d.queue) > 0 {
			(<-d.queue)()
		}
		if d.shown != before {
			t.Error("the picture moves")
		}
		d.Thaw()
		d.until("the picture to move again", func() bool { return d.shown > before+2 })
	})
	t.Run("should freeze once when it is asked twice", func(t *testing.T) {
		n := 0
		for range 2 {
			d.Freeze(func(live.View) { n++ })
		}
		d.until("the frozen frame", func() bool { return n > 0 })
		d.Thaw()
		before := d.shown
		d.until("the picture to move again", func() bool { return d.shown > before+2 })
		if n != 1 || d.Frozen() != nil {
			t.Errorf("it froze %d times", n)
		}
	})
	t.Run("should record video and regions, and keep snapshots", func(t *testing.T) {
		dir := t.TempDir()
		if err := d.Record(dir); err != nil {
			t.Fatal(err)
		}
		from := d.Stats().Inferred
		snapped := ""
		d.Snapshot(dir, func(path string, _ *image.RGBA) { snapped = path })
		d.until("some answers", func() bool { return d.Stats().Inferred > from+2 && snapped != "" })
		sum, err := d.StopRecording()
		if err != nil || sum.Frames == 0 || sum.Results == 0 || len(sum.Files) != 3 {
			t.Errorf("%+v, %v", sum, err)
		}
		for _, f := range append(sum.Files, snapped) {
			if info, err := os.Stat(f); err != nil || info.Size() == 0 {
				t.Errorf("%s: %v", f, err)
			}
		}
		if !strings.HasPrefix(snapped, dir) || filepath.Ext(snapped) != ".jpg" {
			t.Errorf("snapshot %s", snapped)
		}
	})
	t.Run("should tell when one of a class appears", func(t *testing.T) {
		d.Tell("cat", true)
		d.Tell("horse", true)
		d.until("an alert", func() bool { return len(d.alerts) > 0 })
		d.Tell("cat", false)
		if d.Tells("cat") || !d.Tells("horse") {
			t.Error("the bells are wrong")
		}
	})
	t.Run("should turn left and right round", func(t *testing.T) {
		d.SetMirror(true)
		from := d.shown
		d.until("mirrored frames", func() bool { return d.shown > from+5 })
		d.SetMirror(false)
	})
	t.Run("should follow nothing when that is not wanted", func(t *testing.T) {
		w := d.Wishes()
		w.Tracked = false
		d.Ask(w)
		d.until("regions without numbers", func() bool { return len(d.last.Regions) > 0 && d.last.Regions[0].Track == 0 })
	})
	t.Run("should stop, and say what is wrong with a source that is none", func(t *testing.T) {
		d.Stop()
		if d.Runs() || d.State().Status != feed.Idle {
			t.Errorf("%+v", d.State())
		}
		d.Start(source.Spec{Kind: source.File, Path: filepath.Join(t.TempDir(), "none.mp4")})
		d.until("the failure", func() bool { return d.State().Status == feed.Failed })
		if d.State().Err == nil {
			t.Error("no cause")
		}
	})
}
