package ui

// newLive makes the mode Live, which shows a camera or a video instead of photos. It is set by the file that has
// the mode, before a window is made; while it is nil the window has no such mode, and the switch no such word.
var newLive func(w *Window) mode
