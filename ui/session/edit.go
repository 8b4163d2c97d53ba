package session

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/tr"
)

// do makes a step of the history.
func (s *Session) do(name string, edit func(*annot.Edit) error) error {
	_, err := s.project.Do(name, edit)
	return err
}

// stepped follows every step that was done, undone or redone.
func (s *Session) stepped(step annot.Step) {
	rel := s.photo.Item.Rel
	for _, path := range step.Photos {
		if path != rel {
			s.noteOther(path)
		}
	}
	s.choose()
	s.noteInfo()
	s.p.Changed(Regions | Words | List | Saved)
	if step.Classes {
		s.Find()
	}
	s.saveSoon()
}

// noteOther brings the list's knowledge of a photo that is not in sight up to date.
func (s *Session) noteOther(path string) {
	if doc, _, err := s.project.Document(path); err == nil {
		s.info[path] = infoOf(doc.State, doc.Regions, func(row int) string { return s.project.Classes().Row(row).Name })
	}
}

// saveDelay is how long a person's hands rest before their work is saved. The journal has it before that.
const (
	saveDelay     = 600 * time.Millisecond
	saveLongDelay = 10 * time.Second
)

// Saving is when labels are saved. The journal has every step at once, whatever is chosen.
type Saving uint8

// When labels are saved; always when the photo is left too.
const (
	SaveAtOnce Saving = iota // when the hands rest
	SaveLater                // some seconds later
	SaveOnLeave
)

func (s *Session) saveSoon() {
	if s.work == nil || s.Saving == SaveOnLeave {
		return
	}
	delay := saveDelay
	if s.Saving == SaveLater {
		delay = saveLongDelay
	}
	if s.saveTimer != nil {
		s.saveTimer.Stop()
	}
	s.saveTimer = time.AfterFunc(delay, func() { s.post(func() { s.complain(s.saveUnlessChanged()) }) })
}

// Save saves at once.
func (s *Session) Save() { s.complain(s.saveUnlessChanged()) }

// saveUnlessChanged saves, unless another program has changed the labels in sight: then a person decides.
func (s *Session) saveUnlessChanged() error {
	if s.lookOutside() {
		return nil
	}
	return s.save()
}

// save saves whatever another program has done: ours go beside theirs then.
func (s *Session) save() error {
	if s.work == nil {
		return nil
	}
	err := s.work.SaveAll()
	var conflict *annot.Conflict
	if err == nil || errors.As(err, &conflict) {
		s.savedAt = time.Now()
		for _, path := range s.project.Photos() {
			if path != s.photo.Item.Rel {
				_ = s.project.ClosePhoto(path) // opened by undo or the batch; what is not saved stays open
			}
		}
	}
	s.p.Changed(Saved)
	return err
}

// Undo takes the latest step back, and goes to the photo that it was about.
func (s *Session) Undo() {
	step, err := s.project.Undo()
	s.history(step, err, tr.L("Undone: %s", step.Name))
}

// Redo does again what Undo has taken back.
func (s *Session) Redo() {
	step, err := s.project.Redo()
	s.history(step, err, tr.L("Redone: %s", step.Name))
}

func (s *Session) history(step annot.Step, err error, text string) {
	if err != nil {
		s.complain(err)
		return
	}
	if len(step.Photos) > 0 && !slices.Contains(step.Photos, s.photo.Item.Rel) {
		if i, ok := s.byRel[step.Photos[0]]; ok {
			s.Go(i)
		}
	}
	s.say(text, false)
}

// CanUndo and CanRedo name the steps that Undo and Redo would be about.
func (s *Session) CanUndo() (name string, ok bool) {
	step, ok := s.project.NextUndo()
	return step.Name, ok
}

// CanRedo names the step that Redo would do again.
func (s *Session) CanRedo() (name string, ok bool) {
	step, ok := s.project.NextRedo()
	return step.Name, ok
}

// Select selects regions.
func (s *Session) Select(ids ...annot.RegionID) {
	s.selected = slices.Clone(ids)
	s.p.Changed(Regions)
}

// Selected returns the selected regions' ids, in the order in which they were selected.
func (s *Session) Selected() []annot.RegionID { return s.selected }

// SelectNext selects the next region in the order of the lists, suggestions first, or the one before.
func (s *Session) SelectNext(forward bool) {
	var ids []annot.RegionID
	for _, r := range s.found {
		ids = append(ids, r.ID)
	}
	for _, r := range s.Accepted() {
		ids = append(ids, r.ID)
	}
	if len(ids) == 0 {
		return
	}
	at := -1
	if len(s.selected) > 0 {
		at = slices.Index(ids, s.selected[len(s.selected)-1])
	}
	switch {
	case forward:
		at++
	case at <= 0:
		at = len(ids) - 1
	default:
		at--
	}
	s.Select(ids[at%len(ids)])
}

func (s *Session) name(ids []annot.RegionID) string {
	if len(ids) == 1 {
		if r := s.Region(ids[0]); r != nil {
			return s.project.Classes().Row(r.Class).Name
		}
	}
	return tr.N("%s region", "%s regions", len(ids))
}

