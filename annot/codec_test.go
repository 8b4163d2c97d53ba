package annot_test

import (
	"encoding/json"
	"errors"
	"flag"
	"image"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/saysee/saysee/annot"
)

var update = flag.Bool("update", false, "write the golden files anew")

// exactly compares documents in every field.
var exactly = cmp.Options{
	cmp.Comparer(func(a, b annot.Mask) bool { return a.Rect() == b.Rect() && a.Equal(b) }),
	cmpopts.EquateEmpty(),
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Error(diff)
	}
}

// everyShape is a document with each kind of shape and field.
func everyShape() (annot.Document, annot.Origin) {
	mask := annot.NewMask(image.Rect(1, 0, 5, 4), []byte{0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 1, 1, 0})
	return annot.Document{
		Photo:  annot.Photo{Path: "sub/猫 & <dog>.jpg", Width: 40, Height: 30},
		State:  annot.PhotoSuggested,
		NextID: 9,
		Regions: []annot.Region{
			{ID: 1, Class: 2, Box: annot.Box{X0: 0.5, Y0: 1.0 / 3, X1: 39.9999999, Y1: 30}},
			{
				ID: 2, Box: annot.Box{X0: 1, X1: 5, Y1: 4}, Shape: mask, Score: 0.8125, Review: annot.Suggested,
				Source: annot.Source{Maker: annot.ByModel, Model: "starter", Phrase: "a cat"},
			},
			{
				ID: 3, Box: annot.Box{X1: 10, Y1: 10}, Locked: true, Hidden: true, Track: 7,
				Shape: annot.Polygon{{Outer: square(0, 0, 10, 10), Holes: []annot.Ring{square(1, 1, 2, 2)}}, {Outer: square(20, 20, 21, 22.5)}},
			},
			{ID: 4, Class: 2, Box: annot.Box{X0: 3, Y0: 4, X1: 3, Y1: 4}, Shape: annot.Point{X: 3, Y: 4}},
			{ID: 8, Box: annot.Box{X0: 1, Y0: 1, X1: 2, Y1: 5}, Shape: annot.Line{{X: 1, Y: 1}, {X: 2, Y: 5}}, Source: annot.Source{Maker: annot.ByFile}, Extra: map[string]json.RawMessage{
				"attributes": json.RawMessage(`{"wet":true}`), "mask": json.RawMessage(`null`), "extra": json.RawMessage(`[1]`),
			}},
		},
		Extra:  map[string]json.RawMessage{"flags": json.RawMessage(`["night"]`), "version": json.RawMessage(`"5.1"`)},
		Broken: []json.RawMessage{json.RawMessage(`{"id":5,"box":"here"}`)},
	}, annot.Origin{Project: "p1", Names: map[int]string{0: "cat", 2: "dog"}}
}

