package ui

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/saysee/saysee/ui/keys"
	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
)

// choice is a row of the preferences: one of few.
func choice(name string, options []string, picked int, pick func(int)) fyne.CanvasObject {
	s := kit.NewSegments(options, picked, true, pick)
	return kit.Line{Gap: 16, Height: 40}.Row(kit.NewText(name, kit.Style{}), kit.NewSpace(), s.Container)
}

// second is 1 for yes, the place of the second of two choices.
func second(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

func heading(text string) fyne.CanvasObject {
	return kit.Line{Height: 32}.Row(kit.NewText(text, kit.Style{Bold: true}))
}

func (w *Window) showPreferences() {
	var pop *widget.PopUp
	again := func() {
		pop.Hide()
		w.rebuild()
		w.showPreferences()
	}
	reopen := func() { pop.Hide(); w.showPreferences() }
	set := w.settings
	show := func() { w.view.SetOptions(w.viewOptions()) }
	keysButton := kit.NewButton(kit.Plain, "", keys.Title(set.keys.Preset), w.keyOf("keys"), func() { pop.Hide(); w.showKeys() })
	column := kit.Column{}.Stack(
		heading(tr.L("Window")),
		choice(tr.L("Language"), []string{"English", "中文"}, second(set.language == tr.Chinese), func(i int) {
			set.setLanguage([]tr.Language{tr.English, tr.Chinese}[i])
			again()
		}),
		choice(tr.L("Look"), []string{tr.L("Dark"), tr.L("Light")}, second(set.light), func(i int) {
			set.setLight(i == 1)
			again()
		}),
		choice(tr.L("The wheel"), []string{tr.L("zooms"), tr.L("scrolls")}, second(!set.wheelZooms), func(i int) {
			set.setWheel(i == 0)
			show()
		}),
		choice(tr.L("Motion"), []string{tr.L("on"), tr.L("off")}, second(set.still), func(i int) {
			set.setStill(i == 1)
			show()
		}),
		kit.Line{Gap: 16, Height: 40}.Row(kit.NewText(tr.L("Keys as in"), kit.Style{}), kit.NewSpace(), keysButton),
		heading(tr.L("Labels")),
		choice(tr.L("Save"), []string{tr.L("at once"), tr.L("after 10 s"), tr.L("with the photo")}, int(set.saving), func(i int) {
			set.setSaving(session.Saving(i))
			w.s.Saving = set.saving
		}),
		choice(tr.L("Boxes by hand get a mask"), []string{tr.L("yes"), tr.L("no")}, second(!set.fills), func(i int) {
			set.setFills(i == 0)
			w.s.Fills = set.fills
		}),
		choice(tr.L("Zoom on the next photo"), []string{tr.L("fits"), tr.L("stays")}, second(set.keepView), func(i int) {
			set.setKeepView(i == 1)
			show()
		}),
		heading(tr.L("Model")),
		w.modelRow(reopen),
		w.twiceRow(),
		w.threadsRow(),
		w.thresholdRow(reopen),
	)
	scroll := container.NewVScroll(column)
	scroll.SetMinSize(fyne.NewSize(480, min(column.MinSize().Height, w.win.Canvas().Size().Height-120)))
	pop = w.modal(tr.L("Preferences"), 512, scroll)
}

// modelRow chooses the pack, with which the thresholds below change.
func (w *Window) modelRow(again func()) fyne.CanvasObject {
	var names []string
	picked := 0
	for i, p := range w.packs() {
		names = append(names, choiceName(p))
		if p.Same(w.s.Choice()) {
			picked = i
		}
	}
	pick := widget.NewSelect(names, nil)
	pick.SetSelectedIndex(picked)
	pick.OnChanged = func(string) {
		w.choose(w.packs()[pick.SelectedIndex()].Choice)
		again()
	}
	field := framed(pick)
	return kit.Line{Gap: 16, Height: 40}.Row(kit.NewText(tr.L("Looks at photos"), kit.Style{}), kit.NewSpace(),
		kit.Lay(kit.Fixed(260, 32), func(s fyne.Size) { kit.Place(field, 0, 0, s.Width, s.Height) }, field))
}

// twiceRow chooses how often each photo is looked at, for models that can join two looks.
func (w *Window) twiceRow() fyne.CanvasObject {
	row := choice(tr.L("Looks at each photo"), []string{tr.L("once"), tr.L("twice: finds more")}, second(w.settings.choice.Twice),
		func(i int) { w.setTwice(i == 1) })
	visible(w.pack().CanTwice, row)
	return row
}

// threadsRow chooses how many cores the models may use.
func (w *Window) threadsRow() fyne.CanvasObject {
	counts := []int{0}
	for n := 1; n <= min(runtime.NumCPU(), 8); n *= 2 {
		counts = append(counts, n)
	}
	names, picked := []string{tr.L("all")}, 0
	for i, n := range counts[1:] {
		names = append(names, strconv.Itoa(n))
		if n == w.settings.choice.Threads {
			picked = i + 1
		}
	}
	return choice(tr.L("Cores"), names, picked, func(i int) {
		w.settings.choice.Threads = counts[i]
		w.choose(w.settings.choice)
	})
}

// thresholdRow tells with which thresholds the model begins, and sets them back.
func (w *Window) thresholdRow(again func()) fyne.CanvasObject {
	f, usual := w.s.Filter(), w.pack().usual()
	value := strconv.FormatFloat(f.Score, 'f', 2, 64) + " · " + strconv.FormatFloat(f.Overlap, 'f', 2, 64)
	row := kit.Line{Gap: 16, Height: 40}.Row(kit.NewText(tr.L("Confidence and overlap at the start"), kit.Style{}),
		kit.NewSpace(), kit.NewText(value, kit.Style{Color: theme.Muted}))
	if f.Score != usual.Score || f.Overlap != usual.Overlap {
		row.Add(kit.NewButton(kit.Quiet, "", tr.L("As usual"), "", func() {
			f := w.s.Filter()
			f.Score, f.Overlap = usual.Score, usual.Overlap
			w.s.SetFilter(f)
			w.settings.setFilter(w.pack(), f)
			w.s.FilterEnded()
			w.draw(0)
			again()
		}))
	}
	return row
}

// showAbout tells of versions and licences, and where things are.
func (w *Window) showAbout() {
	r := w.s.Report()
	line := func(name, value string) fyne.CanvasObject {
		return kit.Line{Gap: 16, Height: 24}.Row(kit.NewText(name, kit.Style{Color: theme.Muted}), kit.NewSpace(), kit.NewText(value, kit.Style{}))
	}
	column := kit.Column{}.Stack(
		kit.NewText("Saysee", kit.Style{Size: theme.TextFigure, Bold: true}),
		line(tr.L("Version"), w.params.Version), line(tr.L("Licence"), "Apache-2.0"),
		line(tr.L("Provider"), strings.Trim(r.Provider+" · ONNX Runtime", " ·")),
		line("Go", runtime.Version()),
		line(tr.L("Fonts"), "Inter, Noto Sans SC (OFL 1.1)"), line(tr.L("Sample photos"), "CC0"),
		line(tr.L("After a crash, its report"), crashReport()),
		heading(tr.L("Models")))
	for _, p := range w.packs() {
		column.Add(line(choiceName(p), strings.Trim(p.Version+" · "+p.Licence, " ·")))
	}
	column.Add(heading(tr.L("Built with")))
	for _, d := range dependencies() {
		column.Add(line(d.Path, d.Version))
	}
	scroll := container.NewVScroll(column)
	scroll.SetMinSize(fyne.NewSize(480, min(column.MinSize().Height, w.win.Canvas().Size().Height-160)))
	w.modal(tr.L("About Saysee"), 512, scroll)
}

// dependencies are the modules that the program is built with.
func dependencies() []*debug.Module {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	return info.Deps
}

// crashReport is where a crash leaves its report, as people write their home.
func crashReport() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	path := filepath.Join(dir, "saysee", "crash.txt")
	if home, err := os.UserHomeDir(); err == nil && home != "" {
		if rel, ok := strings.CutPrefix(path, home+string(filepath.Separator)); ok {
			return filepath.Join("~", rel)
		}
	}
	return path
}
