package session

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/segment"
)

// Filter is what of the models' answer is shown. Changing it runs no session.
type Filter struct {
	Score   float64 // least score
	Overlap float64 // IoU from which the weaker of two of one class goes
	// Own holds the least scores of classes, by row, that differ from Score. It is never changed in place.
	Own map[int]float64
}

// Least returns the least score of a class.
func (f Filter) Least(row int) float64 {
	if v, ok := f.Own[row]; ok {
		return v
	}
	return f.Score
}

// With returns the filter with a least score of its own for a class; a negative one takes that away.
func (f Filter) With(row int, least float64) Filter {
	own := map[int]float64{}
	for k, v := range f.Own {
		own[k] = v
	}
	if own[row] = least; least < 0 {
		delete(own, row)
	}
	f.Own = own
	return f
}

// open returns the filter with all least scores at most at one.
func (f Filter) open(score float64) Filter {
	for _, v := range f.Own {
		score = min(score, v)
	}
	return Filter{Score: min(f.Score, score), Overlap: f.Overlap}
}

// DefaultFilter returns the filter of a fresh start.
func DefaultFilter() Filter { return Filter{Score: 0.35, Overlap: 0.5} }

// across is the IoU from which one thing under two names keeps only the better one.
const across = 0.85

// smallest is the least share of the photo that a painted region covers.
const smallest = 0.0005

// pipeline returns the filter for an answer whose classes are rows of the table.
func (f Filter) pipeline(rows []int) pipeline.Filter {
	own := map[int]float64{}
	for i, row := range rows {
		if v, ok := f.Own[row]; ok {
			own[i] = v
		}
	}
	return pipeline.Filter{
		Boxes:  detect.Options{Score: f.Score, PerClass: own, NMS: f.Overlap, CrossNMS: across, Max: 1000},
		Pixels: segment.Options{Score: f.Score, PerClass: own, MinArea: smallest, Max: 200},
	}
}

// Pipeline returns the filter in the pipeline's terms.
func (f Filter) Pipeline() pipeline.Filter { return f.pipeline(nil) }

// Filter returns what is shown.
func (s *Session) Filter() Filter { return s.filter }

// SetFilter changes what is shown. It runs no session.
func (s *Session) SetFilter(f Filter) {
	s.filter = f
	s.choose()
	s.p.Changed(Regions)
}

// FilterEnded tells that a person is done with a slider, so that lists can follow.
func (s *Session) FilterEnded() {
	s.noteInfo()
	s.p.Changed(List)
}

// Suggestions have ids of their own, beyond those that documents give. A candidate keeps its id while
// thresholds move, so that selection and hover stay.
const suggestion annot.RegionID = 1 << 48

// IsSuggestion reports whether an id is that of a suggestion that is not in the document.
func IsSuggestion(id annot.RegionID) bool { return id >= suggestion }

// choose makes the suggestions out of the answer, or takes those of the document where there is none.
func (s *Session) choose() {
	start := time.Now()
	s.found = nil
	if s.answer != nil {
		s.found = s.fromAnswer()
	} else {
		for _, r := range s.project.Regions(s.photo.Item.Rel) {
			if r.Review == annot.Suggested && r.Score > s.filter.Least(r.Class) {
				s.found = append(s.found, r)
			}
		}
	}
	accepted, rejected := s.Accepted(), s.rejected()
	s.found = slices.DeleteFunc(s.found, func(r annot.Region) bool {
		return s.hidden[r.Class] || known(accepted, r, 0.5) || s.isRejected(rejected, r) || s.partOfExample(r)
	})
	slices.SortStableFunc(s.found, func(a, b annot.Region) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return 0
	})
	s.took = time.Since(start)
	s.selected = slices.DeleteFunc(slices.Clone(s.selected), func(id annot.RegionID) bool { return s.Region(id) == nil })
}

func (s *Session) fromAnswer() []annot.Region {
	boxes, pixels := s.answer.all.Select(s.filter.pipeline(s.answer.rows))
	out := make([]annot.Region, 0, len(boxes)+len(pixels))
	for _, b := range boxes {
		r := b.Region
		if m, ok := s.answer.masks[b.Candidate]; ok && m.Area() > 0 {
			r.Shape = m
		}
		r.ID = suggestion + annot.RegionID(r.Class)<<24 + annot.RegionID(b.Candidate)
		r.Class = s.answer.rows[r.Class]
		out = append(out, r)
	}
	for _, r := range pixels {
		h := fnv.New32a()
		fmt.Fprint(h, r.Box)
		r.ID = suggestion<<1 + annot.RegionID(r.Class)<<32 + annot.RegionID(h.Sum32())
		r.Class = s.answer.rows[r.Class]
		out = append(out, r)
	}
	return out
}

