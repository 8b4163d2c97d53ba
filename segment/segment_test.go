package segment_test

import (
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/segment"
)

func random(rng *rand.Rand, classes int) *segment.Logits {
	l := &segment.Logits{W: 1 + rng.IntN(8), H: 1 + rng.IntN(8), Photo: image.Pt(1+rng.IntN(60), 1+rng.IntN(60))}
	l.CellW, l.CellH = float64(l.Photo.X)/float64(l.W)+rng.Float64(), float64(l.Photo.Y)/float64(l.H)+rng.Float64()
	for i := range classes {
		plane := make([]float32, l.W*l.H)
		for k := range plane {
			plane[k] = rng.Float32()*6 - 3
		}
		l.Planes = append(l.Planes, plane)
		l.Classes = append(l.Classes, annot.Class{Name: string(rune('a' + i)), Phrases: []string{string(rune('a' + i))}})
	}
	return l
}

// value reads the bilinear surface of class c at the centre of a pixel.
func value(l *segment.Logits, c, x, y int) float64 {
	at := func(p, size float64, n int) (int, int, float64) {
		u := min(max((p+0.5)/size-0.5, 0), float64(n-1))
		i := int(u)
		return i, min(i+1, n-1), u - float64(i)
	}
	x0, x1, fx := at(float64(x), l.CellW, l.W)
	y0, y1, fy := at(float64(y), l.CellH, l.H)
	v := func(i, j int) float64 { return float64(l.Planes[c][j*l.W+i]) }
	return (v(x0, y0)*(1-fx)+v(x1, y0)*fx)*(1-fy) + (v(x0, y1)*(1-fx)+v(x1, y1)*fx)*fy
}

func TestLabelsEqualTheArgmaxAtEveryPixel(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var labels *segment.Labels
	for range 200 {
		l := random(rng, 1+rng.IntN(5))
		off := map[int]bool{0: rng.IntN(2) == 0}
		labels = l.Labels(0.5, off, labels)
		for y := range l.Photo.Y {
			for x := range l.Photo.X {
				got := int(labels.Pix[y*l.Photo.X+x])
				best, want, second := 0.5, segment.NoClass, math.Inf(-1)
				for c := range l.Planes {
					if off[c] {
						continue
					}
					if v := value(l, c, x, y); v > best {
						best, want, second = v, c, best
					} else {
						second = max(second, v)
					}
				}
				if got != want && best-second > 1e-5 {
					t.Fatalf("pixel (%d, %d) of %v: class %d, want %d", x, y, l.Photo, got, want)
				}
			}
		}
	}
}

func TestSelectGivesEachConnectedSetOnce(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 100 {
		l := random(rng, 3)
		labels := l.Labels(0, nil, nil)
		owner := make([]int, len(labels.Pix)) // region number + 1
		regions := l.Select(segment.Options{})
		for n, r := range regions {
			m := r.Shape.(annot.Mask)
			for s := range m.Spans() {
				for y := s.Y0; y < s.Y1; y++ {
					i := y*l.Photo.X + s.X
					if owner[i] != 0 || int(labels.Pix[i]) != r.Class {
						t.Fatalf("pixel (%d, %d) is taken twice or by the wrong class", s.X, y)
					}
					owner[i] = n + 1
				}
			}
			if n > 0 && m.Area() > regions[n-1].Shape.(annot.Mask).Area() {
				t.Fatal("regions do not come largest first")
			}
			if m.Rect() != m.TightBounds() || r.Box != m.Bounds() {
				t.Fatal("the box is not the mask's")
			}
		}
		for i := range owner {
			x, y := i%l.Photo.X, i/l.Photo.X
			if (owner[i] == 0) != (labels.Pix[i] == segment.NoClass) {
				t.Fatalf("pixel (%d, %d) of class %d is in no region", x, y, labels.Pix[i])
			}
			if x > 0 && labels.Pix[i] == labels.Pix[i-1] && owner[i] != owner[i-1] || y > 0 && labels.Pix[i] == labels.Pix[i-l.Photo.X] && owner[i] != owner[i-l.Photo.X] {
				t.Fatalf("neighbours at (%d, %d) are in two regions", x, y)
			}
		}
	}
}

