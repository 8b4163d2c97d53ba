package track

import (
	"image"
	"slices"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/assign"
)

// Options say how a Tracker works. Zero fields mean the defaults in brackets.
type Options struct {
	// Score is the score from which a region is surely found and may begin a track [0.35].
	Score float64
	// Weak is the score from which a region can still go on with a track [a third of Score].
	Weak float64
	// Frame is the nominal time between frames, the unit of all speeds [a thirtieth of a second].
	Frame time.Duration
	// Confirm is in how many frames in a row a thing must be found before it is shown [2]. What is found in the very
	// first frame is shown at once.
	Confirm int
	// Lost is how long a thing that went missing is remembered, to be known again [a second].
	Lost time.Duration
	// Hold is how long it is still shown [not at all]; a thing found in few frames, for less.
	Hold time.Duration
	// Steady shows boxes as the filter sees them, with calmer edges, instead of as they were measured.
	Steady bool
	// Size is that of the frames: what is shown is cut to it. Zero does not cut.
	Size image.Point
	// Stuff is the model that paints what has no identity, such as grass: its regions pass through, untracked.
	Stuff string
}

func (o Options) withDefaults() Options {
	if o.Score == 0 {
		o.Score = 0.35
	}
	if o.Weak == 0 {
		o.Weak = o.Score / 3
	}
	if o.Frame <= 0 {
		o.Frame = time.Second / 30
	}
	if o.Confirm == 0 {
		o.Confirm = 2
	}
	if o.Lost == 0 {
		o.Lost = time.Second
	}
	return o
}

// The costs from which two boxes are not the same thing, by round: ByteTrack's, but laxer with weak boxes (0.5), whose
// edges are the least sure.
const (
	sureLimit  = 0.8
	weakLimit  = 0.6
	freshLimit = 0.7
)

const (
	// otherClass is how well boxes of different classes pair, beside equal ones.
	otherClass = 0.7
	// doubled is the IoU from which a found and a lost track of one class are the same thing.
	doubled = 0.85
	// earned is in how many frames a thing is found for each frame that it is held when missing.
	earned = 8
	// memory is what is left of a class vote after a frame.
	memory = 0.95
	// longestStep is the time in frames for which a box is moved on without a measurement.
	longestStep = 15
)

// Tracker follows the things of one video. It is used by one goroutine at a time.
type Tracker struct {
	o      Options
	tracks []*path
	stuff  []annot.Region // of the last frame
	now    time.Duration  // of the last frame
	frames int            // that were looked at since Reset
	next   int            // the last number given
}

// New returns a tracker that has seen nothing.
func New(o Options) *Tracker { return &Tracker{o: o.withDefaults()} }

// path is one thing's way through the frames.
type path struct {
	id     int // 0 until it is shown
	state  state
	motion motion // as of the tracker's last frame
	seen   time.Duration
	hits   int // frames in which it was found
	votes  []vote
	region annot.Region // as last found
}

type state uint8

const (
	fresh   state = iota // found, not confirmed yet
	present              // found in the last frame
	lost                 // missing since seen
)

// Reset forgets everything. Numbers are not given again.
func (t *Tracker) Reset() { t.tracks, t.stuff, t.frames = nil, nil, 0 }

// Update takes in what a model has found in the frame of a time, down to the score Options.Weak, and returns the
// regions to show: things found, and those missing for less than Options.Hold. Track is set on all of them. Times only
// grow; one that goes back begins anew. It changes nothing that found points to.
//
// A region found weakly needs no shape: the track's last one is moved onto it.
func (t *Tracker) Update(at time.Duration, found []annot.Region) []annot.Region {
	t.advance(at)
	sure, weak := t.split(found)
	left, sure := t.pair(t.of(present, lost), sure, sureLimit, true)
	left, _ = t.pair(only(left, present), weak, weakLimit, false)
	for _, p := range left {
		p.state = lost
		p.motion.freeze()
	}
	unsure, sure := t.pair(t.of(fresh), sure, freshLimit, true)
	for _, r := range sure {
		t.begin(r)
	}
	t.tracks = slices.DeleteFunc(t.tracks, func(p *path) bool { return slices.Contains(unsure, p) || at-p.seen > t.o.Lost })
	t.dropDoubles()
	t.frames++
	return t.show(at)
}

// Predict returns the regions as they probably are at a later time, moved on from the last Update. It changes nothing.
func (t *Tracker) Predict(at time.Duration) []annot.Region { return t.show(at) }

// advance moves all tracks to a time.
func (t *Tracker) advance(at time.Duration) {
	if at < t.now {
		t.Reset()
	}
	step := t.step(t.now, at)
	for _, p := range t.tracks {
		p.motion.predict(step)
		p.fade(step)
	}
	t.now = at
}

// step is a time in nominal frames.
func (t *Tracker) step(from, to time.Duration) float64 {
	return min(float64(to-from)/float64(t.o.Frame), longestStep)
}

