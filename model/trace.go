package model

import (
	"context"
	"errors"
	"sync"
)

// Trace is a list of session runs with their inputs, so that the bare cost of the sessions behind some work
// can be measured apart from that work.
type Trace struct {
	mu    sync.Mutex
	calls []call
	err   error
}

type call struct {
	session *Session
	in      []*Tensor
}

// Record notes every run of the engine's sessions while work goes on. The caller closes the trace.
func (e *Engine) Record(work func() error) (*Trace, error) {
	t := &Trace{}
	if !e.trace.CompareAndSwap(nil, t) {
		return nil, errors.New("a trace is being taken already")
	}
	err := work()
	e.trace.Store(nil)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err = errors.Join(err, t.err); err != nil {
		t.free()
		return nil, err
	}
	return t, nil
}

func (t *Trace) add(s *Session, in []*Tensor) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := call{session: s}
	for _, x := range in {
		y, err := x.clone()
		if err != nil {
			t.err = err
			return
		}
		c.in = append(c.in, y)
	}
	t.calls = append(t.calls, c)
}

// Len returns how many runs were noted.
func (t *Trace) Len() int { return len(t.calls) }

// Replay runs the same sessions on the same inputs, in the same order, and nothing else.
func (t *Trace) Replay(ctx context.Context) error {
	for _, c := range t.calls {
		out, err := c.session.Run(ctx, c.in...)
		if err != nil {
			return err
		}
		ReleaseAll(out)
	}
	return nil
}

// Close frees the inputs.
func (t *Trace) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.free()
}

func (t *Trace) free() {
	for _, c := range t.calls {
		ReleaseAll(c.in)
	}
	t.calls = nil
}
