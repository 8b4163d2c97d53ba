package overlay

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/image/font/sfnt"

	"github.com/saysee/saysee/assets"
)

// weight is a face of the tags.
type weight uint8

const (
	regular weight = iota
	semiBold
)

// bundled returns the fonts that every machine has, in the order in which they are asked for a glyph.
var bundled = sync.OnceValue(func() [2][]*sfnt.Font {
	parse := func(b []byte) *sfnt.Font {
		f, err := sfnt.Parse(b)
		if err != nil {
			panic("overlay: bundled font: " + err.Error()) // a test parses them all
		}
		return f
	}
	han := parse(assets.NotoSansSC)
	return [2][]*sfnt.Font{
		regular:  {parse(assets.InterRegular), han},
		semiBold: {parse(assets.InterSemiBold), han},
	}
})

// wanted lists the system's fonts that are asked for glyphs that no bundled font has, best first, by the
// beginning of the file's name in lower case.
var wanted = []string{
	"notosanscjk-regular", "notosanscjksc-regular", "notosanssc", "sourcehansanssc-regular", "sourcehansans-regular",
	"pingfang", "hiragino sans gb", "stheiti light", "msyh", "msjh", "wqy-microhei", "wqy-zenhei", "droidsansfallback",
	"applesdgothicneo", "malgun", "yugothm", "simsun",
	"arial unicode", "notosans-regular", "notosansthai-regular", "notosansarabic-regular", "notosanshebrew-regular",
	"notosansdevanagari-regular", "dejavusans.", "freesans.", "unifont", "thonburi", "geezapro", "leelawui", "nirmala",
	"segoeui.", "seguisym", "arial.", "apple symbols",
}

// fontFolders returns where the system keeps fonts.
func fontFolders() []string {
	home, err := os.UserHomeDir()
	inHome := func(parts ...string) string {
		if err != nil {
			return ""
		}
		return filepath.Join(append([]string{home}, parts...)...)
	}
	switch runtime.GOOS {
	case "windows":
		root := os.Getenv("WINDIR")
		if root == "" {
			root = `C:\Windows`
		}
		return []string{filepath.Join(root, "Fonts"), inHome("AppData", "Local", "Microsoft", "Windows", "Fonts")}
	case "darwin":
		return []string{"/System/Library/Fonts", "/Library/Fonts", inHome("Library", "Fonts")}
	}
	return []string{"/usr/share/fonts", "/usr/local/share/fonts", inHome(".local", "share", "fonts"), inHome(".fonts")}
}

// system returns the wanted fonts that the system has. It is first called for a glyph that the bundled
// fonts lack. The files stay open: fonts read from them as glyphs are asked for.
var system = sync.OnceValue(func() []*sfnt.Font { return findFonts(fontFolders()) })

func findFonts(folders []string) []*sfnt.Font {
	type found struct {
		rank int
		path string
	}
	var files []found
	const most = 20_000 // entries looked at, so that a strange system does not hold the picture up
	seen := 0
	for _, folder := range folders {
		if folder == "" {
			continue
		}
		// A folder that cannot be read holds no fonts for us.
		_ = filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
			if seen++; seen > most {
				return filepath.SkipAll
			}
			if err != nil || d.IsDir() {
				return nil
			}
			name := strings.ToLower(d.Name())
			if rank := slices.IndexFunc(wanted, func(w string) bool { return strings.HasPrefix(name, w) }); rank >= 0 {
				files = append(files, found{rank, path})
			}
			return nil
		})
	}
	slices.SortStableFunc(files, func(a, b found) int { return a.rank - b.rank })
	var fonts []*sfnt.Font
	for _, f := range files {
		if font := openFont(f.path); font != nil {
			fonts = append(fonts, font)
		}
	}
	return fonts
}

// openFont returns the first font of a file, or nil if there is none that can be read.
func openFont(path string) *sfnt.Font {
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	c, err := sfnt.ParseCollectionReaderAt(f)
	if err == nil {
		var font *sfnt.Font
		if font, err = c.Font(0); err == nil {
			return font
		}
	}
	_ = f.Close() // only read from
	return nil
}
