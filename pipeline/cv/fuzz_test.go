package cv_test

import (
	"image"
	"testing"

	"github.com/saysee/saysee/pipeline/cv"
	"github.com/saysee/saysee/pipeline/photo/header"
)

// A bad argument that is let through ends the process, which is how these tests fail.

func FuzzResize(f *testing.F) {
	f.Add(8, 8, 0, 0, 8, 8, 4, 4, 0, 0, 4, 4, 3)
	f.Add(8, 8, -1, 0, 8, 9, 4, 4, 0, 0, 0, 4, 1)
	f.Add(1, 300, 0, 0, 1, 300, 300, 1, 0, 0, 300, 1, 2)
	f.Add(3, 3, 0, 0, 3, 3, 1<<40, 1, 0, 0, 1, 1, 0)
	f.Fuzz(func(t *testing.T, sw, sh, x0, y0, x1, y1, dw, dh, u0, v0, u1, v1, by int) {
		src, dst := blank(sw, sh), blank(dw, dh)
		from, to := image.Rectangle{image.Pt(x0, y0), image.Pt(x1, y1)}, image.Rectangle{image.Pt(u0, v0), image.Pt(u1, v1)}
		_ = cv.Resize(dst, to, src, from, cv.Interp(by))
		planes := make([]float32, 3*16*16)
		if l, err := cv.NewLetterboxer(cv.Norm{W: 16, H: 16, Std: [3]float32{1, 1, 1}}); err == nil {
			_ = l.Fill(planes, src, from, image.Pt(u1, v1), cv.Interp(by))
		}
		_ = cv.ResizePlane(planes[:128], dw, dh, planes[128:], sw, sh, from, cv.Interp(by))
		_ = cv.Orient(dst, src, by)
	})
}

// blank makes a picture whose memory is small whatever it claims.
func blank(w, h int) *image.RGBA {
	n := 0
	if w > 0 && h > 0 && w < 2000 && h < 2000 {
		n = 4 * w * h
	}
	return &image.RGBA{Pix: make([]byte, n), Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
}

func FuzzDecode(f *testing.F) {
	img := opaque(picture(9, 7))
	if file, err := cv.EncodePNG(img, 1); err == nil {
		f.Add(file, false)
		f.Add(file, true)
	}
	if file, err := cv.EncodeJPEG(img, 50); err == nil {
		f.Add(file, false)
	}
	f.Add([]byte("BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\x01\x00\x00\x00\xff\xff\xff\xff\x01\x00\x18\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x00"), false)
	f.Add([]byte("II*\x00\x08\x00\x00\x00\x02\x00\x00\x01\x03\x00\x01\x00\x00\x00\x04\x00\x00\x00\x01\x01\x03\x00\x01\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x00"), false)
	f.Add([]byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"), true)
	f.Fuzz(func(t *testing.T, data []byte, alpha bool) {
		info, err := header.Parse(data)
		if err != nil || info.W > 1<<20 || info.H > 1<<20 || info.W*info.H > 1<<22 {
			_ = cv.Decode(image.NewRGBA(image.Rect(0, 0, 3, 3)), data, alpha)
			return
		}
		_ = cv.Decode(image.NewRGBA(image.Rect(0, 0, info.W, info.H)), data, alpha)
	})
}
