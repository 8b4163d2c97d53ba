package annot

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Errors of the class table.
var (
	ErrNoClass   = errors.New("no such class")
	ErrClassName = errors.New("class name is empty or taken")
)

// ClassTable is the classes of a project, shared by all of its photos. A Region.Class is a row of it.
//
// A row keeps its number for good. Deleting a class or merging it into another only marks its row, so that
// photos by the hundred thousand need no change on disk, colours do not shift, and undo brings everything
// back: regions of a deleted class are kept but not shown, those of a merged class count as the other's.
//
// A table is a value that is never changed in place.
type ClassTable struct {
	rows  []classRow
	order []int // the rows that live, as a person has ordered them
}

type classRow struct {
	Class
	fate fate
	into int // for merged
	// loaded rows came with a photo from elsewhere, by no step of the history, so no undo takes them away.
	loaded bool
	extra  map[string]json.RawMessage
}

type fate uint8

const (
	alive fate = iota
	deleted
	merged
)

// NewClassTable returns a table with the classes in order. The error wraps ErrClassName.
func NewClassTable(classes ...Class) (ClassTable, error) {
	var t ClassTable
	for _, c := range classes {
		var err error
		if t, _, err = t.with(c); err != nil {
			return ClassTable{}, err
		}
	}
	return t, nil
}

// Rows returns the number of rows, those of deleted and merged classes too.
func (t ClassTable) Rows() int { return len(t.rows) }

// Row returns the class of a row, whether it lives or not; the zero Class for a row that does not exist.
func (t ClassTable) Row(i int) Class {
	if i < 0 || i >= len(t.rows) {
		return Class{}
	}
	return t.rows[i].Class
}

// Resolve returns the row that a region of row i counts for, and whether there is one.
func (t ClassTable) Resolve(i int) (int, bool) {
	for range t.rows { // a chain of merges is shorter than the table
		if i < 0 || i >= len(t.rows) {
			break
		}
		switch t.rows[i].fate {
		case alive:
			return i, true
		case merged:
			i = t.rows[i].into
		case deleted:
			return -1, false
		}
	}
	return -1, false
}

// Order returns the rows that live, in the order a person has given them.
func (t ClassTable) Order() []int { return slices.Clone(t.order) }

// Find returns the living row with this name.
func (t ClassTable) Find(name string) (int, bool) {
	for _, i := range t.order {
		if t.rows[i].Name == name {
			return i, true
		}
	}
	return -1, false
}

// Dense returns the living classes in order, and for each row of the table its place among them, -1 for
// none. It is for what knows no gaps, such as files of other tools.
func (t ClassTable) Dense() (classes []Class, place []int) {
	at := make([]int, len(t.rows))
	for n, i := range t.order {
		classes = append(classes, t.rows[i].Class)
		at[i] = n
	}
	place = make([]int, len(t.rows))
	for i := range place {
		place[i] = -1
		if live, ok := t.Resolve(i); ok {
			place[i] = at[live]
		}
	}
	return classes, place
}

func (t ClassTable) clone() ClassTable {
	return ClassTable{slices.Clone(t.rows), slices.Clone(t.order)}
}

// clean makes the class fit for row i, which may be one past the end.
func (t ClassTable) clean(i int, c Class) (Class, error) {
	c.Name = strings.TrimSpace(c.Name)
	if c.Name == "" {
		return c, fmt.Errorf("%w: %q", ErrClassName, c.Name)
	}
	if j, ok := t.Find(c.Name); ok && j != i {
		return c, fmt.Errorf("%w: %q", ErrClassName, c.Name)
	}
	c.Phrases, c.Negatives, c.Examples = slices.Clone(c.Phrases), slices.Clone(c.Negatives), slices.Clone(c.Examples)
	if len(c.Phrases) == 0 {
		c.Phrases = []string{c.Name}
	}
	return c, nil
}

// with returns the table with one more class and its row.
func (t ClassTable) with(c Class) (ClassTable, int, error) {
	i := len(t.rows)
	c, err := t.clean(i, c)
	if err != nil {
		return t, -1, err
	}
	t = t.clone()
	t.rows = append(t.rows, classRow{Class: c})
	t.order = append(t.order, i)
	return t, i, nil
}

func (t ClassTable) live(i int) error {
	if i < 0 || i >= len(t.rows) || t.rows[i].fate != alive {
		return fmt.Errorf("%w: row %d", ErrNoClass, i)
	}
	return nil
}

func (t ClassTable) changed(i int, c Class) (ClassTable, error) {
	if err := t.live(i); err != nil {
		return t, err
	}
	c, err := t.clean(i, c)
	if err != nil {
		return t, err
	}
	t = t.clone()
	t.rows[i].Class = c
	return t, nil
}

// without returns the table with row i dead, deleted or merged into another.
func (t ClassTable) without(i int, f fate, into int) (ClassTable, error) {
	if err := t.live(i); err != nil {
		return t, err
	}
	t = t.clone()
	t.rows[i].fate, t.rows[i].into = f, into
	t.order = slices.DeleteFunc(t.order, func(j int) bool { return j == i })
	return t, nil
}

// ordered returns the table with its living rows in another order.
func (t ClassTable) ordered(order []int) (ClassTable, error) {
	a, b := slices.Sorted(slices.Values(order)), slices.Sorted(slices.Values(t.order))
	if !slices.Equal(a, b) {
		return t, fmt.Errorf("%w: the order %v names other rows than %v", ErrNoClass, order, t.order)
	}
	return ClassTable{t.rows, slices.Clone(order)}, nil
}

// after returns the table to show when the history goes from table now to t. Rows that only now has keep
// their numbers, so that the number of a class whose making was undone is not given to another: they are
// dead, but for loaded ones, which live on, or count as the class of t that has their name.
func (t ClassTable) after(now ClassTable) ClassTable {
	if len(t.rows) >= len(now.rows) {
		return t
	}
	t = t.clone()
	for i := len(t.rows); i < len(now.rows); i++ {
		row := now.rows[i]
		row.fate, row.into = deleted, 0
		if row.loaded {
			row.fate = alive
			if j, ok := t.Find(row.Name); ok {
				row.fate, row.into = merged, j
			} else {
				t.order = append(t.order, i)
			}
		}
		t.rows = append(t.rows, row)
	}
	return t
}

func (t ClassTable) cost() int64 {
	n := int64(8 * len(t.order))
	for _, r := range t.rows {
		n += 120 + int64(len(r.Name)+len(r.Color))
	}
	return n
}
