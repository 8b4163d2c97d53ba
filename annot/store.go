package annot

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/saysee/saysee/annot/atomic"
)

// StoreFolder is the folder, within a folder of photos, that a store is usually kept in.
const StoreFolder = ".saysee"

// Errors of stores.
var (
	ErrInUse = errors.New("labels are open in another window or program")
	ErrPath  = errors.New("photo is not within the project's folder")
)

// Conflict is the error of a save that found the file changed by another program. Both are kept: theirs
// under the name, ours beside it.
type Conflict struct {
	Path string // the file that the other program has changed
	Copy string // where ours was saved instead
}

func (c *Conflict) Error() string {
	return fmt.Sprintf("another program has changed %s; your version was saved as %s", c.Path, filepath.Base(c.Copy))
}

// Store keeps the documents of a project in a folder, one file a photo, and a journal of what is not saved
// yet. Each file is always whole, and a file that another program has changed is not written over.
//
//	project.json             the class table
//	photos/sub/a.jpg.json    the document of the photo sub/a.jpg
//	journal                  unsaved work
//	lock                     held while the store is open
type Store struct {
	dir     string
	lock    *os.File
	journal *journal
	files   map[string]*fileMark
}

// fileMark is what a file was when it was last read or written.
type fileMark struct {
	exists bool
	sum    [sha256.Size]byte
	copy   string // the copy of an unresolved conflict
}

// projectKey stands for the project file among the keys, which else are paths of photos.
const projectKey = ""

// OpenStore opens the store in a folder, which is made when there is none. The error wraps ErrInUse when
// it is open elsewhere. Problems are lines of the journal that could not be read.
func OpenStore(dir string) (s *Store, problems []error, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, nil, fmt.Errorf("open store: %w", err)
	}
	lock, err := atomic.OpenLocked(filepath.Join(dir, "lock"), os.O_CREATE, 0o666)
	if errors.Is(err, atomic.ErrLocked) {
		err = fmt.Errorf("%w: %w", ErrInUse, err)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	j, problems, err := openJournal(filepath.Join(dir, "journal"))
	if err != nil {
		return nil, nil, errors.Join(err, lock.Close())
	}
	return &Store{dir, lock, j, map[string]*fileMark{}}, problems, nil
}

// Close ends the use of the store. Unsaved work stays in the journal.
func (s *Store) Close() error {
	return errors.Join(s.journal.remove(), s.lock.Close())
}

// maxFileName keeps names, with what is added to them, under the 255 bytes that file systems allow.
const maxFileName = 200

// file returns the file of a photo, or of the project for projectKey.
func (s *Store) file(key string) (string, error) {
	if key == projectKey {
		return filepath.Join(s.dir, "project.json"), nil
	}
	rel := filepath.FromSlash(key)
	if !filepath.IsLocal(rel) || filepath.Clean(rel) == "." || strings.HasSuffix(rel, string(filepath.Separator)) {
		return "", fmt.Errorf("%w: %q", ErrPath, key)
	}
	dir, base := filepath.Split(rel)
	if len(base) > maxFileName {
		sum := sha256.Sum256([]byte(base))
		base = strings.ToValidUTF8(base[:maxFileName-17], "") + "~" + hex.EncodeToString(sum[:8])
	}
	return filepath.Join(s.dir, "photos", dir, base+".json"), nil
}

// read returns a file and marks it as known; no data and no error when there is none.
func (s *Store) read(key string) ([]byte, *fileMark, error) {
	path, err := s.file(key)
	if err != nil {
		return nil, nil, err
	}
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &fileMark{}, nil
	case err != nil:
		return nil, nil, err
	}
	return data, &fileMark{exists: true, sum: sha256.Sum256(data)}, nil
}

// Load reads the document of a photo. The error wraps fs.ErrNotExist when there is none, ErrPath, ErrFormat
// or ErrNewer; a file that cannot be understood is not written over later. Problems tell of regions that
// could not be understood but are kept.
func (s *Store) Load(photo string) (d Document, o Origin, problems []error, err error) {
	data, mark, err := s.read(photo)
	if err != nil {
		return Document{}, Origin{}, nil, fmt.Errorf("load labels of %s: %w", photo, err)
	}
	if !mark.exists {
		s.files[photo] = mark
		return Document{}, Origin{}, nil, fmt.Errorf("load labels of %s: %w", photo, fs.ErrNotExist)
	}
	d, o, problems, err = DecodeDocument(data)
	if err != nil {
		return Document{}, Origin{}, nil, fmt.Errorf("load labels of %s: %w", photo, err)
	}
	s.files[photo] = mark
	d.Photo.Path = photo // the name of the file tells, which may have bytes that JSON cannot hold
	return d, o, problems, nil
}

