package prompt

import (
	"slices"
	"strings"
	"unicode"
)

type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenComma // or the end of a line
	tokenColon
	tokenBar
	tokenSemicolon
	tokenBang
)

// token is a word or a mark, at runes [start, end) of the text.
type token struct {
	kind             tokenKind
	text             string
	start, end, line int
}

var marks = map[rune]tokenKind{
	'\n': tokenComma, '\r': tokenComma, '\v': tokenComma, '\f': tokenComma,
	'\u0085': tokenComma, '\u2028': tokenComma, '\u2029': tokenComma,
	',': tokenComma, '，': tokenComma, '、': tokenComma,
	':': tokenColon, '：': tokenColon,
	'|': tokenBar, '｜': tokenBar,
	';': tokenSemicolon, '；': tokenSemicolon,
	// The minus sign is how a window shows a negative; it is not the hyphen of a keyboard.
	'!': tokenBang, '！': tokenBang, '−': tokenBang,
}

// quotes are those that may begin any word of a phrase. An apostrophe is a quote only around a whole
// phrase, because it also stands before words ('til) and after them (dogs').
var quotes = map[rune]rune{'"': '"', '＂': '＂', '“': '”', '”': '”', '「': '」', '『': '』', '«': '»'}

// maxQuote is how far the end of a quote is looked for, in runes. It is more than a phrase may have, and
// keeps the time to read a text proportional to its length.
const maxQuote = 2 * MaxPhrase

const apostrophes = "'‘’"

func isLineEnd(r rune) bool {
	switch r {
	case '\n', '\r', '\v', '\f', '\u0085', '\u2028', '\u2029':
		return true
	}
	return false
}

func isComment(r rune) bool { return r == '#' || r == '＃' }

// isMark reports whether a rune may mean something else than itself in a phrase.
func isMark(r rune) bool {
	_, mark := marks[r]
	_, opens := quotes[r]
	return mark || opens || isComment(r)
}

// isNoise reports whether a rune is no part of a phrase wherever it stands: control characters, and
// invisible format characters but for the joiners, which make other letters and emoji of their
// neighbours.
func isNoise(r rune) bool {
	switch r {
	case '\u200c', '\u200d':
		return false
	case unicode.ReplacementChar:
		return true
	}
	return !unicode.IsSpace(r) && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Cs) && !isTag(r)
}

// isTag reports the characters that spell the region of a flag emoji.
func isTag(r rune) bool { return r >= 0xE0020 && r <= 0xE007F }

// clean returns a phrase as the lexer would: white space collapsed and trimmed, noise left out.
func clean(s string) string {
	var p phrase
	for _, r := range s {
		p.add(r)
	}
	return p.b.String()
}

// phrase collects the runes of a phrase.
type phrase struct {
	b     strings.Builder
	space bool
}

// wordStart reports whether the next rune would begin a word.
func (p *phrase) wordStart() bool { return p.space || p.b.Len() == 0 }

func (p *phrase) add(r rune) {
	switch {
	case unicode.IsSpace(r):
		p.space = true
	case isNoise(r):
	default:
		if p.space && p.b.Len() > 0 {
			p.b.WriteByte(' ')
		}
		p.space = false
		p.b.WriteRune(r)
	}
}

type lexer struct {
	src  []rune
	pos  int
	line int
	// names tells whether a colon would end the name of a class here.
	names  bool
	report func(kind Kind, start, end, line int, words ...string)
}

// next returns the next token. A word never holds marks that have a meaning where it stands.
func (l *lexer) next() token {
	for l.pos < len(l.src) {
		r := l.src[l.pos]
		kind, mark := marks[r]
		switch {
		case isComment(r):
			l.skipLine()
		case mark && (kind != tokenColon || l.names):
			t := token{kind: kind, start: l.pos, end: l.pos + 1, line: l.line}
			if isLineEnd(r) {
				l.lineEnd()
			} else {
				l.pos++
			}
			return t
		case unicode.IsSpace(r) || isNoise(r):
			l.pos++
		default:
			return l.word()
		}
	}
	return token{kind: tokenEnd, start: l.pos, end: l.pos, line: l.line}
}

