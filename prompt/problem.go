package prompt

import (
	"fmt"
	"strings"
)

// Kind tells problems apart, for those who say them in another language.
type Kind string

// The kinds of problems. Words holds what stands in the quotes of their sentences.
const (
	Nothing       Kind = "nothing"        // no class at all
	NotText       Kind = "not-text"       // bytes that are not UTF-8
	OpenQuote     Kind = "open-quote"     // a quote without its end
	StrayColon    Kind = "stray-colon"    // a colon that names nothing
	NoName        Kind = "no-name"        // a colon with nothing before it; Words: name
	NoBang        Kind = "no-bang"        // a semicolon without an exclamation mark; Words: name
	TooLong       Kind = "too-long"       // a phrase over MaxPhrase
	Merged        Kind = "merged"         // the same class twice; Words: name, its first spelling
	Shared        Kind = "shared"         // a phrase in two classes; Words: phrase, class, other class
	AskedExcluded Kind = "asked-excluded" // a negative that is a phrase too; Words: phrase, class
	LooseNegative Kind = "loose-negative" // a negative after a comma; Words: negative, class
	LostNegative  Kind = "lost-negative"  // a negative before any class; Words: negative
	More          Kind = "more"           // the list of problems ends here
)

// maxProblems bounds the list, so that a file of another kind does not give thousands.
const maxProblems = 100

// Problem is something in the text that was not read as it stands.
type Problem struct {
	Kind Kind
	// Start and End are the place in the text, counted in runes; End is exclusive.
	Start, End int
	// Line is the line of Start, counted from 1.
	Line int
	// Words are the words that Text speaks of.
	Words []string
	// Text is one English sentence: what was found and what became of it.
	Text string
}

// String returns the sentence with its line.
func (p Problem) String() string { return fmt.Sprintf("line %d: %s", p.Line, p.Text) }

var sentences = map[Kind]string{
	Nothing:       "There is no word to look for.",
	NotText:       "Some bytes are not UTF-8 text and were left out.",
	OpenQuote:     "This quote is not closed on its line and was left out.",
	StrayColon:    "A colon only names a class after its first words, so this one was read as part of the phrase.",
	NoName:        "There is no name before the colon, so the class is called “%s”.",
	NoBang:        "After the semicolon “%s” became a class of its own; to exclude it, put an exclamation mark before it.",
	TooLong:       "A phrase of %s characters was left out, as no more than %s can be read; a comma parts classes.",
	Merged:        "The class “%s” stands here again and was joined with “%s” above.",
	Shared:        "The phrase “%s” belongs to “%s” and to “%s”, and cannot tell them apart.",
	AskedExcluded: "The phrase “%s” is both asked for and excluded in the class “%s”, and was kept as asked for.",
	LooseNegative: "A comma ends a class, but “%s” was excluded from “%s” before it; a semicolon says so.",
	LostNegative:  "The excluded word “%s” was left out, as no class stands before it.",
	More:          "There are more problems than are listed here.",
}

func newProblem(kind Kind, start, end, line int, words []string) Problem {
	args := make([]any, len(words))
	for i, w := range words {
		args[i] = shorten(w)
	}
	return Problem{kind, start, end, line, words, fmt.Sprintf(sentences[kind], args...)}
}

// shorten keeps a sentence readable when it speaks of a long phrase.
func shorten(s string) string {
	const most = 40
	if r := []rune(s); len(r) > most {
		return strings.TrimSpace(string(r[:most-1])) + "…"
	}
	return s
}
