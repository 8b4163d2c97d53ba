// Package assets embeds what the program carries with it, so that it does its main job on a fresh machine
// without a network: sample photos and fonts, each beside its licence.
package assets

import "embed"

// photos are the sample photos; photos/README.md in the source tells where each comes from. All are CC0.
//
//go:embed photos/*.jpg
var photos embed.FS

// PhotoNames returns the names of the sample photos' files, in order.
func PhotoNames() []string {
	entries, err := photos.ReadDir("photos")
	if err != nil {
		panic(err) // an embedded folder is there, or the build would have failed
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

// Photo returns the file of a sample photo, a JPEG. It panics for a name that is not among PhotoNames.
func Photo(name string) []byte {
	data, err := photos.ReadFile("photos/" + name)
	if err != nil {
		panic(err)
	}
	return data
}
