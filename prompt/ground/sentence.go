package ground

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/saysee/saysee/prompt/token"
)

// ErrNoPhrase marks a sentence in which nothing is named that could be looked for.
var ErrNoPhrase = errors.New("the sentence names nothing to look for; put what you mean in brackets: [a red cup] on [the table]")

// ErrSentence marks a sentence whose phrases are marked in a way that cannot be read.
var ErrSentence = errors.New("the sentence's phrases cannot be read")

// Sentence reads a sentence: with brackets in it, these mark the phrases and are taken out, otherwise
// Phrases finds them. The error wraps ErrNoPhrase or ErrSentence.
func Sentence(text string) (Caption, error) {
	if strings.ContainsAny(text, "[]［］") {
		return Brackets(text)
	}
	return Given(text, Phrases(text))
}

// Given is a sentence whose phrases the caller chose, as places in bytes. Empty ones are left out. The error
// wraps ErrSentence for a place outside the text, and ErrNoPhrase when none is left.
func Given(text string, spans []token.Span) (Caption, error) {
	c := Caption{Text: text}
	for _, s := range spans {
		if s.Start < 0 || s.End < s.Start || s.End > len(text) || !boundary(text, s.Start) || !boundary(text, s.End) {
			return Caption{}, fmt.Errorf("%w: bytes %d to %d are no part of it", ErrSentence, s.Start, s.End)
		}
		if s = trim(text, s); s.Start < s.End {
			c.Spans = append(c.Spans, s)
		}
	}
	if len(c.Spans) == 0 {
		return Caption{}, ErrNoPhrase
	}
	slices.SortStableFunc(c.Spans, func(a, b token.Span) int { return a.Start - b.Start })
	return c, nil
}

// boundary reports whether a character of the text begins at byte i.
func boundary(text string, i int) bool { return i == len(text) || utf8.RuneStart(text[i]) }

// trim leaves out white space and control characters at both ends of a span.
func trim(text string, s token.Span) token.Span {
	out := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }
	for s.Start < s.End {
		r, n := utf8.DecodeRuneInString(text[s.Start:s.End])
		if !out(r) {
			break
		}
		s.Start += n
	}
	for s.Start < s.End {
		r, n := utf8.DecodeLastRuneInString(text[s.Start:s.End])
		if !out(r) {
			break
		}
		s.End -= n
	}
	return s
}

// Brackets reads a sentence whose phrases stand in square brackets, which are taken out. The error wraps
// ErrSentence when they do not pair or hold each other, and ErrNoPhrase when they hold nothing.
func Brackets(text string) (Caption, error) {
	var b strings.Builder
	var spans []token.Span
	open := -1
	for i, r := range text {
		switch r {
		case '[', '［':
			if open >= 0 {
				return Caption{}, fmt.Errorf("%w: a bracket opens within another at “%.20s”", ErrSentence, text[i:])
			}
			open = b.Len()
		case ']', '］':
			if open < 0 {
				return Caption{}, fmt.Errorf("%w: a bracket closes that none opened before “%.20s”", ErrSentence, text[i:])
			}
			spans = append(spans, token.Span{Start: open, End: b.Len()})
			open = -1
		case utf8.RuneError:
			b.WriteRune(' ')
		default:
			b.WriteRune(r)
		}
	}
	if open >= 0 {
		return Caption{}, fmt.Errorf("%w: a bracket is not closed", ErrSentence)
	}
	return Given(b.String(), spans)
}

// Names returns the words of each span as the person wrote them, with white space made single and control
// characters left out.
func (c Caption) Names() []string {
	names := make([]string, len(c.Spans))
	for i, s := range c.Spans {
		words := strings.Map(func(r rune) rune {
			if unicode.IsControl(r) && !unicode.IsSpace(r) {
				return -1
			}
			return r
		}, c.Text[s.Start:s.End])
		names[i] = strings.Join(strings.Fields(words), " ")
	}
	return names
}

// Cut returns the sentence in parts that the encoder can read, cut where a phrase begins and as late as
// possible. A part that is too long with a single phrase is read as far as it goes.
func (c Caption) Cut(t Tokenizer) []Caption {
	if !t.Encode(c.Text).Truncated {
		return []Caption{c}
	}
	var parts []Caption
	for first, from := 0, 0; first < len(c.Spans); {
		last := first + 1
		for last < len(c.Spans) && !t.Encode(c.Text[from:c.ends(first, last+1)]).Truncated {
			last++
		}
		to := c.ends(first, last)
		part := Caption{Text: c.Text[from:to]}
		for _, s := range c.Spans[first:last] {
			part.Spans = append(part.Spans, token.Span{Start: s.Start - from, End: s.End - from})
		}
		parts = append(parts, part)
		if last < len(c.Spans) {
			from = min(to, c.Spans[last].Start)
		}
		first = last
	}
	return parts
}

// ends returns where the last of the spans from first up to before last ends.
func (c Caption) ends(first, last int) int {
	end := 0
	for _, s := range c.Spans[first:last] {
		end = max(end, s.End)
	}
	return end
}
