package annot_test

import (
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/saysee/saysee/annot"
)

func TestMaskFit(t *testing.T) {
	from := annot.Box{X0: 10, Y0: 20, X1: 30, Y1: 40}
	rng := rand.New(rand.NewPCG(3, 1))
	bits := make([]byte, 20*20)
	for i := range bits {
		bits[i] = byte(rng.IntN(2))
	}
	m := annot.NewMask(image.Rect(10, 20, 30, 40), bits)
	t.Run("should move whole pixels where the size stays", func(t *testing.T) {
		got := m.Fit(from, annot.Box{X0: 13.2, Y0: 15.1, X1: 33.2, Y1: 35.1})
		if want := image.Rect(13, 15, 33, 35); got.Rect() != want || got.Area() != m.Area() {
			t.Errorf("%v of area %d, want %v of area %d", got.Rect(), got.Area(), want, m.Area())
		}
	})
	t.Run("should make every pixel four at twice the size, and come back", func(t *testing.T) {
		big := annot.Box{X0: 0, Y0: 0, X1: 40, Y1: 40}
		got := m.Fit(from, big)
		if got.Area() != 4*m.Area() {
			t.Errorf("area %d, want %d", got.Area(), 4*m.Area())
		}
		if back := got.Fit(big, from); !back.Equal(m) {
			t.Error("scaled there and back it is another mask")
		}
	})
	t.Run("should keep its place in a box that it does not fill", func(t *testing.T) {
		dot := annot.NewMask(image.Rect(20, 30, 22, 32), []byte{1, 1, 1, 1})
		got := dot.Fit(from, annot.Box{X0: 100, Y0: 100, X1: 200, Y1: 200})
		if want := image.Rect(150, 150, 160, 160); got.TightBounds() != want {
			t.Errorf("%v, want %v", got.TightBounds(), want)
		}
	})
	t.Run("should leave the mask alone for a box that is none", func(t *testing.T) {
		for _, b := range []annot.Box{{}, {X1: math.NaN(), Y1: 1}, {X1: math.Inf(1), Y1: 1}, {X1: 1e12, Y1: 1}} {
			if got := m.Fit(from, b); !got.Equal(m) {
				t.Errorf("box %v changed it", b)
			}
		}
	})
}
