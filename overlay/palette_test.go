package overlay_test

import (
	"image/color"
	"math"
	"testing"

	"github.com/saysee/saysee/overlay"
)

// sight maps linear sRGB to what an eye without one kind of cone sees: Machado, Oliveira and Fernandes, "A
// Physiologically-based Model for Simulation of Color Vision Deficiency" (2009), severity 1.
var sight = map[string][3][3]float64{
	"normal": {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
	"protan": {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}},
	"deutan": {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}},
	"tritan": {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}},
}

func times(m [3][3]float64, v [3]float64) (out [3]float64) {
	for i, row := range m {
		out[i] = row[0]*v[0] + row[1]*v[1] + row[2]*v[2]
	}
	return out
}

func linearRGB(c color.RGBA) (out [3]float64) {
	for i, b := range [3]uint8{c.R, c.G, c.B} {
		f := float64(b) / 255
		if f <= 0.04045 {
			out[i] = f / 12.92
		} else {
			out[i] = math.Pow((f+0.055)/1.055, 2.4)
		}
	}
	return out
}

// oklab is Björn Ottosson's colour space, in which distance is near to what people see.
func oklab(rgb [3]float64) [3]float64 {
	lms := times([3][3]float64{
		{0.4122214708, 0.5363325363, 0.0514459929},
		{0.2119034982, 0.6806995451, 0.1073969566},
		{0.0883024619, 0.2817188376, 0.6299787005},
	}, rgb)
	for i := range lms {
		lms[i] = math.Cbrt(lms[i])
	}
	return times([3][3]float64{
		{0.2104542553, 0.7936177850, -0.0040720468},
		{1.9779984951, -2.4285922050, 0.4505937099},
		{0.0259040371, 0.7827717662, -0.8086757660},
	}, lms)
}

func leastDistance(m [3][3]float64, n int) float64 {
	var seen [][3]float64
	least := math.Inf(1)
	for i := range n {
		v := times(m, linearRGB(overlay.ClassColor(i, "")))
		for k := range v {
			v[k] = min(max(v[k], 0), 1)
		}
		lab := oklab(v)
		for _, o := range seen {
			d := math.Hypot(math.Hypot(lab[0]-o[0], lab[1]-o[1]), lab[2]-o[2])
			least = min(least, d)
		}
		seen = append(seen, lab)
	}
	return least
}

func TestPalette(t *testing.T) {
	t.Parallel()
	for name, m := range sight {
		t.Run("should keep classes apart for "+name+" sight", func(t *testing.T) {
			t.Parallel()
			if d := leastDistance(m, 10); d < 0.105 {
				t.Errorf("least OKLab distance in the first ten is %.4f, want at least 0.105", d)
			}
			if d := leastDistance(m, overlay.PaletteSize); d < 0.0575 {
				t.Errorf("least OKLab distance in all is %.4f, want at least 0.0575", d)
			}
		})
	}
}

func TestTextOn(t *testing.T) {
	t.Parallel()
	lum := func(c color.RGBA) float64 {
		v := linearRGB(c)
		return 0.2126*v[0] + 0.7152*v[1] + 0.0722*v[2]
	}
	for i := range overlay.PaletteSize {
		c := overlay.ClassColor(i, "")
		a, b := lum(c), lum(overlay.TextOn(c))
		if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.6 {
			t.Errorf("text on class %d has contrast %.2f, want at least 4.6", i+1, ratio)
		}
	}
}

func TestClassColor(t *testing.T) {
	t.Parallel()
	first := color.RGBA{0x33, 0x99, 0xFF, 0xFF}
	for name, c := range map[string]struct {
		index    int
		override string
		want     color.RGBA
		repeated bool
	}{
		"should take the palette's colour":          {0, "", first, false},
		"should repeat after the last":              {20, "", first, true},
		"should take an index below zero":           {-20, "", first, false},
		"should let the class's own colour win":     {20, "#0a0B0c", color.RGBA{10, 11, 12, 255}, false},
		"should pass over a colour without a hash":  {0, "0a0b0c0", first, false},
		"should pass over a colour of other digits": {0, "#0a0b0g", first, false},
		"should pass over a short colour":           {0, "#fff", first, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := overlay.ClassColor(c.index, c.override); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if got := overlay.Repeated(c.index, c.override); got != c.repeated {
				t.Errorf("repeated: got %v, want %v", got, c.repeated)
			}
		})
	}
}
