package files_test

import (
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/eval"
	"github.com/saysee/saysee/eval/files"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write puts a file into a fresh folder and returns its path.
func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	check(t, os.WriteFile(path, []byte(content), 0o644))
	return path
}

func open(t testing.TB, truth, predictions string) (*files.Pair, error) {
	t.Helper()
	return files.Open(write(t, "truth.json", truth), write(t, "predictions.json", predictions), files.Options{})
}

func mustOpen(t testing.TB, truth, predictions string) *files.Pair {
	t.Helper()
	p, err := open(t, truth, predictions)
	check(t, err)
	return p
}

// The sets of package eval's tests, through files: what COCO states must arrive unchanged.
func TestOpenKeepsPycocotoolsNumbers(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "testdata", "cases.json"))
	check(t, err)
	var sets []struct {
		Name, Kind         string
		Truth, Predictions json.RawMessage
		Overall            eval.Summary
	}
	check(t, json.Unmarshal(data, &sets))
	for _, s := range sets {
		t.Run("should give its numbers for "+s.Name, func(t *testing.T) {
			p := mustOpen(t, string(s.Truth), string(s.Predictions))
			by := map[string]eval.Geometry{"bbox": eval.Boxes, "segm": eval.Masks}[s.Kind]
			if p.ByBox != (by == eval.Boxes) || len(p.Problems) > 0 {
				t.Errorf("by box %v with problems %q", p.ByBox, p.Problems)
			}
			r, err := eval.Evaluate(t.Context(), p.Photos, len(p.Classes), by)
			check(t, err)
			near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) <= 1e-12 })
			if diff := cmp.Diff(s.Overall, r.Overall.Summary, near); diff != "" {
				t.Error("(-pycocotools +ours):\n", diff)
			}
		})
	}
}

const truth = `{"images":[
 {"id":7,"file_name":"b/two.jpg","width":100,"height":80},
 {"id":3,"file_name":"a/one.jpg","width":100,"height":80},
 {"id":9,"file_name":"a/three.jpg","width":50,"height":50}],
"categories":[{"id":5,"name":"cat"},{"id":2,"name":"dog"}],
"annotations":[
 {"id":1,"image_id":3,"category_id":5,"bbox":[0,0,10,10],"area":40,"iscrowd":0},
 {"id":2,"image_id":7,"category_id":2,"bbox":[0,0,20,10],"area":200,"iscrowd":1},
 {"id":3,"image_id":7,"category_id":2,"bbox":[1,1,4,4],"area":16,"iscrowd":0,"score":0.5,"saysee":{"review":"suggested"}}]}`

func TestOpenTruth(t *testing.T) {
	file := write(t, "truth.json", truth)
	p, err := files.OpenTruth(file, files.Options{Images: "photos"})
	check(t, err)
	want := &files.Pair{
		Classes: []string{"dog", "cat"},
		Photos: []eval.Photo{
			{Name: "a/one.jpg", Width: 100, Height: 80, Truth: []eval.Truth{{
				Region: annot.Region{Class: 1, Box: annot.Box{X1: 10, Y1: 10}}, Area: 40,
			}}},
			{Name: "b/two.jpg", Width: 100, Height: 80, Truth: []eval.Truth{{
				Region: annot.Region{Class: 0, Box: annot.Box{X1: 20, Y1: 10}}, Area: 200, Crowd: true,
			}}},
			{Name: "a/three.jpg", Width: 50, Height: 50},
		},
		Paths: []string{
			filepath.Join("photos", "a", "one.jpg"), filepath.Join("photos", "b", "two.jpg"), filepath.Join("photos", "a", "three.jpg"),
		},
		ByBox:    true,
		Problems: []string{"1 suggestion in the truth not judged by anybody, left out"},
	}
	t.Run("should read COCO by ascending ids and leave out what nobody judged", func(t *testing.T) {
		for i := range p.Photos {
			if len(p.Photos[i].Truth) == 0 {
				p.Photos[i].Truth = nil
			}
		}
		if diff := cmp.Diff(want, p); diff != "" {
			t.Error("(-want +got):\n", diff)
		}
	})
}

func TestOpenFolder(t *testing.T) {
	file := write(t, "truth.json", truth)
	dir := filepath.Dir(file)
	p, err := files.OpenTruth(dir, files.Options{})
	check(t, err)
	if p.Photos[0].Truth[0].Area != 40 || p.Paths[0] != filepath.Join(dir, "a", "one.jpg") {
		t.Errorf("got %+v at %s", p.Photos[0].Truth, p.Paths[0])
	}
}

// VOC's difficult objects need not be found.
func TestOpenIgnoresDifficult(t *testing.T) {
	object := func(difficult string) string {
		return "<object><name>cat</name><difficult>" + difficult + "</difficult><bndbox><xmin>11</xmin><ymin>21</ymin><xmax>110</xmax><ymax>220</ymax></bndbox></object>"
	}
	xml := "<annotation><filename>a.jpg</filename><size><width>640</width><height>480</height></size>" + object("1") + object("0") + "</annotation>"
	p, err := files.OpenTruth(filepath.Dir(write(t, "a.xml", xml)), files.Options{})
	check(t, err)
	if got := p.Photos[0].Truth; len(got) != 2 || !got[0].Ignore || got[1].Ignore {
		t.Errorf("got %+v", got)
	}
}

