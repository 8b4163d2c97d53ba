package detect_test

import (
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
)

func candidates() *detect.Candidates {
	return &detect.Candidates{
		Model: "m",
		Classes: []annot.Class{
			{Name: "cat", Phrases: []string{"cat", "kitten"}},
			{Name: "dog", Phrases: []string{"dog"}},
		},
		Boxes: []annot.Box{{X1: 10, Y1: 10}, {X0: 1, X1: 11, Y1: 10}, {X0: 50, Y0: 50, X1: 60, Y1: 60}, {X0: 5, X1: 5, Y1: 9}},
		Scores: []float32{
			0.9, 0.2,
			0.8, 0.85,
			0.3, 0.1,
			0.9, 0.9, // an empty box
		},
		Phrases: []uint16{1, 0, 0, 0, 0, 0, 0, 0},
	}
}

func TestSelect(t *testing.T) {
	type hit struct {
		Candidate, Class int
	}
	for name, c := range map[string]struct {
		options detect.Options
		want    []hit
	}{
		"should keep everything but empty boxes by default": {detect.Options{}, []hit{{0, 0}, {1, 1}, {1, 0}, {2, 0}, {0, 1}, {2, 1}}},
		"should drop the weaker of two boxes of one class":  {detect.Options{NMS: 0.6, Score: 0.25}, []hit{{0, 0}, {1, 1}, {2, 0}}},
		"should keep both under a higher limit":             {detect.Options{NMS: 0.9, Score: 0.25}, []hit{{0, 0}, {1, 1}, {1, 0}, {2, 0}}},
		"should give one thing one name":                    {detect.Options{NMS: 0.6, CrossNMS: 0.6, Score: 0.25}, []hit{{0, 0}, {2, 0}}},
		"should leave out what is exactly at the score":     {detect.Options{Score: float64(float32(0.85))}, []hit{{0, 0}}},
		"should use a class's own threshold":                {detect.Options{Score: 0.5, PerClass: map[int]float64{0: 0.95}}, []hit{{1, 1}}},
		"should leave out a class that is off":              {detect.Options{Score: 0.25, Off: map[int]bool{0: true}}, []hit{{1, 1}}},
		"should keep the strongest when bounded":            {detect.Options{Max: 2}, []hit{{0, 0}, {1, 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []hit
			for _, f := range candidates().Select(c.options) {
				got = append(got, hit{f.Candidate, f.Class})
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestPartsOfAThingGoWhenAsked(t *testing.T) {
	c := &detect.Candidates{
		Classes: []annot.Class{{Name: "cat"}, {Name: "nose"}},
		Boxes:   []annot.Box{{X1: 100, Y1: 100}, {X0: 10, Y0: 10, X1: 30, Y1: 30}, {X0: 90, Y0: 90, X1: 130, Y1: 130}},
		Scores:  []float32{0.9, 0, 0.8, 0.7, 0.6, 0},
		Phrases: make([]uint16, 6),
	}
	for name, want := range map[float64]int{0: 4, 0.9: 3, 0.05: 2} {
		if got := len(c.Select(detect.Options{Score: 0.1, NMS: 0.6, Inside: name})); got != want {
			t.Errorf("inside %v keeps %d boxes, want %d", name, got, want)
		}
	}
}

func TestARegionNamesThePhraseThatFoundIt(t *testing.T) {
	f := candidates().Select(detect.Options{Score: 0.89})[0]
	want := annot.Source{Maker: annot.ByModel, Model: "m", Phrase: "kitten"}
	if f.Source != want || f.Review != annot.Suggested {
		t.Errorf("got %+v, review %v", f.Source, f.Review)
	}
}

func TestBestLooksBelowTheThreshold(t *testing.T) {
	if got := candidates().Best(1); got != float64(float32(0.9)) {
		t.Errorf("got %v", got)
	}
}

// slowPaste reads the bilinear surface at every pixel.
func slowPaste(grid []float32, side int, box annot.Box, photo image.Rectangle) map[image.Point]float64 {
	out := map[image.Point]float64{}
	for y := photo.Min.Y; y < photo.Max.Y; y++ {
		for x := photo.Min.X; x < photo.Max.X; x++ {
			if float64(x)+1 <= math.Floor(box.X0) || float64(x) >= math.Ceil(box.X1) || float64(y)+1 <= math.Floor(box.Y0) || float64(y) >= math.Ceil(box.Y1) {
				continue
			}
			at := func(p, o, size float64) (int, int, float64) {
				u := min(max((p+0.5-o)/size*float64(side)-0.5, 0), float64(side-1))
				i := min(int(u), side-1)
				return i, min(i+1, side-1), u - float64(i)
			}
			x0, x1, fx := at(float64(x), box.X0, box.W())
			y0, y1, fy := at(float64(y), box.Y0, box.H())
			v := func(i, j int) float64 { return float64(grid[j*side+i]) }
			out[image.Pt(x, y)] = (v(x0, y0)*(1-fx)+v(x1, y0)*fx)*(1-fy) + (v(x0, y1)*(1-fx)+v(x1, y1)*fx)*fy
		}
	}
	return out
}

func TestPasteEqualsReadingTheSurfaceAtEveryPixel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	photo := image.Rect(0, 0, 90, 70)
	for range 300 {
		side := 1 + rng.IntN(28)
		grid := make([]float32, side*side)
		for i := range grid {
			grid[i] = rng.Float32()
		}
		x, y := rng.Float64()*100-10, rng.Float64()*80-10
		box := annot.Box{X0: x, Y0: y, X1: x + 0.2 + rng.Float64()*80, Y1: y + 0.2 + rng.Float64()*80}
		mask := detect.Paste(grid, side, box, photo)
		in := map[image.Point]bool{}
		for s := range mask.Spans() {
			for y := s.Y0; y < s.Y1; y++ {
				in[image.Pt(s.X, y)] = true
			}
		}
		want := slowPaste(grid, side, box, photo)
		for p := range in {
			if _, ok := want[p]; !ok {
				t.Fatalf("pixel %v lies outside box %v or photo", p, box)
			}
		}
		for p, v := range want {
			if math.Abs(v-0.5) > 1e-9 && in[p] != (v >= 0.5) {
				t.Fatalf("side %d, box %v, pixel %v: value %v, in the mask: %v", side, box, p, v, in[p])
			}
		}
	}
}

func TestPasteOfNothingIsEmpty(t *testing.T) {
	grid := []float32{1}
	photo := image.Rect(0, 0, 10, 10)
	for name, box := range map[string]annot.Box{
		"an empty box":             {X0: 3, X1: 3, Y1: 5},
		"a box outside the photo":  {X0: 20, Y0: 20, X1: 30, Y1: 30},
		"a box with a side of NaN": {X1: math.NaN(), Y1: 4},
	} {
		if m := detect.Paste(grid, 1, box, photo); m.Area() != 0 {
			t.Errorf("%s gives %d pixels", name, m.Area())
		}
	}
}

func BenchmarkPaste(b *testing.B) {
	grid := make([]float32, 28*28)
	for i := range grid {
		grid[i] = rand.Float32()
	}
	for _, side := range []float64{100, 3000} {
		b.Run(map[float64]string{100: "100px", 3000: "3000px"}[side], func(b *testing.B) {
			for b.Loop() {
				detect.Paste(grid, 28, annot.Box{X0: 10.3, Y0: 4.7, X1: 10.3 + side, Y1: 4.7 + side}, image.Rect(0, 0, 6000, 4000))
			}
		})
	}
}

func TestHitsSelectLikeTheTable(t *testing.T) {
	table := candidates()
	sparse := &detect.Candidates{Model: table.Model, Classes: table.Classes, Boxes: table.Boxes}
	for class := range table.Classes {
		for box := range table.Boxes {
			i := box*len(table.Classes) + class
			if table.Scores[i] > 0 {
				sparse.Hits = append(sparse.Hits, detect.Hit{Box: int32(box), Class: int32(class), Score: table.Scores[i], Phrase: table.Phrases[i]})
			}
		}
	}
	o := detect.Options{Score: 0.1, NMS: 0.6}
	if d := cmp.Diff(table.Select(o), sparse.Select(o)); d != "" {
		t.Errorf("selected (-table +hits):\n%s", d)
	}
	if d := cmp.Diff(table.Tops(), sparse.Tops()); d != "" {
		t.Errorf("tops (-table +hits):\n%s", d)
	}
	for box := range table.Boxes {
		class, score := table.Top(box)
		if c, s := sparse.Top(box); c != class || s != score {
			t.Errorf("box %d is %d at %v, want %d at %v", box, c, s, class, score)
		}
	}
	if got, want := sparse.Best(1), table.Best(1); got != want {
		t.Errorf("best is %v, want %v", got, want)
	}
}

func TestAFamilysOwnOverlapDecidesNMS(t *testing.T) {
	c := candidates()
	c.Overlap = func(a, b int) float64 { return 1 }
	if got, classes := len(c.Select(detect.Options{NMS: 0.6})), len(c.Classes); got != classes {
		t.Errorf("%d regions are left, want one for each of %d classes", got, classes)
	}
}

func TestProgressIsReportedUnderItsContext(t *testing.T) {
	var got [2]int
	ctx := detect.WithProgress(t.Context(), func(done, total int) { got = [2]int{done, total} })
	detect.Report(ctx, 2, 3)
	detect.Report(t.Context(), 3, 3)
	if got != [2]int{2, 3} {
		t.Errorf("got %v", got)
	}
}
