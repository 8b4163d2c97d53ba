package detect

import (
	"cmp"
	"iter"
	"slices"

	"github.com/saysee/saysee/annot"
)

// Candidates are the boxes that a detector proposes in one photo, with their scores by class: either every
// score, in Scores and Phrases, or only those that are worth anything, in Hits.
type Candidates struct {
	Model   string // pack id
	Classes []annot.Class
	Boxes   []annot.Box // photo pixels, clipped to the photo
	// Scores holds a row of len(Classes) scores in [0, 1] for each box. It is empty when Hits is used.
	Scores []float32
	// Phrases holds, in the same layout, which of the class's phrases matched best.
	Phrases []uint16
	// Hits holds the scores of detectors whose boxes times classes are too many for a table, in the order of
	// their classes.
	Hits []Hit
	// Overlap is the family's own IoU of two boxes, by index, for NMS. Nil takes that of Boxes.
	Overlap func(a, b int) float64
}

// Hit is the score of a box under a class.
type Hit struct {
	Box, Class int32
	Score      float32
	Phrase     uint16 // which of the class's phrases matched best
}

// Options choose among candidates. The zero value keeps everything.
type Options struct {
	// Score is the least score that is kept: a candidate at exactly this score stays out.
	Score float64
	// PerClass overrides Score for a class, by index.
	PerClass map[int]float64
	// Off switches classes off, by index.
	Off map[int]bool
	// NMS is the IoU from which the weaker of two boxes of one class goes; 0 or over 1 keeps both.
	NMS float64
	// CrossNMS is the same between boxes of different classes, so that one thing gets one name.
	CrossNMS float64
	// Inside is the share of the smaller of two boxes of one class from which, when it lies in the other,
	// the weaker goes: a part of a thing is not another thing. 0 keeps both.
	Inside float64
	// Max bounds how many regions are kept, strongest first; 0 is no bound.
	Max int
}

// Select returns the regions that the options let through, strongest first. It runs no session.
func (c *Candidates) Select(o Options) []Found {
	var kept []pick
	for class := range c.Classes {
		if !o.Off[class] {
			kept = append(kept, c.unique(c.above(class, o), o)...)
		}
	}
	slices.SortStableFunc(kept, byScore)
	kept = Suppress(kept, o.CrossNMS, c.overlap)
	if o.Max > 0 && len(kept) > o.Max {
		kept = kept[:o.Max]
	}
	found := make([]Found, len(kept))
	for i, p := range kept {
		found[i] = c.found(p)
	}
	return found
}

// pick is one box under one class.
type pick struct {
	box, class int
	score      float32
	phrase     uint16
}

func byScore(a, b pick) int { return cmp.Compare(b.score, a.score) }

func (c *Candidates) above(class int, o Options) []pick {
	least := o.Score
	if s, ok := o.PerClass[class]; ok {
		least = s
	}
	var picks []pick
	for p := range c.scored(class) {
		if float64(p.score) > least && !c.Boxes[p.box].Empty() {
			picks = append(picks, p)
		}
	}
	slices.SortStableFunc(picks, byScore)
	return picks
}

// scored yields the boxes that have a score under a class, in no order.
func (c *Candidates) scored(class int) iter.Seq[pick] {
	return func(yield func(pick) bool) {
		if len(c.Scores) > 0 {
			for box := range c.Boxes {
				i := box*len(c.Classes) + class
				if !yield(pick{box, class, c.Scores[i], c.Phrases[i]}) {
					return
				}
			}
			return
		}
		from, _ := slices.BinarySearchFunc(c.Hits, int32(class), func(h Hit, class int32) int { return cmp.Compare(h.Class, class) })
		for _, h := range c.Hits[from:] {
			if h.Class != int32(class) || !yield(pick{int(h.Box), class, h.Score, h.Phrase}) {
				return
			}
		}
	}
}

// Tops returns the strongest score of each box.
func (c *Candidates) Tops() []float32 {
	tops := make([]float32, len(c.Boxes))
	for class := range c.Classes {
		for p := range c.scored(class) {
			tops[p.box] = max(tops[p.box], p.score)
		}
	}
	return tops
}

// Rescored returns the candidates with other scores; those of 0 are left out. Boxes keep their numbers.
func (c *Candidates) Rescored(by func(box, class int, score float32) float32) *Candidates {
	out := &Candidates{Model: c.Model, Classes: c.Classes, Boxes: c.Boxes, Overlap: c.Overlap}
	for class := range c.Classes {
		for p := range c.scored(class) {
			if s := by(p.box, class, p.score); s > 0 {
				out.Hits = append(out.Hits, Hit{Box: int32(p.box), Class: int32(class), Score: s, Phrase: p.phrase})
			}
		}
	}
	return out
}

// Top returns the class under which a box is strongest and its score; the class is -1 when it has none.
func (c *Candidates) Top(box int) (class int, score float32) {
	class = -1
	if n := len(c.Classes); len(c.Scores) > 0 {
		for k, v := range c.Scores[box*n : (box+1)*n] {
			if v > score {
				class, score = k, v
			}
		}
	}
	for _, h := range c.Hits {
		if int(h.Box) == box && h.Score > score {
			class, score = int(h.Class), h.Score
		}
	}
	return class, score
}

func (c *Candidates) overlap(a, b pick) float64 {
	if c.Overlap != nil {
		return c.Overlap(a.box, b.box)
	}
	return c.Boxes[a.box].IoU(c.Boxes[b.box])
}

// unique leaves one box for each thing, of picks of one class.
func (c *Candidates) unique(picks []pick, o Options) []pick {
	picks = Suppress(picks, o.NMS, c.overlap)
	return Suppress(picks, o.Inside, func(a, b pick) float64 { return c.Boxes[a.box].Inside(c.Boxes[b.box]) })
}

// Suppress drops each pick whose overlap with a stronger one is at least limit, in place. Picks come strongest first and stay so.
// A limit of 0, or over 1, drops nothing.
func Suppress[P any](picks []P, limit float64, overlap func(a, b P) float64) []P {
	if limit <= 0 || limit > 1 {
		return picks
	}
	kept := picks[:0]
next:
	for _, p := range picks {
		for _, k := range kept {
			if overlap(p, k) >= limit {
				continue next
			}
		}
		kept = append(kept, p)
	}
	return kept
}

func (c *Candidates) found(p pick) Found {
	class := c.Classes[p.class]
	phrase := class.Name
	if i := int(p.phrase); i < len(class.Phrases) {
		phrase = class.Phrases[i]
	} else if i -= len(class.Phrases); i < len(class.Examples) {
		phrase = LikePrefix + class.Examples[i].Photo
	}
	return Found{
		Candidate: p.box,
		Region: annot.Region{
			Class:  p.class,
			Box:    c.Boxes[p.box],
			Score:  float64(p.score),
			Source: annot.Source{Maker: annot.ByModel, Model: c.Model, Phrase: phrase},
			Review: annot.Suggested,
		},
	}
}

// LikePrefix begins the phrase of a region that was found by an example; the example's photo follows.
const LikePrefix = "≈ "

// Best returns the strongest score of a class, whatever its threshold, for "nothing above 0.35, best 0.28".
func (c *Candidates) Best(class int) float64 {
	var best float32
	for p := range c.scored(class) {
		best = max(best, p.score)
	}
	return float64(best)
}
