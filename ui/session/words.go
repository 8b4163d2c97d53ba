package session

import (
	"slices"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/tr"
)

// asked returns the classes that the models look for, with their rows.
func (s *Session) asked() (classes []annot.Class, rows []int) {
	t := s.project.Classes()
	for _, row := range t.Order() {
		if c := t.Row(row); !s.unasked[c.Name] {
			classes, rows = append(classes, c), append(rows, row)
		}
	}
	return classes, rows
}

// Words returns the classes that stand in the prompt, and their rows.
func (s *Session) Words() (classes []annot.Class, rows []int) { return s.asked() }

// Classes returns the class table.
func (s *Session) Classes() annot.ClassTable { return s.project.Classes() }

// Rows returns every row of the class table, for drawing.
func (s *Session) Rows() []annot.Class {
	t := s.project.Classes()
	out := make([]annot.Class, t.Rows())
	for i := range out {
		out[i] = t.Row(i)
	}
	return out
}

// SetWords changes what the models look for and looks at once. A class that no photo uses goes when its words
// go; one that has labels stays in the table, unasked.
func (s *Session) SetWords(words []annot.Class) error {
	before, _ := s.asked()
	if slices.EqualFunc(before, words, sameWords) {
		s.Find()
		return nil
	}
	_, err := s.project.Do(tr.L("Change words"), func(e *annot.Edit) error { return s.setWords(e, words) })
	return err
}

func sameWords(a, b annot.Class) bool {
	return a.Name == b.Name && slices.Equal(a.Phrases, b.Phrases) && slices.Equal(a.Negatives, b.Negatives)
}

func (s *Session) setWords(e *annot.Edit, words []annot.Class) error {
	_, gone := s.asked()
	var order []int
	for _, c := range words {
		row, ok := e.Classes().Find(c.Name)
		var err error
		if ok {
			c.Color, c.Examples = e.Classes().Row(row).Color, e.Classes().Row(row).Examples
			if !sameWords(c, e.Classes().Row(row)) {
				err = e.SetClass(row, c)
			}
			gone = slices.DeleteFunc(gone, func(r int) bool { return r == row })
		} else {
			row, err = e.AddClass(c)
		}
		if err != nil {
			return err
		}
		delete(s.unasked, c.Name)
		order = append(order, row)
	}
	for _, row := range gone {
		if name := e.Classes().Row(row).Name; s.uses(row, name) {
			s.unasked[name] = true
		} else if err := e.DeleteClass(row); err != nil {
			return err
		}
	}
	for _, row := range e.Classes().Order() {
		if !slices.Contains(order, row) {
			order = append(order, row)
		}
	}
	return e.OrderClasses(order)
}

// uses reports whether any photo has labels of a class.
func (s *Session) uses(row int, name string) bool {
	for _, r := range s.Accepted() {
		if r.Class == row {
			return true
		}
	}
	for rel, info := range s.info {
		if rel != s.photo.Item.Rel && info.Accepted > 0 && info.Classes[name] {
			return true
		}
	}
	return false
}

// Hidden reports whether a class is hidden.
func (s *Session) Hidden(row int) bool { return s.hidden[row] }

// HideClass hides a class from view, or shows it.
func (s *Session) HideClass(row int, hide bool) {
	if hide {
		s.hidden[row] = true
	} else {
		delete(s.hidden, row)
	}
	s.choose()
	s.p.Changed(Regions | Words)
}

// Count returns how many regions of a class are in sight, suggestions too.
func (s *Session) Count(row int) int {
	n := 0
	for _, r := range s.Accepted() {
		if r.Class == row {
			n++
		}
	}
	for _, r := range s.found {
		if r.Class == row {
			n++
		}
	}
	return n
}

// Class returns the row that new regions get, -1 for none.
func (s *Session) Class() int {
	if row, ok := s.project.Classes().Resolve(s.class); ok {
		return row
	}
	if order := s.project.Classes().Order(); len(order) > 0 {
		return order[0]
	}
	return -1
}

// TakeClass gives the selected regions the n-th class, counted from 0, and makes it that of new regions.
func (s *Session) TakeClass(n int) {
	order := s.project.Classes().Order()
	if n < 0 || n >= len(order) {
		return
	}
	s.class = order[n]
	if len(s.selected) > 0 {
		s.complain(s.Relabel(order[n]))
	}
	s.p.Changed(Words)
}

// SetClass makes a class that of new regions.
func (s *Session) SetClass(row int) {
	s.class = row
	s.p.Changed(Words)
}

// Rename gives a class another name.
func (s *Session) Rename(row int, name string) error {
	return s.do(tr.L("Rename %s", s.project.Classes().Row(row).Name), func(e *annot.Edit) error {
		return e.RenameClass(row, name)
	})
}

// Recolor gives a class another colour, "" for the palette's.
func (s *Session) Recolor(row int, color string) error {
	c := s.project.Classes().Row(row)
	c.Color = color
	return s.do(tr.L("Colour of %s", c.Name), func(e *annot.Edit) error { return e.SetClass(row, c) })
}

// DeleteClass takes a class out, with its regions, until it is undone.
func (s *Session) DeleteClass(row int) error {
	return s.do(tr.L("Delete %s", s.project.Classes().Row(row).Name), func(e *annot.Edit) error {
		return e.DeleteClass(row)
	})
}

// RelabelNew gives the selected regions a class that may be new.
func (s *Session) RelabelNew(name string) error {
	row, ok := s.project.Classes().Find(name)
	if !ok {
		err := s.do(tr.L("New class %s", name), func(e *annot.Edit) error {
			var err error
			row, err = e.AddClass(annot.Class{Name: name})
			return err
		})
		if err != nil {
			return err
		}
	}
	s.class = row
	if len(s.selected) == 0 {
		return nil
	}
	return s.Relabel(row)
}
