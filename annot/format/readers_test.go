package format_test

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
)

// readersPython returns the Python that has the readers, empty when nobody has set it up.
func readersPython(t *testing.T, root string) string {
	t.Helper()
	python := os.Getenv("SAYSEE_READERS_PYTHON")
	if python == "" {
		python = filepath.Join(root, ".cache", "venv", "readers", "bin", "python")
	}
	if _, err := os.Stat(python); err != nil {
		return ""
	}
	return python
}

// TestRealReaders opens what we write with the programs that it is for: zoo/readers/check.py.
func TestRealReaders(t *testing.T) {
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	python := readersPython(t, root)
	if python == "" {
		const why = "NO OTHER PROGRAM READ OUR FILES: run zoo/readers/run.sh .cache/venv/readers, or name a Python in SAYSEE_READERS_PYTHON"
		if os.Getenv("CI") == "true" {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	dir := t.TempDir()
	cs, photos := randomDataset(rand.New(rand.NewPCG(2, 3)), 24)
	for i := range photos {
		if i%2 == 0 { // supervision does not look into sub-folders
			photos[i].File = path.Base(photos[i].File)
		}
		photos[i].Split = []string{"train", "train", "val"}[i%3]
	}
	photos = append(photos, format.Photo{File: "full.jpg", Split: "train", Width: 12, Height: 10, Regions: []annot.Region{
		box(0, 0, 12, 10), shape(annot.Polygon{{Outer: ringOf(box(0, 0, 12, 10))}}),
	}})
	photos[len(photos)-1].Regions[1].Class = 1 // the same row twice is a fault to ultralytics
	writePhotos(t, filepath.Join(dir, "photos"), photos)
	ds := format.FromPhotos(cs, photos)
	save(t, "json", filepath.Join(dir, "truth.json"), ds, format.WriteOptions{})
	for _, name := range format.Names() {
		at := filepath.Join(dir, name)
		if err := os.MkdirAll(at, 0o755); err != nil {
			t.Fatal(err)
		}
		save(t, name, filepath.Join(at, targets[name]), ds, format.WriteOptions{Photos: format.LinkPhotos, Reference: reference(dir, name)})
	}
	out, err := exec.Command(python, filepath.Join(root, "zoo", "readers", "check.py"), dir).CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// reference makes the results refer to the COCO file beside them; coco comes before coco-results.
func reference(dir, name string) string {
	if name == "coco-results" {
		return filepath.Join(dir, "coco", "a.json")
	}
	return ""
}
