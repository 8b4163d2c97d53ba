package vild

import (
	"cmp"
	"math"
	"slices"

	"github.com/saysee/saysee/annot"
)

// What two looks at a photo, on canvases of two sizes, make of one thing is one region: the mean of both, in which the look
// that shows the thing at a usual size counts twice as much as the other.
const (
	// joinedFrom is the least IoU of two regions of one thing.
	joinedFrom = 0.6
	// atHome is the share of the look that is better for a thing.
	atHome = 2.0 / 3
	// wide is the side on the larger canvas over which the smaller one is better for a thing. It is the size of the
	// whole pictures that backbones learn from, by which FPN also tells levels (Lin et al. 2017, equation 1).
	wide = 224
)

// pair is a region of each of two looks, by their places.
type pair struct {
	a, b     int
	likeness float64
}

// join makes one list of the regions of two looks at the same part of the photo, b on the larger canvas. Regions are matched
// one to one, greedily by the product of IoU and cosine. A pair's box, weight and vector are means, and it belongs to the look
// that is better for it, which draws its mask. What one look has alone stays there: its weight is the mean with nothing.
func join(a, b *look) {
	inB := make([]annot.Box, len(a.regions)) // what a shows in the photo, on b's canvas
	for i, p := range a.regions {
		inB[i] = b.view.ToCanvas(a.view.ToPhoto(p.canvas))
	}
	for j, q := range b.regions {
		b.regions[j].canvas = b.view.ToCanvas(b.view.ToPhoto(q.canvas))
	}
	partners := matched(inB, a.regions, b.regions)
	var toA, toB []region
	for i, p := range a.regions {
		if partners.ofA[i] < 0 {
			p.weight *= shareOf(inB[i])
			toA = append(toA, p)
		}
	}
	for j, q := range b.regions {
		share := shareOf(q.canvas)
		i := partners.ofB[j]
		if i < 0 {
			q.weight *= 1 - share
			toB = append(toB, q)
			continue
		}
		p := a.regions[i]
		q = region{between(q.canvas, inB[i], share), q.weight + share*(p.weight-q.weight), mixed(q.vector, p.vector, share)}
		if share > 0.5 {
			q.canvas = a.view.ToCanvas(b.view.ToPhoto(q.canvas))
			toA = append(toA, q)
		} else {
			toB = append(toB, q)
		}
	}
	a.regions, b.regions = toA, toB
}

// shareOf is the share of the smaller canvas in what is known of a thing, by its box on the larger one.
func shareOf(box annot.Box) float32 {
	if max(box.W(), box.H()) > wide {
		return atHome
	}
	return 1 - atHome
}

// partners are the places of the regions' partners in the other look, -1 for none.
type partners struct{ ofA, ofB []int }

// matched finds the partners. inB are the boxes of the regions a on b's canvas.
func matched(inB []annot.Box, a, b []region) partners {
	m := partners{slices.Repeat([]int{-1}, len(a)), slices.Repeat([]int{-1}, len(b))}
	for _, p := range likely(inB, a, b) {
		if m.ofA[p.a] < 0 && m.ofB[p.b] < 0 {
			m.ofA[p.a], m.ofB[p.b] = p.b, p.a
		}
	}
	return m
}

// likely are the pairs that may be one thing, likest first.
func likely(inB []annot.Box, a, b []region) []pair {
	var pairs []pair
	for i, p := range a {
		for j, q := range b {
			if iou := inB[i].IoU(q.canvas); iou >= joinedFrom {
				pairs = append(pairs, pair{i, j, iou * float64(dot(p.vector, q.vector))})
			}
		}
	}
	slices.SortStableFunc(pairs, func(x, y pair) int { return cmp.Compare(y.likeness, x.likeness) })
	return pairs
}

// between lies the share of the way from a to b.
func between(a, b annot.Box, share float32) annot.Box {
	at := func(a, b float64) float64 { return a + float64(share)*(b-a) }
	return annot.Box{X0: at(a.X0, b.X0), Y0: at(a.Y0, b.Y0), X1: at(a.X1, b.X1), Y1: at(a.Y1, b.Y1)}
}

// mixed is the unit vector the share of the way from a to b; a, where that is nowhere.
func mixed(a, b []float32, share float32) []float32 {
	sum := make([]float32, len(a))
	var squares float64
	for k := range sum {
		sum[k] = a[k] + share*(b[k]-a[k])
		squares += float64(sum[k]) * float64(sum[k])
	}
	if squares == 0 {
		return a
	}
	for k := range sum {
		sum[k] /= float32(math.Sqrt(squares))
	}
	return sum
}
