package batch_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/batch"
	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/pipeline/pipelinetest"
)

var cat = annot.NamedClasses("cat")

// newJob is a job on the real models and a small canvas.
func newJob(t *testing.T, workers int) *batch.Job {
	t.Helper()
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	m := pipelinetest.Load(t, pipeline.Params{Detect: pipeline.DefaultDetector, Threads: 1})
	return &batch.Job{
		Models: m, Question: pipeline.NewQuestion(cat, nil), Canvas: pipeline.Canvas{Size: 160},
		Filter: pipeline.Filter{Boxes: detect.Options{Score: 0.2, NMS: 0.6}}, Workers: workers,
		Done: func(batch.Result) error { return nil },
	}
}

// photos writes n copies of a sample photo and lists them.
func photos(t *testing.T, n int) []photo.Item {
	t.Helper()
	data := assets.Photo("cat.jpg")
	dir := t.TempDir()
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.jpg", i)), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return photo.List([]string{dir}, nil)
}

func TestResultsComeInTheOrderOfTheListAndBrokenPhotosDoNotStopIt(t *testing.T) {
	j := newJob(t, 3)
	items := photos(t, 9)
	if err := os.WriteFile(items[4].Path, []byte("not a photo"), 0o644); err != nil {
		t.Fatal(err)
	}
	var got []string
	j.Done = func(r batch.Result) error {
		if (r.Err != nil) != (r.Item.Rel == "04.jpg") {
			t.Errorf("%s: %v", r.Item.Rel, r.Err)
		}
		got = append(got, r.Item.Rel)
		return nil
	}
	if err := j.Run(t.Context(), t.Context(), items); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, it := range items {
		want = append(want, it.Rel)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestAStoppedBatchFinishesThePhotosInWork(t *testing.T) {
	j := newJob(t, 2)
	stop, halt := context.WithCancel(t.Context())
	n := 0
	j.Done = func(r batch.Result) error {
		if r.Err != nil {
			t.Errorf("%s: %v", r.Item.Rel, r.Err)
		}
		if n++; n == 2 {
			halt()
		}
		return nil
	}
	err := j.Run(t.Context(), stop, photos(t, 30))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n < 2 || n > 10 {
		t.Errorf("%d photos were finished", n)
	}
}

func TestAnErrorThatEndsTheBatchEndsIt(t *testing.T) {
	j := newJob(t, 2)
	full := errors.New("no space")
	j.Finish = func(int, *photo.Photo, photo.Item, []annot.Region) error {
		return fmt.Errorf("%w: %w", batch.ErrStop, full)
	}
	j.Done = func(batch.Result) error { t.Error("a photo was called done"); return nil }
	if err := j.Run(t.Context(), t.Context(), photos(t, 20)); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

func TestNothingToDoIsDone(t *testing.T) {
	if err := newJob(t, 2).Run(t.Context(), t.Context(), nil); err != nil {
		t.Error(err)
	}
}

func result(item photo.Item, x float64) batch.Result {
	info, err := os.Stat(item.Path)
	if err != nil {
		panic(err)
	}
	mask := annot.NewMask(image.Rect(0, 0, 3, 2), []byte{1, 0, 1, 0, 1, 1})
	return batch.Result{Item: item, Stamp: batch.Stamp{Size: info.Size(), Time: info.ModTime().UnixNano()}, Photo: format.Photo{
		File: item.Rel, Path: item.Path, Width: 451, Height: 300, State: format.Suggested,
		Regions: []annot.Region{{
			Class: 0, Box: annot.Box{X0: x, Y0: 1, X1: x + 2.5, Y1: 4}, Shape: mask, Score: 0.75, Review: annot.Suggested,
			Source: annot.Source{Maker: annot.ByModel, Model: "m", Phrase: "cat"},
		}},
	}}
}

func TestTheJournal(t *testing.T) {
	items := photos(t, 4)
	path := filepath.Join(t.TempDir(), "deep", "journal.jsonl")
	start := func(t *testing.T) *batch.Journal {
		j, err := batch.StartJournal(path, "settings", cat)
		if err != nil {
			t.Fatal(err)
		}
		for i, it := range items[:3] {
			if err := j.Add(result(it, float64(i))); err != nil {
				t.Fatal(err)
			}
		}
		t.Cleanup(func() { _ = j.Close() })
		return j
	}
	written := func(t *testing.T) {
		if err := start(t).Close(); err != nil {
			t.Fatal(err)
		}
	}
	resume := func(t *testing.T) *batch.Journal {
		j, err := batch.ResumeJournal(path, "settings", cat)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = j.Close() })
		return j
	}
	finished := func(j *batch.Journal) (n int) {
		for _, it := range items {
			if j.Has(it) {
				n++
			}
		}
		return n
	}
	t.Run("should give back what was added, in the order asked for", func(t *testing.T) {
		written(t)
		order := slices.Clone(items)
		slices.Reverse(order)
		got, err := resume(t).Dataset(order).Collect()
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != 3 || got[0].File != "02.jpg" || got[2].File != "00.jpg" {
			t.Fatalf("%d photos: %v", len(got), got)
		}
		want := result(items[2], 2).Photo.Regions[0]
		r := got[0].Regions[0]
		if r.Box != want.Box || r.Score != want.Score || r.Source != want.Source || r.Review != want.Review || !r.Shape.(annot.Mask).Equal(want.Shape.(annot.Mask)) {
			t.Errorf("got %+v, want %+v", r, want)
		}
	})
	t.Run("should cut off a line that a crash left half written", func(t *testing.T) {
		written(t)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for cut := 0; cut < len(data); cut += 7 {
			if err := os.WriteFile(path, data[:cut], 0o644); err != nil {
				t.Fatal(err)
			}
			j := resume(t)
			before := finished(j)
			if err := j.Add(result(items[3], 3)); err != nil {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			j = resume(t)
			again := finished(j)
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			if again != before+1 {
				t.Fatalf("cut at %d: %d photos, then %d", cut, before, again)
			}
		}
	})
	t.Run("should not know a photo whose file has changed", func(t *testing.T) {
		written(t)
		if err := os.WriteFile(items[1].Path, []byte("another"), 0o644); err != nil {
			t.Fatal(err)
		}
		if n := finished(resume(t)); n != 2 {
			t.Errorf("%d photos are finished, want 2", n)
		}
	})
	t.Run("should take a photo whose file has gone meanwhile", func(t *testing.T) {
		gone := photos(t, 1)[0]
		r := result(gone, 0)
		if err := os.Remove(gone.Path); err != nil {
			t.Fatal(err)
		}
		if err := start(t).Add(r); err != nil {
			t.Error(err)
		}
	})
	t.Run("should refuse a journal that is being written, and leave it", func(t *testing.T) {
		j := start(t)
		for name, open := range map[string]func(string, string, []annot.Class) (*batch.Journal, error){
			"start": batch.StartJournal, "resume": batch.ResumeJournal,
		} {
			if _, err := open(path, "settings", cat); !errors.Is(err, batch.ErrInUse) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if n := finished(resume(t)); n != 3 {
			t.Errorf("%d photos are finished, want 3", n)
		}
	})
	t.Run("should refuse the journal of another run", func(t *testing.T) {
		written(t)
		if _, err := batch.ResumeJournal(path, "others", cat); !errors.Is(err, batch.ErrOtherRun) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("should refuse a file that is no journal, and leave it", func(t *testing.T) {
		other := filepath.Join(t.TempDir(), "notes.txt")
		if err := os.WriteFile(other, []byte("dear diary\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := batch.ResumeJournal(other, "settings", cat); err == nil {
			t.Error("no error")
		}
		if data, _ := os.ReadFile(other); string(data) != "dear diary\n" {
			t.Errorf("it holds %q now", data)
		}
	})
}
