package overlay_test

import (
	"image"
	"strings"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/overlay"
)

// sheetClasses are classes with a long and a Chinese name among them.
func sheetClasses() []annot.Class {
	return []annot.Class{
		{Name: "ring"}, {Name: "disc"}, {Name: "a class of things with a name that nobody can read to its end"}, {Name: "茶杯"},
	}
}

func TestSheet(t *testing.T) {
	columns := []overlay.Column{
		{Title: "Boxes and masks", Detail: "vild-starter · boxes, masks"},
		{Title: "A model whose title is longer than its column is wide", Detail: strings.Repeat("long-", 20)},
		{Title: "名称", Detail: "clip · names"},
	}
	classes := sheetClasses()
	s := overlay.NewSheet(200, columns, classes)
	ring := disc(60, 70, 38, 14)
	found := overlay.AppendFound(nil, []annot.Region{
		byModel(0, 0.87, ring.Bounds(), ring),
		byModel(2, 0.41, annot.Box{X0: 110, Y0: 20, X1: 190, Y1: 110}, nil),
	})
	shares := []overlay.Share{{Class: 1, Share: 0.634}, {Class: 2, Share: 0.2}, {Class: 3, Share: 0.004}}
	for _, photo := range []struct {
		size    image.Point
		caption string
	}{
		{image.Pt(200, 150), "landscape.jpg"},
		{image.Pt(120, 200), "portrait.jpg"},
		{image.Pt(400, 60), strings.Repeat("a/very/long/path/", 12) + "panorama.jpg"},
	} {
		fit := s.Fit(photo.size)
		s.Row(backdrop(fit.X, fit.Y), photo.size, photo.caption, []overlay.Cell{
			{Items: found, Note: "2 regions"},
			{Note: "nothing found; the best is 茶杯, 0.21", Empty: true},
			{Shares: shares, Note: "disc 63 %"},
		})
	}
	assertGolden(t, "sheet", s.Picture())
}

func TestSheetFits(t *testing.T) {
	s := overlay.NewSheet(300, make([]overlay.Column, 2), nil)
	for name, c := range map[string]struct{ photo, want image.Point }{
		"should shrink a wide photo to the side":     {image.Pt(600, 400), image.Pt(300, 200)},
		"should shrink a tall photo to the side":     {image.Pt(500, 1000), image.Pt(150, 300)},
		"should enlarge a small one":                 {image.Pt(30, 20), image.Pt(300, 200)},
		"should leave a pixel of the thinnest photo": {image.Pt(1, 9000), image.Pt(1, 300)},
	} {
		t.Run(name, func(t *testing.T) {
			if got := s.Fit(c.photo); got != c.want {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestSheetOfManyClasses(t *testing.T) {
	var classes []annot.Class
	for range 300 {
		classes = append(classes, annot.Class{Name: "one of many"})
	}
	few := overlay.NewSheet(300, make([]overlay.Column, 2), classes[:60]).Picture()
	many := overlay.NewSheet(300, make([]overlay.Column, 2), classes).Picture()
	if few.Rect != many.Rect {
		t.Errorf("the head grows from %v to %v with the classes", few.Rect, many.Rect)
	}
}
