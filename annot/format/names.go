package format

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"github.com/saysee/saysee/annot"
)

// maxName is the longest path that Linux takes.
const maxName = 4096

// safeName returns the slash path that a file gives for a photo, cleaned. Backslashes are taken for
// slashes. A name that is absolute or climbs out of its folder is refused, so that no writer can be led
// to a place outside the dataset ("zip slip"). The error wraps ErrUnsafeName.
func safeName(name string) (string, error) {
	clean := path.Clean(strings.ReplaceAll(name, `\`, "/"))
	switch {
	case name == "" || clean == ".":
		return "", fmt.Errorf("%w: no name", ErrSyntax)
	case len(name) > maxName:
		return "", fmt.Errorf("%w: a name of %d bytes", ErrTooLarge, len(name))
	case strings.ContainsRune(name, 0),
		!filepath.IsLocal(filepath.FromSlash(clean)),
		path.IsAbs(clean), len(clean) > 1 && clean[1] == ':':
		return "", fmt.Errorf("%w: %q", ErrUnsafeName, name)
	}
	return clean, nil
}

// join returns the path of a photo below a root, empty when the root is unknown.
func join(root, name string) string {
	if root == "" {
		return ""
	}
	return filepath.Join(root, filepath.FromSlash(name))
}

// stem returns the name without its last extension.
func stem(name string) string { return strings.TrimSuffix(name, path.Ext(name)) }

// classTable builds a class table from names in the order in which they come.
type classTable struct {
	classes []annot.Class
	index   map[string]int
}

func newClassTable(names []string) *classTable {
	t := &classTable{index: map[string]int{}}
	for _, n := range names {
		t.add(n)
	}
	return t
}

// add returns the index of the class of that name, which is appended when it is new.
func (t *classTable) add(name string) int { return t.put(annot.Class{Name: name}) }

// put is add for a class with more than a name.
func (t *classTable) put(c annot.Class) int {
	if i, ok := t.index[c.Name]; ok {
		return i
	}
	if len(c.Phrases) == 0 {
		c.Phrases = []string{c.Name}
	}
	i := len(t.classes)
	t.index[c.Name] = i
	t.classes = append(t.classes, c)
	return i
}
