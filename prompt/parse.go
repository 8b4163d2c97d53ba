package prompt

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/saysee/saysee/annot"
)

// MaxPhrase is the most runes that a phrase or a name may have. It is several times what text encoders
// read (32 to 77 pieces of words), and keeps a pasted article from becoming a label.
const MaxPhrase = 200

// Parse reads a class table. It never fails; problems come in the order of their places, and everything
// that they do not speak of was read. An empty table has one Problem of kind Nothing.
func Parse(text string) (Table, []Problem) {
	p := parser{names: make(map[string]int), owners: make(map[string]int), uses: make(map[use]role)}
	p.lex = lexer{src: []rune(text), line: 1, report: p.report}
	p.checkText(text)
	for {
		// A colon names a class after its first words, and after a semicolon that begins a new class.
		p.lex.names = !p.negative && (p.semicolon || p.draft.nameable())
		t := p.lex.next()
		p.take(t)
		if t.kind == tokenEnd {
			break
		}
	}
	if len(p.table) == 0 {
		p.report(Nothing, 0, len(p.lex.src), 1)
	}
	slices.SortStableFunc(p.problems, func(a, b Problem) int { return a.Start - b.Start })
	return p.table, p.problems
}

type parser struct {
	lex   lexer
	draft draft
	// negative and semicolon tell what stands before the next word of the draft.
	negative, semicolon bool

	table    Table
	names    map[string]int // class by folded name
	owners   map[string]int // first class by folded phrase
	uses     map[use]role
	problems []Problem
}

// use is a class and a folded phrase.
type use struct {
	class  int
	phrase string
}

// role is what a phrase is to a class.
type role uint8

const (
	unused role = iota
	asked
	excluded
)

// draft is the class that is being read.
type draft struct {
	name      *token
	colon     *token
	phrases   []token
	negatives []token
	bar       bool // a bar or a semicolon was seen
}

func (d *draft) nameable() bool {
	return d.colon == nil && !d.bar && len(d.phrases) <= 1 && len(d.negatives) == 0
}

func (p *parser) report(kind Kind, start, end, line int, words ...string) {
	switch len(p.problems) {
	case maxProblems:
		return
	case maxProblems - 1:
		kind, words = More, nil
	}
	p.problems = append(p.problems, newProblem(kind, start, end, line, words))
}

func (p *parser) reportAt(t token, kind Kind, words ...string) {
	p.report(kind, t.start, t.end, t.line, words...)
}

// checkText reports the first place that is not UTF-8.
func (p *parser) checkText(text string) {
	if utf8.ValidString(text) {
		return
	}
	line, at := 1, 0
	for i, r := range text {
		if r == unicode.ReplacementChar && !strings.HasPrefix(text[i:], "\ufffd") {
			break
		}
		if r == '\n' {
			line++
		}
		at++
	}
	p.report(NotText, at, at+1, line)
}

func (p *parser) take(t token) {
	switch t.kind {
	case tokenEnd, tokenComma:
		p.flush()
	case tokenColon:
		p.colon(t)
	case tokenBar:
		p.draft.bar = true
	case tokenSemicolon:
		p.draft.bar = true
		p.semicolon, p.negative = true, false
	case tokenBang:
		p.negative = true
	case tokenWord:
		if t.text != "" {
			p.word(t)
		}
	}
}

func (p *parser) word(t token) {
	semicolon := p.semicolon
	p.semicolon = false
	switch {
	case !p.fits(t):
	case p.negative:
		p.draft.negatives = append(p.draft.negatives, t)
	case semicolon && !p.draft.empty():
		p.flush()
		p.reportAt(t, NoBang, t.text)
		fallthrough
	default:
		p.draft.phrases = append(p.draft.phrases, t)
	}
}

func (p *parser) fits(t token) bool {
	n := utf8.RuneCountInString(t.text)
	if n > MaxPhrase {
		p.reportAt(t, TooLong, strconv.Itoa(n), strconv.Itoa(MaxPhrase))
	}
	return n <= MaxPhrase
}

func (p *parser) colon(t token) {
	p.semicolon = false
	p.draft.colon = &t
	if len(p.draft.phrases) > 0 {
		p.draft.name = &p.draft.phrases[0]
		p.draft.phrases = nil
	}
}

func (d *draft) empty() bool {
	return d.name == nil && len(d.phrases) == 0 && len(d.negatives) == 0
}

// flush ends the class that is being read.
func (p *parser) flush() {
	d := p.draft
	p.draft, p.negative, p.semicolon = draft{}, false, false
	if d.name == nil && len(d.phrases) == 0 {
		p.looseNegatives(d.negatives)
		return
	}
	if d.name == nil {
		d.name = &d.phrases[0]
		if d.colon != nil {
			p.reportAt(*d.colon, NoName, d.name.text)
		}
	}
	if len(d.phrases) == 0 {
		d.phrases = []token{*d.name}
	}
	i := p.class(*d.name)
	for _, t := range d.phrases {
		p.phrase(i, t)
	}
	for _, t := range d.negatives {
		p.exclude(i, t)
	}
}

// looseNegatives gives negatives without a class of their own to the class before them.
func (p *parser) looseNegatives(negatives []token) {
	last := len(p.table) - 1
	for _, t := range negatives {
		if last < 0 {
			p.reportAt(t, LostNegative, t.text)
			continue
		}
		p.reportAt(t, LooseNegative, t.text, p.table[last].Name)
		p.exclude(last, t)
	}
}

// class returns the index of the class of that name, a new one if need be.
func (p *parser) class(name token) int {
	key := fold(name.text)
	if i, ok := p.names[key]; ok {
		p.reportAt(name, Merged, name.text, p.table[i].Name)
		return i
	}
	i := len(p.table)
	p.names[key] = i
	p.table = append(p.table, annot.Class{Name: name.text})
	return i
}

func (p *parser) phrase(i int, t token) {
	c, u := &p.table[i], use{i, fold(t.text)}
	switch p.uses[u] {
	case asked:
		return
	case excluded:
		c.Negatives = slices.DeleteFunc(c.Negatives, func(s string) bool { return fold(s) == u.phrase })
		p.reportAt(t, AskedExcluded, t.text, c.Name)
	}
	p.uses[u] = asked
	c.Phrases = append(c.Phrases, t.text)
	if first, ok := p.owners[u.phrase]; ok {
		p.reportAt(t, Shared, t.text, p.table[first].Name, c.Name)
	} else {
		p.owners[u.phrase] = i
	}
}

func (p *parser) exclude(i int, t token) {
	c, u := &p.table[i], use{i, fold(t.text)}
	switch p.uses[u] {
	case asked:
		p.reportAt(t, AskedExcluded, t.text, c.Name)
	case unused:
		p.uses[u] = excluded
		c.Negatives = append(c.Negatives, t.text)
	}
}

// fold returns a key that is equal for texts that strings.EqualFold finds equal.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, s)
}
