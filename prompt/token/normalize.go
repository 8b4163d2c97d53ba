package token

import (
	"iter"
	"slices"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// glyph is a rune of the normalized text and the bytes of the text that it was made of.
type glyph struct {
	r  rune
	at Span
}

// normalize cleans a text, sets ideographs apart, strips accents and lowers the case, in the order of
// BertNormalizer (huggingface/tokenizers, normalizers/bert.rs). That library's tables of categories are
// those of Unicode 7; punctuation and accents that came later are treated as such here, and are in no
// vocabulary of that time.
func normalize(text string) []glyph {
	out := make([]glyph, 0, len(text)+8)
	var buf [64]byte
	for i, r := range text {
		if r == 0 || r == utf8.RuneError || isControl(r) {
			continue
		}
		_, size := utf8.DecodeRuneInString(text[i:])
		at := Span{i, i + size}
		switch {
		case unicode.IsSpace(r):
			out = append(out, glyph{' ', at})
		case r < utf8.RuneSelf:
			out = append(out, glyph{lower(r), at})
		default:
			apart := isIdeograph(r)
			if apart {
				out = append(out, glyph{' ', at})
			}
			for _, d := range string(norm.NFD.AppendString(buf[:0], text[i:i+size])) {
				out = append(out, glyph{d, at})
			}
			if apart {
				out = append(out, glyph{' ', at})
			}
		}
	}
	order(out)
	out = slices.DeleteFunc(out, func(g glyph) bool { return unicode.Is(unicode.Mn, g.r) })
	for i := range out {
		out[i].r = lower(out[i].r)
	}
	return out
}

// order puts combining marks into the canonical order, which decomposing rune by rune does not.
func order(glyphs []glyph) {
	for i := 0; i < len(glyphs); i++ {
		from := i
		for i < len(glyphs) && class(glyphs[i].r) > 0 {
			i++
		}
		if i-from > 1 {
			slices.SortStableFunc(glyphs[from:i], func(a, b glyph) int { return int(class(a.r)) - int(class(b.r)) })
		}
	}
}

// class returns the canonical combining class.
func class(r rune) uint8 {
	if r < 0x300 {
		return 0
	}
	var buf [utf8.UTFMax]byte
	return norm.NFD.Properties(utf8.AppendRune(buf[:0], r)).CCC()
}

func lower(r rune) rune {
	if r < utf8.RuneSelf {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}
	return unicode.ToLower(r)
}

// words yields the words of a text: what stands between white space, with every mark of punctuation a
// word of its own (BertPreTokenizer).
func words(glyphs []glyph) iter.Seq[[]glyph] {
	return func(yield func([]glyph) bool) {
		from := 0
		for i, g := range glyphs {
			space, mark := unicode.IsSpace(g.r), isPunctuation(g.r)
			if !space && !mark {
				continue
			}
			if from < i && !yield(glyphs[from:i]) {
				return
			}
			from = i + 1
			if mark && !yield(glyphs[i:from]) {
				return
			}
		}
		if from < len(glyphs) {
			yield(glyphs[from:])
		}
	}
}

// isControl reports the category C, but for the white space in it.
func isControl(r rune) bool {
	if r < utf8.RuneSelf {
		return (r < ' ' || r == 0x7f) && r != '\t' && r != '\n' && r != '\r'
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co)
}

// isPunctuation reports all of ASCII's marks, which Unicode calls symbols in part, and the category P.
func isPunctuation(r rune) bool {
	if r < utf8.RuneSelf {
		return '!' <= r && r <= '/' || ':' <= r && r <= '@' || '[' <= r && r <= '`' || '{' <= r && r <= '~'
	}
	return unicode.Is(unicode.P, r)
}

// isIdeograph reports the blocks that BERT's authors call CJK: no kana, no hangul.
func isIdeograph(r rune) bool {
	return r >= 0x3400 && unicode.Is(ideographs, r)
}

var ideographs = &unicode.RangeTable{
	R16: []unicode.Range16{{0x3400, 0x4DBF, 1}, {0x4E00, 0x9FFF, 1}, {0xF900, 0xFAFF, 1}},
	R32: []unicode.Range32{
		{0x20000, 0x2A6DF, 1}, {0x2A700, 0x2B73F, 1}, {0x2B740, 0x2B81F, 1}, {0x2B920, 0x2CEAF, 1}, {0x2F800, 0x2FA1F, 1},
	},
}
