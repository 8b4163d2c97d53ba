package pipeline

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"sync"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/detect"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/pipeline/prep"
	"github.com/saysee/saysee/prompt/ground"
	"github.com/saysee/saysee/segment"
)

// Canvas says how photos are prepared.
type Canvas struct {
	Size  int // side of the network canvas in pixels, 0 for the pack's own (live models: for moving pictures)
	Tiles prep.Tiles
	// Twice has a detector whose pack says how (twice) look at all of the photo once more, on a larger canvas.
	Twice bool
}

// Stage is one step that really ran, and how long it took.
type Stage struct {
	Name string
	Took time.Duration
}

// The stages' names.
const (
	StagePrepare = "prepare"
	StageEncode  = "encode"
	StageWords   = "words"
	StageSelect  = "select"
	StageMasks   = "masks"
)

// Analysis is one photo, prepared and encoded: it answers any number of questions. It is used by one
// goroutine at a time, and Release gives its memory back.
type Analysis struct {
	Size   image.Point // of the photo
	Stages []Stage     // what ran so far

	models *Models
	views  *canvases
	guest  bool // the views are another's
	boxes  detect.Encoding
	pixels segment.Encoding
}

// canvases are a photo's views, which all that look at it share.
type canvases struct {
	mu sync.Mutex
	by map[model.ImageSpec]*views
}

// views are a photo's views by one image rule, and who made them.
type views struct {
	list []*model.View
	by   *prep.Preparer
}

func (v *views) recycle() {
	for _, view := range v.list {
		v.by.Recycle(view)
	}
}

// Analyse prepares and encodes a photo for what m can do. Families with the same image preparation share
// their views, and those with the same trunk share its run.
//
// The photo may be released when Analyse returns.
func (m *Models) Analyse(ctx context.Context, p *photo.Photo, c Canvas) (*Analysis, error) {
	return m.Share(p).begin(ctx, p, c)
}

// Share returns an analysis that saw nothing of a photo yet, for m and models that were loaded beside it to look at together, by Beside.
func (m *Models) Share(p *photo.Photo) *Analysis {
	return &Analysis{Size: p.Size(), models: m, views: &canvases{by: map[model.ImageSpec]*views{}}}
}

// Beside has models that were loaded beside a's look at the same photo, on the views that are there and with what trunks
// made of them. Calls may run at once: while the threads of one network wait for each other, another goes on. It must be released before a.
func (a *Analysis) Beside(ctx context.Context, m *Models, p *photo.Photo, c Canvas) (*Analysis, error) {
	return (&Analysis{Size: a.Size, models: m, views: a.views, guest: true}).begin(ctx, p, c)
}

func (a *Analysis) begin(ctx context.Context, p *photo.Photo, c Canvas) (*Analysis, error) {
	if err := a.encode(ctx, p, c); err != nil {
		a.Release()
		return nil, err
	}
	return a, nil
}

func (a *Analysis) encode(ctx context.Context, p *photo.Photo, c Canvas) error {
	var heads []func() error
	if d := a.models.Detector; d != nil {
		views, err := a.prepareLooks(p, d.Pack(), c)
		if err != nil {
			return err
		}
		heads = append(heads, func() (err error) { a.boxes, err = d.Encode(ctx, views); return err })
	}
	if s := a.models.Segmenter; s != nil {
		views, err := a.prepareSizes(p, s, c)
		if err != nil {
			return err
		}
		heads = append(heads, func() (err error) { a.pixels, err = s.Encode(ctx, views); return err })
	}
	if len(heads) == 0 {
		return nil
	}
	defer a.stage(StageEncode, time.Now())
	if a.models.Engine.Threads() > 1 {
		return together(heads...)
	}
	for _, head := range heads {
		if err := head(); err != nil {
			return err
		}
	}
	return nil
}

// stage adds to the time of a step; one that runs twice, for two families, is one stage.
func (a *Analysis) stage(name string, since time.Time) {
	took := time.Since(since)
	for i := range a.Stages {
		if a.Stages[i].Name == name {
			a.Stages[i].Took += took
			return
		}
	}
	a.Stages = append(a.Stages, Stage{name, took})
}

// prepareLooks makes the views of a detector, and that of a second look where one is wanted and the pack says how.
func (a *Analysis) prepareLooks(p *photo.Photo, pack *model.Pack, c Canvas) ([]*model.View, error) {
	views, err := a.prepare(p, pack, c)
	if err != nil || !c.Twice || pack.Twice == 0 {
		return views, err
	}
	spec, err := a.canvas(pack, c.Size)
	if err != nil {
		return nil, err
	}
	larger, err := a.prepare(p, pack, Canvas{Size: spec.Size * pack.Twice / pack.Image.Size})
	return slices.Concat(views, larger), err
}

// canvas is the image rule of a pack, for a canvas of the size that is wanted, 0 for the pack's own.
func (a *Analysis) canvas(pack *model.Pack, size int) (model.ImageSpec, error) {
	if size == 0 && a.models.live {
		size = pack.Live.Size
	}
	if size == 0 {
		return pack.Image, nil
	}
	return pack.Image.WithSize(size)
}

