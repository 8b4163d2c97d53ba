package ui

import (
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/overlay"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/alert"
	"github.com/saysee/saysee/pipeline/live"
	"github.com/saysee/saysee/pipeline/record"
	"github.com/saysee/saysee/pipeline/source"
	"github.com/saysee/saysee/ui/feed"
	"github.com/saysee/saysee/ui/session"
	"github.com/saysee/saysee/ui/theme"
	"github.com/saysee/saysee/ui/tr"
	"github.com/saysee/saysee/ui/view"
)

// living is the mode Live: words find things in a camera or a video while it runs, and a frame becomes a label.
type living struct {
	w    *Window
	feed *feed.Feed

	panel *livePanel
	strip *liveStrip
	over  *liveOver

	choice          atomic.Pointer[session.Choice] // of models
	steady, tracked bool
	mask            float64
	zone            live.Zone
	zoning          bool   // the next outline that is drawn is the zone
	keepIn          string // the folder for frozen frames that was chosen just now

	shown *source.Frame // what the canvas shows, held
	view  live.View     // the last one
	pace  time.Duration // how long the models take
	halt  chan struct{}

	brush    sync.Mutex // of the painter, which recordings and snapshots share
	painter  overlay.Painter
	items    []overlay.Item
	snaps    []snap
	snapsAll int
}

// snap is a snapshot of this session.
type snap struct {
	path  string
	thumb *image.RGBA
}

// liveMask is how strong masks are in a moving picture.
const liveMask = 0.45

// tickEvery is how often figures are brought up to date.
const tickEvery = 500 * time.Millisecond

func newLiving(w *Window) mode {
	m := &living{w: w, steady: true, tracked: true, mask: liveMask}
	m.choice.Store(&session.Things)
	m.feed = feed.New(feed.Params{
		Post: w.params.post, Changed: m.changed, Show: m.show, Told: m.told, Failed: m.failed, Draw: m.paint,
		Load: func() (*pipeline.Models, error) {
			c := *m.choice.Load()
			c.Live = true
			return w.params.Load(c)
		},
	})
	return m
}

func (m *living) id() modeID         { return liveMode }
func (m *living) title() string      { return tr.L("Live") }
func (m *living) hand() view.Handler { return &liveHand{m: m} }

func (m *living) build() parts {
	m.w.prompt = newPrompt(m.w)
	m.panel = newLivePanel(m)
	m.strip = newLiveStrip(m)
	m.over = newLiveOver(m)
	return parts{
		words: m.w.prompt.box, strip: m.strip.content, panel: m.panel.content, above: m.over.content, bare: true,
		narrow: m.w.prompt.setNarrow,
	}
}

func (m *living) enter() {
	w := m.w
	w.notice.set("")
	w.view.SetPhoto(nil)
	w.win.SetTitle("Saysee – " + tr.L("Live"))
	m.ask()
	if spec, ok := m.wanted(); ok {
		m.start(spec)
	}
	m.halt = make(chan struct{})
	go m.tick(m.halt)
}

// wanted is the source to begin with: the one of before, or the machine's first camera.
func (m *living) wanted() (source.Spec, bool) {
	if m.feed.Spec() != (source.Spec{}) {
		return m.feed.Spec(), true
	}
	if cameras := source.Cameras(); len(cameras) > 0 {
		return cameras[0].Spec(), true
	}
	return source.Spec{}, false
}

func (m *living) leave() {
	close(m.halt)
	m.endRecording()
	m.feed.Stop()
	m.hold(nil)
	m.view = live.View{}
}

// close ends all that runs.
func (m *living) close() error { return m.feed.Close() }

// start runs a source.
func (m *living) start(spec source.Spec) {
	if spec.Kind == source.File || spec.Kind == source.Folder {
		spec.Paced, spec.Loop = true, true
	}
	m.endRecording()
	m.view = live.View{}
	m.feed.Stop()
	m.takeChoice()
	m.feed.Start(spec)
}

// takeChoice takes the detector that was chosen for photos, if it is another one than before.
func (m *living) takeChoice() {
	c := m.w.s.Choice()
	if c.Detect == "" {
		c = session.Things
	}
	c = c.Loaded() // a moving picture is looked at once
	if c != *m.choice.Load() {
		m.choice.Store(&c)
		m.failedIf(m.feed.Unload())
	}
}

