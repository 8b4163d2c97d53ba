package format_test

import (
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
)

// targets are the paths that each format is written to below a folder.
var targets = map[string]string{
	"json": "a.json", "coco": "a.json", "coco-results": "r.json", "labelstudio": "ls.json", "odvg": "a.jsonl", "csv": "a.csv", "cvat": "a.xml",
	"cvat-video": "v.xml", "mot": "",
	"voc": "", "labelme": "", "xlabel": "", "mask-semantic": "", "mask-instance": "", "yolo": "", "yolo-seg": "", "yolo-obb": "", "dota": "",
}

// sizes answers the photo sizes of a dataset, by name whatever the extension.
func sizes(photos []format.Photo) func(string) (int, int, error) {
	by := map[string][2]int{}
	for _, p := range photos {
		by[strings.TrimSuffix(path.Base(p.File), path.Ext(p.File))] = [2]int{p.Width, p.Height}
	}
	return func(at string) (int, int, error) {
		base := filepath.Base(at)
		s, ok := by[strings.TrimSuffix(base, filepath.Ext(base))]
		if !ok {
			return 0, 0, os.ErrNotExist
		}
		return s[0], s[1], nil
	}
}

// through writes the dataset in a format and reads it back.
func through(t *testing.T, name string, ds *format.Dataset, photos []format.Photo, o format.WriteOptions) *format.Dataset {
	t.Helper()
	at := filepath.Join(t.TempDir(), targets[name])
	rep := save(t, name, at, ds, o)
	if len(rep.Problems) > 0 {
		t.Fatalf("%s: %v", name, rep.Problems)
	}
	back, err := lookup(t, name).Read(at, format.ReadOptions{Size: sizes(photos)})
	if err != nil {
		t.Fatal(err)
	}
	got, err := back.Collect()
	if err != nil {
		t.Fatal(err)
	}
	noProblems(t, back)
	mem := format.FromPhotos(back.Classes, got)
	return mem
}

// seen is a region as a format shows it, in terms that all formats share.
type seen struct {
	Class  string
	Pixels string // the mask's outline area and place, or the box
	Score  string
	Source annot.Source
	Review annot.Review
	Track  int
	Locked bool
	Extra  string
}

// view is what can be expected of a photo after a format that can do what both formats can.
type view struct {
	File    string
	W, H    int
	State   format.State
	Regions []seen
}

// both is what two formats can both do.
func both(a, b format.Capabilities) format.Capabilities {
	return format.Capabilities{
		Boxes: a.Boxes && b.Boxes, Points: a.Points && b.Points, Lines: a.Lines && b.Lines,
		Scores: a.Scores && b.Scores, Sources: a.Sources && b.Sources, Reviews: a.Reviews && b.Reviews, Tracks: a.Tracks && b.Tracks,
		Flags: a.Flags && b.Flags, States: a.States && b.States, Sizes: a.Sizes && b.Sizes, Extra: a.Extra && b.Extra,
		Folders: a.Folders && b.Folders,
	}
}

// keepsArea reports whether the area of shapes survives a format.
func keepsArea(c format.Capabilities) bool {
	return (c.Polygons || c.Masks) && c.Overlaps && c.Instances
}

// look describes a photo. area says that shapes are compared by area, otherwise by box only.
func look(p format.Photo, classes []annot.Class, can format.Capabilities, area, boxes bool) view {
	v := view{File: strings.TrimSuffix(p.File, path.Ext(p.File))}
	if can.Sizes {
		v.W, v.H = p.Width, p.Height
	}
	if can.States {
		v.State = p.State
	}
	for _, r := range p.Regions {
		s := seen{Class: strings.ReplaceAll(classes[r.Class].Name, " ", "_")}
		switch r.Shape.(type) {
		case annot.Point:
			if !can.Points {
				continue
			}
		case annot.Line:
			if !can.Lines {
				continue
			}
		}
		s.Pixels = pixels(r, area, boxes)
		if can.Scores && r.Source.Maker == annot.ByModel && r.Score < 1 { // COCO's results give hand work the score 1
			s.Score = fmt.Sprint(r.Score)
		}
		if can.Sources {
			s.Source = r.Source
		}
		if can.Reviews {
			s.Review = r.Review
		}
		if can.Tracks {
			s.Track = r.Track
		}
		if can.Flags {
			s.Locked = r.Locked
		}
		if can.Extra {
			s.Extra = string(r.Extra["occluded"]) + string(r.Extra["note"])
		}
		v.Regions = append(v.Regions, s)
	}
	return v
}

