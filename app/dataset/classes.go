package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/format"
)

// readClasses reads the order of classes: a file with one name a line, or names with commas between them.
func readClasses(given string) ([]string, error) {
	if given == "" {
		return nil, nil
	}
	text := strings.ReplaceAll(given, ",", "\n")
	data, err := os.ReadFile(given)
	switch {
	case err == nil:
		text = string(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	case !errors.Is(err, fs.ErrNotExist) || !strings.Contains(given, ",") && strings.HasSuffix(given, ".txt"):
		return nil, err
	}
	var names []string
	for line := range strings.Lines(text) {
		if name := strings.TrimSpace(line); name != "" {
			if slices.Contains(names, name) {
				return nil, fmt.Errorf("class %q is given twice", name)
			}
			names = append(names, name)
		}
	}
	return names, nil
}

// withClasses returns the dataset with its class table in the given order. Classes that the order lacks
// follow; they are returned as appended.
func withClasses(ds *format.Dataset, order []string) (out *format.Dataset, appended []string) {
	place := make(map[string]int, len(order))
	table := make([]annot.Class, 0, len(order))
	for _, name := range order {
		place[name] = len(table)
		table = append(table, annot.NamedClass(name))
	}
	extra := make([]map[string]json.RawMessage, len(table))
	to := make([]int, len(ds.Classes))
	for i, c := range ds.Classes {
		at, known := place[c.Name]
		if !known {
			at = len(table)
			place[c.Name] = at
			appended = append(appended, c.Name)
			table, extra = append(table, c), append(extra, nil)
		}
		to[i], table[at] = at, c
		if i < len(ds.ClassExtra) {
			extra[at] = ds.ClassExtra[i]
		}
	}
	out = withPhotos(ds, func(_ int, p *format.Photo) bool {
		p.Regions = slices.Clone(p.Regions)
		for i := range p.Regions {
			if r := &p.Regions[i]; r.Class >= 0 && r.Class < len(to) {
				r.Class = to[r.Class]
			}
		}
		return true
	})
	out.Classes, out.ClassExtra = table, extra
	return out, appended
}
