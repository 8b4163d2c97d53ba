package house_test

import (
	"bytes"
	"go/format"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fzipp/gocyclo"
)

// maxComplexity is the highest cyclomatic complexity of a function, as gocyclo counts it. Tests are free of it, because a
// test and its subtests are one function to gocyclo.
const maxComplexity = 15

func TestSource(t *testing.T) {
	t.Run("should say in every package what it is for", func(t *testing.T) {
		for _, p := range ourPackages(t) {
			if p.Doc == "" {
				t.Errorf("%s has no package comment", p.ImportPath)
			}
		}
	})
	t.Run("should be formatted", func(t *testing.T) {
		for _, path := range goFiles(t) {
			src := read(t, path)
			formatted, err := format.Source(src)
			if err != nil {
				t.Errorf("%s: %v", path, err)
			} else if !bytes.Equal(src, formatted) {
				t.Errorf("%s is not gofmt'ed", path)
			}
		}
	})
	t.Run("should keep functions simple", func(t *testing.T) {
		var paths []string
		for _, path := range goFiles(t) {
			if !strings.HasSuffix(path, "_test.go") {
				paths = append(paths, filepath.Join(root, path))
			}
		}
		for _, f := range gocyclo.Analyze(paths, nil).SortAndFilter(-1, maxComplexity) {
			t.Errorf("%s: %s has complexity %d, %d is the most", f.Pos, f.FuncName, f.Complexity, maxComplexity)
		}
	})
	t.Run("should never wait for the window's thread", func(t *testing.T) {
		// On that thread itself it hangs for ever; Do, which queues, is always safe.
		call := []byte("Do" + "AndWait(")
		for _, path := range goFiles(t) {
			if bytes.Contains(read(t, path), call) {
				t.Errorf("%s calls fyne.%s)", path, call)
			}
		}
	})
	t.Run("should not be swapped for other modules", func(t *testing.T) {
		if regexp.MustCompile(`(?m)^\s*replace\b`).Match(read(t, "go.mod")) {
			t.Error("go.mod replaces a module, which only holds on one machine")
		}
	})
}

func TestText(t *testing.T) {
	hosts := regexp.MustCompile(`(?i)\b(` + // Broken up, so that this file does not name them either.
		`pypi\.` + `org|python` + `hosted\.org|(proxy|sum)\.` + `golang\.org|registry\.` + `npmjs|(deb|security)\.` + `debian\.org|` +
		`(archive|ports)\.` + `ubuntu\.com|(static\.)?crates\.` + `io|repo1?\.` + `maven)\b`)
	// A path that starts at the machine's root, not one inside another path, a URL or a regular expression.
	machine := regexp.MustCompile(`(^|[\s"'=(:,\x60])/(work|root|home/[a-z]+|tmp/w)(/|\b)`)

	t.Run("should name no registry's host: proxies and mirrors are the machine's to know", func(t *testing.T) {
		eachText(t, func(path string, text []byte) {
			if found := hosts.Find(text); found != nil {
				t.Errorf("%s names %s", path, found)
			}
		})
	})
	t.Run("should hold no path of one machine", func(t *testing.T) {
		eachText(t, func(path string, text []byte) {
			for _, line := range slices.Collect(bytes.Lines(text)) {
				if machine.Match(line) {
					t.Errorf("%s: %s", path, bytes.TrimSpace(line))
				}
			}
		})
	})
}

// eachText calls do with every text file of the tree; a file with a zero byte in its head is none.
func eachText(t *testing.T, do func(path string, text []byte)) {
	t.Helper()
	for _, path := range files(t) {
		text := read(t, path)
		if bytes.IndexByte(text[:min(len(text), 8192)], 0) < 0 {
			do(path, text)
		}
	}
}
