package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep JSON and XML may be nested; real annotation files stay under ten.
const maxDepth = 200

// scanner walks over JSON text without building values that nobody asked for: annotation files of large
// datasets have hundreds of megabytes, and encoding/json reads them several times slower than the disk.
// It accepts what Python's json module writes beyond the standard: NaN, Infinity and -Infinity. After
// the first fault every method returns zero values and err stays.
type scanner struct {
	b    []byte
	i    int
	err  *syntaxError
	soft []softFault
}

// softFault is a fault in one field that leaves the rest of the value readable.
type softFault struct {
	offset int
	err    error
}

// warn notes a soft fault at offset.
func (s *scanner) warn(offset int, err error) { s.soft = append(s.soft, softFault{offset, err}) }

// syntaxError is a fault at a byte of the text.
type syntaxError struct {
	offset int
	msg    string
}

func (e *syntaxError) Error() string {
	return fmt.Sprintf("%v: %s at byte %d", ErrSyntax, e.msg, e.offset)
}
func (e *syntaxError) Unwrap() error { return ErrSyntax }

func (s *scanner) fail(msg string) {
	if s.err == nil {
		s.err = &syntaxError{s.i, msg}
	}
}

// ended reports the fault at the place where more text was needed.
func (s *scanner) ended() { s.fail("unexpected end of the file") }

// peek returns the next byte that is not white space, 0 at the end or after a fault.
func (s *scanner) peek() byte {
	if s.err != nil {
		return 0
	}
	for ; s.i < len(s.b); s.i++ {
		switch c := s.b[s.i]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// take consumes the byte c and reports whether it was next.
func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.i++
	return true
}

// want consumes the byte c or fails.
func (s *scanner) want(c byte) bool {
	if s.take(c) {
		return true
	}
	if s.err == nil {
		if s.i >= len(s.b) {
			s.ended()
		} else {
			s.fail(fmt.Sprintf("%q instead of %q", s.b[s.i], c))
		}
	}
	return false
}

// object calls member for each member of an object, with the scanner at the value, which member must
// consume. A value of another type is a fault.
func (s *scanner) object(member func(key []byte)) {
	if !s.want('{') || s.take('}') {
		return
	}
	for s.err == nil {
		if s.peek() != '"' {
			s.want('"')
			return
		}
		key := s.key()
		if !s.want(':') {
			return
		}
		member(key)
		if s.take('}') {
			return
		}
		s.want(',')
	}
}

// array calls element for each element of an array, with the scanner at the value, which element must
// consume. A value of another type is a fault.
func (s *scanner) array(element func(i int)) {
	if !s.want('[') || s.take(']') {
		return
	}
	for i := 0; s.err == nil; i++ {
		element(i)
		if s.take(']') {
			return
		}
		s.want(',')
	}
}

// quoted consumes a string and returns what stands between the quotes.
func (s *scanner) quoted() []byte {
	if !s.want('"') {
		return nil
	}
	for at := s.i; ; {
		n := bytes.IndexByte(s.b[at:], '"')
		if n < 0 {
			s.ended()
			return nil
		}
		at += n
		slashes := 0
		for at-1-slashes >= s.i && s.b[at-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			text := s.b[s.i:at]
			s.i = at + 1
			return text
		}
		at++
	}
}

// key consumes a string and returns it decoded; it shares the text's memory where it can.
func (s *scanner) key() []byte {
	q := s.quoted()
	if bytes.IndexByte(q, '\\') < 0 {
		return q
	}
	return []byte(unescape(q))
}

// text consumes a string. Bytes that are no UTF-8 are taken for Latin-1.
func (s *scanner) text() string {
	q := s.quoted()
	if bytes.IndexByte(q, '\\') >= 0 {
		return unescape(q)
	}
	return utf8Text(q)
}

// utf8Text returns b as text, reading it as Latin-1 (Windows-1252's common half) when it is no UTF-8.
func utf8Text(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape decodes the inside of a JSON string; a broken escape stays as it is written.
func unescape(q []byte) string {
	out := make([]byte, 0, len(q))
	for i := 0; i < len(q); i++ {
		if q[i] != '\\' || i+1 == len(q) {
			out = append(out, q[i])
			continue
		}
		i++
		if r, n := unicodeEscape(q[i:]); n > 0 {
			out = utf8.AppendRune(out, r)
			i += n - 1
		} else if c := escapes[q[i]]; c != 0 {
			out = append(out, c)
		} else {
			out = append(out, '\\', q[i])
		}
	}
	return utf8Text(out)
}

// unicodeEscape decodes uXXXX, or two of them that are a surrogate pair, and returns the bytes it took.
func unicodeEscape(q []byte) (rune, int) {
	first, ok := hex4(q)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(first) && len(q) > 6 && q[5] == '\\' {
		if second, ok := hex4(q[6:]); ok {
			if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
				return r, 11
			}
		}
	}
	return first, 5
}

func hex4(q []byte) (rune, bool) {
	if len(q) < 5 || q[0] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(q[1:5]), 16, 16)
	return rune(n), err == nil
}

// literal consumes a run of letters, such as true or NaN.
func (s *scanner) literal() []byte {
	at := s.i
	for s.i < len(s.b) && (s.b[s.i]|0x20 >= 'a' && s.b[s.i]|0x20 <= 'z') {
		s.i++
	}
	return s.b[at:s.i]
}

