package lexicon

import (
	"strings"
	"unicode"
)

// most is how many English wordings a phrase gets.
const most = 3

// Reading is a Chinese phrase in English.
type Reading struct {
	Phrase string
	// English are the wordings, the best first. There are none when nothing of the phrase is in the dictionary.
	English []string
	// Unknown are the parts of the phrase that are not in the dictionary, and not in English either.
	Unknown []string
}

// String returns the reading as it is shown: 猫 → cat.
func (r Reading) String() string { return r.Phrase + " → " + strings.Join(r.English, " | ") }

// Read returns the English of a phrase, and false for one without Chinese characters.
func (l *Lexicon) Read(phrase string) (Reading, bool) {
	if !IsChinese(phrase) {
		return Reading{}, false
	}
	r := Reading{Phrase: phrase}
	d, err := l.load()
	if err != nil {
		r.Unknown = []string{phrase}
		return r, true
	}
	tokens := d.cut(phrase)
	for _, t := range tokens {
		if t.kind == unknown {
			r.Unknown = append(r.Unknown, t.text)
		}
	}
	r.English = say(tokens)
	return r, true
}

// token is a word of a phrase.
type token struct {
	text string
	word
}

// path is the best way to cut a phrase up to a place: what it costs, and its last word.
type path struct {
	cost int
	from int
	last word
}

const (
	costWord    = 1
	costUnknown = 10 // of a character that stands in no word
)

// cut parts a phrase into the fewest words, with as few unknown characters as can be. Of ways with as many words,
// the one whose last words are longest wins, since the head stands last.
func (d *dictionary) cut(phrase string) []token {
	original := []rune(phrase)
	runes := make([]rune, len(original))
	for i, r := range original {
		if s, ok := d.simplified[r]; ok {
			r = s
		}
		runes[i] = unicode.ToLower(r)
	}
	paths := make([]path, len(runes)+1)
	for end := 1; end <= len(runes); end++ {
		paths[end] = d.best(runes, paths, end)
	}
	var back []token
	for end := len(runes); end > 0; end = paths[end].from {
		back = append(back, token{string(original[paths[end].from:end]), paths[end].last})
	}
	return tidy(back)
}

// best returns the best way to a place from the ways to all places before it.
func (d *dictionary) best(runes []rune, paths []path, end int) path {
	r := runes[end-1]
	p := path{cost: paths[end-1].cost + costUnknown, from: end - 1, last: word{kind: unknown}}
	switch {
	case unicode.IsSpace(r) || unicode.IsPunct(r):
		p = path{cost: paths[end-1].cost, from: end - 1, last: word{kind: dropped}}
	case !unicode.Is(unicode.Han, r):
		p = path{cost: paths[end-1].cost + costWord, from: end - 1, last: word{kind: foreign}}
		if before := paths[end-1]; end > 1 && before.last.kind == foreign {
			p = path{cost: before.cost, from: before.from, last: before.last}
		}
	}
	for from := max(end-d.longest, 0); from < end; from++ {
		w, ok := d.words[string(runes[from:end])]
		if cost := paths[from].cost + costWord; ok && cost < p.cost {
			p = path{cost: cost, from: from, last: w}
		}
	}
	return p
}

// tidy turns the words around, first to last, and joins neighbours that are unknown.
func tidy(back []token) []token {
	var out []token
	for i := len(back) - 1; i >= 0; i-- {
		t := back[i]
		if n := len(out); n > 0 && t.kind == unknown && out[n-1].kind == unknown {
			out[n-1].text += t.text
			continue
		}
		if t.kind == foreign {
			t.english = []string{strings.ToLower(t.text)}
		}
		out = append(out, t)
	}
	return out
}

// say returns the wordings of a phrase: one for each English word of its head, in order.
func say(tokens []token) []string {
	spoken, head := order(tokens)
	if len(spoken) == 0 {
		return nil
	}
	var out []string
	for _, english := range spoken[head].english {
		words := make([]string, len(spoken))
		for i, t := range spoken {
			words[i] = t.english[0]
		}
		words[head] = english
		out = append(out, strings.Join(words, " "))
		if len(out) == most {
			break
		}
	}
	return out
}

// order returns the words that are said, in English order, and the place of the head.
func order(tokens []token) (spoken []token, head int) {
	carrier, end := -1, -1 // what is carried stands between them
	for i, t := range tokens {
		switch {
		case t.kind == carries && carrier < 0:
			carrier = i
		case t.text == particle && carrier >= 0:
			end = i
		}
	}
	if end < 0 || !says(tokens[end:]) {
		carrier, end = len(tokens), len(tokens)
	}
	spoken = append(said(tokens[:carrier]), said(tokens[end:])...)
	head = len(spoken) - 1
	return append(spoken, said(tokens[carrier:end])...), head
}

func says(tokens []token) bool { return len(said(tokens)) > 0 }

// said returns the words that have English.
func said(tokens []token) []token {
	var out []token
	for _, t := range tokens {
		if len(t.english) > 0 {
			out = append(out, t)
		}
	}
	return out
}
