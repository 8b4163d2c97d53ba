package track_test

import (
	"image"
	"math"
	"testing"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/pipeline/track"
)

const tick = time.Second / 30

func region(class int, score, x, y float64) annot.Region {
	return annot.Region{Class: class, Score: score, Box: annot.Box{X0: x, Y0: y, X1: x + 40, Y1: y + 60}, Source: annot.Source{Maker: annot.ByModel}}
}

// tracker is one that has seen a thing of class 0 go right by 3 pixels a frame for some frames, last at x = 3*(frames-1).
func tracker(o track.Options, frames int) *track.Tracker {
	t := track.New(o)
	for i := range frames {
		t.Update(time.Duration(i)*tick, []annot.Region{region(0, 0.8, 3*float64(i), 10)})
	}
	return t
}

func one(t *testing.T, got []annot.Region) annot.Region {
	t.Helper()
	if len(got) != 1 {
		t.Fatalf("%d regions, want one: %v", len(got), got)
	}
	return got[0]
}

func TestTracker(t *testing.T) {
	t.Run("should know a thing again after it was missing for half a second", func(t *testing.T) {
		tr := tracker(track.Options{}, 20)
		var got []annot.Region
		for i := 20; i < 35; i++ {
			got = tr.Update(time.Duration(i)*tick, nil)
		}
		if len(got) != 0 {
			t.Errorf("still shown: %v", got)
		}
		if r := one(t, tr.Update(35*tick, []annot.Region{region(0, 0.8, 105, 10)})); r.Track != 1 {
			t.Errorf("track %d, want 1", r.Track)
		}
	})
	t.Run("should give a new number when it was away for longer", func(t *testing.T) {
		tr := tracker(track.Options{Confirm: 1}, 20)
		tr.Update(60*tick, nil)
		if r := one(t, tr.Update(61*tick, []annot.Region{region(0, 0.8, 60, 10)})); r.Track != 2 {
			t.Errorf("track %d, want 2", r.Track)
		}
	})
	t.Run("should go on with what is found weakly, but begin nothing with it", func(t *testing.T) {
		tr := tracker(track.Options{Score: 0.5, Weak: 0.2}, 10)
		found := []annot.Region{region(0, 0.3, 30, 10), region(0, 0.3, 200, 10)}
		for i := range 5 {
			found[0].Box.X0, found[0].Box.X1 = 30+3*float64(i), 70+3*float64(i)
			if r := one(t, tr.Update(time.Duration(10+i)*tick, found)); r.Track != 1 || r.Score != 0.3 {
				t.Errorf("%+v", r)
			}
		}
	})
	t.Run("should show a new thing once it is found twice", func(t *testing.T) {
		tr := tracker(track.Options{}, 3)
		both := func(x float64) []annot.Region { return []annot.Region{region(0, 0.8, x, 10), region(0, 0.8, 300, 10)} }
		if got := tr.Update(3*tick, both(9)); len(got) != 1 {
			t.Errorf("after one sight: %v", got)
		}
		if got := tr.Update(4*tick, both(12)); len(got) != 2 || got[1].Track != 2 {
			t.Errorf("after two: %v", got)
		}
	})
	t.Run("should keep the class that most frames give", func(t *testing.T) {
		tr := tracker(track.Options{}, 10)
		for i := range 8 {
			class := i % 2
			if r := one(t, tr.Update(time.Duration(10+i)*tick, []annot.Region{region(class, 0.8, 30+3*float64(i), 10)})); r.Class != 0 {
				t.Errorf("frame %d: class %d", i, r.Class)
			}
		}
	})
	t.Run("should take another class when it is found for long", func(t *testing.T) {
		tr := tracker(track.Options{}, 10)
		var r annot.Region
		for i := range 20 {
			r = one(t, tr.Update(time.Duration(10+i)*tick, []annot.Region{region(1, 0.8, 30+3*float64(i), 10)}))
		}
		if r.Class != 1 || r.Track != 1 {
			t.Errorf("class %d of track %d", r.Class, r.Track)
		}
	})
	t.Run("should carry boxes and masks on between frames, and change nothing by it", func(t *testing.T) {
		tr := tracker(track.Options{}, 20)
		r := region(0, 0.8, 60, 10)
		r.Shape = annot.NewMask(image.Rect(70, 20, 72, 22), []byte{1, 1, 1, 1})
		tr.Update(20*tick, []annot.Region{r})
		for range 2 {
			got := one(t, tr.Predict(24*tick))
			if math.Abs(got.Box.X0-72) > 1 {
				t.Errorf("box at %v, want 72", got.Box.X0)
			}
			if m := got.Shape.(annot.Mask).TightBounds(); m.Min.X < 81 || m.Min.X > 83 {
				t.Errorf("mask at %v, want 82", m)
			}
		}
		if got := one(t, tr.Predict(20*tick)); got.Box != r.Box {
			t.Errorf("in the frame itself: %v, want what was found", got.Box)
		}
	})
	t.Run("should move slower for the same way in more time", func(t *testing.T) {
		tr := track.New(track.Options{})
		for i := range 15 { // every second frame is left out
			tr.Update(time.Duration(2*i)*tick, []annot.Region{region(0, 0.8, 3*float64(i), 10)})
		}
		if got := one(t, tr.Predict(30*tick)); math.Abs(got.Box.X0-45) > 1 {
			t.Errorf("box at %v, want 45", got.Box.X0)
		}
	})
	t.Run("should give a weak region the track's mask", func(t *testing.T) {
		tr := tracker(track.Options{Score: 0.5}, 20)
		r := region(0, 0.8, 60, 10)
		r.Shape = annot.NewMask(image.Rect(70, 20, 72, 22), []byte{1, 1, 1, 1})
		tr.Update(20*tick, []annot.Region{r})
		got := one(t, tr.Update(21*tick, []annot.Region{region(0, 0.3, 63, 10)}))
		if m, ok := got.Shape.(annot.Mask); !ok || m.TightBounds() != image.Rect(73, 20, 75, 22) {
			t.Errorf("shape %v", got.Shape)
		}
	})
	t.Run("should calm edges when steady", func(t *testing.T) {
		shake := func(o track.Options) (sum float64) {
			tr := track.New(o)
			last := 0.0
			for i := range 60 {
				r := one(t, tr.Update(time.Duration(i)*tick, []annot.Region{region(0, 0.8, 100+2*float64(i%2), 10)}))
				sum += math.Abs(r.Box.X0 - last)
				last = r.Box.X0
			}
			return sum
		}
		if raw, calm := shake(track.Options{}), shake(track.Options{Steady: true}); calm-100 > (raw-100)/2 {
			t.Errorf("moved by %.0f pixels, without steadying by %.0f", calm, raw)
		}
	})
	t.Run("should let stuff through", func(t *testing.T) {
		tr := track.New(track.Options{Stuff: "painter"})
		grass := region(2, 0.1, 0, 0)
		grass.Source.Model = "painter"
		got := tr.Update(0, []annot.Region{region(0, 0.8, 50, 50), grass})
		if len(got) != 2 || got[0].Class != 2 || got[0].Track != 0 || got[1].Track != 1 {
			t.Errorf("%v", got)
		}
	})
	t.Run("should cut to the frame, and leave out what has left it", func(t *testing.T) {
		tr := tracker(track.Options{Size: image.Pt(100, 100), Hold: time.Second}, 20)
		if got := one(t, tr.Predict(25*tick)); got.Box.X1 > 100 {
			t.Errorf("box %v", got.Box)
		}
		if got := tr.Predict(34 * tick); len(got) != 0 {
			t.Errorf("%v", got)
		}
	})
	t.Run("should begin anew when time goes back or all is forgotten, without giving numbers twice", func(t *testing.T) {
		tr := tracker(track.Options{}, 20)
		if r := one(t, tr.Update(0, []annot.Region{region(0, 0.8, 0, 10)})); r.Track != 2 {
			t.Errorf("track %d", r.Track)
		}
		tr.Reset()
		if got := tr.Predict(tick); len(got) != 0 {
			t.Errorf("after Reset: %v", got)
		}
	})
}

func BenchmarkUpdate20(b *testing.B) {
	tr := track.New(track.Options{})
	found := make([]annot.Region, 20)
	i := 0
	for b.Loop() {
		for k := range found {
			found[k] = region(k%3, 0.8, float64(k*50+i%50), float64(k*7))
		}
		tr.Update(time.Duration(i)*tick, found)
		i++
	}
}
