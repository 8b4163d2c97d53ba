package modeltest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/saysee/saysee/model"
)

// Fixture opens the small pack in dir, whose pack.json the exporters wrote and whose files may be gzipped, and lie in
// the folder above when several packs share them. edit, when it is not nil, changes the manifest first.
func Fixture(tb testing.TB, dir string, edit func(manifest map[string]any)) *model.Pack {
	tb.Helper()
	var manifest map[string]any
	JSON(tb, filepath.Join(dir, "pack.json"), &manifest)
	root := tb.TempDir()
	id := manifest["id"].(string)
	if err := os.MkdirAll(filepath.Join(root, id), 0o755); err != nil {
		tb.Fatal(err)
	}
	write := func(name string, data []byte) {
		if err := os.WriteFile(filepath.Join(root, id, name), data, 0o644); err != nil {
			tb.Fatal(err)
		}
	}
	for _, f := range manifest["files"].([]any) {
		name := f.(map[string]any)["name"].(string)
		from := filepath.Join(dir, name)
		if all, _ := filepath.Glob(from + "*"); len(all) == 0 {
			from = filepath.Join(dir, "..", name)
		}
		write(name, File(tb, from))
	}
	if edit != nil {
		edit(manifest)
	}
	data, err := json.Marshal(manifest)
	if err != nil {
		tb.Fatal(err)
	}
	write("pack.json", data)
	store, err := model.NewStore(root, nil)
	if err != nil {
		tb.Fatal(err)
	}
	pack, err := store.Open(id)
	if err != nil {
		tb.Fatal(err)
	}
	return pack
}

// JSON decodes a file, or the gzipped one beside it, into v.
func JSON(tb testing.TB, path string, v any) {
	tb.Helper()
	if err := json.Unmarshal(File(tb, path), v); err != nil {
		tb.Fatal(err)
	}
}

// File reads a file, or the gzipped one beside it.
func File(tb testing.TB, path string) []byte {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		return data
	}
	if data, err = os.ReadFile(path + ".gz"); err != nil {
		tb.Fatal(err)
	}
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		tb.Fatal(err)
	}
	if data, err = io.ReadAll(r); err != nil {
		tb.Fatal(err)
	}
	return data
}
