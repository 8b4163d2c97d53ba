package annot

import (
	"fmt"
	"slices"
)

// Edit is what a step of the history is made of. Project.Do hands one to the caller, whose calls take
// effect at once and are taken back together when the step fails.
type Edit struct {
	p       *Project
	changes []change
}

// change is one thing that a step did. Changes hold what was before and what is after, so that they can
// be undone and redone without thought.
type change interface {
	apply(p *Project)
	revert(p *Project)
	place() string // the photo's path, or theClasses
	cost() int64
}

// theClasses is the place of changes to the class table; no photo has an empty path.
const theClasses = ""

// regionChange is a region that came (no before), went (no after), became different, or moved in the
// drawing order.
type regionChange struct {
	path          string
	before, after *Region
	at, to        int // places in the drawing order before and after
}

func (c *regionChange) apply(p *Project)  { swapRegion(p, c.path, c.before, c.at, c.after, c.to) }
func (c *regionChange) revert(p *Project) { swapRegion(p, c.path, c.after, c.to, c.before, c.at) }
func (c *regionChange) place() string     { return c.path }

func swapRegion(p *Project, path string, old *Region, at int, now *Region, to int) {
	doc := &p.photos[path].doc
	if old != nil {
		doc.Regions = slices.Delete(doc.Regions, at, at+1)
	}
	if now != nil {
		doc.Regions = slices.Insert(doc.Regions, to, *now)
	}
}

func (c *regionChange) cost() int64 {
	n := int64(64)
	if c.after != nil {
		n += c.after.cost()
	}
	if c.before != nil {
		n += c.before.cost()
	}
	return n
}

type stateChange struct {
	path          string
	before, after PhotoState
}

func (c *stateChange) apply(p *Project)  { p.photos[c.path].doc.State = c.after }
func (c *stateChange) revert(p *Project) { p.photos[c.path].doc.State = c.before }
func (c *stateChange) place() string     { return c.path }
func (c *stateChange) cost() int64       { return 64 }

// documentChange is a photo whose regions and state were replaced as a whole.
type documentChange struct {
	path          string
	before, after Document
}

func (c *documentChange) apply(p *Project)  { p.photos[c.path].doc.become(c.after) }
func (c *documentChange) revert(p *Project) { p.photos[c.path].doc.become(c.before) }
func (c *documentChange) place() string     { return c.path }

func (c *documentChange) cost() int64 {
	n := int64(128)
	for _, d := range []Document{c.before, c.after} {
		for i := range d.Regions {
			n += d.Regions[i].cost()
		}
	}
	return n
}

// become takes over what another document says; ids given meanwhile stay given.
func (d *Document) become(o Document) {
	next := max(d.NextID, o.NextID)
	*d = o
	d.Regions = slices.Clone(o.Regions)
	d.NextID = next
}

type tableChange struct{ before, after ClassTable }

func (c *tableChange) apply(p *Project)  { p.table = c.after.after(p.table) }
func (c *tableChange) revert(p *Project) { p.table = c.before.after(p.table) }
func (c *tableChange) place() string     { return theClasses }
func (c *tableChange) cost() int64       { return 64 + c.after.cost() }

func (e *Edit) do(c change) {
	c.apply(e.p)
	e.changes = append(e.changes, c)
}

func (e *Edit) takeBack() {
	for _, c := range slices.Backward(e.changes) {
		c.revert(e.p)
	}
	e.changes = nil
}

// Document returns a photo as the edit has left it so far; the caller must not change it.
func (e *Edit) Document(path string) (Document, error) {
	doc, err := e.doc(path)
	if err != nil {
		return Document{}, err
	}
	return *doc, nil
}

// Classes returns the class table as the edit has left it so far.
func (e *Edit) Classes() ClassTable { return e.p.table }

func (e *Edit) doc(path string) (*Document, error) {
	if err := e.p.need(path); err != nil {
		return nil, err
	}
	return &e.p.photos[path].doc, nil
}

