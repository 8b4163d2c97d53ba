package modeltest

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Small writes a pack into a new folder of packs, which it returns. The manifest has no files yet: they are content,
// by role. change may edit the manifest, and may be nil.
func Small(tb testing.TB, manifest map[string]any, content map[string][]byte, change func(manifest map[string]any)) (root string) {
	tb.Helper()
	tb.Setenv("XDG_DATA_HOME", tb.TempDir())
	root = tb.TempDir()
	dir := filepath.Join(root, manifest["id"].(string))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	var files []map[string]any
	for role, data := range content {
		if err := os.WriteFile(filepath.Join(dir, role), data, 0o600); err != nil {
			tb.Fatal(err)
		}
		files = append(files, map[string]any{"role": role, "name": role, "bytes": len(data), "sha256": fmt.Sprintf("%x", sha256.Sum256(data))})
	}
	manifest["files"] = files
	if change != nil {
		change(manifest)
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pack.json"), text, 0o600); err != nil {
		tb.Fatal(err)
	}
	return root
}

// SmallCLIP is Small for a pack of zoo/parity/clip.py: clip-vit, clip-rn or slip.
func SmallCLIP(tb testing.TB, kind string, change func(manifest map[string]any)) (root string) {
	tb.Helper()
	data := filepath.Join(Root(tb), "name", "clip", "testdata")
	var manifest map[string]any
	if err := json.Unmarshal(readFile(tb, filepath.Join(data, kind+"-pack.json")), &manifest); err != nil {
		tb.Fatal(err)
	}
	// The exporter cuts the list of merges down to what the graph knows.
	const merges = 120
	lines := strings.SplitAfter(string(readFile(tb, filepath.Join(Root(tb), "prompt", "token", "testdata", "merges.txt"))), "\n")
	return Small(tb, manifest, map[string][]byte{
		"image": gunzip(tb, filepath.Join(data, kind+"-image.onnx.gz")), "text": gunzip(tb, filepath.Join(data, "text.onnx.gz")),
		"merges": []byte(strings.Join(lines[:1+merges], "")),
	}, change)
}

// SmallGLIP is Small for a pack of zoo/parity/glip.py: deep or dual.
func SmallGLIP(tb testing.TB, kind string, change func(manifest map[string]any)) (root string) {
	tb.Helper()
	data := filepath.Join(Root(tb), "detect", "glip", "testdata")
	content := map[string][]byte{"vocab": readFile(tb, filepath.Join(Root(tb), "prompt", "token", "testdata", "vocab.txt"))}
	for _, role := range map[string][]string{"deep": {"image", "text", "head"}, "dual": {"image", "text_a", "head_a", "match"}}[kind] {
		content[role] = gunzip(tb, filepath.Join(data, kind+"-"+role+".onnx.gz"))
	}
	return Small(tb, map[string]any{
		"schema": 1, "id": "glip-" + kind, "version": "1", "family": "glip", "licence": "MIT",
		"tokenizer": map[string]any{"kind": "wordpiece", "vocab": "vocab", "max_tokens": 256},
		"image": map[string]any{
			"size": 64, "multiple": 32, "resize": "short", "max_long": 110, "shrink": "pil-bilinear", "grow": "pil-bilinear", "order": "BGR",
			"pad_mean": true, "pad": 0, "mean": []float64{103.53, 116.28, 123.675}, "std": []float64{57.375, 57.12, 58.395},
		},
		"scoring": map[string]any{
			"rule": "glip", "fusion": kind, "levels": []string{"p3", "p4", "p5", "p6", "p7"}, "strides": []int{8, 16, 32, 64, 128},
			"anchor": 8, "candidate": 0.05, "per_level": 1000, "names": 40, "separator": ". ",
		},
		"defaults": map[string]any{"score": 0.05, "nms": 0.6, "max": 100},
	}, content, change)
}

func readFile(tb testing.TB, path string) []byte {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func gunzip(tb testing.TB, path string) []byte {
	tb.Helper()
	z, err := gzip.NewReader(bytes.NewReader(readFile(tb, path)))
	if err != nil {
		tb.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// SmallNaming is Small for a pack of CLIP's kind on the trunk and the text encoder of the bundled detector, with a
// naming head of zoo/parity/naming.py, which says nothing true.
func SmallNaming(tb testing.TB, change func(manifest map[string]any)) (root string) {
	tb.Helper()
	from := Pack(tb, "vild-starter")
	content := map[string][]byte{"naming": readFile(tb, filepath.Join(Root(tb), "name", "clip", "testdata", "naming.onnx"))}
	for _, role := range []string{"trunk", "text", "vocab"} {
		data, err := from.Read(role)
		if err != nil {
			tb.Fatal(err)
		}
		content[role] = data
	}
	return Small(tb, map[string]any{
		"schema": 1, "id": "naming", "version": "1", "family": "clip", "licence": "Apache-2.0",
		"tokenizer": from.Tokenizer, "text": from.Text, "image": from.Image,
		"scoring": map[string]any{"rule": "cosine-softmax", "scale": 20}, "defaults": map[string]any{"max": 5},
	}, content, change)
}
