package lint_test

import (
	"errors"
	"image"
	"image/png"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/annot/lint"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func box(class int, x0, y0, x1, y1 float64) annot.Region {
	return annot.Region{Class: class, Box: annot.Box{X0: x0, Y0: y0, X1: x1, Y1: y1}}
}

func shaped(class int, s annot.Shape) annot.Region {
	return annot.Region{Class: class, Shape: s, Box: s.Bounds()}
}

func ring(xy ...float64) annot.Ring {
	var r annot.Ring
	for i := 0; i < len(xy); i += 2 {
		r = append(r, annot.Point{X: xy[i], Y: xy[i+1]})
	}
	return r
}

// photo is 100 × 50 and has a good region of each class, so that classes have no gaps.
func photo(regions ...annot.Region) format.Photo {
	return format.Photo{
		File: "a.png", Path: "a.png", Width: 100, Height: 50,
		Regions: append([]annot.Region{box(0, 10, 10, 30, 30), box(1, 40, 10, 60, 30)}, regions...),
	}
}

// fixedSize is a photo size that is always found.
func fixedSize(w, h int) func(string) (int, int, error) {
	return func(string) (int, int, error) { return w, h, nil }
}

func run(t *testing.T, ds *format.Dataset, o lint.Options) []string {
	t.Helper()
	var got []string
	_, _, err := lint.Check(ds, o, func(f lint.Finding) {
		line := string(f.Rule) + ": " + f.String()
		if f.Repair != "" {
			line += " (" + f.Repair + ")"
		}
		got = append(got, line)
	})
	check(t, err)
	return got
}

func TestCheckRegions(t *testing.T) {
	nan := math.NaN()
	tests := map[string]struct {
		region annot.Region
		want   string         // the finding
		repair []annot.Region // what becomes of the region
	}{
		"should find nothing wrong with a good region": {box(0, 70, 10, 100, 50), "", []annot.Region{box(0, 70, 10, 100, 50)}},
		"should allow for rounding":                    {box(0, 70, 10, 100.005, 50), "", []annot.Region{box(0, 70, 10, 100.005, 50)}},
		"should cut a box at the border":               {box(0, 70, -5, 103, 40), "out-of-range: a.png: region 2: lies up to 5 px outside the photo (cut at the border)", []annot.Region{box(0, 70, 0, 100, 40)}},
		"should remove a box outside":                  {box(0, 170, 5, 190, 40), "out-of-range: a.png: region 2: lies wholly outside the photo (removed)", nil},
		"should remove a box of no width":              {box(0, 70, 5, 70, 40), "degenerate: a.png: region 2: covers nothing (removed)", nil},
		"should remove a box turned inside out":        {box(0, 70, 5, 60, 40), "degenerate: a.png: region 2: covers nothing (removed)", nil},
		"should remove a box that is no number":        {box(0, nan, 5, 60, 40), "degenerate: a.png: region 2: covers nothing (removed)", nil},
		"should remove a class outside the table":      {box(2, 70, 5, 90, 40), "bad-class: a.png: region 2: is of class 2, and the table has 2 classes (removed)", nil},
		"should point at tiny boxes and leave them":    {box(0, 70, 5, 71, 40), "tiny: a.png: region 2: is only 1 × 35 px", []annot.Region{box(0, 70, 5, 71, 40)}},
		"should remove an exact copy":                  {box(1, 40, 10, 60, 30), "duplicate: a.png: region 2: is the same as region 1 (removed)", nil},
		"should keep a copy of another class":          {box(0, 40, 10, 60, 30), "", []annot.Region{box(0, 40, 10, 60, 30)}},
		"should point at a near copy and leave it":     {box(1, 40, 10, 60, 30.5), "near-duplicate: a.png: region 2: nearly covers region 1 of the same class", []annot.Region{box(1, 40, 10, 60, 30.5)}},
		"should leave a point outside alone":           {shaped(0, annot.Point{X: 70, Y: 60}), "out-of-range: a.png: region 2: lies up to 10 px outside the photo", []annot.Region{shaped(0, annot.Point{X: 70, Y: 60})}},
		"should not call a line tiny":                  {shaped(0, annot.Line(ring(70, 10, 80, 10))), "", []annot.Region{shaped(0, annot.Line(ring(70, 10, 80, 10)))}},
		"should cut an outline at the border": {
			shaped(0, annot.Polygon{{Outer: ring(90, 10, 110, 10, 110, 30, 90, 30), Holes: []annot.Ring{ring(105, 15, 108, 15, 108, 20)}}}),
			"out-of-range: a.png: region 2: lies up to 10 px outside the photo (cut at the border)",
			[]annot.Region{shaped(0, annot.Polygon{{Outer: ring(90, 10, 100, 10, 100, 30, 90, 30)}})},
		},
		"should cut a mask at the border": {
			shaped(0, annot.NewMask(image.Rect(99, 49, 101, 51), []byte{1, 1, 1, 1})),
			"out-of-range: a.png: region 2: lies up to 1 px outside the photo (cut at the border)",
			[]annot.Region{shaped(0, annot.NewMask(image.Rect(99, 49, 100, 50), []byte{1}))},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ds := format.FromPhotos(annot.NamedClasses("cat", "dog"), []format.Photo{photo(tt.region)})
			o := lint.Options{Size: fixedSize(100, 50)}
			got := run(t, ds, o)
			got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, "tiny") && !strings.HasPrefix(tt.want, "tiny") })
			if diff := cmp.Diff(tt.want, strings.Join(got, "\n")); diff != "" {
				t.Error("findings (-want +got):\n", diff)
			}
			photos, err := lint.Repaired(ds, o).Collect()
			check(t, err)
			want := photo(tt.repair...).Regions
			same := cmp.Comparer(func(a, b annot.Mask) bool { return a.Equal(b) })
			if diff := cmp.Diff(want, photos[0].Regions, same); diff != "" {
				t.Error("repaired (-want +got):\n", diff)
			}
		})
	}
}

