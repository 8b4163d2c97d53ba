package token

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
)

// ErrVocabulary is the cause of every error about a vocabulary that cannot be used.
var ErrVocabulary = errors.New("invalid vocabulary")

// Fits compares how many pieces a vocabulary has with what the text graph knows, as its manifest states; 0 states
// nothing. The error wraps ErrVocabulary.
func Fits(t interface{ Size() int }, pieces int) error {
	if n := t.Size(); pieces != 0 && n != pieces {
		return fmt.Errorf("%w: it has %d pieces, but the text graph knows %d: they belong to different models", ErrVocabulary, n, pieces)
	}
	return nil
}

// maxWord is the most runes of a word that is cut into pieces; a longer one is unknown as a whole.
const maxWord = 100

// Span is a place in the encoded text, in bytes, End exclusive.
type Span struct{ Start, End int }

// Encoding is a text as a model reads it. All slices have one length.
type Encoding struct {
	// IDs begin with [CLS] and end with [SEP].
	IDs []int64
	// Spans tell which bytes of the text each piece was made of; those of [CLS] and [SEP] are empty.
	Spans []Span
	// Truncated reports that the end of the text did not fit.
	Truncated bool
}

// WordPiece is BERT's uncased tokenizer. It is safe for concurrent use.
type WordPiece struct {
	pieces            map[string]int64
	unknown, cls, sep int64
	pad               int64
	longest           int // bytes of the longest piece
	maxTokens         int
}

// NewWordPiece reads a vocabulary of one piece a line, whose number is its place in the file, counted
// from 0; pieces that continue a word begin with "##". It must have [PAD], [UNK], [CLS] and [SEP].
// Encodings have at most maxTokens pieces, of which [CLS] and [SEP] are two. The error wraps
// ErrVocabulary.
func NewWordPiece(vocabulary []byte, maxTokens int) (*WordPiece, error) {
	if maxTokens < 3 {
		return nil, fmt.Errorf("%w: %d tokens hold no word beside [CLS] and [SEP]", ErrVocabulary, maxTokens)
	}
	w := &WordPiece{pieces: make(map[string]int64, bytes.Count(vocabulary, []byte("\n"))+1), maxTokens: maxTokens}
	id := int64(0)
	for line := range bytes.Lines(vocabulary) {
		piece := string(bytes.TrimRight(line, "\r\n"))
		if _, twice := w.pieces[piece]; twice {
			return nil, fmt.Errorf("%w: line %d repeats the piece %q", ErrVocabulary, id+1, piece)
		}
		w.pieces[piece] = id
		w.longest = max(w.longest, len(piece))
		id++
	}
	for name, to := range map[string]*int64{"[PAD]": &w.pad, "[UNK]": &w.unknown, "[CLS]": &w.cls, "[SEP]": &w.sep} {
		var ok bool
		if *to, ok = w.pieces[name]; !ok {
			return nil, fmt.Errorf("%w: the piece %s is missing", ErrVocabulary, name)
		}
	}
	return w, nil
}

// Pad returns the number of [PAD], which fills up the shorter texts of a batch.
func (w *WordPiece) Pad() int64 { return w.pad }

// Unknown returns the number of the piece that stands for what the vocabulary cannot spell.
func (w *WordPiece) Unknown() int64 { return w.unknown }

// Size returns how many pieces there are. The text graph must know as many.
func (w *WordPiece) Size() int { return len(w.pieces) }

// MaxTokens returns the most pieces that an encoding has.
func (w *WordPiece) MaxTokens() int { return w.maxTokens }

// Encode cuts a text into pieces. Words that the vocabulary cannot spell become [UNK].
func (w *WordPiece) Encode(text string) Encoding {
	e := encoder{w: w, room: w.maxTokens - 2}
	e.add(w.cls, Span{})
	for word := range words(normalize(text)) {
		if e.word(word); e.out.Truncated {
			break
		}
	}
	e.room++
	e.add(w.sep, Span{})
	return e.out
}

// encoder collects the pieces of one text.
type encoder struct {
	w    *WordPiece
	out  Encoding
	room int // pieces that still fit
	buf  []byte
	ends []int // byte offset in buf of the end of each rune
}

func (e *encoder) add(id int64, at Span) {
	e.out.IDs = append(e.out.IDs, id)
	e.out.Spans = append(e.out.Spans, at)
}

func (e *encoder) take(id int64, at Span) {
	if e.room == 0 {
		e.out.Truncated = true
		return
	}
	e.room--
	e.add(id, at)
}

// word cuts off the longest piece from the left, again and again.
func (e *encoder) word(word []glyph) {
	if len(word) > maxWord {
		e.take(e.w.unknown, whole(word))
		return
	}
	mark := len(e.out.IDs)
	room := e.room
	for from := 0; from < len(word); {
		id, n, ok := e.longest(word[from:], from > 0)
		if !ok {
			e.out.IDs, e.out.Spans = e.out.IDs[:mark], e.out.Spans[:mark]
			e.room, e.out.Truncated = room, false
			e.take(e.w.unknown, whole(word))
			return
		}
		e.take(id, whole(word[from:from+n]))
		from += n
	}
}

// longest returns the longest piece that the runes begin with, and its length in runes.
func (e *encoder) longest(runes []glyph, continued bool) (id int64, n int, ok bool) {
	e.buf, e.ends = e.buf[:0], e.ends[:0]
	if continued {
		e.buf = append(e.buf, "##"...)
	}
	for _, g := range runes {
		e.buf = utf8.AppendRune(e.buf, g.r)
		if len(e.buf) > e.w.longest {
			break
		}
		e.ends = append(e.ends, len(e.buf))
	}
	for n := len(e.ends); n > 0; n-- {
		if id, ok := e.w.pieces[string(e.buf[:e.ends[n-1]])]; ok {
			return id, n, true
		}
	}
	return 0, 0, false
}

// whole returns the bytes that the runes were made of.
func whole(g []glyph) Span {
	s := Span{g[0].at.Start, g[0].at.End}
	for _, g := range g[1:] {
		s.Start, s.End = min(s.Start, g.at.Start), max(s.End, g.at.End)
	}
	return s
}
