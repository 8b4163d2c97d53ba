package ui

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/assets"
	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/prompt/lexicon"
	"github.com/saysee/saysee/ui/keys"
	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
	"github.com/saysee/saysee/ui/view"
)

// ID is the program's name among the desktop's programs.
const ID = "io.github.saysee.saysee"

// Params is what the window needs of the program.
type Params struct {
	Paths   []string // folders and photos to open; none for the samples
	Watch   *Watch   // begin in the mode Live; nil for Label
	Version string
	// Load loads the models of a choice. It is called on another goroutine.
	Load func(session.Choice) (*pipeline.Models, error)
	// Packs lists the packs that can look at photos; nil for the bundled ones.
	Packs func() ([]Pack, error)
	// Lexicon tells how the models read Chinese words; nil when they do not.
	Lexicon *lexicon.Lexicon

	post func(func()) // runs a function on the window's goroutine, later
	// ended tells that the window goes, and nothing is to be posted any more; nil to tell nobody.
	ended func()
}

// Pack is a model that can be chosen.
type Pack struct {
	session.Choice
	Title, Version, Licence, Source string
	// CanTwice tells that it can look at photos twice.
	CanTwice bool
	// Thresholds are those that its maker chose; without a score they are the usual ones.
	Thresholds session.Filter
}

// usual are the thresholds with which the model begins.
func (p Pack) usual() session.Filter {
	if p.Thresholds.Score == 0 {
		return session.DefaultFilter()
	}
	return p.Thresholds
}

// Window is the program's window.
type Window struct {
	params   Params
	app      fyne.App
	win      fyne.Window
	settings *settings
	s        *session.Session
	view     *view.Canvas
	layer    *kit.Layer
	commands []command
	keys     keys.Table
	// shortcuts are the keys of commands that the window listens to.
	shortcuts []fyne.Shortcut

	modes []mode
	mode  mode // the one in use

	frame  *frame
	prompt *prompt
	panel  *panel
	strip  *strip
	status *status
	rail   *rail
	notice *notice

	overview *overview

	top     *widget.PopUp // the dialog that was opened last
	listed  []Pack        // see packs
	shown   any           // what the canvas shows
	dirty   session.Part
	pending bool
}

// Run opens the window and returns when it is closed, or ctx ends.
func Run(ctx context.Context, p Params) error {
	a := app.NewWithID(ID)
	// When its loop has ended, Fyne runs what is posted at once, on whatever goroutine that is.
	var over atomic.Bool
	p.post = func(f func()) {
		if !over.Load() {
			fyne.Do(f)
		}
	}
	p.ended = func() { over.Store(true) }
	w := newWindow(a, p)
	w.win.Show()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() {
		p.post(func() {
			p.ended()
			leave(a)
		})
	})
	defer stop()
	go w.tick(ctx)
	a.Run()
	p.ended()
	return errors.Join(w.closeModes(), w.s.Close())
}

// tick lets "saved 4 s ago" grow old, and messages go.
func (w *Window) tick(ctx context.Context) {
	t := time.NewTicker(2 * time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			w.params.post(func() {
				w.s.Watch()
				w.status.update(session.Saved)
			})
		}
	}
}

// newWindow makes the window, with photos being opened.
func newWindow(a fyne.App, p Params) *Window {
	w := &Window{params: p, app: a, settings: loadSettings(a.Preferences())}
	tr.Use(w.settings.language)
	a.Settings().SetTheme(w.theme())
	w.win = a.NewWindow("Saysee")
	w.win.SetMaster()
	w.win.SetPadded(false)
	w.s = session.New(w.sessionParams())
	w.s.Fills, w.s.Saving = w.settings.fills, w.settings.saving
	w.s.Choose(w.settings.choice)
	w.s.SetFilter(w.settings.filter(w.pack()))
	if len(p.Paths) == 0 {
		w.s.Complain(w.s.OpenSamples(sampleWords()))
		w.s.Preload() // while the window is being made; of a folder, the first photo goes before the models
	}
	w.modes = makeModes(w)
	w.mode = w.modes[0]
	w.view = view.New(w.mode.hand())
	w.build()
	w.win.Resize(fyne.NewSize(w.settings.width, w.settings.height))
	w.win.SetOnDropped(func(_ fyne.Position, uris []fyne.URI) { w.dropped(uris) })
	w.win.SetCloseIntercept(w.quit)
	w.start(p.Paths)
	return w
}

