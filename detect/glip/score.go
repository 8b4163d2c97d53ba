package glip

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/prompt/ground"
)

// reading is what one caption found: candidates by group, with a score that passed the rule's threshold.
type reading struct {
	boxes []annot.Box // photo pixels
	// overlap holds the same boxes as NMS measures them: GLIP counts both end pixels, of the canvas.
	overlap []annot.Box
	hits    []detect.Hit // Class is the group's number, Phrase counts within the group
}

// score reads logits [1, A, T], deltas [1, A, 4] and centreness [1, A] of a view and adds its candidates.
func (d *Detector) score(v *model.View, levels []*model.Tensor, logits, deltas, centre *model.Tensor, chunk ground.Chunk, r *reading) error {
	places, err := d.places(levels)
	if err != nil {
		return err
	}
	n := places[len(places)-1].end
	pieces := int(logits.Shape[2])
	if logits.Shape[1] != int64(n) || deltas.Shape[1] != int64(n) || deltas.Shape[2] != 4 || centre.Shape[1] != int64(n) || pieces < len(chunk.Encoding.IDs) {
		return fmt.Errorf("pack %s: the head's outputs %v, %v and %v do not fit %d positions and %d pieces",
			d.pack.ID, logits.Shape, deltas.Shape, centre.Shape, n, len(chunk.Encoding.IDs))
	}
	s := scorer{rule: &d.rule, groups: chunk.Groups, logits: logits.F32, pieces: pieces, centre: centre.F32}
	s.least = float32(logit(d.rule.Candidate))
	for _, p := range places {
		s.level(p, r, func(at int) int32 { return r.add(v, p, at, deltas.F32[4*at:4*at+4]) })
	}
	return nil
}

// place is a level's part of the positions.
type place struct {
	from, end int
	w         int // positions a row
	stride    float64
	anchor    float64 // side of the anchors, canvas pixels
}

func (d *Detector) places(levels []*model.Tensor) ([]place, error) {
	out := make([]place, len(levels))
	from := 0
	for i, l := range levels {
		if len(l.Shape) != 4 {
			return nil, fmt.Errorf("pack %s: the level %s has the shape %v", d.pack.ID, d.rule.Levels[i], l.Shape)
		}
		stride := float64(d.rule.Strides[i])
		w := int(l.Shape[3])
		out[i] = place{from: from, end: from + int(l.Shape[2])*w, w: w, stride: stride, anchor: d.rule.Anchor * stride}
		from = out[i].end
	}
	return out, nil
}

// scorer turns logits into candidates.
type scorer struct {
	rule   *rule
	groups []ground.Group
	logits []float32 // [A, T]
	pieces int
	centre []float32
	least  float32 // logit that at least one piece of a candidate has
}

// candidate is a position that a group matches.
type candidate struct {
	at, group, phrase int
	weight            float64 // class score times centreness
}

// level adds the candidates of a level: class scores over the threshold, the best PerLevel by score times
// centreness, whose root is what counts in the end. box adds a position's box and returns its number.
func (s *scorer) level(p place, r *reading, box func(at int) int32) {
	var found []candidate
	for at := p.from; at < p.end; at++ {
		row := s.logits[at*s.pieces : (at+1)*s.pieces]
		for g := range s.groups {
			if score, phrase := s.group(&s.groups[g], row); score > s.rule.Candidate {
				found = append(found, candidate{at, g, phrase, score * sigmoid(s.centre[at])})
			}
		}
	}
	if len(found) > s.rule.PerLevel {
		slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(b.weight, a.weight) })
		found = found[:s.rule.PerLevel]
	}
	boxes := map[int]int32{}
	for _, c := range found {
		number, ok := boxes[c.at]
		if !ok {
			number = box(c.at)
			boxes[c.at] = number
		}
		r.hits = append(r.hits, detect.Hit{Box: number, Class: int32(c.group), Score: float32(math.Sqrt(c.weight)), Phrase: uint16(c.phrase)})
	}
}

// group returns the score of a class at a position: the best phrase's, or 0 when a negative beats it.
func (s *scorer) group(g *ground.Group, row []float32) (score float64, phrase int) {
	for i, pieces := range g.Positives() {
		if v := s.phrase(pieces, row); v > score {
			score, phrase = v, i
		}
	}
	if score <= s.rule.Candidate {
		return 0, 0
	}
	for _, pieces := range g.Forbidden() {
		if mean(pieces, row) > score {
			return 0, 0
		}
	}
	return score, phrase
}

// phrase returns the mean over the pieces, or 0 when it cannot pass the threshold: nowhere near a thing are
// all logits so low that no sigmoid need be taken.
func (s *scorer) phrase(pieces []int, row []float32) float64 {
	for _, t := range pieces {
		if row[t] > s.least {
			return mean(pieces, row)
		}
	}
	return 0
}

// mean is the mean of the pieces' sigmoids (SCORE_AGG "MEAN").
func mean(pieces []int, row []float32) float64 {
	if len(pieces) == 0 {
		return 0
	}
	sum := 0.0
	for _, t := range pieces {
		sum += sigmoid(row[t])
	}
	return sum / float64(len(pieces))
}

func sigmoid(x float32) float64 { return 1 / (1 + math.Exp(-float64(x))) }

// logit is sigmoid's inverse, a little lower, so that rounding keeps no candidate out.
func logit(p float64) float64 { return math.Log(p/(1-p)) - 1e-3 }

// The weights of GLIP's box coder, and its limit for sizes (BoxCoder.decode).
const (
	centreWeight = 10
	sizeWeight   = 5
)

var maxGrowth = math.Log(1000. / 16)

// add appends the box of a position and returns its number.
//
// GLIP's boxes hold both their end pixels: anchors have the centre (stride-1)/2, sizes are differences plus 1,
// and a photo's last pixel is its width less 1. An end pixel x is the edge x+1, as COCO's sizes have it, in
// photo pixels for the box and in the canvas' for the overlap, each as in the reference.
func (r *reading) add(v *model.View, p place, at int, delta []float32) int32 {
	i := at - p.from
	size := v.Resized()
	x0, x1 := decode(p, i%p.w, delta[0], delta[2], size.X)
	y0, y1 := decode(p, i/p.w, delta[1], delta[3], size.Y)
	box := v.ToPhotoUnclipped(annot.Box{X0: x0, Y0: y0, X1: x1, Y1: y1})
	box.X1 = min(box.X1+1, float64(v.Crop.Max.X))
	box.Y1 = min(box.Y1+1, float64(v.Crop.Max.Y))
	r.boxes = append(r.boxes, box)
	r.overlap = append(r.overlap, v.ToPhotoUnclipped(annot.Box{X0: x0, Y0: y0, X1: x1 + 1, Y1: y1 + 1}))
	return int32(len(r.boxes) - 1)
}

// decode returns the first and the last pixel of a box along one axis, within the content.
func decode(p place, i int, shift, growth float32, content int) (first, last float64) {
	centre := (p.stride-1)/2 + p.stride*float64(i)
	middle := float64(shift)/centreWeight*p.anchor + centre
	size := math.Exp(min(float64(growth)/sizeWeight, maxGrowth)) * p.anchor
	within := func(x float64) float64 { return min(max(x, 0), float64(content-1)) }
	return within(middle - (size-1)/2), within(middle + (size-1)/2)
}
