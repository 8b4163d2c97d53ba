package house_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/build"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// module is the path that every package of ours starts with.
const module = "github.com/saysee/saysee"

// root is the top of the source tree, seen from this folder.
const root = ".."

// tags are those that the Makefile builds with.
const tags = "migrated_fynedo"

// pkg is what `go list -json` tells about a package, as far as the rules ask.
type pkg struct {
	ImportPath   string
	Dir          string
	Doc          string
	Standard     bool
	DepOnly      bool
	Imports      []string
	TestImports  []string
	XTestImports []string
	Module       *struct {
		Path, Version, Dir string
		Main               bool
	}
}

// ours reports whether a person of this project wrote the package.
func (p pkg) ours() bool { return p.Module != nil && p.Module.Main }

// room is the top folder that the package lies in: "detect" for …/detect/vild, "" for the module's root.
func (p pkg) room() string { return room(p.ImportPath) }

func room(importPath string) string {
	top, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(importPath, module), "/"), "/")
	return top
}

// isOurs is the same question as [pkg.ours], of an import path.
func isOurs(importPath string) bool {
	return importPath == module || strings.HasPrefix(importPath, module+"/")
}

// listed runs `go list` once for all tests; what it has to say against the tree is said once, too.
var listed = sync.OnceValues(func() ([]pkg, error) {
	cmd := exec.Command("go", "list", "-deps", "-tags", tags,
		"-json=ImportPath,Dir,Doc,Standard,DepOnly,Imports,TestImports,XTestImports,Module", "./...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		fmt.Fprintln(os.Stderr, stderr.String())
		return nil, fmt.Errorf("go list, see above: %w", err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
		var p pkg
		if err := dec.Decode(&p); err != nil {
			return nil, fmt.Errorf("read go list: %w", err)
		}
		pkgs = append(pkgs, p)
	}
	return pkgs, nil
})

// everyPackage returns our packages and all that they are built from.
func everyPackage(t *testing.T) []pkg {
	t.Helper()
	pkgs, err := listed()
	if err != nil {
		t.Fatal(err)
	}
	return pkgs
}

// ourPackages returns the packages of this module.
func ourPackages(t *testing.T) []pkg {
	t.Helper()
	var own []pkg
	for _, p := range everyPackage(t) {
		if p.ours() {
			own = append(own, p)
		}
	}
	if len(own) < 5 {
		t.Fatalf("go list found %d packages of ours, which cannot be all", len(own))
	}
	return own
}

// files returns the paths, relative to [root], of all files that git tracks or would add.
func files(t *testing.T) []string {
	t.Helper()
	cmd := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("git ls-files: %v", err)
	}
	var paths []string
	for path := range strings.SplitSeq(strings.TrimRight(string(out), "\x00"), "\x00") {
		if info, err := os.Lstat(filepath.Join(root, path)); err == nil && info.Mode().IsRegular() {
			paths = append(paths, path)
		}
	}
	if len(paths) < 10 {
		t.Fatalf("git knows %d files, which cannot be all", len(paths))
	}
	return paths
}

// goFiles returns those of [files] that hold Go.
func goFiles(t *testing.T) []string {
	t.Helper()
	var paths []string
	for _, path := range files(t) {
		if strings.HasSuffix(path, ".go") {
			paths = append(paths, path)
		}
	}
	return paths
}

// read returns a file of the tree.
func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTree(t *testing.T) {
	t.Run("should be listed under the tags of the Makefile", func(t *testing.T) {
		if !strings.Contains(string(read(t, "Makefile")), "TAGS    := "+tags+"\n") {
			t.Errorf("the Makefile's TAGS are not %q", tags)
		}
	})
	t.Run("should be built with cgo", func(t *testing.T) {
		if !build.Default.CgoEnabled {
			t.Error("cgo is off here: the packages behind it would escape the rules")
		}
	})
}
