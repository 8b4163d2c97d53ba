package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/prompt/ground"
	"github.com/saysee/saysee/prompt/lexicon"
	"github.com/saysee/saysee/prompt/token"
)

func glipModels(t *testing.T, kind string) *pipeline.Models {
	t.Helper()
	m, err := pipeline.Load(pipeline.Params{Store: small(t, modeltest.SmallGLIP(t, kind, nil)), Detect: "glip-" + kind, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() }) //nolint:errcheck // the test is over
	return m
}

func look(t *testing.T, m *pipeline.Models, p *photo.Photo) *pipeline.Analysis {
	t.Helper()
	a, err := m.Analyse(t.Context(), p, pipeline.Canvas{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Release)
	return a
}

// TestGLIPEqualsTheOfficialCode goes from file to boxes, with the official preparation.
func TestGLIPEqualsTheOfficialCode(t *testing.T) {
	for _, kind := range []string{"deep", "dual"} {
		t.Run(kind, func(t *testing.T) {
			var want struct {
				Names []string
				Cases []struct {
					Photo  string
					Boxes  [][4]float64
					Scores []float64
					Labels []int
				}
			}
			modeltest.JSON(t, "../detect/glip/testdata/"+kind+".json", &want)
			m := glipModels(t, kind)
			for _, c := range want.Cases {
				p, err := photo.Decode(read(t, "../detect/glip/testdata/"+c.Photo+".png"), photo.Limits{})
				if err != nil {
					t.Fatal(err)
				}
				ans, err := look(t, m, p).Ask(t.Context(), pipeline.NewQuestion(annot.NamedClasses(want.Names...), nil))
				if err != nil {
					t.Fatal(err)
				}
				p.Release()
				found, _ := ans.Select(pipeline.Filter{Boxes: detect.Options{NMS: 0.6, Max: 100}})
				if len(found) != len(c.Boxes) {
					t.Fatalf("%s: %d boxes, want %d", c.Photo, len(found), len(c.Boxes))
				}
				missing := 0
				for i, b := range c.Boxes {
					box := annot.Box{X0: b[0], Y0: b[1], X1: b[2] + 1, Y1: b[3] + 1}
					if !found1(found, c.Labels[i]-1, box, c.Scores[i]) {
						missing++
					}
				}
				if missing > 0 {
					t.Errorf("%s: %d of %d boxes are not found within 0.1 pixels and 1e-4", c.Photo, missing, len(c.Boxes))
				}
			}
		})
	}
}

func found1(found []detect.Found, class int, b annot.Box, score float64) bool {
	for _, f := range found {
		if f.Class == class && math.Abs(f.Score-score) <= 1e-4 && math.Abs(f.Box.X0-b.X0) <= 0.1 && math.Abs(f.Box.Y0-b.Y0) <= 0.1 &&
			math.Abs(f.Box.X1-b.X1) <= 0.1 && math.Abs(f.Box.Y1-b.Y1) <= 0.1 {
			return true
		}
	}
	return false
}

func sentence(t *testing.T, text string) ground.Caption {
	t.Helper()
	c, err := ground.Sentence(text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestGrounding(t *testing.T) {
	t.Run("should box each phrase under the person's own words", func(t *testing.T) {
		m := glipModels(t, "deep")
		p := sample(t, "cat.jpg")
		defer p.Release()
		q := pipeline.Grounding(sentence(t, "A small Cat beside [a red cup], and [a red cup] on [the table]"), nil)
		if got := fmt.Sprint(q.Classes[0].Name, "|", q.Classes[1].Name, len(q.Classes)); got != "a red cup|the table2" {
			t.Fatalf("classes %s", got)
		}
		regions, err := look(t, m, p).Regions(t.Context(), q, pipeline.Filter{}, true)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[int]bool{}
		for _, r := range regions {
			seen[r.Class] = true
			if r.Source.Phrase != q.Classes[r.Class].Name {
				t.Fatalf("the phrase is %q, the class %q", r.Source.Phrase, q.Classes[r.Class].Name)
			}
		}
		if len(seen) != 2 {
			t.Errorf("boxes of %d phrases, want 2", len(seen))
		}
	})
	t.Run("should ask a detector that reads no sentence for each phrase", func(t *testing.T) {
		m := load(t, 1)
		p := sample(t, "cat.jpg")
		defer p.Release()
		q := pipeline.Grounding(sentence(t, "a cat is sitting on the table"), nil)
		regions, err := look(t, m, p).Regions(t.Context(), q, pipeline.Filter{Boxes: detect.Options{Score: 0.2, NMS: 0.6}}, false)
		if err != nil {
			t.Fatal(err)
		}
		if len(regions) == 0 || q.Classes[regions[0].Class].Name != "a cat" {
			t.Errorf("found %v of %v", regions, q.Classes)
		}
	})
	for name, text := range map[string]string{
		"should say that a sentence names nothing":        "is it there?",
		"should say so of an empty sentence":              " \t",
		"should say so of control characters alone":       "\x00\x07\x1b",
		"should say so of brackets that hold nothing":     "[ ] on [\x00]",
		"should say so of words that only say where from": "from here to there",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := ground.Sentence(text); !errors.Is(err, ground.ErrNoPhrase) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// many are names of n classes.
func many(n int) []annot.Class {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint("cat ", i)
	}
	return annot.NamedClasses(names...)
}

func TestThreeThousandClasses(t *testing.T) {
	m := glipModels(t, "dual")
	p := sample(t, "cat.jpg")
	defer p.Release()
	t.Run("should be read in passes, each reported", func(t *testing.T) {
		var seen []int
		ctx := detect.WithProgress(t.Context(), func(done, total int) {
			if total < 75 {
				t.Errorf("%d passes", total)
			}
			seen = append(seen, done)
		})
		ans, err := look(t, m, p).Ask(ctx, pipeline.NewQuestion(many(3000), nil))
		if err != nil {
			t.Fatal(err)
		}
		for i, done := range seen {
			if done != i {
				t.Fatalf("report %d says %d", i, done)
			}
		}
		if len(ans.Boxes.Classes) != 3000 {
			t.Errorf("%d classes", len(ans.Boxes.Classes))
		}
	})
	t.Run("should end soon when cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		passes := 0
		ctx = detect.WithProgress(ctx, func(int, int) {
			if passes++; passes == 3 {
				cancel()
			}
		})
		_, err := look(t, m, p).Ask(ctx, pipeline.NewQuestion(many(3000), nil))
		if !errors.Is(err, context.Canceled) || passes > 3 {
			t.Errorf("%v after %d passes", err, passes)
		}
	})
}

func TestGLIPPacksThatDoNotFitAreRefused(t *testing.T) {
	for sentence, c := range map[string]struct {
		change func(m map[string]any)
		want   error
	}{
		"should refuse a vocabulary of another graph": {func(m map[string]any) { m["tokenizer"].(map[string]any)["pieces"] = 30522 }, token.ErrVocabulary},
		"should refuse a mask head without the trunk that it needs": {func(m map[string]any) {
			f := m["files"].([]map[string]any)
			m["files"] = append(f, map[string]any{"role": "masks", "name": "x", "bytes": 1, "sha256": strings.Repeat("0", 64)})
		}, nil},
	} {
		t.Run(sentence, func(t *testing.T) {
			_, err := pipeline.Load(pipeline.Params{Store: small(t, modeltest.SmallGLIP(t, "deep", c.change)), Detect: "glip-deep", Threads: 1})
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestUnreadWordsOfACaptionAreTold(t *testing.T) {
	m := glipModels(t, "deep")
	long := strings.Repeat("cat ", 300)
	truncated, unknown, err := m.Unread(t.Context(), pipeline.NewQuestion(annot.NamedClasses("cat", "猫", long), nil))
	if err != nil {
		t.Fatal(err)
	}
	if len(truncated) != 1 || len(unknown) != 1 || unknown[0] != "猫" {
		t.Errorf("truncated %d, unknown %q", len(truncated), unknown)
	}
}

func TestChineseWordsOfACaptionAreReadInEnglish(t *testing.T) {
	m, err := pipeline.Load(pipeline.Params{
		Store: small(t, modeltest.SmallGLIP(t, "deep", nil)), Detect: "glip-deep", Threads: 1, Lexicon: lexicon.New(assets.Lexicon),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // the test is over
	if _, unknown, err := m.Unread(t.Context(), pipeline.NewQuestion(annot.NamedClasses("cat", "猫"), nil)); err != nil || len(unknown) > 0 {
		t.Errorf("unknown %q, %v", unknown, err)
	}
	a := look(t, m, sample(t, "cat.jpg"))
	var scores [][]float64
	for _, word := range []string{"cat", "猫"} {
		ans, err := a.Ask(t.Context(), pipeline.NewQuestion(annot.NamedClasses(word), nil))
		if err != nil {
			t.Fatal(err)
		}
		var found []float64
		boxes, _ := ans.Select(pipeline.Filter{Boxes: detect.Options{Score: 0.001, NMS: 0.6, Max: 20}})
		for _, b := range boxes {
			found = append(found, b.Score)
		}
		scores = append(scores, found)
	}
	if len(scores[0]) == 0 || !slices.Equal(scores[0], scores[1]) {
		t.Errorf("scores differ: %v", scores)
	}
}

func TestBoxesOfADetectorWithoutMasksArePainted(t *testing.T) {
	root := modeltest.SmallGLIP(t, "deep", nil)
	store := small(t, root)
	m, err := pipeline.Load(pipeline.Params{Store: store, Detect: "glip-deep", Segment: pipeline.DefaultSegmenter, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // the test is over
	p := sample(t, "cat.jpg")
	defer p.Release()
	a := look(t, m, p)
	// A box around everything: what is painted in it is the cat.
	found := []detect.Found{{Region: annot.Region{Box: annot.Box{X1: float64(p.Size().X), Y1: float64(p.Size().Y)}}}}
	if err := a.Masks(t.Context(), pipeline.NewQuestion(annot.NamedClasses("cat"), nil), found); err != nil {
		t.Fatal(err)
	}
	mask, ok := found[0].Shape.(annot.Mask)
	if !ok {
		t.Fatal("the box has no mask")
	}
	if share := float64(mask.Area()) / found[0].Box.Area(); share < 0.1 || share > 0.9 {
		t.Errorf("the cat covers %.2f of the photo", share)
	}
}

func TestRescoring(t *testing.T) {
	store := small(t, modeltest.SmallCLIP(t, "clip-vit", nil))
	m, err := pipeline.Load(pipeline.Params{Store: store, Detect: pipeline.DefaultDetector, Name: "clip-vit", Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // the test is over
	p := sample(t, "cat.jpg")
	defer p.Release()
	a := look(t, m, p)
	q := pipeline.NewQuestion(annot.NamedClasses("cat", "dog"), nil)
	f := pipeline.Filter{Boxes: detect.Options{Score: 0.1, NMS: 0.6}}
	ask := func(weight float64) *pipeline.Answer {
		ans, err := a.Ask(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Rescore(t.Context(), p, ans, f, weight); err != nil {
			t.Fatal(err)
		}
		return ans
	}
	t.Run("should change nothing with a weight of nothing", func(t *testing.T) {
		ans, err := a.Ask(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := ans.Select(f)
		got, _ := ask(0).Select(f)
		if len(got) != len(want) || len(want) == 0 {
			t.Fatalf("%d boxes, want %d", len(got), len(want))
		}
		for i := range want {
			if got[i].Box != want[i].Box || math.Abs(got[i].Score-want[i].Score) > 1e-6 {
				t.Errorf("box %d is %v at %v, want %v at %v", i, got[i].Box, got[i].Score, want[i].Box, want[i].Score)
			}
		}
	})
	t.Run("should be the namer's own share with all the weight", func(t *testing.T) {
		words, err := m.Namer.Words(t.Context(), q.Classes)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := ask(1).Select(pipeline.Filter{})
		for _, b := range got {
			v, err := m.SeeRegion(t.Context(), p, b.Box)
			if err != nil {
				t.Fatal(err)
			}
			if want := words.Scores(v)[b.Class].Share; math.Abs(b.Score-want) > 1e-5 {
				t.Errorf("%v is %s at %v, want %v", b.Box, q.Classes[b.Class].Name, b.Score, want)
			}
		}
	})
	t.Run("should end when cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ans, err := a.Ask(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		if err := m.Rescore(ctx, p, ans, f, 0.5); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}
