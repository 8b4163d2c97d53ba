package token_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/prompt/token"
)

func bytePairs(t testing.TB, dir string, maxTokens int) *token.BPE {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "merges.txt"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := token.NewBPE(data, maxTokens)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBytePairsEqualTheReference compares with openai/CLIP's own tokenizer on a small list of merges, and on the
// official one when SAYSEE_BPE names a folder that zoo/parity/bpe.py --full wrote.
func TestBytePairsEqualTheReference(t *testing.T) {
	for name, dir := range map[string]string{"small": "testdata", "official": os.Getenv("SAYSEE_BPE")} {
		if dir == "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			want := readEncodings(t, filepath.Join(dir, "bpe.json.gz"))
			b := bytePairs(t, dir, want.MaxTokens)
			for _, e := range want.Encodings {
				got := b.Encode(e.Text)
				if d := cmp.Diff(e.IDs, got.IDs); d != "" || got.Truncated != e.Truncated {
					t.Errorf("%q: truncated %v, want %v, ids (-want +got):\n%s", e.Text, got.Truncated, e.Truncated, d)
				}
			}
		})
	}
}

func TestEncodeBytePairs(t *testing.T) {
	b := bytePairs(t, "testdata", 77)
	t.Run("should read a text that is not UTF-8", func(t *testing.T) {
		if d := cmp.Diff(b.Encode("c\uFFFDat").IDs, b.Encode("c\xffat").IDs); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
	t.Run("should end a text that is too long with the piece for the end", func(t *testing.T) {
		e := b.Encode(strings.Repeat("cat ", 100))
		if !e.Truncated || len(e.IDs) != 77 || e.IDs[76] != int64(b.Size()-1) {
			t.Errorf("got %+v", e)
		}
	})
	t.Run("should leave control characters out", func(t *testing.T) {
		if d := cmp.Diff(b.Encode("red cup").IDs, b.Encode("\x00re\x07d\x1b[31m cup\x7f").IDs); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}

func TestNewBPE(t *testing.T) {
	for name, c := range map[string]struct {
		merges    string
		maxTokens int
	}{
		"should refuse an empty file":              {"", 77},
		"should refuse a list without a version":   {"c a\nca t</w>\n", 77},
		"should refuse a merge of unknown pieces":  {"#version: 0.2\nca t</w>\n", 77},
		"should refuse a merge that stands twice":  {"#version: 0.2\nc a\nc a\n", 77},
		"should refuse a line that is no merge":    {"#version: 0.2\ncat\n", 77},
		"should refuse a limit without room":       {"#version: 0.2\nc a\n", 2},
		"should refuse a list of WordPiece's kind": {"[PAD]\n[UNK]\n[CLS]\n[SEP]\n", 77},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := token.NewBPE([]byte(c.merges), c.maxTokens); !errors.Is(err, token.ErrVocabulary) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func FuzzBytePairs(f *testing.F) {
	for _, s := range []string{"cat", "it's 2024", "&amp;#", "\x1b[", "Ａ", "\xff\xfe", "<|endoftext|>", "e\u0301"} {
		f.Add(s)
	}
	b := bytePairs(f, "testdata", 16)
	f.Fuzz(func(t *testing.T, text string) {
		e := b.Encode(text)
		if len(e.IDs) < 2 || len(e.IDs) > 16 {
			t.Fatalf("%d pieces", len(e.IDs))
		}
		for _, id := range e.IDs {
			if id < 0 || id >= int64(b.Size()) {
				t.Fatalf("no piece has the number %d", id)
			}
		}
	})
}

func BenchmarkBytePairs(b *testing.B) {
	t := bytePairs(b, "testdata", 77)
	for b.Loop() {
		t.Encode("a photo of the large traffic light standing near a yellow fire hydrant in the street")
	}
}
