package prep_test

import (
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"testing"

	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/pipeline/prep"
)

func pattern(w, h int) *photo.Photo {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(x*x + 3*y), uint8(7*x ^ 5*y), uint8(x * y), 255})
		}
	}
	return &photo.Photo{Pix: img}
}

func pillow(size int, kernel string) model.ImageSpec {
	return model.ImageSpec{
		Size: size, Multiple: 1, Resize: "short", MaxLong: 2000, Shrink: kernel, Grow: kernel, Order: "RGB", Std: [3]float32{1, 1, 1},
	}
}

// The sums are zlib.crc32 over the planes that Pillow 13 makes of the same picture by Image.resize.
func TestPillowsFiltersEqualPillowByteForByte(t *testing.T) {
	for _, c := range []struct {
		kernel string
		size   int
		sum    uint32
	}{
		{"pil-bilinear", 40, 0x232bcd8b},
		{"pil-bilinear", 300, 0xc9867052},
		{"pil-bicubic", 40, 0xd3966b0e},
		{"pil-bicubic", 300, 0x0bd29ec6},
	} {
		t.Run(fmt.Sprint("should equal ", c.kernel, " to ", c.size), func(t *testing.T) {
			p := pattern(163, 117)
			spec := pillow(c.size, c.kernel)
			l := model.NewLetterbox(p.Pix.Rect, spec)
			planes := make([]float32, 3*l.Canvas.X*l.Canvas.Y)
			if err := preparer(t, spec).Fill(planes, p, l); err != nil {
				t.Fatal(err)
			}
			bytes := make([]byte, len(planes))
			for i, v := range planes {
				bytes[i] = byte(v)
			}
			if got := crc32.ChecksumIEEE(bytes); got != c.sum {
				t.Errorf("%v pixels have the sum %#x, want %#x", l.Canvas, got, c.sum)
			}
		})
	}
}

func TestShortSidesAreRoundedAsTheirLibrariesDo(t *testing.T) {
	for name, c := range map[string]struct {
		photo, want image.Point
	}{
		"should drop what is over a whole pixel": {image.Pt(640, 427), image.Pt(1199, 800)},
		"should bound the long side":             {image.Pt(2000, 500), image.Pt(2000, 500)},
		"should round the short side then":       {image.Pt(3001, 500), image.Pt(1998, 333)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := model.NewLetterbox(image.Rectangle{Max: c.photo}, pillow(800, "pil-bilinear")).Resized(); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func BenchmarkPillow(b *testing.B) {
	p := pattern(4000, 3000)
	spec := model.ImageSpec{
		Size: 224, Multiple: 1, Resize: model.ResizeCrop, Shrink: "pil-bicubic", Grow: "pil-bicubic", Order: "RGB", Std: [3]float32{1, 1, 1},
	}
	by, err := prep.New(spec)
	if err != nil {
		b.Fatal(err)
	}
	planes := make([]float32, 3*224*224)
	l := model.NewLetterbox(p.Pix.Rect, spec)
	for b.Loop() {
		if err := by.Fill(planes, p, l); err != nil {
			b.Fatal(err)
		}
	}
}
