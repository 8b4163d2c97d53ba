package photo_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/pipeline/photo"
)

// tree makes empty files in a new folder and goes there.
func tree(t *testing.T, names ...string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, name := range names {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func link(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

func rels(items []photo.Item) []string {
	var out []string
	for _, it := range items {
		name := it.Rel
		if it.Err != nil {
			name = "!" + name
		}
		out = append(out, name)
	}
	return out
}

func TestList(t *testing.T) {
	tree(t, "p/10.jpg", "p/9.jpg", "p/b/2.PNG", "p/b/照片.webp", "p/notes.txt", "p/.hidden.jpg", "p/.git/x.jpg",
		"p/b/c/deep.tiff", "q/9.jpg", "q/b/2.PNG", "r/p/9.jpg", "[odd].jpg", "raw.dat", "A.jpg",
		"new\nline.jpg", "odd/a:b.jpg", "odd/a\\b.jpg", "odd/c\x1b.jpg", "odd/lat\xe9in.jpg", "odd/"+strings.Repeat("猫", 83)+".jpg")
	link(t, ".", "p/b/up")
	link(t, "missing", "p/dangling.jpg")
	link(t, "../q", "p/z")
	abs, err := filepath.Abs("A.jpg")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		args  []string
		stdin string
		want  []string
	}{
		{
			"should walk a folder in natural order, once round links, without hidden files",
			[]string{"p"},
			"",
			[]string{"9.jpg", "10.jpg", "b/2.PNG", "b/c/deep.tiff", "b/照片.webp", "dangling.jpg", "z/9.jpg", "z/b/2.PNG"},
		},
		{"should take any file that is named", []string{"raw.dat", "p/.hidden.jpg"}, "", []string{"raw.dat", ".hidden.jpg"}},
		{"should tell equal names in two folders apart", []string{"p/9.jpg", "q/9.jpg"}, "", []string{"p/9.jpg", "q/9.jpg"}},
		{"should go as high as it takes", []string{"p/9.jpg", "r/p/9.jpg", "q/9.jpg"}, "", nil},
		{"should keep two folders apart where they clash", []string{"q", "p/b"}, "", []string{"9.jpg", "b/2.PNG", "2.PNG", "c/deep.tiff", "照片.webp"}},
		{"should list a photo once", []string{"q/9.jpg", "q", abs, "A.jpg"}, "", []string{"9.jpg", "b/2.PNG", "A.jpg"}},
		{"should match a pattern", []string{"p/*.jpg"}, "", []string{"9.jpg", "10.jpg", "dangling.jpg"}},
		{"should match folders anywhere", []string{"p/**/2.*"}, "", []string{"b/2.PNG", "z/b/2.PNG"}},
		{"should match files right here with **", []string{"q/**/*.jpg"}, "", []string{"9.jpg"}},
		{"should walk folders that a pattern matches", []string{"p/?"}, "", []string{"b/2.PNG", "b/c/deep.tiff", "b/照片.webp", "z/9.jpg", "z/b/2.PNG"}},
		{"should take all below **", []string{"q/**"}, "", []string{"9.jpg", "b/2.PNG"}},
		{"should take an ending at its word", []string{"*.dat"}, "", []string{"raw.dat"}},
		{"should prefer a file to a pattern", []string{"[odd].jpg"}, "", []string{"[odd].jpg"}},
		{"should name what is missing and go on", []string{"none.jpg", "A.jpg", "x/*.jpg"}, "", []string{"!none.jpg", "A.jpg", "!x/*.jpg"}},
		{"should not let a missing name leave the output", []string{"../../../etc/none"}, "", []string{"!etc/none"}},
		{"should refuse a broken pattern", []string{"a[b"}, "", []string{"!a[b"}},
		{"should read lines", []string{"-"}, "A.jpg\r\n\nq/9.jpg\nnone\nq", []string{"A.jpg", "9.jpg", "!none", "b/2.PNG"}},
		{"should read names ended by NUL", []string{"-"}, "A.jpg\x00p/b/照片.webp\x00", []string{"A.jpg", "照片.webp"}},
		{"should read a first name with a newline", []string{"-"}, "new\nline.jpg\x00A.jpg\x00", []string{"new_line.jpg", "A.jpg"}},
		{
			"should name photos by what any system takes for a name",
			[]string{"odd"},
			"",
			[]string{"a_b.jpg", "a_b~2.jpg", "c_.jpg", "lat\ufffdin.jpg", strings.Repeat("猫", 78) + ".jpg"},
		},
		{"should take a star in a list for a name", []string{"-"}, "*.jpg", []string{"!*.jpg"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			items := photo.List(c.args, strings.NewReader(c.stdin))
			if c.want != nil {
				if d := cmp.Diff(c.want, rels(items)); d != "" {
					t.Error(d)
				}
			}
			seen := map[string]bool{}
			for _, it := range items {
				if seen[it.Rel] || filepath.IsAbs(it.Rel) || strings.HasPrefix(it.Rel, "..") {
					t.Errorf("%q is no name of its own below the output", it.Rel)
				}
				seen[it.Rel] = true
				if _, err := os.Lstat(it.Path); (err == nil) != (it.Err == nil) {
					t.Errorf("%s: %v, but %v", it.Path, err, it.Err)
				}
			}
		})
	}
}

func TestListTellsTheSystemsCause(t *testing.T) {
	tree(t, "a.jpg")
	items := photo.List([]string{"none.jpg", ""}, nil)
	if len(items) != 2 || !errors.Is(items[0].Err, fs.ErrNotExist) || !errors.Is(items[1].Err, photo.ErrUnreadable) {
		t.Errorf("got %v", items)
	}
	if items := photo.List([]string{"-"}, nil); len(items) != 1 || !errors.Is(items[0].Err, photo.ErrUnreadable) {
		t.Errorf("should not read a standard input that is not there: %v", items)
	}
}

func FuzzList(f *testing.F) {
	for _, s := range []string{"**/*.jpg", "[", "a/**/b", "-", "\x00", "../*", "***"} {
		f.Add(s, s+"\n"+s)
	}
	f.Fuzz(func(t *testing.T, arg, stdin string) {
		if strings.HasPrefix(filepath.Clean(arg), "/") || strings.Contains(arg+stdin, "..") || strings.Contains(stdin, "/") {
			return // do not walk the whole system
		}
		for _, it := range photo.List([]string{arg, "-"}, strings.NewReader(stdin)) {
			if filepath.IsAbs(it.Rel) || strings.HasPrefix(filepath.Clean(it.Rel), "..") {
				t.Errorf("%q leaves the output", it.Rel)
			}
		}
	})
}
