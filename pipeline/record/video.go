package record

import (
	"errors"
	"fmt"
	"image"

	"github.com/saysee/saysee/pipeline/cv"
	"github.com/saysee/saysee/pipeline/live"
)

// video is a file that is being written. It is used by one goroutine.
type video struct {
	path   string
	draw   func(dst *image.RGBA, v live.View) // nil for frames as they came
	w      *cv.Writer
	size   image.Point
	canvas *image.RGBA // a copy of the last frame, fitted to the video's size
	drawn  *image.RGBA // a frame of another size with its regions
}

func (w *video) create(size image.Point, fps float64) error {
	var err error
	if w.w, err = cv.CreateVideo(w.path, size, fps); err != nil {
		return fmt.Errorf("%s: %w", w.path, err)
	}
	w.size, w.canvas = size, image.NewRGBA(image.Rectangle{Max: size})
	return nil
}

func (w *video) add(v live.View) error {
	size := v.Frame.Size()
	if size == w.size {
		copy(w.canvas.Pix, v.Frame.Pix.Pix)
		if w.draw != nil {
			w.draw(w.canvas, v)
		}
		return w.again()
	}
	// A source whose frames have got another size: a video's cannot.
	img := v.Frame.Pix
	if w.draw != nil {
		if w.drawn == nil || w.drawn.Rect.Size() != size {
			w.drawn = image.NewRGBA(image.Rectangle{Max: size})
		}
		copy(w.drawn.Pix, img.Pix)
		w.draw(w.drawn, v)
		img = w.drawn
	}
	clear(w.canvas.Pix)
	if err := cv.Resize(w.canvas, fit(w.size, size), img, img.Rect, cv.Area); err != nil {
		return err
	}
	return w.again()
}

// fit is the largest part of a picture of size outer, in its middle, with the proportions of inner.
func fit(outer, inner image.Point) image.Rectangle {
	w, h := outer.X, outer.Y
	if outer.X*inner.Y > inner.X*outer.Y {
		w = max(outer.Y*inner.X/inner.Y, 1)
	} else {
		h = max(outer.X*inner.Y/inner.X, 1)
	}
	at := image.Pt((outer.X-w)/2, (outer.Y-h)/2)
	return image.Rectangle{at, at.Add(image.Pt(w, h))}
}

// again writes the last frame once more.
func (w *video) again() error { return w.w.Write(w.canvas) }

// close finishes the file. OpenCV does not tell whether the disk took it all, so its beginning is read back.
func (w *video) close() error {
	if w.w == nil {
		return nil
	}
	w.w.Close()
	c, err := cv.OpenVideo(w.path)
	if err == nil {
		_, err = c.Read(nil)
		c.Close()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%s: %w", w.path, ErrUnplayable), err)
	}
	return nil
}
