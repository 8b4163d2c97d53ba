package token

import (
	"html"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// clean is what CLIP's tokenizer does to a text before it cuts it (openai/CLIP, clip/simple_tokenizer.py:
// basic_clean, whitespace_clean, lower): ftfy.fix_text, HTML's references twice, white space, lower case.
//
// What differs from the official code: ftfy's repair of text that was decoded with the wrong encoding ("Ã©" for
// "é") is not done, since a person's words are typed, not scraped, and its guesses can be wrong; bytes that are
// not UTF-8, which Python cannot hold, become U+FFFD; and letters, digits and cases are those of this Go
// version's Unicode, where Python's libraries each have their own.
func clean(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	text = fix(text)
	text = unescape(unescape(text))
	text = strings.Join(strings.FieldsFunc(text, unicode.IsSpace), " ")
	return cases.Lower(language.Und).String(text)
}

// fix is ftfy.fix_text of ftfy 6 with its default settings, but for the repair of encodings. Lines are fixed one
// by one; HTML's references are replaced up to the first line with a "<", which looks like HTML proper.
func fix(text string) string {
	var b strings.Builder
	escaped := true
	for line := range strings.SplitAfterSeq(text, "\n") {
		escaped = escaped && !strings.Contains(line, "<")
		b.WriteString(fixLine(line, escaped))
	}
	return b.String()
}

// fixLine repeats the fixes until nothing changes. Every fix but NFC shortens what it replaces or replaces it by
// what no fix touches, so that this ends.
func fixLine(line string, escaped bool) string {
	for {
		before := line
		if escaped {
			line = references.ReplaceAllStringFunc(line, reference)
		}
		line = strings.Map(windows1252, line)
		line = characters.Replace(line)
		line = widths(line)
		line = terminalEscapes.ReplaceAllString(line, "")
		line = strings.Map(printable, line)
		line = norm.NFC.String(line)
		if line == before {
			return line
		}
	}
}

// references are HTML's references that end with a semicolon.
var references = regexp.MustCompile(`&#?[0-9A-Za-z]{1,24};`)

// reference replaces one of HTML's references, and one whose name was written in capitals by a capital.
func reference(ref string) string {
	if resolved := unescape(ref); ref == "&semi;" || !strings.Contains(resolved, ";") {
		return resolved
	}
	if ref == strings.ToUpper(ref) && !strings.HasPrefix(ref, "&#") {
		if resolved := html.UnescapeString(strings.ToLower(ref)); !strings.Contains(resolved, ";") {
			return strings.ToUpper(resolved)
		}
	}
	return ref
}

// windows1252 gives control characters of Latin-1 the meaning that they have in Windows' code page, where they
// have one.
func windows1252(r rune) rune {
	if 0x80 <= r && r <= 0x9F {
		if meant := charmap.Windows1252.DecodeByte(byte(r)); meant != unicode.ReplacementChar {
			return meant
		}
	}
	return r
}

// characters are ligatures of Latin letters, the ideographic space, curled quotes and line breaks.
var characters = strings.NewReplacer(
	"Ĳ", "IJ", "ĳ", "ij", "ŉ", "ʼn", "Ǳ", "DZ", "ǲ", "Dz", "ǳ", "dz", "Ǆ", "DŽ", "ǅ", "Dž", "ǆ", "dž", "Ǉ", "LJ", "ǈ", "Lj",
	"ǉ", "lj", "Ǌ", "NJ", "ǋ", "Nj", "ǌ", "nj", "ﬀ", "ff", "ﬁ", "fi", "ﬂ", "fl", "ﬃ", "ffi", "ﬄ", "ffl", "ﬅ", "ſt", "ﬆ", "st",
	"\u3000", " ",
	"\u02BC", "'", "\u2018", "'", "\u2019", "'", "\u201A", "'", "\u201B", "'",
	"\u201C", `"`, "\u201D", `"`, "\u201E", `"`, "\u201F", `"`,
	"\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u0085", "\n",
)

// widths replaces half-width and full-width forms by the usual ones.
func widths(s string) string {
	if !strings.ContainsFunc(s, isWidthForm) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if isWidthForm(r) {
			b.WriteString(norm.NFKC.String(string(r)))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func isWidthForm(r rune) bool { return 0xFF01 <= r && r < 0xFFF0 }

var terminalEscapes = regexp.MustCompile("\x1b\\[[0-9;]*[a-zA-Z]")

// printable drops (-1) control characters that no text means.
func printable(r rune) rune {
	switch {
	case r < ' ' && r != '\t' && r != '\n' && r != '\f' && r != '\r', r == 0x7F,
		0x206A <= r && r <= 0x206F, r == 0xFEFF, 0xFFF9 <= r && r <= 0xFFFC:
		return -1
	}
	return r
}

// numeric are HTML's references by number. Their semicolon may be missing.
var numeric = regexp.MustCompile(`&#(?:[0-9]+|[xX][0-9a-fA-F]+);?`)

// unescape is html.unescape of Python: Go's html.UnescapeString, but numbers that stand for no character vanish.
func unescape(s string) string {
	if !strings.Contains(s, "&") {
		return s
	}
	var b strings.Builder
	for {
		at := numeric.FindStringIndex(s)
		if at == nil {
			b.WriteString(html.UnescapeString(s))
			return b.String()
		}
		b.WriteString(html.UnescapeString(s[:at[0]]))
		b.WriteString(character(s[at[0]+len("&#") : at[1]]))
		s = s[at[1]:]
	}
}

// character returns what a reference's number stands for.
func character(number string) string {
	base, digits := 10, strings.TrimSuffix(number, ";")
	if digits[0] == 'x' || digits[0] == 'X' {
		base, digits = 16, digits[1:]
	}
	n, err := strconv.ParseUint(digits, base, 32)
	switch {
	case err != nil, n > unicode.MaxRune, n == 0, 0xD800 <= n && n <= 0xDFFF:
		return "\uFFFD"
	case 0x80 <= n && n <= 0x9F:
		return string(windows1252(rune(n)))
	case n < ' ' && n != '\t' && n != '\n' && n != '\f' && n != '\r', n == 0x7F,
		0xFDD0 <= n && n <= 0xFDEF, n&0xFFFE == 0xFFFE:
		return ""
	}
	return string(rune(n))
}
