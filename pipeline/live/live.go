// Package live runs the models over moving pictures. A live source loses no time: between capture, models and
// display stand mailboxes with one place, in which the newest frame replaces the one before, so that latency
// cannot grow. Of a file every frame is seen, in order, and a fast reader waits for the models.
//
// The models never wait for the display and the display never for the models: on a frame that they have not
// seen, it shows the regions of the last one that they have, carried there by a Tracker where there is one.
package live

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/source"
)

// AtOnce is how many frames the models see at once. Threads wait for each other after each of a network's hundred operators, and one
// network's threads have nothing to do meanwhile: two frames with half of the threads each take less time together than one after
// the other with all of them (two cores: 0.6 of it).
const AtOnce = 2

// Threads returns how many threads a session best has, so that frames at once fill a number of cores; 0 is all of the machine, up to 8.
func Threads(cores int) int {
	return max(1, cmp.Or(cores, min(runtime.NumCPU(), 8))/AtOnce)
}

// Query is what to look for. It may be changed while a Runner runs.
type Query struct {
	Question pipeline.Question
	Filter   pipeline.Filter
	Masks    bool // make masks for boxes
	Zone     Zone // regions outside are left out; nil for the whole frame
	// Weak is the score down to which boxes are given to the tracker, without masks: it goes on with what it
	// knows by them, and shows nothing else of them. 0 gives it those of Filter only.
	Weak float64
}

// Tracker follows regions from frame to frame. The Runner makes one call at a time, from several goroutines.
type Tracker interface {
	// Update takes the regions that were found in the frame of a time, and returns those to show for it, with
	// their Track set. Times do not go back. It may keep regions, but changes none.
	Update(at time.Duration, regions []annot.Region) []annot.Region
	// Predict returns the regions of the last Update as their motion carries them to a later time.
	Predict(at time.Duration) []annot.Region
	// Reset forgets everything: the class table, the frames' size or the scene is another from now on.
	Reset()
}

// Result is what the models found in one frame. Who wants the frame beyond the call keeps it.
type Result struct {
	Frame   *source.Frame
	Regions []annot.Region // read only
	Classes []annot.Class  // the table that the regions' classes are indices of
	Took    time.Duration  // in the models
	Stages  []pipeline.Stage
}

// View is what is to be seen at a moment: a frame and the regions on it.
type View struct {
	// Frame may be released, and its pixels used again, when Show returns, unless it was kept.
	Frame   *source.Frame
	Regions []annot.Region // read only
	Classes []annot.Class
	// Found reports that the regions were found in this very frame; else they are those of an earlier one,
	// carried to this one by the tracker if there is one.
	Found bool
	// Age is how much older than Frame the frame is in which the regions were found.
	Age time.Duration
}

// Status is what a Runner is doing.
type Status uint8

// The states.
const (
	Starting Status = iota // the source is being opened
	Running
	Frozen  // the picture stands still; the source is read on
	Waiting // the source is gone; it is tried again
	Ended
)

// State is what a Runner is doing, and why.
type State struct {
	Status Status
	Info   source.Info // of the source, once it was open
	Err    error       // why it waits or has ended; nil after an end without trouble
	Retry  time.Time   // when a source that is gone is tried next
}

// Params are a Runner's parts.
type Params struct {
	// Open opens the source, and opens it again after it was gone.
	Open func(context.Context) (source.Source, error)
	// Models may be nil: then frames are only shown.
	Models  *pipeline.Models
	Canvas  pipeline.Canvas
	Query   Query
	Tracker Tracker // nil leaves regions where they were found
	Every   int     // ask the models about each N-th frame only; 0 is 1
	// Reconnect tries a live source again, more and more seldom, when it is gone or was never there. Without
	// it, Run returns the error.
	Reconnect bool

	// Show shows a view, and returns when it is on the screen, or when ctx ends: latency is counted up to its return.
	// Views come one after another from one goroutine. May be nil.
	Show func(ctx context.Context, v View)
	// Found is told of every result, in order, before it is shown. It is called on the way to the next
	// frame, so it must be quick. May be nil.
	Found func(Result)
	// Changed is told of every change of state, in order. May be nil.
	Changed func(State)
	// Skipped is told of a frame that could not be read, or not be asked about. May be nil.
	Skipped func(error)
}

// The causes of errors, beside package source's.
var (
	// ErrNoFrame is the cause when there is no frame yet to freeze or to keep.
	ErrNoFrame = errors.New("there is no picture yet")
	// ErrModels is the cause when the models fail.
	ErrModels = errors.New("the models failed")
)
