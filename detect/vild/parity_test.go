package vild_test

import (
	"errors"
	"image"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/detect/vild"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/pipeline/pipelinetest"
)

// expected is what zoo/parity/vild.py wrote.
type expected struct {
	Names []string
	Cases []struct {
		Photo   string
		Boxes   [][4]float64 // y0, x0, y1, x1
		Scores  []float64
		Classes []int
		Masks   [][]int // lengths of background and mask in turn, in rows
	}
}

// small opens the exporter's pack of a kind, after an edit of its manifest.
func small(t *testing.T, kind string, edit func(manifest map[string]any)) (detect.Detector, error) {
	t.Helper()
	pack, engine, text := pipelinetest.Fixture(t, filepath.Join("testdata", kind), edit)
	return vild.New(pack, engine, text)
}

// sees prepares a photo of the fixtures by the pack's rule and encodes it.
func sees(t *testing.T, d detect.Detector, name string) (detect.Encoding, image.Point) {
	t.Helper()
	views, size := pipelinetest.Views(t, d.Pack(), "testdata/"+name+".png")
	e, err := d.Encode(t.Context(), views)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Release)
	return e, size
}

func TestFindsWhatTheOfficialCodeFinds(t *testing.T) {
	for _, kind := range []string{"single", "ensemble"} {
		var want expected
		modeltest.JSON(t, filepath.Join("testdata", kind, "expected.json"), &want)
		for _, c := range want.Cases {
			t.Run(kind+" "+c.Photo, func(t *testing.T) {
				d, err := small(t, kind, nil)
				if err != nil {
					t.Fatal(err)
				}
				e, size := sees(t, d, c.Photo)
				all, err := e.Ask(t.Context(), annot.NamedClasses(want.Names...))
				if err != nil {
					t.Fatal(err)
				}
				got := all.Select(detect.Options{NMS: 0.5})
				if err := e.Masks(t.Context(), got); err != nil {
					t.Fatal(err)
				}
				inside, wrong, pixels := 0, 0, 0
				for i, b := range c.Boxes {
					box := annot.Box{X0: b[1], Y0: b[0], X1: min(b[3], float64(size.X)), Y1: min(b[2], float64(size.Y))}
					if box.Empty() {
						continue // it lies in the canvas' padding
					}
					inside++
					f := find(got, c.Classes[i], box, c.Scores[i])
					if f == nil {
						t.Errorf("no box %v of %s at %v; the first of what was found is %v at %v", box, want.Names[c.Classes[i]], c.Scores[i], got[0].Box, got[0].Score)
						continue
					}
					wrong += differ(f.Region, c.Masks[i], size)
					pixels += int(box.Area())
				}
				if len(got) != inside || inside == 0 {
					t.Errorf("%d boxes, want %d", len(got), inside)
				}
				if share := float64(wrong) / float64(max(pixels, 1)); share > 0.001 {
					t.Errorf("%.3f %% of the boxes' pixels differ", 100*share)
				}
			})
		}
	}
}

// find looks for a box within 0.1 pixels and a score within 1e-4.
func find(found []detect.Found, class int, b annot.Box, score float64) *detect.Found {
	near := func(x, y float64) bool { return math.Abs(x-y) <= 0.1 }
	for i, f := range found {
		if f.Class == class && math.Abs(f.Score-score) <= 1e-4 &&
			near(f.Box.X0, b.X0) && near(f.Box.Y0, b.Y0) && near(f.Box.X1, b.X1) && near(f.Box.Y1, b.Y1) {
			return &found[i]
		}
	}
	return nil
}

// differ counts the pixels in which a region's mask is not that of the runs.
func differ(r annot.Region, runs []int, size image.Point) (wrong int) {
	want := make([]bool, size.X*size.Y)
	at := 0
	for i, n := range runs {
		for range n {
			want[at] = i%2 == 1
			at++
		}
	}
	got := make([]bool, len(want))
	if mask, ok := r.Shape.(annot.Mask); ok {
		for s := range mask.Spans() {
			for y := s.Y0; y < s.Y1; y++ {
				got[y*size.X+s.X] = true
			}
		}
	}
	for i := range want {
		if want[i] != got[i] {
			wrong++
		}
	}
	return wrong
}

func TestOtherWordsRunNoImageSide(t *testing.T) {
	d, err := small(t, "ensemble", nil)
	if err != nil {
		t.Fatal(err)
	}
	e, _ := sees(t, d, "landscape")
	table := []annot.Class{{Name: "cat", Phrases: []string{"cat", "kitten"}, Negatives: []string{"dog"}}}
	for range 2 {
		c, err := e.Ask(t.Context(), table)
		if err != nil {
			t.Fatal(err)
		}
		if best := c.Best(0); !(best >= 0 && best <= 1) {
			t.Errorf("the best score is %v", best)
		}
	}
	mask, err := e.(detect.Masker).Mask(t.Context(), annot.Box{X0: 10, Y0: 10, X1: 60, Y1: 50})
	if err != nil {
		t.Fatal(err)
	}
	if r := mask.Rect(); !r.In(image.Rect(6, 6, 64, 54)) {
		t.Errorf("a box's mask covers %v", r)
	}
}

func TestManifestsThatMeanNothingAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		field string
		value any
		want  string
	}{
		"should refuse a temperature of nothing":  {"temperature", 0, "temperature"},
		"should refuse levels that graphs lack":   {"strides", []int{4, 8}, "strides"},
		"should refuse anchors without a shape":   {"aspects", []float64{}, "aspects"},
		"should refuse an overlap of everything":  {"overlap", 2, "overlap"},
		"should refuse a field of another rule":   {"tau", 1, "tau"},
		"should refuse proposals without a bound": {"proposals", 0, "proposals"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := small(t, "single", func(m map[string]any) { m["scoring"].(map[string]any)[c.field] = c.value })
			if !errors.Is(err, model.ErrManifest) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAnEnsembleNeedsItsSecondBranch(t *testing.T) {
	_, err := small(t, "single", func(m map[string]any) { m["scoring"].(map[string]any)["ensemble"] = true })
	if !errors.Is(err, model.ErrGraph) || !strings.Contains(err.Error(), "distilled_embeds") {
		t.Errorf("got %v", err)
	}
}
