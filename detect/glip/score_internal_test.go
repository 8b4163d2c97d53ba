package glip

import (
	"image"
	"math/rand/v2"
	"testing"

	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/prompt/ground"
	"github.com/saysee/saysee/prompt/token"
)

// words cuts at spaces, a piece a word.
type words struct{}

func (words) Encode(text string) token.Encoding {
	e := token.Encoding{IDs: []int64{0}, Spans: []token.Span{{}}}
	from := 0
	for i := range len(text) + 1 {
		if i == len(text) || text[i] == ' ' {
			e.IDs = append(e.IDs, 1)
			e.Spans = append(e.Spans, token.Span{Start: from, End: i})
			from = i + 1
		}
	}
	e.IDs = append(e.IDs, 2)
	e.Spans = append(e.Spans, token.Span{})
	return e
}

func (words) MaxTokens() int { return 256 }

// BenchmarkScore is what follows the head of a model of true size: 22,400 positions, a caption of 40 names, of which
// one in a hundred passes at a position near a thing, as on a photo with much on it.
func BenchmarkScore(b *testing.B) {
	modeltest.Runtime(b)
	d := &Detector{pack: &model.Pack{Manifest: &model.Manifest{}}, rule: rule{
		Levels: []string{"p3", "p4", "p5", "p6", "p7"}, Strides: []int{8, 16, 32, 64, 128}, Anchor: 8, Candidate: 0.05, PerLevel: 1000,
	}}
	var groups []ground.Group
	for i := range 40 {
		groups = append(groups, ground.Group{Class: i, Phrases: []string{"thing " + string(rune('a'+i))}})
	}
	chunks, err := ground.Chunks(groups, ground.Rule{Separator: " . ", Names: 40}, words{})
	if err != nil {
		b.Fatal(err)
	}
	chunk := chunks[0]
	tensor := func(shape ...int64) *model.Tensor {
		t, err := model.NewF32(shape...)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(t.Release)
		return t
	}
	var levels []*model.Tensor
	n := int64(0)
	for _, stride := range d.rule.Strides {
		h, w := int64(800+stride-1)/int64(stride), int64(1344+stride-1)/int64(stride)
		levels = append(levels, tensor(1, 1, h, w))
		n += h * w
	}
	pieces := int64(len(chunk.Encoding.IDs))
	logits, deltas, centre := tensor(1, n, pieces), tensor(1, n, 4), tensor(1, n)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range logits.F32 {
		logits.F32[i] = -6 + rng.Float32()
		if i/int(pieces)%20 == 0 && rng.IntN(100) == 0 {
			logits.F32[i] = 2
		}
	}
	v := model.NewView(model.Letterbox{Crop: image.Rect(0, 0, 1344, 800), Canvas: image.Pt(1344, 800), Scale: 1}, nil)
	hits := 0
	for b.Loop() {
		var r reading
		if err := d.score(v, levels, logits, deltas, centre, chunk, &r); err != nil {
			b.Fatal(err)
		}
		hits = len(r.hits)
	}
	b.ReportMetric(float64(hits), "hits")
}
