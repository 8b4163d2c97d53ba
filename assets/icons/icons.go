// Package icons holds the window's icons: 16 × 16 grid, lines of 1.5 with round ends, all in black, so that
// a theme puts its own colour in.
package icons

import "embed"

// Files holds the icons as NAME.svg.
//
//go:embed *.svg
var Files embed.FS
