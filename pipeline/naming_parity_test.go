package pipeline_test

import (
	"image"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/name"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/pipeline/pipelinetest"
	"github.com/saysee/saysee/pipeline/prep"
	"github.com/saysee/saysee/prompt"
)

// official is what zoo/parity/clip.py writes: the official code's own preparation, tokenizer and networks.
type official struct {
	Classes   []string
	Templates []string
	Every     int
	Text      [][]float64
	Cases     []struct {
		Photo         string
		Pixels        []float64
		Vector        []float64
		Probabilities []float64
	}
}

const namingData = "../name/clip/testdata"

// small opens a folder of packs that modeltest made.
func small(t *testing.T, root string) *model.Store {
	t.Helper()
	modeltest.Runtime(t)
	store, err := model.NewStore(root, assets.Packs())
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func namer(t *testing.T, store *model.Store, kind string) *pipeline.Models {
	t.Helper()
	return pipelinetest.Load(t, pipeline.Params{Store: store, Name: kind, Threads: 1})
}

// furthest is the largest difference, got[every·i] against want[i].
func furthest[G, W float32 | float64](got []G, want []W, every int) float64 {
	worst := 0.0
	for i, w := range want {
		worst = max(worst, math.Abs(float64(got[i*every])-float64(w)))
	}
	return worst
}

func TestNamingEqualsTheOfficialCode(t *testing.T) {
	for _, kind := range []string{"clip-vit", "clip-rn", "slip"} {
		t.Run(kind, func(t *testing.T) {
			var want official
			modeltest.JSON(t, filepath.Join(namingData, kind+".json"), &want)
			m := namer(t, small(t, modeltest.SmallCLIP(t, kind, nil)), kind)
			words, err := m.Namer.Words(t.Context(), annot.NamedClasses(want.Classes...))
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range want.Cases {
				p, err := photo.Decode(read(t, filepath.Join(namingData, c.Photo+".png")), photo.Limits{})
				if err != nil {
					t.Fatal(err)
				}
				whole := image.Rectangle{Max: p.Size()}
				spec := m.Namer.Pack().Image
				by, err := prep.New(spec)
				if err != nil {
					t.Fatal(err)
				}
				view, err := by.View(p, model.NewLetterbox(whole, spec))
				if err != nil {
					t.Fatal(err)
				}
				if d := furthest(view.Pixels.F32, c.Pixels, want.Every); d > 2e-5 {
					t.Errorf("%s: prepared pixels differ by %.2g", c.Photo, d)
				}
				by.Recycle(view)
				by.Close()
				v, err := m.See(t.Context(), p, whole)
				if err != nil {
					t.Fatal(err)
				}
				p.Release()
				var shares []float64
				for _, s := range words.Scores(v) {
					shares = append(shares, s.Share)
				}
				dv, ds := furthest(v, c.Vector, 1), furthest(shares, c.Probabilities, 1)
				t.Logf("%s: vector within %.1g, probabilities within %.1g", c.Photo, dv, ds)
				if dv > 1e-4 || ds > 1e-4 {
					t.Errorf("%s: the vector differs by %.2g, probabilities by %.2g", c.Photo, dv, ds)
				}
			}
		})
	}
}

func TestARegionIsSeenInTwoCrops(t *testing.T) {
	m := namer(t, small(t, modeltest.SmallCLIP(t, "clip-vit", nil)), "clip-vit")
	p := sample(t, "cat.jpg")
	defer p.Release()
	size := p.Size()
	whole, err := m.SeeRegion(t.Context(), p, boxOf(image.Rectangle{Max: size}))
	if err != nil {
		t.Fatal(err)
	}
	if n := m.Engine.Runs(); n != 2 {
		t.Errorf("%d runs for one region, want 2", n)
	}
	once, err := m.See(t.Context(), p, image.Rectangle{Max: size})
	if err != nil {
		t.Fatal(err)
	}
	if d := furthest(whole, once, 1); d > 1e-5 {
		t.Errorf("the region that is all of the photo differs from the photo by %.2g", d)
	}
	for name, box := range map[string]image.Rectangle{
		"at an edge": image.Rect(0, 0, 30, 80), "of one pixel": image.Rect(5, 5, 6, 6), "long and thin": image.Rect(0, 10, size.X, 11),
	} {
		if _, err := m.SeeRegion(t.Context(), p, boxOf(box)); err != nil {
			t.Errorf("a region %s: %v", name, err)
		}
	}
	if _, err := m.See(t.Context(), p, image.Rect(-5, -5, 0, 0)); err == nil {
		t.Error("a region outside the photo was seen")
	}
}

func TestPacksThatDoNotFitAreRefused(t *testing.T) {
	for sentence, c := range map[string]struct {
		change func(m map[string]any)
		want   string
	}{
		"should say that the vocabulary is another model's": {
			func(m map[string]any) { m["tokenizer"].(map[string]any)["pieces"] = 49408 }, "634 pieces, but the text graph knows 49408",
		},
		"should name a tokenizer that is not known": {
			func(m map[string]any) { m["tokenizer"].(map[string]any)["kind"] = "sentencepiece" }, `tokenizer "sentencepiece" is not known`,
		},
		"should name a scoring rule that is not known": {
			func(m map[string]any) { m["scoring"].(map[string]any)["rule"] = "sigmoid" }, `scoring rule "sigmoid" is not known`,
		},
		"should refuse a scale that is none": {
			func(m map[string]any) { m["scoring"].(map[string]any)["scale"] = 0 }, "scoring.scale",
		},
		"should refuse an image rule that cuts out without Pillow's filters": {
			func(m map[string]any) { m["image"].(map[string]any)["shrink"] = "area" }, "Pillow",
		},
		"should say that the family names nothing": {
			func(m map[string]any) { m["family"] = "vild" }, "finds no names",
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			store := small(t, modeltest.SmallCLIP(t, "clip-vit", c.change))
			_, err := pipeline.Load(pipeline.Params{Store: store, Name: "clip-vit", Threads: 1})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func boxOf(r image.Rectangle) annot.Box {
	return annot.Box{X0: float64(r.Min.X), Y0: float64(r.Min.Y), X1: float64(r.Max.X), Y1: float64(r.Max.Y)}
}

func TestANamerSharesTheTrunkOfTheDetector(t *testing.T) {
	store := small(t, modeltest.SmallNaming(t, nil))
	m, err := pipeline.Load(pipeline.Params{Store: store, Detect: pipeline.DefaultDetector, Name: "naming", Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // the test is over
	p := sample(t, "cat.jpg")
	defer p.Release()
	v, err := m.SeeRegion(t.Context(), p, annot.Box{X0: 10, Y0: 10, X1: 100, Y1: 50})
	if err != nil {
		t.Fatal(err)
	}
	if len(v) != m.Namer.Pack().Text.Dim {
		t.Errorf("%d numbers", len(v))
	}
	if n := m.Engine.Runs(); n != 4 {
		t.Errorf("%d runs for two crops, want trunk and head for each", n)
	}
	words, err := m.Namer.Words(t.Context(), annot.NamedClasses("cat", "dog"))
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, s := range words.Scores(v) {
		sum += s.Share
	}
	if math.Abs(sum-1) > 1e-5 {
		t.Errorf("shares add up to %v", sum)
	}
}

func TestTemplatesOfAPersonReplaceThePacksOwn(t *testing.T) {
	store := small(t, modeltest.SmallCLIP(t, "clip-vit", nil))
	vector := func(set []prompt.Template) *name.Words {
		m, err := pipeline.Load(pipeline.Params{Store: store, Name: "clip-vit", Templates: set, Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close() //nolint:errcheck // the test is over
		w, err := m.Namer.Words(t.Context(), annot.NamedClasses("cat", "dog"))
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	axis := make([]float32, 16)
	axis[0] = 1
	own, same := vector(nil).Scores(axis)[0].Cosine, vector([]prompt.Template{"a photo of a {}.", "itap of a {}.", "a bad photo of the {}."}).Scores(axis)[0].Cosine
	if own != same {
		t.Errorf("the pack's own templates give %v, written out %v", own, same)
	}
	for set, templates := range prompt.TemplateSets {
		if got := vector(templates).Scores(axis)[0].Cosine; got == own {
			t.Errorf("the set %s changes nothing", set)
		}
	}
}