func (t *Tracker) split(found []annot.Region) (sure, weak []annot.Region) {
	t.stuff = t.stuff[:0:0]
	for _, r := range found {
		switch {
		case t.o.Stuff != "" && r.Source.Model == t.o.Stuff:
			t.stuff = append(t.stuff, r)
		case r.Box.Empty() || !r.Box.Finite():
		case r.Score >= t.o.Score:
			sure = append(sure, r)
		case r.Score >= t.o.Weak:
			weak = append(weak, r)
		}
	}
	return sure, weak
}

func (t *Tracker) of(states ...state) []*path { return only(t.tracks, states...) }

func only(paths []*path, states ...state) []*path {
	var out []*path
	for _, p := range paths {
		if slices.Contains(states, p.state) {
			out = append(out, p)
		}
	}
	return out
}

// pair gives tracks their regions and returns what is left of both. fuse lets strong regions go first.
func (t *Tracker) pair(paths []*path, found []annot.Region, limit float64, fuse bool) ([]*path, []annot.Region) {
	pairs := assign.Pairs(len(paths), len(found), limit, func(i, k int) float64 {
		p, r := paths[i], &found[k]
		like := p.motion.box().IoU(r.Box)
		if p.region.Class != r.Class {
			like *= otherClass
		}
		if fuse {
			like *= t.trust(r.Score)
		}
		return 1 - like
	})
	takenPath, takenRegion := make([]bool, len(paths)), make([]bool, len(found))
	for _, p := range pairs {
		takenPath[p.Row], takenRegion[p.Col] = true, true
		t.meet(paths[p.Row], found[p.Col])
	}
	return without(paths, takenPath), without(found, takenRegion)
}

// trust is a score as a factor: ByteTrack multiplies IoU by the score itself, which suits detectors whose scores are
// near 1. Those of open vocabularies are not, so they count from Options.Score up.
func (t *Tracker) trust(score float64) float64 {
	return 0.8 + 0.2*min(max(score-t.o.Score, 0)/max(1-t.o.Score, 1e-9), 1)
}

func without[T any](s []T, taken []bool) []T {
	var out []T
	for i, v := range s {
		if !taken[i] {
			out = append(out, v)
		}
	}
	return out
}

// meet takes a region in as the track's.
func (t *Tracker) meet(p *path, r annot.Region) {
	if r.Shape == nil && p.region.Shape != nil {
		r.Shape = moved(p.region.Shape, p.region.Box, r.Box)
	}
	p.motion.correct(r.Box)
	p.vote(r.Class, r.Score)
	r.Class = p.region.Class
	p.region, p.seen = r, t.now
	p.hits++
	if p.state = present; p.hits < t.o.Confirm && p.id == 0 {
		p.state = fresh
	}
	if p.state == present && p.id == 0 {
		p.id = t.number()
	}
}

// begin starts a track.
func (t *Tracker) begin(r annot.Region) {
	p := &path{motion: newMotion(r.Box), seen: t.now, hits: 1, region: r}
	p.votes = []vote{{r.Class, r.Score}}
	if t.frames == 0 || t.o.Confirm <= 1 {
		p.state, p.id = present, t.number()
	}
	t.tracks = append(t.tracks, p)
}

func (t *Tracker) number() int {
	t.next++
	return t.next
}

// dropDoubles removes the younger of a present and a lost track in one place.
func (t *Tracker) dropDoubles() {
	gone := map[*path]bool{}
	for _, a := range t.of(present) {
		for _, b := range t.of(lost) {
			if a.region.Class != b.region.Class || a.motion.box().IoU(b.motion.box()) < doubled {
				continue
			}
			if a.hits >= b.hits {
				gone[b] = true
			} else {
				gone[a] = true
			}
		}
	}
	t.tracks = slices.DeleteFunc(t.tracks, func(p *path) bool { return gone[p] })
}

// show returns the regions at a time: stuff, and confirmed tracks on top of it.
func (t *Tracker) show(at time.Duration) []annot.Region {
	out := slices.Clone(t.stuff)
	for _, p := range t.tracks {
		if p.id == 0 || p.state == lost && at-p.seen > t.hold(p) {
			continue
		}
		if r, ok := t.region(p, at); ok {
			out = append(out, r)
		}
	}
	return out
}

// hold is how long a missing thing is shown.
func (t *Tracker) hold(p *path) time.Duration {
	return min(t.o.Hold, time.Duration(p.hits/earned)*t.o.Frame)
}

// region returns a track's region at a time: as measured in the frame that was looked at, else moved.
func (t *Tracker) region(p *path, at time.Duration) (annot.Region, bool) {
	r := p.region
	r.Track = p.id
	if at > p.seen || t.o.Steady {
		m := p.motion
		m.predict(max(t.step(t.now, at), 0))
		r.Box = m.box()
		r.Shape = moved(p.region.Shape, p.region.Box, r.Box)
	}
	r = r.Clone()
	visible := cut(&r, t.o.Size)
	return r, visible
}
