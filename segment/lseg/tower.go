package lseg

import (
	"context"
	"fmt"
	"image"
	"slices"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/prompt"
	"github.com/saysee/saysee/prompt/encode"
	"github.com/saysee/saysee/segment"
)

var towerGraph = model.Graph{
	Inputs:  []model.Port{{Name: "pixel_values", Type: model.Float32, Rank: 4}},
	Outputs: []model.Port{{Name: "pixel_embeds", Type: model.Float32, Rank: 4}},
}

// tower runs a pack of an official checkpoint by the rule of isl-org/lang-seg's evaluation
// (additional_utils/models.py, LSeg_MultiEvalModule): windows of one size slide over the photo in one or several
// sizes, overlapping logits are averaged, sizes and mirrored views are summed, and the best class wins.
type tower struct {
	pack          *model.Pack
	rule          rule
	text          *encode.Encoder
	pixels, match *model.Session
}

var (
	_ segment.Segmenter = (*tower)(nil)
	_ segment.Sizer     = (*tower)(nil)
)

func newTower(pack *model.Pack, engine *model.Engine, text *encode.Encoder, r rule) (*tower, error) {
	for _, size := range r.Sizes {
		if _, err := pack.Image.WithSize(size); err != nil {
			return nil, fmt.Errorf("pack %s: %w: scoring.sizes: %w", pack.ID, model.ErrManifest, err)
		}
	}
	if pack.Image.Window == 0 || pack.Image.Resize != "long" {
		return nil, fmt.Errorf("pack %s: %w: the rule \"cosine\" wants image.window and the resize rule \"long\"", pack.ID, model.ErrManifest)
	}
	load := engine.Loader(pack)
	t := &tower{pack: pack, rule: r, text: text}
	t.pixels = load.Session("pixels", towerGraph)
	t.match = load.Session("match", matchGraph)
	return t, load.Err
}

// Pack returns the pack that the segmenter runs.
func (t *tower) Pack() *model.Pack { return t.pack }

// Sizes returns the long sides that a photo is seen at.
func (t *tower) Sizes() []int { return t.rule.Sizes }

// mostKept bounds how many windows' vectors are kept, 118 MB each at the official size. What is more is made again for
// other words.
const mostKept = 8

// Encode makes the vectors of the windows of every view, as many as are kept.
func (t *tower) Encode(ctx context.Context, views []*model.View) (segment.Encoding, error) {
	e := &windows{t: t}
	for _, v := range views {
		for _, at := range segment.CutWindows(v.Canvas, t.pack.Image.Window, t.pack.Image.Stride) {
			for _, mirrored := range []bool{false, true}[:1+flips(t.rule.Flip)] {
				e.all = append(e.all, &window{view: v, at: at, mirrored: mirrored})
			}
		}
		e.whole = e.whole.Union(v.Crop)
	}
	for _, w := range e.all[:min(len(e.all), mostKept)] {
		var err error
		if w.embeds, err = t.look(ctx, w); err != nil {
			e.Release()
			return nil, err
		}
	}
	return e, nil
}

func flips(flip bool) int {
	if flip {
		return 1
	}
	return 0
}

