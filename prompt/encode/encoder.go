package encode

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/saysee/saysee/prompt"
	"github.com/saysee/saysee/prompt/lexicon"
	"github.com/saysee/saysee/prompt/token"
)

// ErrVectors is the cause of errors about a text encoder whose vectors cannot be used.
var ErrVectors = errors.New("unusable text vectors")

// Tokenizer cuts a text into the pieces that the text encoder reads.
type Tokenizer interface {
	Encode(text string) token.Encoding
	// Pad returns the number that fills up the shorter texts of a batch.
	Pad() int64
	// Unknown returns the number of what the vocabulary cannot spell.
	Unknown() int64
}

// Batch is several texts as a text encoder reads them, row after row: Texts rows of Length numbers. Mask
// is 1 where IDs is a piece of the text and 0 where it only fills up.
type Batch struct {
	Texts, Length int
	IDs, Mask     []int64
}

// Run encodes a batch and returns one vector for each text, of any length but zero. The batch must not be
// kept. It is never called twice at once.
type Run func(ctx context.Context, b Batch) ([][]float32, error)

// Params are what an Encoder is made of.
type Params struct {
	Tokenizer Tokenizer
	Run       Run
	// Warm makes ready what the first Run would wait for; nil for nothing.
	Warm func() error
	// Dim is the length of a vector.
	Dim int
	// Ensemble makes sentences of a phrase and one vector of theirs.
	Ensemble prompt.Ensemble
	// Lexicon reads phrases in Chinese for a text encoder that knows none; nil where it is not needed.
	Lexicon *lexicon.Lexicon
	// Batch is the most texts of one run, 0 for one. Graphs that quantize activations as they run (dynamic
	// int8) give a text another vector in other company, so that only 1 makes a phrase's vector its own.
	Batch int
	// Length is how many pieces every text is filled up to, 0 for as many as the longest of a batch has.
	Length int
	// Fingerprint names all that decides a vector beside the phrase and the ensemble: graph, vocabulary.
	Fingerprint string
	// Dir is the folder of the files on disk, shared by all fingerprints; empty for memory only.
	Dir string
	// Memory is the most bytes of vectors kept in memory, 0 for 32 MiB.
	Memory int
}

const (
	defaultMemory = 32 << 20
	// group is how many phrases are encoded before they are remembered, so that a cancelled call has not
	// worked in vain.
	group = 64
)

// Encoder gives phrases their vectors. It is safe for concurrent use; texts are encoded by one call at a
// time.
type Encoder struct {
	p      Params
	memory *memory
	disk   disk
	busy   chan struct{} // holds a value while texts are encoded
}

// New makes an encoder. It reads and writes no file yet.
func New(p Params) (*Encoder, error) {
	if p.Tokenizer == nil || p.Run == nil || p.Dim <= 0 || p.Dim > maxDim {
		return nil, fmt.Errorf("text encoder needs a tokenizer, a run function and a length of vectors up to %d", maxDim)
	}
	p.Batch = max(p.Batch, 1)
	if p.Memory <= 0 {
		p.Memory = defaultMemory
	}
	e := &Encoder{p: p, memory: newMemory(p.Memory), busy: make(chan struct{}, 1)}
	if p.Dir != "" {
		sum := sha256.Sum256(fmt.Appendf(nil, "%d\n%s\n%s", p.Dim, p.Fingerprint, p.Ensemble.Key()))
		e.disk = disk{dir: filepath.Join(p.Dir, hex.EncodeToString(sum[:16])), dim: p.Dim}
	}
	return e, nil
}

// Warm makes ready what the first new phrase would wait for.
func (e *Encoder) Warm() error {
	if e.p.Warm == nil {
		return nil
	}
	return e.p.Warm()
}

// Unknown returns the phrases of which the vocabulary cannot spell a single word: their vectors say nothing.
func (e *Encoder) Unknown(phrases []string) (unknown []string) {
	for _, p := range phrases {
		if !slices.ContainsFunc(e.wordings(p), e.spells) {
			unknown = append(unknown, p)
		}
	}
	return unknown
}

