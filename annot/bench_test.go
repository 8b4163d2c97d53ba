package annot_test

import (
	"image"
	"math/rand/v2"
	"testing"

	"github.com/saysee/saysee/annot"
)

const benchSide = 1000

// benchMasks returns two overlapping masks with the ragged outlines that models give.
func benchMasks() (a, b annot.Mask) {
	rng := rand.New(rand.NewPCG(17, 18))
	blob := func(cx, cy float64) annot.Mask {
		var path []annot.Point
		for range 60 {
			path = append(path, annot.Point{X: cx + rng.NormFloat64()*120, Y: cy + rng.NormFloat64()*120})
		}
		return annot.Stroke(path, 25, benchSide, benchSide)
	}
	return blob(450, 450), blob(550, 550)
}

func BenchmarkMask(b *testing.B) {
	m, o := benchMasks()
	full := m.FullRuns(benchSide, benchSide)
	text := annot.EncodeRLE(full)
	bits := m.Bitmap(nil)
	outline := m.Trace()
	stroke := []annot.Point{{X: 500, Y: 500}, {X: 510, Y: 505}}
	for _, c := range []struct {
		name string
		do   func()
	}{
		{"Union", func() { m.Union(o) }},
		{"Intersect", func() { m.Intersect(o) }},
		{"Subtract", func() { m.Subtract(o) }},
		{"IoU", func() { m.IoU(o, false) }},
		{"Area", func() { m.Area() }},
		{"Trim", func() { m.Trim() }},
		{"FullRuns", func() { m.FullRuns(benchSide, benchSide) }},
		{"FromFullRuns", func() { _, _ = annot.MaskFromFullRuns(benchSide, benchSide, full) }},
		{"EncodeRLE", func() { annot.EncodeRLE(full) }},
		{"DecodeRLE", func() { _, _ = annot.DecodeRLE(text) }},
		{"NewMask", func() { annot.NewMask(m.Rect(), bits) }},
		{"Trace", func() { m.Trace() }},
		{"Simplify", func() { outline.Simplify(1) }},
		{"Rasterize", func() { outline.Rasterize(benchSide, benchSide, annot.EvenOdd) }},
		{"Components", func() { m.Components(true) }},
		{"Paint", func() { m.Paint(stroke, 30, benchSide, benchSide) }},
		{"Distance", func() { m.Distance(stroke[0]) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				c.do()
			}
		})
	}
}

// BenchmarkTraceNoise is the worst case: as many corners as pixels.
func BenchmarkTraceNoise(b *testing.B) {
	rng := rand.New(rand.NewPCG(19, 20))
	bits := make([]byte, benchSide*benchSide)
	for i := range bits {
		bits[i] = byte(rng.IntN(2))
	}
	m := annot.NewMask(image.Rect(0, 0, benchSide, benchSide), bits)
	for b.Loop() {
		m.Trace()
	}
}

// BenchmarkStep is what a person waits for: one edit of a photo with 1,000 regions, and the journal line that
// holds it, flushed to the disk.
func BenchmarkStep(b *testing.B) {
	w, err := annot.OpenWorkspace(b.TempDir(), annot.Class{Name: "cat"})
	if err != nil {
		b.Fatal(err)
	}
	defer w.Close()
	rng := rand.New(rand.NewPCG(26, 27))
	doc := annot.Document{Photo: annot.Photo{Path: "a.jpg", Width: benchSide, Height: benchSide}}
	for range 1000 {
		c := annot.Point{X: rng.Float64() * benchSide, Y: rng.Float64() * benchSide}
		m := annot.Stroke([]annot.Point{c}, 15, benchSide, benchSide)
		if !m.Empty() {
			doc.Regions = append(doc.Regions, annot.Region{Shape: m, Box: m.Bounds()})
		}
	}
	if err := w.OpenPhoto(doc); err != nil {
		b.Fatal(err)
	}
	edit := func(e *annot.Edit) error {
		return e.Update("a.jpg", 1, func(r *annot.Region) { r.Score += 0.1 })
	}
	b.Run("InMemory", func(b *testing.B) {
		p := annot.NewProject(w.Classes(), 0)
		if err := p.OpenPhoto(doc); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := p.Do("edit", edit); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Journalled", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.Do("edit", edit); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Trouble(); err != nil {
			b.Fatal(err)
		}
	})
	b.Run("Encode", func(b *testing.B) {
		for b.Loop() {
			if _, err := annot.EncodeDocument(doc, annot.Origin{}); err != nil {
				b.Fatal(err)
			}
		}
	})
	data, err := annot.EncodeDocument(doc, annot.Origin{})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Decode", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			if _, _, _, err := annot.DecodeDocument(data); err != nil {
				b.Fatal(err)
			}
		}
	})
}
