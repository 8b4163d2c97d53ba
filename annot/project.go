package annot

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// DefaultBudget is how many bytes of history a project keeps.
const DefaultBudget = 64 << 20

// Errors of projects.
var (
	ErrOpen          = errors.New("photo is open already")
	ErrUnsaved       = errors.New("photo has changes that are not saved")
	ErrNothingToUndo = errors.New("nothing to undo")
	ErrNothingToRedo = errors.New("nothing to redo")
)

// Version names a state of a photo or of the class table. Two equal versions have equal content, so a
// state that undo or redo returns to is the saved one exactly when its version is.
type Version uint64

// StepID names a step of the history.
type StepID uint64

// Step tells what a step of the history was about.
type Step struct {
	ID   StepID
	Name string
	// Photos are the paths of the photos that it touches, in the order it touched them.
	Photos []string
	// Classes tells that it changes the class table.
	Classes bool
}

// Project is the photos that are being worked on, their class table and the history of all edits. The
// history survives a change of photo: an undo takes back the latest step, whichever photo it is about.
// A Project belongs to one goroutine at a time.
type Project struct {
	// Load reads a photo that is not open when an edit, undo or redo needs it. Without it those fail
	// with ErrNoPhoto.
	Load func(path string) (Document, error)
	// Changed, if set, is told of every step that was done, extended, undone or redone, with what was
	// touched just now. It must not edit the project.
	Changed func(Step)

	table   ClassTable
	classes marks
	photos  map[string]*openPhoto
	closed  map[string]closedPhoto

	steps  []*step
	done   int   // how many of the steps are done; the others were undone
	size   int64 // bytes that the steps hold
	budget int64

	lastVersion Version
	lastStep    StepID
}

// marks are the version that a thing has and the one that was saved.
type marks struct{ now, saved Version }

type openPhoto struct {
	doc Document
	marks
}

// closedPhoto remembers a photo that the history knows, to see whether it comes back as it went.
type closedPhoto struct {
	version Version
	sum     [sha256.Size]byte
	photo   Photo    // whose size no file tells if the photo was never saved
	nextID  RegionID // may be beyond what was saved, after an undo
}

type step struct {
	Step
	changes  []change
	versions map[string]versions
	size     int64
}

type versions struct{ before, after Version }

// NewProject returns a project without photos. A budget of history of 0 bytes means DefaultBudget.
func NewProject(classes ClassTable, budget int64) *Project {
	if budget <= 0 {
		budget = DefaultBudget
	}
	return &Project{
		table:  classes,
		photos: map[string]*openPhoto{},
		closed: map[string]closedPhoto{},
		budget: budget,
	}
}

// Classes returns the class table.
func (p *Project) Classes() ClassTable { return p.table }

// OpenPhoto adds a photo, as it is saved. Regions without an id, or with one that is taken, get a new one. When
// the history knows the photo from before and it is another now, because another program has changed it,
// the history of the photo is forgotten. The error wraps ErrOpen, ErrNoPhoto for a document without a path,
// or ErrRegion.
func (p *Project) OpenPhoto(doc Document) error {
	path := doc.Photo.Path
	switch {
	case path == "":
		return fmt.Errorf("%w: photo without a path", ErrNoPhoto)
	case p.photos[path] != nil:
		return fmt.Errorf("%w: %s", ErrOpen, path)
	}
	doc, err := doc.checked()
	if err != nil {
		return err
	}
	photo := &openPhoto{doc: doc}
	if old, ok := p.closed[path]; ok {
		if err := photo.resume(old); err != nil {
			return err
		}
	}
	if photo.now == 0 {
		p.forget(path)
		photo.now = p.newVersion()
	}
	photo.saved = photo.now
	delete(p.closed, path)
	p.photos[path] = photo
	return nil
}

// resume takes up where a photo was closed, if it is the same still.
func (o *openPhoto) resume(old closedPhoto) error {
	if o.doc.Photo.Width == 0 && o.doc.Photo.Height == 0 {
		o.doc.Photo = old.photo
	}
	o.doc.NextID = max(o.doc.NextID, old.nextID)
	sum, err := o.doc.sum()
	if err == nil && sum == old.sum {
		o.now = old.version
	}
	return err
}

// checked returns a copy that is fit for a project.
func (d Document) checked() (Document, error) {
	for i, r := range d.Regions {
		if err := r.Validate(); err != nil {
			return d, fmt.Errorf("%s, region %d: %w", d.Photo.Path, i, err)
		}
	}
	for k, v := range d.Extra {
		if !json.Valid(v) {
			return d, fmt.Errorf("%s: %w: field %q is no JSON", d.Photo.Path, ErrRegion, k)
		}
	}
	for _, raw := range d.Broken {
		if !json.Valid(raw) {
			return d, fmt.Errorf("%s: %w: kept aside, but no JSON", d.Photo.Path, ErrRegion)
		}
	}
	d = d.Clone()
	d.giveIDs()
	return d, nil
}

// giveIDs makes sure that every region has an id of its own, below NextID.
func (d *Document) giveIDs() {
	d.NextID = max(d.NextID, 1)
	for _, r := range d.Regions {
		if r.ID+1 > d.NextID {
			d.NextID = r.ID + 1
		}
	}
	taken := make(map[RegionID]bool, len(d.Regions))
	for i := range d.Regions {
		if id := &d.Regions[i].ID; *id == 0 || taken[*id] {
			*id = d.NextID
			d.NextID++
		}
		taken[d.Regions[i].ID] = true
	}
}

