package main

import (
	"encoding/json"
	"image"
	"path/filepath"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/app/cli"
	"github.com/saysee/saysee/pipeline/live/livetest"
)

// readBack reads a label file or folder.
func readBack(t *testing.T, name, path string) (*format.Dataset, []format.Photo) {
	t.Helper()
	f, err := format.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	ds, err := f.Read(path, format.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	photos, err := ds.Collect()
	if err != nil {
		t.Fatal(err)
	}
	return ds, photos
}

func TestLabelVideo(t *testing.T) {
	clip := livetest.Clip(t, "clip.mp4", image.Pt(160, 120), 21, 10)
	out := t.TempDir()
	code, stdout, stderr := saysee(t, "label", clip, "--find", "cat, horse", "--onnxruntime", library(t), "--size", "160", "--score", "0.1",
		"--every", "2", "--frames", "--format", "picture,coco,json,mot,cvat-video,yolo", "--out", out, "--json")
	if code != cli.OK {
		t.Fatalf("exit %d\n%s%s", code, stdout, stderr)
	}
	var report videoReport
	if err := json.Unmarshal([]byte(stdout), &report); err != nil {
		t.Fatal(err)
	}
	if report.Frames != 21 || report.Looked != 11 || report.Tracks == 0 || report.Regions < report.Tracks*2 {
		t.Errorf("%+v", report)
	}
	t.Run("should write every frame, as photo and drawn", func(t *testing.T) {
		if n := framesOf(t, filepath.Join(out, "pictures", "clip.mp4")); n != 21 {
			t.Errorf("%d frames are drawn", n)
		}
		photos, err := filepath.Glob(filepath.Join(out, "frames", "clip", "*.jpg"))
		if err != nil || len(photos) != 21 {
			t.Errorf("%d photos, %v", len(photos), err)
		}
	})
	t.Run("should write the same tracks to every format that has tracks", func(t *testing.T) {
		for name, at := range map[string]string{"coco": "coco.json", "json": "regions.json", "mot": "mot", "cvat-video": "cvat-video.xml"} {
			ds, photos := readBack(t, name, filepath.Join(out, at))
			if len(photos) != 21 {
				t.Errorf("%s: %d frames", name, len(photos))
				continue
			}
			frames := map[int][]int{} // in which a track is seen
			n := 0
			for i, p := range photos {
				for _, r := range p.Regions {
					if r.Track == 0 || ds.Classes[r.Class].Name == "" {
						t.Errorf("%s: frame %d: %+v", name, i, r)
					}
					frames[r.Track] = append(frames[r.Track], i)
					n++
				}
			}
			if n != report.Regions || len(frames) != report.Tracks {
				t.Errorf("%s: %d regions of %d tracks, want %d of %d", name, n, len(frames), report.Regions, report.Tracks)
			}
			for track, at := range frames {
				if len(at) < 3 { // seen in two of the frames looked at, and between them
					t.Errorf("%s: track %d is in the frames %v only", name, track, at)
				}
			}
		}
	})
	t.Run("should move boxes evenly between the frames that were looked at", func(t *testing.T) {
		_, photos := readBack(t, "json", filepath.Join(out, "regions.json"))
		checked := 0
		for i := 1; i < len(photos)-1; i += 2 {
			for _, r := range photos[i].Regions {
				a, b := trackIn(photos[i-1], r.Track), trackIn(photos[i+1], r.Track)
				if a == nil || b == nil {
					t.Errorf("frame %d: track %d is not on both sides", i, r.Track)
					continue
				}
				if d := r.Box.X0 - (a.Box.X0+b.Box.X0)/2; d > 0.01 || d < -0.01 {
					t.Errorf("frame %d: %v between %v and %v", i, r.Box, a.Box, b.Box)
				}
				checked++
			}
		}
		if checked == 0 {
			t.Error("there is nothing between")
		}
	})
	t.Run("should refuse what is for photos", func(t *testing.T) {
		for _, more := range [][]string{{"--resume"}, {"--merge", "append"}, {"--every", "0"}, {"../assets/photos/cat.jpg"}} {
			args := append([]string{"label", clip, "--find", "cat", "--out", t.TempDir()}, more...)
			if code, _, stderr := saysee(t, args...); code != cli.BadUsage || stderr == "" {
				t.Errorf("%v: exit %d, %s", more, code, stderr)
			}
		}
	})
	t.Run("should say what is wrong with a video that is none", func(t *testing.T) {
		none := filepath.Join(t.TempDir(), "a.mp4")
		save(t, none, []byte("no video"))
		if code, _, stderr := saysee(t, "label", none, "--find", "cat", "--onnxruntime", library(t), "--out", t.TempDir()); code != cli.Failure || stderr == "" {
			t.Errorf("exit %d, %s", code, stderr)
		}
	})
}

func trackIn(p format.Photo, track int) *annot.Region {
	for i := range p.Regions {
		if p.Regions[i].Track == track {
			return &p.Regions[i]
		}
	}
	return nil
}
