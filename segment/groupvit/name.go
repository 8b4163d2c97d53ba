package groupvit

import (
	"image"
	"math"
	"slices"

	"github.com/saysee/saysee/model"
	"github.com/saysee/saysee/prompt"
	"github.com/saysee/saysee/segment"
)

// window is a square of a canvas as the network sees it.
type window struct {
	at            image.Rectangle // canvas pixels
	embeds, whole *model.Tensor   // [1, G, D] and [1, D]
	claims        *model.Tensor   // [1, G, h, w], each group's share of each cell
	owners        *segment.Labels // of each pixel, made once
}

func (w *window) groups() int { return int(w.embeds.Shape[1]) }

// surface is the groups' claims on the window's pixels.
func (w *window) surface() *segment.Logits {
	rows, cols := int(w.claims.Shape[2]), int(w.claims.Shape[3])
	l := &segment.Logits{
		Photo: w.at.Size(), W: cols, H: rows,
		CellW: float64(w.at.Dx()) / float64(cols), CellH: float64(w.at.Dy()) / float64(rows),
	}
	for g := range w.groups() {
		l.Planes = append(l.Planes, w.claims.F32[g*rows*cols:(g+1)*rows*cols])
	}
	return l
}

// owner says which group claims each pixel most, between the cells' centres as between pixels.
func (w *window) owner() *segment.Labels {
	if w.owners == nil {
		w.owners = w.surface().Labels(-math.MaxFloat32, nil, nil)
	}
	return w.owners
}

// namer compares groups with words.
type namer struct {
	rule    *rule
	words   *prompt.Words
	vectors [][]float32
}

// logits are the scaled cosines of a vector with every phrase.
func (n *namer) logits(v []float32) []float32 {
	norm := 0.0
	for _, x := range v {
		norm += float64(x) * float64(x)
	}
	scale := n.rule.Scale / max(math.Sqrt(norm), 1e-12)
	out := make([]float32, len(n.vectors))
	for i, w := range n.vectors {
		dot := 0.0
		for k, x := range v {
			dot += float64(x) * float64(w[k])
		}
		out[i] = float32(scale * dot)
	}
	return out
}

func (n *namer) group(w *window, g int) []float32 {
	dim := int(w.embeds.Shape[2])
	return n.logits(w.embeds.F32[g*dim : (g+1)*dim])
}

// grid names the pixels of a view: a plane a class, and the background's where there is one.
func (n *namer) grid(p part) segment.Grid {
	cellW, cellH := p.Cell()
	g := segment.Grid{
		Crop: p.Crop, CellW: cellW, CellH: cellH,
		W: min(segment.Cells(p.Crop.Dx(), cellW), p.Canvas.X), H: min(segment.Cells(p.Crop.Dy(), cellH), p.Canvas.Y),
	}
	s := sheet{Grid: g, visits: make([]uint8, g.W*g.H)}
	for _, w := range p.windows {
		if n.rule.Grouping == "soft" {
			n.soft(&s, w)
		} else {
			n.hard(&s, w)
		}
	}
	planes := len(n.words.Classes)
	if n.rule.ground() {
		planes++
	}
	return s.average(planes)
}

// ground reports whether the background has a plane.
func (r *rule) ground() bool { return r.Grouping == "soft" || r.Background != nil || r.Bias != nil }

// hard adds a window in which every pixel has the scores of the group that owns it.
func (n *namer) hard(s *sheet, w *window) {
	scores := n.scores(w) // a row of columns a group
	classes := len(n.words.Classes)
	owner := w.owner()
	column := make([]float32, w.groups())
	for c := range classes {
		any := false
		for g := range column {
			column[g] = scores[g].classes[c]
			any = any || column[g] > 0
		}
		if any {
			s.paint(c, w.at, owner, column)
		}
	}
	if n.rule.ground() {
		for g := range column {
			column[g] = scores[g].ground
		}
		s.paint(classes, w.at, owner, column)
	}
	s.visit(w.at)
}

// score is what a group's pixels get: one for each class, and the background's, which is 1 where no class is sure
// enough.
type score struct {
	classes []float32
	ground  float32
}

// scores names the groups of a window: softmax over all columns, times softmax over those that fit the whole window
// best (GroupViTSegInference.encode_decode).
func (n *namer) scores(w *window) []score {
	if n.rule.Bias != nil {
		return n.biased(w)
	}
	classes := len(n.words.Classes)
	allowed := n.allowed(n.words.Columns(n.logits(w.whole.F32), nil))
	out := make([]score, w.groups())
	best := make([]float32, len(out))
	for g := range out {
		columns := n.words.Columns(n.group(w, g), nil)
		all := softmax(columns, nil)
		for i, p := range softmax(columns, allowed) {
			all[i] *= p
		}
		best[g] = slices.Max(all)
		n.words.Veto(all)
		out[g].classes = all[:classes]
	}
	if n.rule.Background != nil {
		least := min(float32(*n.rule.Background), slices.Max(best))
		for g := range out {
			if best[g] < least {
				out[g].ground = 1
			}
		}
	}
	return out
}

