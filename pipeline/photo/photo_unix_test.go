//go:build unix

package photo_test

import (
	"errors"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/saysee/saysee/pipeline/photo"
)

func TestReadDoesNotWaitForAPipe(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe.jpg")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := photo.Read(pipe, photo.Limits{}); !errors.Is(err, photo.ErrNotAFile) {
		t.Error(err)
	}
}
