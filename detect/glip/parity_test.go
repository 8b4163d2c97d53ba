package glip_test

import (
	"bytes"
	"image"
	_ "image/png"
	"math"
	"os"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/detect/glip"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
)

// open makes a pack of the fixtures of zoo/parity/glip.py and loads it.
func open(t *testing.T, kind string) (*glip.Detector, *model.Engine) {
	t.Helper()
	engine := modeltest.Engine(t, 1)
	root := modeltest.SmallGLIP(t, kind, nil)
	store, err := model.NewStore(root, nil)
	if err != nil {
		t.Fatal(err)
	}
	pack, err := store.Open("glip-" + kind)
	if err != nil {
		t.Fatal(err)
	}
	d, err := glip.New(pack, engine)
	if err != nil {
		t.Fatal(err)
	}
	return d, engine
}

// view prepares a photo as GLIP does, without resampling: BGR, normalised, zeros beside it up to a multiple
// of 32.
func view(t *testing.T, name string) *model.View {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name + ".png")
	if err != nil {
		t.Fatal(err)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	size := img.Bounds().Size()
	w, h := (size.X+31)/32*32, (size.Y+31)/32*32
	pixels, err := model.NewF32(1, 3, int64(h), int64(w))
	if err != nil {
		t.Fatal(err)
	}
	mean, std := [3]float32{103.53, 116.28, 123.675}, [3]float32{57.375, 57.12, 58.395}
	for y := range size.Y {
		for x := range size.X {
			r, g, b, _ := img.At(x, y).RGBA()
			for c, v := range [3]uint32{b, g, r} {
				pixels.F32[(c*h+y)*w+x] = (float32(v>>8) - mean[c]) / std[c]
			}
		}
	}
	v := model.NewView(model.Letterbox{Crop: image.Rectangle{Max: size}, Canvas: image.Pt(w, h), Scale: 1}, pixels)
	t.Cleanup(func() { v.Release(); pixels.Release() })
	return v
}

func TestFindsWhatTheOfficialCodeFinds(t *testing.T) {
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
			modeltest.JSON(t, "testdata/"+kind+".json", &want)
			classes := annot.NamedClasses(want.Names...)
			d, engine := open(t, kind)
			for _, c := range want.Cases {
				e, err := d.Encode(t.Context(), []*model.View{view(t, c.Photo)})
				if err != nil {
					t.Fatal(err)
				}
				defer e.Release()
				all, err := e.Ask(t.Context(), classes)
				if err != nil {
					t.Fatal(err)
				}
				got := all.Select(detect.Options{NMS: 0.6, Max: 100})
				if len(got) != len(c.Boxes) || len(got) == 0 {
					t.Fatalf("%s: %d boxes, want %d", c.Photo, len(got), len(c.Boxes))
				}
				for i, b := range c.Boxes {
					want := annot.Box{X0: b[0], Y0: b[1], X1: b[2] + 1, Y1: b[3] + 1}
					if !has(got, c.Labels[i]-1, want, c.Scores[i]) {
						t.Errorf("%s: no box %v of %s at %v; the first of what was found is %v at %v", c.Photo, want, classes[c.Labels[i]-1].Name, c.Scores[i], got[0].Box, got[0].Score)
					}
				}
				runs := engine.Runs()
				if _, err := e.Ask(t.Context(), classes); err != nil || engine.Runs() != runs {
					t.Errorf("the same words ran %d sessions (%v)", engine.Runs()-runs, err)
				}
			}
		})
	}
}

// has looks for a box within 0.1 pixels and a score within 1e-4.
func has(found []detect.Found, class int, b annot.Box, score float64) bool {
	near := func(x, y float64) bool { return math.Abs(x-y) <= 0.1 }
	for _, f := range found {
		if f.Class == class && math.Abs(f.Score-score) <= 1e-4 &&
			near(f.Box.X0, b.X0) && near(f.Box.Y0, b.Y0) && near(f.Box.X1, b.X1) && near(f.Box.Y1, b.Y1) {
			return true
		}
	}
	return false
}
