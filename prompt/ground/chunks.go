package ground

import (
	"errors"
	"fmt"

	"github.com/saysee/saysee/prompt/token"
)

// ErrTooLong marks phrases that do not fit into a caption together, and must.
var ErrTooLong = errors.New("too long for one caption")

// Tokenizer cuts a caption into the pieces that the text encoder reads.
type Tokenizer interface {
	Encode(text string) token.Encoding
	// MaxTokens is the most pieces of an encoding, with the two at its ends.
	MaxTokens() int
}

// Rule says how names become captions.
type Rule struct {
	Separator string // between two names: ". "
	Names     int    // most names of a caption, where one caption does not hold them all
}

// Group is what must be judged by the same caption: phrases of one class and the words that it is not.
type Group struct {
	Class                int
	Phrases              []string
	First                int // number of the first phrase among the class's
	Negatives            []string
	phrases, negatives   []int
	positives, forbidden [][]int
}

// Positives returns the pieces of each phrase in the chunk's encoding; none for a phrase that was not read.
func (g Group) Positives() [][]int { return g.positives }

// Forbidden returns the pieces of each negative.
func (g Group) Forbidden() [][]int { return g.forbidden }

// Chunk is one caption, cut into pieces, and what it asks for.
type Chunk struct {
	Caption  string
	Encoding token.Encoding
	Groups   []Group
}

// Chunks makes as few captions of the groups as the rule and the encoder's length allow. A group whose
// phrases do not fit into one caption becomes several with the same negatives. The error wraps ErrTooLong
// when a class has more negatives than fit beside a single phrase.
//
// A phrase that is too long all by itself is read as far as it goes; its chunk's encoding is truncated.
func Chunks(groups []Group, rule Rule, t Tokenizer) ([]Chunk, error) {
	c := chunker{rule: rule, tokenizer: t, lengths: map[string]int{}, room: t.MaxTokens() - 2}
	c.separator = len(t.Encode(rule.Separator).IDs) - 2
	if all := c.open(); c.all(all, groups) {
		return c.done([]*draft{all}), nil
	}
	drafts := []*draft{c.open()}
	for _, g := range groups {
		parts, err := c.split(g)
		if err != nil {
			return nil, err
		}
		for _, p := range parts {
			last := drafts[len(drafts)-1]
			if !c.fits(last, p) {
				last = c.open()
				drafts = append(drafts, last)
			}
			c.add(last, p)
		}
	}
	return c.done(drafts), nil
}

type chunker struct {
	rule      Rule
	tokenizer Tokenizer
	separator int // pieces of the separator
	room      int // pieces of a caption
	lengths   map[string]int
}

// draft is a caption in the making. A phrase that two classes share stands in it once.
type draft struct {
	names  []string
	at     map[string]int
	pieces int
	groups []Group
}

func (c *chunker) open() *draft { return &draft{at: map[string]int{}} }

// all puts everything into one draft and reports whether it fits.
func (c *chunker) all(d *draft, groups []Group) bool {
	for _, g := range groups {
		if c.after(d, g) > c.room {
			return false
		}
		c.add(d, g)
	}
	return true
}

func (c *chunker) length(name string) int {
	n, ok := c.lengths[name]
	if !ok {
		n = len(c.tokenizer.Encode(name).IDs) - 2
		c.lengths[name] = n
	}
	return n
}

// news yields the phrases of a group that a draft does not have yet, once each.
func (d *draft) news(g Group) []string {
	var out []string
	seen := map[string]bool{}
	for _, list := range [][]string{g.Phrases, g.Negatives} {
		for _, p := range list {
			if _, old := d.at[p]; !old && !seen[p] {
				seen[p] = true
				out = append(out, p)
			}
		}
	}
	return out
}

// after returns how many pieces the draft would have with the group.
func (c *chunker) after(d *draft, g Group) int {
	n, names := d.pieces, len(d.names)
	for _, p := range d.news(g) {
		if names > 0 {
			n += c.separator
		}
		n += c.length(p)
		names++
	}
	return n
}

func (c *chunker) fits(d *draft, g Group) bool {
	return len(d.groups) == 0 || len(d.names)+len(d.news(g)) <= c.rule.Names && c.after(d, g) <= c.room
}

func (c *chunker) add(d *draft, g Group) {
	d.pieces = c.after(d, g)
	for _, p := range d.news(g) {
		d.at[p] = len(d.names)
		d.names = append(d.names, p)
	}
	for _, p := range g.Phrases {
		g.phrases = append(g.phrases, d.at[p])
	}
	for _, p := range g.Negatives {
		g.negatives = append(g.negatives, d.at[p])
	}
	d.groups = append(d.groups, g)
}

// split returns the group itself where it fits into a caption, otherwise parts of it that do.
func (c *chunker) split(g Group) ([]Group, error) {
	if len(g.Phrases) == 0 || c.after(c.open(), g) <= c.room {
		return []Group{g}, nil
	}
	var parts []Group
	for i, p := range g.Phrases {
		part := Group{Class: g.Class, Phrases: []string{p}, First: g.First + i, Negatives: g.Negatives}
		if len(g.Negatives) > 0 && c.after(c.open(), part) > c.room {
			return nil, fmt.Errorf("%w: “%.60s” and the words that it is not", ErrTooLong, p)
		}
		parts = append(parts, part)
	}
	return parts, nil
}

func (c *chunker) done(drafts []*draft) []Chunk {
	var chunks []Chunk
	for _, d := range drafts {
		if len(d.groups) == 0 {
			continue
		}
		caption := Join(d.names, c.rule.Separator)
		e := c.tokenizer.Encode(caption.Text)
		pieces := caption.Tokens(e)
		pick := func(which []int) [][]int {
			out := make([][]int, len(which))
			for i, n := range which {
				out[i] = pieces[n]
			}
			return out
		}
		for i := range d.groups {
			g := &d.groups[i]
			g.positives, g.forbidden = pick(g.phrases), pick(g.negatives)
		}
		chunks = append(chunks, Chunk{Caption: caption.Text, Encoding: e, Groups: d.groups})
	}
	return chunks
}

// Chunk is a sentence as a caption: which says the class of each span.
func (c Caption) Chunk(which []int, t Tokenizer) Chunk {
	e := t.Encode(c.Text)
	pieces := c.Tokens(e)
	out := Chunk{Caption: c.Text, Encoding: e}
	at := map[int]int{}
	for i, class := range which {
		g, ok := at[class]
		if !ok {
			g = len(out.Groups)
			at[class] = g
			out.Groups = append(out.Groups, Group{Class: class})
		}
		out.Groups[g].positives = append(out.Groups[g].positives, pieces[i])
	}
	return out
}

// Key is a text that differs between chunks that find something else, whatever their classes' numbers.
func (c Chunk) Key() string {
	key := []byte(c.Caption)
	for _, g := range c.Groups {
		key = fmt.Append(key, "\x00", g.positives, g.forbidden)
	}
	return string(key)
}
