// Package livetest makes video clips for tests and benchmarks out of the bundled photos, by moving and zooming over them.
package livetest

import (
	"image"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/pipeline/cv"
	"github.com/saysee/saysee/pipeline/photo"
)

// Photos decodes the bundled photos, in the order of their names.
func Photos(t testing.TB) []*image.RGBA {
	t.Helper()
	var photos []*image.RGBA
	for _, name := range assets.PhotoNames() {
		p, err := photo.Decode(assets.Photo(name), photo.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		photos = append(photos, p.Pix)
	}
	return photos
}

// Frame draws frame i of n of a walk over the photos: each fills the frame for a while, and the picture wanders
// and zooms by a tenth.
func Frame(t testing.TB, dst *image.RGBA, photos []*image.RGBA, i, n int) {
	t.Helper()
	src := photos[i*len(photos)/n]
	phase := 2 * math.Pi * float64(i) / float64(n) * 3
	whole, size := src.Rect.Size(), dst.Rect.Size()
	w, h := whole.X, whole.X*size.Y/size.X
	if h > whole.Y {
		w, h = whole.Y*size.X/size.Y, whole.Y
	}
	zoom := 0.9 + 0.1*math.Cos(phase)
	w, h = int(float64(w)*zoom), int(float64(h)*zoom)
	x := int(float64(whole.X-w) * (0.5 + 0.5*math.Sin(phase)))
	y := int(float64(whole.Y-h) * (0.5 + 0.5*math.Cos(1.3*phase)))
	if err := cv.Resize(dst, dst.Rect, src, image.Rect(x, y, x+w, y+h), cv.Linear); err != nil {
		t.Fatal(err)
	}
}

// Clip writes a clip of n frames, by the ending of its name, and returns its path.
func Clip(t testing.TB, name string, size image.Point, n int, fps float64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	w, err := cv.CreateVideo(path, size, fps)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	photos, img := Photos(t), image.NewRGBA(image.Rectangle{Max: size})
	for i := range n {
		Frame(t, img, photos, i, n)
		if err := w.Write(img); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// Percentile returns the value under which the share q of all lie.
func Percentile[T int | int64 | float64](values []T, q float64) T {
	s := slices.Sorted(slices.Values(values))
	return s[int(q*float64(len(s)-1)+0.5)]
}
