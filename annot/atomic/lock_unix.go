//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package atomic

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// OpenLocked opens a file for reading and writing, with flags of os.OpenFile beside that, and keeps it from other
// processes that open it so, until it is closed or the process ends. The error wraps ErrLocked. Where the file
// system knows no locks, as some network shares, the file is opened all the same.
func OpenLocked(path string, flags int, perm fs.FileMode) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|flags, perm)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrLocked, err), f.Close())
	}
	if err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.ENOLCK) {
		return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
	}
	return f, nil
}
