package live

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/source"
)

// Runner takes frames from a source to the models and to the display. Its methods may be called from any
// goroutine, also while Run runs; those without a context return at once.
type Runner struct {
	p     Params
	meter meter
	begin time.Time // the capture of a live source's first frame

	toModels *mailbox[*source.Frame] // of live sources
	toScreen *mailbox[*source.Frame]
	answered chan struct{} // holds a token when there is an answer that was not shown

	mu     sync.Mutex
	query  Query
	asked  int // counts changes of query
	state  State
	frozen bool
	thawed chan struct{} // closed when not frozen
	seq    int           // of the next frame
	last   *source.Frame // shown last
	lastOn View          // as it was shown; its Frame is last
	answer *answer

	tracking sync.Mutex // calls of the tracker; taken before mu
}

// answer is the last result.
type answer struct {
	regions []annot.Region
	classes []annot.Class
	seq     int
	time    time.Duration
	at      time.Time
	size    image.Point
	shown   bool
}

// New returns a runner that waits for Run.
func New(p Params) *Runner {
	p.Every = max(p.Every, 1)
	thawed := make(chan struct{})
	close(thawed)
	r := &Runner{
		p: p, query: p.Query, thawed: thawed,
		toModels: newMailbox[*source.Frame](), toScreen: newMailbox[*source.Frame](), answered: make(chan struct{}, 1),
	}
	if p.Models != nil {
		r.meter.stats.Provider = p.Models.Engine.Provider()
	}
	return r
}

// Run runs until the source ends, which is no error, until it fails, or until ctx ends. It returns within
// 100 ms of ctx's end, and may be called once.
func (r *Runner) Run(ctx context.Context) error {
	err := r.connect(ctx)
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	r.mu.Lock()
	state := State{Status: Ended, Info: r.state.Info, Err: err}
	last := r.last
	r.last, r.lastOn = nil, View{}
	r.mu.Unlock()
	last.Release()
	for _, box := range []*mailbox[*source.Frame]{r.toModels, r.toScreen} {
		if f, ok := box.clear(); ok {
			f.Release()
		}
	}
	r.change(state)
	return err
}

// connect opens the source and plays it, again and again if that is wanted.
func (r *Runner) connect(ctx context.Context) error {
	wait := backOff{}
	for {
		r.change(State{Status: Starting, Info: r.State().Info})
		src, err := r.p.Open(ctx)
		if err == nil {
			before := r.meter.read(time.Now()).Captured
			err = r.play(ctx, src)
			if r.meter.read(time.Now()).Captured > before {
				wait = backOff{}
			}
		}
		if err == nil || ctx.Err() != nil || !r.p.Reconnect || final(err) {
			return err
		}
		pause := wait.next()
		r.change(State{Status: Waiting, Info: r.State().Info, Err: err, Retry: time.Now().Add(pause)})
		if !sleep(ctx, pause) {
			return ctx.Err()
		}
		r.meter.count(&r.meter.stats.Reconnects, 1)
	}
}

