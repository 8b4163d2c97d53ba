package prompt

import (
	"strings"

	"github.com/saysee/saysee/annot"
)

// Table is a class table in the order it was written. Tables made by Parse have at least one phrase in
// every class, no two names that differ at most in case, and no colours.
type Table []annot.Class

// String writes the table in its canonical form, one class a line, without a line end after the last.
// Parse reads it back as the same table, without Problems but for a phrase that stands in two classes.
// Colours are not part of the text.
func (t Table) String() string { return t.join("\n") }

// Line writes the table like String, but on one line, as it is typed into a prompt.
func (t Table) Line() string { return t.join(", ") }

func (t Table) join(end string) string {
	var b strings.Builder
	for i, c := range t {
		if i > 0 {
			b.WriteString(end)
		}
		writeClass(&b, c)
	}
	return b.String()
}

func writeClass(b *strings.Builder, c annot.Class) {
	if len(c.Phrases) == 0 || c.Phrases[0] != c.Name {
		b.WriteString(quote(c.Name))
		if len(c.Phrases) > 0 {
			b.WriteString(": ")
		}
	}
	for i, p := range c.Phrases {
		if i > 0 {
			b.WriteString(" | ")
		}
		b.WriteString(quote(p))
	}
	for _, n := range c.Negatives {
		b.WriteString(" ; !")
		b.WriteString(quote(n))
	}
}

// quote returns a phrase as Parse reads it back: as it is where no mark in it has a meaning, otherwise
// within straight double quotes.
func quote(s string) string {
	s = clean(s)
	if s != "" && !strings.ContainsFunc(s, isMark) && !strings.ContainsRune(apostrophes, firstRune(s)) {
		return s
	}
	return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return 0
}

// Owner is a class that a phrase belongs to.
type Owner struct {
	Class    int  // index into the table
	Negative bool // the phrase tells what the class is not
}

// Phrase is one text to be encoded, with all classes that use it.
type Phrase struct {
	Text   string
	Owners []Owner
}

// Phrases returns every text of the table once, in the order of its first use, with its owners in the
// order of the table.
func (t Table) Phrases() []Phrase {
	var out []Phrase
	at := make(map[string]int)
	add := func(text string, o Owner) {
		i, seen := at[text]
		if !seen {
			i = len(out)
			at[text] = i
			out = append(out, Phrase{Text: text})
		}
		out[i].Owners = append(out[i].Owners, o)
	}
	for i, c := range t {
		for _, p := range c.Phrases {
			add(p, Owner{Class: i})
		}
		for _, n := range c.Negatives {
			add(n, Owner{Class: i, Negative: true})
		}
	}
	return out
}
