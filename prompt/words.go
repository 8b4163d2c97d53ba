package prompt

import (
	"math"

	"github.com/saysee/saysee/annot"
)

// Words are the vectors of a class table, grouped the way that scores are fused: each class takes the best
// of its phrases, and a region that matches one of its negatives better is vetoed.
type Words struct {
	Classes   []annot.Class
	positives []span
	negatives []span
	phrases   []string
	// examples' logits follow those of the phrases. number is the place of each in its class's list.
	examples []span
	number   []int
	vectors  [][]float32
	Vectors  [][]float32 // one a phrase of Phrases
}

type span struct{ from, to int }

// NewWords lists the phrases of a class table. Set Vectors before scoring.
func NewWords(classes []annot.Class) *Words {
	w := &Words{Classes: classes}
	for _, c := range classes {
		w.positives = append(w.positives, w.add(c.Phrases))
	}
	for _, c := range classes {
		w.negatives = append(w.negatives, w.add(c.Negatives))
	}
	return w
}

// WithExamples lets the classes' examples of a space find them too, as phrases do: their logits follow those of
// the phrases.
func (w *Words) WithExamples(space string) *Words {
	at := len(w.phrases)
	for _, c := range w.Classes {
		s := span{from: at}
		for i, x := range c.Examples {
			if x.Space == space {
				w.vectors, w.number = append(w.vectors, x.Vector), append(w.number, i)
				at++
			}
		}
		s.to = at
		w.examples = append(w.examples, s)
	}
	return w
}

// Examples returns the vectors of the examples that are compared.
func (w *Words) Examples() [][]float32 { return w.vectors }

// best returns the strongest logit of a class, and the number of the phrase that it is of; the numbers of
// examples follow those of the phrases.
func (w *Words) best(logits []float32, c int) (best float32, at int) {
	best, at = bestOf(logits, w.positives[c])
	if len(w.examples) > 0 {
		if v, i := bestOf(logits, w.examples[c]); v > best {
			return v, len(w.Classes[c].Phrases) + w.number[w.examples[c].from-len(w.phrases)+i]
		}
	}
	return best, at
}

func (w *Words) add(phrases []string) span {
	s := span{from: len(w.phrases)}
	w.phrases = append(w.phrases, phrases...)
	s.to = len(w.phrases)
	return s
}

// Phrases returns all phrases, positives of all classes first; one that two classes share stands twice.
func (w *Words) Phrases() []string { return w.phrases }

// First returns the number of a class's first phrase among Phrases.
func (w *Words) First(class int) int { return w.positives[class].from }

// Fuse turns one region's logits, one a phrase, into a probability a class: softmax over a background of
// logit 0, the classes' best phrases and all negatives. A class whose negative beats it gets 0. It writes
// len(Classes) values into probs and which and returns nothing else.
//
// With one phrase a class and no negatives this is the softmax that the starter packs were trained with.
func (w *Words) Fuse(logits, probs []float32, which []uint16) {
	top := float32(0)
	for _, l := range logits {
		top = max(top, l)
	}
	w.fuse(logits, probs, which, top, math.Exp(float64(-top)))
}

// FuseClosed is Fuse without a background: something of what is named is there.
func (w *Words) FuseClosed(logits, probs []float32, which []uint16) {
	top := float32(math.Inf(-1))
	for _, l := range logits {
		top = max(top, l)
	}
	w.fuse(logits, probs, which, top, 0)
}

// fuse divides by sum and what it adds to it. No logit is greater than top.
func (w *Words) fuse(logits, probs []float32, which []uint16, top float32, sum float64) {
	for c := range w.Classes {
		best, at := w.best(logits, c)
		probs[c], which[c] = best, uint16(at)
		sum += math.Exp(float64(best - top))
	}
	for c := range w.Classes {
		for _, l := range logits[w.negatives[c].from:w.negatives[c].to] {
			sum += math.Exp(float64(l - top))
		}
	}
	for c := range w.Classes {
		veto, _ := bestOf(logits, w.negatives[c])
		if veto > probs[c] {
			probs[c] = 0
			continue
		}
		probs[c] = float32(math.Exp(float64(probs[c]-top)) / sum)
	}
}

// Columns turns logits, one a phrase, into those that compete in a softmax: the best of each class, then each
// negative's. Where which is not nil, it gets the number of each class's best phrase.
func (w *Words) Columns(logits []float32, which []uint16) []float32 {
	out := make([]float32, 0, len(logits))
	for c := range w.positives {
		best, at := w.best(logits, c)
		out = append(out, best)
		if which != nil {
			which[c] = uint16(at)
		}
	}
	for _, s := range w.negatives {
		out = append(out, logits[s.from:s.to]...)
	}
	return out
}

// Veto sets the score of each class to 0 that one of its negatives beats. The scores are laid out as Columns has
// them.
func (w *Words) Veto(scores []float32) {
	at := len(w.Classes)
	for c := range w.Classes {
		n := w.negatives[c].to - w.negatives[c].from
		for _, veto := range scores[at : at+n] {
			if veto > scores[c] {
				scores[c] = 0
			}
		}
		at += n
	}
}

func bestOf(logits []float32, s span) (best float32, at int) {
	best = float32(math.Inf(-1))
	for i, l := range logits[s.from:s.to] {
		if l > best {
			best, at = l, i
		}
	}
	return best, at
}

// vetoed is the logit of a class that one of its negatives beats: far below any background, and finite, so
// that interpolating between pixels stays a number.
const vetoed = -1e4

// FusePixels is Fuse for the argmax over pixels: it writes one logit a class, the best of its phrases, far
// below any background where a negative beats it.
func (w *Words) FusePixels(logits, fused []float32) {
	for c := range w.Classes {
		best, _ := bestOf(logits, w.positives[c])
		if veto, _ := bestOf(logits, w.negatives[c]); veto > best {
			best = vetoed
		}
		fused[c] = max(best, vetoed)
	}
}
