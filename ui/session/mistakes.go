package session

import (
	"cmp"
	"slices"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/eval"
	"github.com/saysee/saysee/eval/files"
)

// Verdict is what an evaluation says of a region on the photo.
type Verdict uint8

// The verdicts.
const (
	IsCorrect Verdict = iota // found, and true
	IsExtra                  // found, but not true
	IsMissed                 // true, but not found
)

// Judged is a region on the photo with what an evaluation says of it. Its class is an index into the
// evaluation's classes, its id is its own among those of the photo.
type Judged struct {
	annot.Region
	Verdict Verdict
}

// Counts is how many regions were found, wrongly found, and missed.
type Counts struct{ Correct, Extra, Missed int }

// Errors returns how many regions are wrong.
func (c Counts) Errors() int { return c.Extra + c.Missed }

// Precision returns which part of what was found is true, eval.Undefined where nothing was found.
func (c Counts) Precision() float64 { return share(c.Correct, c.Correct+c.Extra) }

// Recall returns which part of what is true was found, eval.Undefined where there is none.
func (c Counts) Recall() float64 { return share(c.Correct, c.Correct+c.Missed) }

// F1 returns the harmonic mean of precision and recall, eval.Undefined where there is nothing at all.
func (c Counts) F1() float64 { return share(2*c.Correct, 2*c.Correct+c.Extra+c.Missed) }

func share(part, of int) float64 {
	if of == 0 {
		return eval.Undefined
	}
	return float64(part) / float64(of)
}

func (c *Counts) add(o Counts) {
	c.Correct, c.Extra, c.Missed = c.Correct+o.Correct, c.Extra+o.Extra, c.Missed+o.Missed
}

// Confused is how often one class was taken for another.
type Confused struct{ Truth, Taken, Count int }

// evalScores is everything that follows from the thresholds.
type evalScores struct {
	cut      eval.Cut
	assigned []eval.Assignment
	counts   []map[int]Counts // by photo and class
	classes  []Counts
	all      Counts
	confused []Confused // most first
}

func scoresOf(pair *files.Pair, cut eval.Cut, assigned []eval.Assignment) evalScores {
	sc := evalScores{
		cut: cut, assigned: assigned,
		counts: make([]map[int]Counts, len(assigned)), classes: make([]Counts, len(pair.Classes)),
	}
	confusion := map[[2]int]int{}
	for n, a := range assigned {
		by := map[int]Counts{}
		eachJudged(&pair.Photos[n], &a, func(class, _ int, v Verdict) {
			c := by[class]
			switch v {
			case IsCorrect:
				c.Correct++
			case IsExtra:
				c.Extra++
			case IsMissed:
				c.Missed++
			}
			by[class] = c
		})
		for class, c := range by {
			sc.classes[class].add(c)
			sc.all.add(c)
		}
		sc.counts[n] = by
		eachConfused(&pair.Photos[n], &a, func(truth, taken int) { confusion[[2]int{truth, taken}]++ })
	}
	for k, n := range confusion {
		sc.confused = append(sc.confused, Confused{k[0], k[1], n})
	}
	slices.SortFunc(sc.confused, func(a, b Confused) int {
		return cmp.Or(b.Count-a.Count, a.Truth-b.Truth, a.Taken-b.Taken)
	})
	return sc
}

// eachJudged goes through what is judged of a photo: predictions by their index, missed truths by theirs.
func eachJudged(p *eval.Photo, a *eval.Assignment, yield func(class, index int, v Verdict)) {
	for i, v := range a.Verdicts {
		switch v {
		case eval.Correct:
			yield(p.Predictions[i].Class, i, IsCorrect)
		case eval.Confused, eval.Spurious:
			yield(p.Predictions[i].Class, i, IsExtra)
		}
	}
	for k, t := range p.Truth {
		by := a.FoundBy[k]
		if !t.Crowd && !t.Ignore && (by < 0 || a.Verdicts[by] != eval.Correct) {
			yield(t.Class, k, IsMissed)
		}
	}
}

func eachConfused(p *eval.Photo, a *eval.Assignment, yield func(truth, taken int)) {
	for i, v := range a.Verdicts {
		if v == eval.Confused {
			yield(p.Truth[a.Found[i]].Class, p.Predictions[i].Class)
		}
	}
}

// missedID is added to the index of a missed truth to make its id; predictions count from 1.
const missedID annot.RegionID = 1 << 40

// Judged returns the regions of the photo in sight with their verdicts, in the order in which they are gone
// through: wrong ones first, the largest first.
func (s *Session) Judged() []Judged {
	e := &s.evaluation
	n, ok := e.at[s.index]
	if e.State != EvalDone || !ok {
		return nil
	}
	p := &e.pair.Photos[n]
	var list []Judged
	eachJudged(p, &e.scores.assigned[n], func(_, i int, v Verdict) {
		j := Judged{Verdict: v}
		if v == IsMissed {
			j.Region = p.Truth[i].Region
			j.ID = missedID + annot.RegionID(i)
		} else {
			j.Region = p.Predictions[i]
			j.ID = annot.RegionID(i) + 1
		}
		list = append(list, j)
	})
	return list
}

// Mistakes is a choice of photos after an evaluation.
type Mistakes uint8

