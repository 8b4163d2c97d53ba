package format

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/saysee/saysee/annot"
)

// JSON formats whose readers ignore unknown keys carry what they have no place for in two keys beside
// their own: "score", which other tools know, and "saysee", an object with the rest. Both are left out
// when they would say nothing.
const (
	scoreKey = "score"
	metaKey  = "saysee"
)

// appendRegionMeta appends ,"score":… and ,"saysee":{…}.
func appendRegionMeta(b []byte, r *annot.Region) []byte {
	if r.Source.Maker == annot.ByModel {
		b = append(b, `,"score":`...)
		b = appendFloat(b, r.Score)
	}
	var m []byte
	if r.Source.Maker == annot.ByHand {
		m = append(m, `,"source":"hand"`...)
	}
	return appendMetaObject(b, append(m, flatMembers(r)...))
}

// flatMembers returns ,"key":value for the fields that are not at their defaults.
func flatMembers(r *annot.Region) []byte {
	var m []byte
	text := func(key, value string) {
		if value != "" {
			m = append(append(append(m, ',', '"'), key...), '"', ':')
			m = appendText(m, value)
		}
	}
	flag := func(key string, on bool) {
		if on {
			m = append(append(append(m, ',', '"'), key...), `":true`...)
		}
	}
	if r.ID != 0 {
		m = strconv.AppendUint(append(m, `,"id":`...), uint64(r.ID), 10)
	}
	text("model", r.Source.Model)
	text("phrase", r.Source.Phrase)
	if r.Review == annot.Suggested {
		text("review", "suggested")
	}
	if r.Track != 0 {
		m = strconv.AppendInt(append(m, `,"track":`...), int64(r.Track), 10)
	}
	flag("locked", r.Locked)
	flag("hidden", r.Hidden)
	return m
}

// appendMetaObject appends ,"saysee":{…} with members that begin with a comma each.
func appendMetaObject(b, members []byte) []byte {
	if len(members) == 0 {
		return b
	}
	b = append(b, `,"saysee":{`...)
	b = append(b, members[1:]...)
	return append(b, '}')
}

// appendPhotoMeta appends ,"saysee":{…} with what is known of the photo beyond its name and size.
func appendPhotoMeta(b []byte, p *Photo) []byte {
	var m []byte
	if p.State != New {
		m = append(append(append(m, `,"state":"`...), stateWords[p.State]...), '"')
	}
	if p.Split != "" {
		m = appendText(append(m, `,"split":`...), p.Split)
	}
	if p.Unlabelled {
		m = append(m, `,"unlabelled":true`...)
	}
	return appendMetaObject(b, m)
}

// regionMeta consumes the value of a key that appendRegionMeta writes, and reports whether it was one.
func (s *scanner) regionMeta(key []byte, r *annot.Region) bool {
	switch string(key) {
	case scoreKey:
		s.score(r)
	case metaKey:
		if s.peek() != '{' {
			return false
		}
		s.object(func(key []byte) { s.seeMember(key, r) })
	default:
		return false
	}
	return true
}

// score consumes a score, which makes a region a model's; null says that there is none.
func (s *scanner) score(r *annot.Region) {
	if s.null() {
		return
	}
	at := s.i
	if c := s.peek(); c != '-' && (c < '0' || c > '9') && c != 'N' {
		s.skip()
		s.warn(at, fmt.Errorf("%w: score is no number", ErrSyntax))
		return
	}
	r.Source.Maker = annot.ByModel
	if r.Score = s.number(); !(r.Score >= 0 && r.Score <= 1) {
		s.warn(at, fmt.Errorf("%w: score %g outside [0, 1]", ErrGeometry, r.Score))
		r.Score = 0
	}
}

func (s *scanner) seeMember(key []byte, r *annot.Region) {
	switch string(key) {
	case "id":
		n, _ := s.integer()
		r.ID = annot.RegionID(max(n, 0))
	case "source":
		if s.text() == "hand" {
			r.Source.Maker = annot.ByHand
		}
	case "model":
		r.Source.Model = s.text()
	case "phrase":
		r.Source.Phrase = s.text()
	case "review":
		if s.text() == "suggested" {
			r.Review = annot.Suggested
		}
	case "track":
		n, _ := s.integer()
		r.Track = int(n)
	case "locked":
		r.Locked = s.boolean()
	case "hidden":
		r.Hidden = s.boolean()
	default:
		s.skip()
	}
}

// photoMeta consumes the value of the key that appendPhotoMeta writes, and reports whether it was it.
func (s *scanner) photoMeta(key []byte, p *Photo) bool {
	if string(key) != metaKey || s.peek() != '{' {
		return false
	}
	s.object(func(key []byte) {
		switch string(key) {
		case "state":
			p.State = stateOf(s.text())
		case "split":
			p.Split = s.text()
		case "unlabelled":
			p.Unlabelled = s.boolean()
		default:
			s.skip()
		}
	})
	return true
}

// keep consumes the value of an unknown field and stores it in the map, which is made when needed.
func (s *scanner) keep(extra *map[string]json.RawMessage, key []byte) {
	name := utf8Text(key)
	raw := s.unknown()
	if raw == nil {
		return
	}
	if *extra == nil {
		*extra = map[string]json.RawMessage{}
	}
	(*extra)[name] = raw
}

// appendClassMeta appends ,"saysee":{…} with phrases, negatives and colour of a class.
func appendClassMeta(b []byte, c annot.Class) []byte {
	var m []byte
	if len(c.Phrases) != 1 || c.Phrases[0] != c.Name {
		m = appendTexts(append(m, `,"phrases":`...), c.Phrases)
	}
	if len(c.Negatives) > 0 {
		m = appendTexts(append(m, `,"negatives":`...), c.Negatives)
	}
	if c.Color != "" {
		m = appendText(append(m, `,"color":`...), c.Color)
	}
	return appendMetaObject(b, m)
}

func appendTexts(b []byte, texts []string) []byte {
	b = append(b, '[')
	for i, t := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, t)
	}
	return append(b, ']')
}

// classMeta consumes what appendClassMeta writes.
func (s *scanner) classMeta(c *annot.Class) {
	s.object(func(key []byte) {
		if !s.classField(key, c) {
			s.skip()
		}
	})
}

// classField consumes what a field of a class says beside its name, and reports false for a field that is none.
func (s *scanner) classField(key []byte, c *annot.Class) bool {
	switch string(key) {
	case "phrases":
		c.Phrases = s.texts()
	case "negatives":
		c.Negatives = s.texts()
	case "color":
		c.Color = s.text()
	default:
		return false
	}
	return true
}

// texts consumes a list of strings.
func (s *scanner) texts() []string {
	var texts []string
	s.array(func(int) { texts = append(texts, s.text()) })
	return texts
}
