package vild

import (
	"context"
	"fmt"
	"image"
	"math"
	"slices"
	"strings"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/prompt"
	"github.com/saysee/saysee/prompt/encode"
)

const officialRule = "vild"

// official is the rule of tensorflow/tpu's ViLD (models/official/detection/projects/vild).
type official struct {
	Name string `json:"rule"` // "vild"
	// Temperature turns cosines into logits.
	Temperature float64 `json:"temperature"`
	// Ensemble says that proposals have a second vector, distilled from CLIP's image side.
	Ensemble bool `json:"ensemble"`
	// Base are names of categories that the detector was trained on, in small letters: an ensemble trusts its
	// first branch more for them, and its distilled one for all others.
	Base []string `json:"base,omitempty"`

	// Anchors: their side at each level is Anchor times the stride, their shapes are Aspects, width over height.
	Strides []int     `json:"strides"`
	Anchor  float64   `json:"anchor"`
	Aspects []float64 `json:"aspects"`
	// PerLevel anchors of each level are looked at, of which none overlaps a better one by Overlap or more, and
	// Proposals of all levels are kept.
	PerLevel  int     `json:"per_level"`
	Proposals int     `json:"proposals"`
	Overlap   float64 `json:"overlap"`
}

func (r *official) check() error {
	positive := func(v float64) bool { return v > 0 && v < 1e4 }
	switch {
	case !positive(r.Temperature) || !positive(r.Anchor):
		return fmt.Errorf("%w: scoring.temperature or anchor is out of range", model.ErrManifest)
	case len(r.Strides) != len(mapPorts) || slices.Min(r.Strides) < 1:
		return fmt.Errorf("%w: scoring.strides has %d levels, the graphs have %d", model.ErrManifest, len(r.Strides), len(mapPorts))
	case len(r.Aspects) == 0 || len(r.Aspects) > 16 || slices.ContainsFunc(r.Aspects, func(a float64) bool { return !positive(a) }):
		return fmt.Errorf("%w: scoring.aspects %v", model.ErrManifest, r.Aspects)
	case r.PerLevel < 1 || r.Proposals < 1 || r.PerLevel > 1e4 || !(r.Overlap > 0 && r.Overlap <= 1):
		return fmt.Errorf("%w: scoring.per_level, proposals or overlap is out of range", model.ErrManifest)
	}
	return nil
}

var mapPorts = []model.Port{
	{Name: "p2", Type: model.Float32, Rank: 4},
	{Name: "p3", Type: model.Float32, Rank: 4},
	{Name: "p4", Type: model.Float32, Rank: 4},
	{Name: "p5", Type: model.Float32, Rank: 4},
	{Name: "p6", Type: model.Float32, Rank: 4},
}

// imageGraph makes the pyramid, [1, C, h, w] each, and of every anchor the objectness's logit [A] and box deltas
// [A, 4], (y, x, h, w).
var imageGraph = model.Graph{
	Inputs: []model.Port{{Name: "pixel_values", Type: model.Float32, Rank: 4}},
	Outputs: slices.Concat(mapPorts, []model.Port{
		{Name: "rpn_scores", Type: model.Float32, Rank: 1}, {Name: "rpn_deltas", Type: model.Float32, Rank: 2},
	}),
}

// regionGraph makes of proposals [R, 4], (y0, x0, y1, x1) in canvas pixels, box deltas [R, 4], vectors of unit
// length [R, D] and the background's [D]; of an ensemble, the distilled branch's [R, D] too.
func (r *official) regionGraph() model.Graph {
	g := model.Graph{
		Inputs: slices.Concat(mapPorts, []model.Port{{Name: "rois", Type: model.Float32, Rank: 2}}),
		Outputs: []model.Port{
			{Name: "box_deltas", Type: model.Float32, Rank: 2},
			{Name: "region_embeds", Type: model.Float32, Rank: 2},
			{Name: "bg_embed", Type: model.Float32, Rank: 1},
		},
	}
	if r.Ensemble {
		g.Outputs = append(g.Outputs, model.Port{Name: "distilled_embeds", Type: model.Float32, Rank: 2})
	}
	return g
}

