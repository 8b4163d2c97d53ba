// Package vild runs detectors of ViLD's kind (Gu et al. 2022, "Open-vocabulary object detection via vision
// and language knowledge distillation"): class-agnostic proposals, each with a vector in the space of a text
// encoder. A class's score is the likeness of the two, so new words need no new run of the image side.
package vild

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"sync"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/prompt"
	"github.com/saysee/saysee/prompt/encode"
)

// Family is the manifest's name for packs of this package.
const Family = "vild"

// rule is how a pack of the starter's kind scores: logit = Tau·cos + Bias against a background of logit 0,
// the softmax times powers of the proposal's own two scores, calibrated.
type rule struct {
	Name         string  `json:"rule"` // "softmax-with-zero-background"
	Tau          float64 `json:"tau"`
	Bias         float64 `json:"bias"`
	RoiPower     float64 `json:"roi_power"`
	QualityPower float64 `json:"quality_power"`
	// Calibration is a slope and an offset for the score's logit, so that of regions of a score that share is right
	// (Platt 1999). It changes no order. Empty leaves scores as they are.
	Calibration calibration `json:"calibration,omitempty"`
	// TwiceCalibration is the same for photos that were looked at twice. Empty takes Calibration.
	TwiceCalibration calibration `json:"twice_calibration,omitempty"`
}

// calibration is a positive slope and an offset, or empty.
type calibration []float64

// of returns what a score means.
func (c calibration) of(score float32) float32 {
	if len(c) == 0 || score <= 0 || score >= 1 {
		return score
	}
	p := float64(score)
	return float32(1 / (1 + math.Exp(-c[0]*math.Log(p/(1-p))-c[1])))
}

func (r rule) check() error {
	if r.Name != "softmax-with-zero-background" {
		return fmt.Errorf("%w: scoring rule %q is not known", model.ErrManifest, r.Name)
	}
	if !(r.Tau > 0) {
		return fmt.Errorf("%w: scoring.tau must be positive", model.ErrManifest)
	}
	for _, c := range []calibration{r.Calibration, r.TwiceCalibration} {
		if len(c) != 0 && (len(c) != 2 || !(c[0] > 0)) {
			return fmt.Errorf("%w: scoring.calibration and twice_calibration are a positive slope and an offset", model.ErrManifest)
		}
	}
	return nil
}

var regionsGraph = model.Graph{
	Head: true,
	Outputs: []model.Port{
		{Name: "boxes", Type: model.Float32, Rank: 2},
		{Name: "roi_scores", Type: model.Float32, Rank: 1},
		{Name: "box_quality", Type: model.Float32, Rank: 1},
		{Name: "region_embeds", Type: model.Float32, Rank: 2},
	},
	// How many regions to keep at most.
	Optional: []model.Port{{Name: most, Type: model.Int64, Rank: 1}},
	Ragged:   true,
}

const most = "most"

// Detector runs a pack of the starter's kind, on a shared trunk.
type Detector struct {
	pack                  *model.Pack
	rule                  rule
	text                  *encode.Encoder
	space                 string // of the regions' vectors
	trunk, regions, masks *model.Session
	most                  int // regions of a canvas, 0 for mostRegions
}

var (
	_ detect.Detector  = (*Detector)(nil)
	_ detect.Limiter   = (*Detector)(nil)
	_ detect.Exemplary = (*encoding)(nil)
	_ detect.Masker    = (*encoding)(nil)
)

// New loads the pack's networks: those of an official checkpoint (tower.go), or of the starter's kind.
func New(pack *model.Pack, engine *model.Engine, text *encode.Encoder) (detect.Detector, error) {
	var name struct {
		Rule string `json:"rule"`
	}
	if err := json.Unmarshal(pack.Scoring, &name); err != nil {
		return nil, fmt.Errorf("pack %s: %w: scoring: %w", pack.ID, model.ErrManifest, err)
	}
	if name.Rule == officialRule {
		return newTower(pack, engine, text)
	}
	return newDetector(pack, engine, text)
}