// biased names the groups of a window beside a background of logit 0.
func (n *namer) biased(w *window) []score {
	classes := len(n.words.Classes)
	allowed := n.allowed(n.words.Columns(n.logits(w.whole.F32), nil))
	if allowed != nil {
		allowed = append(allowed, true)
	}
	out := make([]score, w.groups())
	for g := range out {
		columns := n.words.Columns(n.group(w, g), nil)
		for i := range columns {
			columns[i] += float32(*n.rule.Bias)
		}
		all := softmax(append(columns, 0), allowed)
		n.words.Veto(all)
		out[g] = score{classes: all[:classes], ground: all[len(all)-1]}
	}
	return out
}

// allowed marks the columns that may name a group: the best for the whole window. Nil allows all.
func (n *namer) allowed(whole []float32) []bool {
	if n.rule.Top == 0 || n.rule.Top >= len(whole) {
		return nil
	}
	order := make([]int, len(whole))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case whole[a] > whole[b]:
			return -1
		case whole[a] < whole[b]:
			return 1
		}
		return 0
	})
	ok := make([]bool, len(whole))
	for _, i := range order[:n.rule.Top] {
		ok[i] = true
	}
	return ok
}

// softmax of the allowed logits; the others get 0.
func softmax(logits []float32, allowed []bool) []float32 {
	top := float32(math.Inf(-1))
	for i, l := range logits {
		if allowed == nil || allowed[i] {
			top = max(top, l)
		}
	}
	out := make([]float32, len(logits))
	sum := 0.0
	for i, l := range logits {
		if allowed == nil || allowed[i] {
			e := math.Exp(float64(l - top))
			out[i] = float32(e)
			sum += e
		}
	}
	for i := range out {
		out[i] = float32(float64(out[i]) / sum)
	}
	return out
}

// soft adds a window in which every pixel has a share of all groups' logits. They are scaled twice, as in the
// reference.
func (n *namer) soft(s *sheet, w *window) {
	classes := len(n.words.Classes)
	l := w.surface()
	phrases := make([][]float32, len(n.vectors))
	for k := range phrases {
		phrases[k] = make([]float32, l.W*l.H)
	}
	for g, claim := range l.Planes {
		for k, logit := range n.group(w, g) {
			for i, share := range claim {
				phrases[k][i] += float32(n.rule.Scale) * logit * share
			}
		}
	}
	row, fused := make([]float32, len(phrases)), make([]float32, classes)
	planes := make([][]float32, classes)
	for c := range planes {
		planes[c] = make([]float32, l.W*l.H)
	}
	for i := range l.W * l.H {
		for k := range phrases {
			row[k] = phrases[k][i]
		}
		n.words.FusePixels(row, fused)
		for c, v := range fused {
			planes[c][i] = v
		}
	}
	wide := make([]float32, w.at.Dx()*w.at.Dy())
	for c, plane := range planes {
		segment.Expand(wide, w.at.Dx(), w.at.Dy(), plane, l.W, l.H)
		s.add(c, w.at, wide)
	}
	// Every pixel gets a class, however low its logit.
	for i := range wide {
		wide[i] = never
	}
	s.add(classes, w.at, wide)
	s.visit(w.at)
}

// never is a logit that any class beats, finite so that interpolating between pixels stays a number.
const never = -1e30

// sheet gathers windows over the part of a canvas that shows the photo.
type sheet struct {
	segment.Grid
	visits []uint8
}

// plane returns a plane, which is made when it is first needed.
func (s *sheet) plane(n int) []float32 {
	for len(s.Planes) <= n {
		s.Planes = append(s.Planes, nil)
	}
	if s.Planes[n] == nil {
		s.Planes[n] = make([]float32, s.W*s.H)
	}
	return s.Planes[n]
}

// paint adds to each pixel of a window what its owner has.
func (s *sheet) paint(n int, at image.Rectangle, owner *segment.Labels, value []float32) {
	plane := s.plane(n)
	r := at.Intersect(image.Rect(0, 0, s.W, s.H))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		owners := owner.Pix[(y-at.Min.Y)*owner.Size.X+r.Min.X-at.Min.X:]
		row := plane[y*s.W+r.Min.X : y*s.W+r.Max.X]
		for x := range row {
			row[x] += value[owners[x]]
		}
	}
}

// add adds a window's values to a plane.
func (s *sheet) add(n int, at image.Rectangle, values []float32) {
	plane := s.plane(n)
	r := at.Intersect(image.Rect(0, 0, s.W, s.H))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		from := values[(y-at.Min.Y)*at.Dx()+r.Min.X-at.Min.X:]
		row := plane[y*s.W+r.Min.X : y*s.W+r.Max.X]
		for x := range row {
			row[x] += from[x]
		}
	}
}

func (s *sheet) visit(at image.Rectangle) {
	r := at.Intersect(image.Rect(0, 0, s.W, s.H))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for i := y*s.W + r.Min.X; i < y*s.W+r.Max.X; i++ {
			s.visits[i]++
		}
	}
}

// average divides by the windows at each pixel. Planes that no window touched share one of zeros.
func (s *sheet) average(planes int) segment.Grid {
	var zeros []float32
	for len(s.Planes) < planes {
		s.Planes = append(s.Planes, nil)
	}
	for c, plane := range s.Planes {
		if plane == nil {
			if zeros == nil {
				zeros = make([]float32, s.W*s.H)
			}
			s.Planes[c] = zeros
			continue
		}
		for i, n := range s.visits {
			if n > 1 {
				plane[i] /= float32(n)
			}
		}
	}
	return s.Grid
}
