package photo

import "sync"

// buffers holds the pixels of released photos, so that a batch does not churn through memory.
var buffers pool

// pool keeps a few large slices for reuse. What it hands out is not cleared.
type pool struct {
	mu    sync.Mutex
	free  [][]byte
	bytes int
}

// The pool keeps as much as a batch of camera photos needs, and no single huge scan for ever.
const (
	poolSlices = 8
	poolBytes  = 400 << 20
)

// get returns n bytes, from a kept slice when one fits without wasting more than it gives.
func (p *pool) get(n int) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	best := -1
	for i, s := range p.free {
		if cap(s) >= n && cap(s) <= 2*n+1<<20 && (best < 0 || cap(s) < cap(p.free[best])) {
			best = i
		}
	}
	if best < 0 {
		return make([]byte, n)
	}
	s := p.free[best]
	p.drop(best)
	return s[:n]
}

// put keeps s, and forgets the oldest kept slices when there are too many.
func (p *pool) put(s []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cap(s) > poolBytes/2 {
		return
	}
	p.free = append(p.free, s)
	p.bytes += cap(s)
	for len(p.free) > poolSlices || p.bytes > poolBytes {
		p.drop(0)
	}
}

func (p *pool) drop(i int) {
	p.bytes -= cap(p.free[i])
	p.free = append(p.free[:i], p.free[i+1:]...)
}
