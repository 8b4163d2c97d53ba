package alert_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/pipeline/alert"
)

var classes = []annot.Class{{Name: "cat"}, {Name: "no parking"}}

func TestParse(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		want []alert.Rule
		err  error
	}{
		"should read a class":                             {"cat", []alert.Rule{{Class: "cat", AtLeast: 1}}, nil},
		"should read a number, and write it the same":     {"Cat >= 3", []alert.Rule{{Class: "cat", AtLeast: 3}}, nil},
		"should read what is gone":                        {"no cat", []alert.Rule{{Class: "cat", AtLeast: 1, Gone: true}}, nil},
		"should know a class that begins with no":         {"no parking", []alert.Rule{{Class: "no parking", AtLeast: 1}}, nil},
		"should read two rules":                           {"cat, no no parking", []alert.Rule{{Class: "cat", AtLeast: 1}, {Class: "no parking", AtLeast: 1, Gone: true}}, nil},
		"should read nothing":                             {" , ", nil, nil},
		"should refuse what is not looked for":            {"dog", nil, alert.ErrRule},
		"should refuse a number that cannot be reached":   {"cat >= 0", nil, alert.ErrRule},
		"should refuse a number that cannot be read":      {"cat >= many", nil, alert.ErrRule},
		"should refuse a class without a name, of number": {">= 2", nil, alert.ErrRule},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := alert.Parse(tt.text, classes)
			if !slices.Equal(got, tt.want) || !errors.Is(err, tt.err) {
				t.Errorf("%v, %v", got, err)
			}
			for _, r := range got {
				if again, err := alert.Parse(r.String(), classes); err != nil || len(again) != 1 || again[0] != r {
					t.Errorf("%q is read as %v, %v", r, again, err)
				}
			}
		})
	}
}

func TestWatch(t *testing.T) {
	// Each figure is how many cats are found in a frame, ten a second.
	for name, tt := range map[string]struct {
		rule alert.Rule
		cats []int
		want []int // frames with an alert
	}{
		"should tell once that something has come, and again after it was gone": {
			alert.Rule{Class: "cat", AtLeast: 1}, []int{0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1}, []int{4, 15},
		},
		"should tell nothing of a flicker": {
			alert.Rule{Class: "cat", AtLeast: 1}, []int{0, 1, 0, 1, 1, 0, 1, 1, 1, 0, 0}, nil,
		},
		"should not forget it for a flicker": {
			alert.Rule{Class: "cat", AtLeast: 1}, []int{1, 1, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 1, 1, 1}, []int{3},
		},
		"should tell of a number": {
			alert.Rule{Class: "cat", AtLeast: 2}, []int{1, 1, 1, 1, 1, 2, 3, 2, 2, 2}, []int{8},
		},
		"should tell what is gone, if it was there": {
			alert.Rule{Class: "cat", AtLeast: 1, Gone: true}, []int{0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0}, []int{13},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := alert.New([]alert.Rule{tt.rule}, 300*time.Millisecond)
			var told []int
			for i, n := range tt.cats {
				regions := make([]annot.Region, n)
				regions = append(regions, annot.Region{Class: 1}, annot.Region{Class: 9})
				for range w.See(time.Duration(i)*100*time.Millisecond, regions, classes) {
					told = append(told, i)
				}
			}
			if !slices.Equal(told, tt.want) {
				t.Errorf("told in frames %v, want %v", told, tt.want)
			}
		})
	}
	t.Run("should want two frames of a slow source", func(t *testing.T) {
		w := alert.New([]alert.Rule{{Class: "cat", AtLeast: 1}}, 0)
		one := []annot.Region{{Class: 0}}
		if a := w.See(0, one, classes); len(a) != 0 {
			t.Errorf("%v after the first", a)
		}
		if a := w.See(5*time.Second, one, classes); len(a) != 1 || a[0].Count != 1 || a[0].Since != 0 {
			t.Errorf("%v after the second", a)
		}
	})
}
