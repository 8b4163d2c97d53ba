package source

import (
	"image"
	"sync"
	"sync/atomic"
	"time"

	"github.com/saysee/saysee/pipeline/photo"
)

// Frame is one picture of a source, upright and opaque. Several may hold it at once: each who passes it on
// calls Keep for the other, and each calls Release once when done. Nobody writes into Pix.
type Frame struct {
	Pix *image.RGBA // origin at 0,0, no gaps between rows
	Seq int         // counts the source's frames from 0
	// Time is the frame's place in the video: the file's own clock, or since the source was opened. It
	// never goes back.
	Time time.Duration
	// At is when the frame was there to be used: the moment that latency is counted from.
	At time.Time

	refs atomic.Int32
	free func(*image.RGBA) // takes the pixels back; nil for those that are not used again
}

// NewFrame returns a frame over a picture of the caller's, held once.
func NewFrame(pix *image.RGBA, seq int, t time.Duration, at time.Time) *Frame {
	f := &Frame{Pix: pix, Seq: seq, Time: t, At: at}
	f.refs.Store(1)
	return f
}

// Size returns the frame's size in pixels.
func (f *Frame) Size() image.Point { return f.Pix.Rect.Size() }

// Keep adds a holder and returns the frame.
func (f *Frame) Keep() *Frame {
	f.refs.Add(1)
	return f
}

// Release takes a holder away. After the last one the pixels are used for another frame. A frame that nobody
// releases is only garbage.
func (f *Frame) Release() {
	if f == nil {
		return
	}
	switch n := f.refs.Add(-1); {
	case n < 0:
		panic("source: a frame was released more often than kept")
	case n == 0 && f.free != nil:
		f.free(f.Pix)
	}
}

// Photo returns the frame as a photo for the models. It shares the pixels, so the frame must be held for as
// long, and the photo must not be released.
func (f *Frame) Photo() *photo.Photo { return &photo.Photo{Pix: f.Pix, Orientation: 1} }

// Copy returns the frame's picture as the caller's own.
func (f *Frame) Copy() *image.RGBA {
	c := *f.Pix
	c.Pix = append([]byte(nil), f.Pix.Pix...)
	return &c
}

// pool keeps pictures of one size for further frames.
type pool struct {
	mu   sync.Mutex
	size image.Point
	free []*image.RGBA
}

// poolFrames is as many as a live run has in its hands at once.
const poolFrames = 8

// get returns a picture of the size met last, or nil.
func (p *pool) get() *image.RGBA {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.free)
	if n == 0 {
		return nil
	}
	img := p.free[n-1]
	p.free = p.free[:n-1]
	return img
}

// met tells the size of the frames of now; pictures of another size are forgotten.
func (p *pool) met(size image.Point) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.size != size {
		p.size, p.free = size, nil
	}
}

func (p *pool) put(img *image.RGBA) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if img.Rect.Size() == p.size && len(p.free) < poolFrames {
		p.free = append(p.free, img)
	}
}