// LoadProject reads the class table. The error wraps fs.ErrNotExist when there is none, ErrFormat or
// ErrNewer.
func (s *Store) LoadProject() (ProjectFile, error) {
	data, mark, err := s.read(projectKey)
	if err != nil {
		return ProjectFile{}, fmt.Errorf("load classes: %w", err)
	}
	if !mark.exists {
		s.files[projectKey] = mark
		return ProjectFile{}, fmt.Errorf("load classes: %w", fs.ErrNotExist)
	}
	p, err := DecodeProject(data)
	if err != nil {
		return ProjectFile{}, fmt.Errorf("load classes: %w", err)
	}
	s.files[projectKey] = mark
	return p, nil
}

// Save writes a document. When another program has changed the file since it was last read or written
// here, ours goes beside it and the error is a *Conflict; that counts as saved. Further saves replace that
// copy, until the photo is loaded again (theirs is taken) or Overwrite is called (ours is).
func (s *Store) Save(d Document, o Origin) error {
	data, err := EncodeDocument(d, o)
	if err != nil {
		return err
	}
	return s.save(d.Photo.Path, data)
}

// SaveProject writes the class table, as Save does.
func (s *Store) SaveProject(p ProjectFile) error {
	data, err := EncodeProject(p)
	if err != nil {
		return err
	}
	return s.save(projectKey, data)
}

func (s *Store) save(key string, data []byte) error {
	path, err := s.file(key)
	if err != nil {
		return err
	}
	if err := s.putAside(key); err != nil {
		return err
	}
	changed, err := s.changed(key)
	if err != nil {
		return err
	}
	if changed {
		conflict, err := s.saveCopy(key, path, data)
		if err != nil {
			return err
		}
		return errors.Join(conflict, s.Settle(key))
	}
	if err := makeDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("save labels: %w", err)
	}
	if err := atomic.WriteFile(path, data, atomic.DefaultPerm); err != nil {
		return fmt.Errorf("save labels: %w", err)
	}
	s.files[key] = &fileMark{exists: true, sum: sha256.Sum256(data)}
	return s.Settle(key)
}

// makeDir makes a folder whose name, and those of the folders it needs, survive a power cut.
func makeDir(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent == dir {
		return fmt.Errorf("make folder %s: %w", dir, fs.ErrNotExist)
	}
	if err := makeDir(parent); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return atomic.SyncDir(parent)
}

// besideName matches the names that beside gives.
var besideName = regexp.MustCompile(`\.(conflict|recovered)-\d{4}-\d\d-\d\d-\d{6}(-\d+)?\.json$`)

// beside returns a name, that no file has yet, for another state of a file.
func beside(path, word string) string {
	stem := strings.TrimSuffix(path, ".json") + "." + word + "-" + time.Now().Format("2006-01-02-150405")
	name := stem + ".json"
	for n := 2; exists(name); n++ {
		name = fmt.Sprintf("%s-%d.json", stem, n)
	}
	return name
}

// saveCopy writes ours beside theirs.
func (s *Store) saveCopy(key, path string, data []byte) (*Conflict, error) {
	mark := s.files[key]
	if mark == nil {
		mark = &fileMark{}
		s.files[key] = mark
	}
	if mark.copy == "" {
		mark.copy = beside(path, "conflict")
	}
	if err := atomic.WriteFile(mark.copy, data, atomic.DefaultPerm); err != nil {
		return nil, fmt.Errorf("save labels beside those of another program: %w", err)
	}
	return &Conflict{path, mark.copy}, nil
}