func TestRepairedIsClean(t *testing.T) {
	ds := format.FromPhotos(annot.NamedClasses("cat", "dog"), []format.Photo{photo(
		box(0, -9, -9, 500, 500), box(0, -9, -9, 500, 500), box(0, 3, 3, 3, 3), box(7, 1, 1, 9, 9),
		shaped(1, annot.Polygon{{Outer: ring(-50, 25, 50, -25, 150, 25, 50, 75)}}),
	)})
	o := lint.Options{Size: fixedSize(100, 50)}
	if got := run(t, lint.Repaired(ds, o), o); got != nil {
		t.Errorf("still %q", got)
	}
	if photos, _ := ds.Collect(); len(photos[0].Regions) != 7 {
		t.Error("the original has changed")
	}
}

func TestRepairedIsCleanWhateverIsWrong(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	number := func() float64 {
		switch rng.IntN(20) {
		case 0:
			return math.NaN()
		case 1:
			return math.Inf(1 - 2*rng.IntN(2))
		case 2:
			return (rng.Float64() - 0.5) * 1e300
		case 3, 4, 5:
			return float64(rng.IntN(12) * 10)
		}
		return rng.Float64()*300 - 100
	}
	outline := func() annot.Ring {
		var r annot.Ring
		for range rng.IntN(8) {
			r = append(r, annot.Point{X: number(), Y: number()})
		}
		return r
	}
	region := func() annot.Region {
		class := rng.IntN(4) - 1
		switch rng.IntN(4) {
		case 0:
			return shaped(class, annot.Polygon{{Outer: outline(), Holes: []annot.Ring{outline()}}, {Outer: outline()}})
		case 1:
			x, y := rng.IntN(120)-10, rng.IntN(70)-10
			bits := make([]byte, 15*12)
			for i := range bits {
				bits[i] = byte(rng.IntN(2))
			}
			return shaped(class, annot.NewMask(image.Rect(x, y, x+15, y+12), bits))
		}
		return box(class, number(), number(), number(), number())
	}
	repairs := 0
	for range 300 {
		var regions []annot.Region
		for range rng.IntN(12) {
			regions = append(regions, region())
		}
		ds := format.FromPhotos(annot.NamedClasses("cat", "dog"), []format.Photo{photo(regions...)})
		o := lint.Options{Size: fixedSize(100, 50)}
		_, _, err := lint.Check(ds, o, func(f lint.Finding) {
			if f.Repair != "" {
				repairs++
			}
		})
		check(t, err)
		_, _, err = lint.Check(lint.Repaired(ds, o), o, func(f lint.Finding) {
			if f.Repair != "" {
				t.Fatalf("repaired, and still %s: %v\n%v", f.Rule, f, regions)
			}
		})
		check(t, err)
	}
	if repairs < 500 {
		t.Error("only", repairs, "repairs were tried")
	}
}

