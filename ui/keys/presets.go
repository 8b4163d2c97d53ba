package keys

// preset is how another tool does it: the keys of commands that differ from the usual ones.
type preset struct {
	title string
	keys  map[string][]string
}

// Names of the presets; the empty one is the usual keys.
const (
	Labelme       = "labelme"
	XAnyLabeling  = "x-anylabeling"
	LabelImg      = "labelimg"
	usualKeysName = ""
)

// Presets returns the names of all presets, the usual keys first.
func Presets() []string { return []string{usualKeysName, Labelme, XAnyLabeling, LabelImg} }

// Title returns a preset's name as people write it.
func Title(name string) string { return presets[name].title }

// The usual keys are what labelme and X-AnyLabeling agree on, and both where they differ and nothing else wants
// them. A preset decides the rest.
var presets = map[string]preset{
	usualKeysName: {title: "Saysee"},
	Labelme: {"labelme", map[string][]string{
		"next":        {"D", "Ctrl+Shift+D", "Right"},
		"previous":    {"A", "Ctrl+Shift+A", "Left"},
		"next-todo":   {"Ctrl+Alt+D"},
		"prev-todo":   {"Ctrl+Alt+A"},
		"box":         {"Ctrl+R", "R"},
		"polygon":     {"Ctrl+N", "P"},
		"select":      {"Ctrl+J", "V"},
		"preferences": {"Ctrl+Shift+,", "Ctrl+,"},
	}},
	XAnyLabeling: {"X-AnyLabeling", map[string][]string{
		"open-photos": {"Ctrl+I"},
		"import":      {"Ctrl+Shift+I"},
		"actual-size": {"Ctrl+="},
		"closer":      {"Ctrl+Shift+=", "+"},
		"preferences": {"Ctrl+0", "Ctrl+,"},
		"show-all":    {"Ctrl+H"},
		"hide":        {"S"},
		"show-hidden": {"W"},
		"words":       {"Ctrl+A", "/"},
		"select-all":  {"Ctrl+Alt+A"},
		"again-class": {"Ctrl+Y"},
		"redo":        {"Ctrl+Shift+Z"},
	}},
	LabelImg: {"labelImg", map[string][]string{
		"box":       {"W", "R"},
		"done":      {"Space", "Ctrl+Alt+K"},
		"next-todo": {"Ctrl+Alt+D"},
		"prev-todo": {"Ctrl+Alt+A"},
	}},
}
