package format

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/saysee/saysee/annot"
)

func TestExtent(t *testing.T) {
	t.Run("should answer as a mask by COCO's rule does", func(t *testing.T) {
		rng := rand.New(rand.NewPCG(4, 4))
		var e extent
		fast := 0
		for i := range 20000 {
			w, h := 1+rng.IntN(60), 1+rng.IntN(60)
			ring := make(annot.Ring, 3+rng.IntN(4))
			for k := range ring {
				ring[k] = annot.Point{X: rng.Float64()*90 - 15, Y: rng.Float64()*90 - 15}
				if i%3 == 0 {
					ring[k] = annot.Point{X: float64(rng.IntN(70) - 5), Y: float64(rng.IntN(700)-50) / 10}
				}
			}
			m := annot.RasterizeCOCO([]annot.Ring{ring}, w, h)
			area, box := e.of(annot.Polygon{{Outer: ring}}, w, h)
			if area != m.Area() || area > 0 && box != bounds(m) {
				t.Fatalf("%v in %d × %d: area %d, box %v; the mask has %d, %v", ring, w, h, area, box, m.Area(), bounds(m))
			}
			if _, _, ok := e.ring(ring, w, h); ok {
				fast++
			}
		}
		if fast < 5000 {
			t.Errorf("only %d went the fast way", fast)
		}
	})
}

func TestAppendFloat(t *testing.T) {
	t.Run("should write what reads back as the same number, as short as strconv does", func(t *testing.T) {
		rng := rand.New(rand.NewPCG(5, 4))
		for i := range 100000 {
			f := (rng.Float64() - 0.5) * 2000
			switch i % 4 {
			case 0:
				f = float64(int(f*100)) / 100
			case 1:
				f = float64(int(f*10)) / 10
			case 2:
				f = float64(int(f))
			}
			want := strconv.FormatFloat(f, 'f', -1, 64)
			if want == "-0" {
				want = "0"
			}
			if got := string(appendFloat(nil, f)); got != want && math.Abs(f) >= 1e-6 {
				t.Fatalf("%v is written as %s", f, got)
			}
			s := scanner{b: []byte(want)}
			if got := s.number(); got != f || s.err != nil {
				t.Fatalf("%s is read as %v", want, got)
			}
		}
	})
}
