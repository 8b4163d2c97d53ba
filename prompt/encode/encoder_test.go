package encode_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/saysee/saysee/prompt"
	"github.com/saysee/saysee/prompt/encode"
	"github.com/saysee/saysee/prompt/token"
)

const dim = 256

// graph stands for a text encoder: a vector that depends on the pieces of a text and on nothing else.
type graph struct {
	texts, batches atomic.Int64
	// hook, when set, runs before each batch.
	hook func(b encode.Batch) error
}

func (g *graph) run(_ context.Context, b encode.Batch) ([][]float32, error) {
	if g.hook != nil {
		if err := g.hook(b); err != nil {
			return nil, err
		}
	}
	g.batches.Add(1)
	g.texts.Add(int64(b.Texts))
	out := make([][]float32, b.Texts)
	for i := range out {
		h := fnv.New64a()
		for j := range b.Length {
			if b.Mask[i*b.Length+j] == 1 {
				fmt.Fprint(h, b.IDs[i*b.Length+j], " ")
			}
		}
		seed := h.Sum64()
		out[i] = make([]float32, dim)
		for j := range out[i] {
			seed = seed*6364136223846793005 + 1442695040888963407
			out[i][j] = float32(int32(seed>>32)) / (1 << 30)
		}
	}
	return out, nil
}

var wordPiece = sync.OnceValue(func() *token.WordPiece {
	vocabulary, err := os.ReadFile("../token/testdata/vocab.txt")
	if err != nil {
		panic(err)
	}
	w, err := token.NewWordPiece(vocabulary, 32)
	if err != nil {
		panic(err)
	}
	return w
})

func newEncoder(t testing.TB, g *graph, change func(*encode.Params)) *encode.Encoder {
	t.Helper()
	p := encode.Params{Tokenizer: wordPiece(), Run: g.run, Dim: dim, Batch: 8, Fingerprint: "test"}
	if change != nil {
		change(&p)
	}
	e, err := encode.New(p)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func in(dir string) func(*encode.Params) { return func(p *encode.Params) { p.Dir = dir } }

func vectors(t testing.TB, e *encode.Encoder, phrases ...string) ([][]float32, encode.Stats) {
	t.Helper()
	v, s, err := e.Vectors(t.Context(), phrases)
	if err != nil {
		t.Fatal(err)
	}
	return v, s
}

func check(t testing.TB, s encode.Stats, cached, encoded int) {
	t.Helper()
	if s.Cached != cached || s.Encoded != encoded {
		t.Errorf("%d cached and %d encoded, want %d and %d", s.Cached, s.Encoded, cached, encoded)
	}
}

func equal(a, b [][]float32) bool { return slices.EqualFunc(a, b, slices.Equal) }

func names(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s%d", strings.Repeat("big ", i%5), i)
	}
	return out
}

