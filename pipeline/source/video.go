package source

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"time"

	"github.com/saysee/saysee/pipeline/cv"
)

// video is a camera, a file or a stream. OpenCV's calls block for as long as a source is silent and cannot be
// broken off, so a goroutine of its own makes them; who waits can always leave.
type video struct {
	spec   Spec
	info   Info
	frames pool
	ask    chan *image.RGBA // a picture to fill, or nil
	got    chan reading
	gone   chan struct{} // closed when OpenCV has given the source back
	asked  bool          // a picture is under way
	clock  clock
	cut    bool // the file is cut off
	seq    int
	closed bool
}

// reading is what one call of OpenCV's gave.
type reading struct {
	pix  *image.RGBA
	time time.Duration // 0 when not told
	at   time.Time
	err  error
}

func openVideo(ctx context.Context, s Spec) (Source, error) {
	v := &video{spec: s, ask: make(chan *image.RGBA), got: make(chan reading, 1), gone: make(chan struct{})}
	if s.Kind == Camera && !deviceThere(s.Device) {
		return nil, fmt.Errorf("%s: %w", s, ErrMissing)
	}
	if s.Kind == File {
		if err := v.checkFile(); err != nil {
			return nil, err
		}
	}
	opened := make(chan error, 1)
	go v.work(opened)
	timer := time.NewTimer(s.timeout())
	defer timer.Stop()
	select {
	case err := <-opened:
		if err != nil {
			return nil, explain(ctx, s)
		}
		v.clock = clock{fps: v.info.FPS, live: s.Live(), opened: time.Now()}
		return v, nil
	case <-timer.C:
		close(v.ask)
		return nil, fmt.Errorf("%s: %w", s, ErrTimeout)
	case <-ctx.Done():
		close(v.ask)
		return nil, ctx.Err()
	}
}

