// Package atomic writes files that are always whole: a reader, a crash or a kill at any moment finds either
// the old content or the new, never a part of one.
//
// The content goes to a hidden temporary file in the same folder, is flushed to the disk, and takes the
// final name in one rename; then the folder is flushed too, so that the name survives a power cut.
package atomic

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
)

// DefaultPerm is the mode, before the umask, of files made by Create.
const DefaultPerm fs.FileMode = 0o666

// maxBase keeps the temporary name under the 255 bytes that file systems allow.
const maxBase = 200

// File is a file that is being written and has no name yet. Exactly one of Commit and Abort ends it;
// calling Abort after either is harmless, so that it can be deferred.
type File struct {
	f    *os.File
	path string
	done bool
}

// WriteFile replaces the file at path by data. A new file gets perm before the umask; an existing one
// keeps its own mode. A symbolic link keeps pointing to the file, which is replaced.
func WriteFile(path string, data []byte, perm fs.FileMode) error {
	f, err := create(path, perm)
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Commit()
}

// Create begins to write the file at path; until Commit, whatever path holds stays as it is.
func Create(path string) (*File, error) { return create(path, DefaultPerm) }

func create(path string, perm fs.FileMode) (*File, error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	mode, keep := perm, false
	if info, err := os.Stat(path); err == nil {
		if !info.Mode().IsRegular() {
			return nil, &fs.PathError{Op: "replace", Path: path, Err: errors.New("not a regular file")}
		}
		mode, keep = info.Mode().Perm(), true
	}
	f, err := openTemp(path, mode)
	if err != nil {
		return nil, fmt.Errorf("create temporary file: %w", err)
	}
	if keep {
		// The umask may have taken bits that the old file had. Some file systems know no modes.
		if err := f.Chmod(mode); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) {
			return nil, errors.Join(fmt.Errorf("keep file mode: %w", err), f.Close(), os.Remove(f.Name()))
		}
	}
	return &File{f: f, path: path}, nil
}

func openTemp(path string, mode fs.FileMode) (*os.File, error) {
	dir, base := filepath.Split(path)
	base = base[:min(len(base), maxBase)]
	for try := 0; ; try++ {
		name := filepath.Join(dir, "."+base+"."+strconv.FormatUint(rand.Uint64(), 36)+".tmp")
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if !errors.Is(err, fs.ErrExist) || try > 100 {
			return f, err
		}
	}
}

// Write adds p to the content. It does not buffer.
func (f *File) Write(p []byte) (int, error) { return f.f.Write(p) }

// Commit flushes the content to the disk and gives it its name. When it fails, the old file is untouched
// and the new content is gone.
func (f *File) Commit() error {
	if f.done {
		return fs.ErrClosed
	}
	f.done = true
	err := f.f.Sync()
	if cerr := f.f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(f.f.Name(), f.path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", f.path, err), os.Remove(f.f.Name()))
	}
	return SyncDir(filepath.Dir(f.path))
}

// Abort throws the content away. After Commit or Abort it does nothing.
func (f *File) Abort() error {
	if f.done {
		return nil
	}
	f.done = true
	return errors.Join(f.f.Close(), os.Remove(f.f.Name()))
}

// SyncDir flushes a folder, so that files created, renamed or removed in it stay so after a power cut.
// Where the system cannot flush folders it does nothing.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	defer d.Close()
	// Some network file systems answer that a folder cannot be flushed; that is no failure of the write.
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return fmt.Errorf("flush folder: %w", err)
	}
	return nil
}