func (l *lexer) skipLine() {
	for l.pos < len(l.src) && !isLineEnd(l.src[l.pos]) {
		l.pos++
	}
}

// lineEnd steps over a line's end; a carriage return and a line feed are one.
func (l *lexer) lineEnd() {
	if l.src[l.pos] == '\r' && l.at(l.pos+1) == '\n' {
		l.pos++
	}
	l.pos++
	l.line++
}

// at returns the rune at i, or a line end outside the text.
func (l *lexer) at(i int) rune {
	if i < len(l.src) {
		return l.src[i]
	}
	return '\n'
}

func (l *lexer) word() token {
	t := token{kind: tokenWord, start: l.pos, end: l.pos, line: l.line}
	var p phrase
	if to, ok := l.apostropheQuote(); ok {
		l.quoted(&p, to, 0)
		t.end = l.pos
	}
	for l.pos < len(l.src) && !l.ends(&p) {
		r := l.src[l.pos]
		closing, opens := quotes[r]
		switch {
		case opens && p.wordStart():
			l.quote(&p, closing)
		default:
			if marks[r] == tokenColon {
				l.report(StrayColon, l.pos, l.pos+1, l.line)
			}
			p.add(r)
			l.pos++
		}
		if !unicode.IsSpace(l.src[l.pos-1]) {
			t.end = l.pos
		}
	}
	t.text = p.b.String()
	return t
}

// ends reports whether the word ends before the rune here.
func (l *lexer) ends(p *phrase) bool {
	r := l.src[l.pos]
	if isComment(r) {
		return p.wordStart()
	}
	switch marks[r] {
	case tokenComma, tokenBar, tokenSemicolon:
		return true
	case tokenColon:
		return l.names
	case tokenBang:
		// "cat !toy", but not "Oh !"
		next := l.at(l.pos + 1)
		return r != '−' && p.space && !unicode.IsSpace(next) && marks[next] == tokenEnd
	}
	return false
}

// quote reads from an opening quote to its end, or leaves the quote out when it has none.
func (l *lexer) quote(p *phrase, closing rune) {
	for i := l.pos + 1; i < l.pos+maxQuote && !isLineEnd(l.at(i)); i++ {
		if l.src[i] != closing {
			continue
		}
		if closing == '"' && l.at(i+1) == '"' {
			i++
			continue
		}
		l.quoted(p, i, closing)
		return
	}
	l.report(OpenQuote, l.pos, l.pos+1, l.line)
	l.pos++
}

// quoted adds what stands between the quotes here and at rune to, and steps over it. Of two straight
// double quotes it adds one.
func (l *lexer) quoted(p *phrase, to int, closing rune) {
	for i := l.pos + 1; i < to; i++ {
		p.add(l.src[i])
		if closing == '"' && l.src[i] == '"' {
			i++
		}
	}
	l.pos = to + 1
}

// apostropheQuote returns the end of a phrase that stands wholly between apostrophes.
func (l *lexer) apostropheQuote() (to int, ok bool) {
	var closing rune
	switch l.src[l.pos] {
	case '\'':
		closing = '\''
	case '‘', '’':
		closing = '’'
	default:
		return 0, false
	}
	for i := l.pos + 1; i < l.pos+maxQuote && !isLineEnd(l.at(i)); i++ {
		if l.src[i] == closing && l.phraseEnds(i+1) {
			return i, true
		}
	}
	return 0, false
}

// phraseEnds reports whether nothing but white space stands before the next mark.
func (l *lexer) phraseEnds(i int) bool {
	rest := l.src[min(i, len(l.src)):]
	n := slices.IndexFunc(rest, func(r rune) bool { return !unicode.IsSpace(r) || isLineEnd(r) })
	if n < 0 {
		return true
	}
	kind, mark := marks[rest[n]]
	return isComment(rest[n]) || mark && (kind != tokenColon || l.names)
}
