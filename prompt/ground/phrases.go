package ground

import (
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/saysee/saysee/prompt/token"
)

// Phrases finds the noun phrases of an English sentence without a lexicon. Words of the closed classes
// (prepositions, pronouns, conjunctions, auxiliaries) and marks of punctuation part them; a determiner or a
// number begins one; endings tell verbs from nouns where their place allows it: in "a man riding a horse"
// and "a cup filled with tea" the verb follows a noun and a closed class follows it, in "a cat sits there" a
// noun with "a" before it cannot end with a plural's s.
//
// It is a help for those who mark nothing. What it takes for a phrase can be said otherwise with brackets.
func Phrases(text string) []token.Span {
	p := parser{text: text, words: cut(text)}
	for p.at < len(p.words) {
		p.step()
	}
	return p.found
}

// word is a word or a mark of a sentence.
type word struct {
	token.Span
	lower string
	kind  kind
}

type kind int

const (
	open       kind = iota // nouns, adjectives, verbs: all that is not listed
	breaker                // parts phrases
	determiner             // begins a phrase
	number                 // begins a phrase, or stands in one
	copula                 // parts phrases; what follows may be said of what came before
	existence              // "there": what is said to be
)

var classes = map[kind]string{
	determiner: `a an the this that these those my your his her its our their some any each every both all another several many few
		whose no`,
	number:    `one two three four five six seven eight nine ten eleven twelve dozen`,
	copula:    `is are was were be been being am isn't aren't wasn't weren't looks look seems seem appears appear`,
	existence: `there`,
	breaker: `of in on at by with without from to into onto over under above below behind beside besides between among near next across
		along around against through during before after inside outside upon off out up down toward towards beneath underneath past
		about for as like than via per within throughout atop amid
		and or but nor so yet if because while when where which who whom what how why although though since until unless
		i you he she it we they me him us them myself himself herself itself themselves someone something everyone everything nothing
		nobody anyone anything here mine yours hers ours theirs
		do does did done has have had having will would shall should can could may might must not don't doesn't didn't
		very too also just only then now again still even together away back apart maybe perhaps please
		show find see look detect where's what's it's there's he's she's that's`,
}

var kinds = func() map[string]kind {
	m := map[string]kind{}
	for k, list := range classes {
		for _, w := range strings.Fields(list) {
			m[w] = k
		}
	}
	return m
}()

// places are nouns that, together with what stands around them, only say where a thing is.
var places = []string{
	"in the front of", "in front of", "on the top of", "on top of", "to the left of", "to the right of", "on the left of", "on the right of",
	"on the left side of", "on the right side of", "at the side of", "by the side of", "on the side of", "in the middle of", "in the center of", "in the centre of",
	"at the back of", "at the bottom of", "at the top of", "on the left", "on the right", "in the background", "in the foreground",
	"in the middle", "in the center", "in the centre", "at the top", "at the bottom", "in the distance", "next to", "close to", "a lot of", "lots of",
}

var placeWords = func() [][]string {
	out := make([][]string, len(places))
	for i, p := range places {
		out[i] = strings.Fields(p)
	}
	return out
}()

// cut yields the words and marks of a text.
func cut(text string) []word {
	var words []word
	for s := range wordSpans(text) {
		lower := strings.ReplaceAll(strings.ToLower(text[s.Start:s.End]), "’", "'")
		w := word{Span: s, lower: lower}
		switch k, listed := kinds[lower]; {
		case listed:
			w.kind = k
		case !strings.ContainsFunc(lower, unicode.IsLetter):
			w.kind = breaker
			if strings.IndexFunc(lower, func(r rune) bool { return !unicode.IsDigit(r) }) < 0 {
				w.kind = number
			}
		}
		words = append(words, w)
	}
	return words
}

// wordSpans yields runs of letters, digits, hyphens and apostrophes within them, and every other character
// that is not white space by itself.
func wordSpans(text string) iter.Seq[token.Span] {
	return func(yield func(token.Span) bool) {
		for i := 0; i < len(text); {
			n := wordLength(text[i:])
			if n == 0 {
				r, size := utf8.DecodeRuneInString(text[i:])
				if !unicode.IsSpace(r) && !unicode.IsControl(r) && !yield(token.Span{Start: i, End: i + size}) {
					return
				}
				i += size
				continue
			}
			if !yield(token.Span{Start: i, End: i + n}) {
				return
			}
			i += n
		}
	}
}

