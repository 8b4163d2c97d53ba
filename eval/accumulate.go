package eval

import (
	"cmp"
	"math"
	"slices"
)

// RecallThresholds is the number of recalls at which precision is sampled.
const RecallThresholds = 101

// RecallThreshold returns the i-th recall of 0, .01 … 1, with the last bits of numpy's linspace.
func RecallThreshold(i int) float64 {
	step := 0.01 // a variable: constant arithmetic is exact and numpy's is not
	return float64(i) * step
}

// epsilon is numpy's spacing(1), with which pycocotools keeps precision's denominator from 0.
var epsilon = math.Nextafter(1, 2) - 1

// pool is what the measures over all classes need of one class: its findings, best first.
type pool struct {
	found   []finding
	counted int
}

// accumulate measures one class. It sorts t.found.
func accumulate(t *tally) (ClassResult, pool) {
	sortFindings(t.found)
	r := ClassResult{Truth: t.counted[allAreas], Predictions: len(t.found), Summary: undefined}
	var precision [areas][IoUThresholds]float64 // mean over recalls
	var recall [areas][IoUThresholds]float64    // at the end of the curve
	envelope := make([]float64, len(t.found))
	for a := range areas {
		if t.counted[a] == 0 {
			continue
		}
		for i := range IoUThresholds {
			sampled, end := sample(t, a, i, envelope)
			precision[a][i], recall[a][i] = mean(sampled[:]), end
			if a == allAreas {
				r.Precision[i] = sampled
			}
		}
	}
	r.Summary = summarize(t, &precision, &recall)
	if r.Truth == 0 {
		for i := range r.Precision {
			for j := range r.Precision[i] {
				r.Precision[i][j] = Undefined
			}
		}
		return r, pool{}
	}
	p := pool{t.found, r.Truth}
	r.Curve, r.Best = curveOf(p)
	return r, p
}

// sortFindings puts the best first and keeps the order of equals; scores that are NaN go last.
func sortFindings(list []finding) {
	type key struct {
		score float64
		index int
	}
	keys := make([]key, len(list))
	for i := range list {
		keys[i] = key{list[i].score, i}
	}
	slices.SortFunc(keys, func(a, b key) int {
		return cmp.Or(cmp.Compare(b.score, a.score), a.index-b.index)
	})
	sorted := make([]finding, len(list))
	for i, k := range keys {
		sorted[i] = list[k.index]
	}
	copy(list, sorted)
}

// sample returns the interpolated precision at each recall threshold, and the recall of all findings.
// envelope is memory for a number a finding.
func sample(t *tally, area, threshold int, envelope []float64) (sampled [RecallThresholds]float64, end float64) {
	bit := uint16(1) << threshold
	hits, misses := 0.0, 0.0
	recall := make([]float64, len(t.found))
	for i := range t.found {
		f := &t.found[i]
		switch {
		case f.ignored[area]&bit != 0:
		case f.hit[area]&bit != 0:
			hits++
		default:
			misses++
		}
		recall[i] = hits / float64(t.counted[area])
		envelope[i] = hits / (misses + hits + epsilon)
	}
	for i := len(envelope) - 1; i > 0; i-- {
		envelope[i-1] = max(envelope[i-1], envelope[i])
	}
	at := 0
	for i := range sampled {
		for at < len(recall) && recall[at] < RecallThreshold(i) {
			at++
		}
		if at == len(recall) {
			break
		}
		sampled[i] = envelope[at]
	}
	return sampled, hits / float64(t.counted[area])
}

var undefined = Summary{
	Undefined, Undefined, Undefined, Undefined, Undefined, Undefined,
	Undefined, Undefined, Undefined, Undefined, Undefined, Undefined,
}

