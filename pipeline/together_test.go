package pipeline_test

import (
	"context"
	"image"
	"sync"
	"testing"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/pipeline/pipelinetest"
	"github.com/saysee/saysee/segment"
)

// looks are what the five bundled packs do with a photo, the usual detector first.
func looks(t testing.TB, q pipeline.Question) (*pipeline.Models, []func(context.Context, *pipeline.Analysis, *photo.Photo) error) {
	t.Helper()
	first := pipelinetest.Load(t, pipeline.Params{Detect: pipeline.DefaultDetector, TextCache: t.TempDir()})
	words := annot.NamedClasses("cat", "dog", "horse", "cup", "teddy bear")
	filter := pipeline.Filter{Boxes: detect.Options{Score: 0.35, NMS: 0.6}, Pixels: segment.Options{MinArea: 0.01}}
	var all []func(context.Context, *pipeline.Analysis, *photo.Photo) error
	for _, ref := range []string{pipeline.DefaultDetector, "glip-starter", "lseg-starter", "groupvit-starter", "clip-starter"} {
		params := pipeline.Params{Store: store(t), TextCache: t.TempDir()}
		if _, err := params.Use(ref); err != nil {
			t.Fatal(err)
		}
		m, err := first.Beside(params)
		if err != nil {
			t.Fatal(err)
		}
		if m.Namer == nil {
			all = append(all, func(ctx context.Context, shared *pipeline.Analysis, p *photo.Photo) error {
				a, err := shared.Beside(ctx, m, p, pipeline.Canvas{})
				if err != nil {
					return err
				}
				defer a.Release()
				_, err = a.Regions(ctx, q, filter, true)
				return err
			})
			continue
		}
		named, err := m.Namer.Words(t.Context(), words)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, func(ctx context.Context, _ *pipeline.Analysis, p *photo.Photo) error {
			v, err := m.See(ctx, p, image.Rectangle{Max: p.Size()})
			if err == nil {
				named.Scores(v)
			}
			return err
		})
	}
	return first, all
}

// BenchmarkAllFive is one photo through all five bundled packs at once, in turn with boxes and masks alone. five/one is the ratio.
func BenchmarkAllFive(b *testing.B) {
	words := annot.NamedClasses("cat", "dog", "horse", "cup", "teddy bear")
	first, all := looks(b, pipeline.NewQuestion(words, words))
	p := pipelinetest.Sample(b, "dog.jpg")
	look := func(n int) time.Duration {
		start := time.Now()
		shared := first.Share(p)
		defer shared.Release()
		var wg sync.WaitGroup
		for _, f := range all[:n] {
			wg.Go(func() {
				if err := f(b.Context(), shared, p); err != nil {
					b.Error(err)
				}
			})
		}
		wg.Wait()
		return time.Since(start)
	}
	look(len(all))
	var one, five time.Duration
	for b.Loop() {
		one += look(1)
		five += look(len(all))
	}
	b.ReportMetric(float64(one)/1e6/float64(b.N), "one-ms")
	b.ReportMetric(float64(five)/1e6/float64(b.N), "five-ms")
	b.ReportMetric(float64(five)/float64(one), "five/one")
}