// final reports whether another try is in vain.
func final(err error) bool {
	for _, cause := range []error{ErrModels, source.ErrSpec, source.ErrEmpty, source.ErrTruncated} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

// backOff is how long to wait between tries: half a second first, doubled up to ten.
type backOff struct{ last time.Duration }

func (b *backOff) next() time.Duration {
	b.last = min(max(2*b.last, 500*time.Millisecond), 10*time.Second)
	return b.last
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// play runs an open source to its end.
func (r *Runner) play(ctx context.Context, src source.Source) error {
	defer src.Close() //nolint:errcheck // nothing was written
	info := src.Info()
	status := Running
	if r.isFrozen() {
		status = Frozen
	}
	r.change(State{Status: status, Info: info})
	if info.Live {
		return r.playLive(ctx, src)
	}
	return r.playFile(ctx, src)
}

// nextFrame reads a frame and gives it a number and a time that go on over reconnects. A frame that cannot be
// read is passed over.
func (r *Runner) nextFrame(ctx context.Context, src source.Source, live bool) (*source.Frame, error) {
	for {
		f, err := src.Next(ctx)
		if errors.Is(err, source.ErrFrame) {
			r.skip(err)
			continue
		}
		if err != nil {
			return nil, err
		}
		if live {
			if r.begin.IsZero() {
				r.begin = f.At
			}
			f.Time = f.At.Sub(r.begin)
		}
		r.mu.Lock()
		f.Seq = r.seq
		r.seq++
		r.mu.Unlock()
		r.meter.captured(f.At)
		return f, nil
	}
}

func (r *Runner) skip(err error) {
	r.meter.count(&r.meter.stats.Skipped, 1)
	if r.p.Skipped != nil {
		r.p.Skipped(err)
	}
}

// playLive runs capture, models and display side by side.
func (r *Runner) playLive(ctx context.Context, src source.Source) error {
	ctx, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	failed := make(chan error, AtOnce)
	if r.p.Models != nil {
		for range AtOnce {
			wg.Go(func() {
				if err := r.inferLoop(ctx); err != nil {
					failed <- err
					stop()
				}
			})
		}
	}
	wg.Go(func() { r.showLoop(ctx) })
	for {
		f, err := r.nextFrame(ctx, src, true)
		select {
		case inference := <-failed:
			f.Release()
			return inference
		default:
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		r.offer(f)
	}
}

// offer puts a frame into the mailboxes. While the picture is frozen the source is read on, so that nothing old
// waits in it afterwards.
func (r *Runner) offer(f *source.Frame) {
	defer f.Release()
	if r.isFrozen() {
		return
	}
	if r.p.Models != nil {
		if f.Seq%r.p.Every != 0 {
			r.meter.count(&r.meter.stats.Dropped, 1)
		} else if old, replaced := r.toModels.put(f.Keep()); replaced {
			old.Release()
			r.meter.count(&r.meter.stats.Dropped, 1)
		}
	}
	if old, replaced := r.toScreen.put(f.Keep()); replaced {
		old.Release()
	}
}

func (r *Runner) inferLoop(ctx context.Context) error {
	for {
		f, ok := r.toModels.take(ctx)
		if !ok {
			return nil
		}
		_, err := r.see(ctx, f, true)
		f.Release()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case r.answered <- struct{}{}:
		default: // a token is there still
		}
	}
}

// see asks the models about a frame and keeps the answer, unless other words were asked for meanwhile.
func (r *Runner) see(ctx context.Context, f *source.Frame, newest bool) (kept bool, err error) {
	query, number := r.currentQuery()
	res, err := r.infer(ctx, f, query, r.p.Tracker != nil)
	if err != nil {
		return false, err
	}
	return r.keep(res, number, newest), nil
}

// keep takes a result as the answer to what is asked, unless that has changed since, or the frame must be the newest that
// was answered and is not.
func (r *Runner) keep(res Result, number int, newest bool) bool {
	f := res.Frame
	r.tracking.Lock()
	defer r.tracking.Unlock()
	r.mu.Lock()
	stale := r.asked != number || newest && r.answer != nil && r.answer.seq > f.Seq
	reset := r.answer != nil && r.answer.size != f.Size()
	r.mu.Unlock()
	if stale {
		return false
	}
	if r.p.Tracker != nil {
		if reset {
			r.p.Tracker.Reset()
		}
		res.Regions = r.p.Tracker.Update(f.Time, res.Regions)
	}
	if r.p.Found != nil {
		r.p.Found(res)
	}
	r.mu.Lock()
	r.answer = &answer{regions: res.Regions, classes: res.Classes, seq: f.Seq, time: f.Time, at: f.At, size: f.Size()}
	r.mu.Unlock()
	return true
}

// infer asks the models; weak boxes are among the answers if the tracker wants them.
func (r *Runner) infer(ctx context.Context, f *source.Frame, q Query, weak bool) (Result, error) {
	start := time.Now()
	a, err := r.p.Models.Analyse(ctx, f.Photo(), r.p.Canvas)
	if err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrModels, err)
	}
	defer a.Release()
	regions, err := regionsOf(ctx, a, q, weak)
	if err != nil {
		return Result{}, fmt.Errorf("%w: %w", ErrModels, err)
	}
	regions = q.Zone.only(regions, f.Size())
	now := time.Now()
	r.meter.inferred(now, now.Sub(start))
	return Result{f, regions, q.Question.Classes, now.Sub(start), a.Stages}, nil
}

// regionsOf returns the painted regions and the boxes, these with masks if wanted and not weak.
func regionsOf(ctx context.Context, a *pipeline.Analysis, q Query, weak bool) ([]annot.Region, error) {
	ans, err := a.Ask(ctx, q.Question)
	if err != nil {
		return nil, err
	}
	f, sure := q.Filter, q.Filter.Boxes.Score
	if weak && q.Weak > 0 {
		f.Boxes.Score = min(sure, q.Weak)
	}
	boxes, pixels := ans.Select(f)
	if q.Masks {
		n, _ := slices.BinarySearchFunc(boxes, sure, func(b detect.Found, s float64) int { return cmp.Compare(s, b.Region.Score) })
		if err := a.Masks(ctx, ans.Question, boxes[:n]); err != nil {
			return nil, err
		}
	}
	return append(pixels, detect.Regions(boxes)...), nil
}

