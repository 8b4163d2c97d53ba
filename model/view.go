package model

import (
	"context"
	"sync"
)

// View is one network canvas cut from a photo: the prepared tensor, the geometry that leads back to the
// photo, and the features that trunks have made of it. Each trunk runs at most once on a view, whoever
// asks first, so families that share a trunk share its run.
type View struct {
	Letterbox
	// Pixels is [1, 3, H, W] float32, normalised by the ImageSpec the view was made for.
	Pixels *Tensor

	mu       sync.Mutex
	features map[*Session][]*Tensor
}

// NewView wraps a prepared tensor.
func NewView(l Letterbox, pixels *Tensor) *View {
	return &View{Letterbox: l, Pixels: pixels, features: map[*Session][]*Tensor{}}
}

// Features returns what the trunk makes of the view's pixels, in the order of the trunk's outputs. The
// tensors belong to the view and live until Release.
func (v *View) Features(ctx context.Context, trunk *Session) ([]*Tensor, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if f, ok := v.features[trunk]; ok {
		return f, nil
	}
	f, err := trunk.Run(ctx, v.Pixels)
	if err != nil {
		return nil, err
	}
	v.features[trunk] = f
	return f, nil
}

// Release gives the features back for reuse. The pixels stay with whoever prepared them.
func (v *View) Release() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for trunk, f := range v.features {
		ReleaseAll(f)
		delete(v.features, trunk)
	}
}