func newDetector(pack *model.Pack, engine *model.Engine, text *encode.Encoder) (*Detector, error) {
	d := &Detector{pack: pack, text: text, space: pack.Fingerprint("trunk", "regions")}
	if err := pack.ReadScoring(&d.rule); err != nil {
		return nil, err
	}
	if err := d.rule.check(); err != nil {
		return nil, fmt.Errorf("pack %s: %w", pack.ID, err)
	}
	load := engine.Loader(pack)
	d.trunk = load.Session("trunk", model.Trunk())
	d.regions = load.Session("regions", regionsGraph)
	d.masks = load.Session("masks", detect.MaskGraph())
	return d, load.Err
}

// Pack returns the pack that the detector runs.
func (d *Detector) Pack() *model.Pack { return d.pack }

// Limit implements detect.Limiter. Files of packs that offer no choice go on as they do.
func (d *Detector) Limit(most int) { d.most = most }

// find runs the region head on what the trunk made of a canvas.
func (d *Detector) find(ctx context.Context, features []*model.Tensor) ([]*model.Tensor, error) {
	if !d.regions.Takes(most) {
		return d.regions.RunOn(ctx, features)
	}
	limit, err := model.NewI64(1)
	if err != nil {
		return nil, err
	}
	defer limit.Release()
	limit.I64[0] = int64(cmp.Or(d.most, mostRegions))
	return d.regions.RunOn(ctx, features, limit)
}

// mostRegions is how many regions of a canvas are looked at where nobody sets a limit.
const mostRegions = 100

// Encode runs trunk and region head on every view. Proposals of all views stand in one list; two views of the same part of
// the photo are two looks at it, whose proposals are joined.
func (d *Detector) Encode(ctx context.Context, views []*model.View) (detect.Encoding, error) {
	e := &encoding{d: d, calibration: d.rule.Calibration, made: made{masks: map[int]annot.Mask{}}}
	for _, v := range views {
		if err := e.add(ctx, v); err != nil {
			e.Release()
			return nil, err
		}
	}
	e.list()
	e.centre = sync.OnceValue(e.makeCentre)
	return e, nil
}

type encoding struct {
	d     *Detector
	looks []*look

	// The proposals of all looks, in their order.
	boxes   []annot.Box // photo pixels
	regions []region

	calibration calibration
	made        made

	centre func() []float32 // see makeCentre
}

// look is what the region head made of one view.
type look struct {
	view    *model.View
	out     []*model.Tensor
	regions []region
	first   int // number of its first proposal in the photo's list
}

// region is a proposal: a place where a thing may be.
type region struct {
	canvas annot.Box // canvas pixels of its look
	weight float32   // what its own two scores come to
	vector []float32 // of unit length
}

func (e *encoding) add(ctx context.Context, v *model.View) error {
	f, err := v.Features(ctx, e.d.trunk)
	if err != nil {
		return err
	}
	out, err := e.d.find(ctx, f)
	if err != nil {
		return err
	}
	l := &look{view: v, out: out}
	e.looks = append(e.looks, l)
	boxes, roi, quality, embeds := out[0].F32, out[1].F32, out[2].F32, out[3]
	n, dim := int(out[0].Shape[0]), e.d.pack.Text.Dim
	if len(roi) < n || len(quality) < n || int(embeds.Shape[0]) < n || embeds.Shape[1] != int64(dim) {
		return fmt.Errorf("pack %s: the region head's outputs do not fit each other", e.d.pack.ID)
	}
	for i := range n {
		b := boxes[4*i : 4*i+4]
		l.regions = append(l.regions, region{
			canvas: annot.Box{X0: float64(b[0]), Y0: float64(b[1]), X1: float64(b[2]), Y1: float64(b[3])},
			weight: float32(math.Pow(float64(roi[i]), e.d.rule.RoiPower) * math.Pow(float64(quality[i]), e.d.rule.QualityPower)),
			vector: embeds.F32[i*dim : (i+1)*dim],
		})
	}
	for _, other := range e.looks[:len(e.looks)-1] {
		if other.view.Crop == v.Crop {
			join(other, l)
			if len(e.d.rule.TwiceCalibration) > 0 {
				e.calibration = e.d.rule.TwiceCalibration
			}
		}
	}
	return nil
}