// Add puts a region on top of a photo and returns its id. A region with a shape and an empty box gets the
// box of its shape, and one of a merged class the class that it counts as. A suggestion makes a new photo a
// suggested one.
func (e *Edit) Add(path string, r Region) (RegionID, error) {
	doc, err := e.doc(path)
	if err != nil {
		return 0, err
	}
	if r.Shape != nil && r.Box == (Box{}) {
		r.Box = extent(r.Shape)
	}
	if err := r.Validate(); err != nil {
		return 0, err
	}
	row, ok := e.p.table.Resolve(r.Class)
	if !ok {
		return 0, fmt.Errorf("%w: row %d", ErrNoClass, r.Class)
	}
	r = r.Clone()
	r.Class = row
	r.ID = doc.NextID
	doc.NextID++
	e.do(&regionChange{path: path, after: &r, to: len(doc.Regions)})
	if r.Review == Suggested && doc.State == PhotoNew {
		e.do(&stateChange{path, PhotoNew, PhotoSuggested})
	}
	return r.ID, nil
}

// find returns the document and the region's place in it.
func (e *Edit) find(path string, id RegionID) (*Document, int, error) {
	doc, err := e.doc(path)
	if err != nil {
		return nil, 0, err
	}
	i := doc.index(id)
	if i < 0 {
		return nil, 0, fmt.Errorf("%w: %d in %s", ErrNoRegion, id, path)
	}
	return doc, i, nil
}

// Delete takes regions out of a photo. Locked ones are refused with ErrLocked.
func (e *Edit) Delete(path string, ids ...RegionID) error {
	for _, id := range ids {
		doc, i, err := e.find(path, id)
		if err != nil {
			return err
		}
		if doc.Regions[i].Locked {
			return fmt.Errorf("%w: %d in %s", ErrLocked, id, path)
		}
		old := doc.Regions[i]
		e.do(&regionChange{path: path, before: &old, at: i})
	}
	return nil
}

// Update changes a region in any way but its id. A locked one is refused with ErrLocked.
func (e *Edit) Update(path string, id RegionID, change func(*Region)) error {
	doc, i, err := e.find(path, id)
	if err != nil {
		return err
	}
	if doc.Regions[i].Locked {
		return fmt.Errorf("%w: %d in %s", ErrLocked, id, path)
	}
	return e.update(path, doc, i, change)
}

func (e *Edit) update(path string, doc *Document, i int, change func(*Region)) error {
	old := doc.Regions[i]
	now := old.Clone()
	change(&now)
	now = now.Clone()
	now.ID = old.ID
	if err := now.Validate(); err != nil {
		return err
	}
	if now.Class != old.Class {
		if err := e.p.table.live(now.Class); err != nil {
			return err
		}
	}
	e.do(&regionChange{path, &old, &now, i, i})
	return nil
}

// SetShape gives a region another extent, drawn by a person: the region counts as made by hand from then
// on. A nil shape makes it a plain box; with a shape the box is the shape's and the one given is ignored.
func (e *Edit) SetShape(path string, id RegionID, box Box, shape Shape) error {
	return e.Update(path, id, func(r *Region) {
		r.Box, r.Shape, r.Source.Maker = box, shape, ByHand
		if shape != nil {
			r.Box = extent(shape)
		}
	})
}

// Relabel gives regions another class.
func (e *Edit) Relabel(path string, class int, ids ...RegionID) error {
	return e.each(path, ids, e.Update, func(r *Region) { r.Class = class })
}

// Accept makes suggestions part of the labels.
func (e *Edit) Accept(path string, ids ...RegionID) error {
	return e.each(path, ids, e.Update, func(r *Region) { r.Review = Accepted })
}

// Reject takes suggestions out of the photo.
func (e *Edit) Reject(path string, ids ...RegionID) error { return e.Delete(path, ids...) }

// SetLocked locks regions, so that nothing but locking and hiding can change them, or frees them.
func (e *Edit) SetLocked(path string, locked bool, ids ...RegionID) error {
	return e.each(path, ids, e.force, func(r *Region) { r.Locked = locked })
}

