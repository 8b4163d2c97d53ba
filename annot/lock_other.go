//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package annot

import "os"

// takeLock opens a file; this system has no locks that the standard library knows.
func takeLock(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
}
