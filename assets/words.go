package assets

import _ "embed"

// Words are everyday names, as a class table: what a photo is compared with when nobody says which words to try.
//
//go:embed words.txt
var Words string
