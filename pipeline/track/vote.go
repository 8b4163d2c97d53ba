package track

import "slices"

// vote is how strongly a class was found along a track, older frames counting less.
type vote struct {
	class  int
	weight float64
}

// fade lets old votes weigh less.
func (p *path) fade(frames float64) {
	keep := 1.0
	for ; frames >= 1; frames-- {
		keep *= memory
	}
	for i := range p.votes {
		p.votes[i].weight *= keep
	}
}

// vote counts a class that was found, and makes the leading one the track's. Since the votes of many frames stand
// against that of one, a label does not flicker between two classes.
func (p *path) vote(class int, score float64) {
	i := slices.IndexFunc(p.votes, func(v vote) bool { return v.class == class })
	if i < 0 {
		i = len(p.votes)
		p.votes = append(p.votes, vote{class: class})
	}
	p.votes[i].weight += score
	best := p.votes[0]
	for _, v := range p.votes[1:] {
		if v.weight > best.weight {
			best = v
		}
	}
	p.region.Class = best.class
}
