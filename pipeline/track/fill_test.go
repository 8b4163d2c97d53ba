package track_test

import (
	"image"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/pipeline/track"
)

func TestFill(t *testing.T) {
	a, b := region(0, 0.8, 0, 10), region(0, 0.6, 40, 10)
	a.Track, b.Track = 3, 3
	a.Shape = annot.NewMask(image.Rect(10, 20, 12, 22), []byte{1, 1, 1, 1})
	other := region(0, 0.9, 200, 10)
	other.Track = 4
	stuff := region(1, 0.9, 0, 0)
	got := [][]annot.Region{{stuff, a, other}, nil, {stuff}, nil, {stuff, b}, nil}
	track.Fill(got)
	for i, want := range map[int]float64{1: 10, 2: 20, 3: 30} {
		r := got[i][len(got[i])-1]
		if r.Box.X0 != want || r.Track != 3 || r.Score != 0.6 {
			t.Errorf("frame %d: %+v, want the thing at %v", i, got[i], want)
		}
	}
	if len(got[1]) != 1 || len(got[2]) != 2 || len(got[5]) != 0 {
		t.Errorf("what was seen once, or is stuff, is in %v", got)
	}
	if m := got[1][0].Shape.(annot.Mask).TightBounds(); m != image.Rect(20, 20, 22, 22) {
		t.Errorf("mask at %v", m)
	}
}