// SetHidden hides regions from view, or shows them. Hidden regions are saved like any other.
func (e *Edit) SetHidden(path string, hidden bool, ids ...RegionID) error {
	return e.each(path, ids, e.force, func(r *Region) { r.Hidden = hidden })
}

// force is Update for locked regions too.
func (e *Edit) force(path string, id RegionID, change func(*Region)) error {
	doc, i, err := e.find(path, id)
	if err != nil {
		return err
	}
	return e.update(path, doc, i, change)
}

func (e *Edit) each(path string, ids []RegionID, update func(string, RegionID, func(*Region)) error, change func(*Region)) error {
	for _, id := range ids {
		if err := update(path, id, change); err != nil {
			return err
		}
	}
	return nil
}

// Reorder moves a region to a place in the drawing order, 0 for the bottom; places beyond the ends mean
// the ends.
func (e *Edit) Reorder(path string, id RegionID, to int) error {
	doc, i, err := e.find(path, id)
	if err != nil {
		return err
	}
	to = max(0, min(to, len(doc.Regions)-1))
	if to != i {
		r := doc.Regions[i]
		e.do(&regionChange{path, &r, &r, i, to})
	}
	return nil
}

// SetState tells how far a person has come with a photo.
func (e *Edit) SetState(path string, s PhotoState) error {
	doc, err := e.doc(path)
	if err != nil {
		return err
	}
	if s > PhotoChecked {
		return fmt.Errorf("photo state %d is not known", s)
	}
	if doc.State != s {
		e.do(&stateChange{path, doc.State, s})
	}
	return nil
}

// ReplaceDocument replaces all that is known about a photo, as when a crash is recovered from. Regions
// without an id of their own get one.
func (e *Edit) ReplaceDocument(path string, d Document) error {
	doc, err := e.doc(path)
	if err != nil {
		return err
	}
	d, err = d.checked()
	if err != nil {
		return err
	}
	d.Photo.Path = path
	e.do(&documentChange{path, doc.Clone(), d})
	return nil
}

// ReplaceClasses replaces the whole class table. Rows that the new table lacks are dead then.
func (e *Edit) ReplaceClasses(t ClassTable) error { return e.setTable(t, nil) }

func (e *Edit) setTable(t ClassTable, err error) error {
	if err == nil {
		e.do(&tableChange{e.p.table, t})
	}
	return err
}

// AddClass adds a class at the end and returns its row. The error wraps ErrClassName.
func (e *Edit) AddClass(c Class) (int, error) {
	t, i, err := e.p.table.with(c)
	return i, e.setTable(t, err)
}

// SetClass replaces a class: its name, words and colour. The errors wrap ErrClassName and ErrNoClass.
func (e *Edit) SetClass(row int, c Class) error {
	return e.setTable(e.p.table.changed(row, c))
}

// RenameClass gives a class another name. Where the old name was a phrase to find it by, it stays one.
func (e *Edit) RenameClass(row int, name string) error {
	c := e.p.table.Row(row)
	c.Name = name
	return e.SetClass(row, c)
}

// DeleteClass takes a class out of the table. Its regions, in all photos, are not shown or exported any
// more, until the step is undone.
func (e *Edit) DeleteClass(row int) error {
	return e.setTable(e.p.table.without(row, deleted, -1))
}

// MergeClasses makes all regions of some classes, in all photos, count as those of another. The words that
// found them find the other class then.
func (e *Edit) MergeClasses(into int, from ...int) error {
	t := e.p.table
	c := t.Row(into)
	for _, i := range from {
		if i == into {
			return fmt.Errorf("%w: row %d cannot be merged into itself", ErrNoClass, i)
		}
		for _, phrase := range t.Row(i).Phrases {
			if !slices.Contains(c.Phrases, phrase) {
				c.Phrases = append(slices.Clip(c.Phrases), phrase)
			}
		}
		var err error
		if t, err = t.without(i, merged, into); err != nil {
			return err
		}
	}
	return e.setTable(t.changed(into, c))
}

// OrderClasses orders the living rows; it needs each of them exactly once.
func (e *Edit) OrderClasses(order []int) error {
	return e.setTable(e.p.table.ordered(order))
}