// look makes a window's vectors.
func (t *tower) look(ctx context.Context, w *window) (*model.Tensor, error) {
	side := t.pack.Image.Window
	pixels, err := model.NewF32(1, 3, int64(side), int64(side))
	if err != nil {
		return nil, err
	}
	defer pixels.Release()
	spec := t.pack.Image
	for c := range 3 {
		pad := (float32(spec.Pad) - spec.Mean[c]) / spec.Std[c]
		plane := pixels.F32[c*side*side : (c+1)*side*side]
		for i := range plane {
			plane[i] = pad
		}
	}
	segment.Cut(pixels.F32, w.view.Pixels.F32, w.view.Canvas, w.at)
	if w.mirrored {
		mirror(pixels.F32, side)
	}
	out, err := t.pixels.Run(ctx, pixels)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

func mirror(planes []float32, width int) {
	for row := range slices.Chunk(planes, width) {
		slices.Reverse(row)
	}
}

// window is a square of a view's canvas, perhaps mirrored. embeds is nil where its vectors are not kept.
type window struct {
	view     *model.View
	at       image.Rectangle
	mirrored bool
	embeds   *model.Tensor
}

// windows is a photo as the tower sees it.
type windows struct {
	t     *tower
	all   []*window
	whole image.Rectangle
}

// Ask compares the pixels with the words.
func (e *windows) Ask(ctx context.Context, classes []annot.Class) (*segment.Logits, error) {
	words := prompt.NewWords(classes)
	vectors, _, err := e.t.text.Vectors(ctx, words.Phrases())
	if err != nil {
		return nil, err
	}
	sheets := map[*model.View]*sheet{}
	var order []*sheet
	for _, w := range e.all {
		s := sheets[w.view]
		if s == nil {
			s = newSheet(w.view, len(vectors))
			sheets[w.view] = s
			order = append(order, s)
		}
		if err := e.compare(ctx, w, vectors, s); err != nil {
			return nil, err
		}
	}
	grids := make([]segment.Grid, len(order))
	for i, s := range order {
		grids[i] = s.grid(words)
	}
	l := segment.Mean(e.whole.Max, grids)
	l.Model, l.Classes = e.t.pack.ID, classes
	l.Ground = slices.Repeat([]float32{e.t.rule.ground()}, l.W*l.H)
	return l, nil
}

// ground is the logit that a class must beat. Without one any does, however low; it is finite so that interpolating
// stays a number.
func (r *rule) ground() float32 {
	if r.Background == nil {
		return -1e30
	}
	return float32(*r.Background)
}

// compare adds the logits of a window to the sheet of its view.
func (e *windows) compare(ctx context.Context, w *window, vectors [][]float32, s *sheet) error {
	embeds := w.embeds
	if embeds == nil {
		var err error
		if embeds, err = e.t.look(ctx, w); err != nil {
			return err
		}
		defer embeds.Release()
	}
	side := e.t.pack.Image.Window
	for from := 0; from < len(vectors); from += matchBatch {
		batch := vectors[from:min(from+matchBatch, len(vectors))]
		logits, err := e.t.logits(ctx, embeds, batch)
		if err != nil {
			return err
		}
		if w.mirrored {
			mirror(logits.F32, side)
		}
		for k := range batch {
			s.add(from+k, logits.F32[k*side*side:(k+1)*side*side], w.at)
		}
		logits.Release()
	}
	if !w.mirrored {
		s.visit(w.at)
	}
	return nil
}

// logits returns a plane of the window's size for each vector.
func (t *tower) logits(ctx context.Context, embeds *model.Tensor, vectors [][]float32) (*model.Tensor, error) {
	in, err := model.NewF32(int64(len(vectors)), int64(t.pack.Text.Dim))
	if err != nil {
		return nil, err
	}
	defer in.Release()
	for i, v := range vectors {
		copy(in.F32[i*t.pack.Text.Dim:], v)
	}
	out, err := t.match.Run(ctx, embeds, in)
	if err != nil {
		return nil, err
	}
	if side := t.pack.Image.Window; len(out[0].F32) != side*side*len(vectors) {
		defer model.ReleaseAll(out)
		return nil, fmt.Errorf("pack %s: the match network gives %v for %d words in a window of %d", t.pack.ID, out[0].Shape, len(vectors), side)
	}
	return out[0], nil
}

// Release gives the vectors back.
func (e *windows) Release() {
	for _, w := range e.all {
		w.embeds.Release()
	}
	e.all = nil
}

// sheet gathers the logits of a view's windows, a plane a phrase, over the part of the canvas that shows the photo.
type sheet struct {
	model.Letterbox
	size   image.Point
	planes [][]float32
	visits []uint8
}

func newSheet(v *model.View, phrases int) *sheet {
	s := &sheet{Letterbox: v.Letterbox, size: v.Resized()}
	n := s.size.X * s.size.Y
	s.visits = make([]uint8, n)
	for range phrases {
		s.planes = append(s.planes, make([]float32, n))
	}
	return s
}

// inside is the part of a window that shows the photo.
func (s *sheet) inside(at image.Rectangle) image.Rectangle {
	return at.Intersect(image.Rectangle{Max: s.size})
}

func (s *sheet) add(plane int, logits []float32, at image.Rectangle) {
	r := s.inside(at)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		row := s.planes[plane][y*s.size.X+r.Min.X : y*s.size.X+r.Max.X]
		from := logits[(y-at.Min.Y)*at.Dx()+r.Min.X-at.Min.X:]
		for x := range row {
			row[x] += from[x]
		}
	}
}

func (s *sheet) visit(at image.Rectangle) {
	r := s.inside(at)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for i := y*s.size.X + r.Min.X; i < y*s.size.X+r.Max.X; i++ {
			s.visits[i]++
		}
	}
}

// grid averages and fuses phrases to classes. Its corner cells' centres are those of the photo's corner pixels, as
// PyTorch's align_corners has it.
func (s *sheet) grid(words *prompt.Words) segment.Grid {
	g := segment.Grid{Crop: s.Crop, W: s.size.X, H: s.size.Y}
	g.CellW, g.X0 = cornered(s.Crop.Dx(), g.W)
	g.CellH, g.Y0 = cornered(s.Crop.Dy(), g.H)
	g.Planes = make([][]float32, len(words.Classes))
	for c := range g.Planes {
		g.Planes[c] = make([]float32, g.W*g.H)
	}
	row, fused := make([]float32, len(s.planes)), make([]float32, len(words.Classes))
	for i, n := range s.visits {
		for k, plane := range s.planes {
			row[k] = plane[i] / float32(max(n, 1))
		}
		words.FusePixels(row, fused)
		for c, v := range fused {
			g.Planes[c][i] = v
		}
	}
	return g
}

// cornered returns the size of cells, and where the first begins, when the centres of the first and the last lie on
// those of a length's first and last pixel.
func cornered(length, cells int) (size, origin float64) {
	if cells < 2 || length < 2 {
		return float64(length), 0
	}
	size = float64(length-1) / float64(cells-1)
	return size, 0.5 - 0.5*size
}
