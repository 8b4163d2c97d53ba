package ui

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
)

// classPick is a class to choose: a row of the table, or with -1 a new one of that name.
type classPick struct {
	row  int
	name string
}

// chooseClass asks for the class of the selected regions: by a few letters, or a new one.
func (w *Window) chooseClass() {
	if len(w.s.Selected()) == 0 {
		return
	}
	l := newSearchList[classPick](w, tr.L("A class, or the name of a new one"), 10)
	l.found = w.classesCalled
	l.row = w.classPickRow
	l.choose = func(c classPick) {
		l.pop.Hide()
		w.focusView()
		if c.row < 0 {
			w.try(w.s.RelabelNew(c.name))
		} else {
			w.try(w.s.Relabel(c.row))
			w.s.SetClass(c.row)
		}
		w.draw(0)
	}
	l.pop = w.modal(tr.L("Class"), 320, kit.Column{Gap: 8}.Stack(l.field, l.scroll))
	l.begin("")
}

// classesCalled returns the classes whose names or phrases have a text in them, those first that begin with it,
// and a new one of that name.
func (w *Window) classesCalled(text string) []classPick {
	text = strings.TrimSpace(text)
	low := strings.ToLower(text)
	var list []classPick
	exact := text == ""
	for _, row := range w.s.Classes().Order() {
		c := w.s.Classes().Row(row)
		has := func(s string) bool { return strings.Contains(strings.ToLower(s), low) }
		if has(c.Name) || slices.ContainsFunc(c.Phrases, has) {
			list = append(list, classPick{row, c.Name})
		}
		exact = exact || strings.EqualFold(c.Name, text)
	}
	slices.SortStableFunc(list, func(a, b classPick) int { return second(!begins(a.name, low)) - second(!begins(b.name, low)) })
	if !exact {
		list = append(list, classPick{-1, text})
	}
	return list
}

func (w *Window) classPickRow(c classPick) fyne.CanvasObject {
	if c.row < 0 {
		return kit.Line{Gap: 8, Left: 8, Right: 8, Height: commandRowHeight}.Row(
			kit.NewIcon("plus", theme.Muted, 16), kit.NewText(tr.L("New class “%s”", c.name), kit.Style{}))
	}
	col := w.swatch(c.row)
	class := w.s.Classes().Row(c.row)
	row := []fyne.CanvasObject{
		kit.NewSwatch(col, col.ringed), kit.NewText(class.Name, kit.Style{}),
		kit.NewText(strings.TrimPrefix(synonyms(annot.Class{Name: class.Name, Phrases: class.Phrases}), "| "),
			kit.Style{Size: theme.TextSmall, Color: theme.Muted}).Flexible(), kit.NewSpace(),
	}
	if key := w.classKey(slices.Index(w.s.Classes().Order(), c.row)); key != "" {
		row = append(row, kit.NewKeyCap(key))
	}
	return kit.Line{Gap: 8, Left: 8, Right: 8, Height: commandRowHeight}.Row(row...)
}
