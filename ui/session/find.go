package session

import (
	"context"
	"errors"
	"reflect"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/ui/tr"
)

// Choice is which models look at photos: a pack that finds boxes, or one that paints every pixel.
type Choice struct {
	Detect, Segment string // packs; one of them is empty
	Threads         int    // 0 for as many as there are cores
	Live            bool   // for moving pictures
	Twice           bool   // each photo is looked at twice, where the pack can
}

// The choices that every machine has.
var (
	Things = Choice{Detect: pipeline.DefaultDetector}   // boxes with masks
	Stuff  = Choice{Segment: pipeline.DefaultSegmenter} // every pixel
)

// Pack returns the pack's name.
func (c Choice) Pack() string {
	if c.Detect != "" {
		return c.Detect
	}
	return c.Segment
}

// Same reports whether both are of the same pack, however it is used.
func (c Choice) Same(o Choice) bool { return c.Detect == o.Detect && c.Segment == o.Segment }

// canvas is how photos are prepared.
func (c Choice) canvas() pipeline.Canvas { return pipeline.Canvas{Twice: c.Twice} }

// Loaded is what of the choice the models hang on.
func (c Choice) Loaded() Choice {
	c.Twice = false
	return c
}

// RunState is what the models are doing.
type RunState uint8

// The states of the models.
const (
	Idle    RunState = iota // nothing was asked
	Loading                 // the models are being loaded
	Running
	Done
	Failed
)

// Report is what the models did last.
type Report struct {
	State    RunState
	Since    time.Time // when the state began
	Err      error
	Stages   []pipeline.Stage
	Pack     string // title and version
	Provider string
	Threads  int
}

// Stage returns how long a stage took, 0 when it did not run.
func (r Report) Stage(name string) time.Duration {
	for _, st := range r.Stages {
		if st.Name == name {
			return st.Took
		}
	}
	return 0
}

// request is a photo and what to look for in it. Without a photo the models are only loaded, so that the first
// words need not wait for them.
type request struct {
	rel    string
	read   func() *decoded // returns the photo, once that is in memory; nil for none
	choice Choice
	asked  []annot.Class
	rows   []int // of asked, in the class table
	filter Filter
	// job is what to do with the photo in place of asking for words, nil for those.
	job func(context.Context, *pipeline.Analysis) error
}

func (r *request) question() pipeline.Question {
	if r.choice.Segment != "" {
		return pipeline.NewQuestion(nil, r.asked)
	}
	return pipeline.NewQuestion(r.asked, nil)
}

// photo returns the photo, nil for none.
func (r *request) photo() *photo.Photo {
	if r.read == nil {
		return nil
	}
	return r.read().photo
}

// same reports whether the answer to another request answers this one too.
func (r *request) same(o *request) bool {
	return o != nil && r.job == nil && o.job == nil && r.rel == o.rel && r.choice == o.choice && r.photo() == o.photo() &&
		slices.Equal(r.rows, o.rows) && reflect.DeepEqual(r.asked, o.asked) && reflect.DeepEqual(r.filter, o.filter)
}

// answer is what the models said of a photo.
type answer struct {
	rel   string
	rows  []int
	all   *pipeline.Answer
	masks map[int]annot.Mask // by candidate
	// unread are the phrases that the model cannot read, not a word of them.
	unread []string
}

// finder runs the models on a goroutine of its own, the latest request only.
type finder struct {
	s    *Session
	mu   sync.Mutex
	next *request
	now  *request           // in work, or its answer on the way
	jobs []*request         // wait until nothing else is asked
	halt context.CancelFunc // of the request in work
	wake chan struct{}
	done chan struct{} // closed when the goroutine has ended

	// The rest belongs to the goroutine.
	models *pipeline.Models
	choice Choice
	fresh  bool // models were loaded, and not been warmed
	rel    string
	photo  *pipeline.Analysis
	canvas pipeline.Canvas // of the photo

	report Report // belongs to the session's goroutine
}

