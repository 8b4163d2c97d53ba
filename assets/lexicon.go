package assets

import _ "embed"

// Lexicon is the bundled lexicon, Chinese to English, as prompt/lexicon reads it. It is under CC BY-SA 4.0: lexicon/README.md.
//
//go:embed lexicon/zh-en.tsv.gz
var Lexicon []byte
