package annot_test

import (
	"errors"
	"image"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/saysee/saysee/annot"
)

func TestRLEString(t *testing.T) {
	cases := map[string]struct {
		runs []uint32
		s    string
	}{
		"should pack the 2×2 block in a 4×3 photo as cocoapi does": {[]uint32{3, 2, 1, 2, 4}, "32103"},
		"should keep nothing as nothing":                           {nil, ""},
		"should begin with a zero for a set that begins inside":    {[]uint32{0, 12}, "0<"},
		"should store shrinking runs as negative differences":      {[]uint32{5, 100, 5, 1, 5, 3, 100}, "5T35mL02o2"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := annot.EncodeRLE(c.runs); got != c.s {
				t.Errorf("got %q, cocoapi writes %q", got, c.s)
			}
			got, err := annot.DecodeRLE(c.s)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(append([]uint32{}, c.runs...), got); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("should carry the largest runs", func(t *testing.T) {
		runs := []uint32{math.MaxUint32, 0, 1, math.MaxUint32, 0, 0, math.MaxUint32}
		got, err := annot.DecodeRLE(annot.EncodeRLE(runs))
		if diff := cmp.Diff(runs, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

func TestDecodeRLEErrors(t *testing.T) {
	cases := map[string]struct{ s, want string }{
		"should refuse a character that is not part of the code": {"32!", "character 2"},
		"should refuse a string that ends within a number":       {"32P", "character 3"},
		"should refuse a number without end":                     {strings.Repeat("o", 40), "too long"},
		"should refuse a negative run":                           {"3O", "run of -1"},
		"should refuse a run beyond 32 bits":                     {strings.Repeat("P", 8) + "1", "run of"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := annot.DecodeRLE(c.s)
			if !errors.Is(err, annot.ErrRLE) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func TestFullRuns(t *testing.T) {
	block := annot.NewMask(image.Rect(1, 0, 3, 2), []byte{1, 1, 1, 1})
	t.Run("should place the crop in the photo", func(t *testing.T) {
		if diff := cmp.Diff([]uint32{3, 2, 1, 2, 4}, block.FullRuns(4, 3)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("should cut what lies outside the photo", func(t *testing.T) {
		if diff := cmp.Diff([]uint32{1, 1}, block.FullRuns(2, 1)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("should be one run for an empty mask", func(t *testing.T) {
		if diff := cmp.Diff([]uint32{12}, (annot.Mask{}).FullRuns(4, 3)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("should be nothing for a photo without pixels", func(t *testing.T) {
		if got := block.FullRuns(0, 3); got != nil {
			t.Error(got)
		}
	})
	t.Run("should come back with a tight crop", func(t *testing.T) {
		m, err := annot.MaskFromFullRuns(4, 3, []uint32{3, 2, 1, 2, 4})
		if err != nil {
			t.Fatal(err)
		}
		if m.Rect() != image.Rect(1, 0, 3, 2) || m.Area() != 4 {
			t.Errorf("rect %v, area %d", m.Rect(), m.Area())
		}
	})
	t.Run("should not share memory with the runs it was made from", func(t *testing.T) {
		runs := []uint32{0, 6, 0, 6}
		m, err := annot.MaskFromFullRuns(4, 3, runs)
		if err != nil {
			t.Fatal(err)
		}
		runs[1] = 99
		if diff := cmp.Diff([]uint32{0, 12}, m.Runs()); diff != "" {
			t.Error(diff)
		}
	})
	for name, c := range map[string]struct {
		w, h int
		runs []uint32
	}{
		"should refuse runs that fall short":  {4, 3, []uint32{3, 2, 1, 2, 3}},
		"should refuse runs that go beyond":   {4, 3, []uint32{3, 2, 1, 2, 5}},
		"should refuse a negative size":       {-4, -3, []uint32{12}},
		"should refuse a size that overflows": {math.MaxInt, math.MaxInt, []uint32{12}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := annot.MaskFromFullRuns(c.w, c.h, c.runs); !errors.Is(err, annot.ErrRLE) {
				t.Errorf("err = %v", err)
			}
		})
	}
	t.Run("should round trip any mask", func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for range 500 {
			w, h := 1+rng.IntN(12), 1+rng.IntN(12)
			m := randomMask(rng, image.Rect(0, 0, w, h))
			runs, err := annot.DecodeRLE(annot.EncodeRLE(m.FullRuns(w, h)))
			if err != nil {
				t.Fatal(err)
			}
			back, err := annot.MaskFromFullRuns(w, h, runs)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(m.Runs(), back.FullRuns(w, h)); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// randomMask fills rect with noise, blobs, nothing or everything.
func randomMask(rng *rand.Rand, rect image.Rectangle) annot.Mask {
	bits := make([]byte, rect.Dx()*rect.Dy())
	p := []float64{0, 0.1, 0.5, 0.9, 1}[rng.IntN(5)]
	for i := range bits {
		if rng.Float64() < p {
			bits[i] = 1
		}
	}
	return annot.NewMask(rect, bits)
}

func FuzzDecodeRLE(f *testing.F) {
	for _, s := range []string{"", "32103", "0<", "PPYo1", "ooooo"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		runs, err := annot.DecodeRLE(s)
		if err != nil {
			return
		}
		again, err := annot.DecodeRLE(annot.EncodeRLE(runs))
		if diff := cmp.Diff(runs, again); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}