func TestDuplicatesKeepHandWork(t *testing.T) {
	byModel := box(1, 70, 10, 90, 30)
	byModel.Source.Maker = annot.ByModel
	byHand := box(1, 70, 10, 90, 30)
	ds := format.FromPhotos(annot.NamedClasses("cat", "dog"), []format.Photo{photo(byModel, byHand, byModel)})
	photos, err := lint.Repaired(ds, lint.Options{NoPhotos: true}).Collect()
	check(t, err)
	if r := photos[0].Regions; len(r) != 3 || r[2].Source.Maker != annot.ByHand {
		t.Errorf("kept %+v", r)
	}
}

func TestCheckPhotos(t *testing.T) {
	dir := t.TempDir()
	file, err := os.Create(filepath.Join(dir, "a.png"))
	check(t, err)
	check(t, png.Encode(file, image.NewGray(image.Rect(0, 0, 100, 50))))
	check(t, file.Close())
	check(t, os.WriteFile(filepath.Join(dir, "broken.png"), []byte("\x89PNG\r\n\x1a\nnothing"), 0o644))
	at := func(name string, change func(*format.Photo)) format.Photo {
		p := photo()
		p.File, p.Path = name, filepath.Join(dir, name)
		if change != nil {
			change(&p)
		}
		return p
	}
	good := at("a.png", nil)
	tests := map[string]struct {
		photos []format.Photo
		want   []string
	}{
		"should find nothing wrong": {[]format.Photo{good}, nil},
		"should name a photo that is missing among others": {
			[]format.Photo{at("b.png", nil), good, at("c.png", nil)},
			[]string{"missing-photo: b.png: is not there", "missing-photo: c.png: is not there"},
		},
		"should say once that the folder is wrong": {
			[]format.Photo{at("b.png", nil), at("c.png", func(p *format.Photo) { p.Path = "" })},
			[]string{"missing-photo: none of the 2 photos is there, the first is b.png; is the folder of the photos another?"},
		},
		"should name a photo that cannot be read": {
			[]format.Photo{at("broken.png", nil)},
			[]string{"broken-photo: broken.png: cannot be read: "},
		},
		"should correct a size when the regions fit": {
			[]format.Photo{at("a.png", func(p *format.Photo) { p.Width, p.Height = 200, 100 })},
			[]string{"size-mismatch: a.png: is 100 × 50, its labels say 200 × 100 (size corrected)"},
		},
		"should not guess when regions do not fit the true size": {
			[]format.Photo{at("a.png", func(p *format.Photo) { p.Width, p.Height, p.Regions[0].Box.X1 = 200, 100, 150 })},
			[]string{"size-mismatch: a.png: is 100 × 50, its labels say 200 × 100, and regions do not fit: were they drawn on another version?"},
		},
		"should accept labels without sizes": {
			[]format.Photo{at("a.png", func(p *format.Photo) { p.Width, p.Height = 0, 0 })}, nil,
		},
		"should tell background from what nobody labelled": {
			[]format.Photo{good, at("a.png", func(p *format.Photo) { p.Regions, p.Split = nil, "val" }), at("a.png", func(p *format.Photo) { p.Regions, p.Unlabelled, p.Split = nil, true, "test" })},
			[]string{"empty-photo: a.png: has labels without any region: background, if that is meant", "unlabelled: a.png: has no labels"},
		},
		"should name a photo that is listed twice": {[]format.Photo{good, good}, []string{"repeated-photo: a.png: is listed more than once"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := run(t, format.FromPhotos(annot.NamedClasses("cat", "dog"), tt.photos), lint.Options{})
			for i := range got {
				if i < len(tt.want) && strings.HasSuffix(tt.want[i], ": ") {
					got[i] = got[i][:min(len(got[i]), len(tt.want[i]))]
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error("(-want +got):\n", diff)
			}
		})
	}
	t.Run("should correct the size in what is repaired", func(t *testing.T) {
		p := at("a.png", func(p *format.Photo) { p.Width, p.Height = 200, 100 })
		photos, err := lint.Repaired(format.FromPhotos(annot.NamedClasses("cat", "dog"), []format.Photo{p}), lint.Options{}).Collect()
		check(t, err)
		if photos[0].Width != 100 || photos[0].Height != 50 {
			t.Error("got", photos[0].Width, photos[0].Height)
		}
	})
}

func TestCheckClasses(t *testing.T) {
	ds := format.FromPhotos(annot.NamedClasses("cat", "dog", "Traffic Light", "traffic_light"), []format.Photo{photo(box(3, 1, 1, 9, 9))})
	want := []string{
		`class-gap: class 2, "Traffic Light", has no region`,
		`similar-class: classes "Traffic Light" and "traffic_light" may be one`,
	}
	if diff := cmp.Diff(want, run(t, ds, lint.Options{NoPhotos: true})); diff != "" {
		t.Error("(-want +got):\n", diff)
	}
}

func TestIgnore(t *testing.T) {
	wrong := []annot.Region{box(0, -9, 0, 500, 500), box(0, 3, 3, 3, 3), box(1, 40, 10, 60, 30)}
	p := photo(wrong...)
	ds := format.FromPhotos(annot.NamedClasses("cat", "dog"), []format.Photo{p})
	o := lint.Options{Ignore: map[lint.Rule]bool{}, Size: fixedSize(7, 7)}
	for _, r := range lint.Rules() {
		o.Ignore[r] = true
	}
	if got := run(t, ds, o); got != nil {
		t.Errorf("found %q", got)
	}
	photos, err := lint.Repaired(ds, o).Collect()
	check(t, err)
	if diff := cmp.Diff(p.Regions, photos[0].Regions); diff != "" || photos[0].Width != 100 {
		t.Error("what is ignored was repaired:\n", diff)
	}
}

func TestCheckReading(t *testing.T) {
	file := filepath.Join(t.TempDir(), "c.json")
	check(t, os.WriteFile(file, []byte(`{"images":[{"id":1,"file_name":"a.png","width":100,"height":50}],"categories":[{"id":1,"name":"cat"}],
"annotations":[{"id":1,"image_id":1,"category_id":1,"bbox":[1,1,9,9]},{"id":2,"image_id":1,"category_id":1,"bbox":[1,1,0,9]},
{"id":3,"image_id":5,"category_id":1,"bbox":[1,1,9,9]}]}`), 0o644))
	f, err := format.Lookup("coco")
	check(t, err)
	ds, err := f.Read(file, format.ReadOptions{})
	check(t, err)
	got := run(t, ds, lint.Options{NoPhotos: true})
	if len(got) != 2 || !strings.HasPrefix(got[0], "unreadable: "+file+":3: ") || !strings.HasPrefix(got[1], "degenerate: "+file+":2: ") {
		t.Errorf("got %q", got)
	}
	got = run(t, ds, lint.Options{NoPhotos: true, DropUnreadable: true})
	if len(got) != 2 || !strings.HasSuffix(got[0], " (removed)") {
		t.Errorf("got %q", got)
	}
}

func TestCheckPassesErrorsOn(t *testing.T) {
	ds := format.FromPhotos(nil, nil)
	ds.Photos = func(yield func(format.Photo, error) bool) { yield(format.Photo{}, fs.ErrPermission) }
	if _, _, err := lint.Check(ds, lint.Options{}, func(lint.Finding) {}); !errors.Is(err, fs.ErrPermission) {
		t.Error("got", err)
	}
	if _, err := lint.Repaired(ds, lint.Options{}).Collect(); !errors.Is(err, fs.ErrPermission) {
		t.Error("got", err)
	}
}
