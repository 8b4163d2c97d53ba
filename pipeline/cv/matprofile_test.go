//go:build matprofile

package cv_test

import (
	"bytes"
	"image"
	"testing"

	"gocv.io/x/gocv"

	"github.com/saysee/saysee/pipeline/cv"
)

// Run with -tags matprofile, which makes gocv count its Mats.
func TestEveryMatIsClosed(t *testing.T) {
	n := starter
	n.W, n.H = 64, 64
	l := letterboxer(t, n)
	src, dst, planes := opaque(picture(32, 24)), image.NewRGBA(image.Rect(0, 0, 24, 32)), make([]float32, 3*64*64)
	file, err := cv.EncodePNG(src, 1)
	if err != nil {
		t.Fatal(err)
	}
	before := gocv.MatProfile.Count()
	box := image.Rect(0, 0, 24, 32)
	if err := cv.Resize(dst, box, src, src.Rect, cv.Area); err != nil {
		t.Fatal(err)
	}
	_ = cv.Decode(src, file, false)
	_ = cv.Decode(src, file, true)
	_ = cv.Decode(src, file[:len(file)/2], false)
	_ = cv.Orient(dst, src, 7)
	_ = cv.Orient(dst, src, 9)
	_ = l.Fill(planes, src, src.Rect, image.Pt(64, 48), cv.Area)
	_ = l.Fill(planes, src, image.Rect(9, 9, 99, 99), image.Pt(64, 48), cv.Area)
	_ = cv.ResizePlane(planes[:4096], 64, 64, planes[4096:], 32, 32, image.Rect(3, 3, 20, 20), cv.Linear)
	if after := gocv.MatProfile.Count(); after != before {
		var stacks bytes.Buffer
		_ = gocv.MatProfile.WriteTo(&stacks, 1)
		t.Errorf("%d Mats before, %d after:\n%s", before, after, stacks.String())
	}
}
