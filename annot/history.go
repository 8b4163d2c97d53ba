package annot

import (
	"fmt"
	"slices"
)

// Do makes one step of the history of all that edit does, be it a drag of a corner or an AI run over a
// thousand photos. When edit fails, nothing of it stays. A step that changes nothing is none: its id is 0.
// What was undone before can not be redone any more.
func (p *Project) Do(name string, edit func(*Edit) error) (StepID, error) {
	changes, err := p.try(edit)
	if err != nil || len(changes) == 0 {
		return 0, err
	}
	return p.push(name, changes), nil
}

// Extend adds to an earlier step, as the photos of an AI run come in while the person works on. When a
// later step has touched the same photos or the classes, or the step is gone or undone, the changes become
// a step of their own with the same name. It returns the step that holds them.
func (p *Project) Extend(id StepID, name string, edit func(*Edit) error) (StepID, error) {
	changes, err := p.try(edit)
	if err != nil || len(changes) == 0 {
		return id, err
	}
	i := slices.IndexFunc(p.steps[:p.done], func(s *step) bool { return s.ID == id })
	if i < 0 || !commute(changes, p.steps[i+1:p.done]) {
		return p.push(name, changes), nil
	}
	p.dropUndone()
	s := p.steps[i]
	p.size -= s.size
	p.record(s, changes)
	p.size += s.size
	p.trim()
	p.tell(s, changes)
	return id, nil
}

// commute reports whether changes could as well have been made before the steps.
func commute(changes []change, steps []*step) bool {
	for _, s := range steps {
		for _, c := range changes {
			if _, ok := s.versions[c.place()]; ok || s.Classes || c.place() == theClasses {
				return false
			}
		}
	}
	return true
}

// try runs an edit and takes it back when it fails.
func (p *Project) try(edit func(*Edit) error) ([]change, error) {
	e := &Edit{p: p}
	finished := false
	defer func() {
		if !finished { // edit has panicked; leave the project as it was
			e.takeBack()
		}
	}()
	err := edit(e)
	finished = true
	if err != nil {
		e.takeBack()
		return nil, err
	}
	return e.changes, nil
}

func (p *Project) push(name string, changes []change) StepID {
	p.dropUndone()
	p.lastStep++
	s := &step{Step: Step{ID: p.lastStep, Name: name}, versions: map[string]versions{}}
	p.record(s, changes)
	p.steps = append(p.steps, s)
	p.done = len(p.steps)
	p.size += s.size
	p.trim()
	p.tell(s, s.changes)
	return s.ID
}

// record adds changes that were just made to a step and gives what they touched a new version.
func (p *Project) record(s *step, changes []change) {
	s.changes = append(s.changes, changes...)
	now := p.newVersion()
	for _, c := range changes {
		place := c.place()
		v, known := s.versions[place]
		m := p.marks(place)
		if !known {
			v.before = m.now
			if place == theClasses {
				s.Classes = true
			} else {
				s.Photos = append(s.Photos, place)
			}
		}
		v.after = now
		s.versions[place] = v
		m.now = now
	}
	s.measure()
}

func (p *Project) marks(place string) *marks {
	if place == theClasses {
		return &p.classes
	}
	return &p.photos[place].marks
}

func (p *Project) dropUndone() {
	for _, s := range p.steps[p.done:] {
		p.size -= s.size
	}
	clear(p.steps[p.done:])
	p.steps = p.steps[:p.done]
}

// trim drops the oldest steps beyond the budget, but never the latest.
func (p *Project) trim() {
	n := 0
	for ; p.size > p.budget && n < len(p.steps)-1; n++ {
		p.size -= p.steps[n].size
	}
	p.steps = slices.Delete(p.steps, 0, n)
	p.done -= n
}

// tell reports a step and which places its changes touch.
func (p *Project) tell(s *step, changes []change) {
	if p.Changed == nil {
		return
	}
	now := Step{ID: s.ID, Name: s.Name}
	seen := map[string]bool{}
	for _, c := range changes {
		place := c.place()
		switch {
		case place == theClasses:
			now.Classes = true
		case !seen[place]:
			seen[place] = true
			now.Photos = append(now.Photos, place)
		}
	}
	p.Changed(now)
}

func (s *step) public() Step {
	out := s.Step
	out.Photos = slices.Clone(out.Photos)
	return out
}

// Undo takes back the latest step and tells which it was. When a photo of the step cannot be loaded,
// nothing is taken back. The error wraps ErrNothingToUndo when there is no step.
func (p *Project) Undo() (Step, error) {
	for p.done > 0 {
		s := p.steps[p.done-1]
		if err := p.ready(s); err != nil {
			return Step{}, err
		}
		if p.done == 0 || p.steps[p.done-1] != s {
			continue // loading has shown that a photo is another now, and the history has forgotten it
		}
		for _, c := range slices.Backward(s.changes) {
			c.revert(p)
		}
		for place, v := range s.versions {
			p.marks(place).now = v.before
		}
		p.done--
		p.tell(s, s.changes)
		return s.public(), nil
	}
	return Step{}, ErrNothingToUndo
}

// Redo does the step again that Undo has taken back last, and tells which it was. The error wraps
// ErrNothingToRedo when there is none.
func (p *Project) Redo() (Step, error) {
	for p.done < len(p.steps) {
		s := p.steps[p.done]
		if err := p.ready(s); err != nil {
			return Step{}, err
		}
		if p.done == len(p.steps) || p.steps[p.done] != s {
			continue
		}
		for _, c := range s.changes {
			c.apply(p)
		}
		for place, v := range s.versions {
			p.marks(place).now = v.after
		}
		p.done++
		p.tell(s, s.changes)
		return s.public(), nil
	}
	return Step{}, ErrNothingToRedo
}

// ready opens the photos of a step.
func (p *Project) ready(s *step) error {
	for _, path := range slices.Clone(s.Photos) {
		if err := p.need(path); err != nil {
			return fmt.Errorf("%q touches a photo: %w", s.Name, err)
		}
	}
	return nil
}

// NextUndo tells which step Undo would take back.
func (p *Project) NextUndo() (Step, bool) {
	if p.done == 0 {
		return Step{}, false
	}
	return p.steps[p.done-1].public(), true
}

// NextRedo tells which step Redo would do again.
func (p *Project) NextRedo() (Step, bool) {
	if p.done == len(p.steps) {
		return Step{}, false
	}
	return p.steps[p.done].public(), true
}

// HistorySize returns the steps that can be undone or redone, and the bytes that they hold.
func (p *Project) HistorySize() (steps int, bytes int64) { return len(p.steps), p.size }
