package atomic_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/saysee/saysee/annot/atomic"
)

func TestOpenLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if _, err := atomic.OpenLocked(path, 0, 0o666); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	first, err := atomic.OpenLocked(path, os.O_CREATE, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := atomic.OpenLocked(path, os.O_CREATE, 0o666); !errors.Is(err, atomic.ErrLocked) {
		t.Errorf("a second time: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := atomic.OpenLocked(path, 0, 0o666)
	if err != nil {
		t.Fatalf("after the first was closed: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}
