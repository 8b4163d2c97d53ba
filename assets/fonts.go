package assets

import _ "embed"

// The bundled fonts, as OpenType files; fonts/README.md in the source tells where they come from. All are
// under the SIL Open Font License. Nobody may write to these slices.
var (
	// InterRegular is the text face. Its digits are tabular.
	//
	//go:embed fonts/Inter-Regular.ttf
	InterRegular []byte

	// InterSemiBold is the face of names and headings. Its digits are tabular.
	//
	//go:embed fonts/Inter-SemiBold.ttf
	InterSemiBold []byte

	// NotoSansSC holds the characters of GB 2312, for Chinese.
	//
	//go:embed fonts/NotoSansSC-Regular.otf
	NotoSansSC []byte
)
