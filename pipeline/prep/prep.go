// Package prep makes network inputs of photos: it plans the views of a photo (all of it, and tiles of large
// ones), and fills each view's tensor by the pack's rule.
package prep

import (
	"errors"
	"fmt"
	"image"
	"slices"
	"sync"

	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/pipeline/cv"
	"github.com/saysee/saysee/pipeline/photo"
)

// ErrSpec is the cause when a pack's image rule is none that can be followed.
var ErrSpec = errors.New("the pack's image rule cannot be followed")

// Preparer fills views by one ImageSpec. It keeps what views are made of and allocates nothing once as many
// are made as are in use at a time. It is safe for concurrent use.
type Preparer struct {
	spec         model.ImageSpec
	norm         cv.Norm
	shrink, grow kernel

	mu      sync.Mutex
	shelves map[image.Point]*shelf // by the canvas' size
	closed  bool
}

// shelf is what waits for reuse, for canvases of one size.
type shelf struct {
	boxers []*cv.Letterboxer
	views  []*model.View
}

// New makes a Preparer. The error wraps ErrSpec.
func New(spec model.ImageSpec) (*Preparer, error) {
	p := &Preparer{spec: spec, shelves: map[image.Point]*shelf{}, norm: cv.Norm{
		W: spec.Size, H: spec.Size, BGR: spec.Order == "BGR", Pad: spec.Pad, Mean: spec.Mean, Std: spec.Std,
	}}
	if !slices.Contains([]string{"letterbox", "long", "short", model.ResizeCrop}, spec.Resize) {
		return nil, fmt.Errorf("%w: resize %q is unknown", ErrSpec, spec.Resize)
	}
	if spec.Order != "RGB" && spec.Order != "BGR" {
		return nil, fmt.Errorf("%w: channel order %q is neither \"RGB\" nor \"BGR\"", ErrSpec, spec.Order)
	}
	var okShrink, okGrow bool
	if p.shrink, okShrink = kernels[spec.Shrink]; !okShrink {
		return nil, fmt.Errorf("%w: shrink %q is unknown", ErrSpec, spec.Shrink)
	}
	if p.grow, okGrow = kernels[spec.Grow]; !okGrow {
		return nil, fmt.Errorf("%w: grow %q is unknown", ErrSpec, spec.Grow)
	}
	// A square canvas is the largest; if it can be made, so can all others.
	if _, err := cv.NewLetterboxer(p.norm); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSpec, err)
	}
	return p, nil
}

// Fill writes the part of the photo that l names into planes, [3, H, W] of l's canvas, row-major.
func (p *Preparer) Fill(planes []float32, ph *photo.Photo, l model.Letterbox) error {
	by := p.grow
	if l.Scale < 1 {
		by = p.shrink
	}
	if p.spec.PadMean {
		defer p.clear(planes, l)
	}
	if by.filter != nil {
		return p.resample(planes, ph.Pix, l, *by.filter)
	}
	if by.sample != nil {
		return p.sample(planes, ph.Pix, l, by.sample)
	}
	boxer, err := p.boxer(l.Canvas)
	if err != nil {
		return err
	}
	err = boxer.Fill(planes, ph.Pix, l.Crop, l.Resized(), by.cv)
	p.mu.Lock()
	s := p.shelf(l.Canvas)
	s.boxers = append(s.boxers, boxer)
	p.mu.Unlock()
	if err != nil {
		return fmt.Errorf("prepare %v: %w", l.Crop, err)
	}
	return nil
}

// shelf returns the shelf of a canvas size. p.mu is held.
func (p *Preparer) shelf(canvas image.Point) *shelf {
	s, ok := p.shelves[canvas]
	if !ok {
		s = &shelf{}
		p.shelves[canvas] = s
	}
	return s
}

func (p *Preparer) boxer(canvas image.Point) (*cv.Letterboxer, error) {
	p.mu.Lock()
	s := p.shelf(canvas)
	if n := len(s.boxers); n > 0 {
		b := s.boxers[n-1]
		s.boxers = s.boxers[:n-1]
		p.mu.Unlock()
		return b, nil
	}
	p.mu.Unlock()
	norm := p.norm
	norm.W, norm.H = canvas.X, canvas.Y
	return cv.NewLetterboxer(norm)
}

// View makes the view of the part of the photo that l names, ready for a trunk. The ONNX Runtime must be
// loaded. Give it back with Recycle; the photo may be released before.
func (p *Preparer) View(ph *photo.Photo, l model.Letterbox) (*model.View, error) {
	v, err := p.view(l.Canvas)
	if err != nil {
		return nil, err
	}
	v.Letterbox = l
	if err := p.Fill(v.Pixels.F32, ph, l); err != nil {
		p.Recycle(v)
		return nil, err
	}
	return v, nil
}

func (p *Preparer) view(canvas image.Point) (*model.View, error) {
	p.mu.Lock()
	s := p.shelf(canvas)
	if n := len(s.views); n > 0 {
		v := s.views[n-1]
		s.views = s.views[:n-1]
		p.mu.Unlock()
		return v, nil
	}
	p.mu.Unlock()
	t, err := model.NewF32(1, 3, int64(canvas.Y), int64(canvas.X))
	if err != nil {
		return nil, err
	}
	return model.NewView(model.Letterbox{}, t), nil
}

// maxFree bounds the views of one size that wait for reuse: the tiles of one large photo.
const maxFree = 32

// Recycle releases a view of View's and keeps its memory for the next. The view must not be used afterwards.
func (p *Preparer) Recycle(v *model.View) {
	if v == nil {
		return
	}
	v.Release()
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.shelf(v.Canvas)
	if p.closed || len(s.views) >= maxFree {
		v.Pixels.Release()
		return
	}
	s.views = append(s.views, v)
}

// Close frees what waits for reuse. Views that are still out are freed by their Recycle.
func (p *Preparer) Close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, s := range p.shelves {
		for _, v := range s.views {
			v.Pixels.Release()
		}
		s.views = nil
	}
}
