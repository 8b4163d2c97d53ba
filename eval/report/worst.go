package report

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/jpeg"
	"slices"

	"golang.org/x/image/draw"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/eval"
)

// drawing is one photo with its errors, in photo pixels.
type drawing struct {
	Name          string
	Errors        eval.Errors
	Correct       int
	Width, Height int
	Scale         float64      // photo pixels in one pixel on screen, for lines and letters
	Image         template.URL // data URL, empty when the photo could not be read
	Note          string       // why it could not be read
	Boxes         []drawnBox
}

// drawnBox is a rectangle with a class of report.html's style sheet.
type drawnBox struct {
	X, Y, W, H float64
	Style      string
	Label      string
}

// worst draws the photos with the most errors, the first of equals first.
func worst(r Report) []drawing {
	n := r.Worst
	if n == 0 {
		n = defaultWorst
	}
	errs := make([]eval.Errors, len(r.Photos))
	order := make([]int, 0, len(r.Photos))
	for i := range r.Photos {
		if errs[i] = r.Assignments[i].Errors(r.Photos[i]); errs[i].Total() > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return errs[b].Total() - errs[a].Total() })
	var list []drawing
	for _, i := range order[:min(max(n, 0), len(order))] {
		d := drawing{Name: r.Photos[i].Name, Errors: errs[i]}
		d.load(r, r.Photos[i])
		d.boxes(r, r.Photos[i], r.Assignments[i])
		list = append(list, d)
	}
	return list
}

// shownWidth is the width in pixels to which photos are reduced.
const shownWidth = 560

// load embeds the photo and settles the size of the drawing: the stated one, or the photo's, or what
// holds all boxes.
func (d *drawing) load(r Report, p eval.Photo) {
	d.Width, d.Height = p.Width, p.Height
	var img image.Image
	if r.Open != nil {
		var err error
		if img, err = r.Open(p); err != nil {
			d.Note = err.Error()
		}
	}
	if img != nil && (d.Width <= 0 || d.Height <= 0) {
		d.Width, d.Height = img.Bounds().Dx(), img.Bounds().Dy()
	}
	if d.Width <= 0 || d.Height <= 0 {
		d.Width, d.Height = room(p)
	}
	d.Scale = max(float64(d.Width)/shownWidth, 0.25)
	if img == nil || img.Bounds().Empty() {
		return
	}
	url, err := embed(img)
	if err != nil {
		d.Note = err.Error()
	}
	d.Image = url
}

// room returns a size that holds all boxes.
func room(p eval.Photo) (w, h int) {
	var all annot.Box
	for _, t := range p.Truth {
		all = all.Union(t.Box)
	}
	for _, t := range p.Predictions {
		all = all.Union(t.Box)
	}
	const most = 1e6
	return int(min(max(all.X1, 1), most)), int(min(max(all.Y1, 1), most))
}

// embed reduces an image and returns it as a data URL.
func embed(img image.Image) (template.URL, error) {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if w > shownWidth {
		w, h = shownWidth, max(1, h*shownWidth/w)
	}
	small := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.ApproxBiLinear.Scale(small, small.Bounds(), img, b, draw.Src, nil)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, small, &jpeg.Options{Quality: 80}); err != nil {
		return "", fmt.Errorf("embed photo: %w", err)
	}
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(out.Bytes())), nil
}

var styles = map[eval.Verdict]string{eval.Correct: "correct", eval.Confused: "confused", eval.Spurious: "spurious"}

func (d *drawing) boxes(r Report, p eval.Photo, a eval.Assignment) {
	for j, t := range p.Truth {
		switch {
		case t.Crowd || t.Ignore:
			d.box(t.Box, "crowd", r.Classes[t.Class])
		case a.FoundBy[j] < 0:
			d.box(t.Box, "missed", r.Classes[t.Class])
		}
	}
	for i, v := range a.Verdicts {
		style, drawn := styles[v]
		if !drawn {
			continue
		}
		region := p.Predictions[i]
		label := fmt.Sprintf("%s %.2f", r.Classes[region.Class], region.Score)
		switch v {
		case eval.Correct:
			d.Correct++
		case eval.Confused:
			label += ", is " + r.Classes[p.Truth[a.Found[i]].Class]
		}
		d.box(region.Box, style, label)
	}
}

func (d *drawing) box(b annot.Box, style, label string) {
	if !b.Finite() {
		return
	}
	b = b.Clip(d.Width, d.Height)
	if b.Empty() {
		return
	}
	d.Boxes = append(d.Boxes, drawnBox{b.X0, b.Y0, b.W(), b.H(), style, label})
}

// Line returns a number of screen pixels in photo pixels.
func (d drawing) Line(pixels float64) float64 { return pixels * d.Scale }

// LabelX returns where a box's label begins, so that it stays in view.
func (d drawing) LabelX(b drawnBox) float64 { return b.X + d.Line(3) }

// LabelY returns the base line of a box's label: inside its upper edge.
func (d drawing) LabelY(b drawnBox) float64 { return b.Y + d.Line(13) }
