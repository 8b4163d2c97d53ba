// Package session is everything that the window works on, without a window: the photos that are open, the one
// in sight with its labels and suggestions, the words, the thresholds, undo and saving, thumbnails and the
// batch. It knows no widgets, so that it can be tested without a display.
//
// A Session belongs to one goroutine, the window's. What takes time (listing, decoding, models, thumbnails)
// runs on others, which hand their results back through Params.Post.
package session

import (
	"context"
	"image"
	"path/filepath"
	"sync"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/pipeline"
	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/ui/tr"
)

// Part names what has changed, so that only that is drawn again. Parts can be joined with |.
type Part uint

// The parts.
const (
	List      Part = 1 << iota // which photos there are, and how far they are
	Current                    // which photo is in sight
	Regions                    // labels, suggestions, selection
	Words                      // the class table
	Run                        // what the models do, and how long it took
	Saved                      // what is saved, and messages
	Batch                      // the batch
	Evaluated                  // the evaluation
	All       = List | Current | Regions | Words | Run | Saved | Batch | Evaluated
)

// Params is what a session needs of the world.
type Params struct {
	// Post runs a function on the session's goroutine, later and in order.
	Post func(func())
	// Changed is told what has changed. It runs on the session's goroutine.
	Changed func(Part)
	// Prepare makes, on any goroutine, what the canvas shows of a photo. The result is in Photo.Shown.
	Prepare func(*image.RGBA) any
	// Load loads the models of a choice, on another goroutine.
	Load func(Choice) (*pipeline.Models, error)
	// Samples are the bundled photos as files by name, for when there are no photos of a person's own.
	Samples []Sample
	// Words are what is looked for on the samples when they stand in for a folder that cannot be opened.
	Words []annot.Class
	// CacheDir is for thumbnails; empty keeps them in memory.
	CacheDir string
	// DataDir is for labels of folders that cannot be written to; empty for none.
	DataDir string
}

// Sample is a bundled photo.
type Sample struct {
	Name string
	Data []byte
}

// Photo is the photo in sight.
type Photo struct {
	Item  photo.Item
	Size  image.Point
	Shown any   // what Params.Prepare made, nil while it is being read
	Err   error // why it cannot be shown
}

// Session is the state of the window.
type Session struct {
	p      Params
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup

	folder string // the open folder, empty for samples
	sample bool
	items  []photo.Item
	byRel  map[string]int
	info   map[string]Info
	view   []int // places in items that the filter lets through
	show   Show
	query  query
	index  int // in items, -1 for none
	loads  int // which opening is the latest
	// backward tells which way a person goes through the photos, to read those ahead that come next.
	backward bool

	project *annot.Project
	work    *annot.Workspace // nil for samples
	unasked map[string]bool
	hidden  map[int]bool // classes, by row
	class   int          // row that new regions get, -1 for none

	photo    Photo
	read     *reader
	finder   *finder
	choice   Choice
	answer   *answer
	unread   []string // phrases that the model cannot read
	filter   Filter
	found    []annot.Region // suggestions as shown
	took     time.Duration  // of the latest choice among suggestions
	selected []annot.RegionID
	clip     []annot.Region

	// Fills lets a box that is drawn by hand get a mask of what is in it.
	Fills bool
	// Saving is when labels are saved.
	Saving Saving

	outside   bool // another program has changed the labels in sight
	message   Message
	savedAt   time.Time
	saveTimer *time.Timer
	batch     *batchRun
	batching  []string // the photos of a batch that has not ended, by name
	thumbs    *thumbs

	evaluation  Evaluation
	evaluations int // which one is the latest
	mistakes    MistakeFilter
	wrong       []int // places in items that the choice of mistakes lets through

	closed bool
}

// Message is a sentence for the status bar.
type Message struct {
	Text string
	Bad  bool
	Undo bool // offers to undo what it tells of
	At   time.Time
}

// New returns a session with nothing open.
func New(p Params) *Session {
	if p.Changed == nil {
		p.Changed = func(Part) {}
	}
	s := &Session{p: p, index: -1, class: -1, info: map[string]Info{}, hidden: map[int]bool{}, unasked: map[string]bool{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.filter = DefaultFilter()
	s.mistakes = AnyMistakes
	s.choice = Things
	s.read = newReader(s)
	s.finder = newFinder(s)
	s.thumbs = newThumbs(s)
	s.project = annot.NewProject(annot.ClassTable{}, 0)
	return s
}

// post hands a function to the session's goroutine, unless the session is over by then.
func (s *Session) post(f func()) {
	s.p.Post(func() {
		if !s.closed {
			f()
		}
	})
}

// Close saves and ends all that runs. The session must not be used afterwards.
func (s *Session) Close() error {
	if s.closed {
		return nil
	}
	s.StopBatch()
	s.StopEvaluation()
	err := s.leave()
	s.closed = true
	s.cancel()
	s.finder.stop()
	s.thumbs.stop()
	s.wg.Wait()
	return err
}

// say puts a sentence into the status bar.
func (s *Session) say(text string, undo bool) {
	s.message = Message{Text: text, Undo: undo, At: time.Now()}
	s.p.Changed(Saved)
}

// complain puts an error into the status bar.
func (s *Session) complain(err error) {
	if err == nil {
		return
	}
	s.message = Message{Text: sentence(err), Bad: true, At: time.Now()}
	s.p.Changed(Saved)
}

// Complain tells a person of an error that happened outside of the session.
func (s *Session) Complain(err error) { s.complain(err) }

// Say tells a person of something that happened outside of the session.
func (s *Session) Say(text string) { s.say(text, false) }

// Message returns the latest sentence for the status bar.
func (s *Session) Message() Message { return s.message }

// Photo returns the photo in sight.
func (s *Session) Photo() Photo { return s.photo }

// Folder returns the open folder, empty for samples, and the name to show for it.
func (s *Session) Folder() (path, name string) {
	if s.folder == "" {
		return "", tr.L("Sample photos")
	}
	return s.folder, filepath.Base(s.folder)
}

// Sample reports whether the bundled photos are open.
func (s *Session) Sample() bool { return s.sample }

// SavedAt returns when labels were saved last, the zero time for not yet, and whether something waits.
func (s *Session) SavedAt() (at time.Time, waits bool) {
	return s.savedAt, !s.sample && len(s.project.Unsaved()) > 0
}

// FolderPath returns the open folder, empty for samples.
func (s *Session) FolderPath() string { return s.folder }
