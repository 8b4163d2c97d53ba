// Package overlaytest compares drawn pictures with those that somebody looked at.
package overlaytest

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden pictures instead of comparing with them")

// near is how far apart a channel may be, since machines round floating point in different ways.
const near = 3

// Golden compares a picture with testdata/NAME.png, of which a share of the pixels may be another: those on an edge, where
// much hangs on a little.
func Golden(t *testing.T, name string, got *image.RGBA, share float64) {
	t.Helper()
	path := filepath.Join("testdata", strings.ReplaceAll(name, " ", "-")+".png")
	if *update {
		write(t, path, got)
		return
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if want.Bounds() != got.Rect {
		t.Fatalf("%s: size %v, want %v", name, got.Rect, want.Bounds())
	}
	if n := Differing(got, want, near); float64(n) > share*float64(got.Rect.Dx()*got.Rect.Dy()) {
		out := filepath.Join(t.ArtifactDir(), filepath.Base(path))
		write(t, out, got)
		t.Errorf("%d pixels of %s are not those of %s; where they are right, run the test with -update", n, out, path)
	}
}

func write(t *testing.T, path string, m image.Image) {
	t.Helper()
	var buf bytes.Buffer
	enc := png.Encoder{CompressionLevel: png.BestCompression}
	if err := enc.Encode(&buf, m); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Differing counts the pixels of a that have a channel farther from b's than that.
func Differing(a *image.RGBA, b image.Image, most int) int {
	n := 0
	for y := a.Rect.Min.Y; y < a.Rect.Max.Y; y++ {
		for x := a.Rect.Min.X; x < a.Rect.Max.X; x++ {
			if !Near(a.RGBAAt(x, y), color.RGBAModel.Convert(b.At(x, y)).(color.RGBA), most) {
				n++
			}
		}
	}
	return n
}

// Near reports whether no channel is farther apart than that.
func Near(a, b color.RGBA, most int) bool {
	for _, d := range [4]int{int(a.R) - int(b.R), int(a.G) - int(b.G), int(a.B) - int(b.B), int(a.A) - int(b.A)} {
		if d > most || d < -most {
			return false
		}
	}
	return true
}
