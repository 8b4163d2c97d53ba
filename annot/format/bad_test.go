package format_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
)

// bad is an input with a fault: where it goes, what must load, and what must be said.
type bad struct {
	format, at, text string
	photos, regions  int
	says             []string // one problem has all of these
	is               error
}

func cocoWith(images, annotations string) string {
	return `{"categories":[{"id":1,"name":"dog"}],"images":[` + images + `],"annotations":[` + annotations + `]}`
}

const (
	goodImage = `{"id":1,"file_name":"a.jpg","width":10,"height":10}`
	goodAnn   = `{"id":1,"image_id":1,"category_id":1,"bbox":[1,1,3,3],"area":9}`
	vocHead   = `<annotation><filename>a.jpg</filename><size><width>10</width><height>10</height></size>`
	vocObject = `<object><name>dog</name><bndbox><xmin>2</xmin><ymin>2</ymin><xmax>5</xmax><ymax>5</ymax></bndbox></object>`
)

var badInputs = map[string]bad{
	"should load what stands before the end of a cut-off COCO file": {
		"coco", "a.json", cocoWith(goodImage, goodAnn+",\n"+goodAnn)[:len(cocoWith(goodImage, goodAnn+",\n"+goodAnn))-20],
		1, 1,
		[]string{"a.json:2:", "unexpected end of the file"},
		format.ErrSyntax,
	},
	"should tell NaN coordinates": {
		"coco", "a.json", cocoWith(goodImage, goodAnn+`,`+"\n"+`{"id":2,"image_id":1,"category_id":1,"bbox":[NaN,1,3,3]}`),
		1, 1,
		[]string{"a.json:2: annotations[1]", "box [NaN"},
		format.ErrGeometry,
	},
	"should tell infinite outlines": {
		"coco", "a.json", cocoWith(goodImage, goodAnn+`,{"id":2,"image_id":1,"category_id":1,"segmentation":[[1,1,Infinity,3,3,3]]}`),
		1, 1,
		[]string{"annotations[1]", "infinite"},
		format.ErrGeometry,
	},
	"should tell negative sizes": {
		"coco", "a.json", cocoWith(goodImage, goodAnn+`,{"id":2,"image_id":1,"category_id":1,"bbox":[5,5,-3,3]}`),
		1, 1,
		[]string{"annotations[1]", "box [5 5 -3 3]"},
		format.ErrGeometry,
	},
	"should tell photos of negative size": {
		"coco", "a.json", cocoWith(`{"id":1,"file_name":"a.jpg","width":-10,"height":10}`, goodAnn),
		1, 1,
		[]string{"images[0]", "width or height"},
		format.ErrGeometry,
	},
	"should tell runs that do not add up": {
		"coco", "a.json", cocoWith(goodImage, goodAnn+`,{"id":2,"image_id":1,"category_id":1,"segmentation":{"size":[10,10],"counts":[3,4]}}`),
		1, 1,
		[]string{"annotations[1]", "add up to 7 pixels", "has 100"},
		annot.ErrRLE,
	},
	"should keep the box of a mask that is broken": {
		"coco", "a.json", cocoWith(goodImage, `{"id":2,"image_id":1,"category_id":1,"bbox":[1,1,2,2],"segmentation":{"size":[10,10],"counts":"zz~"}}`),
		1, 1,
		[]string{"annotations[0]", "character"},
		annot.ErrRLE,
	},
	"should tell missing category ids": {
		"coco", "a.json", cocoWith(goodImage, goodAnn+`,{"id":2,"image_id":1,"bbox":[1,1,3,3]},{"id":3,"image_id":1,"category_id":9,"bbox":[1,1,3,3]}`),
		1, 1,
		[]string{"annotations[2]", "no category has id 9"},
		format.ErrReference,
	},
	"should tell missing photos": {
		"coco", "a.json", cocoWith(goodImage, goodAnn+`,{"id":2,"image_id":4,"category_id":1,"bbox":[1,1,3,3]}`),
		1, 1,
		[]string{"annotations[1].image_id", "no image has id 4"},
		format.ErrReference,
	},
	"should tell annotation ids given twice and keep both": {
		"coco", "a.json", cocoWith(goodImage, goodAnn+`,`+goodAnn),
		1, 2,
		[]string{"annotations[1].id", "given twice"},
		format.ErrReference,
	},
	"should tell image ids given twice": {
		"coco", "a.json", cocoWith(goodImage+`,{"id":1,"file_name":"b.jpg","width":10,"height":10}`, goodAnn),
		1, 1,
		[]string{"images[1].id", "given twice"},
		format.ErrReference,
	},
	"should refuse photo names that leave the folder": {
		"coco", "a.json", cocoWith(goodImage+`,{"id":2,"file_name":"..\\..\\etc/passwd","width":10,"height":10},{"id":3,"file_name":"/etc/passwd","width":1,"height":1}`, goodAnn),
		1, 1,
		[]string{"images[1].file_name", "leaves"},
		format.ErrUnsafeName,
	},
	"should read Latin-1 names": {
		"coco", "a.json", cocoWith(strings.Replace(goodImage, "a.jpg", "caf\xe9.jpg", 1), goodAnn),
		1, 1, nil, nil,
	},
	"should tell scores outside 0 to 1": {
		"coco", "a.json", cocoWith(goodImage, strings.Replace(goodAnn, "{", `{"score":95,`, 1)),
		1, 1,
		[]string{"annotations[0]", "score 95"},
		format.ErrGeometry,
	},
	"should load the rest around a broken annotation": {
		"coco", "a.json", cocoWith(goodImage, `{"id":5,"image_id":1,"category_id":1,"bbox":[1,,3,3]},`+goodAnn),
		1, 1,
		[]string{"annotations[0]", "malformed"},
		format.ErrSyntax,
	},
	"should load a cut-off file of ours": {
		"json", "a.json", `{"classes":[{"name":"dog"}],"photos":[{"file":"a.jpg","width":9,"height":9,"regions":[{"class":"dog","box":[1,1,2,2]},{"class":"cow","box":[1,1,2,2]},{"class":"dog","box":[3,1,2,2]}]},{"file":"b`,
		1, 1,
		[]string{"photos[0].regions[1]", `no class "cow"`},
		format.ErrReference,
	},
	"should not expand entities": {
		"voc", "a.xml", `<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;">]>` + vocHead + vocObject + "\n<object><name>&lol2;</name></object></annotation>",
		1, 1,
		[]string{"a.xml:2", "entity"},
		format.ErrSyntax,
	},
	"should load the objects before the end of a cut-off XML file": {
		"voc", "a.xml", vocHead + vocObject + "\n<object><name>ca",
		1, 1,
		[]string{"a.xml:2", "EOF"},
		format.ErrSyntax,
	},
	"should tell objects without boxes": {
		"voc", "a.xml", vocHead + vocObject + "\n<object><name>cat</name></object></annotation>",
		1, 1,
		[]string{"a.xml:2: object[1]", "bndbox"},
		format.ErrGeometry,
	},
	"should read XML in Latin-1": {
		"voc", "a.xml", `<?xml version="1.0" encoding="ISO-8859-1"?>` + vocHead + strings.Replace(vocObject, "dog", "ch\xeavre", 1) + "</annotation>",
		1, 1, nil, nil,
	},
	"should tell VOC numbers that are none": {
		"voc", "a.xml", vocHead + vocObject + strings.Replace(vocObject, ">5<", ">NaN<", 1) + "</annotation>",
		1, 1,
		[]string{"object[1]", `"NaN" is no number`},
		format.ErrGeometry,
	},
	"should tell runs of a CVAT mask that do not add up": {
		"cvat", "a.xml", `<annotations><image id="0" name="a.jpg" width="9" height="9"><box label="dog" xtl="1" ytl="1" xbr="3" ybr="3"/><mask label="dog" rle="1, 900" left="0" top="0" width="3" height="3"/></image></annotations>`,
		1, 1,
		[]string{"image[0].mask[1]", "run"},
		format.ErrGeometry,
	},
	"should load the images before the end of a cut-off CVAT file": {
		"cvat", "a.xml", `<annotations><image id="0" name="a.jpg" width="9" height="9"><box label="dog" xtl="1" ytl="1" xbr="3" ybr="3"/></image><image id="1" name="../b.jpg" width="9"><box lab`,
		1, 1,
		[]string{"image[1]", "unexpected end"},
		format.ErrSyntax,
	},
	"should tell shapes of CVAT tracks in no frame, and keep the others": {
		"cvat-video", "v.xml", `<annotations><track id="0" label="dog"><box frame="0" outside="0" xtl="1" ytl="1" xbr="3" ybr="3"/><box frame="-3" outside="0" xtl="1" ytl="1" xbr="3" ybr="3"/></track></annotations>`,
		1, 1,
		[]string{"v.xml:1", "track[0].box[1]", "frame -3"},
		format.ErrReference,
	},
	"should load the tracks before the end of a cut-off CVAT video": {
		"cvat-video", "v.xml", `<annotations><meta><task><size>2</size><mode>interpolation</mode></task></meta><track id="0" label="dog"><box frame="0" outside="0" xtl="1" ytl="1" xbr="3" ybr="3"/><box fr`,
		2, 1,
		[]string{"v.xml", "unexpected EOF"},
		format.ErrSyntax,
	},
	"should tell rows of MOT that are none": {
		"mot", "gt/gt.txt", "1,1,5,5,2,2,1,1,1\n1,2,5,5,NaN,2,1,1,1\n",
		1, 1,
		[]string{"gt/gt.txt:2", `"NaN" is no number`},
		format.ErrGeometry,
	},
	"should tell rows of YOLO with too few numbers": {
		"yolo", "labels/a.txt", "0 0.5 0.5 0.2 0.2\n0 0.5 0.5\n",
		1, 1,
		[]string{"labels/a.txt:2", "row of 3 numbers"},
		format.ErrSyntax,
	},
	"should tell YOLO fractions outside the photo, and keep them for a repair": {
		"yolo", "labels/a.txt", "0 0.5 0.5 0.2 0.2\n0 1.5 0.5 0.2 0.2\n",
		1, 2,
		[]string{"labels/a.txt:2", "outside the photo"},
		format.ErrGeometry,
	},
	"should tell YOLO classes beyond the table": {
		"yolo", "labels/a.txt", "0 0.5 0.5 0.2 0.2\n7 0.5 0.5 0.2 0.2\n",
		1, 1,
		[]string{"labels/a.txt:2", "class 7 of 1"},
		format.ErrReference,
	},
	"should tell NaN in YOLO": {
		"yolo", "labels/a.txt", "0 0.5 0.5 0.2 0.2\n0 nan 0.5 0.2 0.2\n0 0.5 0.5 -0.2 0.2\n",
		1, 1,
		[]string{"labels/a.txt:2", "NaN"},
		format.ErrGeometry,
	},
	"should tell CSV rows without numbers": {
		"csv", "a.csv", "\xef\xbb\xbfimage,label,xmin,ymin,xmax,ymax\r\na.jpg,dog,1,1,3,3\r\na.jpg,dog,1,x,3,3\r\n",
		1, 1,
		[]string{"a.csv:3", `"x" is no number`},
		format.ErrGeometry,
	},
	"should tell broken quotes in CSV": {
		"csv", "a.csv", "image,label,xmin,ymin,xmax,ymax\na.jpg,dog,1,1,3,3\na.jpg,do\"g,1,1,3,3\n",
		1, 1,
		[]string{"a.csv:3", "malformed"},
		format.ErrSyntax,
	},
	"should refuse CSV names that leave the folder": {
		"csv", "a.csv", "image,label,xmin,ymin,xmax,ymax\na.jpg,dog,1,1,3,3\n../a.jpg,dog,1,1,3,3\n",
		1, 1,
		[]string{"a.csv:3", "leaves"},
		format.ErrUnsafeName,
	},
	"should tell ODVG lines that are cut off": {
		"odvg", "a.jsonl", `{"filename":"a.jpg","height":9,"width":9,"detection":{"instances":[{"bbox":[1,1,3,3],"label":0,"category":"dog"},{"bbox":[3,1,1,3],"category":"dog"}]}}` + "\n" + `{"filename":"b.jpg","hei`,
		2, 1,
		[]string{"line 1: instances[1]", "box"},
		format.ErrGeometry,
	},
	"should tell rows of DOTA with too few fields": {
		"dota", "labelTxt/a.txt", "gsd:0.1\n1 1 5 1 5 5 1 5 plane 0\n1 1 5 1 plane 0\n",
		1, 1,
		[]string{"labelTxt/a.txt:3", "6 fields"},
		format.ErrSyntax,
	},
	"should tell broken shapes of LabelMe": {
		"labelme", "a.json", `{"shapes":[{"label":"dog","points":[[1,1],[4,4]],"shape_type":"rectangle"},` + "\n" + `{"label":"dog","points":[[1,1],[4]],"shape_type":"rectangle"},{"points":[[1,1],[4,4]],"shape_type":"line"},{"label":"m","points":[[0,0],[1,1]],"shape_type":"mask","mask":"AAAA"}],"imagePath":"a.jpg"}`,
		1, 1,
		[]string{"a.json:2: shapes[1]", "not two numbers"},
		format.ErrSyntax,
	},
	"should refuse LabelMe photos outside the folder": {
		"labelme", "a.json", `{"shapes":[],"imagePath":"../../a.jpg"}`,
		0, 0,
		[]string{"a.json:1: imagePath", "leaves"},
		format.ErrUnsafeName,
	},
	"should tell broken brush masks of Label Studio": {
		"labelstudio", "a.json", `[{"data":{"image":"a.jpg"},"annotations":[{"result":[{"type":"rectanglelabels","original_width":9,"original_height":9,"value":{"x":1,"y":1,"width":30,"height":30,"rectanglelabels":["dog"]}},` +
			`{"type":"brushlabels","original_width":9,"original_height":9,"value":{"rle":[1,2,3],"brushlabels":["dog"]}}]}]}]`,
		1, 1,
		[]string{"[0].annotations[0].result[1]", "brush mask"},
		format.ErrGeometry,
	},
	"should tell masks that are no PNG": {
		"mask-semantic", "SegmentationClass/a.png", "no picture",
		0, 0,
		[]string{"SegmentationClass/a.png", "malformed"},
		format.ErrSyntax,
	},
}

