// Package feed is what the window's mode Live works on, without a window: a source that runs through the models, what
// is followed in it, frozen, recorded, kept and told. It knows no widgets, so that it can be tested without a display.
//
// A Feed belongs to one goroutine, the window's. What takes time runs on others, which hand their results back through
// Params.Post.
package feed

import (
	"context"
	"errors"
	"image"
	"sync"
	"sync/atomic"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/alert"
	"github.com/saysee/saysee/pipeline/live"
	"github.com/saysee/saysee/pipeline/record"
	"github.com/saysee/saysee/pipeline/source"
)

// Params is what a feed needs of the world.
type Params struct {
	// Post runs a function on the feed's goroutine, later and in order.
	Post func(func())
	// Changed tells that something beside the picture has changed.
	Changed func()
	// Show shows a view. Whoever keeps its frame beyond the call calls Keep, and Release later.
	Show func(live.View)
	// Load loads the models, on another goroutine.
	Load func() (*pipeline.Models, error)
	// Told is told of alerts.
	Told func(alert.Alert)
	// Failed is told of what went wrong beside the run: recording, snapshots.
	Failed func(error)
	// Draw draws a view's regions on a recording's frame, on another goroutine.
	Draw func(dst *image.RGBA, v live.View)
}

// Status is what a feed is doing.
type Status uint8

// The states.
const (
	Idle    Status = iota // nothing was chosen
	Loading               // the models are being loaded
	Starting
	Running
	Frozen
	Waiting // the source is gone and tried again
	Ended   // a file came to its end
	Failed
)

// State is what a feed is doing, and why.
type State struct {
	Status Status
	Info   source.Info
	Err    error
	Retry  time.Time
}

// Wishes are what is looked for, and how it is followed.
type Wishes struct {
	Classes []annot.Class
	Filter  pipeline.Filter
	Tracked bool // follow things from frame to frame
	Steady  bool // calm edges, and hold what is missed for a moment
	Zone    live.Zone
}

// Feed runs one source at a time.
type Feed struct {
	p      Params
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	spec    source.Spec
	state   State
	wishes  Wishes
	asks    int // counts changes of wishes
	runner  *live.Runner
	follow  *follower
	halt    context.CancelFunc // of the run
	over    chan struct{}      // closed when the run is over
	runs    int                // which run is the latest
	frozen  *live.View
	asking  bool // the models look at the frame that is to be frozen
	mirror  atomic.Bool
	told    *telling
	closed  bool
	latency []time.Duration // of late, for a curve

	models modelsOnce
	taping *Tape
	recMu  sync.Mutex // guards rec, which the run's goroutines read
	rec    *record.Recorder
	kept   int // snapshots
}

// modelsOnce loads the models when they are first needed.
type modelsOnce struct {
	mu     sync.Mutex
	models *pipeline.Models
}

func (m *modelsOnce) get(load func() (*pipeline.Models, error)) (*pipeline.Models, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.models != nil {
		return m.models, nil
	}
	var err error
	m.models, err = load()
	return m.models, err
}

func (m *modelsOnce) close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.models == nil {
		return nil
	}
	err := m.models.Close()
	m.models = nil
	return err
}

// New returns a feed without a source.
func New(p Params) *Feed {
	f := &Feed{p: p, follow: &follower{}, told: &telling{}}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	return f
}

// post hands a function to the feed's goroutine, unless the feed is over by then.
func (f *Feed) post(work func()) {
	f.p.Post(func() {
		if !f.closed {
			work()
		}
	})
}

// Close ends the run and frees the models. The feed must not be used afterwards.
func (f *Feed) Close() error {
	if f.closed {
		return nil
	}
	_, err := f.StopRecording()
	f.Stop()
	f.closed = true
	f.cancel()
	f.wg.Wait()
	return errors.Join(err, f.models.close())
}

// Unload frees the models; the next Start loads them again. Nothing may run.
func (f *Feed) Unload() error { return f.models.close() }

// State returns what the feed is doing.
func (f *Feed) State() State { return f.state }

// Spec returns the source that was chosen last.
func (f *Feed) Spec() source.Spec { return f.spec }

// Runs reports whether a source is open or being opened.
func (f *Feed) Runs() bool { return f.halt != nil }

// Stats returns the figures of now.
func (f *Feed) Stats() live.Stats {
	if f.runner == nil {
		return live.Stats{}
	}
	return f.runner.Stats()
}

// Sample notes the latency of now for the curve, and returns those of late.
func (f *Feed) Sample() []time.Duration {
	const kept = 60
	if s := f.Stats(); s.Inferred > 0 && f.state.Status == Running {
		f.latency = append(f.latency, s.Latency.Mean)
		f.latency = f.latency[max(len(f.latency)-kept, 0):]
	}
	return f.latency
}

// Start runs a source in place of the one before.
func (f *Feed) Start(spec source.Spec) {
	f.Stop()
	f.spec, f.latency = spec, nil
	f.runs++
	run := f.runs
	ctx, halt := context.WithCancel(f.ctx)
	f.halt, f.over = halt, make(chan struct{})
	over := f.over
	f.follow.wish(f.wishes)
	query, asks := f.query(), f.asks
	f.set(State{Status: Loading})
	f.wg.Go(func() {
		defer close(over)
		models, err := f.models.get(f.p.Load)
		if err != nil || ctx.Err() != nil {
			f.post(func() { f.ended(run, err) })
			return
		}
		runner := f.newRunner(run, spec, models, query)
		f.post(func() {
			if f.runs != run || f.halt == nil {
				return
			}
			if f.runner = runner; f.asks != asks {
				f.ask() // the words have changed while the models were loaded
			}
		})
		err = runner.Run(ctx)
		f.post(func() { f.ended(run, err) })
	})
}

