package format

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/saysee/saysee/annot/atomic"
)

// photoExts are the file names that count as photos.
var photoExts = set(".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")

func isPhoto(name string) bool { return photoExts[strings.ToLower(path.Ext(name))] }

// filesBelow returns the slash paths of the files below root that match, sorted. Hidden folders are left
// out; symbolic links to folders are not followed.
func filesBelow(root string, match func(name string) bool) ([]string, error) {
	var found []string
	err := filepath.WalkDir(root, func(at string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && at == root:
			return err
		case err != nil:
			return nil // an unreadable sub-folder hides only itself
		case d.IsDir() && at != root && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir():
			return nil
		}
		rel, err := filepath.Rel(root, at)
		if rel = filepath.ToSlash(rel); err == nil && match(rel) {
			found = append(found, rel)
		}
		return nil
	})
	slices.Sort(found)
	return found, err
}

// namedItem is an item whose regions' Class is an index into names.
type namedItem struct {
	item
	names []string
}

// class returns the index of a name in the item's own list.
func (it *namedItem) class(name string) int {
	if i := slices.Index(it.names, name); i >= 0 {
		return i
	}
	it.names = append(it.names, name)
	return len(it.names) - 1
}

// namedStream makes a dataset of n items that give classes by name. The class table begins with known; to
// complete it, all items are read once before any photo is handed out.
func (d *Dataset) namedStream(n int, known []string, read func(i int) namedItem) error {
	t := newClassTable(known)
	for it, err := range inOrder(count(n), read) {
		if err != nil {
			return err
		}
		for _, name := range it.names {
			t.add(name)
		}
	}
	d.Classes = t.classes
	d.stream(n, func(i int) item {
		it := read(i)
		for _, p := range it.photos {
			for k := range p.Regions {
				r := &p.Regions[k]
				r.Class = t.index[it.names[r.Class]]
			}
		}
		return it.item
	})
	return nil
}

// lines returns the lines of a text file without line ends, byte order mark and empty lines at the end.
func lines(data []byte) []string {
	text := strings.ReplaceAll(utf8Text(withoutBOM(data)), "\r\n", "\n")
	text = strings.TrimRight(text, "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// listFile returns the lines of the first of the files that exists, without empty ones.
func listFile(root string, names ...string) []string {
	return slices.DeleteFunc(numberedFile(root, names...), func(s string) bool { return s == "" })
}

// numberedFile is listFile for lists in which the number of a line means something: empty lines stay.
func numberedFile(root string, names ...string) []string {
	for _, n := range names {
		if data, err := os.ReadFile(filepath.Join(root, n)); err == nil {
			list := lines(data)
			for i := range list {
				list[i] = strings.TrimSpace(list[i])
			}
			return list
		}
	}
	return nil
}

// outputs makes sure that no two photos are written to one file.
type outputs struct{ by map[string]string }

// take reserves a slash path for a photo, and says when another photo has it already, as a.jpg and a.png
// share a.txt.
func (o *outputs) take(name, photo string) error {
	if o.by == nil {
		o.by = map[string]string{}
	}
	key := strings.ToLower(name) // file systems of Windows and macOS ignore case
	if other, taken := o.by[key]; taken {
		return fmt.Errorf("%w: %s would be written for %s, too", ErrReference, name, other)
	}
	o.by[key] = photo
	return nil
}

// task is one photo on its way into a folder.
type task struct {
	Photo
	out string // slash path of its label file
	err error  // why it cannot be written
}

// done is what became of a task.
type done struct {
	fitted
	files int
	err   error // ends the writing
}

// layout is where the files of a folder format lie, as slash paths below its root.
type layout struct {
	root  string
	label func(p *Photo) string // of the label file
	photo func(p *Photo) string // of the photo itself
	// encode returns the content of the label file, nil for none.
	encode func(p *Photo, f *fitted) ([]byte, error)
}

// writeFolder writes one label file a photo, on all processors.
func (t *tally) writeFolder(l *layout, ds *Dataset) error {
	var taken outputs
	given := func(yield func(task, error) bool) {
		for p, err := range ds.Photos {
			k := task{Photo: p}
			if err == nil {
				k.plan(l, &taken)
			}
			if !yield(k, err) {
				return
			}
		}
	}
	for d, err := range inOrder(given, func(k task) done { return t.writeTask(l, &k) }) {
		if err == nil {
			err = d.err
		}
		if err != nil {
			return err
		}
		t.rep.Files += d.files
		t.count(&d.fitted)
	}
	return nil
}

// plan decides where the label file goes.
func (k *task) plan(l *layout, taken *outputs) {
	name, err := safeName(k.File)
	if err == nil && (strings.ContainsAny(k.Split, `/\:`) || k.Split == "..") {
		err = fmt.Errorf("%w: split %q", ErrUnsafeName, k.Split)
	}
	if err != nil {
		k.err = err
		return
	}
	k.File = name
	k.out = l.label(&k.Photo)
	k.err = taken.take(k.out, name)
}

func (t *tally) writeTask(l *layout, k *task) done {
	if k.err != nil {
		return done{fitted: fitted{file: k.File, problems: []Problem{{File: k.File, Err: k.err}}}}
	}
	d := done{fitted: t.fit(&k.Photo)}
	var data []byte
	if !t.o.SkipEmpty || len(d.regions) > 0 {
		data, d.err = l.encode(&k.Photo, &d.fitted)
	}
	if d.err == nil && data != nil {
		d.err = writeBelow(l.root, k.out, data)
		d.files++
	}
	if d.err == nil && t.o.Photos != LeavePhotos {
		if err := placePhoto(&k.Photo, join(l.root, l.photo(&k.Photo)), t.o.Photos); err != nil {
			d.problems = append(d.problems, Problem{File: k.File, Err: err})
		}
	}
	return d
}

// writeBelow writes a file at a slash path below root, making folders.
func writeBelow(root, name string, data []byte) error {
	file := join(root, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	return atomic.WriteFile(file, data, atomic.DefaultPerm)
}

// writeText is writeBelow that counts the file.
func (t *tally) writeText(root, name string, data []byte) error {
	t.rep.Files++
	return writeBelow(root, name, data)
}

// placePhoto copies or links the photo's file to its place in a layout.
func placePhoto(p *Photo, to string, how PhotoFiles) error {
	if p.Path == "" {
		return fmt.Errorf("photo file: %w", fs.ErrNotExist)
	}
	if a, err := os.Stat(p.Path); err != nil {
		return err
	} else if b, err := os.Stat(to); err == nil && os.SameFile(a, b) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	if how == LinkPhotos && os.Link(p.Path, to) == nil {
		return nil
	}
	in, err := os.Open(p.Path)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := atomic.Create(to)
	if err != nil {
		return err
	}
	defer out.Abort()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Commit()
}

// imagesRoot returns the folder of the photos of a file of annotations: the one given, or else the first
// usual one that has one of the first photos, or the file's own.
func imagesRoot(file string, n int, read func(i int) item, o ReadOptions) string {
	if o.Images != "" {
		return o.Images
	}
	dir := filepath.Dir(file)
	up := filepath.Dir(absolute(dir))
	// COCO's own layout has annotations/instances_val2017.json beside val2017.
	_, part, _ := strings.Cut(stem(filepath.Base(file)), "_")
	for i := range min(n, 10) {
		for _, p := range read(i).photos {
			for _, root := range []string{dir, filepath.Join(dir, "images"), filepath.Join(up, "images"), filepath.Join(up, "images", part), filepath.Join(up, part), up} {
				if fileExists(join(root, p.File)) {
					return root
				}
			}
		}
	}
	return dir
}
