//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package main

import "io"

// columns returns 0: the width of the terminal cannot be told here.
func columns(io.Writer) int { return 0 }
