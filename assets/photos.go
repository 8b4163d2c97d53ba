// Package assets embeds what the program carries with it, so that it does its main job on a fresh machine
// without a network: sample photos and fonts, each beside its licence.
package assets

import (
	"embed"
	"path"
	"strings"
)

// Photos holds the sample photos as photos/NAME.jpg; photos/README.md in the source tells where each comes
// from. All are CC0.
//
//go:embed photos/*.jpg
var Photos embed.FS

// PhotoNames returns the names of the sample photos, without folder and extension, in order.
// Photos.ReadFile("photos/" + name + ".jpg") reads one.
func PhotoNames() []string {
	entries, err := Photos.ReadDir("photos")
	if err != nil {
		panic(err) // an embedded folder is there, or the build would have failed
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), path.Ext(e.Name()))
	}
	return names
}
