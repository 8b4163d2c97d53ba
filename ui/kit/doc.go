// Package kit is the window's own small widgets: texts, buttons, chips, key caps, sliders, segments, bars and
// the layer that tooltips and lists float in. They are made of canvas objects in the colours of package theme,
// take those colours when they are made, and know nothing of photos.
package kit
