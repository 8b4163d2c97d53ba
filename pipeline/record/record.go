// Package record keeps what a live run sees and finds: video as it came, video with the regions drawn on it,
// and the regions as JSON lines. It works on goroutines of its own, ends a recording while the disk has still
// room for the files to be finished, and says why.
//
// After kill -9 an AVI can be played but for its last second, and a Matroska file but for its last six, since
// FFmpeg writes it in pieces of five. An MP4's index is written at its end, so a crash loses the video; a full disk does not,
// since room is kept for the index.
package record

import (
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/saysee/saysee/pipeline/cv"
	"github.com/saysee/saysee/pipeline/live"
	"github.com/saysee/saysee/pipeline/source"
)

// The causes of errors.
var (
	// ErrFull: the disk is full.
	ErrFull = errors.New("the disk is full")
	// ErrThere: a file of the name is there already.
	ErrThere = errors.New("the file is there already")
	// ErrUnplayable: what was written cannot be read back.
	ErrUnplayable = errors.New("the recording cannot be played")
)

// Params say what to record. An empty path leaves a file out.
type Params struct {
	Raw       string // video as it came; .mp4, .mkv or .avi
	Annotated string // video with the regions drawn
	Log       string // the regions, a JSON object a line
	FPS       float64
	// Draw draws a view's regions on dst, which holds its frame.
	Draw func(dst *image.RGBA, v live.View)
	// Wait has Add wait when recording is slower than what comes, as for files; else frames are left out.
	Wait bool
	// Overwrite replaces files that are there.
	Overwrite bool
	// Failed is told when recording ends by itself, such as on a full disk. May be nil.
	Failed func(error)
	// Reserve is the bytes that are left free on the disk for each video to be finished; 0 for 8 MB.
	Reserve int64
}

const defaultReserve = 8 << 20

// Summary is what was recorded.
type Summary struct {
	Files   []string
	Frames  int           // of each video
	Length  time.Duration // of each video
	Results int           // lines of the log
	Missed  int           // frames left out since recording was too slow
}

// Recorder records. Its methods may be called from any goroutine.
type Recorder struct {
	p      Params
	views  chan live.View
	found  chan live.Result
	work   sync.WaitGroup
	videos []*video
	log    *logFile

	mu      sync.Mutex // what follows, and the channels' closing
	stopped bool
	summary Summary // each field has one writer

	errMu sync.Mutex
	errs  []error

	// These are the videos' goroutine's own.
	began   bool
	first   time.Duration // the time of the video's beginning; gaps that are not filled move it
	slots   int           // frames written
	lastSeq int
}

// How many frames and results wait at most. Frames are large, and may be left out; results are small, and are
// not.
const (
	viewQueue   = 8
	resultQueue = 256
)

// Start begins to record. The files are made at the first frame, when its size is known; what can be said
// against them is said here. The error wraps ErrThere or the system's cause.
func Start(p Params) (*Recorder, error) {
	if p.Reserve == 0 {
		p.Reserve = defaultReserve
	}
	if !(p.FPS > 0) {
		p.FPS = source.DefaultFPS
	}
	r := &Recorder{p: p, views: make(chan live.View, viewQueue), found: make(chan live.Result, resultQueue)}
	for _, path := range []string{p.Raw, p.Annotated, p.Log} {
		if path == "" {
			continue
		}
		if err := fresh(path, p.Overwrite); err != nil {
			return nil, err
		}
	}
	for _, path := range []string{p.Raw, p.Annotated} {
		if path != "" && !cv.WritesVideo(path) {
			return nil, fmt.Errorf("%s: a video's name ends in .mp4, .mkv or .avi", path)
		}
	}
	if p.Raw != "" {
		r.videos = append(r.videos, &video{path: p.Raw})
	}
	if p.Annotated != "" {
		r.videos = append(r.videos, &video{path: p.Annotated, draw: p.Draw})
	}
	if p.Log != "" {
		var err error
		if r.log, err = createLog(p.Log); err != nil {
			return nil, err
		}
	}
	r.work.Go(func() {
		drain(r.views, r.frame, func(v live.View) *source.Frame { return v.Frame }, r.finishVideos, r.fail)
	})
	r.work.Go(func() {
		drain(r.found, r.line, func(res live.Result) *source.Frame { return res.Frame }, r.finishLog, r.fail)
	})
	return r, nil
}

// fresh checks that a file may be made.
func fresh(path string, overwrite bool) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s: it is a folder", path)
	case err == nil && !overwrite:
		return fmt.Errorf("%s: %w", path, ErrThere)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return fmt.Errorf("%s: there is no such folder", path)
	}
	return nil
}

