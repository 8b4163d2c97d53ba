package prep

import (
	"image"
	"math"

	"github.com/saysee/saysee/model"
)

// Tiles says into how many overlapping crops a photo is cut, beside the view of all of it.
type Tiles int

// The ways of cutting. A positive number is the number of tiles along the longer side; 1 cuts nothing.
const (
	NoTiles   Tiles = 0
	AutoTiles Tiles = -1 // for photos much larger than the canvas
)

// MaxTiles bounds the tiles along a side.
const MaxTiles = 16

// Overlap is the least part of a tile's side that it shares with its neighbour, so that a thing at a cut is
// whole in one of the two unless it is larger (as in SAHI, Akyon et al. 2022, arXiv 2202.06934, who take
// 0.2 to 0.25).
const Overlap = 0.2

// Plan returns the views of a photo of the given upright size, as what the spec makes of them: first
// all of it, then the tiles in rows. Tiles of one photo have one size, every pixel is in at least one, and
// none leaves the photo. It returns nil for an empty photo or canvas.
func Plan(size image.Point, spec model.ImageSpec, tiles Tiles) []model.Letterbox {
	whole := image.Rectangle{Max: size}
	if whole.Empty() || spec.Size < 1 {
		return nil
	}
	views := []model.Letterbox{model.NewLetterbox(whole, spec)}
	n := along(max(size.X, size.Y), spec.Size, tiles)
	if n < 2 {
		return views
	}
	side := tileSide(max(size.X, size.Y), n)
	xs, w := cuts(size.X, needed(size.X, side))
	ys, h := cuts(size.Y, needed(size.Y, side))
	if len(xs)*len(ys) < 2 {
		return views
	}
	for _, y := range ys {
		for _, x := range xs {
			views = append(views, model.NewLetterbox(image.Rect(x, y, x+w, y+h), spec))
		}
	}
	return views
}

// along returns the number of tiles on the longer side.
func along(long, canvas int, tiles Tiles) int {
	if tiles != AutoTiles {
		return min(max(int(tiles), 1), MaxTiles, long)
	}
	// Up to three times the canvas the whole view loses little; from there a tile is scaled by about a
	// half, and four on a side keep the time bounded.
	const bearable, scaledBy, most = 3, 2, 4
	if long < bearable*canvas {
		return 1
	}
	return min((long+scaledBy*canvas-1)/(scaledBy*canvas), most)
}

// tileSide returns the smallest even side of n equal tiles that cover length with the overlap, or the
// length itself.
func tileSide(length, n int) int {
	if n < 2 {
		return length
	}
	for side := max(length/n, 1); side < length; side++ {
		if side%2 == 0 && fits(length, n, side) {
			return side
		}
	}
	return length
}

// fits reports whether n tiles of the side cover length with the overlap when spread evenly over it.
func fits(length, n, side int) bool {
	step := (length - side + n - 2) / (n - 1) // the longest of the steps between two tiles
	return float64(step) <= math.Floor(float64(side)*(1-Overlap))
}

// needed returns the fewest tiles, none longer than side, that cover length.
func needed(length, side int) int {
	n := 1
	for tileSide(length, n) > side && n < MaxTiles {
		n++
	}
	return n
}

// cuts returns where n tiles start, and their length.
func cuts(length, n int) (starts []int, side int) {
	side = tileSide(length, n)
	if side == length {
		return []int{0}, length
	}
	for i := range n {
		starts = append(starts, i*(length-side)/(n-1))
	}
	return starts, side
}