func TestDocumentFile(t *testing.T) {
	doc, origin := everyShape()
	data, err := annot.EncodeDocument(doc, origin)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("should be written as a person can read it", func(t *testing.T) { golden(t, "document.json", data) })
	t.Run("should come back as it was", func(t *testing.T) {
		got, from, problems, err := annot.DecodeDocument(data)
		if err != nil || len(problems) != 1 {
			t.Fatal(err, problems)
		}
		if diff := cmp.Diff(doc, got, exactly); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(origin, from); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("should come back through Windows editors", func(t *testing.T) {
		crlf := "\xef\xbb\xbf" + strings.ReplaceAll(string(data), "\n", "\r\n")
		got, _, _, err := annot.DecodeDocument([]byte(crlf))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(doc, got, exactly); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("should keep what is random", func(t *testing.T) {
		rng := rand.New(rand.NewPCG(22, 23))
		for range 200 {
			d := annot.Document{Photo: annot.Photo{Path: "a.jpg", Width: 9, Height: 9}, NextID: 100}
			for i := range rng.IntN(5) {
				r := randomRegion(rng)
				r.ID = annot.RegionID(i + 1)
				d.Regions = append(d.Regions, r)
			}
			data, err := annot.EncodeDocument(d, annot.Origin{})
			if err != nil {
				t.Fatal(err)
			}
			got, _, problems, err := annot.DecodeDocument(data)
			if err != nil || len(problems) > 0 {
				t.Fatal(err, problems)
			}
			if diff := cmp.Diff(d, got, exactly); diff != "" {
				t.Fatal(diff)
			}
		}
	})
	t.Run("should not be written with a coordinate that is no number", func(t *testing.T) {
		bad := annot.Document{Regions: []annot.Region{box(0, 0, math.NaN(), 1)}}
		if _, err := annot.EncodeDocument(bad, annot.Origin{}); err == nil {
			t.Error("no error")
		}
	})
}

func TestDecodeDocumentErrors(t *testing.T) {
	for name, c := range map[string]struct {
		data string
		want error
	}{
		"should refuse nothing":              {``, annot.ErrFormat},
		"should refuse half a file":          {`{"saysee": "photo", "version": 1, "reg`, annot.ErrFormat},
		"should refuse a list":               {`[]`, annot.ErrFormat},
		"should refuse null":                 {`null`, annot.ErrFormat},
		"should refuse what is of another":   {`{"shapes": [], "version": "5.0"}`, annot.ErrFormat},
		"should refuse a project":            {`{"saysee": "project", "version": 1}`, annot.ErrFormat},
		"should refuse a version of nothing": {`{"saysee": "photo"}`, annot.ErrFormat},
		"should refuse a newer version":      {`{"saysee": "photo", "version": 2}`, annot.ErrNewer},
		"should refuse a width in words":     {`{"saysee": "photo", "version": 1, "width": "wide"}`, annot.ErrFormat},
		"should refuse endless nesting":      {strings.Repeat("[", 10<<20), annot.ErrFormat},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, _, err := annot.DecodeDocument([]byte(c.data)); !errors.Is(err, c.want) {
				t.Errorf("err = %.200v", err)
			}
		})
	}
	for name, region := range map[string]string{
		"should keep a region aside that is no object":             `7`,
		"should keep a region aside that is null":                  `null`,
		"should keep a region aside without a box":                 `{"id": 1}`,
		"should keep a region aside with half a box":               `{"box": [1, 2]}`,
		"should keep a region aside whose box covers nothing":      `{"box": [2, 2, 1, 1]}`,
		"should keep a region aside with a number too large":       `{"box": [0, 0, 1e999, 1]}`,
		"should keep a region aside with a negative class":         `{"box": [0, 0, 1, 1], "class": -1}`,
		"should keep a region aside with a class in parts":         `{"box": [0, 0, 1, 1], "class": 1.5}`,
		"should keep a region aside with two shapes":               `{"box": [0, 0, 1, 1], "point": [1, 2], "line": [[1, 2], [2, 3]]}`,
		"should keep a region aside with points of one number":     `{"box": [0, 0, 1, 1], "line": [[1], [2]]}`,
		"should keep a region aside with a ring of two points":     `{"box": [0, 0, 1, 1], "polygon": [[[[1, 2], [2, 3]]]]}`,
		"should keep a region aside with a part without rings":     `{"box": [0, 0, 1, 1], "polygon": [[]]}`,
		"should keep a region aside with a mask without a crop":    `{"box": [0, 0, 1, 1], "mask": "32103"}`,
		"should keep a region aside with runs that fall short":     `{"box": [0, 0, 1, 1], "mask": "32103", "mask_rect": [0, 0, 5, 5]}`,
		"should keep a region aside with a mask beyond all photos": `{"box": [0, 0, 1, 1], "mask": "0PPPPPPP1", "mask_rect": [0, 0, 4611686018427387904, 1]}`,
		"should keep a region aside with a crop turned over":       `{"box": [0, 0, 1, 1], "mask": "32103", "mask_rect": [4, 3, 0, 0]}`,
		"should keep a region aside by an unknown maker":           `{"box": [0, 0, 1, 1], "maker": "ghost"}`,
		"should keep a region aside with the last id of all":       `{"box": [0, 0, 1, 1], "id": 18446744073709551615}`,
	} {
		t.Run(name, func(t *testing.T) {
			file := `{"saysee": "photo", "version": 1, "state": "new", "regions": [{"box": [0, 0, 1, 1]}, ` + region + `, {"box": [0, 0, 2, 2]}]}`
			d, _, problems, err := annot.DecodeDocument([]byte(file))
			if err != nil {
				t.Fatal(err)
			}
			if len(problems) != 1 || !strings.Contains(problems[0].Error(), "region 1") {
				t.Errorf("problems: %v", problems)
			}
			if len(d.Regions) != 2 || len(d.Broken) != 1 || string(d.Broken[0]) != region {
				t.Errorf("%d regions, aside: %s", len(d.Regions), d.Broken)
			}
			data, err := annot.EncodeDocument(d, annot.Origin{})
			if err != nil {
				t.Fatal(err)
			}
			again, _, _, err := annot.DecodeDocument(data)
			if err != nil || len(again.Broken) != 1 {
				t.Errorf("after a round trip: %v, aside: %s", err, again.Broken)
			}
		})
	}
}

func FuzzDecodeDocument(f *testing.F) {
	doc, origin := everyShape()
	data, err := annot.EncodeDocument(doc, origin)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"saysee": "photo", "version": 1, "state": "new", "regions": [null, {"box": [0, 0, 1, 1], "extra": {"id": 2}}], "extra": 3}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, o, _, err := annot.DecodeDocument(data)
		if err != nil {
			return
		}
		for _, r := range d.Regions {
			if err := r.Validate(); err != nil {
				t.Fatal(err)
			}
		}
		first, err := annot.EncodeDocument(d, o)
		if err != nil {
			t.Fatal(err)
		}
		again, o2, _, err := annot.DecodeDocument(first)
		if err != nil {
			t.Fatal(err)
		}
		second, err := annot.EncodeDocument(again, o2)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(first), string(second)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestProjectFile(t *testing.T) {
	p := newProject(t, 0)
	do(t, p, "change", func(e *annot.Edit) error {
		cow, err := e.AddClass(annot.Class{Name: "cow", Phrases: []string{"cow", "calf"}, Negatives: []string{"toy"}, Color: "#102030"})
		return errors.Join(err, e.DeleteClass(0), e.MergeClasses(cow, 1))
	})
	file := annot.ProjectFile{ID: "p1", Classes: p.Classes(), Extra: map[string]json.RawMessage{"order": json.RawMessage(`"by name"`)}}
	data, err := annot.EncodeProject(file)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "project.json", data)
	got, err := annot.DecodeProject(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(file.Extra, got.Extra); diff != "" {
		t.Error(diff)
	}
	again, err := annot.EncodeProject(got)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(data), string(again)); diff != "" {
		t.Error(diff)
	}
	if row, ok := got.Classes.Resolve(1); !ok || row != 2 {
		t.Errorf("row 1 counts as %d, %v", row, ok)
	}
	for name, c := range map[string]struct {
		classes string
		ok      bool
	}{
		"should put an order in order":                     {`[{"name": "a"}, {"name": "b"}], "order": [7, 1, 1, -3]`, true},
		"should refuse two classes of one name":            {`[{"name": "a"}, {"name": "a"}]`, false},
		"should take two of one name when one is deleted":  {`[{"name": "a"}, {"name": "a", "deleted": true}]`, true},
		"should refuse a class without a name":             {`[{"color": "#000000"}]`, false},
		"should live with merges in a circle":              {`[{"name": "a", "merged_into": 1}, {"name": "b", "merged_into": 0}]`, true},
		"should live with a merge into a row that is not":  {`[{"name": "a", "merged_into": 8}]`, true},
		"should refuse a row that is null as one nameless": {`[null]`, false},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := annot.DecodeProject([]byte(`{"saysee": "project", "version": 1, "id": "x", "classes": ` + c.classes + `}`))
			if (err == nil) != c.ok || err != nil && !errors.Is(err, annot.ErrFormat) {
				t.Fatalf("err = %v", err)
			}
			for row := range f.Classes.Rows() {
				if live, ok := f.Classes.Resolve(row); ok && f.Classes.Row(live).Name == "" {
					t.Errorf("row %d counts as the nameless %d", row, live)
				}
			}
		})
	}
}

func FuzzDecodeProject(f *testing.F) {
	data, err := os.ReadFile("testdata/project.json")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"saysee": "project", "version": 1, "classes": [{"name": "a", "merged_into": 0}, null]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := annot.DecodeProject(data)
		if err != nil {
			return
		}
		p.Classes.Dense()
		first, err := annot.EncodeProject(p)
		if err != nil {
			t.Fatal(err)
		}
		again, err := annot.DecodeProject(first)
		if err != nil {
			t.Fatal(err)
		}
		second, err := annot.EncodeProject(again)
		if diff := cmp.Diff(string(first), string(second)); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}
