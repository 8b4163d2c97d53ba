package ui

import (
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
)

// askNumber goes to a photo by its number or a part of its name.
func (w *Window) askNumber() {
	w.askText(tr.L("Go to photo"), tr.L("A number, or a part of the name"), "", func(text string) {
		if !w.s.GoTo(text) {
			w.s.Say(tr.L("No photo is called “%s”.", text))
		}
	})
}

// askAbove accepts the suggestions above a score, and tells how many that are while it is typed.
func (w *Window) askAbove() {
	var pop *widget.PopUp
	e := newDialogEntry(strconv.FormatFloat(w.s.Certain(), 'f', 2, 64))
	note := kit.NewText("", kit.Style{Size: theme.TextSmall, Color: theme.Muted})
	read := func() (float64, bool) {
		v, err := strconv.ParseFloat(strings.TrimSpace(e.Text), 64)
		return v, err == nil && v >= 0 && v <= 1
	}
	count := func(string) {
		text := tr.L("A score is a number from 0 to 1.")
		if v, ok := read(); ok {
			text = tr.L("%s of %s suggestions", tr.Count(w.s.Above(v)), tr.Count(len(w.s.Suggestions())))
		}
		note.Set(text)
	}
	e.OnChanged = count
	end := func() { pop.Hide(); w.focusView() }
	accept := func() {
		if v, ok := read(); ok {
			end()
			w.s.AcceptAbove(v)
			w.draw(0)
		}
	}
	step := func(up bool) {
		if v, ok := read(); ok {
			d := -0.05
			if up {
				d = 0.05
			}
			e.SetText(strconv.FormatFloat(min(max(v+d, 0), 1), 'f', 2, 64))
		}
	}
	e.enter, e.escape, e.move = accept, end, func(down bool) { step(!down) }
	count("")
	pop = w.modal(tr.L("Accept all above a score"), 360, kit.Column{Gap: 8}.Stack(e, note),
		kit.NewButton(kit.Plain, "", tr.L("Cancel"), "Esc", end), kit.NewButton(kit.Primary, "", tr.L("Accept"), "Enter", accept))
	w.win.Canvas().Focus(e)
	e.TypedShortcut(&fyne.ShortcutSelectAll{})
}

// askBatch asks which photos to look at in the background.
func (w *Window) askBatch() {
	if w.s.Batch().Active {
		w.s.Say(tr.L("A batch is running. Stop it in the panel first."))
		return
	}
	var pop *widget.PopUp
	end := func() { pop.Hide(); w.focusView() }
	picked := session.ScopeShown
	if show, text := w.s.Shows(); show == session.ShowAll && text == "" {
		picked = session.ScopeAll
	}
	scopes := []session.Scope{session.ScopeAll, session.ScopeShown, session.ScopeHere}
	var names []string
	for i, title := range []string{tr.L("All"), tr.L("Those in the strip"), tr.L("From here on")} {
		names = append(names, title+" "+tr.Count(len(w.s.InScope(scopes[i]))))
	}
	pick := kit.NewSegments(names, int(picked), true, func(i int) { picked = scopes[i] })
	begin := func() {
		end()
		w.s.RunBatch(w.s.InScope(picked))
		w.draw(0)
	}
	note := func(text string) fyne.CanvasObject {
		return kit.NewText(text, kit.Style{Size: theme.TextSmall, Color: theme.Muted})
	}
	keys := newKeyField(w.shift, func(key string) {
		switch key {
		case "Enter":
			begin()
		case "Esc":
			end()
		case "Left", "Right", "Tab", "Shift+Tab":
			d := 1
			if key == "Left" || key == "Shift+Tab" {
				d = len(scopes) - 1
			}
			picked = scopes[(int(picked)+d)%len(scopes)]
			pick.Pick(int(picked))
		}
	})
	keys.text.Set(tr.L("Left and Right choose, Enter begins"))
	pop = w.modal(tr.L("Look at many photos"), 420, kit.Column{Gap: 8}.Stack(
		kit.Line{}.Row(pick.Container, kit.NewSpace()), keys,
		note(tr.L("What is found comes as suggestions, with the words and thresholds of now.")),
		note(tr.L("Photos that are done are left out. You can go on working."))),
		kit.NewButton(kit.Plain, "", tr.L("Cancel"), "Esc", end), kit.NewButton(kit.Primary, "", tr.L("Begin"), "Enter", begin))
	w.win.Canvas().Focus(keys)
}
