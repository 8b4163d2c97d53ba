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
