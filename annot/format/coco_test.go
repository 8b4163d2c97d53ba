package format_test

import (
	"encoding/json"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
)

func TestJSON_RoundTrip(t *testing.T) {
	t.Run("should keep everything", func(t *testing.T) {
		for seed := range uint64(20) {
			cs, photos := randomDataset(rand.New(rand.NewPCG(seed, 1)), 40)
			path := filepath.Join(t.TempDir(), "all.json")
			rep := save(t, "json", path, format.FromPhotos(cs, photos), format.WriteOptions{})
			if len(rep.Losses)+len(rep.Problems) > 0 {
				t.Fatalf("losses %v, problems %v", rep.Losses, rep.Problems)
			}
			ds, got := load(t, "json", path, format.ReadOptions{})
			noProblems(t, ds)
			if d := cmp.Diff(cs, ds.Classes, same); d != "" {
				t.Fatal(d)
			}
			if d := cmp.Diff(photos, got, same); d != "" {
				t.Fatal(d)
			}
		}
	})
}

// blocks is the 2×2 block in a 4×3 photo in COCO's three ways of writing it, with strings checked against
// cocoapi's C code.
const blocks = `{"info":{"year":2026,"mine":1},"licenses":[{"id":1,"name":"","url":""}],
"categories":[{"id":18,"name":"dog","supercategory":"animal"},{"id":3,"name":"cat"}],
"images":[{"id":7,"file_name":"a\\b.jpg","width":4,"height":3,"license":1}],
"annotations":[
 {"id":1,"image_id":7,"category_id":18,"bbox":[1,0,2,2],"area":4,"iscrowd":0,"segmentation":[[1,0,3,0,3,2,1,2]],"attributes":{"occluded":false}},
 {"id":2,"image_id":7,"category_id":3,"bbox":[1,0,2,2],"area":4,"iscrowd":0,"segmentation":{"size":[3,4],"counts":"32103"}},
 {"id":3,"image_id":7,"category_id":3,"bbox":[1,0,2,2],"area":4,"iscrowd":1,"segmentation":{"size":[3,4],"counts":[3,2,1,2,4]}}]}`

func TestCOCO_Read(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	writeFile(t, path, "\xef\xbb\xbf"+strings.ReplaceAll(blocks, "\n", "\r\n"))
	ds, photos := load(t, "coco", path, format.ReadOptions{})
	noProblems(t, ds)

	t.Run("should read all three ways of writing a mask", func(t *testing.T) {
		if len(photos) != 1 || len(photos[0].Regions) != 3 || photos[0].File != "a/b.jpg" {
			t.Fatalf("photos %+v", photos)
		}
		poly := photos[0].Regions[0].Shape.(annot.Polygon).Rasterize(4, 3, annot.EvenOdd)
		for i, r := range photos[0].Regions[1:] {
			m := r.Shape.(annot.Mask)
			if !m.Equal(poly) || m.Area() != 4 {
				t.Errorf("region %d is %v, not %v", i+1, m, poly)
			}
		}
	})
	t.Run("should keep the order of the categories", func(t *testing.T) {
		if ds.Classes[0].Name != "dog" || ds.Classes[1].Name != "cat" || photos[0].Regions[1].Class != 1 {
			t.Errorf("classes %v", ds.Classes)
		}
	})
	t.Run("should write back ids of images and categories and unknown fields", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "b.json")
		save(t, "coco", out, ds, format.WriteOptions{})
		text := readText(t, out)
		var got struct {
			Info   map[string]any
			Images []map[string]any
			Anns   []map[string]any `json:"annotations"`
			Cats   []map[string]any `json:"categories"`
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if got.Info["mine"] != 1.0 || got.Images[0]["id"] != 7.0 || got.Images[0]["license"] != 1.0 ||
			got.Cats[0]["id"] != 18.0 || got.Cats[0]["supercategory"] != "animal" || got.Cats[1]["id"] != 3.0 {
			t.Error(text)
		}
		a := got.Anns
		if a[0]["attributes"] == nil || a[2]["iscrowd"] != 1.0 || a[1]["iscrowd"] != 0.0 || a[0]["id"] != 1.0 || a[0]["area"] != 4.0 {
			t.Error(text)
		}
		if !strings.Contains(text, `"counts":"32103"`) || !strings.Contains(text, `"counts":[3,2,1,2,4]`) {
			t.Error(text)
		}
	})
}

func TestCOCO_RoundTrip(t *testing.T) {
	t.Run("should lose only points, lines and the outlines of holes", func(t *testing.T) {
		cs, photos := randomDataset(rand.New(rand.NewPCG(1, 1)), 60)
		path := filepath.Join(t.TempDir(), "all.json")
		rep := save(t, "coco", path, format.FromPhotos(cs, photos), format.WriteOptions{})
		for _, l := range rep.Losses {
			if l.Feature != format.DroppedPoint && l.Feature != format.DroppedLine && l.Feature != format.ShapeAsMask {
				t.Errorf("unexpected loss: %v", l)
			}
		}
		ds, got := load(t, "coco", path, format.ReadOptions{})
		noProblems(t, ds)
		if len(got) != len(photos) {
			t.Fatalf("%d photos", len(got))
		}
		if d := cmp.Diff(cs, ds.Classes, same); d != "" {
			t.Error(d)
		}
	})
}

func TestCOCOResults(t *testing.T) {
	cs, photos := randomDataset(rand.New(rand.NewPCG(3, 1)), 10)
	dir := t.TempDir()
	out := filepath.Join(dir, "results.json")

	t.Run("should write a reference beside when none is given", func(t *testing.T) {
		save(t, "coco-results", out, format.FromPhotos(cs, photos), format.WriteOptions{})
		ds, got := load(t, "coco-results", out, format.ReadOptions{})
		noProblems(t, ds)
		if len(got) != 10 || got[3].File != photos[3].File || ds.Classes[1].Name != "traffic light" {
			t.Errorf("got %d photos", len(got))
		}
		n := 0
		for _, p := range got {
			n += len(p.Regions)
		}
		if n == 0 {
			t.Error("no regions came back")
		}
	})
	t.Run("should use the ids of the reference", func(t *testing.T) {
		ref := filepath.Join(dir, "ref.json")
		writeFile(t, ref, blocks)
		one := format.FromPhotos(annot.NamedClasses("cat", "cow"), []format.Photo{
			{File: "b.jpg", Width: 4, Height: 3, Regions: []annot.Region{
				{Class: 0, Box: annot.Box{X0: 1, Y0: 0, X1: 3, Y1: 2}, Score: 0.5, Source: annot.Source{Maker: annot.ByModel}},
				{Class: 1, Box: annot.Box{X0: 1, Y0: 0, X1: 3, Y1: 2}},
			}},
			{File: "other.jpg", Width: 4, Height: 3, Regions: []annot.Region{{Box: annot.Box{X0: 1, Y0: 0, X1: 3, Y1: 2}}}},
		})
		rep := save(t, "coco-results", out, one, format.WriteOptions{Reference: ref})
		want := "[\n" + `{"image_id":7,"category_id":3,"bbox":[1,0,2,2],"score":0.5}` + "]\n"
		if got := readText(t, out); got != want {
			t.Errorf("got %s", got)
		}
		if len(rep.Problems) != 2 || rep.Files != 1 {
			t.Errorf("problems %v", rep.Problems)
		}
	})
}