func summarize(t *tally, precision, recall *[areas][IoUThresholds]float64) Summary {
	s := undefined
	if t.counted[allAreas] > 0 {
		s.AP = mean(precision[allAreas][:])
		s.AP50, s.AP75 = precision[allAreas][0], precision[allAreas][5]
		s.AR1, s.AR10, s.AR100 = recallOfBest(t, 1), recallOfBest(t, 10), mean(recall[allAreas][:])
	}
	if t.counted[small] > 0 {
		s.APSmall, s.ARSmall = mean(precision[small][:]), mean(recall[small][:])
	}
	if t.counted[medium] > 0 {
		s.APMedium, s.ARMedium = mean(precision[medium][:]), mean(recall[medium][:])
	}
	if t.counted[large] > 0 {
		s.APLarge, s.ARLarge = mean(precision[large][:]), mean(recall[large][:])
	}
	return s
}

// recallOfBest returns the recall, averaged over IoU thresholds, of the n best predictions per photo.
func recallOfBest(t *tally, n int) float64 {
	var hits [IoUThresholds]float64
	for i := range t.found {
		f := &t.found[i]
		if f.rank >= n {
			continue
		}
		for j := range hits {
			hits[j] += float64(f.hit[allAreas] >> j & 1)
		}
	}
	for j := range hits {
		hits[j] /= float64(t.counted[allAreas])
	}
	return mean(hits[:])
}

func mean(list []float64) float64 {
	sum := 0.0
	for _, x := range list {
		sum += x
	}
	return sum / float64(len(list))
}

// curveOf returns the precision-recall curve at IoU .50 of findings sorted by score, and its best point.
func curveOf(p pool) (curve []Point, best Point) {
	hits, kept := 0, 0
	for i := range p.found {
		f := &p.found[i]
		if f.ignored[allAreas]&1 == 0 {
			kept++
			hits += int(f.hit[allAreas] & 1)
		}
		if kept == 0 || i+1 < len(p.found) && p.found[i+1].score == f.score {
			continue
		}
		at := Point{
			Score:     f.score,
			Precision: float64(hits) / float64(kept),
			Recall:    float64(hits) / float64(p.counted),
			F1:        2 * float64(hits) / float64(kept+p.counted),
		}
		curve = append(curve, at)
		if at.F1 > best.F1 {
			best = at
		}
	}
	return curve, best
}

// overall averages the classes' summaries and pools their curves.
func overall(classes []ClassResult, pools []pool) ClassResult {
	var r ClassResult
	var all pool
	for i := range classes {
		r.Truth += classes[i].Truth
		if classes[i].Truth > 0 {
			r.Predictions += classes[i].Predictions
		}
		all.found = append(all.found, pools[i].found...)
		all.counted += pools[i].counted
	}
	sortFindings(all.found)
	r.Curve, r.Best = curveOf(all)
	over := func(of func(*ClassResult) float64) float64 { return meanDefined(classes, of) }
	r.Summary = Summary{
		AP:       over(func(c *ClassResult) float64 { return c.AP }),
		AP50:     over(func(c *ClassResult) float64 { return c.AP50 }),
		AP75:     over(func(c *ClassResult) float64 { return c.AP75 }),
		APSmall:  over(func(c *ClassResult) float64 { return c.APSmall }),
		APMedium: over(func(c *ClassResult) float64 { return c.APMedium }),
		APLarge:  over(func(c *ClassResult) float64 { return c.APLarge }),
		AR1:      over(func(c *ClassResult) float64 { return c.AR1 }),
		AR10:     over(func(c *ClassResult) float64 { return c.AR10 }),
		AR100:    over(func(c *ClassResult) float64 { return c.AR100 }),
		ARSmall:  over(func(c *ClassResult) float64 { return c.ARSmall }),
		ARMedium: over(func(c *ClassResult) float64 { return c.ARMedium }),
		ARLarge:  over(func(c *ClassResult) float64 { return c.ARLarge }),
	}
	for i := range r.Precision {
		for j := range r.Precision[i] {
			r.Precision[i][j] = over(func(c *ClassResult) float64 { return c.Precision[i][j] })
		}
	}
	return r
}

// meanDefined averages a measure over the classes that have it.
func meanDefined(classes []ClassResult, of func(*ClassResult) float64) float64 {
	sum, n := 0.0, 0
	for i := range classes {
		if x := of(&classes[i]); x != Undefined {
			sum += x
			n++
		}
	}
	if n == 0 {
		return Undefined
	}
	return sum / float64(n)
}
