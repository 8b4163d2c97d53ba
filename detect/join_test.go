package detect_test

import (
	"slices"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
)

func TestPartnersAreMatchedOneToOne(t *testing.T) {
	at := func(x float64) annot.Box { return annot.Box{X0: x, X1: x + 100, Y1: 100} }
	for name, c := range map[string]struct {
		a, b     []annot.Box
		likeness func(i, j int) float64
		ofA, ofB []int
	}{
		"should take those that overlap most":                  {[]annot.Box{at(0), at(20)}, []annot.Box{at(18)}, nil, []int{-1, 0}, []int{1}},
		"should leave the others what is left":                 {[]annot.Box{at(0), at(10)}, []annot.Box{at(10), at(40)}, nil, []int{-1, 0}, []int{1, -1}},
		"should take the likest where boxes hardly tell":       {[]annot.Box{at(0), at(1)}, []annot.Box{at(0)}, func(i, _ int) float64 { return float64(i) }, []int{-1, 0}, []int{1}},
		"should leave those alone that overlap too little":     {[]annot.Box{at(0)}, []annot.Box{at(40)}, nil, []int{-1}, []int{-1}},
		"should do where one look finds nothing":               {nil, []annot.Box{at(0)}, nil, []int{}, []int{-1}},
		"should give equals their partners in the first order": {[]annot.Box{at(0), at(0)}, []annot.Box{at(0), at(0)}, nil, []int{0, 1}, []int{0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			ofA, ofB := detect.Partners(c.a, c.b, c.likeness)
			if !slices.Equal(ofA, c.ofA) || !slices.Equal(ofB, c.ofB) {
				t.Errorf("%v and %v, want %v and %v", ofA, ofB, c.ofA, c.ofB)
			}
		})
	}
}
