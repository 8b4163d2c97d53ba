package model

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	ort "github.com/yalue/onnxruntime_go"
)

// Session is one loaded graph. Run may be called from several goroutines at once.
type Session struct {
	name    string
	graph   Graph
	levels  []int // of the trunk, which a head reads
	session *ort.DynamicAdvancedSession
	runs    atomic.Int64
	engine  *Engine

	mu sync.Mutex
	// shapes remembers what output shapes an input shape leads to, so that later runs write into reused
	// memory instead of having the runtime allocate and the binding copy.
	shapes map[string][][]int64
	pools  map[string]*pool
	closed bool
}

// Runs returns how often the graph has run.
func (s *Session) Runs() int64 { return s.runs.Load() }

// Takes reports whether the graph has an input of a name, which tells of an optional one whether the file offers it.
func (s *Session) Takes(name string) bool { return find(s.graph.Inputs, name) != nil }

// Output returns which of a run's tensors has a name, -1 for none.
func (s *Session) Output(name string) int {
	return slices.IndexFunc(s.graph.Outputs, func(p Port) bool { return p.Name == name })
}

// Outputs returns how many tensors a run yields.
func (s *Session) Outputs() int { return len(s.graph.Outputs) }

// RunOn is Run for a head on the starters' trunk: features are all that the trunk makes, of which the head takes its levels; in are the
// head's other inputs.
func (s *Session) RunOn(ctx context.Context, features []*Tensor, in ...*Tensor) ([]*Tensor, error) {
	all := make([]*Tensor, 0, len(s.levels)+len(in))
	for _, i := range s.levels {
		all = append(all, features[i])
	}
	return s.Run(ctx, append(all, in...)...)
}

// Trunk is the starters' trunk as far as a head needs it: it makes the levels that the head reads, in the head's order.
func (s *Session) Trunk() Graph {
	t := Trunk()
	all := t.Outputs
	t.Outputs = nil
	for _, i := range s.levels {
		t.Outputs = append(t.Outputs, all[i])
	}
	return t
}

// Run feeds the inputs, in the order of the session's Graph, and returns the outputs in that order. The
// caller releases each output. When ctx ends, the run stops within about one operator and ctx's error is
// returned.
func (s *Session) Run(ctx context.Context, in ...*Tensor) ([]*Tensor, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if len(in) != len(s.graph.Inputs) {
		return nil, fmt.Errorf("%s: %d inputs given, the graph takes %d", s.name, len(in), len(s.graph.Inputs))
	}
	inputs := make([]ort.Value, len(in))
	for i, t := range in {
		inputs[i] = t.value
	}
	key := shapeKey(in)
	out := s.borrow(key)
	s.runs.Add(1)
	s.engine.ran(s, in)
	values, err := s.runInto(ctx, inputs, out)
	if err != nil && out != nil && ctx.Err() == nil && strings.Contains(err.Error(), "shape") {
		// The output's shape hangs on the data, not only on the input's shape: let the runtime allocate.
		ReleaseAll(out)
		out = nil
		values, err = s.runInto(ctx, inputs, nil)
	}
	if err != nil {
		ReleaseAll(out)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("run %s: %w", s.name, plain(err))
	}
	if out != nil {
		return out, nil
	}
	return s.adopt(key, values)
}

func (s *Session) runInto(ctx context.Context, in []ort.Value, out []*Tensor) ([]ort.Value, error) {
	defer func(start time.Time) { s.engine.busy.Add(int64(time.Since(start))) }(time.Now())
	values := make([]ort.Value, len(s.graph.Outputs))
	for i, t := range out {
		values[i] = t.value
	}
	if ctx.Done() == nil {
		return values, s.session.Run(in, values)
	}
	opts, err := ort.NewRunOptions()
	if err != nil {
		return nil, err
	}
	var terminating sync.WaitGroup
	terminating.Add(1)
	stop := context.AfterFunc(ctx, func() {
		defer terminating.Done()
		// The run notices the flag; a failure to set it only means that the run ends by itself.
		_ = opts.Terminate()
	})
	err = s.session.RunWithOptions(in, values, opts)
	if !stop() {
		terminating.Wait()
	}
	return values, errors.Join(err, opts.Destroy())
}

