// Package theme is the look of the window: colour tokens for a dark and a light variant, the type scale, the
// sizes, and the icons. Widgets name a token and never a colour.
package theme

import (
	"image/color"
	"strings"
	"sync"

	"fyne.io/fyne/v2"
	base "fyne.io/fyne/v2/theme"
	"golang.org/x/image/font/sfnt"

	"github.com/saysee/saysee/assets"
)

// The tokens. Those that Fyne knows too have Fyne's names, so that its own widgets agree with ours.
const (
	Canvas     fyne.ThemeColorName = "canvas" // around the photo
	Background                     = base.ColorNameBackground
	Field                          = base.ColorNameInputBackground
	Raised                         = base.ColorNameButton
	Hover                          = base.ColorNameHover
	Selection                      = base.ColorNameSelection
	Border                         = base.ColorNameSeparator
	Edge                           = base.ColorNameInputBorder // of controls
	Accent                         = base.ColorNameHyperlink   // text and icons
	Fill                           = base.ColorNamePrimary     // under white text
	Focus                          = base.ColorNameFocus
	Success                        = base.ColorNameSuccess
	Warning                        = base.ColorNameWarning
	Danger                         = base.ColorNameError
	Text       fyne.ThemeColorName = "text"
	Muted                          = base.ColorNamePlaceHolder
	Hidden     fyne.ThemeColorName = "hidden" // rows of what is not shown
	Groove     fyne.ThemeColorName = "groove" // of sliders and bars
	OnFill     fyne.ThemeColorName = base.ColorNameForegroundOnPrimary
	Clear      fyne.ThemeColorName = "clear"
	// Badge and OnBadge are the same in both variants, since they stand on photos.
	Badge   fyne.ThemeColorName = "badge"
	OnBadge fyne.ThemeColorName = "on-badge"
)

// The type scale: text sizes in design pixels.
const (
	TextFigure float32 = 24
	TextBody   float32 = 13
	TextSmall  float32 = 12
	TextKey    float32 = 11
)

type pair struct{ dark, light color.NRGBA }

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{uint8(v >> 16), uint8(v >> 8), uint8(v), 0xff}
}

var colors = map[fyne.ThemeColorName]pair{
	Canvas:     {rgb(0x0E1012), rgb(0xE4E7EB)},
	Background: {rgb(0x16181C), rgb(0xFFFFFF)},
	Field:      {rgb(0x111316), rgb(0xFFFFFF)},
	Raised:     {rgb(0x1E2126), rgb(0xF3F4F6)},
	Hover:      {rgb(0x262A31), rgb(0xE9EBEF)},
	Selection:  {rgb(0x232A45), rgb(0xE6EAFC)},
	Border:     {rgb(0x2B3037), rgb(0xD9DDE3)},
	Edge:       {rgb(0x5E6672), rgb(0x8A929E)},
	Accent:     {rgb(0x7C95FF), rgb(0x3650CC)},
	Fill:       {rgb(0x4A63DB), rgb(0x3F59D6)},
	Focus:      {rgb(0x9DB0FF), rgb(0x3F59D6)},
	Success:    {rgb(0x4CC38A), rgb(0x14764A)},
	Warning:    {rgb(0xF0B429), rgb(0x8A5A00)},
	Danger:     {rgb(0xFF7A6B), rgb(0xC4321F)},
	Text:       {rgb(0xE9EBEE), rgb(0x15181D)},
	Muted:      {rgb(0x9DA5B2), rgb(0x58606C)},
	Hidden:     {rgb(0x848C99), rgb(0x6B7380)},
	Groove:     {rgb(0x262A31), rgb(0xCDD2D9)},
	OnFill:     {rgb(0xFFFFFF), rgb(0xFFFFFF)},
	Clear:      {},
	Badge:      {color.NRGBA{0x11, 0x13, 0x16, 0xe6}, color.NRGBA{0x11, 0x13, 0x16, 0xe6}},
	OnBadge:    {rgb(0xFFFFFF), rgb(0xFFFFFF)},

	// What only Fyne's own widgets use. Of the texts' colour a menu makes that of keys, with the lower byte of 95 % of 16 bits
	// of opacity: of an opaque one no more than a fifth is left, of this one more than half.
	base.ColorNameForeground:          {color.NRGBA{0xff, 0xff, 0xff, 0xf7}, color.NRGBA{0, 0, 0, 0xf7}},
	base.ColorNameMenuBackground:      {rgb(0x1E2126), rgb(0xF3F4F6)},
	base.ColorNameOverlayBackground:   {rgb(0x16181C), rgb(0xFFFFFF)},
	base.ColorNameHeaderBackground:    {rgb(0x1E2126), rgb(0xF3F4F6)},
	base.ColorNameDisabled:            {rgb(0x5E6672), rgb(0x8A929E)},
	base.ColorNameDisabledButton:      {rgb(0x1E2126), rgb(0xF3F4F6)},
	base.ColorNameScrollBar:           {color.NRGBA{0x9d, 0xa5, 0xb2, 0x60}, color.NRGBA{0x58, 0x60, 0x6c, 0x60}},
	base.ColorNameScrollBarBackground: {},
	base.ColorNamePressed:             {color.NRGBA{0xff, 0xff, 0xff, 0x18}, color.NRGBA{0, 0, 0, 0x18}},
	base.ColorNameShadow:              {color.NRGBA{0, 0, 0, 0x66}, color.NRGBA{0, 0, 0, 0x33}},
	base.ColorNameForegroundOnError:   {rgb(0x0B0D10), rgb(0xFFFFFF)},
	base.ColorNameForegroundOnSuccess: {rgb(0x0B0D10), rgb(0xFFFFFF)},
	base.ColorNameForegroundOnWarning: {rgb(0x0B0D10), rgb(0xFFFFFF)},
}

