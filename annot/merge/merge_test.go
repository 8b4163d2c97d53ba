package merge_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/annot/merge"
)

func region(class int, x float64, maker annot.Maker, review annot.Review) annot.Region {
	return annot.Region{Class: class, Box: annot.Box{X0: x, X1: x + 10, Y1: 10}, Source: annot.Source{Maker: maker}, Review: review}
}

// xs are where the regions begin, which tells them apart.
func xs(regions []annot.Region) (out []float64) {
	for _, r := range regions {
		out = append(out, r.Box.X0)
	}
	return out
}

func TestRegions(t *testing.T) {
	hand := region(0, 0, annot.ByHand, annot.Accepted)
	confirmed := region(0, 20, annot.ByModel, annot.Accepted)
	suggested := region(0, 40, annot.ByModel, annot.Suggested)
	there := []annot.Region{hand, confirmed, suggested}
	found := []annot.Region{
		region(0, 1, annot.ByModel, annot.Suggested),   // repeats the hand's
		region(1, 1.5, annot.ByModel, annot.Suggested), // another class, not close enough
		region(1, 0.5, annot.ByModel, annot.Suggested), // another class in the same place
		region(0, 21, annot.ByModel, annot.Suggested),  // repeats what was confirmed
		region(0, 41, annot.ByModel, annot.Suggested),  // only an old suggestion is there
	}
	inside := region(0, 3, annot.ByModel, annot.Suggested)
	inside.Box = annot.Box{X0: 3, X1: 6, Y0: 2, Y1: 5}
	found = append(found, inside)
	for name, c := range map[string]struct {
		mode merge.Mode
		want []float64
	}{
		"should keep and add everything":                {merge.Append, []float64{0, 20, 40, 1, 1.5, 0.5, 21, 41, 3}},
		"should replace suggestions and nothing else":   {merge.Replace, []float64{0, 20, 1, 1.5, 0.5, 21, 41, 3}},
		"should add only what nobody has labelled here": {merge.Dedupe, []float64{0, 20, 1.5, 41}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, xs(merge.Regions(there, found, c.mode))); d != "" {
				t.Error(d)
			}
			if d := cmp.Diff([]float64{0, 20, 40}, xs(there)); d != "" {
				t.Error("the labels that were there are changed:", d)
			}
		})
	}
}

func TestDatasets(t *testing.T) {
	there := format.FromPhotos(
		[]annot.Class{{Name: "dog"}, {Name: "cat"}},
		[]format.Photo{
			{File: "a.jpg", Width: 100, Height: 50, State: format.Checked, Regions: []annot.Region{region(1, 0, annot.ByHand, annot.Accepted)}},
			{File: "only-there.jpg", Width: 5, Height: 5},
		})
	found := format.FromPhotos(
		[]annot.Class{{Name: "cat"}, {Name: "bird"}},
		[]format.Photo{
			{File: "new.jpg", Width: 9, Height: 9, State: format.Suggested, Regions: []annot.Region{region(1, 5, annot.ByModel, annot.Suggested)}},
			{File: "a.jpg", Width: 100, Height: 50, State: format.Suggested, Regions: []annot.Region{
				region(0, 1, annot.ByModel, annot.Suggested), region(1, 70, annot.ByModel, annot.Suggested),
			}},
		})
	ds, err := merge.Datasets(there, found, merge.Dedupe)
	if err != nil {
		t.Fatal(err)
	}
	photos, err := ds.Collect()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range photos {
		line := p.File + " " + string("nsc"[p.State])
		for _, r := range p.Regions {
			line += " " + ds.Classes[r.Class].Name
		}
		got = append(got, line)
	}
	want := []string{"a.jpg c cat bird", "only-there.jpg n", "new.jpg s bird"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestLabelsOfAPhotoOfAnotherSizeAreNotMixed(t *testing.T) {
	a := format.FromPhotos(nil, []format.Photo{{File: "a.jpg", Width: 10, Height: 10}})
	b := format.FromPhotos(nil, []format.Photo{{File: "a.jpg", Width: 20, Height: 20}})
	if _, err := merge.Datasets(a, b, merge.Append); err == nil || !strings.Contains(err.Error(), "10 × 10") {
		t.Errorf("got %v", err)
	}
}

func TestParseMode(t *testing.T) {
	if _, err := merge.ParseMode("overwrite"); err == nil {
		t.Error("overwrite is a mode")
	}
	if m, err := merge.ParseMode("dedupe"); m != merge.Dedupe || err != nil {
		t.Errorf("got %v, %v", m, err)
	}
}