// borrow returns reusable output tensors when the shapes are known, else nil.
func (s *Session) borrow(key string) []*Tensor {
	if s.graph.Ragged {
		return nil
	}
	s.mu.Lock()
	shapes, ok := s.shapes[key]
	s.mu.Unlock()
	if !ok {
		return nil
	}
	out := make([]*Tensor, len(shapes))
	for i, shape := range shapes {
		t, err := s.take(shape, s.graph.Outputs[i].Type)
		if err != nil {
			ReleaseAll(out[:i])
			return nil
		}
		out[i] = t
	}
	return out
}

// adopt wraps what the runtime allocated on the first run of a shape, and remembers the shapes.
func (s *Session) adopt(key string, values []ort.Value) ([]*Tensor, error) {
	out := make([]*Tensor, len(values))
	shapes := make([][]int64, len(values))
	for i, v := range values {
		shapes[i] = slices.Clone(v.GetShape())
		t := &Tensor{Shape: shapes[i], value: v}
		if !s.graph.Ragged {
			t.home = s.pool(shapes[i], s.graph.Outputs[i].Type)
		}
		switch v := v.(type) {
		case *ort.Tensor[float32]:
			t.F32 = v.GetData()
			if len(t.F32) > 0 {
				t.pin.Pin(&t.F32[0])
			}
		case *ort.Tensor[int64]:
			t.I64 = v.GetData()
			if len(t.I64) > 0 {
				t.pin.Pin(&t.I64[0])
			}
		default:
			ReleaseAll(out[:i])
			return nil, fmt.Errorf("%s: output %s has an element type that Saysee does not read", s.name, s.graph.Outputs[i].Name)
		}
		out[i] = t
	}
	s.mu.Lock()
	if len(s.shapes) < maxShapes && !s.graph.Ragged {
		s.shapes[key] = shapes
	}
	s.mu.Unlock()
	return out, nil
}

// maxShapes bounds how many input shapes keep reusable outputs: canvases come in few sizes.
const maxShapes = 64

func (s *Session) take(shape []int64, typ ElementType) (*Tensor, error) {
	p := s.pool(shape, typ)
	if t := p.get(); t != nil {
		return t, nil
	}
	alloc := NewF32
	if typ == Int64 {
		alloc = NewI64
	}
	t, err := alloc(shape...)
	if err != nil {
		return nil, err
	}
	t.home = p
	return t, nil
}

func (s *Session) pool(shape []int64, typ ElementType) *pool {
	key := fmt.Sprint(shape, typ)
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.pools[key]
	if !ok {
		p = &pool{closed: s.closed}
		s.pools[key] = p
	}
	return p
}

// close frees the graph. It must not run any more.
func (s *Session) close() error {
	s.mu.Lock()
	s.closed = true
	pools := s.pools
	s.pools = map[string]*pool{}
	s.mu.Unlock()
	for _, p := range pools {
		p.close()
	}
	return s.session.Destroy()
}

func shapeKey(ts []*Tensor) string {
	var b strings.Builder
	for _, t := range ts {
		fmt.Fprint(&b, t.Shape)
	}
	return b.String()
}

// pool keeps released tensors of one shape.
type pool struct {
	mu     sync.Mutex
	free   []*Tensor
	closed bool
}

// maxFree bounds how many tensors of a shape wait for reuse: more than photos are ever in flight.
const maxFree = 8

func (p *pool) get() *Tensor {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) == 0 {
		return nil
	}
	t := p.free[len(p.free)-1]
	p.free = p.free[:len(p.free)-1]
	return t
}

// put keeps t for reuse and reports whether it did.
func (p *pool) put(t *Tensor) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.free) >= maxFree {
		return false
	}
	p.free = append(p.free, t)
	return true
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, t := range p.free {
		t.free()
	}
	p.free = nil
}
