package session

import (
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/geom"
	"github.com/saysee/saysee/ui/tr"
)

// Above returns how many suggestions in sight have a score of at least least.
func (s *Session) Above(least float64) int {
	n := 0
	for _, r := range s.found {
		if r.Score >= least {
			n++
		}
	}
	return n
}

// AcceptAbove makes the suggestions labels whose score is at least least.
func (s *Session) AcceptAbove(least float64) {
	var ids []annot.RegionID
	for _, r := range s.found {
		if r.Score >= least {
			ids = append(ids, r.ID)
		}
	}
	s.Accept(ids...)
}

// DeleteAll takes all labels of the photo in sight out, but for locked ones.
func (s *Session) DeleteAll() error {
	ids := s.labels(func(r annot.Region) bool { return !r.Locked })
	if len(ids) == 0 {
		return nil
	}
	err := s.do(tr.L("Delete %s", s.name(ids)), func(e *annot.Edit) error { return e.Delete(s.photo.Item.Rel, ids...) })
	if err == nil {
		s.say(tr.N("%s label deleted.", "%s labels deleted.", len(ids)), true)
	}
	return err
}

// ShowHidden shows the hidden labels of the photo in sight again, and the hidden classes.
func (s *Session) ShowHidden() {
	clear(s.hidden)
	ids := s.labels(func(r annot.Region) bool { return r.Hidden })
	if len(ids) > 0 {
		s.Hide(false, ids...)
	}
	s.choose()
	s.p.Changed(Regions | Words)
}

// labels returns the ids of the labels in sight that a test lets through.
func (s *Session) labels(lets func(annot.Region) bool) []annot.RegionID {
	var ids []annot.RegionID
	for _, r := range s.Accepted() {
		if lets(r) {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// errNothingBefore tells that there are no labels to copy.
var errNothingBefore = errors.New("the photo before this one has no labels that are not here already")

// KeepPrevious copies the labels of the photo before this one in the strip, scaled where the photos' sizes
// differ. What is labelled here already is left out.
func (s *Session) KeepPrevious() error {
	at, _ := slices.BinarySearch(s.view, s.index)
	if at == 0 || s.photo.Size.X == 0 {
		return errNothingBefore
	}
	from := s.items[s.view[at-1]].Rel
	var ids []annot.RegionID
	err := s.do(tr.L("Copy from %s", from), func(e *annot.Edit) error {
		before, err := e.Document(from)
		if errors.Is(err, annot.ErrNoPhoto) {
			return errNothingBefore
		}
		if err != nil {
			return err
		}
		for _, r := range s.carried(before) {
			id, err := e.Add(s.photo.Item.Rel, r)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		if len(ids) == 0 {
			return errNothingBefore
		}
		return nil
	})
	if err == nil {
		s.Select(ids...)
		s.say(tr.N("%s label copied.", "%s labels copied.", len(ids)), true)
	}
	return err
}

// carried returns the labels of another photo as they lie on the one in sight.
func (s *Session) carried(from annot.Document) []annot.Region {
	here := s.Accepted()
	from1 := annot.Box{X1: float64(from.Photo.Width), Y1: float64(from.Photo.Height)}
	bounds := annot.Box{X1: float64(s.photo.Size.X), Y1: float64(s.photo.Size.Y)}
	var out []annot.Region
	for _, r := range from.Regions {
		if r.Review != annot.Accepted {
			continue
		}
		row, ok := s.project.Classes().Resolve(r.Class)
		if !ok {
			continue
		}
		r = r.Clone()
		r.Class, r.ID, r.Locked, r.Hidden, r.Track = row, 0, false, false, 0
		r.Source = annot.Source{Maker: annot.ByHand}
		if from1 != bounds && !from1.Empty() {
			r.Shape = geom.FitShape(r.Shape, from1, bounds)
			r.Box = fitBox(r.Box, from1, bounds)
		}
		if !known(here, r, 0.8) {
			out = append(out, r)
		}
	}
	return out
}

// fitBox moves a box as one frame becomes another.
func fitBox(b, from, to annot.Box) annot.Box {
	x, y := to.W()/from.W(), to.H()/from.H()
	return annot.Box{
		X0: to.X0 + (b.X0-from.X0)*x, Y0: to.Y0 + (b.Y0-from.Y0)*y,
		X1: to.X0 + (b.X1-from.X0)*x, Y1: to.Y0 + (b.Y1-from.Y0)*y,
	}
}

// GoTo goes to the photo with a number of the list, or to the next whose name has the text in it. It reports
// whether there is one.
func (s *Session) GoTo(text string) bool {
	if n, err := strconv.Atoi(text); err == nil && n >= 1 && n <= len(s.items) {
		s.Go(n - 1)
		return true
	}
	text = strings.ToLower(text)
	for d := 1; d <= len(s.items); d++ {
		i := (max(s.index, 0) + d) % len(s.items)
		if strings.Contains(strings.ToLower(s.items[i].Rel), text) {
			s.Go(i)
			return true
		}
	}
	return false
}

// Scope is which photos a batch looks at.
type Scope uint8

// The scopes of a batch.
const (
	ScopeAll   Scope = iota // every photo that is not done
	ScopeShown              // those that the strip shows
	ScopeHere               // those that the strip shows, from the one in sight on
)

// InScope returns the places of the photos that a batch would look at.
func (s *Session) InScope(sc Scope) []int {
	var places []int
	switch sc {
	case ScopeShown:
		places = slices.Clone(s.view)
	case ScopeHere:
		at, _ := slices.BinarySearch(s.view, s.index)
		places = slices.Clone(s.view[at:])
	default:
		for i := range s.items {
			places = append(places, i)
		}
	}
	return slices.DeleteFunc(places, func(i int) bool { return s.Info(i).Done || i == s.index })
}

// Certain returns a round score that leaves the surest half or so of the suggestions above it, to begin with.
func (s *Session) Certain() float64 {
	if len(s.found) == 0 {
		return 0.5
	}
	return math.Floor(s.found[(len(s.found)-1)/2].Score*20) / 20
}