func (m *living) failedIf(err error) {
	if err != nil {
		m.failed(err)
	}
}

// tick brings the figures up to date while the mode is in use.
func (m *living) tick(halt chan struct{}) {
	t := time.NewTicker(tickEvery)
	defer t.Stop()
	for {
		select {
		case <-halt:
			return
		case <-t.C:
			m.w.params.post(m.changed)
		}
	}
}

// changed draws what is beside the picture, once for all that has changed. It runs on the window's goroutine.
func (m *living) changed() {
	if m.w.mode != mode(m) || m.panel == nil {
		return
	}
	m.pace = m.feed.Stats().Inference.Mean
	m.panel.update()
	m.strip.update()
	m.over.update()
	m.w.status.update(session.Run)
}

func (m *living) draw(p session.Part) {
	if p&session.Words != 0 {
		m.w.prompt.update()
		m.ask()
	}
	m.w.view.SetOptions(m.options())
	m.changed()
	m.drawItems()
}

// ask looks for the session's words, if they are others than before.
func (m *living) ask() {
	words, _ := m.w.s.Words()
	f := m.w.s.Filter()
	old := m.feed.Wishes()
	wish := feed.Wishes{Classes: words, Filter: f.Pipeline(), Tracked: m.tracked, Steady: m.steady, Zone: m.zone}
	same := len(words) == len(old.Classes) && old.Filter.Boxes.Score == wish.Filter.Boxes.Score && old.Filter.Boxes.NMS == wish.Filter.Boxes.NMS &&
		old.Tracked == wish.Tracked && old.Steady == wish.Steady && len(old.Zone) == len(wish.Zone)
	for i := range words {
		same = same && equalClass(words[i], old.Classes[i])
	}
	if !same {
		m.feed.Ask(wish)
	}
}

// show puts a view on the canvas.
func (m *living) show(v live.View) {
	m.view = v
	m.hold(v.Frame.Keep())
	m.w.view.SetOptions(m.options())
	m.w.view.SetFrame(v.Frame.Pix)
	m.drawItems()
	if m.over != nil {
		m.over.moving()
	}
}

// hold keeps the frame that the canvas shows, and lets the one before go.
func (m *living) hold(f *source.Frame) {
	old := m.shown
	m.shown = f
	old.Release()
}

// When regions are stale: from then on they are dashed, and after a while they go. Slow models have more time.
const (
	leastStale  = 600 * time.Millisecond
	goneFactor  = 5
	staleFactor = 2 // of the models' time
)

// stale is the age from which regions are dashed.
func (m *living) stale() time.Duration { return max(leastStale, staleFactor*m.pace) }

// options are those of the canvas: masks fade as the answer that they belong to grows old.
func (m *living) options() view.Options {
	o := m.w.viewOptions()
	o.MaskOpacity = m.mask * fresh(m.view.Age, m.stale())
	return o
}

// fresh is 1 for an answer that is not stale, and falls to 0 until it goes.
func fresh(age, stale time.Duration) float64 {
	if age <= stale {
		return 1
	}
	return max(1-float64(age-stale)/float64((goneFactor-1)*stale), 0)
}

// drawItems puts the regions on the canvas, in the colours of the session's classes.
func (m *living) drawItems() {
	v := m.view
	rows := m.w.s.Rows()
	var items []view.Item
	if v.Frame != nil && v.Age < goneFactor*m.stale() {
		state := overlay.Found
		if v.Age > m.stale() {
			state = overlay.Suggested
		}
		for i, r := range v.Regions {
			row, ok := m.w.s.Classes().Find(v.Classes[r.Class].Name)
			if !ok {
				continue
			}
			r.Class, r.ID, r.Locked = row, annot.RegionID(r.Track), false
			if r.Track == 0 {
				r.ID = annot.RegionID(1<<40 + i)
			}
			r.Hidden = m.w.s.Hidden(row)
			items = append(items, view.Item{Region: r, State: state})
		}
	}
	if m.shown != nil && len(m.zone) > 0 {
		r := zoneRegion(m.zone, m.shown.Size())
		r.Class = len(rows)
		rows = append(rows, annot.Class{Name: tr.L("Zone"), Color: "#FFFFFF"})
		items = append(items, view.Item{Region: r, State: overlay.Locked})
	}
	m.w.view.SetItems(items, rows)
}

