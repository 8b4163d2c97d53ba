package session

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/image/draw"

	"github.com/saysee/saysee/annot/atomic"
	"github.com/saysee/saysee/pipeline/photo"
)

// ThumbSize is the size of thumbnails in pixels: twice that of the strip, for dense screens.
var ThumbSize = image.Pt(216, 144)

// thumbsKept is how many thumbnails stay in memory.
const thumbsKept = 300

// thumbs makes small pictures of photos, the latest that were asked for first, and keeps them on disk.
type thumbs struct {
	s    *Session
	mu   sync.Mutex
	wait []photo.Item
	wake chan struct{}
	over chan struct{}

	made  map[string]*image.RGBA // belongs to the session's goroutine; nil for a photo that cannot be read
	order []string
}

func newThumbs(s *Session) *thumbs {
	t := &thumbs{s: s, wake: make(chan struct{}, 1), over: make(chan struct{}), made: map[string]*image.RGBA{}}
	go t.run()
	return t
}

// Thumb returns the small picture of a photo, nil while there is none; it comes with a change of List.
func (s *Session) Thumb(i int) *image.RGBA {
	item := s.items[i]
	key := item.Path
	if img, ok := s.thumbs.made[key]; ok {
		return img
	}
	s.thumbs.ask(item)
	return nil
}

func (t *thumbs) ask(item photo.Item) {
	if t.s.closed {
		return
	}
	t.mu.Lock()
	t.wait = slices.DeleteFunc(t.wait, func(o photo.Item) bool { return o.Path == item.Path })
	t.wait = append(t.wait, item)
	if len(t.wait) > 60 {
		t.wait = t.wait[1:]
	}
	t.mu.Unlock()
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

func (t *thumbs) stop() {
	close(t.wake)
	<-t.over
}

func (t *thumbs) take() (photo.Item, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.wait) == 0 || t.s.ctx.Err() != nil {
		return photo.Item{}, false
	}
	item := t.wait[len(t.wait)-1]
	t.wait = t.wait[:len(t.wait)-1]
	return item, true
}

// together is how long thumbnails wait for others to be shown with: each time the whole window is drawn.
const together = 100 * time.Millisecond

func (t *thumbs) run() {
	defer close(t.over)
	for range t.wake {
		t.s.pause()
		batch, began := map[string]*image.RGBA{}, time.Now()
		hand := func() {
			some := batch
			batch, began = map[string]*image.RGBA{}, time.Now()
			t.s.post(func() { t.keep(some) })
		}
		for {
			item, ok := t.take()
			if !ok {
				break
			}
			batch[item.Path] = t.load(item)
			if time.Since(began) > together {
				hand()
			}
		}
		if len(batch) > 0 {
			hand()
		}
	}
}

func (t *thumbs) keep(some map[string]*image.RGBA) {
	for key, img := range some {
		t.made[key] = img
		t.order = append(t.order, key)
	}
	for len(t.order) > thumbsKept {
		delete(t.made, t.order[0])
		t.order = t.order[1:]
	}
	t.s.p.Changed(List)
}

// load returns a thumbnail from the disk, or makes it; nil when the photo cannot be read.
func (t *thumbs) load(item photo.Item) *image.RGBA {
	for _, sample := range t.s.p.Samples {
		if sample.Name == item.Path {
			p, err := photo.Decode(sample.Data, photo.Limits{})
			if err != nil {
				return nil
			}
			defer p.Release()
			return shrink(p.Pix)
		}
	}
	file := t.file(item.Path)
	if img := readThumb(file); img != nil {
		return img
	}
	p, err := photo.ReadSmall(item.Path, photo.Limits{}, ThumbSize)
	if err != nil {
		return nil
	}
	defer p.Release()
	img := shrink(p.Pix)
	writeThumb(file, img)
	return img
}

// file names a thumbnail by the photo's path, size and time, so that a changed photo gets a new one.
func (t *thumbs) file(path string) string {
	if t.s.p.CacheDir == "" {
		return ""
	}
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%d", path, info.Size(), info.ModTime().UnixNano()))
	name := hex.EncodeToString(sum[:16])
	return filepath.Join(t.s.p.CacheDir, name[:2], name+".jpg")
}

func readThumb(file string) *image.RGBA {
	if file == "" {
		return nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil || img.Bounds().Size() != ThumbSize {
		return nil
	}
	out := image.NewRGBA(img.Bounds())
	draw.Draw(out, out.Rect, img, img.Bounds().Min, draw.Src)
	return out
}

// writeThumb keeps a thumbnail on disk; where that fails, it is made again another time.
func writeThumb(file string, img *image.RGBA) {
	if file == "" || os.MkdirAll(filepath.Dir(file), 0o755) != nil {
		return
	}
	var b bytes.Buffer
	if jpeg.Encode(&b, img, &jpeg.Options{Quality: 85}) == nil {
		_ = atomic.WriteFile(file, b.Bytes(), atomic.DefaultPerm)
	}
}

// shrink returns the middle of a photo, scaled to a thumbnail.
func shrink(src *image.RGBA) *image.RGBA {
	size := src.Rect.Size()
	want := ThumbSize
	var crop image.Rectangle
	if size.X*want.Y > size.Y*want.X {
		w := max(size.Y*want.X/want.Y, 1)
		crop = image.Rect((size.X-w)/2, 0, (size.X-w)/2+w, size.Y)
	} else {
		h := max(size.X*want.Y/want.X, 1)
		crop = image.Rect(0, (size.Y-h)/2, size.X, (size.Y-h)/2+h)
	}
	out := image.NewRGBA(image.Rectangle{Max: want})
	draw.BiLinear.Scale(out, out.Rect, src, crop, draw.Src, nil)
	return out
}