// prepare makes the views that a pack needs, once for each image rule.
func (a *Analysis) prepare(p *photo.Photo, pack *model.Pack, c Canvas) ([]*model.View, error) {
	spec, err := a.canvas(pack, c.Size)
	if err != nil {
		return nil, err
	}
	a.views.mu.Lock()
	defer a.views.mu.Unlock()
	if v, ok := a.views.by[spec]; ok {
		return v.list, nil
	}
	defer a.stage(StagePrepare, time.Now())
	by, err := a.models.preparer(spec)
	if err != nil {
		return nil, err
	}
	v := &views{by: by}
	for _, l := range prep.Plan(a.Size, spec, c.Tiles) {
		view, err := by.View(p, l)
		if err != nil {
			v.recycle()
			return nil, err
		}
		v.list = append(v.list, view)
	}
	a.views.by[spec] = v
	return v.list, nil
}

// prepareSizes makes the views of a segmenter, which may want several sizes where nobody asks for one.
func (a *Analysis) prepareSizes(p *photo.Photo, s segment.Segmenter, c Canvas) ([]*model.View, error) {
	sizer, ok := s.(segment.Sizer)
	if !ok || c.Size > 0 || len(sizer.Sizes()) == 0 {
		return a.prepare(p, s.Pack(), c)
	}
	var all []*model.View
	for _, size := range sizer.Sizes() {
		views, err := a.prepare(p, s.Pack(), Canvas{Size: size})
		if err != nil {
			return nil, err
		}
		all = append(all, views...)
	}
	return all, nil
}

// Question is what to look for: things to box and things to paint. Both use one class table, in which a
// name that stands in both is one class.
type Question struct {
	Classes []annot.Class
	boxes   []int // classes to box, as indices into Classes
	pixels  []int // classes to paint
	// sentence holds the phrases that are classes to box, in the person's own words. Nil for a list of words.
	sentence *ground.Caption
}

// NewQuestion joins the words for boxes and the words for pixels into one class table.
func NewQuestion(boxes, pixels []annot.Class) Question {
	var q Question
	index := map[string]int{}
	add := func(c annot.Class) int {
		i, ok := index[c.Name]
		if !ok {
			i = len(q.Classes)
			index[c.Name] = i
			q.Classes = append(q.Classes, c)
		}
		return i
	}
	for _, c := range boxes {
		q.boxes = append(q.boxes, add(c))
	}
	for _, c := range pixels {
		q.pixels = append(q.pixels, add(c))
	}
	return q
}

// Grounding asks for the phrases of a sentence: each is a class to box, in its own words. Detectors that read
// sentences read the phrases in it, others each by itself.
func Grounding(sentence ground.Caption, pixels []annot.Class) Question {
	var boxes []annot.Class
	for _, words := range sentence.Names() {
		if !slices.ContainsFunc(boxes, func(c annot.Class) bool { return c.Name == words }) {
			boxes = append(boxes, annot.NamedClass(words))
		}
	}
	q := NewQuestion(boxes, pixels)
	q.sentence = &sentence
	return q
}

// ToBox returns the classes to box.
func (q Question) ToBox() []annot.Class { return q.pick(q.boxes) }

// HasBoxes reports whether anything is to be boxed.
func (q Question) HasBoxes() bool { return len(q.boxes) > 0 }

// HasPixels reports whether anything is to be painted.
func (q Question) HasPixels() bool { return len(q.pixels) > 0 }

// With returns the question with one more class to box and paint, wherever the question does either.
func (q Question) With(c annot.Class) Question {
	i := len(q.Classes)
	q.Classes = append(slices.Clone(q.Classes), c)
	if q.HasBoxes() {
		q.boxes = append(slices.Clone(q.boxes), i)
	}
	if q.HasPixels() {
		q.pixels = append(slices.Clone(q.pixels), i)
	}
	return q
}

func (q Question) pick(which []int) []annot.Class {
	classes := make([]annot.Class, len(which))
	for i, c := range which {
		classes[i] = q.Classes[c]
	}
	return classes
}

// Answer is everything that the models have to say to a question. What is kept of it is decided by Select,
// again and again, without a session.
type Answer struct {
	Question Question
	Boxes    *detect.Candidates // nil when nothing was to be boxed
	Pixels   *segment.Logits    // nil when nothing was to be painted
}

// Ask puts a question. Words never asked before run the text encoder; nothing runs the image side again.
func (a *Analysis) Ask(ctx context.Context, q Question) (*Answer, error) {
	defer a.stage(StageWords, time.Now())
	ans := &Answer{Question: q}
	var err error
	if a.boxes != nil && len(q.boxes) > 0 {
		if ans.Boxes, err = a.box(ctx, q); err != nil {
			return nil, err
		}
	}
	if a.pixels != nil && len(q.pixels) > 0 {
		if ans.Pixels, err = a.pixels.Ask(ctx, q.pick(q.pixels)); err != nil {
			return nil, err
		}
	}
	return ans, nil
}