// 255 in a mask of VOC's kind is not to be judged.
func TestOpenLeavesVoidPixels(t *testing.T) {
	img := image.NewPaletted(image.Rect(0, 0, 3, 1), make(color.Palette, 256))
	for i := range img.Palette {
		img.Palette[i] = color.RGBA{uint8(i), uint8(i), uint8(i), 255}
	}
	copy(img.Pix, []uint8{1, 0, 255})
	dir := t.TempDir()
	check(t, os.Mkdir(filepath.Join(dir, "SegmentationClass"), 0o755))
	check(t, os.WriteFile(filepath.Join(dir, "labelmap.txt"), []byte("background:0,0,0::\ncat:1,1,1::\n"), 0o644))
	f, err := os.Create(filepath.Join(dir, "SegmentationClass", "a.png"))
	check(t, err)
	check(t, png.Encode(f, img))
	check(t, f.Close())
	p, err := files.OpenTruth(dir, files.Options{TruthFormat: "mask-semantic"})
	check(t, err)
	if len(p.Photos) != 1 {
		t.Fatalf("%d photos, %q", len(p.Photos), p.Problems)
	}
	got := eval.PaintTruth(p.Photos[0]).Pixels
	if len(got) != 3 || got[1] != eval.Background || got[2] != eval.Void {
		t.Errorf("got %v of classes %q, %q", got, p.Classes, p.Problems)
	}
}

func TestOpenMatchesNames(t *testing.T) {
	predictions := `{"images":[
 {"id":1,"file_name":"two.png","width":100,"height":80},
 {"id":2,"file_name":"elsewhere/one.jpg","width":100,"height":80},
 {"id":4,"file_name":"four.jpg","width":100,"height":80}],
"categories":[{"id":1,"name":"cow"},{"id":2,"name":"cat"}],
"annotations":[
 {"id":1,"image_id":1,"category_id":1,"bbox":[0,0,20,10],"score":0.25},
 {"id":2,"image_id":2,"category_id":2,"bbox":[0,0,10,10]},
 {"id":3,"image_id":4,"category_id":2,"bbox":[0,0,10,10],"score":0.5}]}`
	p := mustOpen(t, truth, predictions)
	if diff := cmp.Diff([]string{"dog", "cat", "cow"}, p.Classes); diff != "" {
		t.Error("classes (-want +got):\n", diff)
	}
	type found struct {
		Photo string
		Class int
		Score float64
	}
	var got []found
	for _, ph := range p.Photos {
		for _, r := range ph.Predictions {
			got = append(got, found{ph.Name, r.Class, r.Score})
		}
	}
	want := []found{{"a/one.jpg", 1, 1}, {"b/two.jpg", 2, 0.25}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error("predictions (-want +got):\n", diff)
	}
	for _, problem := range []string{
		`the truth has no class "cow"; its predictions do not count`,
		"1 prediction without a score, taken as 1: average precision needs scores",
		`1 photo with predictions but not in the truth, left out; the first is "four.jpg"`,
	} {
		if !slices.Contains(p.Problems, problem) {
			t.Errorf("%q is not among %q", problem, p.Problems)
		}
	}
}

func TestOpenDoesNotGuessBetweenNames(t *testing.T) {
	predictions := `{"images":[{"id":1,"file_name":"x/one.jpg"},{"id":2,"file_name":"y/one.jpg"},{"id":3,"file_name":"z/two.jpg"}],
"categories":[{"id":1,"name":"cat"}],"annotations":[
 {"id":1,"image_id":1,"category_id":1,"bbox":[0,0,20,10],"score":0.25},
 {"id":2,"image_id":2,"category_id":1,"bbox":[0,0,20,10],"score":0.25},
 {"id":3,"image_id":3,"category_id":1,"bbox":[0,0,20,10],"score":0.25}]}`
	p := mustOpen(t, truth, predictions)
	for _, ph := range p.Photos {
		if n := len(ph.Predictions); (ph.Name == "b/two.jpg") != (n == 1) {
			t.Errorf("%s has %d predictions", ph.Name, n)
		}
	}
}

