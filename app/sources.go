package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/saysee/saysee/pipeline/photo"
)

// pictureFolders are the folders of an output that hold pictures. They are no input, though a run whose
// output lies within its input finds them there the next time.
var pictureFolders = []string{"pictures", "mask-instance", "mask-semantic"}

// sources returns the items without the pictures that an earlier run into the folder out made of them.
// What lies in such a folder before any run is somebody's own, and would be written over: that is an error.
// So is a list in which nothing can be read, for its output would be an empty one in place of an earlier.
func sources(items []photo.Item, out string) (kept []photo.Item, left int, err error) {
	var folders []string
	for _, name := range pictureFolders {
		folders = append(folders, actual(filepath.Join(out, name)))
	}
	ran := exists(journalPath(out))
	dirs := map[string]bool{} // whether an item's folder is one of an output
	readable := 0
	for _, item := range items {
		dir := filepath.Dir(item.Path)
		own, known := dirs[dir]
		if !known && item.Err == nil {
			own = within(actual(dir), folders)
			dirs[dir] = own
		}
		switch {
		case own && !ran:
			return nil, 0, fmt.Errorf("%s lies where this run would write: choose another --out", item.Path)
		case own:
			left++
			continue
		case item.Err == nil:
			readable++
		}
		kept = append(kept, item)
	}
	if readable == 0 {
		return nil, left, nothing(kept, left)
	}
	return kept, left, nil
}

// nothing says why there is nothing to label.
func nothing(items []photo.Item, left int) error {
	if len(items) == 0 && left > 0 {
		return errors.New("no photos there but the pictures of an earlier run")
	}
	if len(items) == 0 {
		return errors.New("no photos there: in folders, files are photos by their names' endings, and hidden ones are passed over")
	}
	const most = 5
	var why []string
	for _, item := range items[:min(len(items), most)] {
		why = append(why, fmt.Sprintf("%q: %v", item.Path, item.Err))
	}
	if len(items) > most {
		why = append(why, fmt.Sprintf("and %d more", len(items)-most))
	}
	return errors.New(strings.Join(why, "; "))
}

// actual is a path without links, as far as that can be told.
func actual(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return path
}

func within(dir string, folders []string) bool {
	for _, f := range folders {
		if dir == f || strings.HasPrefix(dir, f+string(filepath.Separator)) {
			return true
		}
	}
	return false
}