// known reports whether regions of the same class already cover the same thing.
func known(regions []annot.Region, r annot.Region, least float64) bool {
	return slices.ContainsFunc(regions, func(o annot.Region) bool {
		return o.Class == r.Class && o.Box.IoU(r.Box) >= least
	})
}

// Took returns how long the latest choice among suggestions took.
func (s *Session) Took() time.Duration { return s.took }

// Suggestions returns what is suggested and shown, best first. It must not be changed.
func (s *Session) Suggestions() []annot.Region { return s.found }

// Accepted returns the labels of the photo in sight, hidden ones too, in drawing order.
func (s *Session) Accepted() []annot.Region {
	all := s.project.Regions(s.photo.Item.Rel)
	return slices.DeleteFunc(slices.Clone(all), func(r annot.Region) bool { return r.Review == annot.Suggested })
}

// Shown returns all regions for the canvas, labels first; those of hidden classes are hidden.
func (s *Session) Shown() []annot.Region {
	out := s.Accepted()
	for i := range out {
		out[i].Hidden = out[i].Hidden || s.hidden[out[i].Class]
	}
	return append(out, s.found...)
}

// Region returns a region in sight by its id, nil for none.
func (s *Session) Region(id annot.RegionID) *annot.Region {
	for i := range s.found {
		if s.found[i].ID == id {
			return &s.found[i]
		}
	}
	if IsSuggestion(id) {
		return nil
	}
	for _, r := range s.project.Regions(s.photo.Item.Rel) {
		if r.ID == id {
			return &r
		}
	}
	return nil
}

// Histogram counts the candidates' best scores in n bins from 0 to 1; nil when nothing was asked.
func (s *Session) Histogram(n int) []int {
	if s.answer == nil || s.answer.all.Boxes == nil {
		return nil
	}
	c := s.answer.all.Boxes
	counts := make([]int, n)
	for _, best := range c.Tops() {
		if bin := int(best * float32(n)); bin > 0 || best > 0.02 {
			counts[min(bin, n-1)]++
		}
	}
	return counts
}

// leastTold is the score from which a region below the threshold is worth telling of: less is 0.00 to a person.
const leastTold = 0.01

// BestBelow returns the best class and score that the threshold keeps out, for when nothing is found.
func (s *Session) BestBelow() (name string, score float64, ok bool) {
	if s.answer == nil || s.answer.all.Boxes == nil {
		return "", 0, false
	}
	score = leastTold
	for k, row := range s.answer.rows {
		if v := s.answer.all.Boxes.Best(k); v > score && v <= s.filter.Least(row) && !s.hidden[row] {
			name, score, ok = s.project.Classes().Row(row).Name, v, true
		}
	}
	return name, score, ok
}

// Answered reports whether the models have looked at the photo in sight.
func (s *Session) Answered() bool { return s.answer != nil }

// rejection is a suggestion that a person did not want, as it is kept with the photo's labels.
type rejection struct {
	Class string     `json:"class"`
	Box   [4]float64 `json:"box"`
}

// rejectedField is the field of a label file for rejections.
const rejectedField = "rejected"

func (s *Session) rejected() []rejection {
	doc, _, err := s.project.Document(s.photo.Item.Rel)
	if err != nil {
		return nil
	}
	return rejections(doc)
}

func rejections(doc annot.Document) []rejection {
	var list []rejection
	if json.Unmarshal(doc.Extra[rejectedField], &list) != nil {
		return nil // none, or a field of somebody else's
	}
	return list
}

func (s *Session) isRejected(list []rejection, r annot.Region) bool {
	name := s.project.Classes().Row(r.Class).Name
	return slices.ContainsFunc(list, func(x rejection) bool {
		return x.Class == name && annot.Box{X0: x.Box[0], Y0: x.Box[1], X1: x.Box[2], Y1: x.Box[3]}.IoU(r.Box) >= 0.8
	})
}
