package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
)

// searchList is a dialog with a list and a field to search it, for hands that stay on the keyboard.
type searchList[T any] struct {
	w      *Window
	pop    *widget.PopUp
	field  *dialogEntry
	column *fyne.Container
	scroll *container.Scroll
	shown  []T
	rows   []*kit.Touch
	tops   []float32 // where the rows begin
	at     int

	found  func(text string) []T
	row    func(T) fyne.CanvasObject
	group  func(T) string // a heading for each group, while nothing is searched for; nil for none
	choose func(T)
}

func newSearchList[T any](w *Window, hint string, rows int) *searchList[T] {
	l := &searchList[T]{w: w, field: newDialogEntry(""), column: kit.Column{}.Stack()}
	l.field.SetPlaceHolder(hint)
	l.scroll = container.NewVScroll(l.column)
	l.scroll.SetMinSize(fyne.NewSize(300, float32(rows)*commandRowHeight))
	l.field.OnChanged = l.fill
	l.field.enter = func() {
		if l.at < len(l.shown) {
			l.choose(l.shown[l.at])
		}
	}
	l.field.escape = func() { l.pop.Hide(); w.focusView() }
	l.field.move = func(down bool) {
		if down {
			l.mark(l.at + 1)
		} else {
			l.mark(l.at - 1)
		}
	}
	return l
}

func (l *searchList[T]) begin(search string) {
	l.field.SetText(search)
	l.fill(search)
	l.w.win.Canvas().Focus(l.field)
}

// fill shows what matches.
func (l *searchList[T]) fill(text string) {
	l.shown, l.rows, l.tops, l.column.Objects = nil, nil, nil, nil
	group, y := "", float32(0)
	for _, item := range l.found(text) {
		if l.group != nil && text == "" && l.group(item) != group {
			group = l.group(item)
			l.column.Objects = append(l.column.Objects,
				kit.Line{Left: 8, Height: commandRowHeight}.Row(kit.NewText(group, kit.Style{Size: theme.TextSmall, Color: theme.Muted, Bold: true})))
			y += commandRowHeight
		}
		t := kit.NewTouch(l.row(item), kit.Look{Over: theme.Hover, On: theme.Selection, Radius: 4}, func() { l.choose(item) })
		l.shown, l.rows, l.tops = append(l.shown, item), append(l.rows, t), append(l.tops, y)
		l.column.Objects = append(l.column.Objects, t)
		y += commandRowHeight
	}
	if len(l.shown) == 0 {
		l.column.Objects = append(l.column.Objects, remark(tr.L("Nothing is called that.")))
	}
	l.column.Refresh()
	l.scroll.Refresh()
	l.mark(0)
}

func (l *searchList[T]) mark(i int) {
	if len(l.rows) == 0 {
		return
	}
	l.at = (i + len(l.rows)) % len(l.rows)
	for k, t := range l.rows {
		t.SetOn(k == l.at)
	}
	top, room := l.scroll.Offset.Y, l.scroll.Size().Height
	if y := l.tops[l.at]; y < top || y+commandRowHeight > top+room {
		l.scroll.ScrollToOffset(fyne.NewPos(0, max(0, y-room/2)))
	}
}
