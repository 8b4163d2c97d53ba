package model

import (
	"fmt"
	"runtime"
	"slices"

	ort "github.com/yalue/onnxruntime_go"
)

// Tensor is a dense row-major array that ONNX Runtime reads and writes in place. Exactly one of F32 and
// I64 is set. The memory is pinned, so a Tensor must be given back with Release, once.
type Tensor struct {
	Shape []int64
	F32   []float32
	I64   []int64

	value ort.Value
	pin   runtime.Pinner
	home  *pool // where Release puts it; nil frees it
}

// NewF32 allocates a zeroed float32 tensor. The runtime must be loaded.
func NewF32(shape ...int64) (*Tensor, error) {
	n, err := elements(shape)
	if err != nil {
		return nil, err
	}
	t := &Tensor{Shape: slices.Clone(shape), F32: make([]float32, n)}
	return t, bind(t, t.F32)
}

// NewI64 allocates a zeroed int64 tensor. The runtime must be loaded.
func NewI64(shape ...int64) (*Tensor, error) {
	n, err := elements(shape)
	if err != nil {
		return nil, err
	}
	t := &Tensor{Shape: slices.Clone(shape), I64: make([]int64, n)}
	return t, bind(t, t.I64)
}

// maxElements bounds a tensor at 1 GiB of float32, far over any canvas.
const maxElements = 1 << 28

func elements(shape []int64) (int64, error) {
	n := int64(1)
	for _, d := range shape {
		if d < 0 || d > maxElements {
			return 0, fmt.Errorf("tensor shape %v is out of range", shape)
		}
		if n *= d; n > maxElements {
			return 0, fmt.Errorf("tensor shape %v is too large", shape)
		}
	}
	return n, nil
}

func bind[T float32 | int64](t *Tensor, data []T) error {
	if len(data) > 0 {
		t.pin.Pin(&data[0])
	}
	v, err := ort.NewTensor(ort.Shape(t.Shape), data)
	if err != nil {
		t.pin.Unpin()
		return fmt.Errorf("make a tensor of shape %v: %w", t.Shape, plain(err))
	}
	t.value = v
	return nil
}

// clone copies the tensor into memory of its own.
func (t *Tensor) clone() (*Tensor, error) {
	if t.I64 != nil {
		c, err := NewI64(t.Shape...)
		if err == nil {
			copy(c.I64, t.I64)
		}
		return c, err
	}
	c, err := NewF32(t.Shape...)
	if err == nil {
		copy(c.F32, t.F32)
	}
	return c, err
}

// Release gives the tensor's memory back for reuse. The tensor must not be used afterwards.
func (t *Tensor) Release() {
	if t == nil || t.value == nil {
		return
	}
	if t.home != nil && t.home.put(t) {
		return
	}
	t.free()
}

func (t *Tensor) free() {
	// Destroy only fails on a value that was destroyed before.
	_ = t.value.Destroy()
	t.value = nil
	t.pin.Unpin()
}

// ReleaseAll releases every tensor; nil entries are skipped.
func ReleaseAll(ts []*Tensor) {
	for _, t := range ts {
		t.Release()
	}
}