// Accept makes suggestions labels.
func (s *Session) Accept(ids ...annot.RegionID) {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id annot.RegionID) bool {
		r := s.Region(id)
		return r == nil || r.Review != annot.Suggested
	})
	if len(ids) == 0 {
		return
	}
	next := s.after(ids[len(ids)-1])
	path := s.photo.Item.Rel
	err := s.do(tr.L("Accept %s", s.name(ids)), func(e *annot.Edit) error {
		for _, id := range ids {
			if _, err := s.adopt(e, path, id, nil); err != nil {
				return err
			}
		}
		return nil
	})
	s.complain(err)
	if err == nil {
		s.Select(next...)
	}
}

// after returns the suggestion below one in the list, to go on with when that one is judged.
func (s *Session) after(id annot.RegionID) []annot.RegionID {
	at := slices.IndexFunc(s.found, func(r annot.Region) bool { return r.ID == id })
	for _, k := range []int{at + 1, at - 1} {
		if at >= 0 && k >= 0 && k < len(s.found) {
			return []annot.RegionID{s.found[k].ID}
		}
	}
	return nil
}

// adopt makes a suggestion a label, changed if wanted, and returns its id.
func (s *Session) adopt(e *annot.Edit, path string, id annot.RegionID, change func(*annot.Region)) (annot.RegionID, error) {
	r := s.Region(id)
	if r == nil {
		return 0, annot.ErrNoRegion
	}
	region := r.Clone()
	region.Review = annot.Accepted
	if change != nil {
		change(&region)
	}
	if !IsSuggestion(id) {
		return id, e.Update(path, id, func(old *annot.Region) { *old = region })
	}
	region.ID = 0
	return e.Add(path, region)
}

// AcceptAll makes all suggestions in sight labels.
func (s *Session) AcceptAll() {
	var ids []annot.RegionID
	for _, r := range s.found {
		ids = append(ids, r.ID)
	}
	s.Accept(ids...)
}

// Reject takes suggestions away, for good: the models will not propose them again on this photo.
func (s *Session) Reject(ids ...annot.RegionID) {
	path := s.photo.Item.Rel
	var gone []annot.Region
	for _, id := range ids {
		if r := s.Region(id); r != nil && r.Review == annot.Suggested {
			gone = append(gone, r.Clone())
		}
	}
	if len(gone) == 0 {
		return
	}
	next := s.after(ids[len(ids)-1])
	err := s.do(tr.L("Reject %s", s.name(ids)), func(e *annot.Edit) error {
		doc, err := e.Document(path)
		if err != nil {
			return err
		}
		doc = doc.Clone()
		list := rejections(doc)
		for _, r := range gone {
			list = append(list, rejection{s.project.Classes().Row(r.Class).Name, [4]float64{r.Box.X0, r.Box.Y0, r.Box.X1, r.Box.Y1}})
			doc.Regions = slices.DeleteFunc(doc.Regions, func(o annot.Region) bool { return o.ID == r.ID })
		}
		data, err := json.Marshal(list)
		if err != nil {
			return err
		}
		if doc.Extra == nil {
			doc.Extra = map[string]json.RawMessage{}
		}
		doc.Extra[rejectedField] = data
		return e.ReplaceDocument(path, doc)
	})
	s.complain(err)
	if err == nil {
		s.Select(next...)
	}
}

// Delete takes the selected regions out; suggestions are rejected.
func (s *Session) Delete() {
	var labels, suggested []annot.RegionID
	for _, id := range s.selected {
		switch r := s.Region(id); {
		case r == nil:
		case r.Review == annot.Suggested:
			suggested = append(suggested, id)
		default:
			labels = append(labels, id)
		}
	}
	if len(suggested) > 0 {
		s.Reject(suggested...)
	}
	if len(labels) > 0 {
		s.complain(s.do(tr.L("Delete %s", s.name(labels)), func(e *annot.Edit) error {
			return e.Delete(s.photo.Item.Rel, labels...)
		}))
	}
}

// Relabel gives the selected regions a class; suggestions become labels by that.
func (s *Session) Relabel(row int) error {
	ids := s.selected
	path := s.photo.Item.Rel
	var now []annot.RegionID
	err := s.do(tr.L("Class %s", s.project.Classes().Row(row).Name), func(e *annot.Edit) error {
		for _, id := range ids {
			set := func(r *annot.Region) { r.Class = row }
			r := s.Region(id)
			switch {
			case r == nil:
				continue
			case r.Review == annot.Suggested:
				var err error
				if id, err = s.adopt(e, path, id, set); err != nil {
					return err
				}
			default:
				if err := e.Relabel(path, row, id); err != nil {
					return err
				}
			}
			now = append(now, id)
		}
		return nil
	})
	if err == nil {
		s.Select(now...)
	}
	return err
}

