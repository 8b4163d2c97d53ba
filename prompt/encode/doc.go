// Package encode turns phrases into text vectors and remembers them.
//
// A phrase is encoded once for a pack's text side and found again in memory, then on disk. The files on
// disk are a cache and nothing more: they may be deleted at any time, written by several processes at
// once, cut off, damaged or unwritable; what cannot be read is encoded again and nobody is told.
package encode