// Stop ends the run, and returns when it is over.
func (f *Feed) Stop() {
	if f.halt == nil {
		return
	}
	f.halt()
	over := f.over
	f.halt, f.over = nil, nil
	<-over
	f.dropFrozen()
	f.runner = nil
	f.set(State{Status: Idle})
}

func (f *Feed) ended(run int, err error) {
	if run != f.runs || f.halt == nil {
		return
	}
	f.halt()
	f.halt, f.over = nil, nil
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		f.set(State{Status: Ended, Info: f.state.Info})
	default:
		f.set(State{Status: Failed, Info: f.state.Info, Err: err})
	}
}

func (f *Feed) set(s State) {
	f.state = s
	f.p.Changed()
}

func (f *Feed) newRunner(run int, spec source.Spec, models *pipeline.Models, query live.Query) *live.Runner {
	f.follow.size(image.Point{})
	p := live.Params{
		Open: func(ctx context.Context) (source.Source, error) {
			src, err := source.Open(ctx, spec)
			if err != nil {
				return nil, err
			}
			f.follow.size(src.Info().Size)
			return &mirrored{Source: src, on: &f.mirror}, nil
		},
		Models: models, Query: query, Tracker: f.follow, Reconnect: spec.Live(),
		Show:    func(ctx context.Context, v live.View) { f.show(ctx, run, v) },
		Found:   f.found,
		Changed: func(s live.State) { f.post(func() { f.changed(run, s) }) },
	}
	return live.New(p)
}

// show hands a view to the window and waits until it has it, so that never more than one is on its way.
func (f *Feed) show(ctx context.Context, run int, v live.View) {
	if rec := f.recorder(); rec != nil {
		rec.Add(v)
	}
	v.Frame.Keep()
	done := make(chan struct{})
	f.p.Post(func() {
		defer close(done)
		defer v.Frame.Release()
		if !f.closed && run == f.runs && f.frozen == nil {
			f.p.Show(v)
		}
	})
	select {
	case <-done:
	case <-ctx.Done():
	}
}

func (f *Feed) found(r live.Result) {
	if rec := f.recorder(); rec != nil {
		rec.Found(r)
	}
	for _, a := range f.told.see(r) {
		f.post(func() { f.p.Told(a) })
	}
}

// statuses are the runner's states as the feed's.
var statuses = map[live.Status]Status{
	live.Starting: Starting, live.Running: Running, live.Frozen: Frozen, live.Waiting: Waiting,
}

func (f *Feed) changed(run int, s live.State) {
	status, ok := statuses[s.Status]
	if !ok || run != f.runs || f.halt == nil {
		return // the end is told by Run
	}
	f.set(State{Status: status, Info: s.Info, Err: s.Err, Retry: s.Retry})
}

// Ask changes what is looked for. The next frame answers.
func (f *Feed) Ask(w Wishes) {
	f.wishes = w
	f.asks++
	f.told.setClasses(w.Classes)
	f.ask()
}

// Wishes returns what is looked for.
func (f *Feed) Wishes() Wishes { return f.wishes }

func (f *Feed) ask() {
	if f.runner == nil {
		return
	}
	f.follow.wish(f.wishes)
	f.runner.Ask(f.query())
}

func (f *Feed) query() live.Query {
	w := f.wishes
	q := live.Query{Question: pipeline.NewQuestion(w.Classes, nil), Filter: w.Filter, Masks: true, Zone: w.Zone}
	if w.Tracked {
		q.Weak = w.Filter.Boxes.Score / 3
	}
	return q
}

// Freeze stops the picture, and hands over the frame with what is found in it. While that is being looked for, it does nothing.
func (f *Feed) Freeze(then func(live.View)) {
	runner, run := f.runner, f.runs
	if runner == nil || f.frozen != nil || f.asking {
		return
	}
	f.asking = true
	f.wg.Go(func() {
		v, err := runner.Freeze(f.ctx)
		f.post(func() {
			f.asking = false
			switch {
			case err != nil && !errors.Is(err, context.Canceled):
				f.p.Failed(err)
			case err == nil && run == f.runs && f.halt != nil && f.frozen == nil:
				f.frozen = &v
				then(v)
				f.p.Changed()
			case err == nil:
				v.Frame.Release()
			}
		})
	})
}

// Frozen returns the frame that the picture was stopped at, nil while it moves.
func (f *Feed) Frozen() *live.View { return f.frozen }

// Thaw lets the picture move again.
func (f *Feed) Thaw() {
	f.dropFrozen()
	if f.runner != nil {
		f.runner.Thaw()
	}
	f.p.Changed()
}

func (f *Feed) dropFrozen() {
	if f.frozen != nil {
		f.frozen.Frame.Release()
		f.frozen = nil
	}
}

// SetMirror turns left and right of the picture round, from the next frame on.
func (f *Feed) SetMirror(on bool) { f.mirror.Store(on) }

// Mirror reports whether left and right are turned round.
func (f *Feed) Mirror() bool { return f.mirror.Load() }
