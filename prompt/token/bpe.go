package token

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Sizes of CLIP's vocabulary (openai/CLIP, clip/simple_tokenizer.py): a piece for each byte, one for each byte
// that ends a word, a piece a merge, and two that begin and end a text.
const (
	byteIDs   = 256
	endIDs    = 2 * byteIDs // the first number of a merged piece
	maxMerges = 49152 - byteIDs - 2
	wordEnd   = "</w>"
)

// The pieces that begin and end a text, as they may also stand in it.
const (
	startText = "<|startoftext|>"
	endText   = "<|endoftext|>"
)

// BPE is CLIP's byte-pair tokenizer, number for number the official one (openai/CLIP, clip/simple_tokenizer.py
// and clip.tokenize with truncate=True), which SLIP and GroupViT use too. It is safe for concurrent use.
//
// Before cutting, the text is cleaned as the official code has ftfy and Python clean it; clean tells what differs.
type BPE struct {
	merges     map[pair]int64 // the number of the merged piece; a lower number merges first
	start, end int64
	maxTokens  int
}

type pair struct{ left, right int64 }

// NewBPE reads a list of merges, two pieces a line in the order in which they apply, after a first line that
// names the version: bpe_simple_vocab_16e6.txt, or merges.txt of Hugging Face's packs. Of a longer list the
// first 48,894 count, as in the official code. Encodings have at most maxTokens pieces, two of which begin and
// end the text. The error wraps ErrVocabulary.
func NewBPE(merges []byte, maxTokens int) (*BPE, error) {
	if maxTokens < 3 {
		return nil, fmt.Errorf("%w: %d tokens hold no word beside the text's begin and end", ErrVocabulary, maxTokens)
	}
	header, rest, _ := bytes.Cut(merges, []byte("\n"))
	if !bytes.Contains(header, []byte("#version")) {
		return nil, fmt.Errorf("%w: the first line of a list of merges names its version", ErrVocabulary)
	}
	pieces := make(map[string]int64, endIDs+maxMerges)
	for b, id := range byteID {
		pieces[string(byteRune(byte(b)))] = id
		pieces[string(byteRune(byte(b)))+wordEnd] = byteIDs + id
	}
	t := &BPE{merges: make(map[pair]int64, maxMerges), maxTokens: maxTokens}
	next := int64(endIDs)
	for line := range bytes.Lines(rest) {
		text := strings.TrimRight(string(line), "\r\n")
		if next == endIDs+maxMerges || text == "" {
			break
		}
		left, right, _ := strings.Cut(text, " ")
		l, okLeft := pieces[left]
		r, okRight := pieces[right]
		if !okLeft || !okRight {
			return nil, fmt.Errorf("%w: line %d (%q) is not two pieces that stand before it", ErrVocabulary, next-endIDs+2, text)
		}
		if _, twice := pieces[left+right]; twice {
			return nil, fmt.Errorf("%w: line %d makes the piece %q a second time", ErrVocabulary, next-endIDs+2, left+right)
		}
		t.merges[pair{l, r}] = next
		pieces[left+right] = next
		next++
	}
	t.start, t.end = next, next+1
	return t, nil
}

// Pad returns the number that fills up the shorter texts of a batch.
func (t *BPE) Pad() int64 { return 0 }

// Unknown returns a number that no text has: bytes can spell everything.
func (t *BPE) Unknown() int64 { return -1 }

// Size returns how many pieces there are. The text graph must know as many.
func (t *BPE) Size() int { return int(t.end) + 1 }

// MaxTokens returns the most pieces that an encoding has.
func (t *BPE) MaxTokens() int { return t.maxTokens }

// Encode cuts a text into pieces. One that is too long ends with the piece for the end nevertheless. There are
// no Spans: the text is rewritten before it is cut.
func (t *BPE) Encode(text string) Encoding {
	e := Encoding{IDs: []int64{t.start}}
	for rest := clean(text); rest != "" && len(e.IDs) < t.maxTokens; {
		word := firstWord(rest)
		rest = rest[len(word):]
		switch {
		case isGap(firstRune(word)):
		case word == startText:
			e.IDs = append(e.IDs, t.start)
		case word == endText:
			e.IDs = append(e.IDs, t.end)
		default:
			e.IDs = append(e.IDs, t.cut(word)...)
		}
	}
	if len(e.IDs) >= t.maxTokens {
		e.Truncated = true
		e.IDs = e.IDs[:t.maxTokens-1]
	}
	e.IDs = append(e.IDs, t.end)
	return e
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}

