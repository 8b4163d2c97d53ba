package vild

import (
	"context"
	"sync"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
)

// made are the masks that were made so far, by candidate.
type made struct {
	mu    sync.Mutex
	masks map[int]annot.Mask
}

// span is the candidates of one view, and what makes masks of some of them.
type span struct {
	first, count int
	run          func(ctx context.Context, candidates []int) ([]annot.Mask, error)
}

// give makes the masks that are missing and gives each region its own.
func (m *made) give(ctx context.Context, found []detect.Found, spans []span) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range spans {
		var todo []int
		for _, f := range found {
			i := f.Candidate
			if _, done := m.masks[i]; !done && i >= s.first && i < s.first+s.count {
				todo = append(todo, i)
				m.masks[i] = annot.Mask{}
			}
		}
		if len(todo) == 0 {
			continue
		}
		masks, err := s.run(ctx, todo)
		if err != nil {
			for _, i := range todo {
				delete(m.masks, i)
			}
			return err
		}
		for k, mask := range masks {
			m.masks[todo[k]] = mask
		}
	}
	for i := range found {
		if mask := m.masks[found[i].Candidate]; mask.Area() > 0 {
			found[i].Shape = mask
		}
	}
	return nil
}