var sizes = map[fyne.ThemeSizeName]float32{
	base.SizeNameText:            TextBody,
	base.SizeNameCaptionText:     TextSmall,
	base.SizeNameHeadingText:     TextFigure,
	base.SizeNameSubHeadingText:  TextBody,
	base.SizeNamePadding:         4,
	base.SizeNameInnerPadding:    8,
	base.SizeNameInputRadius:     6,
	base.SizeNameSelectionRadius: 4,
	base.SizeNameScrollBar:       8,
	base.SizeNameScrollBarSmall:  4,
	base.SizeNameInlineIcon:      16,
}

// Theme is one of the two variants.
type Theme struct {
	light bool
	han   bool // plain text is Chinese
}

var _ fyne.Theme = Theme{}

// New returns the light variant or the dark one.
func New(light bool) Theme { return Theme{light: light} }

// InChinese returns the theme with a face for Chinese, where a widget of Fyne's own shows such a text: it takes
// all of a text from one face.
func (t Theme) InChinese(on bool) Theme {
	t.han = on
	return t
}

// Light reports whether this is the light variant.
func (t Theme) Light() bool { return t.light }

// Color implements fyne.Theme. The variant that the system prefers is passed over: a person has chosen.
func (t Theme) Color(name fyne.ThemeColorName, _ fyne.ThemeVariant) color.Color {
	p, ok := colors[name]
	c := p.dark
	switch {
	case !ok && t.light:
		return base.DefaultTheme().Color(name, base.VariantLight)
	case !ok:
		return base.DefaultTheme().Color(name, base.VariantDark)
	case t.light:
		c = p.light
	}
	if c.A == 0 {
		return color.Transparent // by which Fyne knows that there is nothing to draw
	}
	return c
}

// The bundled faces. Semi-bold stands for bold everywhere.
var (
	Regular  = fyne.NewStaticResource("Inter-Regular.ttf", assets.InterRegular)
	SemiBold = fyne.NewStaticResource("Inter-SemiBold.ttf", assets.InterSemiBold)
	Chinese  = fyne.NewStaticResource("NotoSansSC-Regular.otf", assets.NotoSansSC)
)

// chinese is the Chinese face, to look for characters in.
var chinese = sync.OnceValue(func() *sfnt.Font {
	f, err := sfnt.Parse(assets.NotoSansSC)
	if err != nil {
		panic("theme: bundled font: " + err.Error()) // a test parses it
	}
	return f
})

// Font implements fyne.Theme.
func (t Theme) Font(style fyne.TextStyle) fyne.Resource {
	switch {
	case style.Monospace, style.Symbol:
		return base.DefaultTheme().Font(style)
	case t.han:
		return Chinese
	case style.Bold:
		return SemiBold
	}
	return Regular
}

// firstHan is the first character that Inter leaves to other faces.
const firstHan = 0x2E80

// IsChinese reports whether a text needs the Chinese face.
func IsChinese(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r >= firstHan })
}

// FaceFor returns the face for a text. It is nil for one with characters that the bundled faces lack, such as
// rare Chinese ones: Fyne then looks for them among the system's fonts, which takes longer.
func FaceFor(text string, bold bool) fyne.Resource {
	if IsChinese(text) {
		var buf sfnt.Buffer
		for _, r := range text {
			if i, err := chinese().GlyphIndex(&buf, r); err != nil || i == 0 {
				return nil
			}
		}
		return Chinese
	}
	if bold {
		return SemiBold
	}
	return Regular
}

// Icon implements fyne.Theme, for Fyne's own widgets.
func (t Theme) Icon(name fyne.ThemeIconName) fyne.Resource { return base.DefaultTheme().Icon(name) }

// Size implements fyne.Theme.
func (t Theme) Size(name fyne.ThemeSizeName) float32 {
	if s, ok := sizes[name]; ok {
		return s
	}
	return base.DefaultTheme().Size(name)
}

// Get returns a token's colour in the theme that is in use.
func Get(name fyne.ThemeColorName) color.Color {
	return fyne.CurrentApp().Settings().Theme().Color(name, base.VariantDark)
}

// Bare is the theme for an entry that stands in a frame of ours: no ground and no edge of its own.
type Bare struct{ fyne.Theme }

// Color implements fyne.Theme.
func (b Bare) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	if name == Field || name == Edge {
		return color.Transparent
	}
	return b.Theme.Color(name, v)
}

// Size implements fyne.Theme.
func (b Bare) Size(name fyne.ThemeSizeName) float32 {
	switch name {
	case base.SizeNameInputBorder:
		return 0
	case base.SizeNameInnerPadding:
		return 6
	}
	return b.Theme.Size(name)
}