func TestBadInput(t *testing.T) {
	for name, c := range badInputs {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			at := filepath.Join(root, filepath.FromSlash(c.at))
			writeFile(t, at, c.text)
			if c.format == "yolo" {
				writeFile(t, filepath.Join(root, "classes.txt"), "dog\n")
			}
			if filepath.Dir(at) != root {
				at = root
			}
			ds, back := load(t, c.format, at, format.ReadOptions{Size: func(string) (int, int, error) { return 10, 10, nil }})
			regions := 0
			for _, p := range back {
				regions += len(p.Regions)
			}
			if len(back) != c.photos || regions != c.regions {
				t.Errorf("%d photos, %d regions", len(back), regions)
			}
			checkProblems(t, ds, c)
			again, _ := ds.Problems()
			if _, err := ds.Collect(); err != nil {
				t.Fatal(err)
			}
			if twice, _ := ds.Problems(); len(twice) != len(again) {
				t.Errorf("%d problems became %d in a second pass", len(again), len(twice))
			}
		})
	}
}

func checkProblems(t *testing.T, ds *format.Dataset, c bad) {
	t.Helper()
	ps, n := ds.Problems()
	if n != len(ps) || (n == 0) != (c.says == nil) {
		t.Fatalf("problems %v", ps)
	}
	for _, p := range ps {
		all := true
		for _, s := range c.says {
			all = all && strings.Contains(p.Error(), s)
		}
		if all && errors.Is(p, c.is) {
			return
		}
	}
	if c.says != nil {
		t.Errorf("problems %v do not say %q", ps, c.says)
	}
}

