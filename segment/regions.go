package segment

import (
	"cmp"
	"image"
	"iter"
	"slices"

	"github.com/saysee/saysee/annot"
)

// Options choose what becomes a region.
type Options struct {
	// Background is the logit that a class must beat.
	Background float64
	// Score is the least mean probability of a region.
	Score float64
	// PerClass overrides Score for a class, by index.
	PerClass map[int]float64
	// Off switches classes off, by index: their pixels go to the next best.
	Off map[int]bool
	// MinArea is the least share of the photo that a region covers; smaller specks are left out.
	MinArea float64
	// Max bounds how many regions are kept, largest first; 0 is no bound.
	Max int
}

// Select turns the logits into connected regions, largest first: pixels of one class that share a side. It
// runs no session.
func (l *Logits) Select(o Options) []annot.Region {
	labels := l.Labels(o.Background, o.Off, nil)
	least := max(int(o.MinArea*float64(l.Photo.X*l.Photo.Y)), 1)
	var regions []annot.Region
	for _, part := range components(labels, least) {
		score := l.score(part)
		limit := o.Score
		if s, ok := o.PerClass[part.class]; ok {
			limit = s
		}
		if score < limit {
			continue
		}
		mask := part.mask()
		regions = append(regions, annot.Region{
			Class: part.class, Box: mask.Bounds(), Shape: mask, Score: score,
			Source: annot.Source{Maker: annot.ByModel, Model: l.Model, Phrase: l.Classes[part.class].Phrases[0]},
			Review: annot.Suggested,
		})
		if o.Max > 0 && len(regions) == o.Max {
			break
		}
	}
	return regions
}

// component is a connected set of pixels of one class.
type component struct {
	class int
	area  int
	rect  image.Rectangle
	spans []annot.Span // column by column
}

func (c *component) mask() annot.Mask {
	return annot.MaskFromSpans(c.rect, func(yield func(annot.Span) bool) {
		for _, s := range c.spans {
			if !yield(s) {
				return
			}
		}
	})
}

// components finds the connected sets of at least the given area, largest first. Pixels are gathered into
// vertical spans, and spans that touch in neighbouring columns are joined (union-find).
func components(labels *Labels, least int) []*component {
	spans, classes := labelSpans(labels)
	parent := joinSpans(spans, classes)
	parts := map[int]*component{}
	var order []*component
	for i, s := range spans {
		root := rootOf(parent, i)
		c := parts[root]
		if c == nil {
			c = &component{class: int(classes[i])}
			parts[root] = c
			order = append(order, c)
		}
		c.spans = append(c.spans, s)
		c.area += s.Y1 - s.Y0
		c.rect = c.rect.Union(image.Rect(s.X, s.Y0, s.X+1, s.Y1))
	}
	order = slices.DeleteFunc(order, func(c *component) bool { return c.area < least })
	slices.SortStableFunc(order, func(a, b *component) int { return cmp.Compare(b.area, a.area) })
	return order
}

// labelSpans reads the label image column by column. Rows are walked together, so that memory is read in
// its own order.
func labelSpans(l *Labels) ([]annot.Span, []int16) {
	w, h := l.Size.X, l.Size.Y
	columns := make([][]annot.Span, w)
	labels := make([][]int16, w)
	for y := range h {
		row := l.Pix[y*w : (y+1)*w]
		for x, c := range row {
			if c == NoClass {
				continue
			}
			if n := len(columns[x]); n > 0 && columns[x][n-1].Y1 == y && labels[x][n-1] == c {
				columns[x][n-1].Y1++
				continue
			}
			columns[x] = append(columns[x], annot.Span{X: x, Y0: y, Y1: y + 1})
			labels[x] = append(labels[x], c)
		}
	}
	return slices.Concat(columns...), slices.Concat(labels...)
}

// joinSpans links every span with those of the column before that touch it and have its class.
func joinSpans(spans []annot.Span, classes []int16) []int {
	parent := make([]int, len(spans))
	for i := range parent {
		parent[i] = i
	}
	left := 0 // first span of the column before that may still touch
	for i, s := range spans {
		for left < i && (spans[left].X < s.X-1 || spans[left].X == s.X-1 && spans[left].Y1 <= s.Y0) {
			left++
		}
		for j := left; j < i && spans[j].X == s.X-1 && spans[j].Y0 < s.Y1; j++ {
			if classes[j] == classes[i] {
				parent[rootOf(parent, j)] = rootOf(parent, i)
			}
		}
	}
	return parent
}

func rootOf(parent []int, i int) int {
	for parent[i] != i {
		parent[i] = parent[parent[i]]
		i = parent[i]
	}
	return i
}

// score is the mean probability over the region, read at a few hundred of its pixels.
func (l *Logits) score(c *component) float64 {
	step := max(c.area/512, 1)
	sum, n := 0.0, 0
	for x, y := range c.every(step) {
		sum += l.Confidence(c.class, x, y)
		n++
	}
	return sum / float64(n)
}

// every yields each step-th pixel of the component.
func (c *component) every(step int) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		skip := 0
		for _, s := range c.spans {
			y := s.Y0 + skip
			for ; y < s.Y1; y += step {
				if !yield(s.X, y) {
					return
				}
			}
			skip = y - s.Y1
		}
	}
}
