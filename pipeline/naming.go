package pipeline

import (
	"context"
	"fmt"
	"image"
	"math"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/name"
	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/prompt"
)

// See returns the unit vector of what a part of a photo shows, in the space of the namer's words.
func (m *Models) See(ctx context.Context, p *photo.Photo, part image.Rectangle) ([]float32, error) {
	if m.Namer == nil {
		return nil, fmt.Errorf("%w: no pack that names things is loaded", ErrFamily)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if part = part.Intersect(image.Rectangle{Max: p.Size()}); part.Empty() {
		return nil, fmt.Errorf("nothing of the photo lies in %v", part)
	}
	spec := m.Namer.Pack().Image
	by, err := m.preparer(spec)
	if err != nil {
		return nil, err
	}
	view, err := by.View(p, model.NewLetterbox(part, spec))
	if err != nil {
		return nil, err
	}
	defer by.Recycle(view)
	return m.Namer.See(ctx, view)
}

// crops are how much of a region's surroundings is seen: ViLD's ensemble of crops (Gu et al. 2022, section 3.2).
var crops = []float64{1, 1.5}

// SeeRegion returns the unit vector of a region: the mean of its crops, once and one and a half times its size.
func (m *Models) SeeRegion(ctx context.Context, p *photo.Photo, box annot.Box) ([]float32, error) {
	var seen [][]float32
	for _, times := range crops {
		square := m.Namer != nil && m.Namer.Pack().Image.Resize == model.ResizeCrop
		v, err := m.See(ctx, p, around(box, times, square, p.Size()))
		if err != nil {
			return nil, err
		}
		seen = append(seen, v)
	}
	v := name.Mean(seen...)
	if v == nil {
		return nil, fmt.Errorf("the crops of %v contradict each other", box)
	}
	return v, nil
}

// around is a box with some of what surrounds it, in whole pixels within the photo. Where the preparation would
// cut the ends off a long part, it becomes a square as far as the photo reaches.
func around(b annot.Box, times float64, square bool, size image.Point) image.Rectangle {
	w, h := b.W()*times, b.H()*times
	if square {
		w, h = max(w, h), max(w, h)
	}
	x0, x1 := span((b.X0+b.X1)/2, w, size.X, square)
	y0, y1 := span((b.Y0+b.Y1)/2, h, size.Y, square)
	return image.Rect(x0, y0, x1, y1)
}

// span is length around middle, cut off or, if asked, moved to lie within the limit.
func span(middle, length float64, limit int, move bool) (int, int) {
	from, to := middle-length/2, middle+length/2
	if move {
		shift := max(-from, 0) - max(to-float64(limit), 0)
		from, to = from+shift, to+shift
	}
	first := min(max(int(math.Floor(from)), 0), limit-1)
	return first, max(min(int(math.Ceil(to)), limit), first+1)
}

// Rescore lets the namer look at the boxes that the filter keeps, and changes the answer to what both think: a
// box's score under a class becomes score^(1−weight) · share^weight, the geometric mean by which ViLD joins its two
// heads, so that a box may get another of the classes. Boxes that the filter drops are no candidates any more.
//
// The namer chooses between the question's words, so that it has no opinion where there is only one.
func (m *Models) Rescore(ctx context.Context, p *photo.Photo, ans *Answer, f Filter, weight float64) error {
	if ans.Boxes == nil {
		return nil
	}
	words, err := m.Namer.Words(ctx, ans.Boxes.Classes)
	if err != nil {
		return err
	}
	boxes, _ := (&Answer{Question: ans.Question, Boxes: ans.Boxes}).Select(f)
	seen := map[int][]name.Score{}
	for _, b := range boxes {
		if _, done := seen[b.Candidate]; done {
			continue
		}
		v, err := m.SeeRegion(ctx, p, b.Box)
		if err != nil {
			return err
		}
		seen[b.Candidate] = words.Scores(v)
	}
	ans.Boxes = ans.Boxes.Rescored(func(box, class int, score float32) float32 {
		s, ok := seen[box]
		if !ok {
			return 0
		}
		return float32(math.Pow(float64(score), 1-weight) * math.Pow(s[class].Share, weight))
	})
	return nil
}

// Choices reports how many words a namer chooses between when it looks at a question's boxes.
func (q Question) Choices() int {
	n := len(q.boxes)
	for _, c := range q.pick(q.boxes) {
		n += len(c.Negatives)
	}
	return n
}

// withTemplates returns a pack whose words are put into other sentences than its own.
func withTemplates(p *model.Pack, templates []prompt.Template) *model.Pack {
	pack, manifest := *p, *p.Manifest
	manifest.Text.Templates = make([]string, len(templates))
	for i, t := range templates {
		manifest.Text.Templates[i] = string(t)
	}
	pack.Manifest = &manifest
	return &pack
}
