package token_test

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/prompt/token"
)

func vocabulary(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("testdata/vocab.txt")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func wordPiece(t testing.TB, maxTokens int) *token.WordPiece {
	t.Helper()
	w, err := token.NewWordPiece(vocabulary(t), maxTokens)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// encodings are what the scripts of zoo/parity write.
type encodings struct {
	MaxTokens int `json:"max_tokens"`
	Encodings []struct {
		Text      string  `json:"text"`
		IDs       []int64 `json:"ids"`
		Spans     []int   `json:"spans"`
		Truncated bool    `json:"truncated"`
	} `json:"encodings"`
}

func readEncodings(t *testing.T, path string) encodings {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var e encodings
	if err := json.NewDecoder(z).Decode(&e); err != nil {
		t.Fatal(err)
	}
	if len(e.Encodings) < 2000 {
		t.Fatalf("only %d encodings to compare with", len(e.Encodings))
	}
	return e
}

// TestReference compares with encodings of the library that trained the text encoders; see
// zoo/parity/wordpiece.py.
func TestReference(t *testing.T) {
	want := readEncodings(t, "testdata/encodings.json.gz")
	w := wordPiece(t, want.MaxTokens)
	for _, e := range want.Encodings {
		got := w.Encode(e.Text)
		if d := cmp.Diff(e.IDs, got.IDs); d != "" {
			t.Errorf("%q: ids (-want +got):\n%s", e.Text, d)
			continue
		}
		if got.Truncated != e.Truncated {
			t.Errorf("%q: truncated is %v, want %v", e.Text, got.Truncated, e.Truncated)
		}
		var spans []int
		for _, s := range got.Spans {
			spans = append(spans, s.Start, s.End)
		}
		if d := cmp.Diff(e.Spans, spans); d != "" {
			t.Errorf("%q: spans (-want +got):\n%s", e.Text, d)
		}
	}
}

func TestEncode(t *testing.T) {
	w := wordPiece(t, 32)
	t.Run("should read a text that is not UTF-8", func(t *testing.T) {
		if d := cmp.Diff(w.Encode("cat").IDs, w.Encode("c\xffat\xc3").IDs); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
	t.Run("should say what it left out", func(t *testing.T) {
		long := wordPiece(t, 5).Encode("cat cat cat cat")
		if !long.Truncated || len(long.IDs) != 5 || long.IDs[4] != 3 {
			t.Errorf("got %+v", long)
		}
		if fits := wordPiece(t, 5).Encode("cat cat cat"); fits.Truncated || len(fits.IDs) != 5 {
			t.Errorf("got %+v", fits)
		}
	})
}

func TestNewWordPiece(t *testing.T) {
	for name, c := range map[string]struct {
		vocabulary string
		maxTokens  int
	}{
		"should refuse an empty file":               {"", 32},
		"should refuse a vocabulary without [SEP]":  {"[PAD]\n[UNK]\n[CLS]\ncat\n", 32},
		"should refuse a piece that stands twice":   {"[PAD]\n[UNK]\n[CLS]\n[SEP]\ncat\ncat\n", 32},
		"should refuse a limit without room":        {"[PAD]\n[UNK]\n[CLS]\n[SEP]\ncat\n", 2},
		"should refuse a file that is not of words": {"\x00\x01\x02", 32},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := token.NewWordPiece([]byte(c.vocabulary), c.maxTokens); !errors.Is(err, token.ErrVocabulary) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("should find the special pieces by name and number by line, whatever the line's end", func(t *testing.T) {
		w, err := token.NewWordPiece([]byte("cat\r\n[SEP]\r\n[CLS]\r\n##s\r\n[UNK]\r\n[PAD]"), 8)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]int64{2, 0, 3, 4, 1}, w.Encode("Cats dog").IDs); d != "" || w.Pad() != 5 {
			t.Errorf("pad %d, ids (-want +got):\n%s", w.Pad(), d)
		}
	})
}

func FuzzEncode(f *testing.F) {
	for _, s := range []string{"", "a photo of a cat", "naïve café", "猫 cat", "c\xffat", strings.Repeat("x", 120), "\u0301\u0323", "한국어"} {
		f.Add(s)
	}
	w := wordPiece(f, 32)
	long := wordPiece(f, 1<<20)
	f.Fuzz(func(t *testing.T, text string) {
		e, all := w.Encode(text), long.Encode(text)
		if n := len(e.IDs); n < 2 || n > 32 || e.IDs[0] != 2 || e.IDs[n-1] != 3 || len(e.Spans) != n {
			t.Fatalf("bad encoding %+v", e)
		}
		if e.Truncated != (len(all.IDs) > 32) || all.Truncated {
			t.Errorf("truncated is %v for %d pieces", e.Truncated, len(all.IDs))
		}
		if n := len(e.IDs) - 1; !slices.Equal(e.IDs[:n], all.IDs[:n]) {
			t.Errorf("the limit changed the pieces before it: %v, %v", e.IDs, all.IDs)
		}
		for _, s := range all.Spans {
			if s.Start < 0 || s.End < s.Start || s.End > len(text) || s.Start < len(text) && utf8.ValidString(text) && !utf8.RuneStart(text[s.Start]) {
				t.Errorf("bad span %v in %q", s, text)
			}
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	w := wordPiece(b, 32)
	b.ReportAllocs()
	for b.Loop() {
		w.Encode("a photo of the large traffic light")
	}
}
