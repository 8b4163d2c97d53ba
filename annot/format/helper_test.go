package format_test

import (
	"encoding/json"
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
)

func lookup(t testing.TB, name string) *format.Format {
	t.Helper()
	f, err := format.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readText(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// load reads a dataset into memory.
func load(t testing.TB, name, path string, o format.ReadOptions) (*format.Dataset, []format.Photo) {
	t.Helper()
	ds, err := lookup(t, name).Read(path, o)
	if err != nil {
		t.Fatal(err)
	}
	photos, err := ds.Collect()
	if err != nil {
		t.Fatal(err)
	}
	return ds, photos
}

func noProblems(t testing.TB, ds *format.Dataset) {
	t.Helper()
	if ps, _ := ds.Problems(); len(ps) > 0 {
		t.Fatalf("problems: %v", ps)
	}
}

// save writes a dataset and returns the report.
func save(t testing.TB, name, path string, ds *format.Dataset, o format.WriteOptions) *format.Report {
	t.Helper()
	rep, err := lookup(t, name).Write(path, ds, o)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// same compares what a round trip must keep.
var same = cmp.Options{
	cmpopts.EquateEmpty(),
	cmp.Comparer(func(a, b annot.Mask) bool { return a.Equal(b) }),
	cmpopts.IgnoreFields(format.Photo{}, "Path"),
	cmp.Transformer("text", func(m json.RawMessage) string { return string(m) }),
}

func randomRing(rng *rand.Rand, b annot.Box, n int) annot.Ring {
	// Points on an ellipse in order, so that the outline does not cross itself.
	ring := annot.Ring{{X: b.X0, Y: (b.Y0 + b.Y1) / 2}}
	top, bottom := annot.Ring{}, annot.Ring{}
	for i := 1; i < n; i++ {
		x := b.X0 + b.W()*float64(i)/float64(n)
		top = append(top, annot.Point{X: x, Y: b.Y0 + b.H()*0.4*rng.Float64()})
		bottom = append(annot.Ring{{X: x, Y: b.Y1 - b.H()*0.4*rng.Float64()}}, bottom...)
	}
	ring = append(ring, top...)
	ring = append(ring, annot.Point{X: b.X1, Y: (b.Y0 + b.Y1) / 2})
	return append(ring, bottom...)
}

func randomBox(rng *rand.Rand, w, h int) annot.Box {
	x0, y0 := rng.Float64()*float64(w)*0.6, rng.Float64()*float64(h)*0.6
	return annot.Box{X0: x0, Y0: y0, X1: x0 + 8 + rng.Float64()*float64(w)*0.2, Y1: y0 + 8 + rng.Float64()*float64(h)*0.2}
}

func randomMask(rng *rand.Rand, b annot.Box) annot.Mask {
	r := image.Rect(int(b.X0), int(b.Y0), int(b.X1), int(b.Y1))
	bits := make([]byte, r.Dx()*r.Dy())
	for i := range bits {
		if rng.IntN(4) > 0 {
			bits[i] = 1
		}
	}
	bits[len(bits)/2] = 1
	return annot.NewMask(r, bits).Trim()
}

func randomShape(rng *rand.Rand, b annot.Box) annot.Shape {
	inner := annot.Box{X0: b.X0 + b.W()*0.45, Y0: b.Y0 + b.H()*0.45, X1: b.X1 - b.W()*0.45, Y1: b.Y1 - b.H()*0.45}
	switch rng.IntN(8) {
	case 0, 1:
		return nil
	case 2:
		return annot.Polygon{{Outer: randomRing(rng, b, 3+rng.IntN(5))}}
	case 3:
		return annot.Polygon{{Outer: randomRing(rng, b, 4), Holes: []annot.Ring{randomRing(rng, inner, 3)}}}
	case 4:
		other := annot.Box{X0: b.X1 + 2, Y0: b.Y0, X1: b.X1 + 10, Y1: b.Y1}
		return annot.Polygon{{Outer: randomRing(rng, b, 4)}, {Outer: randomRing(rng, other, 3)}}
	case 5:
		return randomMask(rng, b)
	case 6:
		return b.Center()
	}
	return annot.Line{{X: b.X0, Y: b.Y0}, {X: b.X1, Y: b.Y0}, {X: b.X1, Y: b.Y1}}
}

func randomRegion(rng *rand.Rand, w, h, classes int) annot.Region {
	b := randomBox(rng, w, h)
	r := annot.Region{Class: rng.IntN(classes), Box: b, Shape: randomShape(rng, b)}
	if r.Shape != nil {
		r.Box = r.Shape.Bounds()
	}
	switch rng.IntN(3) {
	case 0:
		r.Source = annot.Source{Maker: annot.ByModel, Model: "vild-1", Phrase: "a small dog"}
		r.Score = float64(rng.IntN(1000)) / 1000
		r.Review = annot.Review(rng.IntN(2))
	case 1:
		r.Source.Maker = annot.ByFile
	}
	if rng.IntN(5) == 0 {
		r.Track, r.Locked = 1+rng.IntN(9), true
	}
	if rng.IntN(5) == 0 {
		r.Extra = map[string]json.RawMessage{"occluded": json.RawMessage("true"), "note": json.RawMessage(`"a<b & \"c\""`)}
	}
	return r
}

// randomDataset makes a dataset that uses everything that the formats may or may not hold.
func randomDataset(rng *rand.Rand, photos int) ([]annot.Class, []format.Photo) {
	cs := annot.NamedClasses("dog", "traffic light", "猫", "a<b>&\"c\"")
	cs[0].Phrases, cs[0].Color = []string{"dog", "puppy"}, "#FF8800"
	var ps []format.Photo
	for i := range photos {
		w, h := 60+rng.IntN(60), 60+rng.IntN(60)
		p := format.Photo{File: fmt.Sprintf("sub %d/photo-%d.jpg", i%2, i), Width: w, Height: h}
		p.State = annot.PhotoState(rng.IntN(3))
		for range rng.IntN(6) {
			p.Regions = append(p.Regions, randomRegion(rng, w, h, len(cs)))
		}
		ps = append(ps, p)
	}
	return cs, ps
}
