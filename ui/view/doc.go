// Package view is the canvas of the window: a widget that shows one photo with its regions, at any zoom, and
// turns what hand and keyboard do on it into edits.
//
// The widget owns no document. It is given a photo, regions and a selection, and reports what a person wants
// to a Handler, which makes commands of it and gives the new regions back. While a drag lasts the widget shows
// a draft of its own.
//
// How a frame is made. The photo is scaled from the nearest of its half sizes, only where it can be seen, and
// the regions are drawn on it by package overlay; both stay in one picture for as long as neither the view nor
// a region changes. What changes with the pointer (the hovered region, the one being dragged, tags, handles)
// is drawn on a copy of it, which a canvas.Raster uploads. So a moving pointer costs neither scaling nor a
// redraw of all regions, and one texture a frame is all that goes to the graphics card. Guides, rings and the
// magnifier are canvas objects above it.
package view