// putAside writes what a crash has left of a photo, and nobody has decided about, to a file of its own
// before something newer takes its place in the journal.
func (s *Store) putAside(key string) error {
	if !s.journal.left[key] {
		return nil
	}
	path, err := s.file(key)
	if err != nil {
		return err
	}
	if err := makeDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("put aside what a crash has left: %w", err)
	}
	if err := atomic.WriteFile(beside(path, "recovered"), s.journal.pending[key], atomic.DefaultPerm); err != nil {
		return fmt.Errorf("put aside what a crash has left: %w", err)
	}
	delete(s.journal.left, key)
	return nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Changed reports whether another program has changed the labels of a photo since they were last read or
// written here. A file that another program has deleted is no change: nothing of it would be lost.
func (s *Store) Changed(photo string) (bool, error) { return s.changed(photo) }

func (s *Store) changed(key string) (bool, error) {
	_, now, err := s.read(key)
	if err != nil {
		return false, fmt.Errorf("look for changes: %w", err)
	}
	mark := s.files[key]
	if mark == nil {
		mark = &fileMark{}
	}
	return now.exists && (!mark.exists || now.sum != mark.sum), nil
}

// Overwrite resolves a conflict in favour of ours: the next save replaces what another program has written.
func (s *Store) Overwrite(photo string) error {
	_, mark, err := s.read(photo)
	if err != nil {
		return err
	}
	s.files[photo] = mark
	return nil
}

// Note writes documents to the journal, so that a crash before the next save loses nothing. When it returns
// without an error, their states are on the disk.
func (s *Store) Note(o Origin, docs ...Document) error {
	records := make([]Record, len(docs))
	for i, d := range docs {
		if err := s.putAside(d.Photo.Path); err != nil {
			return err
		}
		data, err := EncodeDocument(d, o)
		if err != nil {
			return err
		}
		records[i] = Record{[]byte(d.Photo.Path), data}
	}
	return s.journal.note(records...)
}

// NoteProject writes the class table to the journal.
func (s *Store) NoteProject(p ProjectFile) error {
	if err := s.putAside(projectKey); err != nil {
		return err
	}
	data, err := EncodeProject(p)
	if err != nil {
		return err
	}
	return s.journal.note(Record{[]byte(projectKey), data})
}

// Settle notes that photos need no recovery: they are as they were saved, or their recovery was declined.
// An empty path means the class table.
func (s *Store) Settle(photos ...string) error {
	records := make([]Record, len(photos))
	for i, path := range photos {
		records[i].Key = []byte(path)
	}
	return s.journal.note(records...)
}

// Left returns the paths of the photos that a crash has left unsaved work on, sorted, until Taken or Settle
// decides about it. The empty path is the class table. What is noted or saved over without a decision goes
// to a file of its own first, beside the photo's.
func (s *Store) Left() []string { return slices.Sorted(maps.Keys(s.journal.left)) }

// Taken tells that what Recover has returned for a photo is in use now.
func (s *Store) Taken(photo string) { delete(s.journal.left, photo) }

// Recover returns the unsaved state of a photo. The error wraps fs.ErrNotExist when there is none.
func (s *Store) Recover(photo string) (Document, Origin, error) {
	data, ok := s.journal.pending[photo]
	if !ok {
		return Document{}, Origin{}, fmt.Errorf("recover %s: %w", photo, fs.ErrNotExist)
	}
	d, o, _, err := DecodeDocument(data)
	d.Photo.Path = photo
	return d, o, err
}

// RecoverProject returns the unsaved state of the class table. The error wraps fs.ErrNotExist when there is
// none.
func (s *Store) RecoverProject() (ProjectFile, error) {
	data, ok := s.journal.pending[projectKey]
	if !ok {
		return ProjectFile{}, fmt.Errorf("recover classes: %w", fs.ErrNotExist)
	}
	return DecodeProject(data)
}

// Saved returns the paths of the photos that have a saved document, sorted. For a photo whose name is longer
// than maxFileName bytes it is the shortened one.
func (s *Store) Saved() ([]string, error) {
	root := filepath.Join(s.dir, "photos")
	var all []string
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			if path == root && errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			return err
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if e.Type().IsRegular() && strings.HasSuffix(rel, ".json") && !besideName.MatchString(rel) {
			all = append(all, strings.TrimSuffix(filepath.ToSlash(rel), ".json"))
		}
		return nil
	})
	slices.Sort(all)
	return all, err
}