// Create adds a region that was drawn and selects it. Where the models see something at that place, it gets
// their class; else the current one.
func (s *Session) Create(box annot.Box, shape annot.Shape) error {
	row := s.Class()
	if len(s.project.Classes().Order()) > 1 {
		if guess, score, ok := s.answer.candidate(box, 0.5); ok && score >= 0.2 {
			row = guess
		}
	}
	var id annot.RegionID
	err := s.do(tr.L("Draw"), func(e *annot.Edit) error {
		var err error
		if row < 0 {
			if row, err = e.AddClass(annot.Class{Name: tr.L("object")}); err != nil {
				return err
			}
		}
		id, err = e.Add(s.photo.Item.Rel, annot.Region{Class: row, Box: box, Shape: shape, Source: annot.Source{Maker: annot.ByHand}})
		return err
	})
	if err == nil {
		s.Select(id)
		if shape == nil && s.Fills {
			s.FillMask(id)
		}
	}
	return err
}

// Extent is a region's new place.
type Extent struct {
	ID    annot.RegionID
	Box   annot.Box
	Shape annot.Shape
}

// Reshape gives regions new extents; suggestions become labels by that.
func (s *Session) Reshape(extents []Extent) error {
	path := s.photo.Item.Rel
	ids := slices.Clone(s.selected)
	err := s.do(tr.L("Move"), func(e *annot.Edit) error {
		for _, x := range extents {
			if r := s.Region(x.ID); r != nil && r.Review == annot.Suggested {
				id, err := s.adopt(e, path, x.ID, func(r *annot.Region) { r.Box, r.Shape, r.Source.Maker = x.Box, x.Shape, annot.ByHand })
				if err != nil {
					return err
				}
				for i := range ids {
					if ids[i] == x.ID {
						ids[i] = id
					}
				}
				continue
			}
			err := e.Update(path, x.ID, func(r *annot.Region) { r.Box, r.Shape, r.Source.Maker = x.Box, x.Shape, annot.ByHand })
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		s.Select(ids...)
	}
	return err
}

// Lock locks the selected labels, or frees them when all are locked.
func (s *Session) Lock(ids ...annot.RegionID) {
	lock := false
	for _, id := range ids {
		if r := s.Region(id); r != nil && !r.Locked {
			lock = true
		}
	}
	name := tr.L("Unlock %s", s.name(ids))
	if lock {
		name = tr.L("Lock %s", s.name(ids))
	}
	s.complain(s.flag(name, ids, func(e *annot.Edit, ids []annot.RegionID) error {
		return e.SetLocked(s.photo.Item.Rel, lock, ids...)
	}))
}

// Hide hides labels, or shows them.
func (s *Session) Hide(hide bool, ids ...annot.RegionID) {
	name := tr.L("Show %s", s.name(ids))
	if hide {
		name = tr.L("Hide %s", s.name(ids))
	}
	s.complain(s.flag(name, ids, func(e *annot.Edit, ids []annot.RegionID) error {
		return e.SetHidden(s.photo.Item.Rel, hide, ids...)
	}))
}

func (s *Session) flag(name string, ids []annot.RegionID, set func(*annot.Edit, []annot.RegionID) error) error {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id annot.RegionID) bool {
		r := s.Region(id)
		return r == nil || r.Review == annot.Suggested
	})
	if len(ids) == 0 {
		return nil
	}
	return s.do(name, func(e *annot.Edit) error { return set(e, ids) })
}

// Copy keeps the selected regions for Paste.
func (s *Session) Copy() {
	s.clip = nil
	for _, id := range s.selected {
		if r := s.Region(id); r != nil {
			s.clip = append(s.clip, r.Clone())
		}
	}
	if len(s.clip) > 0 {
		s.say(tr.N("%s region copied.", "%s regions copied.", len(s.clip)), false)
	}
}

// Paste adds the copied regions, clipped to the photo in sight.
func (s *Session) Paste(move func(r annot.Region) (annot.Box, annot.Shape)) {
	if len(s.clip) == 0 {
		return
	}
	var ids []annot.RegionID
	err := s.do(tr.L("Paste"), func(e *annot.Edit) error {
		for _, r := range s.clip {
			r = r.Clone()
			r.ID, r.Review, r.Locked, r.Hidden = 0, annot.Accepted, false, false
			r.Source = annot.Source{Maker: annot.ByHand}
			r.Box, r.Shape = move(r)
			id, err := e.Add(s.photo.Item.Rel, r)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return nil
	})
	s.complain(err)
	if err == nil {
		s.Select(ids...)
	}
}

// Done reports whether the photo in sight is declared done.
func (s *Session) Done() bool {
	doc, _, err := s.project.Document(s.photo.Item.Rel)
	return err == nil && doc.State == annot.PhotoChecked
}

// SetDone declares the photo in sight done, or not. Suggestions of a batch that were left go with it.
func (s *Session) SetDone(done bool) {
	path := s.photo.Item.Rel
	doc, _, err := s.project.Document(path)
	if err != nil {
		return
	}
	state, name := annot.PhotoNew, tr.L("Not done")
	if done {
		state, name = annot.PhotoChecked, tr.L("Done")
	}
	s.complain(s.do(name, func(e *annot.Edit) error {
		for _, r := range doc.Regions {
			if done && r.Review == annot.Suggested {
				if err := e.Reject(path, r.ID); err != nil {
					return err
				}
			}
		}
		return e.SetState(path, state)
	}))
}
