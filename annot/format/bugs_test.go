package format_test

import (
	"encoding/base64"
	"encoding/json"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
)

// one makes a dataset of one photo.
func one(w, h int, rs ...annot.Region) *format.Dataset {
	return format.FromPhotos(annot.NamedClasses("dog", "cat"), []format.Photo{{File: "a.jpg", Width: w, Height: h, Regions: rs}})
}

func box(x0, y0, x1, y1 float64) annot.Region {
	return annot.Region{Box: annot.Box{X0: x0, Y0: y0, X1: x1, Y1: y1}}
}

func shape(s annot.Shape) annot.Region { return annot.Region{Shape: s, Box: s.Bounds()} }

func ringOf(b annot.Region) annot.Ring {
	return annot.Ring{{X: b.Box.X0, Y: b.Box.Y0}, {X: b.Box.X1, Y: b.Box.Y0}, {X: b.Box.X1, Y: b.Box.Y1}, {X: b.Box.X0, Y: b.Box.Y1}}
}

type cocoFile struct {
	Images      []struct{ ID int }
	Categories  []struct{ ID int }
	Annotations []struct {
		ID           int
		Area         float64
		BBox         [4]float64
		IsCrowd      int
		Segmentation json.RawMessage
	}
}

func cocoOf(t *testing.T, ds *format.Dataset) cocoFile {
	t.Helper()
	at := filepath.Join(t.TempDir(), "a.json")
	save(t, "coco", at, ds, format.WriteOptions{})
	var c cocoFile
	if err := json.Unmarshal([]byte(readText(t, at)), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestPeersBugs holds the faults that other tools ship, so that none comes in here.
func TestPeersBugs(t *testing.T) {
	donut := annot.Polygon{{Outer: ringOf(box(2, 2, 10, 10)), Holes: []annot.Ring{ringOf(box(4, 4, 6, 6))}}}

	t.Run("should number COCO from 1, since evaluation takes id 0 for no match", func(t *testing.T) {
		c := cocoOf(t, one(20, 20, box(1, 1, 3, 3), box(4, 4, 6, 6)))
		if c.Images[0].ID != 1 || c.Categories[0].ID != 1 || c.Annotations[0].ID != 1 || c.Annotations[1].ID != 2 {
			t.Errorf("%+v", c)
		}
	})
	t.Run("should not clamp a full photo to its last pixel's middle", func(t *testing.T) {
		full := annot.NewMask(image.Rect(0, 0, 12, 10), []byte(strings.Repeat("\x01", 120)))
		for _, r := range []annot.Region{shape(full), shape(annot.Polygon{{Outer: ringOf(box(0, 0, 12, 10))}}), box(0, 0, 12, 10)} {
			if a := cocoOf(t, one(12, 10, r)).Annotations[0]; a.Area != 120 || a.BBox != [4]float64{0, 0, 12, 10} {
				t.Errorf("%+v", a)
			}
			got := through(t, "mask-instance", one(12, 10, r), nil, format.WriteOptions{})
			back, _ := got.Collect()
			if a := back[0].Regions[0].Shape.(annot.Mask).Area(); a != 120 {
				t.Errorf("mask of %d pixels", a)
			}
		}
	})
	t.Run("should write the full photo to VOC as 1, 1, W, H", func(t *testing.T) {
		at := t.TempDir()
		save(t, "voc", at, one(12, 10, box(0, 0, 12, 10)), format.WriteOptions{})
		if text := readText(t, filepath.Join(at, "Annotations/a.xml")); !strings.Contains(text,
			"<xmin>1</xmin><ymin>1</ymin><xmax>12</xmax><ymax>10</ymax>") {
			t.Error(text)
		}
		save(t, "voc", at, one(12, 10, box(0, 0, 12, 10)), format.WriteOptions{ZeroBased: true})
		_, back := load(t, "voc", at, format.ReadOptions{})
		if back[0].Regions[0].Box != (annot.Box{X1: 12, Y1: 10}) {
			t.Error(back[0].Regions[0].Box)
		}
	})
	t.Run("should write no VOC object without bndbox", func(t *testing.T) {
		at := t.TempDir()
		save(t, "voc", at, one(20, 20, shape(annot.Point{X: 3, Y: 3}), shape(annot.Line{{X: 1, Y: 1}, {X: 5, Y: 5}}), shape(donut)), format.WriteOptions{})
		text := readText(t, filepath.Join(at, "Annotations/a.xml"))
		if strings.Count(text, "<object>") != 1 || strings.Count(text, "<bndbox>") != 1 {
			t.Error(text)
		}
	})
	t.Run("should read COCO's RLE", func(t *testing.T) {
		at := filepath.Join(t.TempDir(), "a.json")
		writeFile(t, at, blocks)
		_, back := load(t, "coco", at, format.ReadOptions{})
		if _, ok := back[0].Regions[1].Shape.(annot.Mask); !ok {
			t.Errorf("%+v", back[0].Regions[1])
		}
	})
	t.Run("should write one object with holes as RLE with its true area, and not as a crowd", func(t *testing.T) {
		a := cocoOf(t, one(20, 20, shape(donut))).Annotations[0]
		if a.IsCrowd != 0 || a.Area != 60 || a.Segmentation[0] != '{' {
			t.Errorf("%+v", a)
		}
	})
	t.Run("should give a square of 100 by 100 the area 10000", func(t *testing.T) {
		if a := cocoOf(t, one(200, 200, shape(annot.Polygon{{Outer: ringOf(box(10, 10, 110, 110))}}))).Annotations[0]; a.Area != 10000 {
			t.Errorf("%+v", a)
		}
	})
	t.Run("should change none of the caller's regions", func(t *testing.T) {
		for _, name := range format.Names() {
			rs := []annot.Region{box(1.5, 1.5, 8, 8), shape(donut), shape(annot.Polygon{{Outer: ringOf(box(-5, -5, 30, 30))}})}
			ds := one(20, 20, rs...)
			save(t, name, filepath.Join(t.TempDir(), targets[name]), ds, format.WriteOptions{})
			after, _ := ds.Collect()
			want := []annot.Region{box(1.5, 1.5, 8, 8), shape(donut), shape(annot.Polygon{{Outer: ringOf(box(-5, -5, 30, 30))}})}
			if d := cmp.Diff(want, after[0].Regions, same); d != "" {
				t.Error(name, d)
			}
		}
	})
	t.Run("should keep all parts and holes of a mask in LabelMe", func(t *testing.T) {
		bits := make([]byte, 20*20)
		for i := range bits {
			x, y := i%20, i/20
			if x < 8 && y < 8 && (x != 3 || y != 3) || x > 15 && y > 15 {
				bits[i] = 1
			}
		}
		m := annot.NewMask(image.Rect(0, 0, 20, 20), bits)
		back, _ := through(t, "labelme", one(20, 20, shape(m)), nil, format.WriteOptions{}).Collect()
		if !back[0].Regions[0].Shape.(annot.Mask).Equal(m) {
			t.Error("the mask changed")
		}
		back, _ = through(t, "xlabel", one(20, 20, shape(m)), nil, format.WriteOptions{}).Collect()
		if got := back[0].Regions[0].Shape.(annot.Polygon).Rasterize(20, 20, annot.EvenOdd); !got.Equal(m) || len(back[0].Regions) != 1 {
			t.Error("the outline is not the mask's")
		}
	})
	t.Run("should take class numbers from the table, not from one photo's labels", func(t *testing.T) {
		at := t.TempDir()
		r := box(1, 1, 5, 5)
		r.Class = 1
		save(t, "yolo", at, one(20, 20, r), format.WriteOptions{})
		if text := readText(t, filepath.Join(at, "labels/a.txt")); !strings.HasPrefix(text, "1 ") {
			t.Error(text)
		}
	})
}

func TestYOLO(t *testing.T) {
	t.Run("should keep every fraction and edge in [0, 1]", func(t *testing.T) {
		at := t.TempDir()
		var rs []annot.Region
		for i := range 300 {
			f := float64(i) / 300
			rs = append(rs, box(97*f*f, 0, 97, 61*math.Sqrt(f)+0.001), box(-3, 1+f, 100, 70))
		}
		save(t, "yolo", at, one(97, 61, rs...), format.WriteOptions{})
		writePhotos(t, filepath.Join(at, "images"), []format.Photo{{File: "a.jpg", Width: 97, Height: 61}})
		ds, back := load(t, "yolo", at, format.ReadOptions{})
		noProblems(t, ds)
		for i, r := range back[0].Regions {
			if r.Box.X0 < 0 || r.Box.Y0 < 0 || r.Box.X1 > 97 || r.Box.Y1 > 61 {
				t.Errorf("box %v leaves the photo", r.Box)
			}
			if d := r.Box.X0 - max(rs[i].Box.X0, 0); math.Abs(d) > 1e-5 {
				t.Errorf("box %d moved by %g", i, d)
			}
		}
		if len(back[0].Regions) != len(rs) {
			t.Errorf("%d regions", len(back[0].Regions))
		}
	})
	t.Run("should write rectangles as four corners among outlines", func(t *testing.T) {
		at := t.TempDir()
		save(t, "yolo-seg", at, one(100, 100, box(10, 20, 30, 40), shape(annot.Polygon{{Outer: annot.Ring{{X: 0, Y: 0}, {X: 50, Y: 0}, {X: 0, Y: 50}}}})), format.WriteOptions{})
		want := "0 0.10000000 0.20000000 0.30000000 0.20000000 0.30000000 0.40000000 0.10000000 0.40000000\n" +
			"0 0.00000000 0.00000000 0.50000000 0.00000000 0.00000000 0.50000000\n"
		if got := readText(t, filepath.Join(at, "labels/a.txt")); got != want {
			t.Error(got)
		}
	})
	t.Run("should tell photos without objects from photos without labels", func(t *testing.T) {
		at := t.TempDir()
		photos := []format.Photo{{File: "a.jpg", Width: 10, Height: 10}, {File: "b.jpg", Width: 10, Height: 10, Unlabelled: true}}
		save(t, "yolo", at, format.FromPhotos(annot.NamedClasses("x"), photos), format.WriteOptions{})
		if text := readText(t, filepath.Join(at, "labels/a.txt")); text != "" {
			t.Error(text)
		}
		if _, err := os.Stat(filepath.Join(at, "labels/b.txt")); err == nil {
			t.Error("an unlabelled photo has a label file")
		}
		writePhotos(t, filepath.Join(at, "images"), photos)
		_, back := load(t, "yolo", at, format.ReadOptions{})
		if back[0].Unlabelled || !back[1].Unlabelled {
			t.Errorf("%+v", back)
		}
	})
	t.Run("should read both folder layouts, scores and CVAT's track ids", func(t *testing.T) {
		at := t.TempDir()
		writeFile(t, filepath.Join(at, "data.yaml"), "train: ../train/images\nval: valid/images\nnames: [dog, 'yes']\n")
		writeFile(t, filepath.Join(at, "train/labels/a.txt"), "\xef\xbb\xbf0 0.5 0.5 1 1 7\r\n1 0.5 0.5 0.5 0.5 0.75\r\n")
		writeFile(t, filepath.Join(at, "valid/labels/sub/b.txt"), "1 0 0 1 0 1 1\n")
		size := func(string) (int, int, error) { return 100, 50, nil }
		ds, back := load(t, "yolo", at, format.ReadOptions{Size: size})
		noProblems(t, ds)
		if ds.Classes[1].Name != "yes" || len(back) != 2 || back[0].Split != "train" || back[1].Split != "val" || back[1].File != "sub/b.jpg" {
			t.Fatalf("%v %+v", ds.Classes, back)
		}
		rs := back[0].Regions
		if rs[0].Track != 7 || rs[1].Score != 0.75 || rs[1].Source.Maker != annot.ByModel || rs[1].Box != (annot.Box{X0: 25, Y0: 12.5, X1: 75, Y1: 37.5}) {
			t.Errorf("%+v", rs)
		}
	})
	t.Run("should refuse two photos that share a label file", func(t *testing.T) {
		photos := []format.Photo{{File: "a.jpg", Width: 9, Height: 9}, {File: "a.png", Width: 9, Height: 9}}
		rep := save(t, "yolo", t.TempDir(), format.FromPhotos(annot.NamedClasses("x"), photos), format.WriteOptions{})
		if len(rep.Problems) != 1 || rep.Photos != 2 {
			t.Errorf("%+v", rep)
		}
	})
}

func TestLabelme(t *testing.T) {
	png4x2 := func() string {
		var b strings.Builder
		m := image.NewGray(image.Rect(0, 0, 4, 2))
		m.Pix[1], m.Pix[6] = 1, 1
		if err := png.Encode(&b, m); err != nil {
			t.Fatal(err)
		}
		return base64.StdEncoding.EncodeToString([]byte(b.String()))
	}()
	text := `{"version":"5.10.1","flags":{"night":true},"shapes":[
 {"label":"dog","points":[[110.5,220.0],[10.0,20.0]],"group_id":null,"description":"big","shape_type":"rectangle","flags":{"x":true},"mask":null,"mine":[1, 2]},
 {"label":"cat","points":[[5,5],[50,8],[30,60]],"group_id":1,"shape_type":"polygon","flags":{"occluded":true},"mask":null},
 {"label":"cat","points":[[105,5],[150,8],[130,60]],"group_id":1,"shape_type":"polygon","flags":{},"mask":null},
 {"label":"sun","points":[[50,50],[60,50]],"shape_type":"circle","flags":{}},
 {"label":"sky","points":[[2,1],[5,2]],"shape_type":"mask","flags":{},"mask":"` + png4x2 + `"},
 {"label":"eyes","points":[[1,2],[3,4]],"shape_type":"points","flags":{}},
 {"label":"car","points":[[1,2],[3,4],[5,6],[7,8],[1,2],[3,4],[5,6],[7,8]],"shape_type":"cuboid","flags":{}},
 {"label":"sign","points":[[10,0],[20,10],[10,20],[0,10]],"shape_type":"oriented_rectangle","flags":{}}],
 "imagePath":"..\\img\\a.jpg","imageData":null,"imageHeight":480,"imageWidth":640,"mine":{"a":1}}`
	root := t.TempDir()
	writeFile(t, filepath.Join(root, "json/a.json"), text)
	ds, back := load(t, "labelme", filepath.Join(root, "json"), format.ReadOptions{Images: filepath.Join(root, "img")})
	if ps, n := ds.Problems(); n != 1 || !strings.Contains(ps[0].Error(), "cuboid") || ps[0].Line != 8 || ps[0].File != "a.json" {
		t.Errorf("problems %v", ps)
	}
	p := back[0]

	t.Run("should read swapped corners, groups, circles, masks and clouds", func(t *testing.T) {
		if p.File != "a.jpg" || p.Regions[0].Box != (annot.Box{X0: 10, Y0: 20, X1: 110.5, Y1: 220}) {
			t.Errorf("%+v", p)
		}
		if poly := p.Regions[1].Shape.(annot.Polygon); len(poly) != 2 {
			t.Errorf("%d parts", len(poly))
		}
		if c := p.Regions[2].Box.Center(); math.Abs(c.X-50) > 1e-9 || math.Abs(p.Regions[2].Box.W()-20) > 1e-9 {
			t.Errorf("circle %v", p.Regions[2].Box)
		}
		if m := p.Regions[3].Shape.(annot.Mask); m.Area() != 2 || !m.Contains(annot.Point{X: 3.5, Y: 1.5}) || !m.Contains(annot.Point{X: 4.5, Y: 2.5}) {
			t.Errorf("mask %v", m)
		}
		if len(p.Regions) != 7 || p.Regions[5].Shape != (annot.Point{X: 3, Y: 4}) {
			t.Errorf("%d regions", len(p.Regions))
		}
	})
	t.Run("should write back what it read", func(t *testing.T) {
		at := filepath.Join(root, "out")
		save(t, "labelme", at, ds, format.WriteOptions{})
		var doc struct {
			Shapes []map[string]any
			Mine   map[string]any
			Flags  map[string]any
		}
		got := readText(t, filepath.Join(at, "a.json"))
		if err := json.Unmarshal([]byte(got), &doc); err != nil {
			t.Fatal(err, got)
		}
		var kinds []any
		for _, s := range doc.Shapes {
			kinds = append(kinds, s["shape_type"])
		}
		want := []any{"rectangle", "polygon", "polygon", "circle", "mask", "point", "point", "oriented_rectangle", "cuboid"}
		if d := cmp.Diff(want, kinds); d != "" {
			t.Error(d)
		}
		s := doc.Shapes
		if s[0]["description"] != "big" || s[0]["mine"] == nil || s[1]["group_id"] != 1.0 || s[2]["group_id"] != 1.0 || doc.Mine["a"] != 1.0 || doc.Flags["night"] != true {
			t.Error(got)
		}
	})
	t.Run("should write no flags that labelme refuses", func(t *testing.T) {
		at := t.TempDir()
		r := box(1, 1, 4, 4)
		r.Extra = map[string]json.RawMessage{"flags": json.RawMessage(`{"a":null}`), "group_id": json.RawMessage(`true`), "description": json.RawMessage(`3`)}
		save(t, "labelme", at, one(9, 9, r), format.WriteOptions{})
		got := readText(t, filepath.Join(at, "a.json"))
		for _, want := range []string{`"flags": {}`, `"group_id": null`, `"description": ""`} {
			if !strings.Contains(got, want) {
				t.Error(got)
			}
		}
	})
}

func TestLabelStudio(t *testing.T) {
	t.Run("should tell predictions from annotations", func(t *testing.T) {
		found := box(1, 1, 5, 5)
		found.Source, found.Score, found.Review = annot.Source{Maker: annot.ByModel, Model: "vild"}, 0.5, annot.Suggested
		at := filepath.Join(t.TempDir(), "ls.json")
		save(t, "labelstudio", at, one(20, 10, found, box(2, 2, 4, 4)), format.WriteOptions{})
		var tasks []struct {
			Data        struct{ Image string }
			Predictions []struct {
				Model  string `json:"model_version"`
				Result []map[string]any
			}
			Annotations []struct{ Result []map[string]any }
		}
		if err := json.Unmarshal([]byte(readText(t, at)), &tasks); err != nil {
			t.Fatal(err)
		}
		k := tasks[0]
		if k.Data.Image != "a.jpg" || k.Predictions[0].Model != "vild" || len(k.Predictions[0].Result) != 1 || len(k.Annotations[0].Result) != 1 {
			t.Errorf("%+v", k)
		}
		if v := k.Annotations[0].Result[0]["value"].(map[string]any); v["x"] != 10.0 || v["height"] != 20.0 {
			t.Errorf("%v", v)
		}
	})
	t.Run("should find the photo behind uploads, local files and addresses", func(t *testing.T) {
		for ref, want := range map[string]string{
			"/data/upload/3/ab12-a.jpg": "ab12-a.jpg", "/data/local-files/?d=sub%2Fa%20b.jpg": "sub/a b.jpg",
			"s3://bucket/x/a.jpg": "x/a.jpg", "https://example.org/p/a.jpg?v=1": "a.jpg", "a.jpg": "a.jpg",
		} {
			at := filepath.Join(t.TempDir(), "ls.json")
			writeFile(t, at, `[{"data":{"image":"`+ref+`"},"annotations":[]}]`)
			_, back := load(t, "labelstudio", at, format.ReadOptions{})
			if len(back) != 1 || back[0].File != want {
				t.Errorf("%s is read as %+v", ref, back)
			}
		}
	})
}

func TestCVAT_Rotation(t *testing.T) {
	at := filepath.Join(t.TempDir(), "a.xml")
	writeFile(t, at, `<annotations><image id="0" name="a.jpg" width="100" height="100"><box label="x" occluded="1" xtl="10" ytl="20" xbr="30" ybr="30" rotation="30.5" z_order="2"><attribute name="color">red</attribute></box><cuboid label="x" xtl1="3"/></image></annotations>`)
	ds, back := load(t, "cvat", at, format.ReadOptions{})
	t.Run("should keep the centre of a turned box", func(t *testing.T) {
		c := back[0].Regions[0].Box.Center()
		if math.Abs(c.X-20) > 1e-9 || math.Abs(c.Y-25) > 1e-9 {
			t.Error(c)
		}
	})
	t.Run("should write it back turned, with attributes and unknown elements", func(t *testing.T) {
		save(t, "cvat", at, ds, format.WriteOptions{})
		got := readText(t, at)
		for _, want := range []string{`rotation="30.5"`, `xtl="10"`, `<attribute name="color">red</attribute>`, `z_order="2"`, `occluded="1"`, `<cuboid label="x" xtl1="3">`} {
			if !strings.Contains(got, want) {
				t.Errorf("no %s in %s", want, got)
			}
		}
	})
}
