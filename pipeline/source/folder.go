package source

import (
	"context"
	"fmt"
	"image"
	"io"
	"time"

	"github.com/saysee/saysee/pipeline/photo"
)

// folder is a list of photos, shown one after another.
type folder struct {
	spec  Spec
	info  Info
	items []photo.Item
	next  int
	clock clock
}

func openFolder(s Spec) (Source, error) {
	items := photo.List([]string{s.Path}, nil)
	if len(items) == 0 {
		return nil, fmt.Errorf("%s: %w: there are no photos", s, ErrEmpty)
	}
	if len(items) == 1 && items[0].Err != nil {
		return nil, fmt.Errorf("%s: %w: %w", s, ErrMissing, items[0].Err)
	}
	f := &folder{spec: s, items: items, info: Info{Name: s.String(), Live: s.Live(), FPS: s.FPS, Frames: len(items)}}
	if !(s.FPS > 0) {
		f.info.FPS, f.info.Guessed = DefaultFPS, true
	}
	f.clock = clock{fps: f.info.FPS, live: s.Live(), opened: time.Now()}
	return f, nil
}

func (f *folder) Info() Info { return f.info }

func (f *folder) Next(ctx context.Context) (*Frame, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if f.next == len(f.items)*f.rounds() {
		return nil, io.EOF
	}
	seq := f.next
	item := f.items[seq%len(f.items)]
	f.next++
	p, err := readPhoto(item)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", item.Path, ErrFrame, err)
	}
	at := time.Duration(float64(seq) * float64(time.Second) / f.info.FPS)
	t, err := f.clock.time(ctx, reading{time: at}, f.spec.Paced)
	if err != nil {
		return nil, err
	}
	frame := NewFrame(p.Pix, seq, t, time.Now())
	frame.free = func(*image.RGBA) { p.Release() }
	return frame, nil
}

// rounds is how often the photos are shown.
func (f *folder) rounds() int {
	if f.spec.Loop && f.spec.Paced {
		return 1 << 40
	}
	return 1
}

func readPhoto(item photo.Item) (*photo.Photo, error) {
	if item.Err != nil {
		return nil, item.Err
	}
	return photo.Read(item.Path, photo.Limits{})
}

func (f *folder) Close() error {
	f.next = len(f.items) * f.rounds()
	return nil
}
