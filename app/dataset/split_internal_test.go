package dataset

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseShares(t *testing.T) {
	tests := map[string]struct {
		in   string
		want shares // nil: refused
	}{
		"should take percent":               {"80/10/10", shares{0.8, 0.1, 0.1}},
		"should take fractions":             {"0.75,0.25", shares{0.75, 0.25}},
		"should take any numbers in ratio":  {"3:1", shares{0.75, 0.25}},
		"should take signs of percent":      {"50% 50%", shares{0.5, 0.5}},
		"should take an empty part":         {"90/0/10", shares{0.9, 0, 0.1}},
		"should refuse one share":           {"80", nil},
		"should refuse four shares":         {"25/25/25/25", nil},
		"should refuse words":               {"most/rest", nil},
		"should refuse negative shares":     {"-1/2", nil},
		"should refuse no shares at all":    {"0/0", nil},
		"should refuse what is no number":   {"NaN/1", nil},
		"should refuse what is not finite":  {"Inf/1", nil},
		"should refuse nothing":             {"", nil},
		"should refuse shares out of range": {"1e300/1e300", nil},
	}
	near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := parseShares(tt.in)
			if (err != nil) != (tt.want == nil) {
				t.Fatal("error is", err)
			}
			if diff := cmp.Diff(tt.want, got, near); diff != "" {
				t.Error("(-want +got):\n", diff)
			}
		})
	}
}

// manyPhotos has common and rare classes, several in a photo, and photos without any.
func manyPhotos() [][]int {
	rng := rand.New(rand.NewPCG(3, 3))
	photos := make([][]int, 1000)
	for i := range photos {
		for class, share := range []float64{0.6, 0.3, 0.1, 0.02} {
			if rng.Float64() < share {
				photos[i] = append(photos[i], class)
			}
		}
	}
	return photos
}

func TestSplitPhotos(t *testing.T) {
	photos := manyPhotos()
	s := shares{0.7, 0.2, 0.1}
	part := splitPhotos(photos, s, 1)
	t.Run("should give each part its share of the photos and of every class", func(t *testing.T) {
		total := map[int]float64{}
		in := map[[2]int]float64{}
		for i, list := range photos {
			for _, c := range append([]int{-9}, list...) { // -9 counts photos
				total[c]++
				in[[2]int{c, part[i]}]++
			}
		}
		for c, n := range total {
			for p, share := range s {
				if got := in[[2]int{c, p}]; math.Abs(got-share*n) > 0.02*n+1 {
					t.Errorf("class %d, part %d: %v of %v, want %v", c, p, got, n, share*n)
				}
			}
		}
	})
	t.Run("should deal alike with the same seed and otherwise with another", func(t *testing.T) {
		if !slices.Equal(part, splitPhotos(photos, s, 1)) {
			t.Error("the same seed gave another split")
		}
		if slices.Equal(part, splitPhotos(photos, s, 2)) {
			t.Error("another seed gave the same split")
		}
	})
	t.Run("should give nothing to a part without a share", func(t *testing.T) {
		if slices.Contains(splitPhotos(photos, shares{0.9, 0, 0.1}, 1), 1) {
			t.Error("part 1 has photos")
		}
	})
	t.Run("should bear no photos", func(t *testing.T) {
		if got := splitPhotos(nil, s, 1); len(got) != 0 {
			t.Error("got", got)
		}
	})
}
