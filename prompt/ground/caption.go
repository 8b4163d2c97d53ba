package ground

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/saysee/saysee/prompt/token"
)

// Caption is a text and the places of its phrases, in bytes. Spans may overlap.
type Caption struct {
	Text  string
	Spans []token.Span
}

var parenthesised = regexp.MustCompile(`\(.*\)`)

// Clean is what GLIP's evaluation does to a name: parenthesised parts go, low lines become spaces, double
// spaces become single ones (microsoft/GLIP, maskrcnn_benchmark/engine/inference.py, clean_name).
func Clean(name string) string {
	name = parenthesised.ReplaceAllString(name, "")
	name = strings.ReplaceAll(name, "_", " ")
	return strings.ReplaceAll(name, "  ", " ")
}

// Join writes names one after the other with the separator between, and nothing after the last, as GLIP's
// evaluation does (create_queries_and_maps). Names are taken as they are.
func Join(names []string, separator string) Caption {
	var b strings.Builder
	c := Caption{Spans: make([]token.Span, len(names))}
	for i, n := range names {
		if i > 0 {
			b.WriteString(separator)
		}
		start := b.Len()
		b.WriteString(n)
		c.Spans[i] = token.Span{Start: start, End: b.Len()}
	}
	c.Text = b.String()
	return c
}

// Tokens returns, for each span, the pieces from the one that its first character belongs to up to the one
// of its last, as places in the encoding. Characters that belong to no piece, such as white space, give way
// to the next two inwards. A span without any piece gets none (create_positive_dict).
func (c Caption) Tokens(e token.Encoding) [][]int {
	at := owners(c.Text, e)
	out := make([][]int, len(c.Spans))
	for i, s := range c.Spans {
		first, last := begin(c.Text, at, s.Start), end(c.Text, at, s.End)
		if first < 0 || last < first {
			continue
		}
		for t := first; t <= last; t++ {
			out[i] = append(out[i], t)
		}
	}
	return out
}

// owners returns the first piece that each byte of the text belongs to, -1 for none.
func owners(text string, e token.Encoding) []int {
	at := make([]int, len(text))
	for i := range at {
		at[i] = -1
	}
	for t, s := range e.Spans {
		for i := s.Start; i < s.End && i < len(at); i++ {
			if at[i] < 0 {
				at[i] = t
			}
		}
	}
	return at
}

// reach is how many characters are tried at either end of a span.
const reach = 3

func begin(text string, at []int, from int) int {
	for range reach {
		if from >= len(text) {
			return -1
		}
		if at[from] >= 0 {
			return at[from]
		}
		_, n := utf8.DecodeRuneInString(text[from:])
		from += n
	}
	return -1
}

func end(text string, at []int, to int) int {
	for range reach {
		if to <= 0 {
			return -1
		}
		_, n := utf8.DecodeLastRuneInString(text[:to])
		to -= n
		if at[to] >= 0 {
			return at[to]
		}
	}
	return -1
}
