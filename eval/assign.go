package eval

import (
	"cmp"
	"slices"
)

// Cut says which predictions are kept and what counts as found.
type Cut struct {
	IoU    float64   // the least overlap of a prediction with what it found, such as .5
	Scores []float64 // the lowest score kept, by class index; 0 for a class beyond its end
}

func (c Cut) keeps(class int, score float64) bool {
	if class < len(c.Scores) {
		return score >= c.Scores[class]
	}
	return score >= 0
}

// BestCut keeps of each class what its best F1 keeps, at IoU .50. A class in which nothing was found has
// the score that is best for all classes together.
func (r *Result) BestCut() Cut {
	c := Cut{IoU: IoUThreshold(0), Scores: make([]float64, len(r.Classes))}
	for i := range r.Classes {
		best := r.Classes[i].Best
		if best.F1 == 0 {
			best = r.Overall.Best
		}
		c.Scores[i] = best.Score
	}
	return c
}

// UniformCut keeps predictions of every class from one score on.
func UniformCut(classes int, iou, score float64) Cut {
	return Cut{iou, slices.Repeat([]float64{score}, classes)}
}

// Verdict is what became of one prediction.
type Verdict uint8

// The verdicts.
const (
	Dropped  Verdict = iota // its score is too low
	Correct                 // found a truth of its class
	Confused                // lies on a truth of another class, which no prediction of that class found
	Spurious                // lies on nothing, or on what another prediction found
	Excused                 // lies on a crowd or an ignored truth of its class: neither right nor wrong
)

// Assignment tells of each region of one photo what it was matched with.
type Assignment struct {
	// Verdicts and Found are by prediction; Found is the index of the truth, -1 for none.
	Verdicts []Verdict
	Found    []int
	// FoundBy is by truth: the Correct or Confused prediction that lies on it, -1 for none. A crowd has none.
	FoundBy []int
}

// Assign matches one photo's predictions with its truth. First each class for itself as in average
// precision: predictions take, best score first, the free truth that they overlap most, and a truth that
// counts before one that does not. Then what is left, across classes, the largest overlap first. So a
// class's correct predictions here are those that its precision counts at the same threshold, but for
// the limit of MaxPredictions.
func Assign(p Photo, by Geometry, cut Cut) Assignment {
	a := Assignment{
		Verdicts: make([]Verdict, len(p.Predictions)),
		Found:    slices.Repeat([]int{-1}, len(p.Predictions)),
		FoundBy:  slices.Repeat([]int{-1}, len(p.Truth)),
	}
	var m matcher
	for _, g := range groupsOf(&p) {
		g.predictions = slices.DeleteFunc(g.predictions, func(i int) bool {
			return !cut.keeps(g.class, p.Predictions[i].Score)
		})
		m.load(&p, g, by)
		m.arrange(areaRanges[allAreas])
		clear(m.taken)
		for row, i := range g.predictions {
			a.judge(i, g, &m, m.best(row, cut.IoU))
		}
	}
	a.confuse(&p, by, cut.IoU)
	return a
}

// judge notes the match of prediction i with the k-th target in the matcher's order.
func (a *Assignment) judge(i int, g group, m *matcher, k int) {
	if k < 0 {
		a.Verdicts[i] = Spurious
		return
	}
	a.Found[i] = g.truth[m.order[k]]
	if k >= m.counted {
		a.Verdicts[i] = Excused
		return
	}
	a.Verdicts[i] = Correct
	a.FoundBy[a.Found[i]] = i
}

// confuse matches spurious predictions with truth that was not found, across classes.
func (a *Assignment) confuse(p *Photo, by Geometry, threshold float64) {
	type pair struct {
		iou                float64
		prediction, target int
	}
	var targets []int
	var bodies []body
	for j, t := range p.Truth {
		if a.FoundBy[j] < 0 && !t.Crowd && !t.Ignore {
			targets = append(targets, j)
			bodies = append(bodies, bodyOf(t.Region, p, by))
		}
	}
	var pairs []pair
	for i, v := range a.Verdicts {
		if v != Spurious || len(targets) == 0 {
			continue
		}
		b := bodyOf(p.Predictions[i], p, by)
		for j := range targets {
			// Of the same class there is none: the prediction would have taken it.
			if o := iou(&b, &bodies[j], by, false); o >= threshold && o > 0 {
				pairs = append(pairs, pair{o, i, targets[j]})
			}
		}
	}
	slices.SortStableFunc(pairs, func(x, y pair) int {
		return cmp.Or(cmp.Compare(y.iou, x.iou), cmp.Compare(p.Predictions[y.prediction].Score, p.Predictions[x.prediction].Score))
	})
	for _, q := range pairs {
		if a.Verdicts[q.prediction] == Spurious && a.FoundBy[q.target] < 0 {
			a.Verdicts[q.prediction], a.Found[q.prediction] = Confused, q.target
			a.FoundBy[q.target] = q.prediction
		}
	}
}

// Errors counts what is wrong in a photo.
type Errors struct {
	Missed   int // truth that nothing found
	Confused int // truth found under another class's name
	Spurious int // predictions on nothing
}

// Total returns the number of errors.
func (e Errors) Total() int { return e.Missed + e.Confused + e.Spurious }

// Errors counts the errors of an assignment of p.
func (a *Assignment) Errors(p Photo) Errors {
	var e Errors
	for _, v := range a.Verdicts {
		switch v {
		case Confused:
			e.Confused++
		case Spurious:
			e.Spurious++
		}
	}
	for j, t := range p.Truth {
		if a.FoundBy[j] < 0 && !t.Crowd && !t.Ignore {
			e.Missed++
		}
	}
	return e
}
