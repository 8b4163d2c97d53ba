package groupvit_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/pipelinetest"
	"github.com/saysee/saysee/segment"
	"github.com/saysee/saysee/segment/groupvit"
)

// trunkPacks makes a store with a pack of random groups on the starter packs' trunk.
func trunkPacks(t *testing.T) *model.Store {
	t.Helper()
	starter := modeltest.Pack(t, "lseg-starter")
	root := t.TempDir()
	dir := filepath.Join(root, "groups")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var files []model.File
	add := func(role string, data []byte) {
		f := model.File{Role: role, Name: role, SHA256: fmt.Sprintf("%x", sha256.Sum256(data)), Bytes: int64(len(data))}
		if err := os.WriteFile(filepath.Join(dir, role), data, 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	for _, role := range []string{"trunk", "text", "vocab"} {
		data, err := starter.Read(role)
		if err != nil {
			t.Fatal(err)
		}
		add(role, data)
	}
	add("groups", modeltest.File(t, "testdata/groups.onnx"))
	m := *starter.Manifest
	m.ID, m.Family, m.Files = "groups", groupvit.Family, files
	m.Scoring = json.RawMessage(`{"rule": "groupvit", "grouping": "hard", "pyramid": "trunk", "levels": ["p3", "p4"], "scale": 20, "top": 5, "background": 0.2}`)
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pack.json"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	store, err := model.NewStore(root, assets.Packs())
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestGroupsOfASharedTrunkPaintAPhoto(t *testing.T) {
	m := pipelinetest.Load(t, pipeline.Params{Store: trunkPacks(t), Detect: "vild-starter", Segment: "groups", Threads: 1})
	a := pipelinetest.Look(t, m, "cat.jpg", pipeline.Canvas{})
	size := a.Size
	if runs := m.Engine.Runs(); runs != 3 {
		t.Errorf("trunk, regions and groups took %d runs", runs)
	}
	q := pipeline.NewQuestion(annot.NamedClasses("cat"), annot.NamedClasses("cat", "grass", "sky"))
	ans, err := a.Ask(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	painted := 0
	for _, r := range ans.Pixels.Select(segment.Options{}) {
		mask := r.Shape.(annot.Mask)
		painted += mask.Area()
		if !mask.Rect().In(image.Rectangle{Max: size}) || !(r.Score >= 0 && r.Score <= 1) {
			t.Errorf("a region of score %v in %v", r.Score, mask.Rect())
		}
	}
	if painted == 0 || painted > size.X*size.Y {
		t.Errorf("%d pixels are painted", painted)
	}
}

func TestTheBundledGroupsPaintWhatIsThere(t *testing.T) {
	m := pipelinetest.Load(t, pipeline.Params{Segment: "groupvit-starter", Threads: 1})
	a := pipelinetest.Look(t, m, "cat.jpg", pipeline.Canvas{})
	size := a.Size
	for word, span := range map[string][2]float64{"cat": {0.6, 0.95}, "airplane": {0, 0.01}} {
		ans, err := a.Ask(t.Context(), pipeline.NewQuestion(nil, annot.NamedClasses(word)))
		if err != nil {
			t.Fatal(err)
		}
		painted := 0
		for _, r := range ans.Pixels.Select(segment.Options{}) {
			painted += r.Shape.(annot.Mask).Area()
		}
		if share := float64(painted) / float64(size.X*size.Y); share < span[0] || share > span[1] {
			t.Errorf("asked alone, %q covers %.0f %% of a photo of a cat", word, 100*share)
		}
	}
}
