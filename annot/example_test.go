package annot_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/annot"
)

func TestExamplesInProjects(t *testing.T) {
	want := []annot.Example{{Space: "s", Vector: []float32{0.6, -0.8}, Photo: "sub/a.jpg", Box: annot.Box{X0: 1, Y0: 2, X1: 3.5, Y1: 4}}}
	table, err := annot.NewClassTable(annot.Class{Name: "cat", Examples: want})
	if err != nil {
		t.Fatal(err)
	}
	data, err := annot.EncodeProject(annot.ProjectFile{ID: "p", Classes: table})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("should come back as they were", func(t *testing.T) {
		p, err := annot.DecodeProject(data)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, p.Classes.Row(0).Examples); d != "" {
			t.Error(d)
		}
	})
	for name, vector := range map[string]string{
		"should leave out a vector that is cut off": "AAA=", "should leave out one that is no number": "AADAfw==",
	} {
		t.Run(name, func(t *testing.T) {
			p, err := annot.DecodeProject([]byte(strings.Replace(string(data), "mpkZP83MTL8=", vector, 1)))
			if err != nil || len(p.Classes.Row(0).Examples) != 0 || p.Classes.Row(0).Name != "cat" {
				t.Errorf("%v, %v", p.Classes.Row(0), err)
			}
		})
	}
}
