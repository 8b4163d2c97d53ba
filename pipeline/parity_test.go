package pipeline_test

import (
	"encoding/base64"
	"encoding/json"
	"image"
	"math"
	"os"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/pipeline/pipelinetest"
	"github.com/saysee/saysee/segment"
)

// reference is what zoo/peer/reference.py writes: the same packs and photos through onnxruntime, OpenCV and
// numpy in Python. Made with
//
//	python zoo/peer/reference.py --packs assets/packs --find "cat, dog, horse, person, cup" \
//	    --segment "cat, grass, table" --out pipeline/testdata/reference.json assets/photos/*.jpg
type reference struct {
	Find    []string `json:"find"`
	Segment []string `json:"segment"`
	Photos  []struct {
		Photo   string `json:"photo"`
		Size    [2]int `json:"size"`
		Regions struct {
			Boxes  [][4]float64 `json:"boxes"`
			Scores [][]float64  `json:"scores"`
			Kept   []struct {
				Region, Class int
				Score         float64
			} `json:"kept"`
			Masks []struct {
				Region int
				Box    [4]float64
				Probs  string
				Area   int
			} `json:"masks"`
		} `json:"regions"`
		Twice struct {
			Boxes  [][4]float64 `json:"boxes"`
			Scores [][]float64  `json:"scores"`
		} `json:"twice"`
		Pixels struct {
			Classes [][4]float64 `json:"classes"` // x, y, 0 or the class from 1, margin
			Logits  [][]float64  `json:"logits"`  // x, y, a logit a class
		} `json:"pixels"`
		Shares []float64 `json:"shares"` // of the words to find, as names of the photo
	} `json:"photos"`
}

func readReference(t *testing.T) *reference {
	t.Helper()
	data, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return &r
}

func sample(t testing.TB, name string) *photo.Photo {
	t.Helper()
	return pipelinetest.Sample(t, name)
}

