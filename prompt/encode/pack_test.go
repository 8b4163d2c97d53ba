package encode_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/prompt/encode"
	"github.com/saysee/saysee/prompt/lexicon"
)

// TestPack runs the bundled packs' text encoder, from words to vectors.
func TestPack(t *testing.T) {
	engine := modeltest.Engine(t, 2)
	dir := t.TempDir()
	open := func(id string) *encode.Encoder {
		e, err := encode.Open(engine, modeltest.Pack(t, id), dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	e := open("vild-starter")

	t.Run("should give the vectors of the reference", func(t *testing.T) {
		// By zoo/parity/vectors.py. The tolerance is that of int8 kernels on other processors.
		data, err := os.ReadFile("testdata/cosines.json")
		if err != nil {
			t.Fatal(err)
		}
		var want struct {
			Phrases []string
			Cosines [][]float64
		}
		if err := json.Unmarshal(data, &want); err != nil {
			t.Fatal(err)
		}
		v, _ := vectors(t, e, want.Phrases...)
		for i := range v {
			for j := range v {
				dot := 0.0
				for k := range v[i] {
					dot += float64(v[i][k]) * float64(v[j][k])
				}
				if d := math.Abs(dot - want.Cosines[i][j]); d > 0.02 {
					t.Errorf("cosine of %q and %q is %.4f, want %.4f", want.Phrases[i], want.Phrases[j], dot, want.Cosines[i][j])
				}
			}
		}
	})
	t.Run("should run nothing for a cached word, in another pack with the same text side too", func(t *testing.T) {
		vectors(t, e, "lighthouse")
		before := engine.Runs()
		for _, again := range []*encode.Encoder{e, open("vild-starter"), open("lseg-starter")} {
			_, s := vectors(t, again, "lighthouse")
			check(t, s, 1, 0)
		}
		if n := engine.Runs() - before; n != 0 {
			t.Errorf("%d runs", n)
		}
	})
	t.Run("should read the output that a pack states, and never keep one for another", func(t *testing.T) {
		drawn, _ := vectors(t, e, "settee")
		raw, s := vectors(t, open("clip-starter"), "settee")
		check(t, s, 0, 1)
		again, s := vectors(t, open("clip-starter"), "settee")
		check(t, s, 1, 0)
		if slices.Equal(raw[0], drawn[0]) || !slices.Equal(raw[0], again[0]) {
			t.Error("a word's vector before it is drawn to names is the one after, or another each time")
		}
	})
	t.Run("should read the usual output of a pack that states none", func(t *testing.T) {
		pack := *modeltest.Pack(t, "clip-starter")
		manifest := *pack.Manifest
		manifest.Text.Output = ""
		pack.Manifest = &manifest
		old, err := encode.Open(engine, &pack, dir, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, s := vectors(t, old, "settee")
		check(t, s, 1, 0)
		if want, _ := vectors(t, e, "settee"); !slices.Equal(got[0], want[0]) {
			t.Error("it is another than the boxes'")
		}
	})
	t.Run("should encode a new word in 15 ms", func(t *testing.T) {
		best := time.Hour
		for _, w := range strings.Fields("anchor balloon candle drum envelope feather guitar hammer") {
			_, s := vectors(t, e, w)
			check(t, s, 0, 1)
			best = min(best, s.Took)
		}
		t.Logf("a new word: %v", best)
		if best > 15*time.Millisecond {
			t.Errorf("a new word takes %v", best)
		}
	})
	t.Run("should read a prompt of 10,000 characters up to its limit and say so", func(t *testing.T) {
		_, s := vectors(t, e, strings.Repeat("traffic ", 1250))
		if len(s.Truncated) != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// TestChinese runs the text encoder on what the bundled lexicon makes of Chinese phrases.
func TestChinese(t *testing.T) {
	engine := modeltest.Engine(t, 2)
	file, err := os.ReadFile("../../assets/lexicon/zh-en.tsv.gz")
	if err != nil {
		t.Fatal(err)
	}
	open := func(pack *model.Pack, words *lexicon.Lexicon) *encode.Encoder {
		e, err := encode.Open(engine, pack, "", words)
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	pack := modeltest.Pack(t, "vild-starter")
	e := open(pack, lexicon.New(file))

	t.Run("should give a word the vector of its English", func(t *testing.T) {
		v, s := vectors(t, e, "猫", "cat", "红色的杯子", "red cup", "cat")
		if !slices.Equal(v[0], v[1]) || !slices.Equal(v[2], v[3]) || !slices.Equal(v[0], v[4]) {
			t.Error("vectors differ")
		}
		if s.Encoded != 2 {
			t.Errorf("%d texts encoded, want 2", s.Encoded)
		}
	})
	t.Run("should give a word of two wordings their mean", func(t *testing.T) {
		v, _ := vectors(t, e, "沙发", "couch", "sofa")
		a, b := dot(v[0], v[1]), dot(v[0], v[2])
		if math.Abs(a-b) > 1e-3 || a < 0.8 || a > 0.999 {
			t.Errorf("cosines %.4f and %.4f", a, b)
		}
	})
	t.Run("should know a word that only the lexicon knows", func(t *testing.T) {
		if got := e.Unknown([]string{"猫", "鑫鑫", "cat"}); !slices.Equal(got, []string{"鑫鑫"}) {
			t.Errorf("unknown %q", got)
		}
	})
	t.Run("should name the phrase whose end is not read, as it was asked", func(t *testing.T) {
		long := strings.Repeat("红色的", 60) + "杯子"
		if _, s := vectors(t, e, "猫", long); !slices.Equal(s.Truncated, []string{long}) {
			t.Errorf("truncated %q", s.Truncated)
		}
	})
	t.Run("should leave Chinese to a text encoder that reads it", func(t *testing.T) {
		own := *pack
		manifest := *pack.Manifest
		manifest.Text.Languages = []string{"en", "zh"}
		own.Manifest = &manifest
		if got := open(&own, lexicon.New(file)).Unknown([]string{"猫"}); len(got) != 1 {
			t.Error("the lexicon was asked")
		}
	})
}

func dot(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func BenchmarkNew80(b *testing.B) {
	engine := modeltest.Engine(b, 2)
	pack := modeltest.Pack(b, "vild-starter")
	for b.Loop() {
		e, err := encode.Open(engine, pack, "", nil)
		if err != nil {
			b.Fatal(err)
		}
		vectors(b, e, names(80)...)
	}
}
