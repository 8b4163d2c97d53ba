package detect

import (
	"cmp"
	"slices"

	"github.com/saysee/saysee/annot"
)

// Candidates are the boxes that a detector proposes in one photo, with a score for every class.
type Candidates struct {
	Model   string // pack id
	Classes []annot.Class
	Boxes   []annot.Box // photo pixels, clipped to the photo
	// Scores holds a row of len(Classes) scores in [0, 1] for each box.
	Scores []float32
	// Phrases holds, in the same layout, which of the class's phrases matched best.
	Phrases []uint16
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
	kept = suppress(kept, o.CrossNMS, func(a, b pick) float64 { return c.Boxes[a.box].IoU(c.Boxes[b.box]) })
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
}

func byScore(a, b pick) int { return cmp.Compare(b.score, a.score) }

func (c *Candidates) above(class int, o Options) []pick {
	least := o.Score
	if s, ok := o.PerClass[class]; ok {
		least = s
	}
	var picks []pick
	for box := range c.Boxes {
		s := c.Scores[box*len(c.Classes)+class]
		if float64(s) > least && !c.Boxes[box].Empty() {
			picks = append(picks, pick{box, class, s})
		}
	}
	slices.SortStableFunc(picks, byScore)
	return picks
}

// unique leaves one box for each thing, of picks of one class.
func (c *Candidates) unique(picks []pick, o Options) []pick {
	picks = suppress(picks, o.NMS, func(a, b pick) float64 { return c.Boxes[a.box].IoU(c.Boxes[b.box]) })
	return suppress(picks, o.Inside, func(a, b pick) float64 { return c.Boxes[a.box].Inside(c.Boxes[b.box]) })
}

// suppress drops each pick whose overlap with a stronger one is at least limit. Picks come strongest first
// and stay so. A limit of 0, or over 1, drops nothing.
func suppress(picks []pick, limit float64, overlap func(a, b pick) float64) []pick {
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
	if i := int(c.Phrases[p.box*len(c.Classes)+p.class]); i < len(class.Phrases) {
		phrase = class.Phrases[i]
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

// Best returns the strongest score of a class, whatever its threshold, for "nothing above 0.35, best 0.28".
func (c *Candidates) Best(class int) float64 {
	var best float32
	for box := range c.Boxes {
		best = max(best, c.Scores[box*len(c.Classes)+class])
	}
	return float64(best)
}
