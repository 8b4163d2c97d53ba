package overlay

import (
	"image/color"
	"math"
)

// palette holds the colours of classes 1 to 20. They are chosen for the least distance in OKLab under normal
// and colour-blind sight: 0.106 within the first ten, 0.058 in all. A test computes both.
var palette = [...]color.RGBA{
	{0x33, 0x99, 0xFF, 0xFF},
	{0xFF, 0xAA, 0x22, 0xFF},
	{0x88, 0x00, 0xFF, 0xFF},
	{0x00, 0xEE, 0xFF, 0xFF},
	{0xEE, 0x55, 0x66, 0xFF},
	{0xEE, 0xEE, 0x88, 0xFF},
	{0xCC, 0x66, 0xBB, 0xFF},
	{0x88, 0xCC, 0x99, 0xFF},
	{0xAA, 0x22, 0x11, 0xFF},
	{0x44, 0x55, 0xAA, 0xFF},
	{0xCC, 0x33, 0x66, 0xFF},
	{0xBB, 0xAA, 0xEE, 0xFF},
	{0xBB, 0x66, 0x00, 0xFF},
	{0xEE, 0x88, 0x33, 0xFF},
	{0x6F, 0x5F, 0xD4, 0xFF},
	{0xAA, 0xEE, 0xBB, 0xFF},
	{0xAA, 0x55, 0x99, 0xFF},
	{0xFF, 0xDD, 0x00, 0xFF},
	{0x00, 0xDD, 0xCC, 0xFF},
	{0xAA, 0x11, 0x88, 0xFF},
}

// PaletteSize is how many classes have a colour of their own before the colours repeat.
const PaletteSize = len(palette)

// The colours of an evaluation's verdicts, and of the parts that belong to no class.
var (
	correctColor = color.RGBA{0x2F, 0xC5, 0xA0, 0xFF}
	extraColor   = color.RGBA{0xFF, 0x8A, 0x65, 0xFF}
	missedColor  = color.RGBA{0xFF, 0xD5, 0x4A, 0xFF}

	darkInk  = color.RGBA{0x0B, 0x0D, 0x10, 0xFF}
	lightInk = color.RGBA{0xFF, 0xFF, 0xFF, 0xFF}
	black    = color.RGBA{0x00, 0x00, 0x00, 0xFF}
	panel    = color.RGBA{0x11, 0x13, 0x16, 0xFF}
	muted    = color.RGBA{0x9D, 0xA5, 0xB2, 0xFF}
)

// ClassColor returns the colour of the class at index in its table, always opaque. An override of the form
// "#RRGGBB" wins; an empty or unreadable one is passed over. From index PaletteSize on the colours repeat:
// Repeated tells the second round from the first.
func ClassColor(index int, override string) color.RGBA {
	if c, ok := parseHex(override); ok {
		return c
	}
	return palette[((index%PaletteSize)+PaletteSize)%PaletteSize]
}

// Repeated reports whether the class shares its palette colour with an earlier one; its swatch is drawn as
// a ring.
func Repeated(index int, override string) bool {
	_, own := parseHex(override)
	return !own && index >= PaletteSize
}

// TextOn returns the colour of text on a fill: near-black or white, whichever contrasts more by WCAG 2.
func TextOn(fill color.RGBA) color.RGBA {
	if contrast(fill, darkInk) >= contrast(fill, lightInk) {
		return darkInk
	}
	return lightInk
}

// haloFor returns the colour and opacity, of 256, of the edge that keeps a line visible on any photo: black
// beside colours that carry dark text, white beside the others.
func haloFor(c color.RGBA) (color.RGBA, uint32) {
	if TextOn(c) == darkInk {
		return black, 128
	}
	return lightInk, 192
}

func parseHex(s string) (color.RGBA, bool) {
	if len(s) != 7 || s[0] != '#' {
		return color.RGBA{}, false
	}
	var v [3]uint8
	for i := range v {
		hi, ok1 := hexDigit(s[1+2*i])
		lo, ok2 := hexDigit(s[2+2*i])
		if !ok1 || !ok2 {
			return color.RGBA{}, false
		}
		v[i] = hi<<4 | lo
	}
	return color.RGBA{v[0], v[1], v[2], 0xFF}, true
}

func hexDigit(b byte) (uint8, bool) {
	switch {
	case b >= '0' && b <= '9':
		return b - '0', true
	case b >= 'a' && b <= 'f':
		return b - 'a' + 10, true
	case b >= 'A' && b <= 'F':
		return b - 'A' + 10, true
	}
	return 0, false
}

// contrast is the contrast ratio of WCAG 2.2, "relative luminance" and "contrast ratio".
func contrast(a, b color.RGBA) float64 {
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func luminance(c color.RGBA) float64 {
	return 0.2126*linear[c.R] + 0.7152*linear[c.G] + 0.0722*linear[c.B]
}

// linear undoes the sRGB transfer curve.
var linear = func() (t [256]float64) {
	for v := range t {
		f := float64(v) / 255
		if f <= 0.04045 {
			t[v] = f / 12.92
		} else {
			t[v] = math.Pow((f+0.055)/1.055, 2.4)
		}
	}
	return t
}()
