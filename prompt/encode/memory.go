package encode

import (
	"container/list"
	"sync"
)

// memory keeps the entries that were used last, within a number of bytes.
type memory struct {
	mu    sync.Mutex
	most  int
	bytes int
	uses  *list.List // of entry, the last used in front
	at    map[string]*list.Element
}

// overhead is about what an entry costs beside its phrase and vector.
const overhead = 200

func cost(e entry) int { return len(e.phrase) + 4*len(e.vector) + overhead }

func newMemory(most int) *memory {
	return &memory{most: most, uses: list.New(), at: make(map[string]*list.Element)}
}

func (m *memory) get(phrase string) (entry, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	el, ok := m.at[phrase]
	if !ok {
		return entry{}, false
	}
	m.uses.MoveToFront(el)
	return el.Value.(entry), true
}

func (m *memory) put(e entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if el, ok := m.at[e.phrase]; ok {
		m.uses.MoveToFront(el)
		return
	}
	m.at[e.phrase] = m.uses.PushFront(e)
	m.bytes += cost(e)
	for m.bytes > m.most {
		last := m.uses.Remove(m.uses.Back()).(entry)
		delete(m.at, last.phrase)
		m.bytes -= cost(last)
	}
}
