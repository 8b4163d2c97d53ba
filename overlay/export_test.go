package overlay

import (
	"image"

	"github.com/saysee/saysee/annot"
)

// TagRects returns the tags and the dots of the last picture.
func (p *Painter) TagRects() (tags, dots []image.Rectangle) {
	for _, t := range p.tags {
		if t.dot {
			dots = append(dots, t.rect)
		} else {
			tags = append(tags, t.rect)
		}
	}
	return tags, dots
}

// SampleMask returns which pixels of a w × h picture lie in the mask.
func SampleMask(m annot.Mask, v View, w, h int) []bool {
	out := make([]bool, w*h)
	f, ok := newFrame(image.Rect(0, 0, w, h), v)
	var b bitmap
	if !ok || !b.mask(m, &f, 3) {
		return out
	}
	for y := range h {
		for x := range w {
			at := image.Pt(x, y).Sub(b.org)
			if at.X >= 0 && at.Y >= 0 && at.X < b.w && at.Y < b.h {
				out[y*w+x] = b.bits[at.Y*b.stride+at.X] == 1
			}
		}
	}
	return out
}

// Contours returns the outlines of a w × h bitmap, with the smoothing given, as closed rings.
func Contours(bits []byte, w, h, smooth int) [][][2]float32 {
	var b bitmap
	b.reset(image.Rect(0, 0, w, h))
	for i, v := range bits {
		b.bits[(i/w+1)*b.stride+i%w+1] = v
	}
	points, paths := b.contours(nil, nil, smooth)
	var out [][][2]float32
	for _, p := range paths {
		var ring [][2]float32
		for _, v := range points[p.from:p.to] {
			ring = append(ring, [2]float32{v.x, v.y})
		}
		out = append(out, ring)
	}
	return out
}

// FindFonts returns how many fonts the folders hold that can be used.
func FindFonts(folders ...string) int { return len(findFonts(folders)) }

// Missing reports whether the bundled fonts lack a character.
func Missing(r rune) bool {
	var t typesetter
	for _, fonts := range bundled() {
		found := false
		for _, f := range fonts {
			found = found || t.from(f, r, 12) != nil
		}
		if !found {
			return true
		}
	}
	return false
}

// FontCoverage renders text and returns the share of ink of each glyph's box, to tell drawn from empty.
func FontCoverage(text string, size float64) []int {
	var t typesetter
	var out []int
	for _, g := range t.layout(text, semiBold, size).glyphs {
		sum := 0
		for _, v := range t.drawn(g.glyph, 0).pix {
			sum += int(v)
		}
		out = append(out, sum)
	}
	return out
}