// spells reports whether the vocabulary has some of a text, or nothing is to be spelled.
func (e *Encoder) spells(text string) bool {
	ids := e.p.Tokenizer.Encode(text).IDs
	n := len(ids)
	return n <= 2 || slices.ContainsFunc(ids[1:n-1], func(id int64) bool { return id != e.p.Tokenizer.Unknown() })
}

// wordings returns the texts that a phrase is encoded by: its English where the lexicon has any, else itself.
func (e *Encoder) wordings(phrase string) []string {
	if e.p.Lexicon != nil {
		if r, _ := e.p.Lexicon.Read(phrase); len(r.English) > 0 {
			return r.English
		}
	}
	return []string{phrase}
}

// Stats tell what a call of Vectors did. A phrase that was asked for twice counts once; one that the lexicon read is
// counted by its English wordings.
type Stats struct {
	Cached, Encoded int
	// Truncated are the phrases whose end the text encoder cannot read, in no order.
	Truncated []string
	Took      time.Duration
}

// entry is what is known of a phrase. The vector is never changed.
type entry struct {
	phrase    string
	vector    []float32
	truncated bool
}

// Vectors returns a unit vector for each phrase, in their order; the caller owns them. A phrase that the lexicon reads
// gets the mean of its English wordings. When ctx ends, its error is returned, and what was encoded until then is
// remembered. Errors wrap ErrVectors or what Run returned.
func (e *Encoder) Vectors(ctx context.Context, phrases []string) ([][]float32, Stats, error) {
	texts, ends := make([]string, 0, len(phrases)), make([]int, len(phrases))
	for i, p := range phrases {
		texts = append(texts, e.wordings(p)...)
		ends[i] = len(texts)
	}
	vectors, stats, err := e.vectors(ctx, texts)
	if err != nil || slices.Equal(texts, phrases) {
		return vectors, stats, err
	}
	out, truncated, begin := make([][]float32, len(phrases)), map[string]bool{}, 0
	for _, t := range stats.Truncated {
		truncated[t] = true
	}
	stats.Truncated = nil
	for i, p := range phrases {
		if out[i], err = mean(p, vectors[begin:ends[i]]); err != nil {
			return nil, stats, err
		}
		if slices.ContainsFunc(texts[begin:ends[i]], func(t string) bool { return truncated[t] }) && !slices.Contains(stats.Truncated, p) {
			stats.Truncated = append(stats.Truncated, p)
		}
		begin = ends[i]
	}
	return out, stats, nil
}

// mean returns the one vector of a phrase's wordings.
func mean(phrase string, vectors [][]float32) ([]float32, error) {
	if len(vectors) == 1 {
		return vectors[0], nil
	}
	out := make([]float32, len(vectors[0]))
	if !(prompt.Ensemble{}).Fuse(out, vectors) {
		return nil, fmt.Errorf("%w: the vector of %q has no direction", ErrVectors, phrase)
	}
	return out, nil
}

// vectors is Vectors for texts as they are.
func (e *Encoder) vectors(ctx context.Context, phrases []string) ([][]float32, Stats, error) {
	start := time.Now()
	c := newCall(phrases, e.p.Dim)
	err := e.fill(ctx, c)
	c.stats.Took = time.Since(start)
	if err != nil {
		return nil, c.stats, err
	}
	return c.out, c.stats, nil
}

func (e *Encoder) fill(ctx context.Context, c *call) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.recall(c)
	if len(c.rows) > 0 {
		e.disk.load(c, func(found entry) {
			e.memory.put(found)
			c.give(found)
		})
	}
	c.stats.Cached = c.given
	if len(c.rows) == 0 {
		return nil
	}
	select {
	case e.busy <- struct{}{}:
		defer func() { <-e.busy }()
	case <-ctx.Done():
		return ctx.Err()
	}
	// Another call may have encoded them meanwhile.
	e.recall(c)
	c.stats.Cached = c.given
	for missing := range slices.Chunk(c.missing(), group) {
		found, err := e.encode(ctx, missing)
		if err != nil {
			return err
		}
		for _, f := range found {
			e.memory.put(f)
			c.give(f)
			c.stats.Encoded++
		}
		e.disk.store(found)
	}
	return nil
}

// recall takes what is in memory.
func (e *Encoder) recall(c *call) {
	for _, p := range c.missing() {
		if found, ok := e.memory.get(p); ok {
			c.give(found)
		}
	}
}