// list numbers the proposals.
func (e *encoding) list() {
	for _, l := range e.looks {
		l.first = len(e.regions)
		e.regions = append(e.regions, l.regions...)
		for _, p := range l.regions {
			e.boxes = append(e.boxes, l.view.ToPhoto(p.canvas))
		}
	}
}

// Ask scores every box against the words: the text encoder runs for words never seen, nothing else does.
func (e *encoding) Ask(ctx context.Context, classes []annot.Class) (*detect.Candidates, error) {
	words := prompt.NewWords(classes).WithExamples(e.d.space)
	vectors, _, err := e.d.text.Vectors(ctx, words.Phrases())
	if err != nil {
		return nil, err
	}
	n := len(classes)
	c := &detect.Candidates{
		Model: e.d.pack.ID, Classes: classes, Boxes: e.boxes,
		Scores: make([]float32, len(e.boxes)*n), Phrases: make([]uint16, len(e.boxes)*n),
	}
	phrases := len(vectors)
	logits := make([]float32, phrases+len(words.Examples()))
	for i, p := range e.regions {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for k, w := range vectors {
			logits[k] = float32(e.d.rule.Tau*float64(dot(p.vector, w)) + e.d.rule.Bias)
		}
		e.like(p.vector, words.Examples(), logits[phrases:])
		scores := c.Scores[i*n : (i+1)*n]
		words.Fuse(logits, scores, c.Phrases[i*n:(i+1)*n])
		for k, s := range scores {
			scores[k] = e.calibration.of(s * p.weight)
		}
	}
	return c, nil
}

// dot is the inner product. Four sums keep the processor's adders busy.
func dot(a, b []float32) float32 {
	b = b[:len(a)]
	var s0, s1, s2, s3 float32
	i := 0
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return s0 + s1 + s2 + s3
}

// Masks runs the mask head on the boxes that have no mask yet.
func (e *encoding) Masks(ctx context.Context, found []detect.Found) error {
	spans := make([]span, len(e.looks))
	for i, l := range e.looks {
		spans[i] = span{l.first, len(l.regions), func(ctx context.Context, boxes []int) ([]annot.Mask, error) {
			return e.runMasks(ctx, l, boxes)
		}}
	}
	return e.made.give(ctx, found, spans)
}

func (e *encoding) runMasks(ctx context.Context, l *look, boxes []int) ([]annot.Mask, error) {
	f, err := l.view.Features(ctx, e.d.trunk)
	if err != nil {
		return nil, err
	}
	canvas := make([]annot.Box, len(boxes))
	for k, i := range boxes {
		canvas[k] = e.regions[i].canvas
	}
	return detect.Outline(ctx, e.d.masks, l.view, f, canvas)
}

// Mask implements detect.Masker, on the view that sees most of the box and shows it largest; of two looks, on the better one.
func (e *encoding) Mask(ctx context.Context, box annot.Box) (annot.Mask, error) {
	var best *model.View
	var score float64
	for _, l := range e.looks {
		crop := l.view.Crop
		in := box.Intersect(annot.Box{X0: float64(crop.Min.X), Y0: float64(crop.Min.Y), X1: float64(crop.Max.X), Y1: float64(crop.Max.Y)})
		tooClose := best != nil && best.Crop == crop && detect.Share(l.view.ToCanvas(box)) > 0.5
		if s := in.Area() * l.view.Scale; s > score && !tooClose {
			best, score = l.view, s
		}
	}
	if best == nil {
		return annot.Mask{}, nil
	}
	f, err := best.Features(ctx, e.d.trunk)
	if err != nil {
		return annot.Mask{}, err
	}
	masks, err := detect.Outline(ctx, e.d.masks, best, f, []annot.Box{best.ToCanvas(box)})
	if err != nil {
		return annot.Mask{}, err
	}
	return masks[0], nil
}

// Release gives the region head's outputs back. Candidates that were asked for stay valid.
func (e *encoding) Release() {
	for _, l := range e.looks {
		model.ReleaseAll(l.out)
	}
	e.looks, e.regions = nil, nil
}