// cut spells a word in bytes and joins neighbours, those first whose merge stands first in the list.
func (t *BPE) cut(word string) []int64 {
	ids := make([]int64, len(word))
	for i := range len(word) {
		ids[i] = byteID[word[i]]
	}
	ids[len(ids)-1] += byteIDs
	for len(ids) > 1 {
		best := pair{}
		id := int64(-1)
		for i := range len(ids) - 1 {
			p := pair{ids[i], ids[i+1]}
			if merged, ok := t.merges[p]; ok && (id < 0 || merged < id) {
				best, id = p, merged
			}
		}
		if id < 0 {
			break
		}
		ids = join(ids, best, id)
	}
	return ids
}

// join replaces every pair of neighbours by the merged piece, from the left, in place.
func join(ids []int64, p pair, merged int64) []int64 {
	out := ids[:0]
	for i := 0; i < len(ids); i++ {
		if i+1 < len(ids) && ids[i] == p.left && ids[i+1] == p.right {
			out = append(out, merged)
			i++
			continue
		}
		out = append(out, ids[i])
	}
	return out
}

// contractions that are words of their own, in the order in which they are tried.
var contractions = []string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}

// firstWord returns what the official pattern finds first in a cleaned text, or the gap before it: one
// of the special pieces, a contraction, letters, a single digit, or a run of anything else.
func firstWord(text string) string {
	for _, special := range []string{startText, endText} {
		if strings.HasPrefix(text, special) {
			return special
		}
	}
	if text[0] == '\'' {
		for _, c := range contractions {
			if n := hasPrefixFold(text, c); n > 0 {
				return text[:n]
			}
		}
	}
	r, size := utf8.DecodeRuneInString(text)
	switch {
	case isGap(r), unicode.IsNumber(r):
		return text[:size]
	case unicode.IsLetter(r):
		return text[:run(text, unicode.IsLetter)]
	}
	return text[:run(text, func(r rune) bool { return !isGap(r) && !unicode.IsLetter(r) && !unicode.IsNumber(r) })]
}

// isGap reports what no part of the official pattern matches: white space, and the iota below, a mark whose
// capital is a letter, which the pattern's "nothing but" and its ignoring of case leave out together.
func isGap(r rune) bool { return unicode.IsSpace(r) || r == '\u0345' }

// hasPrefixFold returns how many bytes of text match a contraction, 0 for none. The text is in lower case, but
// the pattern ignores case and the long s is a case of s.
func hasPrefixFold(text, contraction string) int {
	if strings.HasPrefix(text, contraction) {
		return len(contraction)
	}
	if contraction == "'s" && strings.HasPrefix(text, "'ſ") {
		return len("'ſ")
	}
	return 0
}

// run returns the bytes of the runes that text begins with and that are of a kind.
func run(text string, is func(rune) bool) int {
	for i, r := range text {
		if !is(r) {
			return i
		}
	}
	return len(text)
}

// byteID is the number of each byte's piece: first those that are printed as they are, then the others.
var byteID = func() (ids [byteIDs]int64) {
	next := int64(0)
	for _, printed := range []bool{true, false} {
		for b := range byteIDs {
			if isPrinted(byte(b)) == printed {
				ids[b] = next
				next++
			}
		}
	}
	return ids
}()

// isPrinted reports the bytes that a list of merges writes as the character of their number.
func isPrinted(b byte) bool { return '!' <= b && b <= '~' || 0xA1 <= b && b <= 0xAC || b >= 0xAE }

// byteRune returns the character that stands for a byte in a list of merges (GPT-2's bytes_to_unicode).
func byteRune(b byte) rune {
	if isPrinted(b) {
		return rune(b)
	}
	return rune(byteIDs + byteID[b] - byteID[0])
}
