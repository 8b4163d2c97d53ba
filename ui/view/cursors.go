package view

import (
	"image"
	"image/color"
	"math"

	"fyne.io/fyne/v2/driver/desktop"

	"github.com/saysee/saysee/ui/geom"
)

// drawn is a cursor that the window's own set lacks.
type drawn struct {
	img *image.RGBA
}

// Image implements desktop.Cursor.
func (d drawn) Image() (image.Image, int, int) {
	return d.img, d.img.Rect.Dx() / 2, d.img.Rect.Dy() / 2
}

// The cursors for corners, and for moving the photo.
var (
	fallingCursor = arrows(math.Pi/4, math.Pi/4+math.Pi)   // from top left to bottom right
	risingCursor  = arrows(-math.Pi/4, -math.Pi/4+math.Pi) // from bottom left to top right
	handCursor    = arrows(0, math.Pi/2, math.Pi, -math.Pi/2)
)

// handleCursor returns the cursor over a handle.
func handleCursor(h geom.Handle) desktop.Cursor {
	switch h {
	case geom.TopLeft, geom.BottomRight:
		return fallingCursor
	case geom.TopRight, geom.BottomLeft:
		return risingCursor
	case geom.Left, geom.Right:
		return desktop.HResizeCursor
	case geom.Top, geom.Bottom:
		return desktop.VResizeCursor
	}
	return desktop.DefaultCursor
}

// arrows draws a cursor of arrows that point away from the middle, white in a dark edge.
func arrows(turns ...float64) desktop.Cursor {
	const n, length, head, half = 24, 9.0, 4.0, 1.0
	img := image.NewRGBA(image.Rect(0, 0, n, n))
	for y := range n {
		for x := range n {
			px, py := float64(x)+0.5-n/2, float64(y)+0.5-n/2
			d := math.Inf(1)
			for _, turn := range turns {
				sin, cos := math.Sincos(turn)
				// Along the arrow and across it.
				a, b := px*cos+py*sin, math.Abs(py*cos-px*sin)
				shaft := max(-a, a-(length-head), b-half)
				tip := max(length-head-a, (a-length+b)*math.Sqrt2/2)
				d = min(d, shaft, tip)
			}
			white, all := cover(d), cover(d-1.25)
			v := uint8(math.Round(255 * white))
			img.SetRGBA(x, y, color.RGBA{v, v, v, uint8(math.Round(255 * all))})
		}
	}
	return drawn{img}
}

// cover is how much of a pixel at a signed distance from an edge is inside.
func cover(d float64) float64 { return min(max(0.5-d, 0), 1) }
