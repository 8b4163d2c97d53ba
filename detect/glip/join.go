package glip

import (
	"cmp"
	"slices"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/model"
)

// sameFrom is the IoU from which a look's boxes of one group are of one thing, before looks are joined: positions beside each
// other have nearly the same box.
const sameFrom = 0.6

// join makes one reading of what a caption found in two looks at the same part of the photo, b on the larger canvas of v. For
// each group, pairs become one candidate, the mean of both; what one look has alone keeps its share of the score.
func join(a, b reading, v *model.View) reading {
	var r reading
	ofA, ofB := a.things(), b.things()
	for group := range max(len(ofA), len(ofB)) {
		r.join(&a, &b, at(ofA, group), at(ofB, group), v)
	}
	return r
}

func at(groups [][]detect.Hit, group int) []detect.Hit {
	if group < len(groups) {
		return groups[group]
	}
	return nil
}

// things are the best hits of each group, one for each thing.
func (r *reading) things() [][]detect.Hit {
	var groups [][]detect.Hit
	for _, h := range r.hits {
		for len(groups) <= int(h.Class) {
			groups = append(groups, nil)
		}
		groups[h.Class] = append(groups[h.Class], h)
	}
	for g, hits := range groups {
		slices.SortStableFunc(hits, func(a, b detect.Hit) int { return cmp.Compare(b.Score, a.Score) })
		groups[g] = detect.Suppress(hits, sameFrom, func(a, b detect.Hit) float64 { return r.overlap[a.Box].IoU(r.overlap[b.Box]) })
	}
	return groups
}

// join adds what two looks found of a group.
func (r *reading) join(a, b *reading, hitsA, hitsB []detect.Hit, v *model.View) {
	ofA, ofB := detect.Partners(a.of(hitsA), b.of(hitsB), nil)
	for i, h := range hitsA {
		if ofA[i] < 0 {
			h.Score *= float32(detect.Share(v.ToCanvas(a.boxes[h.Box])))
			r.put(h, a.boxes[h.Box], a.overlap[h.Box])
		}
	}
	for j, h := range hitsB {
		box, overlap := b.boxes[h.Box], b.overlap[h.Box]
		share := detect.Share(v.ToCanvas(box))
		if i := ofB[j]; i < 0 {
			h.Score *= float32(1 - share)
		} else {
			p := hitsA[i]
			h.Score += float32(share) * (p.Score - h.Score)
			box, overlap = detect.Between(box, a.boxes[p.Box], share), detect.Between(overlap, a.overlap[p.Box], share)
		}
		r.put(h, box, overlap)
	}
}

func (r *reading) of(hits []detect.Hit) []annot.Box {
	boxes := make([]annot.Box, len(hits))
	for i, h := range hits {
		boxes[i] = r.boxes[h.Box]
	}
	return boxes
}

// put adds a hit with a box of its own.
func (r *reading) put(h detect.Hit, box, overlap annot.Box) {
	h.Box = int32(len(r.boxes))
	r.boxes, r.overlap, r.hits = append(r.boxes, box), append(r.overlap, overlap), append(r.hits, h)
}

// append adds another reading.
func (r *reading) append(o reading) {
	first := int32(len(r.boxes))
	r.boxes, r.overlap = append(r.boxes, o.boxes...), append(r.overlap, o.overlap...)
	for _, h := range o.hits {
		h.Box += first
		r.hits = append(r.hits, h)
	}
}