func (w *Window) sessionParams() session.Params {
	p := session.Params{
		Post: w.params.post, Changed: w.changed, Load: w.params.Load,
		Words: sampleWords(),
		Prepare: func(img *image.RGBA) any {
			pyramid := view.NewPyramid(img)
			pyramid.Build()
			return pyramid
		},
	}
	if dir, err := os.UserCacheDir(); err == nil {
		p.CacheDir = filepath.Join(dir, "saysee", "thumbs")
	}
	if dir, err := os.UserConfigDir(); err == nil {
		p.DataDir = filepath.Join(dir, "saysee", "labels")
	}
	for _, name := range sampleNames() {
		p.Samples = append(p.Samples, session.Sample{Name: name, Data: assets.Photo(name)})
	}
	return p
}

// sampleNames puts the photo first on which the most is found.
func sampleNames() []string {
	names := assets.PhotoNames()
	slices.SortStableFunc(names, func(a, b string) int {
		switch {
		case a == firstSample && b != firstSample:
			return -1
		case b == firstSample && a != firstSample:
			return 1
		}
		return 0
	})
	return names
}

const firstSample = "horse.jpg"

// sampleWords are the words of the first run.
func sampleWords() []annot.Class {
	return []annot.Class{
		{Name: "horse", Phrases: []string{"horse", "pony"}},
		{Name: "person", Phrases: []string{"person", "rider"}},
		{Name: "dog", Phrases: []string{"dog", "puppy"}},
		{Name: "cat", Phrases: []string{"cat", "kitten"}},
		{Name: "cup", Phrases: []string{"cup", "mug"}},
	}
}

func (w *Window) start(paths []string) {
	if len(paths) > 0 {
		w.open(paths...)
	} else {
		w.win.Canvas().Focus(w.prompt.entry)
	}
	if w.params.Watch != nil {
		w.watch(*w.params.Watch)
	}
}

// open opens folders and photos and remembers them.
func (w *Window) open(paths ...string) {
	w.settings.remember(paths[0])
	w.s.Open(paths...)
	w.focusView()
}

// build makes all parts in the theme and the language of the settings. It is called again when these change.
func (w *Window) build() {
	w.takeCommands()
	w.status = newStatus(w)
	w.notice = newNotice()
	w.overview = newOverview(w)
	w.frame = newFrame(w)
	w.layer = kit.NewLayer(w.win.Canvas())
	w.layer.Keys = kit.Keys{Key: w.key, Rune: w.rune, Shortcut: func(s fyne.Shortcut) { w.press(nameOf(s)) }}
	w.win.SetContent(container.NewStack(w.frame.content, w.layer.Container))
	w.view.SetOptions(w.viewOptions())
	w.draw(session.All)
}

func (w *Window) theme() theme.Theme {
	return theme.New(w.settings.light).InChinese(w.settings.language == tr.Chinese)
}

// bare returns the frameless theme for an entry that holds a text.
func (w *Window) bare(text string) fyne.Theme {
	return theme.Bare{Theme: theme.New(w.settings.light).InChinese(theme.IsChinese(text))}
}

// face gives an entry a face for its text.
func (w *Window) face(o *container.ThemeOverride, e *widget.Entry) {
	text := e.Text
	if text == "" {
		text = e.PlaceHolder
	}
	if now := w.bare(text); now != o.Theme {
		o.Theme = now
		o.Refresh()
	}
}

// rebuild shows the window in another theme or language.
func (w *Window) rebuild() {
	tr.Use(w.settings.language)
	w.app.Settings().SetTheme(w.theme())
	w.build()
}