// checkFile finds what OpenCV would not tell from any other failure.
func (v *video) checkFile() error {
	f, err := os.Open(v.spec.Path)
	if err != nil {
		return fileError(v.spec.Path, err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	info, err := f.Stat()
	switch {
	case err != nil:
		return fileError(v.spec.Path, err)
	case info.Mode().IsRegular() && info.Size() == 0:
		return fmt.Errorf("%s: %w", v.spec.Path, ErrEmpty)
	case !info.Mode().IsRegular():
		return nil // a pipe
	}
	whole, playable := complete(f, info.Size())
	if !playable {
		return fmt.Errorf("%s: %w: its index, which comes last, is not there", v.spec.Path, ErrTruncated)
	}
	v.cut = !whole
	v.info.Rotation = rotation(f, info.Size())
	return nil
}

// work owns the capture: it opens it, says so, and reads one frame each time it is asked.
func (v *video) work(opened chan<- error) {
	defer close(v.gone)
	c, err := openCapture(v.spec)
	if err != nil {
		opened <- err
		return
	}
	defer func() { c.Close() }()
	v.info = infoOf(v.spec, c, v.info.Rotation)
	turn := turner{degrees: v.info.Rotation}
	opened <- nil
	var offset, last time.Duration
	for pix := range v.ask {
		r := turn.read(c, pix)
		if errors.Is(r.err, cv.ErrNoFrame) && v.spec.Loop && v.spec.Paced {
			offset = last + time.Duration(float64(time.Second)/v.info.FPS)
			c.Close()
			if c, err = openCapture(v.spec); err != nil {
				c = &cv.Capture{}
				v.got <- reading{err: cv.ErrNoFrame}
				return
			}
			r = turn.read(c, pix)
		}
		r.time += offset
		last = max(last, r.time)
		v.got <- r
	}
}

// turner reads frames and turns them upright.
type turner struct {
	degrees int
	lying   *image.RGBA // the last frame as it is stored
}

// orientations are EXIF's for turns clockwise.
var orientations = map[int]int{90: 6, 180: 3, 270: 8}

// read reads a frame into pix, or into a new picture where that does not fit.
func (t *turner) read(c *cv.Capture, pix *image.RGBA) reading {
	var err error
	if t.degrees == 0 {
		pix, err = c.Read(pix)
		return reading{pix, position(c), time.Now(), err}
	}
	if t.lying, err = c.Read(t.lying); err != nil {
		return reading{err: err}
	}
	size := t.lying.Rect.Size()
	if t.degrees != 180 {
		size.X, size.Y = size.Y, size.X
	}
	if pix == nil || pix.Rect.Size() != size {
		pix = image.NewRGBA(image.Rectangle{Max: size})
	}
	err = cv.Orient(pix, t.lying, orientations[t.degrees])
	return reading{pix, position(c), time.Now(), err}
}

func position(c *cv.Capture) time.Duration {
	return time.Duration(c.Position() * float64(time.Millisecond))
}

func openCapture(s Spec) (*cv.Capture, error) {
	if s.Kind == Camera {
		return cv.OpenDevice(s.Device, backend, cv.Wish{Size: s.Size, FPS: s.FPS})
	}
	return cv.OpenVideo(s.Path)
}

func infoOf(s Spec, c *cv.Capture, turned int) Info {
	own := c.Info()
	info := Info{Name: s.String(), Live: s.Live(), Size: own.Size, FPS: own.FPS, Frames: own.Frames, Rotation: turned}
	if turned == 90 || turned == 270 {
		info.Size = image.Pt(own.Size.Y, own.Size.X)
	}
	if s.Kind != File || s.Loop {
		info.Frames = 0
	}
	// A stream without a clock claims the 90 kHz of its transport, or a thousand frames a second.
	const fastest = 500
	if !(info.FPS > 0 && info.FPS <= fastest) {
		info.FPS, info.Guessed = DefaultFPS, true
	}
	return info
}

func (v *video) Info() Info { return v.info }

func (v *video) Next(ctx context.Context) (*Frame, error) {
	r, err := v.next(ctx)
	if err != nil {
		return nil, err
	}
	if r.err != nil {
		return nil, v.ended(ctx, r.err)
	}
	v.frames.met(r.pix.Rect.Size())
	t, err := v.clock.time(ctx, r, v.spec.Paced)
	if err != nil {
		return nil, err
	}
	at := r.at
	if v.spec.Paced {
		at = time.Now()
	}
	f := NewFrame(r.pix, v.seq, t, at)
	f.free = v.frames.put
	v.seq++
	return f, nil
}

// next has one frame read, or goes on waiting for the one that is under way.
func (v *video) next(ctx context.Context) (reading, error) {
	if v.closed {
		return reading{}, io.EOF
	}
	if err := ctx.Err(); err != nil {
		return reading{}, err
	}
	if !v.asked {
		select {
		case v.ask <- v.frames.get():
		case <-v.gone:
			return reading{}, io.EOF
		}
		v.asked = true
	}
	timeout := (<-chan time.Time)(nil)
	if v.spec.Kind != File {
		timer := time.NewTimer(v.spec.timeout())
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case r := <-v.got:
		v.asked = false
		return r, nil
	case <-timeout:
		return reading{}, fmt.Errorf("%s: %w", v.spec, ErrTimeout)
	case <-ctx.Done():
		return reading{}, ctx.Err()
	}
}

// ended says what the end of the frames means.
func (v *video) ended(ctx context.Context, err error) error {
	if !errors.Is(err, cv.ErrNoFrame) {
		return fmt.Errorf("%s: %w: %w", v.spec, ErrFrame, err)
	}
	switch {
	case v.spec.Kind == Camera && !deviceThere(v.spec.Device):
		return fmt.Errorf("%s: %w", v.spec, ErrUnplugged)
	case v.spec.Kind == Camera:
		return fmt.Errorf("%s: %w", v.spec, ErrLost)
	case v.spec.Kind == Stream && v.seq == 0:
		return explain(ctx, v.spec)
	case v.spec.Kind == Stream:
		return fmt.Errorf("%s: %w", v.spec, ErrLost)
	case v.cut:
		return fmt.Errorf("%s: %w, after %d frames", v.spec, ErrTruncated, v.seq)
	case v.seq == 0:
		return fmt.Errorf("%s: %w", v.spec, ErrNoVideo)
	}
	return io.EOF
}

// closing is how long Close waits for a device to be free again.
const closing = 50 * time.Millisecond

func (v *video) Close() error {
	if v.closed {
		return nil
	}
	v.closed = true
	close(v.ask)
	select {
	case <-v.gone:
	case <-time.After(closing):
	}
	return nil
}

// clock gives frames their times.
type clock struct {
	fps    float64
	live   bool
	opened time.Time
	last   time.Duration
	begun  bool
	lag    time.Duration // by which a paced file's clock was set back
}

// behind is how late a paced file may be before its clock is set back rather than catching up in a burst.
const behind = 500 * time.Millisecond

// time returns a frame's time. For a paced file it waits until then.
func (c *clock) time(ctx context.Context, r reading, paced bool) (time.Duration, error) {
	t := r.time
	if c.live && !paced {
		t = r.at.Sub(c.opened)
	}
	// Files do not tell the times of their last frames when these are stored out of order.
	if c.begun && t <= c.last {
		t = c.last + time.Duration(float64(time.Second)/c.fps)
	}
	c.begun, c.last = true, t
	if !paced {
		return t, nil
	}
	wait := time.Until(c.opened.Add(t + c.lag))
	if wait < -behind {
		c.lag -= wait
	}
	if wait <= 0 {
		return t, nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return t, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}
