package theme

import (
	"bytes"
	"fmt"
	"image/color"
	"sync"

	"fyne.io/fyne/v2"

	"github.com/saysee/saysee/assets/icons"
)

// painted holds icons by name and colour; Fyne keeps their pictures by the resource's name.
var painted sync.Map

// Icon returns an icon in a token's colour of the theme in use. The names are those of the files in
// assets/icons; another name gives an empty resource.
func Icon(name string, token fyne.ThemeColorName) fyne.Resource {
	return IconIn(name, Get(token))
}

// IconIn returns an icon in a colour.
func IconIn(name string, c color.Color) fyne.Resource {
	r, g, b, _ := c.RGBA()
	key := fmt.Sprintf("%s-%02x%02x%02x.svg", name, r>>8, g>>8, b>>8)
	if res, ok := painted.Load(key); ok {
		return res.(fyne.Resource)
	}
	data, err := icons.Files.ReadFile(name + ".svg")
	if err != nil {
		return fyne.NewStaticResource(key, nil)
	}
	hex := fmt.Appendf(nil, "#%02x%02x%02x", r>>8, g>>8, b>>8)
	res, _ := painted.LoadOrStore(key, fyne.NewStaticResource(key, bytes.ReplaceAll(data, []byte("#000000"), hex)))
	return res.(fyne.Resource)
}