// zoneRegion is a zone as a line on the frame.
func zoneRegion(z live.Zone, size image.Point) annot.Region {
	line := make(annot.Line, 0, len(z)+1)
	for i := range len(z) + 1 {
		p := z[i%len(z)]
		line = append(line, annot.Point{X: p.X * float64(size.X), Y: p.Y * float64(size.Y)})
	}
	return annot.Region{ID: 1 << 41, Box: line.Bounds(), Shape: line, Locked: true}
}

// counts are how many of each class are in sight, by row.
func (m *living) counts() map[int]int {
	n := map[int]int{}
	for _, r := range m.view.Regions {
		if row, ok := m.w.s.Classes().Find(m.view.Classes[r.Class].Name); ok {
			n[row]++
		}
	}
	return n
}

// paint draws a view's regions on a picture. It is called from several goroutines.
func (m *living) paint(dst *image.RGBA, v live.View) {
	m.brush.Lock()
	defer m.brush.Unlock()
	m.items = overlay.AppendFound(m.items[:0], v.Regions)
	o := overlay.Defaults()
	o.Legend, o.Opacity = false, liveMask
	m.painter.Draw(dst, overlay.View{Size: dst.Rect.Size(), Scale: 1}, m.items, v.Classes, o)
}

func (m *living) failed(err error) { m.w.s.Complain(liveError(err, m.feed.Spec())) }

// told lets the desktop know.
func (m *living) told(a alert.Alert) {
	text := tr.L("%s has come into view.", a.Rule.Class)
	m.w.s.Say(text)
	m.w.app.SendNotification(fyne.NewNotification("Saysee", text))
}

func (m *living) commands() []command {
	g := tr.L("Live")
	runs := func() bool { return m.feed.Runs() && m.view.Frame != nil }
	frozen := func() bool { return m.feed.Frozen() != nil }
	return []command{
		{"words", tr.L("Labels"), tr.L("Type words"), []string{"/", "Ctrl+F6"}, func() { m.w.prompt.focus() }, nil},
		{"freeze", g, tr.L("Freeze, or go on"), []string{"Space"}, m.freeze, runs},
		{"keep-frame", g, tr.L("Add the frozen frame to the dataset"), []string{"Enter"}, func() { m.keep() }, frozen},
		{"label-frame", g, tr.L("Label the frozen frame"), []string{"E"}, m.label, frozen},
		{"record", g, tr.L("Record, or stop"), []string{"R"}, m.record, runs},
		{"snapshot", g, tr.L("Snapshot"), []string{"S"}, m.snapshot, runs},
		{"mirror", g, tr.L("Mirror"), []string{"M"}, m.mirror, nil},
		{"source", g, tr.L("Choose a camera or a video…"), []string{"Ctrl+Shift+O"}, func() { m.panel.choose() }, nil},
		{"zone", g, tr.L("Draw the part to look at"), []string{"Z"}, m.drawZone, runs},
	}
}

// key takes Escape, which ends what is being done.
func (m *living) key(key string) bool {
	if key != "Esc" {
		return false
	}
	switch {
	case m.zoning:
		m.endZone()
	case m.feed.Frozen() != nil:
		m.feed.Thaw()
	default:
		return false
	}
	return true
}

func (m *living) freeze() {
	if m.feed.Frozen() != nil {
		m.feed.Thaw()
		return
	}
	m.w.s.Say(tr.L("Looking at this frame…"))
	m.feed.Freeze(func(v live.View) {
		m.show(v)
		m.w.s.Say(tr.L("Enter adds it to “%s”, E opens it in Label.", filepath.Base(m.keepDir())))
	})
}

// keepDir is the folder for frozen frames: the one that is open, or a person's own.
func (m *living) keepDir() string {
	if m.keepIn != "" {
		return m.keepIn
	}
	if dir := m.w.s.FolderPath(); dir != "" {
		return dir
	}
	if m.w.settings.keep != "" {
		return m.w.settings.keep
	}
	return filepath.Join(home(), "Saysee", "frames")
}

