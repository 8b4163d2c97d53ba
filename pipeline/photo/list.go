package photo

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Item is a photo to be read, or an argument that names none.
type Item struct {
	// Path opens the file.
	Path string
	// Root is the folder that the file was found under, and Rel its path below, with slashes. Rel names
	// the photo in the output: no two items of one list share it, whatever the case of its letters, and it
	// never leaves its folder.
	Root, Rel string
	// Err is set when there is nothing to read at Path; the rest of the list is not concerned.
	Err error
}

// extensions are the names' endings that make a file in a folder a picture.
var extensions = []string{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".bmp", ".dib", ".gif"}

// IsPicture reports whether a file's name ends like a picture's.
func IsPicture(name string) bool {
	return slices.Contains(extensions, strings.ToLower(filepath.Ext(name)))
}

// List finds the photos that args mean: files, folders (with all below them), patterns with *, ?, […] and
// ** (any folders), and "-" for a list of paths in stdin, one a line or separated by NUL. In folders and
// patterns only pictures by name are taken, and nothing hidden; a file that is named is taken whatever its
// name. A file that is meant twice is listed once. The order is the arguments', and the natural one
// (2 before 10) in folders.
func List(args []string, stdin io.Reader) []Item {
	var l lister
	if len(args) == 1 {
		info, err := os.Stat(args[0])
		l.alone = err == nil && info.IsDir()
	}
	for _, arg := range args {
		switch {
		case arg == "-":
			l.lines(stdin)
		case arg == "":
			l.fail(arg, fmt.Errorf("%w: an empty name", ErrUnreadable))
		default:
			l.named(arg, true)
		}
	}
	separate(l.items)
	return l.items
}

type lister struct {
	items []Item
	seen  map[string]bool
	alone bool // one folder is all that is listed, which has every file once
}

func (l *lister) fail(name string, err error) {
	l.items = append(l.items, Item{Path: name, Root: ".", Rel: safeRel(name), Err: err})
}

// add lists a file once.
func (l *lister) add(root, rel string) {
	p := filepath.Join(root, filepath.FromSlash(rel))
	key := p
	if abs, err := filepath.Abs(p); err == nil {
		key = abs
	}
	if l.seen[key] {
		return
	}
	if l.seen == nil {
		l.seen = map[string]bool{}
	}
	l.seen[key] = true
	l.items = append(l.items, Item{Path: p, Root: root, Rel: rel})
}

// named lists what one path means.
func (l *lister) named(name string, patterns bool) {
	info, err := os.Stat(name)
	switch {
	case err != nil && patterns && strings.ContainsAny(name, "*?["):
		l.pattern(name)
	case err != nil:
		l.fail(name, unreadable(err))
	case info.IsDir():
		l.folder(name, "", map[string]bool{})
	default:
		l.add(filepath.Dir(name), filepath.Base(name))
	}
}

// lines lists what standard input names.
func (l *lister) lines(r io.Reader) {
	if r == nil {
		l.fail("-", fmt.Errorf("%w: there is no standard input", ErrUnreadable))
		return
	}
	in := bufio.NewReaderSize(r, 1<<16)
	// A name may hold a newline, and the first one too: what has come so far tells.
	_, _ = in.Peek(1)
	if head, _ := in.Peek(in.Buffered()); bytes.IndexByte(head, 0) >= 0 {
		l.nuls(in)
		return
	}
	for {
		// A line that holds a NUL is a NUL-separated list, or the part of one up to a newline in a name.
		line, err := in.ReadBytes('\n')
		if bytes.IndexByte(line, 0) >= 0 {
			l.nuls(io.MultiReader(bytes.NewReader(line), in))
			return
		}
		if name := strings.TrimRight(string(line), "\r\n"); name != "" {
			l.named(name, false)
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				l.fail("-", unreadable(err))
			}
			return
		}
	}
}

func (l *lister) nuls(r io.Reader) {
	in := bufio.NewReader(r)
	for {
		name, err := in.ReadString(0)
		if name = strings.TrimSuffix(name, "\x00"); strings.Trim(name, "\r\n") != "" {
			l.named(name, false)
		}
		if err != nil {
			return
		}
	}
}

// folder lists the pictures in root/rel and below. Folders are known by their true paths, so that links
// that lead in circles end.
func (l *lister) folder(root, rel string, visited map[string]bool) {
	dir := filepath.Join(root, filepath.FromSlash(rel))
	if !firstVisit(dir, visited) {
		return
	}
	entries, err := readDir(dir)
	if err != nil {
		l.fail(dir, unreadable(err))
		return
	}
	l.items = slices.Grow(l.items, len(entries))
	for _, e := range entries {
		name := e.Name()
		if hidden(name) {
			continue
		}
		below := name
		if rel != "" {
			below = rel + "/" + name
		}
		switch {
		case isFolder(dir, e):
			l.folder(root, below, visited)
		case !IsPicture(name):
		case l.alone: // a hundred thousand paths need not be made clean one by one
			l.items = append(l.items, Item{Path: dir + string(filepath.Separator) + name, Root: root, Rel: below})
		default:
			l.add(root, below)
		}
	}
}