func newFinder(s *Session) *finder {
	f := &finder{s: s, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go f.run()
	return f
}

// ask has the models answer a request in place of the one before.
func (f *finder) ask(r *request) {
	if f.s.closed {
		return
	}
	f.mu.Lock()
	if f.next == nil && r.same(f.now) {
		f.mu.Unlock()
		return
	}
	f.next = r
	if f.halt != nil {
		f.halt()
	}
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// later does a job on a photo when what was asked before is done.
func (f *finder) later(r *request) {
	if f.s.closed {
		return
	}
	f.mu.Lock()
	f.jobs = append(f.jobs, r)
	f.mu.Unlock()
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// drop gives up what is asked and in work.
func (f *finder) drop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next, f.now, f.jobs = nil, nil, nil
	if f.halt != nil {
		f.halt()
	}
}

// stop ends the goroutine and waits for it.
func (f *finder) stop() {
	f.drop()
	close(f.wake)
	<-f.done
}

// take returns the next request, nil when there is none, and its context.
func (f *finder) take() (*request, context.Context) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := f.next
	f.next = nil
	if r == nil && len(f.jobs) > 0 {
		r, f.jobs = f.jobs[0], f.jobs[1:]
	}
	if r == nil {
		return nil, nil
	}
	ctx, halt := context.WithCancel(f.s.ctx)
	f.halt, f.now = halt, r
	return r, ctx
}

func (f *finder) run() {
	defer close(f.done)
	defer f.unload()
	for {
		var idle <-chan time.Time
		if f.fresh {
			idle = time.After(restAfter)
		}
		select {
		case _, on := <-f.wake:
			if !on {
				return
			}
			f.work()
		case <-idle:
			f.rest()
		}
	}
}

// work serves what is asked until nothing is.
func (f *finder) work() {
	for {
		r, ctx := f.take()
		if r == nil {
			return
		}
		f.serve(ctx, r)
		f.mu.Lock()
		f.halt()
		f.halt = nil
		f.mu.Unlock()
	}
}

func (f *finder) unload() {
	f.release()
	if f.models != nil {
		_ = f.models.Close() // nothing is written
		f.models = nil
	}
}

func (f *finder) release() {
	if f.photo != nil {
		f.photo.Release()
		f.photo, f.rel = nil, ""
	}
}

func (f *finder) serve(ctx context.Context, r *request) {
	err := f.load(r.choice)
	if err == nil && r.photo() == nil {
		f.tell(Idle, nil)
		return
	}
	if err == nil {
		f.tell(Running, nil)
		err = f.look(ctx, r)
	}
	switch {
	case ctx.Err() != nil:
		f.s.post(func() {
			if f.report.State == Running {
				f.set(Report{State: Done})
			}
		})
	case err != nil:
		f.over(r)
		f.tell(Failed, err)
	}
}

// over notes that a request is answered, so that the same one is asked again.
func (f *finder) over(r *request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.now == r {
		f.now = nil
	}
}

func (f *finder) load(c Choice) error {
	c = c.Loaded()
	if f.models != nil && f.choice == c {
		return nil
	}
	f.unload()
	f.tell(Loading, nil)
	m, err := f.s.p.Load(c)
	if err != nil {
		return err
	}
	f.models, f.choice, f.fresh = m, c, true
	return nil
}

// restAfter is how long nothing has been asked when rest is called: the first photo comes soon after its models.
const restAfter = 700 * time.Millisecond

// rest does what could wait until nothing is asked: it loads what new words need, and gives back what loading has left behind.
// What fails here will be told when it is asked for.
func (f *finder) rest() {
	if f.models != nil && f.fresh {
		f.fresh = false
		_ = f.models.Warm()
		debug.FreeOSMemory()
	}
}

func (f *finder) look(ctx context.Context, r *request) error {
	if canvas := r.choice.canvas(); f.photo == nil || f.rel != r.rel || f.canvas != canvas {
		f.release()
		a, err := f.models.Analyse(ctx, r.photo(), canvas)
		if err != nil {
			return err
		}
		f.photo, f.rel, f.canvas = a, r.rel, canvas
	} else {
		f.photo.Stages = nil
	}
	if r.job != nil {
		err := r.job(ctx, f.photo)
		f.tell(Done, nil)
		return err
	}
	all, err := f.photo.Ask(ctx, r.question())
	if err != nil {
		return err
	}
	ans := &answer{rel: r.rel, rows: r.rows, all: all, masks: map[int]annot.Mask{}}
	if _, ans.unread, err = f.models.Unread(ctx, r.question()); err != nil {
		return err
	}
	if err := f.mask(ctx, ans, r.filter.pipeline(r.rows), true); err != nil {
		return err
	}
	// What a lower threshold would let through gets its masks now, so that moving it runs nothing.
	low := r.filter.open(lowest)
	f.s.post(func() {
		f.over(r)
		f.s.answered(ans)
	})
	if err := f.mask(ctx, ans, low.pipeline(nil), false); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// lowest is the score down to which masks are made ahead, for at most ahead candidates.
const (
	lowest = 0.08
	ahead  = 60
)

// mask makes the masks of what a filter lets through. The first round goes into the answer itself, which
// nobody else has yet; a later one is handed over.
func (f *finder) mask(ctx context.Context, ans *answer, filter pipeline.Filter, first bool) error {
	filter.Boxes.Max = ahead
	boxes, _ := ans.all.Select(filter)
	if err := f.photo.Masks(ctx, ans.all.Question, boxes); err != nil {
		return err
	}
	masks := map[int]annot.Mask{}
	for _, b := range boxes {
		if m, ok := b.Shape.(annot.Mask); ok {
			masks[b.Candidate] = m
		}
	}
	if first {
		ans.masks = masks
		f.tell(Done, nil)
		return nil
	}
	f.s.post(func() { ans.masks = masks })
	return nil
}

// tell hands the state of the run to the session.
func (f *finder) tell(state RunState, err error) {
	r := Report{State: state, Err: err, Since: time.Now()}
	if f.models != nil {
		r.Provider, r.Threads = f.models.Engine.Provider(), f.models.Engine.Threads()
		if d := f.models.Detector; d != nil {
			r.Pack = d.Pack().Title
		} else if p := f.models.Segmenter; p != nil {
			r.Pack = p.Pack().Title
		}
	}
	if f.photo != nil {
		r.Stages = slices.Clone(f.photo.Stages)
	}
	f.s.post(func() { f.set(r) })
}

func (f *finder) set(r Report) {
	if r.State == Loading || r.State == Running || r.Stages == nil {
		r.Stages = f.report.Stages
	}
	if r.Pack == "" {
		r.Pack, r.Provider, r.Threads = f.report.Pack, f.report.Provider, f.report.Threads
	}
	before := f.report
	f.report = r
	if r.State == Running {
		f.announce(r)
	} else if !r.tells(before) {
		f.s.p.Changed(Run)
	}
}

// Long is how long the models run before it is told: what is quicker would only flicker, and have the window drawn while the
// models need the cores.
const Long = 150 * time.Millisecond

// announce tells that the models are running, unless they soon are not.
func (f *finder) announce(r Report) {
	time.AfterFunc(Long, func() {
		f.s.post(func() {
			if f.report.State == Running && f.report.Since.Equal(r.Since) {
				f.s.p.Changed(Run)
			}
		})
	})
}

// Busy reports whether the models have been running for long enough to tell of it.
func (r Report) Busy() bool { return r.State == Running && time.Since(r.Since) >= Long }

// tells reports whether another report says the same.
func (r Report) tells(o Report) bool {
	return r.State == o.State && r.Err == o.Err && r.Pack == o.Pack && r.Provider == o.Provider && r.Threads == o.Threads &&
		slices.Equal(r.Stages, o.Stages)
}

// Report returns what the models did last.
func (s *Session) Report() Report { return s.finder.report }

// Choice returns which models look at photos.
func (s *Session) Choice() Choice { return s.choice }

// Preload loads the models and has them look at the photo in sight, while nobody answers on the session's goroutine yet: by
// when the window is there, they may be done.
func (s *Session) Preload() { s.find(s.read.pending[s.photo.Item.Rel]) }

// Choose takes other models.
func (s *Session) Choose(c Choice) {
	if c != s.choice {
		s.choice = c
		s.Find()
	}
}

// Find looks for the words on the photo in sight. Words that were asked before, on a photo that was looked at
// before, run no session.
func (s *Session) Find() {
	if d := s.read.ready[s.photo.Item.Rel]; d != nil && d.err == nil {
		s.find(d.itself)
	}
}

// Stop gives up what the models are doing.
func (s *Session) Stop() { s.finder.drop() }

func (s *Session) find(read func() *decoded) {
	asked, rows := s.asked()
	if len(asked) == 0 {
		s.finder.ask(&request{choice: s.choice})
		s.answer = nil
		s.choose()
		s.p.Changed(Regions | Run)
		return
	}
	s.finder.ask(&request{
		rel: s.photo.Item.Rel, read: read, choice: s.choice, asked: asked, rows: rows, filter: s.filter,
	})
}

// answered takes the models' answer, unless another photo is in sight by now.
func (s *Session) answered(a *answer) {
	if a.rel != s.photo.Item.Rel {
		return
	}
	s.answer = a
	if !slices.Equal(a.unread, s.unread) {
		s.unread = a.unread
		if len(a.unread) > 0 {
			s.message = Message{Text: tr.L("The model cannot read “%s”. Give it English words: %s: cat | kitten", a.unread[0], a.unread[0]), Bad: true, At: time.Now()}
		}
		s.p.Changed(Words | Saved)
	}
	s.choose()
	s.noteInfo()
	s.p.Changed(Regions | List)
}

// Unread returns the phrases of which the model in use cannot read a word.
func (s *Session) Unread() []string { return s.unread }

// candidate is what a model said of a box, best class first.
func (a *answer) candidate(b annot.Box, least float64) (row int, score float64, ok bool) {
	if a == nil || a.all.Boxes == nil {
		return -1, 0, false
	}
	c := a.all.Boxes
	best, at := least, -1
	for i := range c.Boxes {
		if iou := c.Boxes[i].IoU(b); iou > best {
			best, at = iou, i
		}
	}
	if at < 0 {
		return -1, 0, false
	}
	return a.bestClass(c, at)
}

func (a *answer) bestClass(c *detect.Candidates, at int) (row int, score float64, ok bool) {
	class, best := c.Top(at)
	if class < 0 {
		return -1, 0, false
	}
	return a.rows[class], float64(best), true
}

// leastProposal is the score from which a candidate is proposed where a person points.
const leastProposal = 0.02

// Propose adds what the models see at a point of the photo, however sure they are of it, as a label.
func (s *Session) Propose(at annot.Point) error {
	r, ok := s.answer.under(at)
	if !ok {
		s.say(tr.L("The model sees nothing there. R draws a box."), false)
		return nil
	}
	var id annot.RegionID
	err := s.do(tr.L("Accept %s", s.project.Classes().Row(r.Class).Name), func(e *annot.Edit) error {
		var err error
		id, err = e.Add(s.photo.Item.Rel, r)
		return err
	})
	if err == nil {
		s.Select(id)
	}
	return err
}

// under returns the best candidate that covers a point.
func (a *answer) under(at annot.Point) (best annot.Region, ok bool) {
	if a == nil || a.all.Boxes == nil {
		return best, false
	}
	c := a.all.Boxes
	for i, b := range c.Boxes {
		mask, masked := a.masks[i]
		if !b.Contains(at) || masked && !mask.Contains(at) {
			continue
		}
		row, score, found := a.bestClass(c, i)
		if !found || score < max(best.Score, leastProposal) {
			continue
		}
		best = annot.Region{
			Class: row, Box: b, Score: score, Source: annot.Source{Maker: annot.ByModel, Model: c.Model},
		}
		if masked && mask.Area() > 0 {
			best.Shape = mask
		}
	}
	return best, best.Score > 0
}
