package format_test

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
)

// sight is a region as tracking formats see it.
type sight struct {
	Frame string
	Class string
	Track int
	Box   annot.Box
	Score float64
}

func sights(ds *format.Dataset, photos []format.Photo) []sight {
	var out []sight
	for _, p := range photos {
		for _, r := range p.Regions {
			out = append(out, sight{p.File, ds.Classes[r.Class].Name, r.Track, r.Box, r.Score})
		}
	}
	return out
}

func TestMOT(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  []sight
	}{
		"should read a sequence of the MOTChallenge, corners from 1": {
			map[string]string{
				"seqinfo.ini": "[Sequence]\r\nname=MOT17-02\r\nimDir=img1\r\nframeRate=30\r\nseqLength=2\r\nimWidth=1920\r\nimHeight=1080\r\nimExt=.png\r\n",
				"gt/gt.txt":   "2,7,912,484,97,109,1,1,0.86\n1,7,911,484,97,109,1,3,1\n",
			},
			[]sight{
				{"img1/000001.png", "car", 7, annot.Box{X0: 910, Y0: 483, X1: 1007, Y1: 592}, 0},
				{"img1/000002.png", "pedestrian", 7, annot.Box{X0: 911, Y0: 483, X1: 1008, Y1: 592}, 0},
			},
		},
		"should read CVAT's export, corners from 0": {
			map[string]string{"gt/labels.txt": "cat\ndog\n", "gt/gt.txt": "1,1,0,0,10,10,1,2,1.0\n"},
			[]sight{{"img1/000001.jpg", "dog", 1, annot.Box{X1: 10, Y1: 10}, 0}},
		},
		"should read found boxes with scores and without numbers": {
			map[string]string{"det/det.txt": "1,-1,11,21,10,10,0.75\n"},
			[]sight{{"img1/000001.jpg", "object", 0, annot.Box{X0: 10, Y0: 20, X1: 20, Y1: 30}, 0.75}},
		},
		"should move numbers from 0 up, and keep them apart": {
			map[string]string{"gt/gt.txt": "1,0,1,1,9,9,1,1,1\n1,1,21,1,9,9,1,1,1\n"},
			[]sight{
				{"img1/000001.jpg", "pedestrian", 1, annot.Box{X1: 9, Y1: 9}, 0},
				{"img1/000001.jpg", "pedestrian", 2, annot.Box{X0: 20, X1: 29, Y1: 9}, 0},
			},
		},
		"should read several sequences": {
			map[string]string{"a/gt/gt.txt": "1,1,1,1,9,9,1,1,1\n", "b/gt/gt.txt": "3,1,1,1,9,9,1,1,1\n"},
			[]sight{
				{"a/img1/000001.jpg", "pedestrian", 1, annot.Box{X1: 9, Y1: 9}, 0},
				{"b/img1/000003.jpg", "pedestrian", 1, annot.Box{X1: 9, Y1: 9}, 0},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			for file, text := range c.files {
				writeFile(t, filepath.Join(root, file), text)
			}
			ds, photos := load(t, "mot", root, format.ReadOptions{})
			noProblems(t, ds)
			if d := cmp.Diff(c.want, sights(ds, photos)); d != "" {
				t.Error(d)
			}
		})
	}
	t.Run("should write what the MOTChallenge's tools read", func(t *testing.T) {
		root := t.TempDir()
		r := box(0, 0, 12, 10)
		r.Track = 4
		save(t, "mot", root, format.FromPhotos(annot.NamedClasses("dog"), []format.Photo{
			{File: "img1/000001.jpg", Width: 12, Height: 10}, {File: "img1/000002.jpg", Width: 12, Height: 10, Regions: []annot.Region{r}},
		}), format.WriteOptions{})
		if got, want := readText(t, filepath.Join(root, "gt/gt.txt")), "2,4,1,1,12,10,1,1,1\n"; got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if info := readText(t, filepath.Join(root, "seqinfo.ini")); !strings.Contains(info, "seqLength=2\nimWidth=12\n") || strings.Contains(info, "[Frames]") {
			t.Error(info)
		}
	})
}