func wordLength(text string) int {
	end := 0
	for i, r := range text {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r):
			end = i + utf8.RuneLen(r)
		case i == 0 || end != i || !strings.ContainsRune("-'’", r):
			return end // only one joint between two letters
		}
	}
	return end
}

// parser walks over the words.
type parser struct {
	text  string
	words []word
	at    int
	said  bool // the next words, if no determiner begins them, are said of something before
	found []token.Span
}

// step reads one phrase or what stands between two.
func (p *parser) step() {
	if n := p.place(); n > 0 {
		p.at, p.said = p.at+n, false
		return
	}
	w := p.words[p.at]
	switch w.kind {
	case breaker:
		p.at, p.said = p.at+1, false
	case copula:
		p.at++
		p.said = p.at < 2 || p.words[p.at-2].kind != existence
	case existence:
		p.at++
	default:
		p.phrase()
		p.said = false
	}
}

// place returns how many words from here on only say where something is.
func (p *parser) place() int {
	for _, place := range placeWords {
		n := 0
		for n < len(place) && p.at+n < len(p.words) && p.words[p.at+n].lower == place[n] {
			n++
		}
		if n == len(place) {
			return n
		}
	}
	return 0
}

// phrase reads determiners and numbers and the open words after them.
func (p *parser) phrase() {
	first := p.at
	single := p.leaders()
	noun := p.at
	end := p.nouns(single)
	p.skipVerb()
	if noun == first { // nothing leads it
		for noun < end && strings.HasSuffix(p.words[noun].lower, "ly") {
			noun++
		}
		first = noun
		if p.said || end-noun == 1 && p.verbal(noun) {
			return
		}
	}
	if noun < end {
		p.found = append(p.found, token.Span{Start: p.words[first].Start, End: p.words[end-1].End})
	}
}

// singular are the determiners that no plural follows.
var singular = []string{"a", "an", "one", "this", "another", "each", "every"}

// leaders passes determiners and numbers, and reports whether the last of them stands before one thing only.
func (p *parser) leaders() (single bool) {
	for p.at < len(p.words) && (p.words[p.at].kind == determiner || p.words[p.at].kind == number) {
		single = slices.Contains(singular, p.words[p.at].lower)
		p.at++
	}
	return single
}

// nouns passes open words, with numbers among them, up to a verb, and returns where they end.
func (p *parser) nouns(single bool) int {
	for first := p.at; p.at < len(p.words); p.at++ {
		inside := p.at > first
		switch k := p.words[p.at].kind; {
		case k == number && inside:
		case k != open, inside && p.verb(p.at, single):
			return p.at
		}
	}
	return p.at
}

// skipVerb passes the verb that ended a phrase.
func (p *parser) skipVerb() {
	if p.at < len(p.words) && p.words[p.at].kind == open {
		p.at++
	}
}

// verb reports whether the open word i, which follows another, ends the phrase as a verb.
func (p *parser) verb(i int, single bool) bool {
	l := p.words[i].lower
	if strings.HasSuffix(l, "ly") {
		return true
	}
	if single && pluralLike(l) {
		return true
	}
	closed := i+1 == len(p.words) || p.words[i+1].kind != open
	return closed && (strings.HasSuffix(l, "ing") || strings.HasSuffix(l, "ed")) && len(l) > 4
}

// verbal reports whether a word that stands alone between words of closed classes reads like a verb.
func (p *parser) verbal(i int) bool {
	l := p.words[i].lower
	follows := i+1 < len(p.words) && p.words[i+1].kind == determiner
	return follows && (strings.HasSuffix(l, "ing") || strings.HasSuffix(l, "ed")) && len(l) > 4
}

// pluralLike reports an ending of plurals and of verbs' third person.
func pluralLike(w string) bool {
	if !strings.HasSuffix(w, "s") || len(w) < 4 {
		return false
	}
	for _, other := range []string{"ss", "us", "is", "'s"} {
		if strings.HasSuffix(w, other) {
			return false
		}
	}
	return true
}
