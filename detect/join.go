package detect

import (
	"cmp"
	"slices"

	"github.com/saysee/saysee/annot"
)

// Two looks at a photo, on canvases of two sizes, are joined: what they make of one thing is one candidate, the mean of both, in
// which the look that shows the thing at a usual size counts twice as much as the other.
const (
	// joinedFrom is the least IoU of what two looks make of one thing.
	joinedFrom = 0.6
	// atHome is the share of the look that is better for a thing.
	atHome = 2.0 / 3
	// wide is the side on the larger canvas over which the smaller one is better for a thing. It is the size of the
	// whole pictures that backbones learn from, by which FPN also tells levels (Lin et al. 2017, equation 1).
	wide = 224
)

// Share is the share of the smaller canvas in what is known of a thing, by its box on the larger one: over a half where the
// smaller canvas is the better one for it.
func Share(box annot.Box) float64 {
	if max(box.W(), box.H()) > wide {
		return atHome
	}
	return 1 - atHome
}

// Between is the box that lies the share of the way from a to b.
func Between(a, b annot.Box, share float64) annot.Box {
	at := func(a, b float64) float64 { return a + share*(b-a) }
	return annot.Box{X0: at(a.X0, b.X0), Y0: at(a.Y0, b.Y0), X1: at(a.X1, b.X1), Y1: at(a.Y1, b.Y1)}
}

// Partners matches the boxes of two looks one to one, greedily by IoU times likeness, which may be nil, and returns the place
// of the partner of each, -1 for none. Both are boxes on one canvas.
func Partners(a, b []annot.Box, likeness func(i, j int) float64) (ofA, ofB []int) {
	type pair struct {
		i, j int
		like float64
	}
	var pairs []pair
	for i := range a {
		for j := range b {
			if iou := a[i].IoU(b[j]); iou >= joinedFrom {
				if likeness != nil {
					iou *= likeness(i, j)
				}
				pairs = append(pairs, pair{i, j, iou})
			}
		}
	}
	slices.SortStableFunc(pairs, func(x, y pair) int { return cmp.Compare(y.like, x.like) })
	ofA, ofB = slices.Repeat([]int{-1}, len(a)), slices.Repeat([]int{-1}, len(b))
	for _, p := range pairs {
		if ofA[p.i] < 0 && ofB[p.j] < 0 {
			ofA[p.i], ofB[p.j] = p.j, p.i
		}
	}
	return ofA, ofB
}
