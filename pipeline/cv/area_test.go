package cv

import (
	"image"
	"math/rand/v2"
	"testing"
)

func TestFillShrinksAsOpenCVDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	n := Norm{W: 96, H: 80, Std: [3]float32{1, 1, 1}}
	l, err := NewLetterboxer(n)
	if err != nil {
		t.Fatal(err)
	}
	planes := make([]float32, 3*n.W*n.H)
	for i := range 300 {
		l.shrinker.narrow = i%2 == 0
		src := image.NewRGBA(image.Rect(0, 0, 1+r.IntN(700), 1+r.IntN(500)))
		for i := range src.Pix {
			src.Pix[i] = uint8(r.Uint32())
		}
		x, y := r.IntN(src.Rect.Dx()), r.IntN(src.Rect.Dy())
		crop := image.Rect(x, y, x+1+r.IntN(src.Rect.Dx()-x), y+1+r.IntN(src.Rect.Dy()-y))
		size := image.Pt(1+r.IntN(min(n.W, crop.Dx())), 1+r.IntN(min(n.H, crop.Dy())))
		if err := l.Fill(planes, src, crop, size, Area); err != nil {
			t.Fatal(err)
		}
		want := image.NewRGBA(image.Rectangle{Max: size})
		if err := Resize(want, want.Rect, src, crop, Area); err != nil {
			t.Fatal(err)
		}
		for i := range size.X * size.Y * 3 {
			c, x, y := i%3, i/3%size.X, i/3/size.X
			if got, want := planes[c*n.W*n.H+y*n.W+x], float32(want.Pix[y*want.Stride+4*x+c]); got != want {
				t.Fatalf("%v to %v, channel %d at %d,%d: %v, want %v", crop, size, c, x, y, got, want)
			}
		}
	}
}
