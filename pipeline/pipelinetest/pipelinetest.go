// Package pipelinetest has tests look at the bundled photos.
package pipelinetest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/model/modeltest"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/photo"
)

// Load loads models until the test ends: of the bundled packs where p names no store.
func Load(t testing.TB, p pipeline.Params) *pipeline.Models {
	t.Helper()
	modeltest.Runtime(t)
	if p.Store == nil {
		store, err := model.NewStore("", assets.Packs())
		if err != nil {
			t.Fatal(err)
		}
		p.Store = store
	}
	m, err := pipeline.Load(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// Sample decodes a bundled photo.
func Sample(t testing.TB, name string) *photo.Photo {
	t.Helper()
	return decode(t, assets.Photo(name))
}

func decode(t testing.TB, file []byte) *photo.Photo {
	t.Helper()
	p, err := photo.Decode(file, photo.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Release)
	return p
}

// Album fills a folder with bundled photos; with all of them where none is named.
func Album(t testing.TB, names ...string) string {
	t.Helper()
	if len(names) == 0 {
		names = assets.PhotoNames()
	}
	dir := t.TempDir()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), assets.Photo(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Look has models look at a bundled photo.
func Look(t testing.TB, m *pipeline.Models, name string, c pipeline.Canvas) *pipeline.Analysis {
	t.Helper()
	a, err := m.Analyse(t.Context(), Sample(t, name), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Release)
	return a
}