// pixels tells the place of a region to the pixel, and its area where that survives.
func pixels(r annot.Region, area, boxes bool) string {
	b := r.Box
	a := b.Area()
	switch s := r.Shape.(type) {
	case annot.Polygon:
		b, a = s.Bounds(), 0
		for _, part := range s {
			a += part.Outer.Area()
			for _, h := range part.Holes {
				a -= h.Area()
			}
		}
	case annot.Mask:
		t := s.TightBounds()
		b, a = annot.Box{X0: float64(t.Min.X), Y0: float64(t.Min.Y), X1: float64(t.Max.X), Y1: float64(t.Max.Y)}, float64(s.Area())
	case annot.Point, annot.Line:
		b, a = s.Bounds(), 0
	}
	if !boxes {
		return ""
	}
	place := fmt.Sprintf("%.0f %.0f %.0f %.0f", b.X0, b.Y0, b.X1, b.Y1)
	if area {
		place += fmt.Sprintf(" area %.0f", a)
	}
	return place
}

// onPixels moves all corners to whole pixels and photos' parts apart, so that shapes have one area however they
// are stored, and clips nothing: what rounding does is tested elsewhere.
func onPixels(photos []format.Photo) []format.Photo {
	round := func(r annot.Ring) annot.Ring {
		out := slices.Clone(r)
		for i, p := range out {
			out[i] = annot.Point{X: math.Round(p.X), Y: math.Round(p.Y)}
		}
		return out
	}
	out := slices.Clone(photos)
	for i := range out {
		out[i].Regions = slices.Clone(out[i].Regions)
		for k := range out[i].Regions {
			r := &out[i].Regions[k]
			b := r.Box
			r.Box = annot.Box{X0: math.Round(b.X0), Y0: math.Round(b.Y0), X1: math.Round(b.X1) + 1, Y1: math.Round(b.Y1) + 1}
			switch s := r.Shape.(type) {
			case annot.Polygon:
				// Upright rings have the same area as outline and as mask.
				var poly annot.Polygon
				for _, part := range s {
					b := part.Outer.Bounds()
					b = annot.Box{X0: math.Round(b.X0), Y0: math.Round(b.Y0), X1: math.Round(b.X1) + 3, Y1: math.Round(b.Y1) + 3}
					p := annot.Part{Outer: notched(b)}
					for range part.Holes {
						c := annot.Point{X: b.X0 + 2, Y: b.Y0 + 2}
						p.Holes = append(p.Holes, annot.Ring{c, {X: c.X, Y: c.Y + 1}, {X: c.X + 2, Y: c.Y + 1}, {X: c.X + 2, Y: c.Y}})
					}
					if len(poly) > 0 { // beside the part before
						before := poly[len(poly)-1].Outer.Bounds()
						for i := range p.Outer {
							p.Outer[i].X += before.X1 + 1 - b.X0
						}
					}
					poly = append(poly, p)
				}
				r.Shape = poly
			case annot.Point:
				r.Shape = round(annot.Ring{s})[0]
			case annot.Line:
				r.Shape = annot.Line(round(annot.Ring(s)))
			}
			if r.Shape != nil {
				r.Box = r.Shape.Bounds()
			}
		}
	}
	return out
}

// notched is a box without its upper right corner pixel.
func notched(b annot.Box) annot.Ring {
	return annot.Ring{{X: b.X0, Y: b.Y0}, {X: b.X1 - 1, Y: b.Y0}, {X: b.X1 - 1, Y: b.Y0 + 1}, {X: b.X1, Y: b.Y0 + 1}, {X: b.X1, Y: b.Y1}, {X: b.X0, Y: b.Y1}}
}

