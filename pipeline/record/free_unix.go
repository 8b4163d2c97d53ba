//go:build linux || darwin

package record

import "golang.org/x/sys/unix"

// freeBytes is how much this user may still write to the disk that holds a folder, where that is known.
func freeBytes(dir string) (free int64, known bool) {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
