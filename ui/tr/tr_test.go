package tr_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/saysee/saysee/ui/tr"
)

var (
	call = regexp.MustCompile(`tr\.(?:L|N)\("((?:[^"\\]|\\.)*)"(?:, "((?:[^"\\]|\\.)*)")?`)
	verb = regexp.MustCompile(`%(?:\[\d\])?(\.?\d*[a-z])`)
)

// said returns the sentences that the window says.
func said(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, pattern := range []string{"../*.go", "../session/*.go", "../kit/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal(pattern, err)
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range call.FindAllStringSubmatch(string(data), -1) {
				all[m[1]] = true
				if m[2] != "" && strings.HasPrefix(m[0], "tr.N") {
					all[m[2]] = true
				}
			}
		}
	}
	return all
}

func TestChinese(t *testing.T) {
	sentences := said(t)
	if len(sentences) < 100 {
		t.Fatalf("only %d sentences are seen", len(sentences))
	}
	known := tr.Known()
	t.Run("should have every sentence that the window says", func(t *testing.T) {
		for s := range sentences {
			if known[s] == "" {
				t.Errorf("%q is missing", s)
			}
		}
	})
	t.Run("should have no sentence that the window does not say", func(t *testing.T) {
		for s := range known {
			if !sentences[s] {
				t.Errorf("%q is left over", s)
			}
		}
	})
	t.Run("should fill in the same things", func(t *testing.T) {
		verbs := func(s string) []string {
			var out []string
			for _, m := range verb.FindAllStringSubmatch(s, -1) {
				out = append(out, m[1])
			}
			slices.Sort(out)
			return out
		}
		for s, c := range known {
			if !slices.Equal(verbs(s), verbs(c)) {
				t.Errorf("%q and %q", s, c)
			}
		}
	})
}

func TestSentences(t *testing.T) {
	t.Cleanup(func() { tr.Use(tr.English) })
	t.Run("should change with the language", func(t *testing.T) {
		tr.Use(tr.Chinese)
		if got := tr.L("Find"); got != "查找" {
			t.Error(got)
		}
		tr.Use("klingon")
		if got := tr.L("Find"); got != "Find" {
			t.Error(got)
		}
	})
	t.Run("should tell one from many", func(t *testing.T) {
		tr.Use(tr.English)
		if one, many := tr.N("%s region", "%s regions", 1), tr.N("%s region", "%s regions", 1200); one != "1 region" || many != "1,200 regions" {
			t.Error(one, many)
		}
	})
	t.Run("should set commas between thousands", func(t *testing.T) {
		for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -12: "-12"} {
			if got := tr.Count(n); got != want {
				t.Errorf("%d is %s", n, got)
			}
		}
	})
}