// TestPairs sends random documents through every pair of formats: what both can hold must come back.
func TestPairs(t *testing.T) {
	cs, photos := randomDataset(rand.New(rand.NewPCG(7, 7)), 5)
	photos = onPixels(photos)
	for i := range photos { // room, so that nothing is cut at the border
		photos[i].Width, photos[i].Height = photos[i].Width*2, photos[i].Height*2
	}
	for _, a := range format.Names() {
		first := through(t, a, format.FromPhotos(cs, photos), photos, format.WriteOptions{})
		for _, b := range format.Names() {
			t.Run(a+" then "+b, func(t *testing.T) {
				got := through(t, b, first, photos, format.WriteOptions{})
				checkPair(t, lookup(t, a).Can, lookup(t, b).Can, cs, photos, got)
			})
		}
	}
}

func checkPair(t *testing.T, a, b format.Capabilities, cs []annot.Class, photos []format.Photo, got *format.Dataset) {
	t.Helper()
	back, err := got.Collect()
	if err != nil {
		t.Fatal(err)
	}
	can := both(a, b)
	area, boxes := keepsArea(a) && keepsArea(b), true
	exact := a.Overlaps && a.Instances && b.Overlaps && b.Instances
	if !exact || a.Rotated || b.Rotated {
		boxes = exact && !a.Rotated && !b.Rotated
		area = false
	}
	want := map[string]view{}
	for _, p := range photos {
		v := look(p, cs, can, area, boxes)
		want[v.File] = v
	}
	if len(back) != len(photos) {
		t.Fatalf("%d photos of %d", len(back), len(photos))
	}
	for _, p := range back {
		v := look(p, got.Classes, can, area, boxes)
		w, ok := want[v.File]
		if !ok {
			t.Fatalf("photo %s came from nowhere", v.File)
		}
		if !exact { // regions may be hidden or merged; their classes may not change
			for _, r := range v.Regions {
				if !slices.ContainsFunc(w.Regions, func(o seen) bool { return o.Class == r.Class }) {
					t.Errorf("%s: class %s came from nowhere", v.File, r.Class)
				}
			}
			continue
		}
		sortSeen(v.Regions)
		sortSeen(w.Regions)
		if d := cmp.Diff(w, v, same); d != "" {
			t.Errorf("(-want +got) %s", d)
		}
	}
}

