package annot

import (
	"image"
	"math"
)

// maxFit is the longest side in pixels that a mask is scaled to: more than any photo has.
const maxFit = 1 << 16

// Fit returns the mask as it lies when the box that it was seen in becomes another: moved and scaled, each pixel taken
// from the nearest one. One that only moves keeps its runs. The result may reach out of the photo.
// A box that covers nothing, or no photo could hold, leaves the mask as it is.
func (m Mask) Fit(from, to Box) Mask {
	if from.Empty() || to.Empty() || !from.Finite() || !to.Finite() {
		return m
	}
	if math.Abs(from.W()-to.W()) < 0.5 && math.Abs(from.H()-to.H()) < 0.5 {
		a, b := from.Center(), to.Center()
		return Mask{m.rect.Add(image.Pt(int(math.Round(b.X-a.X)), int(math.Round(b.Y-a.Y)))), m.runs}
	}
	sx, sy := to.W()/from.W(), to.H()/from.H()
	at := func(v, from, scale, to float64) float64 { return to + (v-from)*scale }
	b := Box{
		at(float64(m.rect.Min.X), from.X0, sx, to.X0), at(float64(m.rect.Min.Y), from.Y0, sy, to.Y0),
		at(float64(m.rect.Max.X), from.X0, sx, to.X0), at(float64(m.rect.Max.Y), from.Y0, sy, to.Y0),
	}
	rect := image.Rect(int(math.Floor(b.X0)), int(math.Floor(b.Y0)), int(math.Ceil(b.X1)), int(math.Ceil(b.Y1)))
	if rect.Dx() > maxFit || rect.Dy() > maxFit {
		return m
	}
	rows := make([]int, rect.Dy()) // the old row of each new one, -1 for none
	for y := range rows {
		rows[y] = nearest(float64(rect.Min.Y+y)+0.5, to.Y0, sy, from.Y0, m.rect.Min.Y, m.rect.Dy())
	}
	old := m.Bitmap(nil)
	var w runWriter
	for x := range rect.Dx() {
		column := nearest(float64(rect.Min.X+x)+0.5, to.X0, sx, from.X0, m.rect.Min.X, m.rect.Dx())
		for _, row := range rows {
			w.add(1, column >= 0 && row >= 0 && old[row*m.rect.Dx()+column] != 0)
		}
	}
	return Mask{rect, w.done()}
}

// nearest returns which of n pixels from first on lies at a new place, -1 for none.
func nearest(v, to, scale, from float64, first, n int) int {
	i := int(math.Floor(from+(v-to)/scale)) - first
	if i < 0 || i >= n {
		return -1
	}
	return i
}