// asked looks at a bundled photo and puts a question.
func asked(t *testing.T, m *pipeline.Models, name string, c pipeline.Canvas, q pipeline.Question) (*pipeline.Analysis, *pipeline.Answer) {
	t.Helper()
	a := pipelinetest.Look(t, m, name, c)
	ans, err := a.Ask(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return a, ans
}

// The bounds that the project promises against the reference.
const (
	boxBound   = 0.5
	scoreBound = 0.005
	shareBound = 0.0005
)

func TestRegionsEqualThePythonReference(t *testing.T) {
	ref := readReference(t)
	models := load(t, 2)
	q := pipeline.NewQuestion(annot.NamedClasses(ref.Find...), annot.NamedClasses(ref.Segment...))
	for _, want := range ref.Photos {
		t.Run(want.Photo, func(t *testing.T) {
			a, ans := asked(t, models, want.Photo, pipeline.Canvas{}, q)
			compareBoxes(t, ans.Boxes, want.Regions.Boxes, want.Regions.Scores)

			defaults := models.Detector.Pack().Defaults
			kept := ans.Boxes.Select(detect.Options{Score: defaults.Score, NMS: defaults.NMS, Max: defaults.Max})
			if len(kept) != len(want.Regions.Kept) {
				t.Fatalf("%d regions, the reference keeps %d", len(kept), len(want.Regions.Kept))
			}
			for i, k := range want.Regions.Kept {
				if kept[i].Candidate != k.Region || kept[i].Class != k.Class || math.Abs(kept[i].Score-k.Score) > scoreBound {
					t.Errorf("region %d: candidate %d class %d score %.4f, want %d %d %.4f", i, kept[i].Candidate, kept[i].Class, kept[i].Score, k.Region, k.Class, k.Score)
				}
			}
			if err := a.Masks(t.Context(), q, kept); err != nil {
				t.Fatal(err)
			}
			for i, m := range want.Regions.Masks {
				compareMask(t, kept[i].Shape.(annot.Mask), m.Probs, m.Area)
			}
			comparePixels(t, ans.Pixels, want.Pixels.Classes, want.Pixels.Logits)
		})
	}
}

func TestTwoLooksEqualThePythonReference(t *testing.T) {
	ref := readReference(t)
	models := load(t, 2)
	q := pipeline.NewQuestion(annot.NamedClasses(ref.Find...), nil)
	for _, want := range ref.Photos {
		t.Run(want.Photo, func(t *testing.T) {
			a, ans := asked(t, models, want.Photo, pipeline.Canvas{Twice: true}, q)
			compareBoxes(t, ans.Boxes, want.Twice.Boxes, want.Twice.Scores)
			kept := ans.Boxes.Select(detect.Options{Score: 0.05, NMS: 0.5})
			if err := a.Masks(t.Context(), q, kept); err != nil {
				t.Fatal(err)
			}
			for _, f := range kept {
				m, ok := f.Shape.(annot.Mask)
				if !ok {
					t.Fatalf("no mask in the box %v", f.Box)
				}
				if b := m.Bounds(); b.IoU(f.Box) < 0.3 {
					t.Errorf("the mask of the box %v covers %v", f.Box, b)
				}
			}
		})
	}
}

func TestNamesEqualThePythonReference(t *testing.T) {
	ref := readReference(t)
	models := pipelinetest.Load(t, pipeline.Params{Name: pipeline.DefaultNamer})
	words, err := models.Namer.Words(t.Context(), annot.NamedClasses(ref.Find...))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range ref.Photos {
		t.Run(want.Photo, func(t *testing.T) {
			p := sample(t, want.Photo)
			seen, err := models.See(t.Context(), p, image.Rectangle{Max: p.Size()})
			if err != nil {
				t.Fatal(err)
			}
			for i, s := range words.Scores(seen) {
				if math.Abs(s.Share-want.Shares[i]) > shareBound {
					t.Errorf("share of %q: %.4f, want %.4f", ref.Find[i], s.Share, want.Shares[i])
				}
			}
		})
	}
}

func compareBoxes(t *testing.T, got *detect.Candidates, boxes [][4]float64, scores [][]float64) {
	t.Helper()
	if len(got.Boxes) != len(boxes) {
		t.Fatalf("%d boxes, want %d", len(got.Boxes), len(boxes))
	}
	worstBox, worstScore := 0.0, 0.0
	for i, b := range boxes {
		g := got.Boxes[i]
		for k, v := range []float64{g.X0, g.Y0, g.X1, g.Y1} {
			worstBox = max(worstBox, math.Abs(v-b[k]))
		}
		for c, s := range scores[i] {
			worstScore = max(worstScore, math.Abs(float64(got.Scores[i*len(got.Classes)+c])-s))
		}
	}
	t.Logf("boxes within %.4f px, scores within %.5f", worstBox, worstScore)
	if worstBox > boxBound || worstScore > scoreBound {
		t.Errorf("boxes differ by %.3f px (at most %v), scores by %.4f (at most %v)", worstBox, boxBound, worstScore, scoreBound)
	}
}

func compareMask(t *testing.T, got annot.Mask, probs string, area int) {
	t.Helper()
	if data, err := base64.StdEncoding.DecodeString(probs); err != nil || len(data) != 28*28 {
		t.Fatalf("fixture: %d bytes, %v", len(data), err)
	}
	// The reference pastes by OpenCV's resize on whole pixels; allow its rounding along the outline.
	if diff := math.Abs(float64(got.Area() - area)); diff > 0.02*float64(area)+20 {
		t.Errorf("mask of %d pixels, want about %d", got.Area(), area)
	}
}

func comparePixels(t *testing.T, got *segment.Logits, labels [][4]float64, logits [][]float64) {
	t.Helper()
	for _, l := range logits {
		x, y := int(l[0]), int(l[1])
		if x >= got.W || y >= got.H {
			continue // padding of the canvas
		}
		for c, want := range l[2:] {
			if v := float64(got.Planes[c][y*got.W+x]); math.Abs(v-want) > 0.01 {
				t.Errorf("logit of class %d at cell (%d, %d): %.4f, want %.4f", c, x, y, v, want)
			}
		}
	}
	labelled := got.Labels(0, nil, nil)
	for _, l := range labels {
		// Near a border the reference's nearest canvas pixel may lie on the other side.
		if l[3] < 0.5 {
			continue
		}
		if label := labelled.Pix[int(l[1])*labelled.Size.X+int(l[0])]; int(label) != int(l[2])-1 {
			t.Errorf("pixel (%v, %v): class %d, want %d", l[0], l[1], label, int(l[2])-1)
		}
	}
}
