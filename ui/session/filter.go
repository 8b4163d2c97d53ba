package session

import (
	"slices"
	"strconv"
	"strings"
)

// Show is which photos the strip shows.
type Show uint8

// The choices of photos.
const (
	ShowAll Show = iota
	ShowToReview
	ShowDone
)

// Shows returns which photos the strip shows, and the words of the search.
func (s *Session) Shows() (Show, string) { return s.show, s.query.text }

// SetShow chooses which photos the strip shows.
func (s *Session) SetShow(show Show) {
	s.show = show
	s.refilter()
	s.p.Changed(List)
}

// Search lets only photos through that match: parts of names, "class:cat", "checked", "unchecked",
// "score>0.5", all of which must hold.
func (s *Session) Search(text string) {
	s.query = parseQuery(text)
	s.refilter()
	s.p.Changed(List)
}

// query is a search that was read.
type query struct {
	text    string
	names   []string
	classes []string
	done    *bool
	over    float64
}

func parseQuery(text string) query {
	q := query{text: text}
	for _, word := range strings.Fields(strings.ToLower(text)) {
		class, isClass := strings.CutPrefix(word, "class:")
		score, isScore := strings.CutPrefix(word, "score>")
		over, err := strconv.ParseFloat(score, 64)
		switch {
		case isClass && class != "":
			q.classes = append(q.classes, class)
		case isScore && err == nil:
			q.over = over
		case word == "checked" || word == "unchecked":
			done := word == "checked"
			q.done = &done
		default:
			q.names = append(q.names, word)
		}
	}
	return q
}

func (q query) lets(name string, info Info) bool {
	name = strings.ToLower(name)
	for _, part := range q.names {
		if !strings.Contains(name, part) {
			return false
		}
	}
	for _, want := range q.classes {
		found := false
		for class := range info.Classes {
			found = found || strings.Contains(strings.ToLower(class), want)
		}
		if !found {
			return false
		}
	}
	return (q.done == nil || *q.done == info.Done) && (q.over == 0 || info.Best > q.over)
}

func (s *Session) refilter() {
	s.view = s.view[:0:0]
	for i, item := range s.items {
		info := s.info[item.Rel]
		if s.show == ShowToReview && info.Done || s.show == ShowDone && !info.Done {
			continue
		}
		if s.query.lets(item.Rel, info) {
			s.view = append(s.view, i)
		}
	}
}

// Step goes n photos on in the strip, back with a negative n. It reports whether there was one.
func (s *Session) Step(n int) bool {
	at, exact := slices.BinarySearch(s.view, s.index)
	if !exact && n > 0 {
		at-- // the photo in sight is filtered out; the next one stands at its place
	}
	at += n
	if at < 0 || at >= len(s.view) {
		return false
	}
	s.Go(s.view[at])
	return true
}

// StepTodo goes to the next photo that is not done, or back to the one before.
func (s *Session) StepTodo(forward bool) bool {
	d := 1
	if !forward {
		d = -1
	}
	for i := s.index + d; i >= 0 && i < len(s.items); i += d {
		if !s.Info(i).Done {
			s.Go(i)
			return true
		}
	}
	return false
}