// sentence is one text to be run.
type sentence struct {
	token.Encoding
	vector []float32
}

// encode returns the entries of the phrases, in their order.
func (e *Encoder) encode(ctx context.Context, phrases []string) ([]entry, error) {
	size := e.p.Ensemble.Size()
	all := make([]sentence, 0, len(phrases)*size)
	for _, p := range phrases {
		for _, s := range e.p.Ensemble.Sentences(p) {
			all = append(all, sentence{Encoding: e.p.Tokenizer.Encode(s)})
		}
	}
	// Texts of like length run together, so that little is filled up.
	byLength := make([]*sentence, len(all))
	for i := range all {
		byLength[i] = &all[i]
	}
	slices.SortStableFunc(byLength, func(a, b *sentence) int { return cmp.Compare(len(a.IDs), len(b.IDs)) })
	for batch := range slices.Chunk(byLength, e.p.Batch) {
		if err := e.run(ctx, batch); err != nil {
			return nil, err
		}
	}
	out := make([]entry, len(phrases))
	vectors := make([][]float32, size)
	for i, p := range phrases {
		out[i] = entry{phrase: p, vector: make([]float32, e.p.Dim)}
		for j, s := range all[i*size : (i+1)*size] {
			vectors[j] = s.vector
			out[i].truncated = out[i].truncated || s.Truncated
		}
		if !e.p.Ensemble.Fuse(out[i].vector, vectors) {
			return nil, fmt.Errorf("%w: the vector of %q has no direction", ErrVectors, p)
		}
	}
	return out, nil
}

// run gives the sentences, the longest of which is the last, their vectors.
func (e *Encoder) run(ctx context.Context, batch []*sentence) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	length := max(len(batch[len(batch)-1].IDs), e.p.Length)
	b := Batch{Texts: len(batch), Length: length, IDs: make([]int64, len(batch)*length), Mask: make([]int64, len(batch)*length)}
	for i, s := range batch {
		row := b.IDs[i*length : (i+1)*length]
		for j := copy(row, s.IDs); j < length; j++ {
			row[j] = e.p.Tokenizer.Pad()
		}
		for j := range s.IDs {
			b.Mask[i*length+j] = 1
		}
	}
	vectors, err := e.p.Run(ctx, b)
	if err != nil {
		return fmt.Errorf("encode words: %w", err)
	}
	if len(vectors) != len(batch) {
		return fmt.Errorf("%w: %d for %d texts", ErrVectors, len(vectors), len(batch))
	}
	for i, s := range batch {
		if len(vectors[i]) != e.p.Dim {
			return fmt.Errorf("%w: their length is %d, the pack says %d", ErrVectors, len(vectors[i]), e.p.Dim)
		}
		s.vector = vectors[i]
	}
	return nil
}

// call is one call of Vectors: the rows that wait for each phrase, and those that have their vector.
type call struct {
	out   [][]float32
	rows  map[string][]int
	order []string // every phrase once
	given int      // phrases that have their vectors
	stats Stats
}

func newCall(phrases []string, dim int) *call {
	c := &call{out: make([][]float32, len(phrases)), rows: make(map[string][]int, len(phrases))}
	flat := make([]float32, len(phrases)*dim)
	for i, p := range phrases {
		c.out[i] = flat[i*dim : (i+1)*dim : (i+1)*dim]
		if _, twice := c.rows[p]; !twice {
			c.order = append(c.order, p)
		}
		c.rows[p] = append(c.rows[p], i)
	}
	return c
}

func (c *call) wants(phrase []byte) bool {
	_, ok := c.rows[string(phrase)]
	return ok
}

// missing returns the phrases that still wait, in order.
func (c *call) missing() []string {
	c.order = slices.DeleteFunc(c.order, func(p string) bool { return c.rows[p] == nil })
	return slices.Clone(c.order)
}

func (c *call) give(e entry) {
	for _, i := range c.rows[e.phrase] {
		copy(c.out[i], e.vector)
	}
	delete(c.rows, e.phrase)
	c.given++
	if e.truncated {
		c.stats.Truncated = append(c.stats.Truncated, e.phrase)
	}
}
