package segment_test

import (
	"image"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/segment"
)

func TestWindowsCoverTheCanvas(t *testing.T) {
	for name, c := range map[string]struct {
		canvas image.Point
		xs, ys []int
	}{
		"should be one on a canvas of its size":    {image.Pt(448, 448), []int{0}, []int{0}},
		"should push the last one back":            {image.Pt(597, 448), []int{0, 149}, []int{0}},
		"should keep whole strides as they are":    {image.Pt(448, 896), []int{0}, []int{0, 224, 448}},
		"should push back on a pixel more as well": {image.Pt(449, 673), []int{0, 1}, []int{0, 224, 225}},
	} {
		t.Run(name, func(t *testing.T) {
			var xs, ys []int
			for _, w := range segment.Windows(c.canvas, 448, 224) {
				if w.Size() != image.Pt(448, 448) {
					t.Errorf("a window of %v", w)
				}
				if w.Min.Y == 0 {
					xs = append(xs, w.Min.X)
				}
				if w.Min.X == 0 {
					ys = append(ys, w.Min.Y)
				}
			}
			if !slices.Equal(xs, c.xs) || !slices.Equal(ys, c.ys) {
				t.Errorf("columns %v and rows %v, want %v and %v", xs, ys, c.xs, c.ys)
			}
		})
	}
}

func TestCutWindowsHangOver(t *testing.T) {
	for width, want := range map[int]int{480: 1, 481: 2, 800: 2, 801: 3, 910: 3} {
		got := segment.CutWindows(image.Pt(width, 480), 480, 320)
		if len(got) != want || got[want-1].Min.X != 320*(want-1) {
			t.Errorf("%d pixels are cut into %v, want %d windows", width, got, want)
		}
	}
}

func TestCutLeavesWhatLiesOutside(t *testing.T) {
	planes := []float32{1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60} // two planes of 3 × 2
	dst := slices.Repeat([]float32{-1}, 8)
	segment.Cut(dst, planes, image.Pt(3, 2), image.Rect(2, 0, 4, 2))
	if d := cmp.Diff([]float32{3, -1, 6, -1, 30, -1, 60, -1}, dst); d != "" {
		t.Error(d)
	}
}

func TestExpandIsFlatAtTheEdgesAndLinearBetween(t *testing.T) {
	dst := make([]float32, 8)
	segment.Expand(dst, 8, 1, []float32{0, 8}, 2, 1)
	if d := cmp.Diff([]float32{0, 0, 1, 3, 5, 7, 8, 8}, dst); d != "" {
		t.Error(d)
	}
}

func TestABackgroundOfItsOwnIsBeatenWhereItIsLower(t *testing.T) {
	l := half()
	l.Ground = []float32{5, 5, -3, -3}
	if regions := l.Select(segment.Options{}); len(regions) != 1 || regions[0].Class != 1 {
		t.Errorf("got %+v", regions)
	}
}