// readDir returns what is in a folder in natural order.
func readDir(dir string) ([]fs.DirEntry, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	entries, err := f.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return naturally(a.Name(), b.Name()) })
	return entries, nil
}

func firstVisit(dir string, visited map[string]bool) bool {
	actual, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return true // ReadDir will tell what is wrong
	}
	if abs, err := filepath.Abs(actual); err == nil {
		actual = abs
	}
	if visited[actual] {
		return false
	}
	visited[actual] = true
	return true
}

// isFolder follows links.
func isFolder(dir string, e fs.DirEntry) bool {
	if e.Type()&fs.ModeSymlink == 0 {
		return e.IsDir()
	}
	info, err := os.Stat(filepath.Join(dir, e.Name()))
	return err == nil && info.IsDir()
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

// pattern lists what a pattern matches: files, and folders with all below them.
func (l *lister) pattern(arg string) {
	root, parts := splitPattern(filepath.ToSlash(arg))
	for _, p := range parts {
		if _, err := path.Match(p, ""); err != nil {
			l.fail(arg, fmt.Errorf("%w: a bracket is not closed in the pattern", ErrUnreadable))
			return
		}
	}
	m := matcher{l: l, root: root, visited: map[int]map[string]bool{}}
	// A pattern that says how the name ends means what it says.
	last := path.Ext(parts[len(parts)-1])
	m.any = last != "" && !strings.ContainsAny(last, "*?[")
	before := len(l.items)
	m.match("", parts)
	if len(l.items) == before && !m.found {
		l.fail(arg, fmt.Errorf("%w: %w", ErrUnreadable, fs.ErrNotExist))
	}
}

// splitPattern cuts a pattern into the folder before its first wildcard and the parts from there on.
func splitPattern(arg string) (root string, parts []string) {
	at := strings.LastIndexByte(arg[:strings.IndexAny(arg, "*?[")], '/')
	root, rest := ".", arg
	if at >= 0 {
		root, rest = filepath.FromSlash(arg[:at+1]), arg[at+1:]
	}
	for p := range strings.SplitSeq(rest, "/") {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return root, parts
}

type matcher struct {
	l       *lister
	root    string
	any     bool // take files that are no pictures by name
	found   bool
	visited map[int]map[string]bool // folders that a ** with so many parts after it went into
}

// match lists what parts match in the folder rel.
func (m *matcher) match(rel string, parts []string) {
	if parts[0] == "**" {
		m.anyFolders(rel, parts)
		return
	}
	for _, e := range m.entries(rel) {
		name := e.Name()
		if ok, _ := path.Match(parts[0], name); !ok || hidden(name) && !hidden(parts[0]) {
			continue
		}
		below := path.Join(rel, name)
		dir := isFolder(m.dir(rel), e)
		switch {
		case len(parts) > 1 && dir:
			m.match(below, parts[1:])
		case len(parts) > 1:
		case dir:
			m.found = true
			m.l.folder(m.root, below, map[string]bool{})
		case m.any || IsPicture(name):
			m.found = true
			m.l.add(m.root, below)
		}
	}
}

// anyFolders matches the parts after ** in the folder rel and in all below it.
func (m *matcher) anyFolders(rel string, parts []string) {
	if len(parts) == 1 {
		m.found = true
		m.l.folder(m.root, rel, map[string]bool{})
		return
	}
	if m.visited[len(parts)] == nil {
		m.visited[len(parts)] = map[string]bool{}
	}
	if !firstVisit(m.dir(rel), m.visited[len(parts)]) {
		return
	}
	m.match(rel, parts[1:])
	for _, e := range m.entries(rel) {
		if !hidden(e.Name()) && isFolder(m.dir(rel), e) {
			m.anyFolders(path.Join(rel, e.Name()), parts)
		}
	}
}

func (m *matcher) dir(rel string) string { return filepath.Join(m.root, filepath.FromSlash(rel)) }

func (m *matcher) entries(rel string) []fs.DirEntry {
	entries, err := readDir(m.dir(rel))
	if err != nil {
		return nil // a folder that cannot be read matches nothing
	}
	return entries
}

// naturally compares names with their numbers by value, letters without case, and falls back on bytes.
func naturally(a, b string) int {
	x, y := a, b
	for x != "" && y != "" {
		if digit(x[0]) && digit(y[0]) {
			var m, n string
			m, x = number(x)
			n, y = number(y)
			if c := cmp.Or(cmp.Compare(len(m), len(n)), strings.Compare(m, n)); c != 0 {
				return c
			}
			continue
		}
		if c := cmp.Compare(lower(x[0]), lower(y[0])); c != 0 {
			return c
		}
		x, y = x[1:], y[1:]
	}
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(a, b))
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// number cuts the leading digits off s, without leading zeros.
func number(s string) (digits, rest string) {
	n := 0
	for n < len(s) && digit(s[n]) {
		n++
	}
	return strings.TrimLeft(s[:n], "0"), s[n:]
}