func half() *segment.Logits {
	return &segment.Logits{
		Model: "m", Classes: []annot.Class{{Name: "sky", Phrases: []string{"sky", "clouds"}}, {Name: "sea", Phrases: []string{"sea"}}},
		Photo: image.Pt(40, 40), W: 2, H: 2, CellW: 20, CellH: 20,
		Planes: [][]float32{{4, 4, -4, -4}, {-4, -4, 2, 2}},
	}
}

func TestSelectOptions(t *testing.T) {
	for name, c := range map[string]struct {
		options segment.Options
		classes []int
	}{
		"should give both halves":                   {segment.Options{}, []int{0, 1}},
		"should leave a class under its background": {segment.Options{Background: 3}, []int{0}},
		"should leave out a class that is off":      {segment.Options{Off: map[int]bool{0: true}}, []int{1}},
		"should leave out small regions":            {segment.Options{MinArea: 0.48}, []int{0}},
		"should leave out unsure regions":           {segment.Options{Score: 0.9}, []int{0}},
		"should use a class's own threshold":        {segment.Options{PerClass: map[int]float64{0: 1}}, []int{1}},
		"should keep the largest when bounded":      {segment.Options{Max: 1}, []int{0}},
	} {
		t.Run(name, func(t *testing.T) {
			regions := half().Select(c.options)
			if len(regions) != len(c.classes) {
				t.Fatalf("%d regions, want %v", len(regions), c.classes)
			}
			for i, r := range regions {
				if r.Class != c.classes[i] {
					t.Errorf("region %d has class %d, want %d", i, r.Class, c.classes[i])
				}
			}
		})
	}
}

func TestMergeOfOneViewAndItsTilesAgreesWithTheView(t *testing.T) {
	// A plane is the same plane however it is cut.
	plane := func(crop image.Rectangle, cell float64) segment.Grid {
		g := segment.Grid{Crop: crop, CellW: cell, CellH: cell, W: int(math.Ceil(float64(crop.Dx()) / cell)), H: int(math.Ceil(float64(crop.Dy()) / cell))}
		v := make([]float32, g.W*g.H)
		for i := range v {
			x := float64(crop.Min.X) + (float64(i%g.W)+0.5)*cell
			y := float64(crop.Min.Y) + (float64(i/g.W)+0.5)*cell
			v[i] = float32(0.1*x - 0.2*y)
		}
		g.Planes = [][]float32{v}
		return g
	}
	photo := image.Pt(64, 48)
	l := segment.Merge(photo, []segment.Grid{
		plane(image.Rect(0, 0, 64, 48), 4), plane(image.Rect(0, 0, 40, 48), 2), plane(image.Rect(24, 0, 64, 48), 2),
	})
	for y := 1; y < l.H-1; y++ {
		for x := 1; x < l.W-1; x++ {
			want := 0.1*(float64(x)+0.5)*l.CellW - 0.2*(float64(y)+0.5)*l.CellH
			// Beyond the outermost centres of a view its surface is flat, so allow a cell there.
			if got := float64(l.Planes[0][y*l.W+x]); math.Abs(got-want) > 0.21 {
				t.Fatalf("cell (%d, %d): %v, want %v", x, y, got, want)
			}
		}
	}
}

func BenchmarkSelect(b *testing.B) {
	rng := rand.New(rand.NewPCG(7, 8))
	l := &segment.Logits{Photo: image.Pt(1920, 1440), W: 104, H: 78, CellW: 1920. / 104, CellH: 1440. / 78}
	for c := range 10 {
		plane := make([]float32, l.W*l.H)
		fx, fy := rng.Float64()/6, rng.Float64()/6
		for i := range plane {
			plane[i] = float32(3 * math.Sin(fx*float64(i%l.W)+float64(c)) * math.Cos(fy*float64(i/l.W)))
		}
		l.Planes = append(l.Planes, plane)
		l.Classes = append(l.Classes, annot.Class{Name: "c", Phrases: []string{"c"}})
	}
	for b.Loop() {
		l.Select(segment.Options{MinArea: 0.0005})
	}
}
