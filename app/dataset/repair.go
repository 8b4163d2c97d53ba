package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/atomic"
	"github.com/saysee/saysee/annot/format"
	"github.com/saysee/saysee/annot/lint"
)

// repairer writes a repaired dataset over its own files.
//
// A writer has conventions of its own, so its output must not simply replace what a user has. The dataset
// is written twice into a folder beside it, as it is and repaired. Files in which the two differ are those
// that the repair concerns; only they are put in place. Then everything is read again, and if it is not
// what was meant, the old files come back.
type repairer struct {
	format *format.Format
	path   string
	read   format.ReadOptions
	faulty map[string]bool // files with parts that cannot be read, which are to be removed
}

var (
	errLayout   = errors.New("the folder is laid out in another way than it would be written; convert it to another folder first")
	errReadBack = errors.New("the repaired files do not read back as meant; the old ones are in place again")
)

func (r *repairer) run(ds *format.Dataset, o lint.Options) ([]string, error) {
	photos, err := ds.Collect()
	if err != nil {
		return nil, err
	}
	r.faulty = map[string]bool{}
	problems, _ := ds.Problems()
	for _, p := range problems {
		r.faulty[filepath.Clean(p.File)] = true
		r.faulty[filepath.Join(r.path, p.File)] = true
	}
	before := inMemory(ds, photos)
	after := lint.Repaired(before, o)
	if photos, err = after.Collect(); err != nil {
		return nil, err
	}
	after = inMemory(ds, photos)
	work, err := os.MkdirTemp(filepath.Dir(filepath.Clean(r.path)), ".saysee-check-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(work)
	swaps, err := r.prepare(work, before, after)
	if err != nil {
		return nil, err
	}
	if err := r.swap(swaps, after); err != nil {
		return nil, err
	}
	names := make([]string, len(swaps))
	for i, s := range swaps {
		names[i] = s.target
	}
	return names, nil
}

// inMemory is a dataset with other photos.
func inMemory(ds *format.Dataset, photos []format.Photo) *format.Dataset {
	out := format.FromPhotos(ds.Classes, photos)
	out.ClassExtra, out.Extra = ds.ClassExtra, ds.Extra
	return out
}

// exchange is a new file, the place where it goes, and the place for the old file meanwhile.
type exchange struct{ fresh, target, old string }

// prepare writes both versions and returns the files in which they differ.
func (r *repairer) prepare(work string, before, after *format.Dataset) ([]exchange, error) {
	roots := [2]string{filepath.Join(work, "before", "labels"), filepath.Join(work, "after", "labels")}
	options := format.WriteOptions{ZeroBased: r.read.ZeroBased, Reference: r.read.Reference}
	for i, ds := range []*format.Dataset{before, after} {
		if err := os.Mkdir(filepath.Dir(roots[i]), 0o700); err != nil {
			return nil, err
		}
		if _, err := r.format.Write(roots[i], ds, options); err != nil {
			return nil, err
		}
	}
	if err := os.Mkdir(filepath.Join(work, "old"), 0o700); err != nil {
		return nil, err
	}
	var swaps []exchange
	err := filepath.WalkDir(roots[1], func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(roots[1], path)
		if err != nil {
			return err
		}
		differ, err := differ(filepath.Join(roots[0], rel), path)
		if err != nil {
			return err
		}
		target, err := r.target(rel)
		if !differ && !r.faulty[target] {
			return nil
		}
		if err == nil {
			swaps = append(swaps, exchange{path, target, filepath.Join(work, "old", fmt.Sprint(len(swaps)))})
		}
		return err
	})
	return swaps, err
}

// differ reports whether two files have other contents, or the first is not there.
func differ(before, after string) (bool, error) {
	a, err := os.ReadFile(before)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	b, err := os.ReadFile(after)
	return !bytes.Equal(a, b), err
}

// target returns the user's file that stands where a written file would; there must be one.
func (r *repairer) target(rel string) (string, error) {
	target := filepath.Join(r.path, rel) // rel is "." for formats of one file
	info, err := os.Stat(target)
	if err == nil && info.IsDir() && rel == "." {
		var found []string
		if found, err = filepath.Glob(filepath.Join(target, "*.json")); err == nil && len(found) == 1 {
			return found[0], nil
		}
		return "", fmt.Errorf("%s: %w", target, errLayout)
	}
	if err != nil || !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s: %w", target, errLayout)
	}
	return target, nil
}

// swap puts the new files in place, reads the dataset again, and puts the old files back when it is not
// the one that was meant.
func (r *repairer) swap(swaps []exchange, want *format.Dataset) error {
	done := 0
	err := func() error {
		for _, s := range swaps {
			if err := s.place(); err != nil {
				return err
			}
			done++
		}
		return r.verify(want)
	}()
	if err == nil {
		return nil
	}
	for _, s := range swaps[:done] {
		err = errors.Join(err, os.Rename(s.old, s.target))
	}
	return err
}

// place replaces the target in one step and keeps the old file.
func (s exchange) place() error {
	info, err := os.Stat(s.target)
	if err != nil {
		return err
	}
	if err := os.Chmod(s.fresh, info.Mode().Perm()); err != nil {
		return err
	}
	data, err := os.ReadFile(s.target)
	if err != nil {
		return err
	}
	if err := atomic.WriteFile(s.old, data, info.Mode().Perm()); err != nil {
		return err
	}
	if err := os.Rename(s.fresh, s.target); err != nil {
		return err
	}
	return atomic.SyncDir(filepath.Dir(s.target))
}

// verify reads the files and compares them with what was meant.
func (r *repairer) verify(want *format.Dataset) error {
	ds, err := r.format.Read(r.path, r.read)
	if err != nil {
		return fmt.Errorf("%w: %w", errReadBack, err)
	}
	photos, err := ds.Collect()
	if err != nil {
		return fmt.Errorf("%w: %w", errReadBack, err)
	}
	i := 0
	for w := range want.Photos {
		if i == len(photos) || !samePhoto(w, photos[i], want.Classes, ds.Classes) {
			return fmt.Errorf("%w: %s", errReadBack, w.File)
		}
		i++
	}
	if i != len(photos) {
		return fmt.Errorf("%w: %d photos instead of %d", errReadBack, len(photos), i)
	}
	return nil
}

// readBack is how far in pixels a coordinate may move by being written and read, for formats of whole
// pixels; a format's offset by one is more.
const readBack = 0.6

func samePhoto(a, b format.Photo, classesA, classesB []annot.Class) bool {
	if a.File != b.File || len(a.Regions) != len(b.Regions) {
		return false
	}
	for i := range a.Regions {
		x, y := a.Regions[i], b.Regions[i]
		if y.Class >= len(classesB) || classesA[x.Class].Name != classesB[y.Class].Name {
			return false
		}
		for _, d := range []float64{x.Box.X0 - y.Box.X0, x.Box.Y0 - y.Box.Y0, x.Box.X1 - y.Box.X1, x.Box.Y1 - y.Box.Y1} {
			if !(math.Abs(d) <= readBack) {
				return false
			}
		}
	}
	return true
}
