package feed

import (
	"context"
	"image"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/pipeline/alert"
	"github.com/saysee/saysee/pipeline/live"
	"github.com/saysee/saysee/pipeline/source"
	"github.com/saysee/saysee/pipeline/track"
)

// hold is how long a thing that was missed is shown when steady, in the models' rhythm of a usual machine: about three
// of their frames.
const hold = 200 * time.Millisecond

// follower is a tracker whose options can be changed while it runs, or that follows nothing.
type follower struct {
	mu    sync.Mutex
	o     track.Options
	t     *track.Tracker // nil while nothing is followed
	least float64        // the score that is shown
	last  []annot.Region
}

var _ live.Tracker = (*follower)(nil)

// wish takes over how things are followed.
func (f *follower) wish(w Wishes) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.least = w.Filter.Boxes.Score
	o := track.Options{Score: f.least, Weak: f.least / 3, Steady: w.Steady, Size: f.o.Size}
	if w.Steady {
		o.Hold = hold
	}
	switch {
	case !w.Tracked:
		f.t = nil
	case f.t == nil || o != f.o:
		f.t = track.New(o)
	}
	f.o = o
}

// size tells how large the frames are.
func (f *follower) size(s image.Point) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.o.Size = s; f.t != nil {
		f.t = track.New(f.o)
	}
}

// Update implements live.Tracker.
func (f *follower) Update(at time.Duration, found []annot.Region) []annot.Region {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.t != nil {
		return f.t.Update(at, found)
	}
	f.last = slices.DeleteFunc(slices.Clone(found), func(r annot.Region) bool { return r.Score < f.least })
	return f.last
}

// Predict implements live.Tracker.
func (f *follower) Predict(at time.Duration) []annot.Region {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.t != nil {
		return f.t.Predict(at)
	}
	return f.last
}

// Reset implements live.Tracker.
func (f *follower) Reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last = nil
	if f.t != nil {
		f.t.Reset()
	}
}

// telling watches for what a person wants to be told of.
type telling struct {
	mu    sync.Mutex
	rules []alert.Rule
	watch *alert.Watch
}

// Tell asks to be told when one of a class appears, or not any more.
func (f *Feed) Tell(class string, on bool) {
	t := f.told
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rules = slices.DeleteFunc(t.rules, func(r alert.Rule) bool { return r.Class == class })
	if on {
		t.rules = append(t.rules, alert.Rule{Class: class, AtLeast: 1})
	}
	t.watch = alert.New(t.rules, 0)
}

// Tells reports whether a person is told of a class.
func (f *Feed) Tells(class string) bool {
	f.told.mu.Lock()
	defer f.told.mu.Unlock()
	return slices.ContainsFunc(f.told.rules, func(r alert.Rule) bool { return r.Class == class })
}

// setClasses forgets rules of classes that nobody looks for any more.
func (t *telling) setClasses(classes []annot.Class) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rules = slices.DeleteFunc(t.rules, func(r alert.Rule) bool {
		return !slices.ContainsFunc(classes, func(c annot.Class) bool { return c.Name == r.Class })
	})
	t.watch = alert.New(t.rules, 0)
}

func (t *telling) see(r live.Result) []alert.Alert {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.watch == nil {
		return nil
	}
	return t.watch.See(r.Frame.Time, r.Regions, r.Classes)
}

// mirrored turns left and right of a source's frames round while on is true.
type mirrored struct {
	source.Source
	on *atomic.Bool
}

// Next implements source.Source. Nobody else has the frame yet, so its pixels may be changed.
func (m *mirrored) Next(ctx context.Context) (*source.Frame, error) {
	f, err := m.Source.Next(ctx)
	if err == nil && m.on.Load() {
		flip(f.Pix)
	}
	return f, err
}

// flip turns a picture round, in place.
func flip(pix *image.RGBA) {
	w := pix.Rect.Dx()
	for y := range pix.Rect.Dy() {
		row := pix.Pix[y*pix.Stride : y*pix.Stride+4*w]
		for a, b := 0, 4*(w-1); a < b; a, b = a+4, b-4 {
			left, right := (*[4]byte)(row[a:a+4]), (*[4]byte)(row[b:b+4])
			*left, *right = *right, *left
		}
	}
}
