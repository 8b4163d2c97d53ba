package prep_test

import (
	"errors"
	"image"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/pipeline/prep"
)

var starter = model.ImageSpec{
	Size: 416, Multiple: 32, Resize: "letterbox", Shrink: "area", Grow: "linear", Order: "RGB", Pad: 114,
	Mean: [3]float32{127, 127, 127}, Std: [3]float32{128, 128, 128},
}

func spec(size int) model.ImageSpec {
	s := starter
	s.Size = size
	return s
}

func noise(w, h int) *photo.Photo {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(img.Pix)
	return &photo.Photo{Pix: img}
}

func preparer(t testing.TB, s model.ImageSpec) *prep.Preparer {
	t.Helper()
	p, err := prep.New(s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func TestPlanKeepsSmallPhotosWhole(t *testing.T) {
	for _, c := range []struct {
		size  image.Point
		tiles prep.Tiles
		want  int
	}{
		{image.Pt(640, 480), prep.AutoTiles, 1},
		{image.Pt(1247, 900), prep.AutoTiles, 1},
		{image.Pt(4000, 3000), prep.NoTiles, 1},
		{image.Pt(4000, 3000), 1, 1},
		{image.Pt(4000, 3000), 2, 1 + 4},
		{image.Pt(4000, 800), 3, 1 + 3},
		{image.Pt(1, 1), 5, 1},
		{image.Pt(0, 5), prep.AutoTiles, 0},
	} {
		if got := prep.Plan(c.size, starter, c.tiles); len(got) != c.want {
			t.Errorf("%v with %d: %d views, want %d", c.size, c.tiles, len(got), c.want)
		}
	}
}

func TestPlanProperties(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		size := image.Pt(1+r.IntN(9000), 1+r.IntN(6000))
		tiles := prep.Tiles(r.IntN(prep.MaxTiles+2) - 1)
		views := prep.Plan(size, starter, tiles)
		if views[0].Crop != (image.Rectangle{Max: size}) {
			t.Fatalf("%v: the first view should be all of it: %v", size, views[0])
		}
		if len(views) == 1 {
			continue
		}
		checkTiles(t, size, views[1:])
	}
}

func checkTiles(t *testing.T, size image.Point, tiles []model.Letterbox) {
	t.Helper()
	photo := image.Rectangle{Max: size}
	one := tiles[0].Crop.Size()
	columns := map[int]bool{}
	rows := map[int]bool{}
	for _, l := range tiles {
		if l.Crop.Size() != one || !l.Crop.In(photo) {
			t.Fatalf("%v: tiles should be alike and inside: %v", size, l.Crop)
		}
		columns[l.Crop.Min.X], rows[l.Crop.Min.Y] = true, true
	}
	if len(columns)*len(rows) != len(tiles) {
		t.Fatalf("%v: tiles should be a grid", size)
	}
	for _, axis := range []struct {
		starts       map[int]bool
		side, length int
	}{{columns, one.X, size.X}, {rows, one.Y, size.Y}} {
		if axis.side != axis.length && axis.side%2 != 0 {
			t.Fatalf("%v: a side of %d should be even", size, axis.side)
		}
		end, first := 0, true
		for x := range axis.length {
			if !axis.starts[x] {
				continue
			}
			if !first && float64(end-x) < prep.Overlap*float64(axis.side) {
				t.Fatalf("%v: tiles of %d overlap by %d only", size, axis.side, end-x)
			}
			if first && x != 0 {
				t.Fatalf("%v: the first tile starts at %d", size, x)
			}
			end, first = x+axis.side, false
		}
		if end != axis.length {
			t.Fatalf("%v: the tiles end at %d", size, end)
		}
	}
}

func TestFillOfATileIsItsPixels(t *testing.T) {
	ph := noise(200, 150)
	p := preparer(t, spec(64))
	l := model.NewLetterbox(image.Rect(100, 70, 164, 118), model.ImageSpec{Size: 64})
	planes := make([]float32, 3*64*64)
	if err := p.Fill(planes, ph, l); err != nil {
		t.Fatal(err)
	}
	want := make([]float32, 0, len(planes))
	for c := range 3 {
		for y := range 64 {
			for x := range 64 {
				v := uint8(114)
				if y < 48 {
					v = ph.Pix.Pix[(y+70)*ph.Pix.Stride+4*(x+100)+c]
				}
				want = append(want, (float32(v)-127)/128)
			}
		}
	}
	if !cmp.Equal(want, planes) {
		t.Error("a tile of the canvas' size should be copied as it is, with the pad below")
	}
	// The geometry that goes with it: a box around the tile's content is the tile.
	got := l.ToPhoto(annot.Box{X0: 0, Y0: 0, X1: 64, Y1: 48})
	if got != (annot.Box{X0: 100, Y0: 70, X1: 164, Y1: 118}) {
		t.Errorf("got %v", got)
	}
}

func TestNewRefusesWhatItCannotFollow(t *testing.T) {
	for name, change := range map[string]func(*model.ImageSpec){
		"should refuse another resize":    func(s *model.ImageSpec) { s.Resize = "stretch" },
		"should refuse another order":     func(s *model.ImageSpec) { s.Order = "GRB" },
		"should refuse an unknown kernel": func(s *model.ImageSpec) { s.Shrink = "lanczos" },
		"should refuse no kernel":         func(s *model.ImageSpec) { s.Grow = "" },
		"should refuse a size of 0":       func(s *model.ImageSpec) { s.Size = 0 },
		"should refuse a deviation of 0":  func(s *model.ImageSpec) { s.Std[1] = 0 },
	} {
		s := starter
		change(&s)
		if _, err := prep.New(s); !errors.Is(err, prep.ErrSpec) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFillRefusesAViewOfAnotherPhoto(t *testing.T) {
	p := preparer(t, spec(64))
	l := model.NewLetterbox(image.Rect(0, 0, 300, 300), model.ImageSpec{Size: 64})
	if err := p.Fill(make([]float32, 3*64*64), noise(200, 150), l); err == nil {
		t.Error("should refuse a crop outside the photo")
	}
}

// loadRuntime loads the library that the build fetched, or one that the environment names.
func loadRuntime(t testing.TB) {
	t.Helper()
	if model.LoadRuntime("") == nil {
		return
	}
	found, _ := filepath.Glob("../../.cache/onnxruntime/lib/libonnxruntime*")
	for _, path := range found {
		if model.LoadRuntime(path) == nil {
			return
		}
	}
	t.Skip("no ONNX Runtime; make setup fetches one")
}

func TestViewsAreReusedAndIndependent(t *testing.T) {
	loadRuntime(t)
	p := preparer(t, spec(64))
	ph := noise(200, 150)
	want := make([]float32, 3*64*64)
	whole := model.NewLetterbox(ph.Pix.Rect, model.ImageSpec{Size: 64})
	if err := p.Fill(want, ph, whole); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 10 {
				tile := model.NewLetterbox(image.Rect(i, i, 100+i, 90+i), model.ImageSpec{Size: 64})
				a, err1 := p.View(ph, tile)
				b, err2 := p.View(ph, whole)
				if err := errors.Join(err1, err2); err != nil {
					t.Error(err)
					return
				}
				if a.Pixels == b.Pixels || b.Letterbox != whole || !cmp.Equal(b.Pixels.F32, want) {
					t.Error("two views should not share anything")
				}
				p.Recycle(a)
				p.Recycle(b)
			}
		})
	}
	wg.Wait()
	cycle := func() {
		v, err := p.View(ph, whole)
		if err != nil {
			t.Fatal(err)
		}
		p.Recycle(v)
	}
	cycle()
	if got := testing.AllocsPerRun(20, cycle); got > 0 {
		t.Errorf("%v allocations a view, want none", got)
	}
}

func BenchmarkFill(b *testing.B) {
	for _, c := range []struct {
		name string
		w, h int
	}{{"coco", 640, 480}, {"1080p", 1920, 1080}, {"12 megapixels", 4000, 3000}} {
		b.Run(c.name, func(b *testing.B) {
			p, ph := preparer(b, starter), noise(c.w, c.h)
			l := prep.Plan(ph.Size(), starter, prep.NoTiles)[0]
			planes := make([]float32, 3*416*416)
			b.ReportAllocs()
			for b.Loop() {
				if err := p.Fill(planes, ph, l); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
