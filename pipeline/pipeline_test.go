package pipeline_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/pipelinetest"
	"github.com/saysee/saysee/pipeline/prep"
	"github.com/saysee/saysee/segment"
)

func load(t testing.TB, threads int) *pipeline.Models {
	t.Helper()
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	return pipelinetest.Load(t, pipeline.Params{
		Detect: pipeline.DefaultDetector, Segment: pipeline.DefaultSegmenter, Threads: threads, TextCache: t.TempDir(),
	})
}

// store finds the bundled packs.
func store(t testing.TB) *model.Store {
	t.Helper()
	s, err := model.NewStore("", assets.Packs())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func analyse(t testing.TB, m *pipeline.Models, name string, c pipeline.Canvas) *pipeline.Analysis {
	t.Helper()
	return pipelinetest.Look(t, m, name, c)
}

func ask(t testing.TB, a *pipeline.Analysis, q pipeline.Question) *pipeline.Answer {
	t.Helper()
	ans, err := a.Ask(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return ans
}

// strict keeps what anybody would call found.
var strict = pipeline.Filter{Boxes: detect.Options{Score: 0.5, NMS: 0.6}, Pixels: segment.Options{MinArea: 0.01}}

func TestACatIsFoundBoxedMaskedAndPainted(t *testing.T) {
	m := load(t, 2)
	a := analyse(t, m, "cat.jpg", pipeline.Canvas{})
	q := pipeline.NewQuestion(annot.NamedClasses("dog", "cat"), annot.NamedClasses("cat"))
	regions, err := a.Regions(t.Context(), q, strict, true)
	if err != nil {
		t.Fatal(err)
	}
	boxed, painted := false, false
	for _, r := range regions {
		mask, ok := r.Shape.(annot.Mask)
		if !ok || q.Classes[r.Class].Name != "cat" {
			t.Errorf("%s with shape %T", q.Classes[r.Class].Name, r.Shape)
			continue
		}
		share := float64(mask.Area()) / float64(a.Size.X*a.Size.Y)
		boxed = boxed || r.Source.Model == pipeline.DefaultDetector && share > 0.3
		painted = painted || r.Source.Model == pipeline.DefaultSegmenter && share > 0.3
	}
	if !boxed || !painted {
		t.Errorf("boxed: %v, painted: %v, of %d regions", boxed, painted, len(regions))
	}
}

func TestLiveModelsTradeExactnessAsThePackSays(t *testing.T) {
	m := pipelinetest.Load(t, pipeline.Params{Detect: pipeline.DefaultDetector, Live: true, TextCache: t.TempDir()})
	spec := m.Detector.Pack().Live
	ans := ask(t, analyse(t, m, "cat.jpg", pipeline.Canvas{}), pipeline.NewQuestion(annot.NamedClasses("cat"), nil))
	if n := len(ans.Boxes.Boxes); n == 0 || spec.Regions > 0 && n > spec.Regions {
		t.Errorf("%d boxes to choose from, the pack says %d", n, spec.Regions)
	}
	found, _ := ans.Select(strict)
	if len(found) != 1 {
		t.Errorf("%d cats", len(found))
	}
}

func TestDetectionAndSegmentationShareOneTrunkRun(t *testing.T) {
	m := load(t, 2)
	before := m.Engine.Runs()
	analyse(t, m, "cat.jpg", pipeline.Canvas{})
	// The trunk, the region head and the pixel head, once each.
	if n := m.Engine.Runs() - before; n != 3 {
		t.Errorf("%d sessions ran, want 3", n)
	}
}

func TestModelsBesideEachOtherShareOneTrunkRun(t *testing.T) {
	first := load(t, 2)
	beside := func(ref string) *pipeline.Models {
		params := pipeline.Params{Store: store(t)}
		_, err := params.Use(ref)
		if err != nil {
			t.Fatal(err)
		}
		m, err := first.Beside(params)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	second, third := beside("glip-starter"), beside("groupvit-starter")
	p := pipelinetest.Sample(t, "cat.jpg")
	q := pipeline.NewQuestion(annot.NamedClasses("dog", "cat"), annot.NamedClasses("cat"))
	a := pipelinetest.Look(t, first, "cat.jpg", pipeline.Canvas{})
	before := first.Engine.Runs()
	for m, heads := range map[*pipeline.Models]int64{second: 0, third: 1} { // captions are read when words are known
		b, err := a.Beside(t.Context(), m, p, pipeline.Canvas{})
		if err != nil {
			t.Fatal(err)
		}
		if n := first.Engine.Runs() - before; n != heads {
			t.Errorf("%d sessions ran beside, want %d", n, heads)
		}
		regions, err := b.Regions(t.Context(), q, strict, true)
		if err != nil || len(regions) == 0 {
			t.Errorf("%d regions, %v", len(regions), err)
		}
		b.Release()
		before = first.Engine.Runs()
	}
	if ans := ask(t, a, q); ans.Boxes == nil || ans.Pixels == nil {
		t.Error("the first models do not answer any more")
	}
}

func TestAPackThatIsNotThereLeavesTheOthers(t *testing.T) {
	m := load(t, 2)
	if _, err := m.Beside(pipeline.Params{Store: store(t), Detect: "nowhere"}); !errors.Is(err, model.ErrNoPack) {
		t.Errorf("%v", err)
	}
	a := analyse(t, m, "cat.jpg", pipeline.Canvas{})
	if ans := ask(t, a, pipeline.NewQuestion(annot.NamedClasses("cat"), nil)); ans.Boxes == nil {
		t.Error("no answer")
	}
}

func TestWhatRunsAgain(t *testing.T) {
	m := load(t, 2)
	a := analyse(t, m, "dog.jpg", pipeline.Canvas{})
	boxes := pipeline.NewQuestion(annot.NamedClasses("dog", "person"), nil)
	ans := ask(t, a, boxes)
	runs := func(work func()) int64 {
		before := m.Engine.Runs()
		work()
		return m.Engine.Runs() - before
	}
	t.Run("should be nothing for another threshold, NMS value or class switch", func(t *testing.T) {
		n := runs(func() {
			for i := range 50 {
				ans.Select(pipeline.Filter{Boxes: detect.Options{Score: float64(i) / 50, NMS: 0.5, Off: map[int]bool{i % 2: true}}})
			}
		})
		if n != 0 {
			t.Errorf("%d sessions ran", n)
		}
	})
	t.Run("should be nothing for words that were asked before", func(t *testing.T) {
		if n := runs(func() { ask(t, a, boxes) }); n != 0 {
			t.Errorf("%d sessions ran", n)
		}
	})
	t.Run("should be the text encoder alone for a new word", func(t *testing.T) {
		if n := runs(func() { ask(t, a, boxes.With(annot.Class{Name: "hat", Phrases: []string{"hat"}})) }); n != 1 {
			t.Errorf("%d sessions ran", n)
		}
	})
	t.Run("should be nothing for masks that were made before", func(t *testing.T) {
		found, _ := ans.Select(strict)
		first := runs(func() {
			if err := a.Masks(t.Context(), boxes, found); err != nil {
				t.Fatal(err)
			}
		})
		again := runs(func() {
			if err := a.Masks(t.Context(), boxes, found); err != nil {
				t.Fatal(err)
			}
		})
		if first != 1 || again != 0 {
			t.Errorf("%d sessions ran first, %d again", first, again)
		}
	})
}

func TestANameInBothPromptsIsOneClass(t *testing.T) {
	q := pipeline.NewQuestion(annot.NamedClasses("cat", "cup"), annot.NamedClasses("grass", "cat"))
	var names []string
	for _, c := range q.Classes {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, ","); got != "cat,cup,grass" {
		t.Errorf("classes %s", got)
	}
}

func TestAFilterSpeaksOfTheWholeTable(t *testing.T) {
	m := load(t, 2)
	a := analyse(t, m, "dog.jpg", pipeline.Canvas{})
	ans := ask(t, a, pipeline.NewQuestion(annot.NamedClasses("dog", "person"), annot.NamedClasses("sky", "grass")))
	boxes, pixels := ans.Select(pipeline.Filter{
		Boxes:  detect.Options{Score: 0.5, Off: map[int]bool{0: true}},
		Pixels: segment.Options{MinArea: 0.05, Off: map[int]bool{2: true}},
	})
	if len(boxes) == 0 || len(pixels) == 0 {
		t.Fatalf("%d boxes, %d painted regions", len(boxes), len(pixels))
	}
	for _, b := range boxes {
		if b.Class != 1 {
			t.Errorf("a box of class %d, want only persons", b.Class)
		}
	}
	for _, p := range pixels {
		if p.Class != 3 {
			t.Errorf("painted class %d, want only grass", p.Class)
		}
	}
}

func TestANegativeVetoesWhatItMatchesBetter(t *testing.T) {
	m := load(t, 2)
	a := analyse(t, m, "cat.jpg", pipeline.Canvas{})
	plain := ask(t, a, pipeline.NewQuestion([]annot.Class{{Name: "animal", Phrases: []string{"animal", "dog"}}}, nil))
	veto := ask(t, a, pipeline.NewQuestion([]annot.Class{{Name: "animal", Phrases: []string{"animal", "dog"}, Negatives: []string{"cat"}}}, nil))
	if with, without := veto.Boxes.Best(0), plain.Boxes.Best(0); with >= without {
		t.Errorf("the best score is %.2f with the negative, %.2f without", with, without)
	}
}

func TestTilesFindWhatTheWholePhotoFinds(t *testing.T) {
	m := load(t, 2)
	q := pipeline.NewQuestion(annot.NamedClasses("horse"), annot.NamedClasses("grass"))
	a := analyse(t, m, "horse.jpg", pipeline.Canvas{Tiles: prep.Tiles(2)})
	boxes, pixels := ask(t, a, q).Select(strict)
	if len(boxes) == 0 || len(pixels) == 0 {
		t.Fatalf("%d boxes, %d painted regions", len(boxes), len(pixels))
	}
	if b := boxes[0].Box; b.W() < 100 || b.X1 > float64(a.Size.X) || b.Y1 > float64(a.Size.Y) {
		t.Errorf("the best horse is at %v", b)
	}
}

func TestOtherCanvasSizesWork(t *testing.T) {
	m := load(t, 2)
	q := pipeline.NewQuestion(annot.NamedClasses("horse"), nil)
	for _, size := range []int{320, 500, 640} {
		a := analyse(t, m, "horse.jpg", pipeline.Canvas{Size: size})
		if best := ask(t, a, q).Boxes.Best(0); best < 0.3 {
			t.Errorf("the best horse at %d pixels has %.2f", size, best)
		}
	}
	if _, err := m.Analyse(t.Context(), sample(t, "cat.jpg"), pipeline.Canvas{Size: 1 << 20}); err == nil {
		t.Error("a canvas of a million pixels a side was accepted")
	}
}

func TestCancelComesBackSoon(t *testing.T) {
	m := load(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	p := sample(t, "dog.jpg")
	stopped := make(chan time.Time, 1)
	time.AfterFunc(30*time.Millisecond, func() { stopped <- time.Now(); cancel() })
	_, err := m.Analyse(ctx, p, pipeline.Canvas{Size: 2048})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if late := time.Since(<-stopped); late > 3*time.Second {
		t.Errorf("it went on for %v", late)
	}
}

func TestAPackOfTheWrongKindIsNamed(t *testing.T) {
	modeltest.Runtime(t)
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	_, err := pipeline.Load(pipeline.Params{Store: store(t), Detect: pipeline.DefaultSegmenter})
	if !errors.Is(err, pipeline.ErrFamily) {
		t.Errorf("got %v", err)
	}
}

func TestTwoThousandNamesAreAnswered(t *testing.T) {
	m := load(t, 2)
	a := analyse(t, m, "cat.jpg", pipeline.Canvas{})
	names := []string{"cat"}
	for i := range 1999 {
		names = append(names, "thing "+strings.Repeat("x", i%7)+string(rune('a'+i%26))+string(rune('a'+i/26%26))+string(rune('a'+i/676)))
	}
	ans := ask(t, a, pipeline.NewQuestion(annot.NamedClasses(names...), nil))
	if len(ans.Boxes.Scores) != len(ans.Boxes.Boxes)*2000 {
		t.Errorf("%d scores", len(ans.Boxes.Scores))
	}
}

func BenchmarkAskCachedWords(b *testing.B) {
	m := load(b, 2)
	a := analyse(b, m, "dog.jpg", pipeline.Canvas{})
	q := pipeline.NewQuestion(annot.NamedClasses("dog", "person", "cat", "horse", "cup"), nil)
	ask(b, a, q)
	for b.Loop() {
		ask(b, a, q)
	}
}

func BenchmarkMovedThreshold(b *testing.B) {
	m := load(b, 2)
	a := analyse(b, m, "dog.jpg", pipeline.Canvas{})
	ans := ask(b, a, pipeline.NewQuestion(annot.NamedClasses("dog", "person", "cat", "horse", "cup"), nil))
	for b.Loop() {
		ans.Select(strict)
	}
}