var maskGraph = model.Graph{
	Inputs:  slices.Concat(mapPorts, []model.Port{{Name: "boxes", Type: model.Float32, Rank: 2}}),
	Outputs: []model.Port{{Name: "mask_probs", Type: model.Float32, Rank: 3}},
}

// tower runs a pack of an official checkpoint.
type tower struct {
	pack                  *model.Pack
	rule                  official
	base                  map[string]bool
	text                  *encode.Encoder
	image, regions, masks *model.Session
}

var (
	_ detect.Detector = (*tower)(nil)
	_ detect.Masker   = (*sight)(nil)
)

func newTower(pack *model.Pack, engine *model.Engine, text *encode.Encoder) (*tower, error) {
	t := &tower{pack: pack, text: text, base: map[string]bool{}}
	if err := pack.ReadScoring(&t.rule); err != nil {
		return nil, err
	}
	if err := t.rule.check(); err != nil {
		return nil, fmt.Errorf("pack %s: %w", pack.ID, err)
	}
	for _, name := range t.rule.Base {
		t.base[name] = true
	}
	load := engine.Loader(pack)
	t.image = load.Session("image", imageGraph)
	t.regions = load.Session("regions", t.rule.regionGraph())
	t.masks = load.Session("masks", maskGraph)
	return t, load.Err
}

// Pack returns the pack that the detector runs.
func (t *tower) Pack() *model.Pack { return t.pack }

// Encode finds the proposals of every view and their vectors.
func (t *tower) Encode(ctx context.Context, views []*model.View) (detect.Encoding, error) {
	e := &sight{t: t, made: made{masks: map[int]annot.Mask{}}}
	for _, v := range views {
		if err := e.add(ctx, v); err != nil {
			e.Release()
			return nil, err
		}
	}
	return e, nil
}

// sight is a photo as the tower sees it.
type sight struct {
	t      *tower
	scenes []*scene
	canvas []annot.Box // of all scenes, canvas pixels
	boxes  []annot.Box // the same, photo pixels
	made   made
}

// scene is one view and the vectors of its boxes.
type scene struct {
	view  *model.View
	first int // number of its first box
	out   []*model.Tensor
}

func (s *scene) count() int { return int(s.out[1].Shape[0]) }

func (e *sight) add(ctx context.Context, v *model.View) error {
	f, err := v.Features(ctx, e.t.image)
	if err != nil {
		return err
	}
	maps, scores, deltas := f[:len(mapPorts)], f[len(mapPorts)].F32, f[len(mapPorts)+1].F32
	levels := e.t.rule.levels(v.Canvas)
	anchors := 0
	for _, l := range levels {
		anchors += l.count()
	}
	if len(scores) != anchors || len(deltas) != 4*anchors {
		return fmt.Errorf("pack %s: %d scores and %d deltas for %d anchors", e.t.pack.ID, len(scores), len(deltas), anchors)
	}
	found := e.t.rule.propose(levels, scores, deltas, v.Canvas)
	if len(found) == 0 {
		return nil
	}
	rois, err := rows(len(found), func(i int) annot.Box { return found[i].box })
	if err != nil {
		return err
	}
	defer rois.Release()
	out, err := e.t.regions.Run(ctx, append(slices.Clone(maps), rois)...)
	if err != nil {
		return err
	}
	s := &scene{view: v, first: len(e.boxes), out: out}
	e.scenes = append(e.scenes, s)
	if err := e.t.fit(out, len(found)); err != nil {
		return err
	}
	for i, p := range found {
		box := decode(p.box, out[0].F32[4*i:4*i+4], detectionWeights, v.Canvas)
		e.canvas = append(e.canvas, box)
		e.boxes = append(e.boxes, v.ToPhoto(box))
	}
	return nil
}

// fit checks what the region graph made of n proposals.
func (t *tower) fit(out []*model.Tensor, n int) error {
	dim := t.pack.Text.Dim
	ok := len(out[0].F32) == 4*n && len(out[2].F32) == dim
	for i, o := range out {
		ok = ok && (i == 0 || i == 2 || len(o.F32) == n*dim)
	}
	if !ok {
		return fmt.Errorf("pack %s: the region graph's outputs do not fit %d proposals and vectors of %d values", t.pack.ID, n, dim)
	}
	return nil
}