var pow10 = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// number consumes a number. Short decimals, which are nearly all, are converted exactly with one division
// (Clinger's fast path: mantissa < 2^53 and power of ten ≤ 22); the rest goes to strconv.
func (s *scanner) number() float64 {
	c := s.peek()
	at := s.i
	if c == '-' {
		s.i++
	}
	mantissa, digits, frac := uint64(0), 0, 0
	dot := false
	for ; s.i < len(s.b); s.i++ {
		c = s.b[s.i]
		if d := c - '0'; d <= 9 {
			mantissa = mantissa*10 + uint64(d)
			digits++
			if dot {
				frac++
			}
		} else if c == '.' && !dot {
			dot = true
		} else {
			break
		}
	}
	if s.err != nil {
		return 0
	}
	if digits == 0 || digits > 15 || s.i < len(s.b) && s.b[s.i]|0x20 == 'e' {
		s.i = at
		return s.slowNumber()
	}
	f := float64(mantissa) / pow10[frac]
	if s.b[at] == '-' {
		f = -f
	}
	return f
}

func (s *scanner) slowNumber() float64 {
	at := s.i
	if s.i < len(s.b) && s.b[s.i] == '-' {
		s.i++
	}
	switch word := s.literal(); string(word) {
	case "NaN":
		return math.NaN()
	case "Infinity":
		return math.Inf(1 - 2*(s.i-at-len(word)))
	case "":
	default:
		s.i = at
		s.fail(fmt.Sprintf("%.10q instead of a number", word))
		return 0
	}
	for s.i < len(s.b) && numberByte[s.b[s.i]] {
		s.i++
	}
	f, err := strconv.ParseFloat(string(s.b[at:s.i]), 64)
	if err != nil && !math.IsInf(f, 0) {
		s.i = at
		if at >= len(s.b) {
			s.ended()
		} else {
			s.fail(fmt.Sprintf("%q instead of a number", s.b[at]))
		}
		return 0
	}
	return f
}

var numberByte = [256]bool{
	'0': true, '1': true, '2': true, '3': true, '4': true, '5': true, '6': true, '7': true, '8': true, '9': true,
	'+': true, '-': true, '.': true, 'e': true, 'E': true,
}

// skip consumes any value and returns its text. Brackets are only counted, so that a fault inside the
// value is left to whoever reads it and the values after it stay readable.
func (s *scanner) skip() []byte {
	c := s.peek()
	at := s.i
	switch {
	case s.err != nil:
		return nil
	case c == 0:
		s.ended()
		return nil
	case c == '"':
		s.quoted()
	case c == '{' || c == '[':
		s.skipNested()
	default:
		for s.i < len(s.b) && !delimiter[s.b[s.i]] {
			s.i++
		}
		if s.i == at {
			s.fail(fmt.Sprintf("%q instead of a value", c))
		}
	}
	if s.err != nil {
		return nil
	}
	return s.b[at:s.i]
}

var delimiter = [256]bool{',': true, ']': true, '}': true, ':': true, '"': true, '[': true, '{': true, ' ': true, '\t': true, '\r': true, '\n': true}

// structural marks the bytes that skipNested stops at.
var structural = [256]bool{'"': true, '[': true, ']': true, '{': true, '}': true}

func (s *scanner) skipNested() {
	depth := 0
	b := s.b
	for i := s.i; i < len(b); i++ {
		if !structural[b[i]] {
			continue
		}
		switch b[i] {
		case '"':
			s.i = i
			s.quoted()
			if s.err != nil {
				return
			}
			i = s.i - 1
		case '[', '{':
			if depth++; depth > maxDepth {
				s.i = i
				s.fail(fmt.Sprintf("nested deeper than %d levels", maxDepth))
				return
			}
		case ']', '}':
			if depth--; depth == 0 {
				s.i = i + 1
				return
			}
		}
	}
	s.i = len(b)
	s.ended()
}

// null consumes null and reports whether it was next.
func (s *scanner) null() bool {
	if s.peek() == 'n' && bytes.HasPrefix(s.b[s.i:], []byte("null")) {
		s.i += 4
		return true
	}
	return false
}

// boolean consumes true, false, null or a number (0 is false).
func (s *scanner) boolean() bool {
	switch c := s.peek(); c {
	case 't', 'f', 'n':
		at := s.i
		switch string(s.literal()) {
		case "true":
			return true
		case "false", "null":
			return false
		}
		s.i = at
		s.fail("no boolean")
		return false
	}
	return s.number() != 0
}

// integer consumes an integer, or a string of digits.
func (s *scanner) integer() (int64, bool) {
	if s.peek() == '"' {
		n, err := strconv.ParseInt(string(s.quoted()), 10, 64)
		return n, err == nil
	}
	at := s.i
	f := s.number()
	if s.err != nil || f != math.Trunc(f) || math.Abs(f) >= 1<<63 {
		return 0, false
	}
	if n, err := strconv.ParseInt(string(s.b[at:s.i]), 10, 64); err == nil {
		return n, true
	}
	return int64(f), true
}

// unknown consumes a value of a field that Saysee does not know and returns a copy for Extra. Text that
// encoding/json would refuse cannot be written again, and is a fault.
func (s *scanner) unknown() json.RawMessage {
	at := s.i
	raw := s.skip()
	if s.err != nil {
		return nil
	}
	if !json.Valid(raw) {
		s.i = at
		s.fail("invalid value")
		return nil
	}
	if !utf8.Valid(raw) {
		return json.RawMessage(utf8Text(raw))
	}
	return bytes.Clone(raw)
}

// withoutBOM removes the byte order mark that some editors put before UTF-8.
func withoutBOM(b []byte) []byte { return bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")) }
