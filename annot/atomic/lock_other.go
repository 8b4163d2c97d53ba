//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package atomic

import (
	"io/fs"
	"os"
)

// OpenLocked opens a file for reading and writing; this system has no locks that the standard library knows.
func OpenLocked(path string, flags int, perm fs.FileMode) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|flags, perm)
}
