package vild

import (
	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
)

// join makes one list of the regions of two looks at the same part of the photo, b on the larger canvas. A pair's box, weight
// and vector are means, and it belongs to the look that is better for it, which draws its mask. What one look has alone stays
// there: its weight is the mean with nothing.
func join(a, b *look) {
	inB, canvas := make([]annot.Box, len(a.regions)), make([]annot.Box, len(b.regions)) // what they show in the photo, on b's canvas
	for i, p := range a.regions {
		inB[i] = b.view.ToCanvas(a.view.ToPhoto(p.canvas))
	}
	for j, q := range b.regions {
		canvas[j] = b.view.ToCanvas(b.view.ToPhoto(q.canvas))
	}
	ofA, ofB := detect.Partners(inB, canvas, func(i, j int) float64 { return float64(dot(a.regions[i].vector, b.regions[j].vector)) })
	var toA, toB []region
	for i, p := range a.regions {
		if ofA[i] < 0 {
			p.weight *= float32(detect.Share(inB[i]))
			toA = append(toA, p)
		}
	}
	for j, q := range b.regions {
		share := detect.Share(canvas[j])
		i := ofB[j]
		if i < 0 {
			q.weight *= float32(1 - share)
			toB = append(toB, q)
			continue
		}
		p := a.regions[i]
		q.canvas = detect.Between(canvas[j], inB[i], share)
		q.weight += float32(share) * (p.weight - q.weight)
		q.vector = mixed(q.vector, p.vector, float32(share))
		if share > 0.5 {
			q.canvas = a.view.ToCanvas(b.view.ToPhoto(q.canvas))
			toA = append(toA, q)
		} else {
			toB = append(toB, q)
		}
	}
	a.regions, b.regions = toA, toB
}

// mixed is the unit vector the share of the way from a to b; a, where that is nowhere.
func mixed(a, b []float32, share float32) []float32 {
	out := make([]float32, len(a))
	for k := range out {
		out[k] = a[k] + share*(b[k]-a[k])
	}
	if !scaled(out) {
		return a
	}
	return out
}
