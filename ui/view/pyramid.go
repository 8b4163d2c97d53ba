package view

import (
	"encoding/binary"
	"image"
	"sync"
	"sync/atomic"
)

// smallest is the length of a photo's longer side below which no half size is made.
const smallest = 256

// Pyramid is a photo with its half sizes, from which any zoom is drawn at the cost of the pixels on the screen.
// The half sizes are made once, by Build; until then the photo itself is drawn from, a little coarser.
type Pyramid struct {
	levels atomic.Pointer[[]*image.RGBA] // level i is 1/2^i in size; never changed once stored
	build  sync.Once
}

// NewPyramid returns a pyramid of the photo without half sizes yet. The pixels are not copied and must not
// change as long as the pyramid is in use.
func NewPyramid(photo *image.RGBA) *Pyramid {
	p := &Pyramid{}
	p.levels.Store(&[]*image.RGBA{photo})
	return p
}

// Build makes the half sizes. It may be called from any goroutine and more than once: whoever reads photos
// ahead calls it, so that a photo is shown at its best at once.
func (p *Pyramid) Build() {
	p.build.Do(func() {
		levels := *p.levels.Load()
		for {
			last := levels[len(levels)-1]
			if size := last.Rect.Size(); max(size.X, size.Y) <= smallest || size.X < 2 || size.Y < 2 {
				break
			}
			levels = append(levels[:len(levels):len(levels)], halve(last))
		}
		p.levels.Store(&levels)
	})
}

// Size returns the photo's size in pixels.
func (p *Pyramid) Size() image.Point { return (*p.levels.Load())[0].Rect.Size() }

// Photo returns the photo itself.
func (p *Pyramid) Photo() *image.RGBA { return (*p.levels.Load())[0] }

// level returns the smallest size that has at least a pixel for every two on the screen, with its index.
func (p *Pyramid) level(zoom float64) (*image.RGBA, int) {
	levels := *p.levels.Load()
	i := 0
	for i+1 < len(levels) && zoom <= 0.5 {
		zoom *= 2
		i++
	}
	return levels[i], i
}

const lanes = 0x00FF00FF00FF00FF

// halve returns a picture of half the size, rounded up, each pixel the mean of four. At an odd edge the last
// row or column counts twice.
func halve(src *image.RGBA) *image.RGBA {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dst := image.NewRGBA(image.Rect(0, 0, (w+1)/2, (h+1)/2))
	inParallel(dst.Rect.Dy(), func(y0, y1 int) {
		for y := y0; y < y1; y++ {
			a := rowOf(src, 2*y)
			b := rowOf(src, min(2*y+1, h-1))
			halveRow(dst.Pix[y*dst.Stride:][:4*dst.Rect.Dx()], a, b)
		}
	})
	return dst
}

// rowOf returns the pixels of row y, counted from the top of the picture.
func rowOf(m *image.RGBA, y int) []byte {
	return m.Pix[y*m.Stride : y*m.Stride+4*m.Rect.Dx()]
}

// halveRow averages two rows. Eight bytes are two pixels; their channels fall into two words of 16-bit lanes,
// where four of them and the rounding can be added without a carry.
func halveRow(dst, a, b []byte) {
	for len(a) >= 8 && len(b) >= 8 {
		va, vb := binary.LittleEndian.Uint64(a), binary.LittleEndian.Uint64(b)
		e := va&lanes + vb&lanes
		o := va>>8&lanes + vb>>8&lanes
		rb := (uint32(e) + uint32(e>>32) + 0x00020002) >> 2 & 0x00FF00FF
		ga := (uint32(o) + uint32(o>>32) + 0x00020002) >> 2 & 0x00FF00FF
		binary.LittleEndian.PutUint32(dst, rb|ga<<8)
		a, b, dst = a[8:], b[8:], dst[4:]
	}
	if len(a) >= 4 && len(b) >= 4 {
		for i := range 4 {
			dst[i] = byte((uint(a[i]) + uint(b[i]) + 1) / 2)
		}
	}
}