// capturesDir is the folder for recordings and snapshots.
func capturesDir() string { return filepath.Join(home(), "Saysee", "captures") }

func home() string {
	dir, err := os.UserHomeDir()
	if err != nil {
		return os.TempDir()
	}
	return dir
}

// atHome shortens a path below the person's folder.
func atHome(path string) string {
	if rel, err := filepath.Rel(home(), path); err == nil && filepath.IsLocal(rel) {
		return filepath.Join("~", rel)
	}
	return path
}

// write makes the frozen frame a photo with labels, judged or not, and returns its path.
func (m *living) write(review annot.Review) (string, error) {
	v := m.feed.Frozen()
	if v == nil {
		return "", live.ErrNoFrame
	}
	dir := m.keepDir()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(dir, feed.FrameName(v))
	if err := record.Picture(path, v.Frame.Pix); err != nil {
		return "", err
	}
	f := session.Frame{Path: path, Width: v.Frame.Size().X, Height: v.Frame.Size().Y, Classes: v.Classes}
	for _, r := range v.Regions {
		row, ok := m.w.s.Classes().Find(v.Classes[r.Class].Name)
		if ok && m.w.s.Hidden(row) {
			continue // what is not shown is not meant
		}
		r.Review, r.Track = review, 0
		f.Regions = append(f.Regions, r)
	}
	return path, m.w.s.TakeFrame(f)
}

// keep adds the frozen frame to the dataset, and goes on.
func (m *living) keep() {
	path, err := m.write(annot.Accepted)
	if err != nil {
		m.failed(err)
		return
	}
	n := len(m.feed.Frozen().Regions)
	m.w.s.Say(tr.N("%[2]s: one region, added to %[3]s.", "%[2]s: %[1]s regions, added to %[3]s.", n, filepath.Base(path), filepath.Base(filepath.Dir(path))))
	m.feed.Thaw()
}

// label opens the frozen frame in the mode Label, with what was found as suggestions.
func (m *living) label() {
	path, err := m.write(annot.Suggested)
	if err != nil {
		m.failed(err)
		return
	}
	m.w.use(labelMode)
	m.w.s.GoToPath(path)
}

func (m *living) record() {
	if m.feed.Recording() != nil {
		m.endRecording()
		return
	}
	if err := m.feed.Record(capturesDir()); err != nil {
		m.failed(err)
	}
}

func (m *living) endRecording() {
	tape := m.feed.Recording()
	if tape == nil {
		return
	}
	summary, err := m.feed.StopRecording()
	if err != nil {
		m.failed(err)
		return
	}
	m.w.s.Say(tr.L("%s: %s frames recorded in %s.", tape.Name, tr.Count(summary.Frames), atHome(tape.Dir)))
}

func (m *living) snapshot() {
	m.feed.Snapshot(capturesDir(), func(path string, img *image.RGBA) {
		m.snaps = append([]snap{{path, thumbnail(img, thumbWide, thumbHigh)}}, m.snaps...)
		m.snaps = m.snaps[:min(len(m.snaps), snapsShown)]
		m.snapsAll++
		m.w.s.Say(tr.L("%s was saved in %s.", filepath.Base(path), atHome(filepath.Dir(path))))
		m.changed()
	})
}

func (m *living) mirror() {
	m.feed.SetMirror(!m.feed.Mirror())
	m.changed()
}

func (m *living) drawZone() {
	if m.zoning {
		m.endZone()
		return
	}
	m.zoning = true
	m.w.view.SetTool(view.Polygon)
	m.w.s.Say(tr.L("Click around the part to look at, and close it at its first point."))
	m.changed()
}

func (m *living) endZone() {
	m.zoning = false
	m.w.view.SetTool(view.Select)
	m.changed()
}

// setZone looks at a part of the picture only; an empty one is the whole.
func (m *living) setZone(z live.Zone) {
	m.zone = z
	m.feed.Ask(feed.Wishes{}) // what differs within a zone is not compared
	m.ask()
	m.drawItems()
	m.changed()
}

