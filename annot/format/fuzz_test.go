package format_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/saysee/saysee/annot/format"
)

// fuzzPlaces is where a file of each format lies in its dataset.
var fuzzPlaces = map[string]string{
	"json": "a.json", "coco": "a.json", "coco-results": "r.json", "labelstudio": "a.json", "odvg": "a.jsonl", "csv": "a.csv", "cvat": "a.xml",
	"cvat-video": "v.xml", "mot": "gt/gt.txt",
	"voc": "Annotations/a.xml", "labelme": "a.json", "xlabel": "a.json", "mask-semantic": "SegmentationClass/a.png",
	"mask-instance": "SegmentationObject/a.png", "yolo": "labels/a.txt", "yolo-seg": "labels/a.txt", "yolo-obb": "labels/a.txt", "dota": "labelTxt/a.txt",
}

// readPlace is the path to give to Read.
func readPlace(root, name string) string { return filepath.Join(root, targets[name]) }

// fuzzReader feeds a reader: whatever the bytes, it must not panic, names must stay inside, and what loads
// must be writable as our own format and come back.
func fuzzReader(f *testing.F, name, place string, read func(root string) string) {
	fm, err := format.Lookup(name)
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range badInputs {
		if b.format == name {
			f.Add([]byte(b.text))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		root := t.TempDir()
		writeFile(t, filepath.Join(root, filepath.FromSlash(place)), string(data))
		switch name {
		case "yolo":
			if !strings.HasSuffix(place, "classes.txt") && !strings.HasSuffix(place, ".yaml") {
				writeFile(t, filepath.Join(root, "classes.txt"), "a\nb\nc\n")
			} else {
				writeFile(t, filepath.Join(root, "labels/a.txt"), "0 0.5 0.5 0.1 0.1\n")
			}
		case "coco-results":
			writeFile(t, filepath.Join(root, "r-reference.json"), blocks)
		}
		ds, err := fm.Read(read(root), format.ReadOptions{Size: func(string) (int, int, error) { return 64, 48, nil }})
		if err != nil {
			return
		}
		photos, err := ds.Collect()
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range photos {
			if !filepath.IsLocal(filepath.FromSlash(p.File)) {
				t.Fatalf("name %q leaves the folder", p.File)
			}
		}
		out := filepath.Join(t.TempDir(), "out.json")
		mem := format.FromPhotos(ds.Classes, photos)
		rep := save(t, "json", out, mem, format.WriteOptions{})
		_, back := load(t, "json", out, format.ReadOptions{})
		if len(back) != len(photos) {
			t.Fatalf("%d photos of %d came back", len(back), len(photos))
		}
		n := 0
		for _, p := range back {
			n += len(p.Regions)
		}
		if n != rep.Regions {
			t.Fatalf("%d regions of %d came back", n, rep.Regions)
		}
	})
}

func whole(name string) (string, string, func(string) string) {
	return name, fuzzPlaces[name], func(root string) string { return readPlace(root, name) }
}

func FuzzJSON(f *testing.F)        { n, p, r := whole("json"); fuzzReader(f, n, p, r) }
func FuzzCOCO(f *testing.F)        { n, p, r := whole("coco"); f.Add([]byte(blocks)); fuzzReader(f, n, p, r) }
func FuzzVOC(f *testing.F)         { n, p, r := whole("voc"); fuzzReader(f, n, p, r) }
func FuzzCVAT(f *testing.F)        { n, p, r := whole("cvat"); fuzzReader(f, n, p, r) }
func FuzzCVATVideo(f *testing.F)   { n, p, r := whole("cvat-video"); fuzzReader(f, n, p, r) }
func FuzzMOT(f *testing.F)         { n, p, r := whole("mot"); fuzzReader(f, n, p, r) }
func FuzzCSV(f *testing.F)         { n, p, r := whole("csv"); fuzzReader(f, n, p, r) }
func FuzzODVG(f *testing.F)        { n, p, r := whole("odvg"); fuzzReader(f, n, p, r) }
func FuzzDOTA(f *testing.F)        { n, p, r := whole("dota"); fuzzReader(f, n, p, r) }
func FuzzYOLO(f *testing.F)        { n, p, r := whole("yolo"); fuzzReader(f, n, p, r) }
func FuzzLabelme(f *testing.F)     { n, p, r := whole("labelme"); fuzzReader(f, n, p, r) }
func FuzzLabelStudio(f *testing.F) { n, p, r := whole("labelstudio"); fuzzReader(f, n, p, r) }
func FuzzMask(f *testing.F)        { n, p, r := whole("mask-semantic"); fuzzReader(f, n, p, r) }

func FuzzResults(f *testing.F) {
	f.Add([]byte(`[{"image_id":7,"category_id":3,"bbox":[1,0,2,2],"score":0.5},{"image_id":7,"category_id":18,"score":1,"segmentation":{"size":[3,4],"counts":"32103"}}]`))
	n, p, r := whole("coco-results")
	fuzzReader(f, n, p, r)
}

func FuzzYOLOConfig(f *testing.F) {
	f.Add([]byte("train: images/train\nval: [a, b]\nnames: {0: dog, 2: cat}\n"))
	f.Add([]byte("names: ['', dog]\n"))
	f.Add([]byte("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\nnames: *b\n"))
	fuzzReader(f, "yolo", "data.yaml", func(root string) string { return root })
}

func FuzzLabelmap(f *testing.F) {
	f.Add([]byte("# label:color_rgb:parts:actions\nbackground:0,0,0::\ndog:128,0,0::\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		root := t.TempDir()
		photo := one(8, 8, box(1, 1, 5, 5))
		save(t, "mask-semantic", root, photo, format.WriteOptions{})
		writeFile(t, filepath.Join(root, "labelmap.txt"), string(data))
		_, back := load(t, "mask-semantic", root, format.ReadOptions{})
		if len(back) != 1 || len(back[0].Regions) != 1 {
			t.Fatalf("%+v", back)
		}
	})
}

func FuzzRecognise(f *testing.F) {
	for _, b := range badInputs {
		f.Add(b.at, []byte(b.text))
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if !filepath.IsLocal(name) || strings.ContainsAny(name, "\x00\\") || len(name) > 60 {
			return
		}
		root := t.TempDir()
		at := filepath.Join(root, "d", name)
		if filepath.Clean(at) == filepath.Join(root, "d") {
			return
		}
		writeFile(t, at, string(data))
		for _, path := range []string{root, at} {
			if got, why, err := format.Recognise(path); err == nil && (got == "" || why == "") {
				t.Fatalf("recognised as %q because %q", got, why)
			}
		}
	})
}
