package annot

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// Workspace is a project together with the store that it is saved in. It journals every step before the
// next can begin, so that a crash loses nothing. Like a Project it belongs to one goroutine at a time.
type Workspace struct {
	*Project
	store *Store
	file  ProjectFile // id and unknown fields; the classes are the project's
	// Problems are what could not be understood in files so far; each is kept where it was.
	Problems []error
	// Stepped, if set, is told of every step like Project.Changed, which the workspace needs for itself.
	Stepped func(Step)
	trouble error
}

// OpenWorkspace opens the folder of a store, made when there is none. The classes are for a new one. The
// error wraps ErrInUse, ErrFormat, ErrNewer or ErrClassName. Work that a crash has left is in Left, until
// Recover or Decline is called.
func OpenWorkspace(dir string, classes ...Class) (*Workspace, error) {
	store, problems, err := OpenStore(dir)
	if err != nil {
		return nil, err
	}
	w := &Workspace{store: store, Problems: problems}
	if w.file, err = w.projectFile(classes); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	w.Project = NewProject(w.file.Classes, 0)
	w.Project.Load = w.load
	w.Changed = w.note
	return w, nil
}

func (w *Workspace) projectFile(classes []Class) (ProjectFile, error) {
	file, err := w.store.LoadProject()
	if !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	if file.Classes, err = NewClassTable(classes...); err != nil {
		return file, err
	}
	file.ID = rand.Text()
	return file, w.store.SaveProject(file)
}

// Close ends the work. What is not saved stays in the journal and is offered at the next opening.
func (w *Workspace) Close() error { return w.store.Close() }

// Trouble returns the latest error of writing the journal, nil when the last write went well. While there
// is trouble, a crash would lose what is not saved.
func (w *Workspace) Trouble() error { return w.trouble }

// Photo opens a photo if it is not open: with its labels, or without any if it has none.
func (w *Workspace) Photo(photo Photo) error {
	if w.photos[photo.Path] != nil {
		return nil
	}
	doc, err := w.load(photo.Path)
	if err != nil {
		return err
	}
	switch had := doc.Photo; {
	case had.Width == 0 && had.Height == 0:
		doc.Photo = photo
	case had != photo:
		w.Problems = append(w.Problems, fmt.Errorf("%s: labels are for %d × %d pixels, the photo has %d × %d",
			photo.Path, had.Width, had.Height, photo.Width, photo.Height))
	}
	return w.OpenPhoto(doc)
}

// load reads a document and makes its classes rows of this project's table.
func (w *Workspace) load(path string) (Document, error) {
	doc, origin, problems, err := w.store.Load(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Document{Photo: Photo{Path: path}}, nil
	}
	if err != nil {
		return Document{}, err
	}
	for _, p := range problems {
		w.Problems = append(w.Problems, fmt.Errorf("%s: %w", path, p))
	}
	return doc, w.adopt(&doc, origin)
}

// adopt gives the regions of a document rows of this project's table. Rows of a document of this project
// are kept; classes of another are found by name, and made where there is none.
func (w *Workspace) adopt(doc *Document, origin Origin) error {
	rows := map[int]int{}
	for i := range doc.Regions {
		old := doc.Regions[i].Class
		row, known := rows[old]
		if !known {
			var err error
			if row, err = w.adoptClass(old, origin); err != nil {
				return fmt.Errorf("class %d of %s: %w", old, doc.Photo.Path, err)
			}
			rows[old] = row
		}
		doc.Regions[i].Class = row
	}
	return nil
}

func (w *Workspace) adoptClass(row int, origin Origin) (int, error) {
	if origin.Project == w.file.ID && row < w.table.Rows() {
		return row, nil
	}
	name := strings.TrimSpace(origin.Names[row])
	if name == "" {
		name = fmt.Sprintf("class %d", row)
	}
	return w.loadClass(name)
}

func (w *Workspace) origin() Origin {
	o := Origin{Project: w.file.ID, Names: make(map[int]string, w.table.Rows())}
	for i := range w.table.Rows() {
		o.Names[i] = w.table.Row(i).Name
	}
	return o
}

func (w *Workspace) project() ProjectFile {
	f := w.file
	f.Classes = w.table
	return f
}

