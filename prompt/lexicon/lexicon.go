package lexicon

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
)

// ErrLexicon is the cause of errors about a file that is no lexicon.
var ErrLexicon = errors.New("unusable lexicon")

// kind is what a word is for.
type kind byte

const (
	thing   kind = 'n'
	look    kind = 'a'
	carries kind = 'v' // worn, held, ridden: moves behind its head before 的
	dropped kind = 'd' // measure words, numbers, particles
	unknown kind = '?'
	foreign kind = 'l' // letters and digits, passed on as they are
)

// particle ends what stands before a head.
const particle = "的"

// maxBytes bounds what a compressed lexicon may grow to.
const maxBytes = 16 << 20

// word is what a dictionary has: what a word is for, and its English, the best first.
type word struct {
	kind    kind
	english []string
}

// dictionary is a lexicon's content.
type dictionary struct {
	words      map[string]word
	simplified map[rune]rune // of traditional characters
	longest    int           // runes of the longest word
}

// Lexicon reads phrases. It is safe for concurrent use.
type Lexicon struct {
	load func() (*dictionary, error)
}

// New returns the lexicon of a file as zoo/lexicon/build.py writes it, compressed by gzip. The file is read when the
// first Chinese phrase comes.
func New(file []byte) *Lexicon {
	return &Lexicon{load: sync.OnceValues(func() (*dictionary, error) { return decompress(file) })}
}

// Check reads the file. The error wraps ErrLexicon.
func (l *Lexicon) Check() error {
	_, err := l.load()
	return err
}

func decompress(file []byte) (*dictionary, error) {
	r, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLexicon, err)
	}
	return parse(io.LimitReader(r, maxBytes))
}

// parse reads a line of pairs of characters, traditional and simplified, then a word a line: simplified, kind and
// English (bars between), parted by tabs.
func parse(r io.Reader) (*dictionary, error) {
	lines := bufio.NewScanner(r)
	d := &dictionary{words: map[string]word{}, simplified: map[rune]rune{}}
	for n := 1; lines.Scan(); n++ {
		read := d.addWord
		if n == 1 {
			read = d.addPairs
		}
		if err := read(lines.Text()); err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrLexicon, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLexicon, err)
	}
	return d, nil
}

func (d *dictionary) addPairs(line string) error {
	pairs := []rune(line)
	if len(pairs)%2 != 0 {
		return errors.New("a traditional character has no simplified one")
	}
	for i := 0; i < len(pairs); i += 2 {
		d.simplified[pairs[i]] = pairs[i+1]
	}
	return nil
}

func (d *dictionary) addWord(line string) error {
	text, rest, _ := strings.Cut(line, "\t")
	mark, english, ok := strings.Cut(rest, "\t")
	if !ok || text == "" || len(mark) != 1 || !strings.Contains("navd", mark) {
		return errors.New("not a word, its kind and its English")
	}
	w := word{kind: kind(mark[0])}
	if w.kind != dropped {
		if w.english = strings.Split(english, "|"); english == "" {
			return errors.New("no English")
		}
	}
	d.words[text] = w
	d.longest = max(d.longest, len([]rune(text)))
	return nil
}

// IsChinese reports whether a phrase has a Chinese character.
func IsChinese(phrase string) bool {
	return strings.ContainsFunc(phrase, func(r rune) bool { return unicode.Is(unicode.Han, r) })
}