// The choices.
const (
	MostErrors Mistakes = iota
	OnlyMissed
	OnlyExtra
	AllCorrect
)

// MistakeFilter chooses photos after an evaluation.
type MistakeFilter struct {
	Show Mistakes
	// Class is an index into the evaluation's classes whose mistakes count alone, -1 for all.
	Class int
	// Taken with Class chooses photos on which Class was taken for it, -1 for any.
	Taken int
}

// AnyMistakes is the choice of a fresh evaluation.
var AnyMistakes = MistakeFilter{Show: MostErrors, Class: -1, Taken: -1}

// ShowMistakes chooses which photos MistakeView has.
func (s *Session) ShowMistakes(f MistakeFilter) {
	s.mistakes = f
	s.sortMistakes()
	s.p.Changed(Evaluated)
}

// Mistakes returns which photos MistakeView has.
func (s *Session) Mistakes() MistakeFilter { return s.mistakes }

// MistakeView returns the places of the photos that the choice lets through, those with most mistakes first.
func (s *Session) MistakeView() []int { return s.wrong }

// PhotoCounts returns the counts of the photo at a place, of the chosen class only if there is one.
func (s *Session) PhotoCounts(i int) (c Counts, ok bool) {
	e := &s.evaluation
	n, ok := e.at[i]
	if !ok || e.State != EvalDone {
		return c, false
	}
	return s.mistakes.counts(e.scores.counts[n]), true
}

func (f MistakeFilter) counts(by map[int]Counts) (sum Counts) {
	if f.Class >= 0 {
		return by[f.Class]
	}
	for _, c := range by {
		sum.add(c)
	}
	return sum
}

// key is how much of what is asked for a photo has; 0 leaves it out.
func (f MistakeFilter) key(c Counts) int {
	switch f.Show {
	case OnlyMissed:
		return c.Missed
	case OnlyExtra:
		return c.Extra
	case AllCorrect:
		if c.Errors() > 0 || f.Class >= 0 && c.Correct == 0 {
			return 0
		}
		return 1
	}
	return c.Errors()
}

func (s *Session) sortMistakes() {
	e := &s.evaluation
	type ranked struct{ place, key int }
	var list []ranked
	for n, i := range e.place {
		key := s.mistakes.key(s.mistakes.counts(e.scores.counts[n]))
		if s.mistakes.Taken >= 0 {
			key = 0
			eachConfused(&e.pair.Photos[n], &e.scores.assigned[n], func(truth, taken int) {
				if truth == s.mistakes.Class && taken == s.mistakes.Taken {
					key++
				}
			})
		}
		if key > 0 {
			list = append(list, ranked{i, key})
		}
	}
	slices.SortStableFunc(list, func(a, b ranked) int { return b.key - a.key })
	s.wrong = s.wrong[:0:0]
	for _, r := range list {
		s.wrong = append(s.wrong, r.place)
	}
}

// Totals returns the counts over all photos, of a class, or with -1 of all.
func (e *Evaluation) Totals(class int) Counts {
	if class < 0 {
		return e.scores.all
	}
	return e.scores.classes[class]
}

// Confusions returns which classes were taken for which, most often first.
func (e *Evaluation) Confusions() []Confused { return e.scores.confused }

// Threshold returns the score from which predictions of a class count.
func (e *Evaluation) Threshold(class int) float64 { return e.scores.cut.Scores[class] }

// SetThreshold changes the score from which predictions of a class count, of all with -1. It runs no session:
// the photo in sight follows at once, the others in the background.
func (s *Session) SetThreshold(class int, score float64) {
	scores := slices.Clone(s.evaluation.scores.cut.Scores)
	for i := range scores {
		if class < 0 || i == class {
			scores[i] = score
		}
	}
	s.cutAt(scores)
}

// BestThresholds counts of each class what its best F1 counts.
func (s *Session) BestThresholds() {
	if s.evaluation.State == EvalDone {
		s.cutAt(s.evaluation.Result.BestCut().Scores)
	}
}

func (s *Session) cutAt(scores []float64) {
	e := &s.evaluation
	if e.State != EvalDone {
		return
	}
	cut := eval.Cut{IoU: e.scores.cut.IoU, Scores: scores}
	e.scores.cut = cut
	if n, ok := e.at[s.index]; ok {
		e.scores.assigned = slices.Clone(e.scores.assigned)
		e.scores.assigned[n] = eval.Assign(e.pair.Photos[n], e.By, cut)
	}
	e.stale = true
	s.recount()
	s.p.Changed(Evaluated)
}

// recount judges all photos anew in the background, one round at a time, until it has done so with the latest
// thresholds.
func (s *Session) recount() {
	e := &s.evaluation
	if e.counting || !e.stale {
		return
	}
	e.counting, e.stale = true, false
	number, pair, by, cut := s.evaluations, e.pair, e.By, e.scores.cut
	s.wg.Go(func() {
		all, err := eval.AssignAll(s.ctx, pair.Photos, by, cut)
		if err != nil {
			return // the session is over
		}
		sc := scoresOf(pair, cut, all)
		s.post(func() {
			if number != s.evaluations {
				return
			}
			e.counting = false
			if !e.stale {
				e.scores = sc
				s.sortMistakes()
				s.p.Changed(Evaluated | List)
			}
			s.recount()
		})
	})
}
