package ui

import (
	"errors"
	"slices"

	"fyne.io/fyne/v2"

	"github.com/saysee/saysee/ui/kit"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/tr"
	"github.com/saysee/saysee/ui/view"
)

// modeID names a mode in the settings.
type modeID string

// The modes, in the order of the switch.
const (
	labelMode    modeID = "label"
	liveMode     modeID = "live"
	evaluateMode modeID = "evaluate"
)

// mode is a way of using the window. The frame keeps the places (the bar on top, rail, canvas, strip, panel,
// status) and their sizes; the mode in use says what stands in them, what the canvas shows, and what its keys
// do. All methods are called on the window's goroutine.
//
// The canvas (Window.view) is one for all modes, and so is the session. A mode that shows something else than
// the session's photo, as Live does, calls the canvas itself and leaves the session alone; when it is left, the
// photo comes back.
type mode interface {
	id() modeID
	title() string // on the switch
	// build makes the mode's parts in the theme and the language of the settings. It is called before the mode
	// is used, and again when these have changed.
	build() parts
	// enter and leave tell that the mode comes into use, after build, and that another one does.
	enter()
	leave()
	// draw brings the canvas and the parts up to date with what has changed. Only the mode in use draws.
	draw(session.Part)
	// commands are what can be done in this mode beside what can be done in all (files, view). Their keys are
	// free again in the other modes.
	commands() []command
	// key takes a key before the commands do, such as "Esc", and reports whether it had a use for it.
	key(key string) bool
	// hand is told what is done on the canvas.
	hand() view.Handler
	// said is what the left end of the status bar says, in place of what is saved; no text leaves it alone.
	said() note
}

// parts is what a mode puts into the places of the frame. A nil part leaves its place empty.
type parts struct {
	words  fyne.CanvasObject // in the bar on top, 40 high, between the switch and the buttons
	rail   fyne.CanvasObject // left of the canvas, 48 wide
	strip  fyne.CanvasObject // below the canvas, 120 high, in a low window 40
	panel  fyne.CanvasObject // on the right, with a scroll of its own; it may be dragged wider
	wide   float32           // the panel's width until a person has chosen another, 0 for the usual one
	bare   bool              // undo, redo, Open and Export have no use
	above  fyne.CanvasObject // over the canvas, as large as it: notices, a recording's mark; nil for none
	narrow func(bool)        // told when the window gets too narrow for everything, and wide enough; or nil
}

// note is a sentence with an icon before it.
type note struct {
	icon string
	tint fyne.ThemeColorName
	text string
}

// baseMode does nothing; modes embed it for what they have no use for.
type baseMode struct{}

func (baseMode) enter()     {}
func (baseMode) leave()     {}
func (baseMode) said() note { return note{} }

// makeModes makes the modes that this program has.
func makeModes(w *Window) []mode {
	return []mode{&labelling{w: w}, newLiving(w), newEvaluating(w)}
}

// use changes to another mode.
func (w *Window) use(id modeID) {
	at := slices.IndexFunc(w.modes, func(m mode) bool { return m.id() == id })
	if at < 0 || w.mode == w.modes[at] {
		return
	}
	w.mode.leave()
	w.mode = w.modes[at]
	w.useTool(view.Select)
	w.view.SetHandler(w.mode.hand())
	w.shown = nil
	w.overview.close()
	w.takeCommands()
	w.frame.fill()
	w.mode.enter()
	w.draw(session.All)
	w.focusView()
}

// closeModes ends what runs in modes that run something.
func (w *Window) closeModes() error {
	var errs []error
	for _, m := range w.modes {
		if c, ok := m.(interface{ close() error }); ok {
			errs = append(errs, c.close())
		}
	}
	return errors.Join(errs...)
}

// modeCommand begins the name of a command that changes to a mode.
const modeCommand = "mode-"

// modeCommands are the ways from mode to mode.
func (w *Window) modeCommands() []command {
	if len(w.modes) < 2 {
		return nil
	}
	var all []command
	keys := map[modeID]string{labelMode: "Alt+1", liveMode: "Alt+2", evaluateMode: "Alt+3"}
	for _, m := range w.modes {
		all = append(all, command{modeCommand + string(m.id()), tr.L("Mode"), m.title(), []string{keys[m.id()]}, func() { w.use(m.id()) }, nil})
	}
	return all
}

// newSwitch is the choice of a mode in the bar on top. Where there is only one there is nothing to choose.
func newSwitch(w *Window) *kit.Segments {
	var names []string
	for _, m := range w.modes {
		names = append(names, m.title())
	}
	s := kit.NewSegments(names, slices.Index(w.modes, w.mode), true, func(i int) { w.use(w.modes[i].id()) })
	if len(names) < 2 {
		s.Hide()
	}
	return s
}