// sum is a checksum of what the document says, but for the ids that were given and taken back.
func (d Document) sum() ([sha256.Size]byte, error) {
	d.NextID = 0
	data, err := EncodeDocument(d, Origin{})
	return sha256.Sum256(data), err
}

// ClosePhoto removes a photo, whose history stays. It refuses with ErrUnsaved while changes are not saved.
func (p *Project) ClosePhoto(path string) error {
	photo := p.photos[path]
	switch {
	case photo == nil:
		return fmt.Errorf("%w: %s", ErrNoPhoto, path)
	case photo.now != photo.saved:
		return fmt.Errorf("%w: %s", ErrUnsaved, path)
	}
	if p.knows(path) {
		sum, err := photo.doc.sum()
		if err != nil {
			return err
		}
		p.closed[path] = closedPhoto{photo.now, sum, photo.doc.Photo, photo.doc.NextID}
	}
	delete(p.photos, path)
	return nil
}

// Reload replaces an open photo by what is saved now, after another program has changed it. The history of
// the photo is forgotten.
func (p *Project) Reload(doc Document) error {
	path := doc.Photo.Path
	if p.photos[path] == nil {
		return fmt.Errorf("%w: %s", ErrNoPhoto, path)
	}
	p.forget(path)
	delete(p.photos, path)
	delete(p.closed, path)
	return p.OpenPhoto(doc)
}

func (p *Project) knows(path string) bool {
	return slices.ContainsFunc(p.steps, func(s *step) bool {
		_, ok := s.versions[path]
		return ok
	})
}

// forget takes a photo out of the history.
func (p *Project) forget(path string) {
	var kept []*step
	done := 0
	for i, s := range p.steps {
		if _, ok := s.versions[path]; ok {
			s.changes = slices.DeleteFunc(s.changes, func(c change) bool { return c.place() == path })
			delete(s.versions, path)
			s.Photos = slices.DeleteFunc(s.Photos, func(q string) bool { return q == path })
			p.size -= s.size
			s.measure()
			p.size += s.size
		}
		if len(s.changes) > 0 {
			kept = append(kept, s)
			if i < p.done {
				done++
			}
		} else {
			p.size -= s.size
		}
	}
	p.steps, p.done = kept, done
}

func (s *step) measure() {
	s.size = 128
	for _, c := range s.changes {
		s.size += c.cost()
	}
}

// Document returns an open photo as it is to be saved, and the version of that.
func (p *Project) Document(path string) (Document, Version, error) {
	photo := p.photos[path]
	if photo == nil {
		return Document{}, 0, fmt.Errorf("%w: %s", ErrNoPhoto, path)
	}
	return photo.doc.Clone(), photo.now, nil
}

// Regions returns what an open photo shows: its regions in drawing order, with the class of each a living
// row; those of deleted classes are left out. The caller must not change their shapes.
func (p *Project) Regions(path string) []Region {
	photo := p.photos[path]
	if photo == nil {
		return nil
	}
	out := make([]Region, 0, len(photo.doc.Regions))
	for _, r := range photo.doc.Regions {
		if row, ok := p.table.Resolve(r.Class); ok {
			r.Class = row
			out = append(out, r)
		}
	}
	return out
}

// Photos returns the paths of the open photos, sorted.
func (p *Project) Photos() []string { return p.paths(func(*openPhoto) bool { return true }) }

// Unsaved returns the paths of the open photos that differ from what was saved, sorted.
func (p *Project) Unsaved() []string {
	return p.paths(func(o *openPhoto) bool { return o.now != o.saved })
}

func (p *Project) paths(keep func(*openPhoto) bool) []string {
	var all []string
	for path, o := range p.photos {
		if keep(o) {
			all = append(all, path)
		}
	}
	slices.Sort(all)
	return all
}

// Saved notes that a version of a photo is what is saved now.
func (p *Project) Saved(path string, v Version) {
	if photo := p.photos[path]; photo != nil {
		photo.saved = v
	}
}

// ClassesVersion returns the version of the class table, and whether it differs from the saved one.
func (p *Project) ClassesVersion() (v Version, unsaved bool) {
	return p.classes.now, p.classes.now != p.classes.saved
}

// ClassesSaved notes that a version of the class table is what is saved now.
func (p *Project) ClassesSaved(v Version) { p.classes.saved = v }

// neverSaved is a version that nothing has.
const neverSaved = ^Version(0)

// loadClass returns the row of the class with a name and, where there is none, makes one outside of the
// history.
func (p *Project) loadClass(name string) (int, error) {
	if row, ok := p.table.Find(name); ok {
		return row, nil
	}
	t, row, err := p.table.with(Class{Name: name})
	if err != nil {
		return -1, err
	}
	t.rows[row].loaded = true
	p.table = t
	p.classes.saved = neverSaved
	return row, nil
}

func (p *Project) newVersion() Version {
	p.lastVersion++
	return p.lastVersion
}

// need makes sure that a photo is open.
func (p *Project) need(path string) error {
	if p.photos[path] != nil {
		return nil
	}
	if p.Load == nil || path == "" {
		return fmt.Errorf("%w: %s", ErrNoPhoto, path)
	}
	doc, err := p.Load(path)
	if err != nil {
		return fmt.Errorf("load %s: %w", path, err)
	}
	doc.Photo.Path = path
	return p.OpenPhoto(doc)
}
