package encode_test

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/prompt/encode"
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
