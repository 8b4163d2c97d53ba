package eval_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/eval"
)

// cocoSet is one set of testdata/cases.json: COCO's own JSON and pycocotools' numbers for it.
type cocoSet struct {
	Name  string
	Kind  string
	Truth struct {
		Images []struct {
			ID, Width, Height int
		}
		Categories  []struct{ ID int }
		Annotations []cocoRegion
	}
	Predictions []cocoRegion
	Overall     eval.Summary
	Classes     []eval.Summary
}

type cocoRegion struct {
	ImageID      int `json:"image_id"`
	CategoryID   int `json:"category_id"`
	BBox         []float64
	Area         float64
	IsCrowd      int
	Score        float64
	Segmentation json.RawMessage
}

func (r cocoRegion) region(t testing.TB) annot.Region {
	t.Helper()
	out := annot.Region{Class: r.CategoryID - 1, Score: r.Score}
	if len(r.BBox) == 4 {
		b := r.BBox
		out.Box = annot.Box{X0: b[0], Y0: b[1], X1: b[0] + b[2], Y1: b[1] + b[3]}
	}
	if len(r.Segmentation) == 0 {
		return out
	}
	if r.Segmentation[0] == '[' {
		var rings [][]float64
		check(t, json.Unmarshal(r.Segmentation, &rings))
		out.Shape = polygon(rings)
		return out
	}
	var rle struct {
		Size   [2]int
		Counts string
	}
	check(t, json.Unmarshal(r.Segmentation, &rle))
	runs, err := annot.DecodeRLE(rle.Counts)
	check(t, err)
	out.Shape, err = annot.MaskFromFullRuns(rle.Size[1], rle.Size[0], runs)
	check(t, err)
	return out
}

func polygon(rings [][]float64) annot.Polygon {
	var p annot.Polygon
	for _, xy := range rings {
		var ring annot.Ring
		for i := 0; i+1 < len(xy); i += 2 {
			ring = append(ring, annot.Point{X: xy[i], Y: xy[i+1]})
		}
		p = append(p, annot.Part{Outer: ring})
	}
	return p
}

func (s cocoSet) photos(t testing.TB) []eval.Photo {
	t.Helper()
	photos := make([]eval.Photo, len(s.Truth.Images))
	for i, image := range s.Truth.Images {
		photos[i] = eval.Photo{Width: image.Width, Height: image.Height}
	}
	for _, a := range s.Truth.Annotations {
		p := &photos[a.ImageID-1]
		p.Truth = append(p.Truth, eval.Truth{Region: a.region(t), Area: a.Area, Crowd: a.IsCrowd == 1})
	}
	for _, a := range s.Predictions {
		p := &photos[a.ImageID-1]
		p.Predictions = append(p.Predictions, a.region(t))
	}
	return photos
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func readJSON(t testing.TB, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	check(t, err)
	check(t, json.Unmarshal(data, into))
}

// same compares all twelve numbers; what two orders of adding the same numbers differ by is allowed.
func same(t *testing.T, what string, got, want eval.Summary) {
	t.Helper()
	names := []string{
		"AP", "AP50", "AP75", "APSmall", "APMedium", "APLarge",
		"AR1", "AR10", "AR100", "ARSmall", "ARMedium", "ARLarge",
	}
	g, w := numbers(got), numbers(want)
	for i, name := range names {
		if !(math.Abs(g[i]-w[i]) <= 1e-12) {
			t.Errorf("%s: %s is %v, pycocotools says %v", what, name, g[i], w[i])
		}
	}
}

func numbers(s eval.Summary) []float64 {
	return []float64{
		s.AP, s.AP50, s.AP75, s.APSmall, s.APMedium, s.APLarge,
		s.AR1, s.AR10, s.AR100, s.ARSmall, s.ARMedium, s.ARLarge,
	}
}

func TestEvaluateEqualsPycocotools(t *testing.T) {
	var sets []cocoSet
	readJSON(t, "cases.json", &sets)
	compareSets(t, sets)
}

func compareSets(t *testing.T, sets []cocoSet) {
	t.Helper()
	for _, s := range sets {
		t.Run("should give its numbers for "+s.Name, func(t *testing.T) {
			by := map[string]eval.Geometry{"bbox": eval.Boxes, "segm": eval.Masks}[s.Kind]
			got, err := eval.Evaluate(t.Context(), s.photos(t), len(s.Truth.Categories), by)
			check(t, err)
			same(t, "all classes", got.Overall.Summary, s.Overall)
			for i, want := range s.Classes {
				same(t, fmt.Sprint("class ", i), got.Classes[i].Summary, want)
			}
		})
	}
}

// Beside the committed numbers, those of pycocotools itself for sets that nobody has seen before.
func TestEvaluateEqualsPycocotoolsNow(t *testing.T) {
	python := filepath.Join("..", ".cache", "venv", "readers", "bin", "python")
	seed := rand.IntN(1e6)
	run := exec.CommandContext(t.Context(), python, "-B", filepath.Join("testdata", "make_fixture.py"), "--random", fmt.Sprint(seed), "6")
	if err := exec.CommandContext(t.Context(), python, "-c", "import pycocotools").Run(); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s has no pycocotools: %v", python, err)
		}
		t.Skipf("NOT COMPARED WITH PYCOCOTOOLS: %s: %v; make test sets it up", python, err)
	}
	run.Stderr = os.Stderr
	out, err := run.Output()
	check(t, err)
	var sets []cocoSet
	check(t, json.Unmarshal(out, &sets))
	if len(sets) != 12 {
		t.Fatal("sets:", len(sets))
	}
	compareSets(t, sets)
}

func TestEvaluateGeneratedSetEqualsPycocotools(t *testing.T) {
	var want struct {
		Boxes, Predictions int
		Overall            eval.Summary
	}
	readJSON(t, "generated.json", &want)
	photos := generate()
	boxes, predictions := 0, 0
	for _, p := range photos {
		boxes += len(p.Truth)
		predictions += len(p.Predictions)
	}
	if boxes != want.Boxes || predictions != want.Predictions {
		t.Fatalf("generated %d boxes and %d predictions, the script %d and %d", boxes, predictions, want.Boxes, want.Predictions)
	}
	got, err := eval.Evaluate(t.Context(), photos, generatedClasses, eval.Boxes)
	check(t, err)
	same(t, "all classes", got.Overall.Summary, want.Overall)
}
