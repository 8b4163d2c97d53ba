package geom_test

import (
	"image"
	"slices"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/geom"
)

func pt(x, y int) image.Point { return image.Pt(x, y) }

func box(x0, y0, x1, y1 float64) annot.Box { return annot.Box{X0: x0, Y0: y0, X1: x1, Y1: y1} }

// scene is a large box, a mask that is a frame of one pixel in a box of its own, a small box in the middle of
// both, a hidden one on top, a polygon with a hole, a line and a point.
func scene() []*annot.Region {
	ring := make([]byte, 20*20)
	for i := range 20 {
		ring[i], ring[19*20+i], ring[i*20], ring[i*20+19] = 1, 1, 1, 1
	}
	return []*annot.Region{
		{ID: 1, Box: box(0, 0, 100, 100)},
		{ID: 2, Box: box(10, 10, 30, 30), Shape: annot.NewMask(image.Rect(10, 10, 30, 30), ring)},
		{ID: 3, Box: box(15, 15, 25, 25)},
		{ID: 4, Box: box(16, 16, 24, 24), Hidden: true},
		{ID: 5, Box: box(200, 0, 240, 40), Shape: geom.MoveShape(shape[:1], 200, 0)},
		{ID: 6, Box: box(300, 0, 340, 40), Shape: annot.Line{{X: 300, Y: 0}, {X: 340, Y: 40}}},
		{ID: 7, Box: box(400, 10, 400, 10), Shape: annot.Point{X: 400, Y: 10}},
	}
}

func TestRegionAt(t *testing.T) {
	for _, tc := range []struct {
		name string
		p    annot.Point
		want annot.RegionID
	}{
		{"should find the smallest", annot.Point{X: 20, Y: 20}, 3},
		{"should find the mask by its pixel", annot.Point{X: 10.5, Y: 20}, 2},
		{"should find what is sure in the empty part of a mask's box", annot.Point{X: 12, Y: 12}, 1},
		{"should find the outline of a box from outside, within reach", annot.Point{X: 102, Y: 50}, 1},
		{"should find nothing beyond", annot.Point{X: 104, Y: 50}, 0},
		{"should find a polygon", annot.Point{X: 230, Y: 30}, 5},
		{"should not find it in its hole", annot.Point{X: 217, Y: 13}, 0},
		{"should find a line beside it", annot.Point{X: 321, Y: 19}, 6},
		{"should not find the box of a line", annot.Point{X: 335, Y: 5}, 0},
		{"should find a point nearby", annot.Point{X: 402, Y: 11}, 7},
	} {
		t.Run(tc.name, func(t *testing.T) {
			regions, got := scene(), annot.RegionID(0)
			if i := geom.RegionAt(regions, tc.p, 2.5); i >= 0 {
				got = regions[i].ID
			}
			if got != tc.want {
				t.Errorf("region %d, want %d", got, tc.want)
			}
		})
	}
	t.Run("should take a mask's box where nothing else is", func(t *testing.T) {
		if got := geom.RegionAt(scene()[1:2], annot.Point{X: 20, Y: 20}, 3); got != 0 {
			t.Errorf("index %d, want 0", got)
		}
	})
}

func TestAllAt(t *testing.T) {
	if got := geom.AllAt(scene(), annot.Point{X: 20, Y: 20}, 3); !slices.Equal(got, []int{2, 1, 0}) {
		t.Errorf("indices %v, want the small box, the mask's box, the large box", got)
	}
}

func TestEnclosed(t *testing.T) {
	if got := geom.Enclosed(scene(), box(5, 5, 60, 60)); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("indices %v, want those that lie inside and are not hidden", got)
	}
}
