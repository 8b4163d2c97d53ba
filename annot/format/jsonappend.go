package format

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/saysee/saysee/annot"
)

// appendFloat appends the shortest decimal that reads back as f; 0 for what JSON cannot say.
func appendFloat(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		f = 0
	}
	if f == math.Trunc(f) && math.Abs(f) < 1e15 {
		return strconv.AppendInt(b, int64(f), 10)
	}
	if b, ok := appendCents(b, f); ok {
		return b
	}
	if abs := math.Abs(f); abs < 1e-6 || abs >= 1e21 {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	return strconv.AppendFloat(b, f, 'f', -1, 64)
}

// appendCents appends numbers of at most two decimals, which most coordinates are, several times faster than
// strconv. n/100 rounded to a float is what the decimal n/100 reads as, so that equality makes it right.
func appendCents(b []byte, f float64) ([]byte, bool) {
	n := math.Round(f * 100)
	if math.Abs(n) > 1e12 || n/100 != f {
		return b, false
	}
	cents := int64(n)
	if cents < 0 {
		b, cents = append(b, '-'), -cents
	}
	b = append(strconv.AppendInt(b, cents/100, 10), '.', byte('0'+cents/10%10))
	if last := cents % 10; last != 0 {
		b = append(b, byte('0'+last))
	}
	return b, true
}

const hexDigits = "0123456789abcdef"

// appendText appends s as a JSON string in UTF-8; only what must be escaped is.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			i++
			switch {
			case c == '"' || c == '\\':
				b = append(b, '\\', c)
			case c == '\n':
				b = append(b, '\\', 'n')
			case c == '\t':
				b = append(b, '\\', 't')
			case c < ' ':
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			default:
				b = append(b, c)
			}
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		b = utf8.AppendRune(b, r)
		i += n
	}
	return append(b, '"')
}

// appendPoints appends x,y,x,y,… without brackets.
func appendPoints(b []byte, pts []annot.Point) []byte {
	for i, p := range pts {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendFloat(b, p.X)
		b = append(b, ',')
		b = appendFloat(b, p.Y)
	}
	return b
}

// appendExtra appends ,"key":value for the unknown fields in the order of their keys, but not for those
// in taken, which the format writes itself.
func appendExtra(b []byte, extra map[string]json.RawMessage, taken map[string]bool) []byte {
	if len(extra) == 0 {
		return b
	}
	for _, k := range slices.Sorted(maps.Keys(extra)) {
		if taken[k] || !json.Valid(extra[k]) {
			continue
		}
		b = append(b, ',')
		b = appendText(b, k)
		b = append(b, ':')
		b = append(b, extra[k]...)
	}
	return b
}

// set makes a lookup of words.
func set(words ...string) map[string]bool {
	m := make(map[string]bool, len(words))
	for _, w := range words {
		m[w] = true
	}
	return m
}
