// Package geom is the arithmetic of the canvas: where the photo lies in the view, what is under the pointer,
// and what a drag does to a box or an outline. It is pure, knows no window, and is the only place of the
// window that converts coordinates.
//
// Two frames. Photo pixels are annot's: pixel (i, j) covers [i, i+1) × [j, j+1). View pixels are the device
// pixels of the widget that shows the photo, with (0, 0) at its top-left corner. Points of the first are
// annot.Point, of the second Pos, so that one is never taken for the other.
package geom