// showLoop shows each new frame, and each new answer.
func (r *Runner) showLoop(ctx context.Context) {
	for {
		var f *source.Frame
		select {
		case <-ctx.Done():
			return
		case <-r.toScreen.ready:
			f = r.toScreen.empty()
		case <-r.answered:
			// The answer goes on the newest picture, which may be the one on the screen.
			var ok bool
			if f, ok = r.toScreen.clear(); !ok {
				f = r.lastShown()
			}
		}
		if f == nil {
			continue
		}
		if !r.isFrozen() {
			r.show(ctx, f)
		}
		f.Release()
	}
}

func (r *Runner) lastShown() *source.Frame {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil {
		return nil
	}
	return r.last.Keep()
}

// show shows a frame with what is known of it.
func (r *Runner) show(ctx context.Context, f *source.Frame) {
	v, ans, fresh := r.view(f)
	if r.p.Show != nil {
		r.p.Show(ctx, v)
	}
	now := time.Now()
	r.mu.Lock()
	newFrame := r.last == nil || r.last.Seq != f.Seq
	old := r.last
	r.last, r.lastOn = f.Keep(), v
	r.mu.Unlock()
	old.Release()
	var asked time.Time
	if fresh {
		asked = ans.at
	}
	r.meter.shown(now, f.At, newFrame, asked, fresh)
}

// view puts a frame and the last answer together. fresh tells that the answer was not shown yet.
func (r *Runner) view(f *source.Frame) (v View, ans *answer, fresh bool) {
	r.tracking.Lock()
	defer r.tracking.Unlock()
	r.mu.Lock()
	ans = r.answer
	if ans != nil && ans.size == f.Size() {
		fresh, ans.shown = !ans.shown, true
	}
	v = View{Frame: f, Classes: r.query.Question.Classes}
	r.mu.Unlock()
	if ans == nil || ans.size != f.Size() {
		return v, nil, false
	}
	v.Classes, v.Regions, v.Found, v.Age = ans.classes, ans.regions, ans.seq == f.Seq, f.Time-ans.time
	if !v.Found && v.Age > 0 && r.p.Tracker != nil {
		v.Regions = r.p.Tracker.Predict(f.Time)
	}
	return v, ans, fresh
}

// queue is how many frames of a file are read ahead at most.
const queue = 4

// seen is a frame on its way through the models.
type seen struct {
	frame  *source.Frame
	result chan outcome // has one when the models are asked; nil when not
}

type outcome struct {
	result Result
	number int // of the query
	err    error
}

// playFile runs every frame through, in order: one stage reads ahead, one asks the models about the next frames, and one
// shows those that are done.
func (r *Runner) playFile(ctx context.Context, src source.Source) error {
	ctx, stop := context.WithCancel(ctx)
	read, asked := make(chan *source.Frame, queue), make(chan seen, AtOnce-1)
	var wg sync.WaitGroup
	var readErr error
	wg.Go(func() {
		defer close(read)
		readErr = r.readAll(ctx, src, read)
	})
	wg.Go(func() {
		defer close(asked)
		r.askAll(ctx, &wg, read, asked)
	})
	var err error
	for s := range asked {
		if err == nil {
			if err = r.finishFrame(ctx, s); err != nil {
				stop()
			}
		}
		s.frame.Release()
	}
	stop()
	wg.Wait()
	switch {
	case err != nil:
		return err
	case errors.Is(readErr, io.EOF):
		return nil
	}
	return readErr
}

func (r *Runner) readAll(ctx context.Context, src source.Source, to chan<- *source.Frame) error {
	for {
		f, err := r.nextFrame(ctx, src, false)
		if err != nil {
			return err
		}
		if !send(ctx, to, f) {
			f.Release()
			return ctx.Err()
		}
	}
}