// box asks the detector.
func (a *Analysis) box(ctx context.Context, q Question) (*detect.Candidates, error) {
	if g, reads := a.boxes.(detect.Grounder); reads && q.sentence != nil {
		return g.Ground(ctx, *q.sentence)
	}
	return a.boxes.Ask(ctx, a.models.captioned(q.pick(q.boxes)))
}

// Filter says what of an answer is kept. Class indices are those of the question's table.
type Filter struct {
	Boxes  detect.Options
	Pixels segment.Options
}

// Select returns the boxes and the painted regions that the filter lets through. It runs no session.
func (ans *Answer) Select(f Filter) (boxes []detect.Found, pixels []annot.Region) {
	if ans.Boxes != nil {
		f.Boxes.PerClass, f.Boxes.Off = local(ans.Question.boxes, f.Boxes.PerClass), local(ans.Question.boxes, f.Boxes.Off)
		boxes = ans.Boxes.Select(f.Boxes)
		for i := range boxes {
			boxes[i].Class = ans.Question.boxes[boxes[i].Class]
		}
	}
	if ans.Pixels != nil {
		f.Pixels.PerClass, f.Pixels.Off = local(ans.Question.pixels, f.Pixels.PerClass), local(ans.Question.pixels, f.Pixels.Off)
		pixels = ans.Pixels.Select(f.Pixels)
		for i := range pixels {
			pixels[i].Class = ans.Question.pixels[pixels[i].Class]
		}
	}
	return boxes, pixels
}

// local turns settings by class of the whole table into settings by class of a part of it.
func local[V any](part []int, by map[int]V) map[int]V {
	if len(by) == 0 {
		return nil
	}
	out := map[int]V{}
	for i, class := range part {
		if v, ok := by[class]; ok {
			out[i] = v
		}
	}
	return out
}

// Masks gives boxes their masks, where the detector makes any; the classes are those of the question. Boxes of a
// detector that makes none get what the segmenter, if there is one, paints in them.
func (a *Analysis) Masks(ctx context.Context, q Question, boxes []detect.Found) error {
	if a.boxes == nil || len(boxes) == 0 {
		return nil
	}
	defer a.stage(StageMasks, time.Now())
	if err := a.boxes.Masks(ctx, boxes); err != nil {
		return err
	}
	if a.pixels == nil || Outlines(a.models.Detector.Pack()) {
		return nil
	}
	return a.paint(ctx, q, boxes)
}

// ErrCannot marks a question that the models in use have no answer to.
var ErrCannot = errors.New("the models in use cannot do this")

// Example returns what the detector sees in a box of the photo, so that a class can look for more like it. It
// runs no session. The error wraps ErrCannot; ok is false where the detector sees nothing of that extent.
func (a *Analysis) Example(box annot.Box) (x annot.Example, ok bool, err error) {
	e, can := a.boxes.(detect.Exemplary)
	if !can {
		return annot.Example{}, false, fmt.Errorf("look for more like a region: %w", ErrCannot)
	}
	x, ok = e.Example(box)
	return x, ok, nil
}

// Mask fills a box of the photo with the mask of what it is around, which may be empty. The error wraps
// ErrCannot for a detector without a mask head.
func (a *Analysis) Mask(ctx context.Context, box annot.Box) (annot.Mask, error) {
	m, can := a.boxes.(detect.Masker)
	if !can {
		return annot.Mask{}, fmt.Errorf("fill a box with a mask: %w", ErrCannot)
	}
	defer a.stage(StageMasks, time.Now())
	return m.Mask(ctx, box)
}

// Regions asks, selects and, if wanted, makes masks: all that a batch needs of a photo. Painted regions come
// first, so that things stand on top of stuff.
func (a *Analysis) Regions(ctx context.Context, q Question, f Filter, masks bool) ([]annot.Region, error) {
	ans, err := a.Ask(ctx, q)
	if err != nil {
		return nil, err
	}
	return a.Choose(ctx, ans, f, masks)
}

// Choose selects and, if wanted, makes masks.
func (a *Analysis) Choose(ctx context.Context, ans *Answer, f Filter, masks bool) ([]annot.Region, error) {
	start := time.Now()
	boxes, pixels := ans.Select(f)
	a.stage(StageSelect, start)
	if masks {
		if err := a.Masks(ctx, ans.Question, boxes); err != nil {
			return nil, err
		}
	}
	return append(pixels, detect.Regions(boxes)...), nil
}

// Release gives everything back that was kept for further questions.
func (a *Analysis) Release() {
	if a.boxes != nil {
		a.boxes.Release()
	}
	if a.pixels != nil {
		a.pixels.Release()
	}
	if !a.guest {
		for _, v := range a.views.by {
			v.recycle()
		}
	}
	a.boxes, a.pixels, a.views = nil, nil, nil
}
