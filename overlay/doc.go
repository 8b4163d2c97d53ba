// Package overlay draws regions on a picture: masks, outlines, boxes, points, tags and a legend. It is pure
// Go, knows no window, and is the only place that decides how a region looks, so that a saved picture, a
// video frame and the window's canvas agree.
//
// A Painter draws Items (regions with a State) of a photo through a View, which says where the photo lies on
// the picture. Lengths in the code that are called design pixels are those of the window's design at normal
// density; View.Unit turns them into pixels of the picture.
//
// Pictures are *image.RGBA, that is with colour times alpha, so the same code draws on an opaque photo and on
// a transparent layer above it.
package overlay
