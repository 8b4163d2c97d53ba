// Package modeltest gives tests the real ONNX Runtime and the bundled packs.
package modeltest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/model"
)

// Engine returns an engine on the real runtime, closed when the test ends.
func Engine(tb testing.TB, threads int) *model.Engine {
	tb.Helper()
	Runtime(tb)
	e := model.NewEngine(threads)
	tb.Cleanup(func() {
		if err := e.Close(); err != nil {
			tb.Error(err)
		}
	})
	return e
}

// Runtime loads ONNX Runtime as `make setup` installed it, or fails the test.
func Runtime(tb testing.TB) {
	tb.Helper()
	path := ""
	if os.Getenv(model.LibraryEnv) == "" {
		path = filepath.Join(Root(tb), ".cache", "onnxruntime", "lib")
	}
	if err := model.LoadRuntime(path); err != nil {
		tb.Fatal(err)
	}
}

// Pack opens a bundled pack.
func Pack(tb testing.TB, id string) *model.Pack {
	tb.Helper()
	tb.Setenv("XDG_DATA_HOME", tb.TempDir())
	s, err := model.NewStore("", assets.Packs())
	if err != nil {
		tb.Fatal(err)
	}
	p, err := s.Open(id)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// Root returns the folder of go.mod.
func Root(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			tb.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}