// askAll asks about each frame that is to be seen. The channel's places bound how many at once.
func (r *Runner) askAll(ctx context.Context, wg *sync.WaitGroup, from <-chan *source.Frame, to chan<- seen) {
	for f := range from {
		s := seen{frame: f}
		if r.p.Models != nil && f.Seq%r.p.Every == 0 {
			s.result = make(chan outcome, 1)
			f.Keep()
			wg.Go(func() {
				defer f.Release()
				query, number := r.currentQuery()
				res, err := r.infer(ctx, f, query, r.p.Tracker != nil)
				s.result <- outcome{res, number, err}
			})
		}
		if !send(ctx, to, s) {
			f.Release()
		}
	}
}

// finishFrame waits for a frame's answer, or carries the one before to it, and shows it.
func (r *Runner) finishFrame(ctx context.Context, s seen) error {
	if s.result != nil {
		o := <-s.result
		if o.err != nil {
			return o.err
		}
		for kept := r.keep(o.result, o.number, false); !kept; {
			var err error
			if kept, err = r.see(ctx, s.frame, false); err != nil {
				return err
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	v, _, _ := r.view(s.frame)
	r.showOrdered(ctx, v)
	return nil
}

func send[T any](ctx context.Context, to chan<- T, v T) bool {
	select {
	case to <- v:
		return true
	case <-ctx.Done():
		return false
	}
}

// showOrdered shows a file's view, once it is not frozen.
func (r *Runner) showOrdered(ctx context.Context, v View) {
	r.mu.Lock()
	thawed := r.thawed
	r.mu.Unlock()
	select {
	case <-thawed:
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		return
	}
	if r.p.Show != nil {
		r.p.Show(ctx, v)
	}
	r.mu.Lock()
	old := r.last
	r.last, r.lastOn = v.Frame.Keep(), v
	r.mu.Unlock()
	old.Release()
	r.meter.shown(time.Now(), v.Frame.At, true, v.Frame.At, v.Found)
}

func (r *Runner) currentQuery() (Query, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.query, r.asked
}

// Ask changes what is looked for. The next frame answers; until then nothing is shown of the answers before,
// whose classes were others.
func (r *Runner) Ask(q Query) {
	r.tracking.Lock()
	defer r.tracking.Unlock()
	if r.p.Tracker != nil {
		r.p.Tracker.Reset()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.query = q
	r.asked++
	r.answer = nil
}

// Query returns what is looked for.
func (r *Runner) Query() Query {
	q, _ := r.currentQuery()
	return q
}

// Stats returns the figures of now.
func (r *Runner) Stats() Stats { return r.meter.read(time.Now()) }

// State returns what the runner is doing.
func (r *Runner) State() State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

func (r *Runner) change(s State) {
	r.mu.Lock()
	r.state = s
	r.mu.Unlock()
	if r.p.Changed != nil {
		r.p.Changed(s)
	}
}

func (r *Runner) isFrozen() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.frozen
}

// Freeze stops the picture at the frame that was shown last, and asks the models about that very frame if they
// have not seen it, which takes as long as they do. A view that Show is busy with may be on the screen after it; the one returned
// is the one to keep. The caller releases its frame. The error wraps ErrNoFrame or ErrModels, or is ctx's; after an error
// nothing is frozen.
func (r *Runner) Freeze(ctx context.Context) (View, error) {
	r.mu.Lock()
	if r.last == nil {
		r.mu.Unlock()
		return View{}, ErrNoFrame
	}
	v := r.lastOn
	v.Frame.Keep()
	if !r.frozen {
		r.frozen, r.thawed = true, make(chan struct{})
	}
	state, query := r.state, r.query
	if state.Status == Running {
		state.Status = Frozen
	}
	r.mu.Unlock()
	r.change(state)
	if v.Found || r.p.Models == nil {
		return v, nil
	}
	res, err := r.infer(ctx, v.Frame, query, false)
	if err != nil {
		v.Frame.Release()
		r.Thaw()
		return View{}, err
	}
	v.Regions, v.Classes, v.Found, v.Age = res.Regions, res.Classes, true, 0
	return v, nil
}

// Thaw lets the picture move again.
func (r *Runner) Thaw() {
	r.mu.Lock()
	if !r.frozen {
		r.mu.Unlock()
		return
	}
	r.frozen = false
	close(r.thawed)
	state := r.state
	if state.Status == Frozen {
		state.Status = Running
	}
	r.mu.Unlock()
	r.change(state)
}

// Snapshot returns what was shown last. The caller releases the view's frame. The error wraps ErrNoFrame.
func (r *Runner) Snapshot() (View, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil {
		return View{}, ErrNoFrame
	}
	v := r.lastOn
	v.Frame.Keep()
	return v, nil
}