func TestCVATVideo(t *testing.T) {
	t.Run("should move boxes between keyframes, and end them where they are outside", func(t *testing.T) {
		at := filepath.Join(t.TempDir(), "v.xml")
		writeFile(t, at, `<?xml version="1.0"?><annotations><version>1.1</version><meta><task><size>7</size><mode>interpolation</mode>
<labels><label><name>cat</name></label><label><name>dog</name></label></labels><original_size><width>64</width><height>48</height></original_size></task></meta>
<track id="0" label="dog" source="manual"><box frame="1" keyframe="1" outside="0" occluded="0" xtl="0" ytl="0" xbr="10" ybr="10" z_order="0"></box>
<box frame="3" keyframe="1" outside="0" occluded="0" xtl="4" ytl="2" xbr="14" ybr="12" z_order="0"></box>
<box frame="5" keyframe="1" outside="1" occluded="0" xtl="4" ytl="2" xbr="14" ybr="12" z_order="0"></box></track></annotations>`)
		ds, photos := load(t, "cvat-video", at, format.ReadOptions{})
		noProblems(t, ds)
		if len(photos) != 7 || photos[6].Width != 64 || len(ds.Classes) != 2 {
			t.Fatalf("%d photos, %v", len(photos), ds.Classes)
		}
		b := func(x, y float64) annot.Box { return annot.Box{X0: x, Y0: y, X1: x + 10, Y1: y + 10} }
		want := []sight{
			{"frame_000001.PNG", "dog", 1, b(0, 0), 0},
			{"frame_000002.PNG", "dog", 1, b(2, 1), 0},
			{"frame_000003.PNG", "dog", 1, b(4, 2), 0},
			{"frame_000004.PNG", "dog", 1, b(4, 2), 0},
		}
		if d := cmp.Diff(want, sights(ds, photos)); d != "" {
			t.Error(d)
		}
	})
	t.Run("should mark where a thing is gone, also in the middle", func(t *testing.T) {
		at := filepath.Join(t.TempDir(), "v.xml")
		photos := make([]format.Photo, 6)
		for i := range photos {
			photos[i] = format.Photo{File: "v/" + string(rune('a'+i)) + ".jpg", Width: 64, Height: 48}
			if i == 1 || i == 4 {
				r := box(5, 5, 20, 20)
				r.Track = 3
				photos[i].Regions = []annot.Region{r}
			}
		}
		save(t, "cvat-video", at, format.FromPhotos(annot.NamedClasses("dog"), photos), format.WriteOptions{})
		text := readText(t, at)
		for _, want := range []string{`<track id="2" label="dog"`, `<box frame="2" keyframe="1" outside="1"`, `<box frame="5" keyframe="1" outside="1"`} {
			if !strings.Contains(text, want) {
				t.Errorf("no %s in %s", want, text)
			}
		}
		ds, back := load(t, "cvat-video", at, format.ReadOptions{})
		noProblems(t, ds)
		if got := sights(ds, back); len(got) != 2 || got[0].Frame != "v/b.jpg" || got[1].Frame != "v/e.jpg" || got[0].Track != 3 {
			t.Error(got)
		}
	})
}

func TestTracksSurviveCOCO(t *testing.T) {
	cs, photos := randomDataset(rand.New(rand.NewPCG(4, 4)), 8)
	at := filepath.Join(t.TempDir(), "a.json")
	save(t, "coco", at, format.FromPhotos(cs, photos), format.WriteOptions{})
	if text := readText(t, at); !strings.Contains(text, `"track_id":`) || strings.Contains(text, `"track":`) {
		t.Error("no track_id, or one of our own beside it")
	}
	writeFile(t, at, cocoWith(goodImage, `{"id":1,"image_id":1,"category_id":1,"bbox":[1,1,3,3],"area":9,"track_id":12},{"id":2,"image_id":1,"category_id":1,"bbox":[1,1,3,3],"area":9,"track_id":{"x":1}}`))
	_, back := load(t, "coco", at, format.ReadOptions{})
	if rs := back[0].Regions; len(rs) != 2 || rs[0].Track != 12 || string(rs[1].Extra["track_id"]) != `{"x":1}` {
		t.Errorf("%+v", rs)
	}
}
