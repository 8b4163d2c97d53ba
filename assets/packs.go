package assets

import (
	"embed"
	"io/fs"
)

//go:embed packs
var packs embed.FS

// Packs returns the bundled packs as a store's folder: one folder a pack, and blobs beside them.
func Packs() fs.FS {
	sub, err := fs.Sub(packs, "packs")
	if err != nil {
		panic(err) // the path is constant
	}
	return sub
}
