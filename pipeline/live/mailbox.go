package live

import (
	"context"
	"sync"
)

// mailbox has one place. What is put in replaces what nobody has taken.
type mailbox[T any] struct {
	mu    sync.Mutex
	value T
	full  bool
	ready chan struct{} // holds a token while it is full
}

func newMailbox[T any]() *mailbox[T] { return &mailbox[T]{ready: make(chan struct{}, 1)} }

// put returns what it replaced, if anything.
func (m *mailbox[T]) put(v T) (old T, replaced bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	old, replaced = m.value, m.full
	m.value, m.full = v, true
	if !replaced {
		m.ready <- struct{}{}
	}
	return old, replaced
}

// take waits for a value; ok is false when ctx ended first.
func (m *mailbox[T]) take(ctx context.Context) (v T, ok bool) {
	select {
	case <-m.ready:
		return m.empty(), true
	case <-ctx.Done():
		return v, false
	}
}

// clear takes the value out, if there is one.
func (m *mailbox[T]) clear() (v T, ok bool) {
	select {
	case <-m.ready:
		return m.empty(), true
	default:
		return v, false
	}
}

func (m *mailbox[T]) empty() T {
	m.mu.Lock()
	defer m.mu.Unlock()
	var none T
	v := m.value
	m.value, m.full = none, false
	return v
}