func TestOpenResults(t *testing.T) {
	t.Run("should name ids that nothing has", func(t *testing.T) {
		p := mustOpen(t, truth, `[{"image_id":3,"category_id":5,"bbox":[0,0,9,9],"score":0.5},
{"image_id":4,"category_id":5,"bbox":[0,0,9,9],"score":0.5},{"image_id":3,"category_id":1,"bbox":[0,0,9,9],"score":0.5}]`)
		said := strings.Join(p.Problems, "\n")
		if !strings.Contains(said, "no image has id 4; 1 region left out") || !strings.Contains(said, "no category has id 1; 1 region left out") {
			t.Error("problems:", said)
		}
		if diff := cmp.Diff([]float64{81}, p.Photos[0].PredictedAreas); diff != "" {
			t.Error("areas (-want +got):\n", diff)
		}
	})
	t.Run("should keep photos of the same name apart by their ids", func(t *testing.T) {
		p := mustOpen(t, `{"images":[{"id":1,"file_name":"a.jpg"},{"id":2,"file_name":"a.jpg"}],"categories":[{"id":1,"name":"x"}],"annotations":[]}`,
			`[{"image_id":2,"category_id":1,"bbox":[0,0,9,9],"score":0.5}]`)
		if len(p.Photos[0].Predictions) != 0 || len(p.Photos[1].Predictions) != 1 {
			t.Error("wrong photo")
		}
	})
	t.Run("should compare with uncompressed run lengths", func(t *testing.T) {
		p := mustOpen(t, `{"images":[{"id":1,"file_name":"a.jpg","width":4,"height":3}],"categories":[{"id":1,"name":"x"}],"annotations":[]}`,
			`[{"image_id":1,"category_id":1,"segmentation":{"size":[3,4],"counts":[3,2,1,2,4]},"score":0.5}]`)
		r := p.Photos[0].Predictions[0]
		if m, ok := r.Shape.(annot.Mask); !ok || m.Area() != 4 || r.Box != (annot.Box{X0: 1, Y0: 0, X1: 3, Y1: 2}) || p.ByBox {
			t.Errorf("got %+v", r)
		}
	})
}

func TestOpenBearsFaults(t *testing.T) {
	t.Run("should fall back when a file is cut off, and say so with its line", func(t *testing.T) {
		p := mustOpen(t, truth[:strings.Index(truth, ` {"id":3,"image_id":7`)], `[{"image_id":3,"category_id":5,"bbox":[0,0,9,9],"score":0.5}]`)
		if len(p.Photos) != 3 || !strings.Contains(p.Problems[0], "truth.json:9:") {
			t.Errorf("%d photos, problems %q", len(p.Photos), p.Problems)
		}
		if len(p.Photos[0].Predictions)+len(p.Photos[1].Predictions) != 1 {
			t.Error("the prediction is lost")
		}
	})
	t.Run("should fall back for results that break COCO's rules", func(t *testing.T) {
		p := mustOpen(t, truth, `[{"image_id":3,"category_id":5,"bbox":[0,0,9],"score":0.5},{"image_id":3,"category_id":5,"bbox":[0,0,9,9],"score":0.5}]`)
		if n := len(p.Photos[0].Predictions); n != 1 || len(p.Problems) == 0 {
			t.Errorf("%d predictions, problems %q", n, p.Problems)
		}
	})
	for name, tt := range map[string]struct {
		truth, predictions string
		want               error
	}{
		"should refuse files of no known format":  {`{"a":1}`, `[]`, format.ErrUnrecognised},
		"should refuse predictions of no format":  {truth, `nothing`, format.ErrUnrecognised},
		"should refuse files that share no photo": {truth, strings.ReplaceAll(truth, ".jpg", "x.jpg"), files.ErrNothingShared},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := open(t, tt.truth, tt.predictions); !errors.Is(err, tt.want) {
				t.Error("got", err)
			}
		})
	}
	t.Run("should refuse a file that is not there", func(t *testing.T) {
		_, err := files.OpenTruth(filepath.Join(t.TempDir(), "none.json"), files.Options{})
		if !errors.Is(err, fs.ErrNotExist) {
			t.Error("got", err)
		}
	})
	t.Run("should refuse a format that does not exist", func(t *testing.T) {
		_, err := files.OpenTruth(write(t, "truth.json", truth), files.Options{TruthFormat: "cocoa"})
		if !errors.Is(err, format.ErrUnknownFormat) {
			t.Error("got", err)
		}
	})
}

func FuzzOpen(f *testing.F) {
	f.Add(truth, `[{"image_id":3,"category_id":5,"bbox":[0,0,9,9],"score":0.5}]`)
	f.Add(truth, `[{"image_id":7,"category_id":2,"segmentation":{"size":[80,100],"counts":"0P1"},"score":1}]`)
	f.Add(truth[:300], truth)
	f.Add(`{"images":[{"id":1,"file_name":"../a","width":-1,"height":1e9}],"annotations":[{"image_id":1,"category_id":1,"bbox":[null]}]}`, `[{}]`)
	f.Add("\xef\xbb\xbf"+`{"categories":[{"id":1},{"id":1}],"images":[]}`, `[[[[`)
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, truth, predictions string) {
		a, b := filepath.Join(dir, "truth.json"), filepath.Join(dir, "predictions.json")
		check(t, os.WriteFile(a, []byte(truth), 0o644))
		check(t, os.WriteFile(b, []byte(predictions), 0o644))
		p, err := files.Open(a, b, files.Options{})
		if err != nil {
			return
		}
		for i, ph := range p.Photos {
			if len(ph.PredictedAreas) != 0 && len(ph.PredictedAreas) != len(ph.Predictions) {
				t.Errorf("photo %d: %d areas for %d predictions", i, len(ph.PredictedAreas), len(ph.Predictions))
			}
		}
		if _, err := eval.Evaluate(t.Context(), p.Photos, len(p.Classes), eval.Boxes); err != nil {
			t.Error(err)
		}
	})
}
