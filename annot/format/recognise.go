package format

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// probeBytes is how much of a file Recognise looks at.
const probeBytes = 64 << 10

// probe is what Recognise knows of a path: the beginning of a file, or some file names of a folder.
type probe struct {
	path  string
	dir   bool
	names []string // slash paths of some files of every folder below a folder
	head  []byte   // the beginning of a file, without byte order mark
}

// What Recognise keeps of a folder: a few photos, more of other files, and no more than that of all. Label
// files often lie behind a hundred thousand photos.
const (
	maxProbePhotos = 20
	maxProbeOthers = 200
	maxProbeNames  = 20000
)

// Recognise tells the format of what lies at path, a file or a folder, and why. The error wraps
// ErrUnrecognised when no format claims it.
func Recognise(path string) (name, why string, err error) {
	p, err := newProbe(path)
	if err != nil {
		return "", "", fmt.Errorf("recognise %s: %w", path, err)
	}
	if f := p.usual(); f != nil {
		return f.Name, "the file " + f.File, nil
	}
	for _, f := range formats() {
		if why := f.recognise(p); why != "" {
			return f.Name, why, nil
		}
	}
	return "", "", fmt.Errorf("recognise %s: %w", path, ErrUnrecognised)
}

// usual returns the format whose one file lies in the folder under its usual name, nil when there is none or
// there are several.
func (p *probe) usual() *Format {
	var found *Format
	for _, f := range formats() {
		if f.File == "" || !p.dir || !slices.Contains(p.names, f.File) {
			continue
		}
		if found != nil {
			return nil
		}
		found = f
	}
	return found
}

func newProbe(path string) (*probe, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	p := &probe{path: path, dir: info.IsDir()}
	if !p.dir {
		p.head, err = readHead(path)
		return p, err
	}
	kept := map[string]int{} // by folder and kind
	err = filepath.WalkDir(path, func(at string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil // an unreadable sub-folder hides only itself
		}
		if d.IsDir() && at != path && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		rel, err := filepath.Rel(path, at)
		if err != nil || d.IsDir() {
			return nil
		}
		key, most := filepath.Dir(rel), maxProbeOthers
		if isPhoto(rel) {
			key, most = key+"\x00photos", maxProbePhotos
		}
		if kept[key]++; kept[key] <= most {
			p.names = append(p.names, filepath.ToSlash(rel))
		}
		if len(p.names) == maxProbeNames {
			return fs.SkipAll
		}
		return nil
	})
	return p, err
}

func readHead(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head, err := io.ReadAll(io.LimitReader(f, probeBytes))
	return bytes.TrimLeft(withoutBOM(head), " \t\r\n"), err
}

// sample returns the beginning of the first few files of the folder whose names match.
func (p *probe) sample(match func(name string) bool) (names []string, heads [][]byte) {
	for _, n := range p.names {
		if !match(n) {
			continue
		}
		head, err := readHead(filepath.Join(p.path, filepath.FromSlash(n)))
		if err != nil {
			continue
		}
		names, heads = append(names, n), append(heads, head)
		if len(heads) == 20 {
			break
		}
	}
	return names, heads
}

// withSuffix matches names by their ending, whatever the case.
func withSuffix(suffix string) func(string) bool {
	return func(name string) bool { return strings.HasSuffix(strings.ToLower(name), suffix) }
}

// topKeys returns the keys of the object that the head begins with, as far as it reaches; nil when it is
// no object.
func topKeys(head []byte) map[string]bool {
	if len(head) == 0 || head[0] != '{' {
		return nil
	}
	keys := map[string]bool{}
	s := scanner{b: head}
	s.object(func(key []byte) {
		keys[string(key)] = true
		s.skip()
	})
	return keys
}
