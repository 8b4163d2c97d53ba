package model

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	ort "github.com/yalue/onnxruntime_go"
)

// Engine owns sessions. The same file asked for twice is loaded once, also by two packs, so that packs
// with a common trunk share it.
type Engine struct {
	threads int
	runs    atomic.Int64
	busy    atomic.Int64 // nanoseconds
	trace   atomic.Pointer[Trace]

	mu       sync.Mutex
	sessions map[string]*slot
	closed   bool
}

type slot struct {
	once    sync.Once
	session *Session
	err     error
}

// NewEngine returns an engine whose sessions use the given number of threads each; 0 takes the machine's
// cores, up to 8. LoadRuntime must have succeeded.
//
// Batch work runs one thread a session and one photo a core: that needs no waiting between operators.
func NewEngine(threads int) *Engine {
	if threads <= 0 {
		threads = min(runtime.NumCPU(), 8)
	}
	return &Engine{threads: threads, sessions: map[string]*slot{}}
}

// Threads returns how many threads each session uses.
func (e *Engine) Threads() int { return e.threads }

// Provider names the execution provider that sessions really run on.
func (e *Engine) Provider() string { return "CPU" }

// Runs returns how many times any session has run.
func (e *Engine) Runs() int64 { return e.runs.Load() }

// Busy returns how long sessions have run, all together: what is left of a stage's time is our own work.
func (e *Engine) Busy() time.Duration { return time.Duration(e.busy.Load()) }

// ran counts a run, and notes it when a trace is being taken.
func (e *Engine) ran(s *Session, in []*Tensor) {
	e.runs.Add(1)
	if t := e.trace.Load(); t != nil {
		t.add(s, in)
	}
}

// Session loads the pack's file of a role, verified, and checks it against what the family needs.
func (e *Engine) Session(p *Pack, role string, need Graph) (*Session, error) {
	f, err := p.file(role)
	if err != nil {
		return nil, err
	}
	s := e.slot(f.SHA256 + portKey(need))
	if s == nil {
		return nil, errors.New("the engine is closed")
	}
	s.once.Do(func() { s.session, s.err = e.load(p, f, need) })
	return s.session, s.err
}

// Check verifies the pack's file of a role, and that it offers what the family needs, as Session does, without loading it.
func (e *Engine) Check(p *Pack, role string, need Graph) error {
	f, err := p.file(role)
	if err != nil {
		return err
	}
	_, err = e.open(p, f, need)
	return err
}

// Loader loads several sessions of a pack and keeps the first error, so that a family can ask for all and
// look once.
type Loader struct {
	engine *Engine
	pack   *Pack
	Err    error
}

// Loader returns a loader for the pack.
func (e *Engine) Loader(p *Pack) *Loader { return &Loader{engine: e, pack: p} }

// Session is Engine.Session; after an error it returns nil.
func (l *Loader) Session(role string, need Graph) *Session {
	if l.Err != nil {
		return nil
	}
	var s *Session
	s, l.Err = l.engine.Session(l.pack, role, need)
	return s
}

func (e *Engine) slot(key string) *slot {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil
	}
	s, ok := e.sessions[key]
	if !ok {
		s = &slot{}
		e.sessions[key] = s
	}
	return s
}

func portKey(g Graph) string {
	var b strings.Builder
	for _, p := range slices.Concat(g.Inputs, g.Outputs, g.OptionalOutputs) {
		b.WriteString("|" + p.Name)
	}
	return b.String()
}

// opened is a graph whose ports are what the family needs.
type opened struct {
	data   []byte
	offers Graph // what of it is needed
	levels []int
	more   bool // it makes more than is needed
}

func (e *Engine) open(p *Pack, f File, need Graph) (o opened, err error) {
	if o.data, err = p.read(f); err != nil {
		return o, err
	}
	has, err := parseGraph(o.data)
	if err == nil {
		o.offers, o.levels = need.on(has)
		err = o.offers.check(has)
	}
	if err != nil {
		return o, fmt.Errorf("%s: %w", place(p, f), err)
	}
	o.more = len(o.offers.Outputs) < len(has.Outputs)
	return o, nil
}

// place names a file in errors.
func place(p *Pack, f File) string { return fmt.Sprintf("pack %s, %s", p.ID, f.Name) }

func (e *Engine) load(p *Pack, f File, need Graph) (*Session, error) {
	o, err := e.open(p, f, need)
	if err != nil {
		return nil, err
	}
	where := place(p, f)
	if o.more {
		if o.data, err = trim(o.data, o.offers); err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
	}
	opts, err := sessionOptions(e.threads)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, plain(err))
	}
	defer opts.Destroy() //nolint:errcheck // only fails when destroyed twice
	session, err := ort.NewDynamicAdvancedSessionWithONNXData(o.data, portNames(o.offers.Inputs), portNames(o.offers.Outputs), opts)
	if err != nil {
		return nil, fmt.Errorf("%s: load: %w", where, plain(err))
	}
	return &Session{
		name: p.ID + "/" + f.Role, graph: o.offers, levels: o.levels, session: session, engine: e,
		shapes: map[string][][]int64{}, pools: map[string]*pool{},
	}, nil
}

// sessionOptions tunes for a desktop: several sessions run in turn, so none may keep its threads spinning
// while another works (measured: a trunk and a region head on two cores take 38 ms so, 64 ms otherwise).
// Canvas sizes vary, so memory patterns, which are kept for each size, are off. What fails is returned as an
// error, so the runtime need not print it as well.
func sessionOptions(threads int) (*ort.SessionOptions, error) {
	o, err := ort.NewSessionOptions()
	if err != nil {
		return nil, err
	}
	err = errors.Join(
		o.SetIntraOpNumThreads(threads),
		o.SetInterOpNumThreads(1),
		o.SetMemPattern(false),
		o.SetLogSeverityLevel(ort.LoggingLevelFatal),
		o.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
		o.AddSessionConfigEntry("session.use_env_allocators", "1"),
	)
	if err != nil {
		return nil, errors.Join(err, o.Destroy())
	}
	return o, nil
}

func portNames(ports []Port) []string {
	out := make([]string, len(ports))
	for i, p := range ports {
		out[i] = p.Name
	}
	return out
}

// Close frees all sessions. None may run any more.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	var errs []error
	for _, s := range e.sessions {
		s.once.Do(func() { s.err = errors.New("the engine is closed") })
		if s.session != nil {
			errs = append(errs, s.session.close())
			s.session = nil
		}
	}
	clear(e.sessions)
	return errors.Join(errs...)
}