func TestVectors(t *testing.T) {
	t.Run("should encode a phrase once and give unit vectors in the order of the phrases", func(t *testing.T) {
		var g graph
		e := newEncoder(t, &g, nil)
		first, s := vectors(t, e, "cat", "a photo of a dog", "cat", "bird")
		check(t, s, 0, 3)
		if g.texts.Load() != 3 || g.batches.Load() != 1 {
			t.Errorf("%d texts in %d batches", g.texts.Load(), g.batches.Load())
		}
		if d := cmp.Diff(first[0], first[2]); d != "" || cmp.Equal(first[0], first[1]) {
			t.Errorf("vectors are in the wrong rows")
		}
		for i, v := range first {
			n := 0.0
			for _, x := range v {
				n += float64(x) * float64(x)
			}
			if math.Abs(n-1) > 1e-5 || len(v) != dim {
				t.Errorf("vector %d has %d numbers and the squared length %v", i, len(v), n)
			}
		}
		again, s := vectors(t, e, "bird", "cat", "cow")
		check(t, s, 2, 1)
		if d := cmp.Diff([][]float32{first[3], first[0]}, again[:2]); d != "" {
			t.Errorf("the same words have other vectors: %s", d)
		}
	})
	t.Run("should give a phrase the same vector in any company", func(t *testing.T) {
		var g graph
		alone := newEncoder(t, &g, func(p *encode.Params) { p.Batch = 0 })
		together := newEncoder(t, &g, func(p *encode.Params) { p.Batch = 64 })
		all, _ := vectors(t, together, names(100)...)
		for i, n := range names(100) {
			one, _ := vectors(t, alone, n)
			if !slices.Equal(one[0], all[i]) {
				t.Fatalf("%q has two vectors", n)
			}
		}
	})
	t.Run("should keep its vectors when a caller changes theirs", func(t *testing.T) {
		e := newEncoder(t, new(graph), nil)
		first, _ := vectors(t, e, "cat")
		want := slices.Clone(first[0])
		first[0][0] = 99
		again, _ := vectors(t, e, "cat")
		if d := cmp.Diff(want, again[0]); d != "" {
			t.Error(d)
		}
	})
	t.Run("should fuse the sentences of an ensemble", func(t *testing.T) {
		ensemble, err := prompt.NewEnsemble([]prompt.Template{"a {}", "the {}"}, prompt.NormalizeMeanNormalize)
		if err != nil {
			t.Fatal(err)
		}
		var g graph
		plain := newEncoder(t, &g, nil)
		parts, _ := vectors(t, plain, "a cat", "the cat")
		want := make([]float32, dim)
		ensemble.Fuse(want, parts)
		got, s := vectors(t, newEncoder(t, &g, func(p *encode.Params) { p.Ensemble = ensemble }), "dog", "cat")
		check(t, s, 0, 2)
		if d := cmp.Diff(want, got[1], cmpopts.EquateApprox(0, 1e-6)); d != "" {
			t.Error(d)
		}
	})
	t.Run("should name the phrases that are too long, also from the cache", func(t *testing.T) {
		dir := t.TempDir()
		long := strings.Repeat("cat ", 40)
		for range 2 {
			e := newEncoder(t, new(graph), in(dir))
			for range 2 {
				_, s := vectors(t, e, "dog", long)
				if d := cmp.Diff([]string{long}, s.Truncated); d != "" {
					t.Error(d)
				}
			}
		}
	})
	t.Run("should take no phrase and an empty one", func(t *testing.T) {
		e := newEncoder(t, new(graph), nil)
		if v, _ := vectors(t, e); len(v) != 0 {
			t.Errorf("%d vectors of nothing", len(v))
		}
		_, s := vectors(t, e, "")
		check(t, s, 0, 1)
	})
	t.Run("should forget the vectors that were used least, when memory is short", func(t *testing.T) {
		e := newEncoder(t, new(graph), func(p *encode.Params) { p.Memory = 3 * (4*dim + 300) })
		vectors(t, e, "a", "b", "c")
		vectors(t, e, "a")
		vectors(t, e, "d")
		_, s := vectors(t, e, "a", "c", "d")
		check(t, s, 3, 0)
		all, s := vectors(t, e, names(50)...)
		check(t, s, 0, 50)
		if cmp.Equal(all[0], all[49]) {
			t.Error("forgotten vectors are missing from the answer")
		}
	})
}

func TestCancel(t *testing.T) {
	t.Run("should stop, and remember what was done", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		g := graph{}
		g.hook = func(encode.Batch) error {
			if g.texts.Load() >= 500 {
				cancel()
			}
			return ctx.Err()
		}
		e := newEncoder(t, &g, nil)
		if _, s, err := e.Vectors(ctx, names(2000)); !errors.Is(err, context.Canceled) || s.Encoded < 400 || s.Encoded > 520 {
			t.Fatalf("%v after %d", err, s.Encoded)
		}
		g.hook = nil
		_, s := vectors(t, e, names(2000)...)
		if s.Cached < 400 || s.Cached+s.Encoded != 2000 {
			t.Errorf("%+v", s)
		}
	})
	t.Run("should not wait for another call's texts", func(t *testing.T) {
		running, release := make(chan struct{}), make(chan struct{})
		g := graph{hook: func(encode.Batch) error { close(running); <-release; return nil }}
		e := newEncoder(t, &g, nil)
		var wg sync.WaitGroup
		wg.Go(func() { _, _, _ = e.Vectors(context.Background(), []string{"slow"}) })
		<-running
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if _, _, err := e.Vectors(ctx, []string{"other"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		close(release)
		wg.Wait()
	})
	t.Run("should encode a word once for calls at the same time", func(t *testing.T) {
		var g graph
		e := newEncoder(t, &g, in(t.TempDir()))
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() { _, _, _ = e.Vectors(context.Background(), names(40)) })
		}
		wg.Wait()
		if n := g.texts.Load(); n != 40 {
			t.Errorf("%d texts were encoded for 40 words", n)
		}
	})
}

func TestBadGraph(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		run  encode.Run
		want error
	}{
		"should pass on the graph's error": {func(context.Context, encode.Batch) ([][]float32, error) { return nil, broken }, broken},
		"should refuse too few vectors":    {func(context.Context, encode.Batch) ([][]float32, error) { return nil, nil }, encode.ErrVectors},
		"should refuse vectors of another length": {func(context.Context, encode.Batch) ([][]float32, error) {
			return [][]float32{make([]float32, dim-1)}, nil
		}, encode.ErrVectors},
		"should refuse a vector without a direction": {func(context.Context, encode.Batch) ([][]float32, error) {
			return [][]float32{make([]float32, dim)}, nil
		}, encode.ErrVectors},
	} {
		t.Run(name, func(t *testing.T) {
			e := newEncoder(t, new(graph), func(p *encode.Params) { p.Run = c.run })
			if _, _, err := e.Vectors(t.Context(), []string{"cat"}); !errors.Is(err, c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("should refuse to be made of nothing", func(t *testing.T) {
		if _, err := encode.New(encode.Params{}); err == nil {
			t.Error("no error")
		}
	})
}
