// Package tr holds the translations of the window's sentences: LANGUAGE.json, from English.
package tr

import "embed"

// Files holds the translations.
//
//go:embed *.json
var Files embed.FS