// rows makes [n, 4], (y0, x0, y1, x1), of boxes.
func rows(n int, box func(i int) annot.Box) (*model.Tensor, error) {
	t, err := model.NewF32(int64(n), 4)
	if err != nil {
		return nil, err
	}
	for i := range n {
		b := box(i)
		for k, v := range [4]float64{b.Y0, b.X0, b.Y1, b.X1} {
			t.F32[4*i+k] = float32(v)
		}
	}
	return t, nil
}

// Ask scores every box against the words.
func (e *sight) Ask(ctx context.Context, classes []annot.Class) (*detect.Candidates, error) {
	words := prompt.NewWords(classes)
	vectors, _, err := e.t.text.Vectors(ctx, words.Phrases())
	if err != nil {
		return nil, err
	}
	n := len(classes)
	c := &detect.Candidates{
		Model: e.t.pack.ID, Classes: classes, Boxes: e.boxes,
		Scores: make([]float32, len(e.boxes)*n), Phrases: make([]uint16, len(e.boxes)*n),
		Overlap: func(a, b int) float64 { return e.canvas[a].IoU(e.canvas[b]) },
	}
	j := judge{rule: &e.t.rule, words: words, vectors: vectors, base: e.t.bases(classes)}
	for _, s := range e.scenes {
		dim := e.t.pack.Text.Dim
		for i := range s.count() {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			var distilled []float32
			if e.t.rule.Ensemble {
				distilled = s.out[3].F32[i*dim : (i+1)*dim]
			}
			at := (s.first + i) * n
			j.score(s.out[1].F32[i*dim:(i+1)*dim], distilled, s.out[2].F32, c.Scores[at:at+n], c.Phrases[at:at+n])
		}
	}
	return c, nil
}

// bases says which classes the detector was trained on, by any of their phrases.
func (t *tower) bases(classes []annot.Class) []bool {
	out := make([]bool, len(classes))
	for i, c := range classes {
		out[i] = slices.ContainsFunc(c.Phrases, func(p string) bool { return t.base[strings.ToLower(p)] })
	}
	return out
}

// judge compares boxes with words.
type judge struct {
	rule    *official
	words   *prompt.Words
	vectors [][]float32
	base    []bool
}

// score is the softmax over the background and all classes, without the background's share. An ensemble multiplies it
// with that of its distilled branch, which knows no background: as two thirds and one third of a geometric mean for
// classes that were trained, one third and two thirds for others (ops/postprocess_ops.py, GenericDetectionGenerator).
func (j *judge) score(vector, distilled, background, scores []float32, which []uint16) {
	all := softmax(append(j.words.Columns(j.logits(vector), which), j.logit(vector, background)))
	all = all[:len(all)-1]
	if distilled != nil {
		for i, q := range softmax(j.words.Columns(j.logits(distilled), nil)) {
			third := q
			if i < len(j.base) && j.base[i] {
				third = all[i]
			}
			all[i] = math.Cbrt(all[i] * q * third)
		}
	}
	out := make([]float32, len(all))
	for i, p := range all {
		out[i] = float32(p)
	}
	j.words.Veto(out)
	copy(scores, out)
}

func (j *judge) logit(a, b []float32) float32 {
	return float32(j.rule.Temperature * float64(dot(a, b)))
}

func (j *judge) logits(vector []float32) []float32 {
	out := make([]float32, len(j.vectors))
	for i, w := range j.vectors {
		out[i] = j.logit(vector, w)
	}
	return out
}

func softmax(logits []float32) []float64 {
	top := slices.Max(logits)
	out := make([]float64, len(logits))
	sum := 0.0
	for i, l := range logits {
		out[i] = math.Exp(float64(l - top))
		sum += out[i]
	}
	for i := range out {
		out[i] /= sum
	}
	return out
}

