package vild

import (
	"cmp"
	"image"
	"math"
	"slices"

	"github.com/saysee/saysee/annot"
)

// The official code's boxes hold both their end pixels when they are coded (utils/box_utils.py): sizes are
// differences plus 1. Where boxes overlap, and in the end, they are plain differences.

var maxGrowth = math.Log(1000. / 16)

// weights divide the deltas of centre and size.
type weights struct{ centre, size float64 }

var (
	proposalWeights  = weights{1, 1}
	detectionWeights = weights{10, 5}
)

// decode moves a box by deltas (y, x, h, w) and clips it to a canvas (decode_boxes, clip_boxes).
func decode(b annot.Box, deltas []float32, w weights, canvas image.Point) annot.Box {
	along := func(from, to float64, shift, growth float32, limit int) (float64, float64) {
		size := to - from + 1
		centre := from + size/2 + float64(shift)/w.centre*size
		size *= math.Exp(min(float64(growth)/w.size, maxGrowth))
		first := centre - size/2
		clip := func(v float64) float64 { return max(min(v, float64(limit-1)), 0) }
		return clip(first), clip(first + size - 1)
	}
	y0, y1 := along(b.Y0, b.Y1, deltas[0], deltas[2], canvas.Y)
	x0, x1 := along(b.X0, b.X1, deltas[1], deltas[3], canvas.X)
	return annot.Box{X0: x0, Y0: y0, X1: x1, Y1: y1}
}

// proposal is a box that may hold a thing.
type proposal struct {
	box   annot.Box // canvas pixels
	score float32   // logit
}

// level is the anchors of a pyramid's level: positions in rows, anchors within a position.
type level struct {
	w, h   int
	stride float64
	sides  [][2]float64 // width and height of each anchor at a position
}

func (l level) count() int { return l.w * l.h * len(l.sides) }

// anchor returns the i-th anchor's box (dataloader/anchor.py).
func (l level) anchor(i int) annot.Box {
	side := l.sides[i%len(l.sides)]
	at := i / len(l.sides)
	x, y := (float64(at%l.w)+0.5)*l.stride, (float64(at/l.w)+0.5)*l.stride
	return annot.Box{X0: x - side[0]/2, Y0: y - side[1]/2, X1: x + side[0]/2, Y1: y + side[1]/2}
}

// levels lays the rule's anchors over a canvas.
func (r *official) levels(canvas image.Point) []level {
	out := make([]level, len(r.Strides))
	for i, stride := range r.Strides {
		l := level{w: canvas.X / stride, h: canvas.Y / stride, stride: float64(stride)}
		for _, aspect := range r.Aspects {
			base, root := r.Anchor*float64(stride), math.Sqrt(aspect)
			l.sides = append(l.sides, [2]float64{base * root, base / root})
		}
		out[i] = l
	}
	return out
}

// propose chooses boxes (ops/roi_ops.py, multilevel_propose_rois): of each level the best, without those that
// overlap better ones, and of all levels the best. scores and deltas run over all levels' anchors.
func (r *official) propose(levels []level, scores, deltas []float32, canvas image.Point) []proposal {
	var all []proposal
	first := 0
	for _, l := range levels {
		n := l.count()
		all = append(all, r.best(l, scores[first:first+n], deltas[4*first:4*(first+n)], canvas)...)
		first += n
	}
	slices.SortStableFunc(all, func(a, b proposal) int { return cmp.Compare(b.score, a.score) })
	return all[:min(len(all), r.Proposals)]
}

func (r *official) best(l level, scores, deltas []float32, canvas image.Point) []proposal {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(scores[b], scores[a]) })
	var kept []proposal
next:
	for _, i := range order[:min(len(order), r.PerLevel)] {
		box := decode(l.anchor(i), deltas[4*i:4*i+4], proposalWeights, canvas)
		if box.X1 <= 0 && box.Y1 <= 0 {
			continue // all zeros stands for nothing
		}
		for _, k := range kept {
			if box.IoU(k.box) >= r.Overlap {
				continue next
			}
		}
		if kept = append(kept, proposal{box, scores[i]}); len(kept) == r.Proposals {
			break
		}
	}
	return kept
}