func sortSeen(s []seen) {
	slices.SortFunc(s, func(a, b seen) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
}

// TestLosses holds the promise against the deed.
func TestLosses(t *testing.T) {
	cs, photos := randomDataset(rand.New(rand.NewPCG(9, 9)), 20)
	for _, name := range format.Names() {
		t.Run("should be told before as they are after writing "+name, func(t *testing.T) {
			ds := format.FromPhotos(cs, photos)
			before, err := format.Losses(ds, lookup(t, name), format.WriteOptions{})
			if err != nil {
				t.Fatal(err)
			}
			rep := save(t, name, filepath.Join(t.TempDir(), targets[name]), ds, format.WriteOptions{})
			after := slices.DeleteFunc(rep.Losses, func(l format.Loss) bool {
				return l.Feature == format.ClippedAtBorder || l.Feature == format.RenamedClass
			})
			if d := cmp.Diff(before, after); d != "" {
				t.Error(d)
			}
			if name == "json" && len(before) > 0 || name == "yolo" && len(before) < 8 {
				t.Errorf("losses %v", before)
			}
		})
	}
}

func TestOutlines(t *testing.T) {
	hole := annot.Ring{{X: 4, Y: 4}, {X: 4, Y: 6}, {X: 6, Y: 6}, {X: 6, Y: 4}}
	big := annot.Ring{{X: 0, Y: 0}, {X: 10, Y: 0}, {X: 10, Y: 10}, {X: 0, Y: 10}}
	small := annot.Ring{{X: 20, Y: 0}, {X: 24, Y: 0}, {X: 24, Y: 4}, {X: 20, Y: 4}}
	photo := format.Photo{File: "a.jpg", Width: 40, Height: 20, Regions: []annot.Region{
		{Shape: annot.Polygon{{Outer: big, Holes: []annot.Ring{hole}}, {Outer: small}}},
	}}
	for name, c := range map[string]struct {
		choice  format.Outline
		regions int
		area    float64
	}{
		"should keep the area when bridging":               {format.Bridge, 1, 96 + 16},
		"should make a region of each part when splitting": {format.Split, 2, 96 + 16},
		"should fill the largest part when asked to":       {format.Largest, 1, 100},
	} {
		t.Run(name, func(t *testing.T) {
			got := through(t, "yolo-seg", format.FromPhotos(annot.NamedClasses("x"), []format.Photo{photo}), []format.Photo{photo}, format.WriteOptions{Outlines: c.choice})
			back, _ := got.Collect()
			area := 0.0
			for _, r := range back[0].Regions {
				m := r.Shape.(annot.Polygon).Rasterize(40, 20, annot.EvenOdd)
				area += float64(m.Area())
				if c.choice != format.Largest && m.Contains(annot.Point{X: 5, Y: 5}) {
					t.Error("the hole is filled")
				}
			}
			if len(back[0].Regions) != c.regions || math.Abs(area-c.area) > 1e-3 {
				t.Errorf("%d regions of area %g", len(back[0].Regions), area)
			}
		})
	}
	if d := cmp.Diff(big, photo.Regions[0].Shape.(annot.Polygon)[0].Outer); d != "" {
		t.Error("the writer changed the caller's outline", d)
	}
}

// writePhotos makes tiny photo files of the right size.
func writePhotos(t testing.TB, root string, photos []format.Photo) {
	t.Helper()
	for i := range photos {
		p := &photos[i]
		p.Path = filepath.Join(root, filepath.FromSlash(p.File))
		if err := os.MkdirAll(filepath.Dir(p.Path), 0o755); err != nil {
			t.Fatal(err)
		}
		f, err := os.Create(p.Path)
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, image.NewGray(image.Rect(0, 0, p.Width, p.Height))); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRecognise(t *testing.T) {
	cs, photos := randomDataset(rand.New(rand.NewPCG(5, 5)), 12)
	writePhotos(t, t.TempDir(), photos)
	for i := range photos {
		photos[i].Split = []string{"train", "val", "test"}[i%3]
	}
	for _, name := range format.Names() {
		t.Run("should know what it wrote as "+name, func(t *testing.T) {
			at := filepath.Join(t.TempDir(), targets[name])
			save(t, name, at, format.FromPhotos(cs, photos), format.WriteOptions{Photos: format.CopyPhotos})
			got, why, err := format.Recognise(at)
			if err != nil || got != name || why == "" {
				t.Errorf("recognised %q (%s): %v", got, why, err)
			}
			ds, back := load(t, name, at, format.ReadOptions{})
			noProblems(t, ds)
			if len(back) != len(photos) {
				t.Fatalf("%d photos", len(back))
			}
			if !lookup(t, name).Can.Splits {
				return
			}
			want := map[string]string{}
			for _, p := range photos {
				want[p.File] = p.Split
			}
			for _, p := range back {
				if s, ok := want[p.File]; !ok || s != p.Split {
					t.Errorf("photo %s of split %q", p.File, p.Split)
				}
				if _, err := os.Stat(p.Path); err != nil && targets[name] == "" {
					t.Errorf("photo file: %v", err)
				}
			}
		})
	}
	t.Run("should say when nothing is there", func(t *testing.T) {
		if _, _, err := format.Recognise(t.TempDir()); err == nil {
			t.Error("an empty folder is recognised")
		}
	})
}

func TestExtra_SurvivesItsFormat(t *testing.T) {
	cs, photos := randomDataset(rand.New(rand.NewPCG(11, 5)), 6)
	for i := range photos {
		photos[i].Extra = map[string]json.RawMessage{"weather": json.RawMessage(`"rain"`)}
		for k := range photos[i].Regions {
			photos[i].Regions[k].Extra = map[string]json.RawMessage{"note": json.RawMessage(`"<&>"`), "n": json.RawMessage("7"), "list": json.RawMessage(`["a","b"]`)}
		}
	}
	for _, name := range format.Names() {
		if !lookup(t, name).Can.Extra {
			continue
		}
		t.Run("should survive "+name, func(t *testing.T) {
			got := through(t, name, format.FromPhotos(cs, photos), photos, format.WriteOptions{})
			back, _ := got.Collect()
			for _, p := range back {
				if lookup(t, name).Can.PhotoExtra && string(p.Extra["weather"]) != `"rain"` {
					t.Errorf("photo fields %v", p.Extra)
				}
				for _, r := range p.Regions {
					if string(r.Extra["note"]) != `"<&>"` || string(r.Extra["n"]) != "7" || string(r.Extra["list"]) != `["a","b"]` {
						t.Errorf("region fields %v", r.Extra)
					}
				}
			}
		})
	}
}
