package glip

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/prompt/ground"
)

// maxText is how many bytes of captions' states are kept: some 85 captions of 256 pieces for GLIP.
const maxText = 64 << 20

// ids are a caption's pieces; only the first count of them are read, the rest fills up.
type ids struct {
	values []int64
	count  int
}

// captions runs the text graph, once for each caption that is not remembered.
type captions struct {
	session *model.Session

	mu    sync.Mutex
	bytes int
	uses  *list.List // of *states, the last used in front
	at    map[string]*list.Element
}

// states is what the text graph made of a caption, in memory of its own.
type states struct {
	key    string
	shapes [][]int64
	values [][]float32
}

func (s *states) bytes() int {
	n := len(s.key)
	for _, v := range s.values {
		n += 4 * len(v)
	}
	return n
}

func newCaptions(session *model.Session) *captions {
	return &captions{session: session, uses: list.New(), at: map[string]*list.Element{}}
}

// text is a caption as the head reads it, until release.
type text struct {
	states []*model.Tensor
	mask   *model.Tensor
}

func (t *text) release() {
	model.ReleaseAll(t.states)
	t.mask.Release()
}

// get returns the states of a caption's pieces and the mask of those that count.
func (c *captions) get(ctx context.Context, in ids) (*text, error) {
	mask, err := tensor(in.values)
	if err != nil {
		return nil, err
	}
	for i := range mask.I64 {
		mask.I64[i] = 0
		if i < in.count {
			mask.I64[i] = 1
		}
	}
	s, err := c.find(ctx, in, mask)
	if err != nil {
		mask.Release()
		return nil, err
	}
	t := &text{mask: mask}
	for i, values := range s.values {
		state, err := model.NewF32(s.shapes[i]...)
		if err != nil {
			t.release()
			return nil, err
		}
		copy(state.F32, values)
		t.states = append(t.states, state)
	}
	return t, nil
}

// phrases returns the states of a caption each of whose phrases is read by itself, between [CLS] and [SEP]: at most
// longest pieces at a time, these two among them. Only the phrases' pieces count.
func (c *captions) phrases(ctx context.Context, chunk ground.Chunk, longest int) (*text, error) {
	all := chunk.Encoding.IDs
	mask, err := model.NewI64(1, int64(len(all)))
	if err != nil {
		return nil, err
	}
	t := &text{mask: mask}
	for _, pieces := range pieces(chunk) {
		for part := range slices.Chunk(pieces, longest-2) {
			if err := c.phrase(ctx, t, all, part); err != nil {
				t.release()
				return nil, err
			}
		}
	}
	if len(t.states) == 0 {
		t.release()
		return nil, errors.New("the caption has no phrase")
	}
	return t, nil
}

// pieces are those of each phrase of a caption.
func pieces(chunk ground.Chunk) [][]int {
	var out [][]int
	for _, g := range chunk.Groups {
		for _, p := range slices.Concat(g.Positives(), g.Forbidden()) {
			if len(p) > 0 && !slices.ContainsFunc(out, func(o []int) bool { return slices.Equal(o, p) }) {
				out = append(out, p)
			}
		}
	}
	return out
}

// phrase reads some pieces of a caption by themselves and puts their states at their places.
func (c *captions) phrase(ctx context.Context, t *text, all []int64, places []int) error {
	in := ids{values: []int64{all[0]}, count: len(places) + 2}
	for _, at := range places {
		in.values = append(in.values, all[at])
	}
	in.values = append(in.values, all[len(all)-1])
	mask, err := tensor(in.values)
	if err != nil {
		return err
	}
	defer mask.Release()
	for i := range mask.I64 {
		mask.I64[i] = 1
	}
	s, err := c.find(ctx, in, mask)
	if err != nil {
		return err
	}
	for i, values := range s.values {
		width := int(s.shapes[i][2])
		if i == len(t.states) {
			state, err := model.NewF32(1, int64(len(all)), int64(width))
			if err != nil {
				return err
			}
			t.states = append(t.states, state)
		}
		for n, at := range places {
			copy(t.states[i].F32[at*width:(at+1)*width], values[(n+1)*width:])
			t.mask.I64[at] = 1
		}
	}
	return nil
}

func tensor(values []int64) (*model.Tensor, error) {
	t, err := model.NewI64(1, int64(len(values)))
	if err == nil {
		copy(t.I64, values)
	}
	return t, err
}

func (c *captions) find(ctx context.Context, in ids, mask *model.Tensor) (*states, error) {
	key := fmt.Sprint(in)
	if s := c.recall(key); s != nil {
		return s, nil
	}
	pieces, err := tensor(in.values)
	if err != nil {
		return nil, err
	}
	defer pieces.Release()
	out, err := c.session.Run(ctx, pieces, mask)
	if err != nil {
		return nil, err
	}
	defer model.ReleaseAll(out)
	s := &states{key: key}
	for _, t := range out {
		if t.Shape[1] != int64(len(in.values)) {
			return nil, fmt.Errorf("the text graph makes states of the shape %v for %d pieces", t.Shape, len(in.values))
		}
		s.shapes = append(s.shapes, slices.Clone(t.Shape))
		s.values = append(s.values, slices.Clone(t.F32))
	}
	c.keep(s)
	return s, nil
}

func (c *captions) recall(key string) *states {
	c.mu.Lock()
	defer c.mu.Unlock()
	el, ok := c.at[key]
	if !ok {
		return nil
	}
	c.uses.MoveToFront(el)
	return el.Value.(*states)
}

func (c *captions) keep(s *states) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.at[s.key]; ok {
		return
	}
	c.at[s.key] = c.uses.PushFront(s)
	c.bytes += s.bytes()
	for c.bytes > maxText && c.uses.Len() > 1 {
		last := c.uses.Remove(c.uses.Back()).(*states)
		delete(c.at, last.key)
		c.bytes -= last.bytes()
	}
}
