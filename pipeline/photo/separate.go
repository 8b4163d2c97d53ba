package photo

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// separate makes every Rel unique, so that equal names in two folders never overwrite each other in the
// output: where items of different roots share a name, all items of those roots get their root's last
// folder in front, then the one before, and so on.
func separate(items []Item) {
	depth := map[string]int{}
	rels := make([]string, len(items))
	name := func() {
		for i, it := range items {
			rels[i] = below(it, depth[it.Root])
		}
	}
	for name(); ; name() {
		if oneRoot(items) {
			break
		}
		deeper := clashing(items, rels)
		grown := false
		for root := range deeper {
			if depth[root] < len(folders(root)) {
				depth[root]++
				grown = true
			}
		}
		if !grown {
			break
		}
	}
	used := make(map[string]bool, len(items))
	for i := range items {
		items[i].Rel = free(rels[i], used)
		used[strings.ToLower(items[i].Rel)] = true
	}
}

func oneRoot(items []Item) bool {
	return !slices.ContainsFunc(items, func(i Item) bool { return i.Root != items[0].Root })
}

// clashing returns the roots of items that share a name with another.
func clashing(items []Item, rels []string) map[string]bool {
	first := map[string]int{}
	roots := map[string]bool{}
	for i, rel := range rels {
		key := strings.ToLower(rel)
		if j, ok := first[key]; ok {
			if items[i].Root != items[j].Root {
				roots[items[i].Root], roots[items[j].Root] = true, true
			}
			continue
		}
		first[key] = i
	}
	return roots
}

// below returns the item's name with the last n folders of its root in front.
func below(it Item, n int) string {
	if n == 0 {
		return tame(path.Clean(it.Rel))
	}
	f := folders(it.Root)
	return tame(path.Join(append(append([]string{}, f[len(f)-min(n, len(f)):]...), it.Rel)...))
}

// tame replaces what label files and other systems take for something else than a part of a name: control
// characters, backslashes, and the colon of what looks like a drive. It shortens names that leave no room.
func tame(rel string) string {
	rel = strings.Map(func(r rune) rune {
		if r == '\\' || unicode.IsControl(r) {
			return '_'
		}
		return r
	}, rel)
	if len(rel) > 1 && rel[1] == ':' {
		rel = rel[:1] + "_" + rel[2:]
	}
	if dir, base := path.Split(rel); len(base) > maxBase {
		ext := path.Ext(base)
		ext = ext[:min(len(ext), maxBase/2)]
		rel = dir + strings.ToValidUTF8(base[:maxBase-len(ext)], "") + strings.ToValidUTF8(ext, "")
	}
	return rel
}

// maxBase leaves room in the 255 bytes that a name may have for the longer endings of label files.
const maxBase = 240

// folders returns the folders of root's absolute path, from the top.
func folders(root string) []string {
	if abs, err := filepath.Abs(root); err == nil {
		root = abs
	}
	root = filepath.ToSlash(root[len(filepath.VolumeName(root)):])
	return strings.FieldsFunc(root, func(r rune) bool { return r == '/' })
}

// free returns rel, or with a number before its extension when it is taken (names that differ only in the
// case of letters are one name on some systems).
func free(rel string, used map[string]bool) string {
	name := rel
	for n := 2; used[strings.ToLower(name)]; n++ {
		ext := path.Ext(rel)
		name = fmt.Sprintf("%s~%d%s", strings.TrimSuffix(rel, ext), n, ext)
	}
	return name
}

// safeRel makes a relative slash path of a name that no file answers to.
func safeRel(name string) string {
	rel := path.Clean("/" + filepath.ToSlash(name[len(filepath.VolumeName(name)):]))
	return strings.TrimPrefix(rel, "/")
}
