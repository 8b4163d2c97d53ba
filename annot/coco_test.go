package annot_test

import (
	"encoding/json"
	"image"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/saysee/saysee/annot"
)

// rleFixture is what pycocotools says; testdata/make_rle_fixture.py wrote it.
type rleFixture struct {
	Polygons []struct {
		W, H  int
		Rings [][]float64
		RLE   string
		Area  int
	}
	Groups []struct {
		W, H                int
		Rows, RLEs          []string
		Areas               []int
		Boxes               [][]float64
		IoU, Crowd          [][]float64
		Union, Intersection []string
	}
}

func readFixture(t *testing.T) rleFixture {
	t.Helper()
	data, err := os.ReadFile("testdata/rle_fixture.json")
	if err != nil {
		t.Fatal(err)
	}
	var f rleFixture
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAgreesWithPycocotools(t *testing.T) {
	f := readFixture(t)
	t.Run("should rasterise polygons alike", func(t *testing.T) {
		for i, c := range f.Polygons {
			var rings []annot.Ring
			for _, flat := range c.Rings {
				var r annot.Ring
				for j := 0; j < len(flat); j += 2 {
					r = append(r, annot.Point{X: flat[j], Y: flat[j+1]})
				}
				rings = append(rings, r)
			}
			m := annot.RasterizeCOCO(rings, c.W, c.H)
			if m.Area() != c.Area || annot.EncodeRLE(m.FullRuns(c.W, c.H)) != c.RLE {
				t.Errorf("polygon %d %v in %d × %d: %s, area %d, want %s, area %d",
					i, rings, c.W, c.H, annot.EncodeRLE(m.FullRuns(c.W, c.H)), m.Area(), c.RLE, c.Area)
			}
		}
	})
	for _, g := range f.Groups {
		var masks []annot.Mask
		for i, row := range g.Rows {
			bits := make([]byte, len(row))
			for j := range row {
				bits[j] = row[j] - '0'
			}
			m := annot.NewMask(image.Rect(0, 0, g.W, g.H), bits)
			if s := annot.EncodeRLE(m.FullRuns(g.W, g.H)); s != g.RLEs[i] {
				t.Errorf("encoded %q, want %q", s, g.RLEs[i])
			}
			runs, err := annot.DecodeRLE(g.RLEs[i])
			if err != nil {
				t.Fatal(err)
			}
			back, err := annot.MaskFromFullRuns(g.W, g.H, runs)
			if err != nil || !back.Equal(m) {
				t.Errorf("decoded %v, want %v; %v", back, m, err)
			}
			b := back.TightBounds()
			box := []float64{float64(b.Min.X), float64(b.Min.Y), float64(b.Dx()), float64(b.Dy())}
			if diff := cmp.Diff(g.Boxes[i], box); diff != "" {
				t.Errorf("box of mask %d: %s", i, diff)
			}
			if m.Area() != g.Areas[i] {
				t.Errorf("area %d, want %d", m.Area(), g.Areas[i])
			}
			masks = append(masks, back)
		}
		for i, a := range masks {
			for j, b := range masks {
				if got := a.IoU(b, false); got != g.IoU[i][j] {
					t.Errorf("IoU(%d, %d) = %v, want %v", i, j, got, g.IoU[i][j])
				}
				if got := a.IoU(b, true); got != g.Crowd[i][j] {
					t.Errorf("crowd IoU(%d, %d) = %v, want %v", i, j, got, g.Crowd[i][j])
				}
				k := i*len(masks) + j
				if s := annot.EncodeRLE(a.Union(b).FullRuns(g.W, g.H)); s != g.Union[k] {
					t.Errorf("union(%d, %d) = %q, want %q", i, j, s, g.Union[k])
				}
				if s := annot.EncodeRLE(a.Intersect(b).FullRuns(g.W, g.H)); s != g.Intersection[k] {
					t.Errorf("intersection(%d, %d) = %q, want %q", i, j, s, g.Intersection[k])
				}
			}
		}
	}
}
