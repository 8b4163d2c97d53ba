package detect

import (
	"context"
	"fmt"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/model"
)

// MaskGraph is a mask head on the starters' trunk: boxes [N, 4] of the canvas in, a square grid of probabilities
// for each out.
func MaskGraph() model.Graph {
	return model.Graph{
		Head:    true,
		Inputs:  []model.Port{{Name: "boxes", Type: model.Float32, Rank: 2}},
		Outputs: []model.Port{{Name: "mask_probs", Type: model.Float32, Rank: 3}},
	}
}

// maskBatch bounds how many masks one run of the mask head makes: its cost grows with each mask, so larger
// batches gain nothing and only hold more memory.
const maskBatch = 16

// Outline runs a graph of MaskGraph on boxes of a view's canvas and returns a mask of the photo for each.
// features are all that the trunk makes of the view.
func Outline(ctx context.Context, head *model.Session, v *model.View, features []*model.Tensor, boxes []annot.Box) ([]annot.Mask, error) {
	masks := make([]annot.Mask, 0, len(boxes))
	for len(boxes) > 0 {
		n := min(len(boxes), maskBatch)
		more, err := outline(ctx, head, v, features, boxes[:n])
		if err != nil {
			return nil, err
		}
		masks = append(masks, more...)
		boxes = boxes[n:]
	}
	return masks, nil
}

func outline(ctx context.Context, head *model.Session, v *model.View, features []*model.Tensor, boxes []annot.Box) ([]annot.Mask, error) {
	in, err := model.NewF32(int64(len(boxes)), 4)
	if err != nil {
		return nil, err
	}
	defer in.Release()
	for i, b := range boxes {
		in.F32[4*i], in.F32[4*i+1], in.F32[4*i+2], in.F32[4*i+3] = float32(b.X0), float32(b.Y0), float32(b.X1), float32(b.Y1)
	}
	out, err := head.RunOn(ctx, features, in)
	if err != nil {
		return nil, err
	}
	defer model.ReleaseAll(out)
	side := int(out[0].Shape[1])
	if int(out[0].Shape[0]) != len(boxes) || int(out[0].Shape[2]) != side {
		return nil, fmt.Errorf("the mask head makes %v for %d boxes", out[0].Shape, len(boxes))
	}
	masks := make([]annot.Mask, len(boxes))
	for i, b := range boxes {
		masks[i] = Paste(out[0].F32[i*side*side:(i+1)*side*side], side, v.ToPhotoUnclipped(b), v.Crop)
	}
	return masks, nil
}
