package cv_test

import (
	"image"
	"testing"

	"github.com/saysee/saysee/pipeline/cv"
)

func BenchmarkFill(b *testing.B) {
	for _, c := range []struct {
		name         string
		w, h, canvas int
	}{{"1080p to 416", 1920, 1080, 416}, {"12 megapixels to 416", 4000, 3000, 416}, {"coco to 416", 640, 480, 416}} {
		b.Run(c.name, func(b *testing.B) {
			n := starter
			n.W, n.H = c.canvas, c.canvas
			l := letterboxer(b, n)
			src, planes := picture(c.w, c.h), make([]float32, 3*c.canvas*c.canvas)
			size := image.Pt(c.canvas, c.canvas*c.h/c.w)
			b.ReportAllocs()
			for b.Loop() {
				if err := l.Fill(planes, src, src.Rect, size, cv.Area); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct {
		name string
		w, h int
	}{{"1080p", 1920, 1080}, {"12 megapixels", 4000, 3000}} {
		b.Run(c.name, func(b *testing.B) {
			file, err := cv.EncodeJPEG(picture(c.w, c.h), 90)
			if err != nil {
				b.Fatal(err)
			}
			dst := image.NewRGBA(image.Rect(0, 0, c.w, c.h))
			b.ReportAllocs()
			for b.Loop() {
				if err := cv.Decode(dst, file, false); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
