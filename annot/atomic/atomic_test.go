package atomic_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/saysee/saysee/annot/atomic"
)

func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWriteFile(t *testing.T) {
	t.Run("should create a file and leave nothing else", func(t *testing.T) {
		dir := t.TempDir()
		path := filepath.Join(dir, "a.json")
		if err := atomic.WriteFile(path, []byte("one"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := content(t, path); got != "one" {
			t.Errorf("content = %q", got)
		}
		if got := names(t, dir); got != "a.json" {
			t.Errorf("folder holds %q", got)
		}
	})
	t.Run("should replace longer content and keep the file's mode", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "a.json")
		if err := os.WriteFile(path, bytes.Repeat([]byte("x"), 9999), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := atomic.WriteFile(path, []byte("two"), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := content(t, path); got != "two" {
			t.Errorf("content = %q", got)
		}
		if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("mode = %v, %v", info.Mode(), err)
		}
	})
	t.Run("should write through a symbolic link", func(t *testing.T) {
		dir := t.TempDir()
		path, link := filepath.Join(dir, "a.json"), filepath.Join(dir, "link.json")
		if err := os.WriteFile(path, []byte("one"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink("a.json", link); err != nil {
			t.Skip("no symbolic links here:", err)
		}
		if err := atomic.WriteFile(link, []byte("two"), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := content(t, path); got != "two" {
			t.Errorf("content = %q", got)
		}
		if info, err := os.Lstat(link); err != nil || info.Mode()&fs.ModeSymlink == 0 {
			t.Errorf("the link is gone: %v, %v", info.Mode(), err)
		}
	})
	t.Run("should take a name as long as the file system allows", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), strings.Repeat("n", 255))
		if err := atomic.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("should fail where there is no folder", func(t *testing.T) {
		err := atomic.WriteFile(filepath.Join(t.TempDir(), "no", "a.json"), nil, 0o644)
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("should refuse to replace a folder", func(t *testing.T) {
		dir := t.TempDir()
		if err := atomic.WriteFile(dir, nil, 0o644); err == nil {
			t.Error("no error")
		}
	})
}

func TestCreate(t *testing.T) {
	t.Run("should show the old content until the commit", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "a.json")
		if err := os.WriteFile(path, []byte("old"), 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := atomic.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if _, err := f.Write([]byte("new")); err != nil {
				t.Fatal(err)
			}
		}
		if got := content(t, path); got != "old" {
			t.Errorf("before the commit: %q", got)
		}
		if err := f.Commit(); err != nil {
			t.Fatal(err)
		}
		if got := content(t, path); got != "newnewnew" {
			t.Errorf("after the commit: %q", got)
		}
		if err := f.Abort(); err != nil {
			t.Errorf("abort after commit: %v", err)
		}
		if err := f.Commit(); !errors.Is(err, fs.ErrClosed) {
			t.Errorf("second commit: %v", err)
		}
	})
	t.Run("should leave nothing behind when aborted", func(t *testing.T) {
		dir := t.TempDir()
		f, err := atomic.Create(filepath.Join(dir, "a.json"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte("new")); err != nil {
			t.Fatal(err)
		}
		if err := f.Abort(); err != nil {
			t.Fatal(err)
		}
		if got := names(t, dir); got != "" {
			t.Errorf("folder holds %q", got)
		}
	})
}
