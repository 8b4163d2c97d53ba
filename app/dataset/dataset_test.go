package dataset_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/app/cli"
	"github.com/saysee/saysee/app/dataset"
)

type command func(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int

// run runs a command in a folder with files, whose names stand in args as they are.
func run(t *testing.T, do command, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = do(t.Context(), args, strings.NewReader(""), &out, &err)
	return code, out.String(), err.String()
}

// folder makes the working folder of a test with files in it.
func folder(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, content := range files {
		check(t, os.MkdirAll(filepath.Dir(name), 0o755))
		check(t, os.WriteFile(name, []byte(content), 0o640))
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name, path string) (*format.Dataset, []format.Photo) {
	t.Helper()
	f, err := format.Lookup(name)
	check(t, err)
	ds, err := f.Read(path, format.ReadOptions{})
	check(t, err)
	photos, err := ds.Collect()
	check(t, err)
	return ds, photos
}

const coco = `{"images":[
 {"id":1,"file_name":"a.jpg","width":100,"height":80},
 {"id":2,"file_name":"b.jpg","width":100,"height":80},
 {"id":3,"file_name":"c.jpg","width":100,"height":80}],
"categories":[{"id":1,"name":"cat"},{"id":2,"name":"dog"}],
"annotations":[
 {"id":1,"image_id":1,"category_id":1,"bbox":[0,0,10,10],"area":100,"iscrowd":0},
 {"id":2,"image_id":1,"category_id":2,"bbox":[20,0,10,10],"area":100,"iscrowd":0},
 {"id":3,"image_id":2,"category_id":2,"bbox":[50,10,20,20],"area":400,"iscrowd":0},
 {"id":4,"image_id":3,"category_id":1,"bbox":[50,10,20,20],"area":400,"iscrowd":0}]}`

const results = `[{"image_id":1,"category_id":1,"bbox":[0,0,10,10],"score":0.9},
{"image_id":2,"category_id":1,"bbox":[50,10,20,20],"score":0.8},
{"image_id":2,"category_id":2,"bbox":[50,10,20,18],"score":0.7}]`

func TestEval(t *testing.T) {
	t.Run("should print COCO's numbers as JSON", func(t *testing.T) {
		folder(t, map[string]string{"t.json": coco, "p.json": results})
		code, out, errs := run(t, dataset.Eval, "--json", "--truth", "t.json", "--predictions=p.json")
		if code != cli.OK || errs != "" {
			t.Fatalf("code %d, %s", code, errs)
		}
		var got struct {
			AP, AP50, AP75, APl, AR1 float64
			Photos                   int
			Classes                  []struct {
				Name string
				AP50 float64
				Best *struct{ Score, F1 float64 }
			}
			Confusion struct{ Rows [][]int }
			Problems  []string
		}
		check(t, json.Unmarshal([]byte(out), &got))
		// pycocotools: cat finds one of two at full precision, up to recall .5: 51 of 101 recalls; dog too,
		// but only up to IoU .90.
		half := 51. / 101
		for what, pair := range map[string][2]float64{
			"AP50": {got.AP50, half}, "AP75": {got.AP75, half}, "AP": {got.AP, (half + half*9/10) / 2}, "APl": {got.APl, -1},
		} {
			if math.Abs(pair[0]-pair[1]) > 1e-9 {
				t.Errorf("%s is %v, want %v", what, pair[0], pair[1])
			}
		}
		if got.Photos != 3 || len(got.Classes) != 2 || got.Classes[1].Best.Score != 0.7 || got.Problems == nil {
			t.Errorf("got %+v", got)
		}
		if diff := cmp.Diff([][]int{{1, 0, 1}, {0, 1, 1}, {0, 0, 0}}, got.Confusion.Rows); diff != "" {
			t.Error("confusion (-want +got):\n", diff)
		}
	})
	t.Run("should give the curves when asked", func(t *testing.T) {
		folder(t, map[string]string{"t.json": coco, "p.json": results})
		_, out, _ := run(t, dataset.Eval, "--json", "--curves", "--truth", "t.json", "--predictions=p.json")
		var got struct {
			Precision []float64
			Classes   []struct{ Precision []float64 }
		}
		check(t, json.Unmarshal([]byte(out), &got))
		if c := got.Classes[1].Precision; len(got.Precision) != 101 || len(c) != 101 || c[50] < 0.99 || c[51] != 0 {
			t.Error("got", got)
		}
	})
	t.Run("should print a table, and write a report", func(t *testing.T) {
		folder(t, map[string]string{"t.json": coco, "p.json": results})
		code, out, errs := run(t, dataset.Eval, "--truth", "t.json", "--predictions", "p.json", "--report", "r.html", "--min-score", "0.5", "--worst", "1")
		if code != cli.OK || errs != "" {
			t.Fatalf("code %d, %s", code, errs)
		}
		for _, want := range []string{"3 photos, 4 regions in the truth, 3 predictions; boxes compared", "50.5", "  cat\n", "Report: r.html"} {
			if !strings.Contains(out, want) {
				t.Errorf("%q is missing in\n%s", want, out)
			}
		}
		html, err := os.ReadFile("r.html")
		check(t, err)
		if n := bytes.Count(html, []byte("of another class")); n != 1 || !bytes.Contains(html, []byte("a.jpg: 1 correct, 1 missed, 0 on nothing")) {
			t.Error("photos drawn:", n)
		}
	})
	t.Run("should compare masks and pixels", func(t *testing.T) {
		folder(t, map[string]string{"t.json": coco, "p.json": results})
		code, out, errs := run(t, dataset.Eval, "--truth", "t.json", "--predictions", "p.json", "--masks", "--json")
		if code != cli.Problems || !strings.Contains(errs, "have no masks") {
			t.Fatalf("code %d, %s", code, errs)
		}
		var got struct{ AP50, MIoU, PixelAccuracy float64 }
		check(t, json.Unmarshal([]byte(out), &got))
		if math.Abs(got.AP50-51./101) > 1e-9 || got.MIoU <= 0 || got.PixelAccuracy <= 0.9 {
			t.Errorf("got %+v", got)
		}
	})
	for name, tt := range map[string]struct {
		args []string
		code int
		said string
	}{
		"should help":                          {[]string{"--help"}, cli.OK, ""},
		"should want the truth":                {[]string{"--predictions", "p.json"}, cli.BadUsage, "--truth is missing"},
		"should want predictions":              {[]string{"--truth", "t.json"}, cli.BadUsage, "--predictions is missing"},
		"should wonder about other paths":      {[]string{"t.json", "--truth", "t.json"}, cli.BadUsage, "t.json"},
		"should refuse a score that is none":   {[]string{"--min-score", "high"}, cli.BadUsage, "--min-score"},
		"should fail when a file is not there": {[]string{"--truth", "t.json", "--predictions", "q.json"}, cli.Failure, "q.json"},
		"should not know models by itself":     {[]string{"--truth", "t.json", "--find", "cat"}, cli.BadUsage, "unknown flag --find"},
		"should fail when the report cannot be written": {
			[]string{"--truth", "t.json", "--predictions", "p.json", "--report", "no/such/folder/r.html"}, cli.Failure, "no/such/folder",
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder(t, map[string]string{"t.json": coco, "p.json": results})
			code, out, errs := run(t, dataset.Eval, tt.args...)
			if code != tt.code || !strings.Contains(errs, tt.said) || (tt.code == cli.OK) != strings.HasPrefix(out, "Usage: saysee eval") {
				t.Errorf("code %d, output %q, errors %q", code, out, errs)
			}
		})
	}
}

// oneCat finds a cat in a.jpg and fails on c.jpg.
type oneCat struct{ closed bool }

func (m *oneCat) Predict(_ context.Context, path string) ([]annot.Region, error) {
	switch filepath.Base(path) {
	case "a.jpg":
		return []annot.Region{{Class: 0, Box: annot.Box{X1: 10, Y1: 10}, Score: 0.9}}, nil
	case "c.jpg":
		return nil, errors.New("c.jpg is torn")
	}
	return nil, nil
}

func (m *oneCat) Close() error { m.closed = true; return nil }

func TestEvalWithModel(t *testing.T) {
	folder(t, map[string]string{"t.json": coco})
	model := &oneCat{}
	var wanted []bool
	finder := func(_ context.Context, find string, classes []string, masks bool) (dataset.Predictor, error) {
		wanted = append(wanted, masks)
		if find != "cat | kitten" || !slices.Equal(classes, []string{"cat", "dog"}) {
			t.Errorf("asked for %q among %q", find, classes)
		}
		return model, nil
	}
	do := func(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) int {
		return dataset.EvalWith(ctx, finder, args, in, out, errs)
	}
	code, out, errs := run(t, do, "--truth", "t.json", "--find", "cat | kitten", "--json")
	var got struct {
		Classes []struct{ AP float64 }
	}
	check(t, json.Unmarshal([]byte(out), &got))
	if code != cli.Problems || !strings.Contains(errs, "c.jpg is torn") || math.Abs(got.Classes[0].AP-51./101) > 1e-9 || !model.closed {
		t.Errorf("code %d, %s, %+v", code, errs, got)
	}
	run(t, do, "--truth", "t.json", "--find", "cat | kitten", "--masks")
	if !slices.Equal(wanted, []bool{false, true}) {
		t.Errorf("masks were wanted %v", wanted)
	}
}

func TestConvert(t *testing.T) {
	t.Run("should convert and report", func(t *testing.T) {
		folder(t, map[string]string{"t.json": coco})
		code, out, errs := run(t, dataset.Convert, "t.json", "out.json", "--to", "json")
		if code != cli.OK || errs != "" || !strings.Contains(out, "out.json: Saysee JSON, 3 photos, 4 regions, 2 classes, 1 files written") {
			t.Fatalf("code %d, %s%s", code, out, errs)
		}
		ds, photos := read(t, "json", "out.json")
		if len(ds.Classes) != 2 || len(photos) != 3 || len(photos[0].Regions) != 2 {
			t.Errorf("%d classes, %d photos", len(ds.Classes), len(photos))
		}
	})
	t.Run("should write nothing in a dry run, and say what is lost", func(t *testing.T) {
		folder(t, map[string]string{"t.json": strings.Replace(coco, `"id":1,"image_id"`, `"note":"x","id":1,"image_id"`, 1)})
		code, out, errs := run(t, dataset.Convert, "t.json", "out.json", "--to", "coco-results", "--dry-run")
		if code != cli.OK || errs != "" || !strings.Contains(out, "changed: fields unknown to the format are lost (") {
			t.Errorf("code %d, %s%s", code, out, errs)
		}
		entries, err := os.ReadDir(".")
		check(t, err)
		if len(entries) != 1 {
			t.Error("files:", entries)
		}
	})
	t.Run("should deal photos out to a file for each part", func(t *testing.T) {
		folder(t, map[string]string{"t.json": coco})
		code, _, errs := run(t, dataset.Convert, "--split", "2/1", "t.json", "out.json", "--to", "coco", "--seed", "5")
		if code != cli.OK {
			t.Fatal(errs)
		}
		_, train := read(t, "coco", "out-train.json")
		_, val := read(t, "coco", "out-val.json")
		names := map[string]int{}
		for _, p := range slices.Concat(train, val) {
			names[p.File]++
		}
		if len(train) != 2 || len(val) != 1 || len(names) != 3 {
			t.Errorf("%d and %d photos, %v", len(train), len(val), names)
		}
	})
	t.Run("should put classes in the given order, and the others behind", func(t *testing.T) {
		folder(t, map[string]string{"t.json": coco, "classes.txt": "\xef\xbb\xbfcow\r\ndog\r\n\r\n"})
		code, out, errs := run(t, dataset.Convert, "t.json", "out.json", "--to", "json", "--classes", "classes.txt")
		if code != cli.OK || !strings.Contains(out, "put after it: cat") {
			t.Fatal(out, errs)
		}
		ds, photos := read(t, "json", "out.json")
		var names []string
		for _, c := range ds.Classes {
			names = append(names, c.Name)
		}
		if diff := cmp.Diff([]string{"cow", "dog", "cat"}, names); diff != "" {
			t.Error("classes (-want +got):\n", diff)
		}
		if r := photos[0].Regions; r[0].Class != 2 || r[1].Class != 1 {
			t.Errorf("regions are of classes %d and %d", r[0].Class, r[1].Class)
		}
	})
	t.Run("should not write over anything unless forced", func(t *testing.T) {
		folder(t, map[string]string{"t.json": coco, "out.json": "precious", "full/x": ""})
		for _, out := range []string{"out.json", "full"} {
			code, _, errs := run(t, dataset.Convert, "t.json", out, "--to", "json")
			if code != cli.Failure || !strings.Contains(errs, "--force") {
				t.Errorf("%s: code %d, %s", out, code, errs)
			}
		}
		if code, _, errs := run(t, dataset.Convert, "t.json", "out.json", "--to", "json", "--force"); code != cli.OK {
			t.Error(errs)
		}
		read(t, "json", "out.json")
	})
	t.Run("should name what it left out", func(t *testing.T) {
		folder(t, map[string]string{"t.json": strings.Replace(coco, `[20,0,10,10]`, `[20,0,-10,10]`, 1)})
		code, _, errs := run(t, dataset.Convert, "t.json", "out.json", "--to", "json")
		if code != cli.Problems || !strings.Contains(errs, "problem: t.json:8: annotations[1]") {
			t.Errorf("code %d, %s", code, errs)
		}
	})
	t.Run("should stop when it is cancelled, and leave nothing", func(t *testing.T) {
		folder(t, map[string]string{"t.json": coco})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var errs bytes.Buffer
		code := dataset.Convert(ctx, []string{"t.json", "out.json", "--to", "json"}, nil, io.Discard, &errs)
		if _, err := os.Stat("out.json"); code != cli.Failure || err == nil {
			t.Errorf("code %d, %v, %s", code, err, errs.String())
		}
	})
	for name, tt := range map[string]struct {
		args []string
		code int
		said string
	}{
		"should help":                          {[]string{"-h"}, cli.OK, ""},
		"should want two paths":                {[]string{"t.json", "--to", "coco"}, cli.BadUsage, "1 paths were given"},
		"should want a format":                 {[]string{"t.json", "o"}, cli.BadUsage, "--to is missing"},
		"should refuse an unknown format":      {[]string{"t.json", "o", "--to", "cocoa"}, cli.BadUsage, "unknown annotation format"},
		"should refuse an unknown choice":      {[]string{"t.json", "o", "--to", "coco", "--holes", "fill"}, cli.BadUsage, "no such choice"},
		"should refuse to write over its own":  {[]string{"t.json", "./t.json", "--to", "coco", "--force"}, cli.BadUsage, "OUT is IN"},
		"should refuse shares that are none":   {[]string{"t.json", "o", "--to", "coco", "--split", "all"}, cli.BadUsage, "two or three shares"},
		"should refuse a class given twice":    {[]string{"t.json", "o", "--to", "coco", "--classes", "a,b,a"}, cli.BadUsage, "given twice"},
		"should miss a list of classes":        {[]string{"t.json", "o", "--to", "coco", "--classes", "none.txt"}, cli.BadUsage, "none.txt"},
		"should fail on what is no label file": {[]string{"x.bin", "o", "--to", "coco"}, cli.Failure, "--from"},
		"should fail on what is not there":     {[]string{"none", "o", "--to", "coco"}, cli.Failure, "none"},
	} {
		t.Run(name, func(t *testing.T) {
			folder(t, map[string]string{"t.json": coco, "x.bin": "\x00\x01"})
			code, _, errs := run(t, dataset.Convert, tt.args...)
			if code != tt.code || !strings.Contains(errs, tt.said) {
				t.Errorf("code %d, %s", code, errs)
			}
		})
	}
}

// faulty has a box over the border and a copy.
var faulty = strings.NewReplacer("[50,10,20,20],\"area\":400,\"iscrowd\":0}]", "[50,10,20,90],\"area\":400,\"iscrowd\":0},\n"+
	` {"id":9,"image_id":1,"category_id":1,"bbox":[0,0,10,10],"area":100,"iscrowd":0}]`).Replace(coco)

func TestCheck(t *testing.T) {
	t.Run("should find nothing wrong", func(t *testing.T) {
		folder(t, map[string]string{"t.json": coco})
		code, out, errs := run(t, dataset.Check, "t.json", "--no-photos")
		if code != cli.OK || errs != "" || out != "COCO (detection, instances), 3 photos, 4 regions: nothing is wrong\n" {
			t.Errorf("code %d, %s%s", code, out, errs)
		}
	})
	t.Run("should name what is wrong and change nothing", func(t *testing.T) {
		folder(t, map[string]string{"t.json": faulty})
		code, out, errs := run(t, dataset.Check, "t.json", "--no-photos")
		want := `c.jpg: region 0: lies up to 20 px outside the photo [out-of-range; --fix: cut at the border]
a.jpg: region 2: is the same as region 0 [duplicate; --fix: removed]
COCO (detection, instances), 3 photos, 5 regions: 2 findings, 2 can be repaired
`
		if diff := cmp.Diff(want, out); diff != "" || code != cli.Problems || errs != "" {
			t.Errorf("code %d, %s (-want +got):\n%s", code, errs, diff)
		}
		if data, _ := os.ReadFile("t.json"); string(data) != faulty {
			t.Error("the file has changed")
		}
	})
	t.Run("should repair, keep the rest and the file's rights, and find nothing after", func(t *testing.T) {
		folder(t, map[string]string{"t.json": faulty})
		code, out, errs := run(t, dataset.Check, "t.json", "--no-photos", "--fix")
		if code != cli.OK || errs != "" || !strings.Contains(out, "written: t.json") || !strings.Contains(out, "[duplicate; repaired: removed]") {
			t.Fatalf("code %d, %s%s", code, out, errs)
		}
		_, photos := read(t, "coco", "t.json")
		if n := len(photos[0].Regions); n != 2 || photos[2].Regions[0].Box != (annot.Box{X0: 50, Y0: 10, X1: 70, Y1: 80}) {
			t.Errorf("%d regions, %+v", n, photos[2].Regions)
		}
		if info, err := os.Stat("t.json"); err != nil || info.Mode().Perm() != 0o640 {
			t.Error("mode", info.Mode(), err)
		}
		if entries, _ := os.ReadDir("."); len(entries) != 1 {
			t.Error("left behind:", entries)
		}
		if code, out, _ = run(t, dataset.Check, "t.json", "--no-photos"); code != cli.OK {
			t.Error("after the repair:", out)
		}
	})
	t.Run("should repair the only file of a folder", func(t *testing.T) {
		folder(t, map[string]string{"d/t.json": faulty})
		if code, out, errs := run(t, dataset.Check, "d", "--no-photos", "--fix"); code != cli.OK || !strings.Contains(out, "written: "+filepath.Join("d", "t.json")) {
			t.Errorf("code %d, %s%s", code, out, errs)
		}
	})
	t.Run("should neither report nor repair what is ignored", func(t *testing.T) {
		folder(t, map[string]string{"t.json": faulty})
		code, out, errs := run(t, dataset.Check, "t.json", "--no-photos", "--fix", "--ignore", "duplicate")
		_, photos := read(t, "coco", "t.json")
		if code != cli.OK || strings.Contains(out, "duplicate") || len(photos[0].Regions) != 3 || photos[2].Regions[0].Box.Y1 != 80 {
			t.Errorf("code %d, %s%s", code, out, errs)
		}
	})
	t.Run("should not lose what it cannot read unless told to", func(t *testing.T) {
		broken := strings.Replace(faulty, "[20,0,10,10]", "[20,0,0,10]", 1)
		folder(t, map[string]string{"t.json": broken})
		code, _, errs := run(t, dataset.Check, "t.json", "--no-photos", "--fix")
		if data, _ := os.ReadFile("t.json"); code != cli.Failure || !strings.Contains(errs, "--drop-unreadable") || string(data) != broken {
			t.Errorf("code %d, %s", code, errs)
		}
		if code, out, errs := run(t, dataset.Check, "t.json", "--no-photos", "--fix", "--drop-unreadable"); code != cli.OK {
			t.Errorf("code %d, %s%s", code, out, errs)
		}
		if code, out, _ := run(t, dataset.Check, "t.json", "--no-photos"); code != cli.OK {
			t.Error("after the repair:", out)
		}
	})
	t.Run("should tell as JSON", func(t *testing.T) {
		folder(t, map[string]string{"t.json": faulty})
		code, out, _ := run(t, dataset.Check, "t.json", "--no-photos", "--json")
		var got struct {
			Format   string
			Findings []struct {
				Rule, Photo, Repair string
				Region              *int
			}
			Written []string
		}
		check(t, json.Unmarshal([]byte(out), &got))
		if code != cli.Problems || got.Format != "coco" || len(got.Findings) != 2 || *got.Findings[1].Region != 2 || got.Written == nil {
			t.Errorf("code %d, %s", code, out)
		}
	})
	t.Run("should print the first of many", func(t *testing.T) {
		var many strings.Builder
		for i := range 30 {
			many.WriteString(strings.Replace(`,{"id":N,"image_id":1,"category_id":1,"bbox":[0,0,10,10]}`, "N", string(rune('1'+i%9))+"00"+string(rune('0'+i/9)), 1))
		}
		folder(t, map[string]string{"t.json": strings.TrimSuffix(coco, "]}") + many.String() + "]}"})
		if _, out, _ := run(t, dataset.Check, "t.json", "--no-photos"); !strings.Contains(out, "and 10 more [duplicate]") {
			t.Error(out)
		}
		if _, out, _ := run(t, dataset.Check, "t.json", "--no-photos", "--all"); strings.Contains(out, "more [") {
			t.Error(out)
		}
	})
	for name, tt := range map[string]struct {
		args []string
		code int
		said string
	}{
		"should help":                      {[]string{"--help"}, cli.OK, ""},
		"should want a path":               {nil, cli.BadUsage, "one path is needed"},
		"should refuse an unknown rule":    {[]string{"t.json", "--ignore", "all"}, cli.BadUsage, `no rule "all"`},
		"should fail on what is not there": {[]string{"none"}, cli.Failure, "none"},
		"should fail on an unknown format": {[]string{"t.json", "--format", "cocoa"}, cli.Failure, "unknown annotation format"},
	} {
		t.Run(name, func(t *testing.T) {
			folder(t, map[string]string{"t.json": coco})
			code, _, errs := run(t, dataset.Check, tt.args...)
			if code != tt.code || !strings.Contains(errs, tt.said) {
				t.Errorf("code %d, %s", code, errs)
			}
		})
	}
}

// yolo makes a YOLO dataset in the folder y of coco and three photos of its size.
func yolo(t *testing.T) {
	t.Helper()
	folder(t, map[string]string{"t.json": coco, "photos/x": ""})
	for _, name := range []string{"a.jpg", "b.jpg", "c.jpg"} {
		f, err := os.Create(filepath.Join("photos", name))
		check(t, err)
		check(t, jpeg.Encode(f, image.NewGray(image.Rect(0, 0, 100, 80)), nil))
		check(t, f.Close())
	}
	code, out, errs := run(t, dataset.Convert, "t.json", "y", "--to", "yolo", "--images", "photos", "--photos", "copy", "--split", "2/1")
	if code != cli.OK {
		t.Fatalf("code %d, %s%s", code, out, errs)
	}
}

// labelFiles returns the label files of y.
func labelFiles(t *testing.T) []string {
	t.Helper()
	list, err := filepath.Glob(filepath.Join("y", "labels", "*", "*.txt"))
	check(t, err)
	if len(list) != 3 {
		t.Fatal("label files:", list)
	}
	return list
}

func TestCheckFolder(t *testing.T) {
	t.Run("should find nothing wrong in what convert writes", func(t *testing.T) {
		yolo(t)
		if code, out, errs := run(t, dataset.Check, "y"); code != cli.OK {
			t.Errorf("code %d, %s%s", code, out, errs)
		}
	})
	t.Run("should write only the files that it repairs", func(t *testing.T) {
		yolo(t)
		list := labelFiles(t)
		rows, err := os.ReadFile(list[0])
		check(t, err)
		check(t, os.WriteFile(list[0], append(rows, rows...), 0o644))
		other, err := os.ReadFile(list[1])
		check(t, err)
		mine := append([]byte(" "), other...) // the same, but not as we would write it
		check(t, os.WriteFile(list[1], mine, 0o644))
		code, out, errs := run(t, dataset.Check, "y", "--fix")
		if code != cli.OK || strings.Count(out, "written: ") != 1 || !strings.Contains(out, "written: "+list[0]) {
			t.Fatalf("code %d, %s%s", code, out, errs)
		}
		if got, _ := os.ReadFile(list[0]); !bytes.Equal(got, rows) {
			t.Errorf("repaired to %q, want %q", got, rows)
		}
		if got, _ := os.ReadFile(list[1]); !bytes.Equal(got, mine) {
			t.Errorf("touched: %q", got)
		}
	})
	t.Run("should refuse to lay out a folder anew", func(t *testing.T) {
		yolo(t)
		list := labelFiles(t)
		rows, err := os.ReadFile(list[0])
		check(t, err)
		check(t, os.WriteFile(list[0], append(rows, rows...), 0o644))
		// The other layout that YOLO has: train/images beside train/labels.
		split := filepath.Base(filepath.Dir(list[0]))
		check(t, os.Mkdir(filepath.Join("y", split), 0o755))
		for _, kind := range []string{"images", "labels"} {
			check(t, os.Rename(filepath.Join("y", kind, split), filepath.Join("y", split, kind)))
		}
		check(t, os.Remove(filepath.Join("y", "data.yaml")))
		code, out, errs := run(t, dataset.Check, "y", "--fix")
		if code != cli.Failure || !strings.Contains(errs, "laid out in another way") {
			t.Errorf("code %d, %s%s", code, out, errs)
		}
		if got, _ := os.ReadFile(filepath.Join("y", split, "labels", filepath.Base(list[0]))); !bytes.Equal(got, append(rows, rows...)) {
			t.Error("the labels have changed")
		}
	})
	t.Run("should miss a photo", func(t *testing.T) {
		folder(t, map[string]string{"t.json": coco})
		code, out, _ := run(t, dataset.Check, "t.json")
		if code != cli.Problems || !strings.Contains(out, "none of the 3 photos is there") {
			t.Errorf("code %d, %s", code, out)
		}
	})
}