// said is what the left end of the status bar says.
func (m *living) said() note {
	n := len(m.view.Regions)
	regions := tr.N("%s region in sight", "%s regions in sight", n)
	if tape := m.feed.Recording(); tape != nil {
		return note{"rec", theme.Danger, tr.L("Recording %s", clock(time.Since(tape.Began))) + " · " + regions}
	}
	switch m.feed.State().Status {
	case feed.Running:
		if m.view.Age > m.stale() {
			return note{"", theme.Muted, regions + " · " + tr.L("%.1f s old", m.view.Age.Seconds())}
		}
		return note{"check", theme.Success, regions}
	case feed.Frozen:
		return note{"pause", theme.Accent, tr.L("Frozen") + " · " + regions}
	case feed.Loading:
		return note{"", theme.Muted, tr.L("Loading the model…")}
	case feed.Starting:
		return note{"", theme.Muted, tr.L("Starting…")}
	case feed.Waiting, feed.Failed:
		return note{"warn", theme.Warning, liveError(m.feed.State().Err, m.feed.Spec()).Error()}
	case feed.Ended:
		return note{"", theme.Muted, tr.L("The video has ended.")}
	case feed.Idle:
	}
	return note{"", theme.Muted, tr.L("No camera is open.")}
}

// times are those of the models, for the right end of the status bar.
func (m *living) times() string {
	if s := m.feed.Stats(); s.Inferred > 0 {
		return tr.L("Models %s, p95 %s", ms(s.Inference.Mean), ms(s.Inference.P95))
	}
	return ""
}

// clock writes a duration as minutes and seconds.
func clock(d time.Duration) string {
	return fmt.Sprintf("%02d:%02d", int(d.Minutes()), int(d.Seconds())%60)
}

// liveHand is told what is done on the canvas.
type liveHand struct {
	view.Ignore
	m *living
}

// Created takes the outline that was drawn as the zone.
func (h *liveHand) Created(d view.Draft) {
	m := h.m
	p, ok := d.Shape.(annot.Polygon)
	if !m.zoning || !ok || len(p) == 0 || m.shown == nil {
		return
	}
	m.endZone()
	size := m.shown.Size()
	var z live.Zone
	for _, q := range p[0].Outer {
		share := func(v float64, of int) float64 { return min(max(v/float64(of), 0), 1) }
		z = append(z, annot.Point{X: share(q.X, size.X), Y: share(q.Y, size.Y)})
	}
	m.setZone(z)
}

func (h *liveHand) Key(e *fyne.KeyEvent) { h.m.w.key(e.Name) }
func (h *liveHand) Rune(r rune)          { h.m.w.rune(r) }

// causes say what is wrong with a source, and what to do.
func causes() []cause {
	return []cause{
		{source.ErrBusy, tr.L("Another program uses the camera. Close it, then Retry.")},
		{source.ErrUnplugged, tr.L("Camera unplugged, waiting.")},
		{source.ErrDenied, tr.L("The system does not let you open it. Your user may need the group “video”.")},
		{source.ErrLost, tr.L("The stream broke off, waiting.")},
		{source.ErrTimeout, tr.L("Nothing came in time. Check the address and the network, then Retry.")},
		{source.ErrRefused, tr.L("The server does not give the stream. Check the path and the password.")},
		{source.ErrTruncated, tr.L("The file is cut off. What is there was shown.")},
		{source.ErrEmpty, tr.L("There is nothing in it.")},
		{source.ErrNoVideo, tr.L("It is no video that can be read.")},
		{source.ErrMissing, tr.L("It is not there. Plug it in or check the name, then Retry.")},
		{record.ErrFull, tr.L("The disk is full. Recording has stopped, and what was recorded can be played.")},
		{annot.ErrInUse, tr.L("Another program has this folder open. Close it, or choose another folder below.")},
	}
}

type cause struct {
	err  error
	text string
}

// liveError is an error as a person reads it.
func liveError(err error, spec source.Spec) error {
	for _, c := range causes() {
		if errors.Is(err, c.err) {
			return errors.New(c.text)
		}
	}
	if err == nil {
		return errors.New(spec.String())
	}
	return err
}
