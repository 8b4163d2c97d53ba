package house_test

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestTargets(t *testing.T) {
	makefile := read(t, "Makefile")
	t.Run("should all be told by make help", func(t *testing.T) {
		cmd := exec.Command("make", "--no-print-directory", "help")
		cmd.Dir = root
		help, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("make help: %v: %s", err, help)
		}
		targets := regexp.MustCompile(`(?m)^\.PHONY: (.+)$`).FindAllSubmatch(makefile, -1)
		if len(targets) == 0 {
			t.Fatal("the Makefile has no targets")
		}
		for _, target := range targets {
			if !bytes.Contains(help, append([]byte("  make "), append(target[1], ' ')...)) {
				t.Errorf("make help does not tell %s", target[1])
			}
		}
	})
	t.Run("should run in continuous integration as by hand", func(t *testing.T) {
		if !strings.HasSuffix(string(read(t, ".ci/run")), "\nmake test\n") {
			t.Error(".ci/run does not end in make test")
		}
	})
}

func TestScripts(t *testing.T) {
	for _, path := range files(t) {
		if filepath.Ext(path) != ".sh" && path != ".ci/run" {
			continue
		}
		t.Run("should be Bash that parses: "+path, func(t *testing.T) {
			if out, err := exec.Command("bash", "-n", filepath.Join(root, path)).CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	t.Run("should list every system package once", func(t *testing.T) {
		line := regexp.MustCompile(`^(#.*|\[(build|test)\]|[a-z0-9][a-z0-9.+-]+( +# .+)?|)$`)
		seen := map[string]bool{}
		for text := range strings.Lines(string(read(t, "scripts/packages.txt"))) {
			text = strings.TrimRight(text, "\n")
			if !line.MatchString(text) {
				t.Errorf("not a package: %q", text)
			}
			name, _, _ := strings.Cut(text, " ")
			if name != "" && name != "#" && seen[name] {
				t.Errorf("%s is listed twice", name)
			}
			seen[name] = true
		}
	})
}