// note journals what a step has touched. A state that is saved needs no journal: what was undone must not
// come back by a recovery.
func (w *Workspace) note(s Step) {
	var errs []error
	if s.Classes {
		errs = append(errs, w.noteClasses())
	}
	var unsaved []Document
	var saved []string
	for _, path := range s.Photos {
		if photo := w.photos[path]; photo.now == photo.saved {
			saved = append(saved, path)
		} else {
			unsaved = append(unsaved, photo.doc)
		}
	}
	errs = append(errs, w.store.Note(w.origin(), unsaved...), w.store.Settle(saved...))
	w.trouble = errors.Join(errs...)
	if w.Stepped != nil {
		w.Stepped(s)
	}
}

func (w *Workspace) noteClasses() error {
	if _, unsaved := w.ClassesVersion(); unsaved {
		return w.store.NoteProject(w.project())
	}
	return w.store.Settle(projectKey)
}

// Save writes a photo if it has changed, and the class table before it. A *Conflict among the errors tells
// that another program has changed a file, and where ours is; that counts as saved.
func (w *Workspace) Save(path string) error {
	if err := w.saveClasses(); err != nil && !isConflict(err) {
		return err
	}
	photo := w.photos[path]
	if photo == nil {
		return fmt.Errorf("%w: %s", ErrNoPhoto, path)
	}
	if photo.now == photo.saved {
		return nil
	}
	err := w.store.Save(photo.doc, w.origin())
	if err == nil || isConflict(err) {
		photo.saved = photo.now
	}
	return err
}

func isConflict(err error) bool {
	var c *Conflict
	return errors.As(err, &c)
}

func (w *Workspace) saveClasses() error {
	v, unsaved := w.ClassesVersion()
	if !unsaved {
		return nil
	}
	err := w.store.SaveProject(w.project())
	if err == nil || isConflict(err) {
		w.ClassesSaved(v)
	}
	return err
}

// SaveAll writes all that has changed, and joins the errors.
func (w *Workspace) SaveAll() error {
	errs := []error{w.saveClasses()}
	for _, path := range w.Unsaved() {
		errs = append(errs, w.Save(path))
	}
	return errors.Join(errs...)
}

// ChangedOutside reports whether another program has changed the labels of a photo.
func (w *Workspace) ChangedOutside(path string) (bool, error) { return w.store.Changed(path) }

// TakeTheirs replaces an open photo by what another program has written. Its history is forgotten.
func (w *Workspace) TakeTheirs(path string) error {
	photo := w.photos[path]
	if photo == nil {
		return fmt.Errorf("%w: %s", ErrNoPhoto, path)
	}
	doc, err := w.load(path)
	if err != nil {
		return err
	}
	if doc.Photo.Width == 0 && doc.Photo.Height == 0 {
		doc.Photo = photo.doc.Photo
	}
	if err := w.Reload(doc); err != nil {
		return err
	}
	return w.store.Settle(path)
}

// KeepOurs writes our state of a photo over what another program has written.
func (w *Workspace) KeepOurs(path string) error {
	photo := w.photos[path]
	if photo == nil {
		return fmt.Errorf("%w: %s", ErrNoPhoto, path)
	}
	if err := w.store.Overwrite(path); err != nil {
		return err
	}
	if err := w.store.Save(photo.doc, w.origin()); err != nil {
		return err
	}
	photo.saved = photo.now
	return nil
}

// Left returns the paths of the photos with work that a crash has left unsaved, until Recover or Decline is
// called; the empty path is the class table. If the person changes such a photo before, what was left goes
// to a file beside the photo's.
func (w *Workspace) Left() []string { return w.store.Left() }

// Recover brings back what a crash has left unsaved, all in one step that can be undone. What cannot be
// recovered stays in the journal and is told of in the error.
func (w *Workspace) Recover() error {
	var errs []error
	_, err := w.Do("recovered after a crash", func(e *Edit) error {
		for _, path := range w.Left() {
			var err error
			if path == projectKey {
				err = w.recoverClasses(e)
			} else {
				err = w.recoverPhoto(e, path)
			}
			if err == nil {
				w.store.Taken(path)
			}
			errs = append(errs, err)
		}
		return nil
	})
	return errors.Join(append(errs, err)...)
}

func (w *Workspace) recoverClasses(e *Edit) error {
	file, err := w.store.RecoverProject()
	if err != nil {
		return fmt.Errorf("recover classes: %w", err)
	}
	return e.ReplaceClasses(file.Classes)
}

func (w *Workspace) recoverPhoto(e *Edit, path string) error {
	doc, _, err := w.store.Recover(path)
	if err != nil {
		return fmt.Errorf("recover %s: %w", path, err)
	}
	return e.ReplaceDocument(path, doc)
}

// Decline gives up what a crash has left unsaved.
func (w *Workspace) Decline() error {
	return w.store.Settle(w.Left()...)
}