// Add records a view. A frame that is shown twice is recorded once.
func (r *Recorder) Add(v live.View) {
	if len(r.videos) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return
	}
	v.Frame.Keep()
	if r.p.Wait {
		r.views <- v // the goroutine takes all, and never asks for this lock before it has
		return
	}
	select {
	case r.views <- v:
	default:
		v.Frame.Release()
		r.summary.Missed++
	}
}

// Found records a result in the log.
func (r *Recorder) Found(res live.Result) {
	if r.log == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.stopped {
		res.Frame.Keep()
		r.found <- res
	}
}

// Stop ends the recording and returns what was recorded. The error is why it ended before, or wraps
// ErrUnplayable.
func (r *Recorder) Stop() (Summary, error) {
	r.mu.Lock()
	if !r.stopped {
		r.stopped = true
		close(r.views)
		close(r.found)
	}
	r.mu.Unlock()
	r.work.Wait()
	if r.log != nil && !slices.Contains(r.summary.Files, r.p.Log) {
		r.summary.Files = append(r.summary.Files, r.p.Log)
	}
	return r.summary, errors.Join(r.errs...)
}

// fail keeps why a file has ended, and tells of it if that was before Stop.
func (r *Recorder) fail(err error, early bool) {
	if early && r.p.Failed != nil {
		r.p.Failed(err)
	}
	r.errMu.Lock()
	defer r.errMu.Unlock()
	r.errs = append(r.errs, err)
}

// drain writes what comes until the channel closes, and then finishes the file. After a failure the file is finished at
// once, and the rest only released.
func drain[T any](from <-chan T, write func(T) error, frame func(T) *source.Frame, finish func() error, fail func(error, bool)) {
	failed := false
	for v := range from {
		if !failed {
			if err := write(v); err != nil {
				failed = true
				fail(errors.Join(err, finish()), true)
			}
		}
		frame(v).Release()
	}
	if failed {
		return
	}
	if err := finish(); err != nil {
		fail(err, false)
	}
}

func (r *Recorder) line(res live.Result) error {
	if err := r.log.write(&res); err != nil {
		return err
	}
	r.summary.Results++
	return nil
}

// longest is the longest gap that is filled with the picture before it. A longer one, as after the source
// was gone, is left out.
const longest = 2 * time.Second

// frame puts a view at its place in time: videos have a constant rate, sources do not.
func (r *Recorder) frame(v live.View) error {
	if r.began && v.Frame.Seq <= r.lastSeq {
		return nil
	}
	if !r.began {
		r.began, r.first = true, v.Frame.Time
		if err := r.create(v.Frame.Size()); err != nil {
			return err
		}
	}
	r.lastSeq = v.Frame.Seq
	slot := time.Duration(float64(time.Second) / r.p.FPS)
	at := int((v.Frame.Time - r.first + slot/2) / slot)
	switch gap := time.Duration(at-r.slots) * slot; {
	case at < r.slots-1:
		return nil // the source is faster than the video
	case gap > longest:
		r.first += gap
		at = r.slots
	case at < r.slots:
		at = r.slots
	}
	for r.slots < at {
		if err := r.each((*video).again); err != nil {
			return err
		}
		r.slots++
	}
	if err := r.each(func(w *video) error { return w.add(v) }); err != nil {
		return err
	}
	r.slots++
	return nil
}

func (r *Recorder) create(size image.Point) error {
	for _, w := range r.videos {
		if err := w.create(size, r.p.FPS); err != nil {
			return err
		}
		r.summary.Files = append(r.summary.Files, w.path)
	}
	return nil
}

// each lets every video write, while the disk has room.
func (r *Recorder) each(write func(*video) error) error {
	for _, w := range r.videos {
		if free, known := freeBytes(filepath.Dir(w.path)); known && free < r.p.Reserve*int64(len(r.videos)) {
			return fmt.Errorf("%s: %w", w.path, ErrFull)
		}
		if err := write(w); err != nil {
			return fmt.Errorf("%s: %w", w.path, err)
		}
	}
	return nil
}

// finishVideos closes the videos, and looks whether they can be played.
func (r *Recorder) finishVideos() error {
	var errs []error
	for _, w := range r.videos {
		errs = append(errs, w.close())
	}
	if len(r.videos) > 0 {
		r.summary.Frames = r.slots
		r.summary.Length = time.Duration(float64(r.slots) / r.p.FPS * float64(time.Second))
	}
	return errors.Join(errs...)
}

func (r *Recorder) finishLog() error {
	if r.log == nil {
		return nil
	}
	return r.log.close()
}