func (w *Window) viewOptions() view.Options {
	o := view.DefaultOptions()
	o.MaskOpacity = w.settings.mask
	o.WheelZooms = w.settings.wheelZooms
	o.Animate, o.KeepView = !w.settings.still, w.settings.keepView
	o.Labels = w.view.Options().Labels
	o.Masks, o.Boxes = w.view.Options().Masks, w.view.Options().Boxes
	o.Class = max(w.s.Class(), 0)
	return o
}

// changed collects what has changed, to draw it once.
func (w *Window) changed(p session.Part) {
	w.dirty |= p
	if w.pending || w.frame == nil {
		return
	}
	w.pending = true
	w.params.post(func() {
		w.pending = false
		if w.dirty != 0 { // nothing has drawn it meanwhile
			w.draw(0)
		}
	})
}

// draw brings parts, and those that have changed, up to date.
func (w *Window) draw(p session.Part) {
	p |= w.dirty
	w.dirty = 0
	w.mode.draw(p)
	w.overview.update(p)
	w.status.update(p)
	w.frame.update(p)
}

func (w *Window) drawPhoto() {
	ph := w.s.Photo()
	if ph.Err != nil {
		w.view.SetPhoto(nil)
		w.shown = nil
	}
	w.notice.set(ph.Trouble())
	if ph.Shown != nil && ph.Shown != w.shown {
		w.shown = ph.Shown
		w.view.SetPyramid(ph.Shown.(*view.Pyramid))
	}
	w.win.SetTitle(w.titleOf(ph.Item.Rel))
}

// titleOf is the window's title while a photo is in sight: its name, its place, its folder.
func (w *Window) titleOf(rel string) string {
	if rel == "" {
		return "Saysee"
	}
	all, _ := w.s.Len()
	_, folder := w.s.Folder()
	return fmt.Sprintf("%s [%d/%d] – %s – Saysee", rel, w.s.Index()+1, all, folder)
}

func (w *Window) drawRegions() {
	if w.s.Photo().Shown == nil {
		w.view.SetItems(nil, nil)
		return
	}
	w.view.SetItems(view.Items(w.s.Shown()), w.s.Rows())
	w.view.SetSelection(w.s.Selected())
}

func (w *Window) focusView() { w.win.Canvas().Focus(w.view) }

func (w *Window) quit() {
	size := w.win.Canvas().Size()
	w.settings.setSize(size.Width, size.Height)
	if err := w.closeModes(); err != nil {
		fyne.LogError("closing the camera", err)
	}
	if err := w.s.Close(); err != nil {
		// The journal has the work; it is offered at the next start.
		fyne.LogError("saving at the end", err)
	}
	if w.params.ended != nil {
		w.params.ended()
	}
	leave(w.app)
}

// leave ends Fyne's loop. Fyne would save the preferences from another goroutine meanwhile, and where the cores are busy that
// one can come between its last look at what is posted and its end, and then both wait for each other for ever. So they are
// saved here, and nothing is left to do there.
func leave(a fyne.App) {
	l, ok := a.Lifecycle().(interface {
		OnStopped() func()
		SetOnStoppedHookExecuted(hook func())
	})
	if ok {
		if save := l.OnStopped(); save != nil {
			save()
		}
		l.SetOnStoppedHookExecuted(nil)
	}
	a.Quit()
}

// swatch returns a class's colour and whether an earlier class has it too.
func (w *Window) swatch(row int) (c colorOf) {
	own := w.s.Classes().Row(row).Color
	return colorOf{overlay.ClassColor(row, own), overlay.Repeated(row, own)}
}

// ago says how long something is past.
func ago(t time.Time) string {
	switch d := time.Since(t); {
	case d < 2*time.Second:
		return tr.L("Saved")
	case d < time.Minute:
		return tr.L("Saved %d s ago", int(d.Seconds()))
	case d < time.Hour:
		return tr.L("Saved %d min ago", int(d.Minutes()))
	}
	return tr.L("Saved %s", t.Format("15:04"))
}