func TestBadInput_Nested(t *testing.T) {
	deep := strings.Repeat("[", 10<<20)
	laughs := `<!DOCTYPE l [<!ENTITY a "` + strings.Repeat("ha", 1000) + `">]>` + strings.Repeat("<a>", 1<<20)
	for _, c := range [][2]string{
		{"json", deep},
		{"json", `{"photos":[{"regions":` + deep},
		{"json", `{"photos":[],"x":` + deep},
		{"coco", deep},
		{"coco", `{"images":[` + deep},
		{"coco", `{"images":[],"annotations":[{"bbox":` + deep},
		{"coco-results", deep},
		{"labelme", deep},
		{"labelme", `{"shapes":` + deep},
		{"labelstudio", deep},
		{"labelstudio", `[{"data":` + deep},
		{"odvg", deep},
		{"odvg", `{"filename":"a.jpg","detection":` + deep},
		{"voc", laughs},
		{"voc", "<annotation>" + laughs},
		{"cvat", laughs},
		{"cvat", `<annotations><image name="a.jpg" >` + strings.Repeat("<a>", 1<<20) + "</image>"},
		{"csv", deep},
		{"csv", csvHead + deep},
		{"yolo", deep},
		{"dota", deep},
		{"mask-semantic", deep},
	} {
		name, text := c[0], c[1]
		t.Run(fmt.Sprintf("should survive ten megabytes of %.30s as %s", text, name), func(t *testing.T) {
			root := t.TempDir()
			writeFile(t, filepath.Join(root, filepath.FromSlash(fuzzPlaces[name])), text)
			start := time.Now()
			if ds, err := lookup(t, name).Read(readPlace(root, name), format.ReadOptions{}); err == nil {
				photos, err := ds.Collect()
				if ps, _ := ds.Problems(); err != nil || len(photos) > 1 || len(ps) == 0 {
					t.Errorf("%d photos, error %v, problems %v", len(photos), err, ps)
				}
			}
			if d := time.Since(start); d > 20*time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

const csvHead = "image,label,xmin,ymin,xmax,ymax\n"

func TestUnsafeNames(t *testing.T) {
	t.Run("should be refused by every writer of folders", func(t *testing.T) {
		for _, name := range format.Names() {
			if targets[name] != "" {
				continue
			}
			photos := []format.Photo{
				{File: "../a.jpg", Width: 9, Height: 9},
				{File: "/abs.jpg", Width: 9, Height: 9},
				{File: "b.jpg", Split: "../..", Width: 9, Height: 9},
				{File: "good.jpg", Width: 9, Height: 9},
			}
			rep := save(t, name, filepath.Join(t.TempDir(), "deep", "out"), format.FromPhotos(annot.NamedClasses("x"), photos), format.WriteOptions{})
			if len(rep.Problems) != 3 || !errors.Is(rep.Problems[0], format.ErrUnsafeName) || !errors.Is(rep.Problems[2], format.ErrUnsafeName) {
				t.Errorf("%s: %v", name, rep.Problems)
			}
		}
	})
}

func TestStream_Errors(t *testing.T) {
	stop := errors.New("cancelled")
	t.Run("should leave the old file when the stream ends with an error", func(t *testing.T) {
		for _, name := range []string{"json", "coco", "csv", "cvat", "cvat-video", "odvg", "labelstudio"} {
			at := filepath.Join(t.TempDir(), "a.out")
			writeFile(t, at, "old")
			ds := one(9, 9)
			ds.Photos = func(yield func(format.Photo, error) bool) {
				_ = yield(format.Photo{File: "a.jpg", Width: 9, Height: 9}, nil) && yield(format.Photo{}, stop)
			}
			_, err := lookup(t, name).Write(at, ds, format.WriteOptions{})
			if !errors.Is(err, stop) || readText(t, at) != "old" {
				t.Errorf("%s: error %v, file %q", name, err, readText(t, at))
			}
		}
	})
	t.Run("should stop reading when the caller stops", func(t *testing.T) {
		var photos []format.Photo
		for i := range 5000 {
			photos = append(photos, format.Photo{File: fmt.Sprintf("%d.jpg", i), Width: 9, Height: 9})
		}
		at := filepath.Join(t.TempDir(), "a.json")
		save(t, "coco", at, format.FromPhotos(annot.NamedClasses("x"), photos), format.WriteOptions{})
		ds, err := lookup(t, "coco").Read(at, format.ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for p, err := range ds.Photos {
			if err != nil || p.File != fmt.Sprintf("%d.jpg", n) {
				t.Fatal(p.File, err)
			}
			if n++; n == 100 {
				break
			}
		}
	})
	t.Run("should give the one file its usual name in a folder, and find it there", func(t *testing.T) {
		for _, name := range format.Names() {
			f := lookup(t, name)
			if (f.File == "") != (targets[name] == "") {
				t.Errorf("%s has the file %q", name, f.File)
			}
			root := filepath.Join(t.TempDir(), "new", "folder")
			save(t, name, filepath.Join(root, targets[name]), one(12, 10, box(1, 1, 5, 5)), format.WriteOptions{})
			if f.File == "" {
				continue
			}
			save(t, name, root, one(12, 10, box(1, 1, 5, 5)), format.WriteOptions{})
			readText(t, filepath.Join(root, f.File))
			alone := filepath.Join(t.TempDir(), "alone")
			save(t, name, filepath.Join(alone, f.File), one(12, 10, box(1, 1, 5, 5)), format.WriteOptions{})
			if got, _, err := format.Recognise(alone); got != name || err != nil {
				t.Errorf("%s is recognised as %q, %v", name, got, err)
			}
			if _, photos := load(t, name, root, format.ReadOptions{}); len(photos) != 1 || len(photos[0].Regions) != 1 {
				t.Errorf("%s: %+v", name, photos)
			}
		}
	})
	t.Run("should name the formats when one is unknown", func(t *testing.T) {
		if _, err := format.Lookup("yolov99"); !errors.Is(err, format.ErrUnknownFormat) || !strings.Contains(err.Error(), "yolo-seg") {
			t.Error(err)
		}
	})
}