// Masks runs the mask head on the boxes that have no mask yet.
func (e *sight) Masks(ctx context.Context, found []detect.Found) error {
	spans := make([]span, len(e.scenes))
	for i, s := range e.scenes {
		spans[i] = span{s.first, s.count(), func(ctx context.Context, boxes []int) ([]annot.Mask, error) {
			canvas := make([]annot.Box, len(boxes))
			for k, i := range boxes {
				canvas[k] = e.canvas[i]
			}
			return e.t.fill(ctx, s.view, canvas)
		}}
	}
	return e.made.give(ctx, found, spans)
}

// Mask implements detect.Masker, on the last view that sees all of the box: tiles come after the whole.
func (e *sight) Mask(ctx context.Context, box annot.Box) (annot.Mask, error) {
	if len(e.scenes) == 0 {
		return annot.Mask{}, nil
	}
	best := e.scenes[0].view
	for _, s := range e.scenes {
		if c := s.view.Crop; box.X0 >= float64(c.Min.X) && box.Y0 >= float64(c.Min.Y) && box.X1 <= float64(c.Max.X) && box.Y1 <= float64(c.Max.Y) {
			best = s.view
		}
	}
	masks, err := e.t.fill(ctx, best, []annot.Box{best.ToCanvas(box)})
	if err != nil {
		return annot.Mask{}, err
	}
	return masks[0], nil
}

// maskBatch bounds how many masks one run of the mask head makes: its cost grows with each mask, so larger
// batches gain nothing and only hold more memory.
const maskBatch = 16

// fill runs the mask head on boxes of a view's canvas.
func (t *tower) fill(ctx context.Context, v *model.View, boxes []annot.Box) ([]annot.Mask, error) {
	f, err := v.Features(ctx, t.image)
	if err != nil {
		return nil, err
	}
	masks := make([]annot.Mask, 0, len(boxes))
	for batch := range slices.Chunk(boxes, maskBatch) {
		if masks, err = t.fillBatch(ctx, f[:len(mapPorts)], v, batch, masks); err != nil {
			return nil, err
		}
	}
	return masks, nil
}

func (t *tower) fillBatch(ctx context.Context, maps []*model.Tensor, v *model.View, boxes []annot.Box, masks []annot.Mask) ([]annot.Mask, error) {
	in, err := rows(len(boxes), func(i int) annot.Box { return boxes[i] })
	if err != nil {
		return nil, err
	}
	defer in.Release()
	out, err := t.masks.Run(ctx, append(slices.Clone(maps), in)...)
	if err != nil {
		return nil, err
	}
	defer model.ReleaseAll(out)
	side := int(out[0].Shape[1])
	if len(out[0].F32) != len(boxes)*side*side {
		return nil, fmt.Errorf("pack %s: the mask graph gives %v for %d boxes", t.pack.ID, out[0].Shape, len(boxes))
	}
	for k, b := range boxes {
		masks = append(masks, paste(out[0].F32[k*side*side:(k+1)*side*side], side, v.ToPhotoUnclipped(b), v.Crop))
	}
	return masks, nil
}

// paste is the official paste_instance_masks (utils/mask_utils.py): a row of zeros all around, the box larger by as
// much and cut down to whole pixels, the last one included.
func paste(grid []float32, side int, b annot.Box, photo image.Rectangle) annot.Mask {
	wide := side + 2
	padded := make([]float32, wide*wide)
	for y := range side {
		copy(padded[(y+1)*wide+1:], grid[y*side:(y+1)*side])
	}
	grow := float64(wide) / float64(side)
	around := func(from, to float64) (float64, float64) {
		half := (to - from) / 2
		centre := from + half
		first, last := math.Trunc(centre-half*grow), math.Trunc(centre+half*grow)
		return first, max(last+1, first+1)
	}
	x0, x1 := around(b.X0, b.X1)
	y0, y1 := around(b.Y0, b.Y1)
	return detect.Paste(padded, wide, annot.Box{X0: x0, Y0: y0, X1: x1, Y1: y1}, photo)
}

// Release gives the region graph's outputs back. Candidates that were asked for stay valid.
func (e *sight) Release() {
	for _, s := range e.scenes {
		model.ReleaseAll(s.out)
	}
	e.scenes = nil
}
