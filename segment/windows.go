package segment

import "image"

// Windows returns squares of a side that slide over a canvas by a stride and cover it, in rows. Neither side of the
// canvas is shorter than the window's. The last ones are pushed back into the canvas, as in mmsegmentation
// (models/segmentors/encoder_decoder.py, slide_inference).
func Windows(canvas image.Point, side, stride int) []image.Rectangle {
	var out []image.Rectangle
	for _, y := range starts(canvas.Y, side, stride) {
		for _, x := range starts(canvas.X, side, stride) {
			out = append(out, image.Rect(x, y, x+side, y+side))
		}
	}
	return out
}

func starts(length, side, stride int) []int {
	n := (max(length-side, 0)+stride-1)/stride + 1
	out := make([]int, n)
	for i := range out {
		out[i] = max(min(i*stride, length-side), 0)
	}
	return out
}

// CutWindows is Windows, but for the last ones, which hang over the canvas instead of being pushed back, as in LSeg's
// evaluator (additional_utils/models.py, LSeg_MultiEvalModule).
func CutWindows(canvas image.Point, side, stride int) []image.Rectangle {
	var out []image.Rectangle
	for y := 0; y == 0 || y-stride+side < canvas.Y; y += stride {
		for x := 0; x == 0 || x-stride+side < canvas.X; x += stride {
			out = append(out, image.Rect(x, y, x+side, y+side))
		}
	}
	return out
}

// Cut copies a part of planes, [C, H, W] row-major of a canvas, to dst, [C, h, w] of the part. What lies outside the
// canvas keeps what dst held.
func Cut(dst, planes []float32, canvas image.Point, part image.Rectangle) {
	inside := part.Intersect(image.Rectangle{Max: canvas})
	w, h := part.Dx(), part.Dy()
	for c := range len(dst) / max(w*h, 1) {
		for y := inside.Min.Y; y < inside.Max.Y; y++ {
			from := (c*canvas.Y+y)*canvas.X + inside.Min.X
			to := (c*h+y-part.Min.Y)*w + inside.Min.X - part.Min.X
			copy(dst[to:to+inside.Dx()], planes[from:from+inside.Dx()])
		}
	}
}

// Expand reads a plane of cw × ch cells bilinearly at the centres of w × h pixels that cover it, flat beyond the
// outermost cells' centres (PyTorch's interpolate without align_corners).
func Expand(dst []float32, w, h int, plane []float32, cw, ch int) {
	columns, fx := centres(w, cw)
	rows, fy := centres(h, ch)
	for y := range h {
		top, low := plane[rows[y]*cw:], plane[min(rows[y]+1, ch-1)*cw:]
		for x := range w {
			i, j := columns[x], min(columns[x]+1, cw-1)
			a := top[i] + (top[j]-top[i])*fx[x]
			b := low[i] + (low[j]-low[i])*fx[x]
			dst[y*w+x] = a + (b-a)*fy[y]
		}
	}
}

// centres says for each of n pixels which cell's centre lies before its own, and how far along to the next.
func centres(n, cells int) (at []int, share []float32) {
	at, share = make([]int, n), make([]float32, n)
	for i := range n {
		u := min(max((float64(i)+0.5)*float64(cells)/float64(n)-0.5, 0), float64(cells-1))
		at[i] = int(u)
		share[i] = float32(u - float64(at[i]))
	}
	return at, share
}
