package house_test

import (
	"slices"
	"strings"
	"testing"
)

// rooms is the table of ARCHITECTURE.md: what each top folder may import of the others. A room may always import itself.
var rooms = map[string][]string{
	"annot":    {},
	"assets":   {},
	"house":    {},
	"model":    {"annot"},
	"prompt":   {"annot", "model"},
	"overlay":  {"annot", "assets"},
	"eval":     {"annot"},
	"adapt":    {"annot", "model"},
	"detect":   {"annot", "model", "prompt"},
	"segment":  {"annot", "model", "prompt"},
	"name":     {"annot", "model", "prompt"},
	"pipeline": {"annot", "model", "prompt", "detect", "segment", "name"},
	"ui":       {"annot", "assets", "model", "prompt", "overlay", "eval", "adapt", "detect", "segment", "name", "pipeline"},
	"app": {
		"annot", "assets", "model", "prompt", "overlay", "eval", "adapt", "detect", "segment", "name", "pipeline", "ui",
	},
}

// gates names the one room through which a library with a C side comes in.
var gates = map[string]string{
	"fyne.io/":                        "ui",
	"github.com/yalue/onnxruntime_go": "model",
	"gocv.io/":                        "pipeline/cv",
}

// formatLibraries are what label files need to be read: pictures' sizes, old encodings, YAML.
var formatLibraries = []string{"golang.org/x/image/", "golang.org/x/text/", "go.yaml.in/yaml/"}

// allImports are those of the package and of its tests.
func allImports(p pkg) []string {
	return slices.Concat(p.Imports, p.TestImports, p.XTestImports)
}

// isHelper reports whether a package only serves tests, as its name says: modeltest. It may import any room, and nothing
// that ships may import it.
func isHelper(importPath string) bool { return strings.HasSuffix(importPath, "test") }

func TestRooms(t *testing.T) {
	t.Run("should be in the table, every one", func(t *testing.T) {
		for _, p := range ourPackages(t) {
			if _, known := rooms[p.room()]; !known {
				t.Errorf("%s: no rule says what %q may import", p.ImportPath, p.room())
			}
		}
	})
	t.Run("should import only what the table allows", func(t *testing.T) {
		for _, p := range ourPackages(t) {
			if isHelper(p.ImportPath) {
				continue
			}
			for _, path := range p.Imports {
				if isOurs(path) && room(path) != p.room() && !slices.Contains(rooms[p.room()], room(path)) {
					t.Errorf("%s must not import %s", p.ImportPath, path)
				}
				if isOurs(path) && isHelper(path) {
					t.Errorf("%s must not import %s outside its tests", p.ImportPath, path)
				}
			}
		}
	})
	t.Run("should stand in layers, none above itself", func(t *testing.T) {
		for name, below := range rooms {
			for _, other := range below {
				if slices.Contains(rooms[other], name) {
					t.Errorf("%s and %s may import each other", name, other)
				}
			}
		}
	})
}

func TestGates(t *testing.T) {
	for library, gate := range gates {
		t.Run("should let only "+gate+" import "+library, func(t *testing.T) {
			for _, p := range ourPackages(t) {
				home := module + "/" + gate
				if p.ImportPath == home || strings.HasPrefix(p.ImportPath, home+"/") {
					continue
				}
				for _, path := range allImports(p) {
					if strings.HasPrefix(path, library) {
						t.Errorf("%s must not import %s", p.ImportPath, path)
					}
				}
			}
		})
	}
	t.Run("should keep annot on the standard library, and its formats on few others", func(t *testing.T) {
		standard := map[string]bool{"C": false}
		for _, p := range everyPackage(t) {
			standard[p.ImportPath] = p.Standard
		}
		for _, p := range ourPackages(t) {
			if p.room() != "annot" {
				continue
			}
			formats := strings.HasPrefix(p.ImportPath, module+"/annot/format")
			for _, path := range p.Imports {
				if !standard[path] && !isOurs(path) && !(formats && startsWithAny(path, formatLibraries)) {
					t.Errorf("%s must not import %s", p.ImportPath, path)
				}
			}
		}
	})
}

func startsWithAny(s string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(s, prefix) })
}
