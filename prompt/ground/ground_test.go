package ground_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/saysee/saysee/prompt/ground"
	"github.com/saysee/saysee/prompt/token"
)

func tokenizer(t testing.TB, most int) *token.WordPiece {
	t.Helper()
	data, err := os.ReadFile("../token/testdata/vocab.txt")
	if err != nil {
		t.Fatal(err)
	}
	w, err := token.NewWordPiece(data, most)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestClean(t *testing.T) {
	for in, want := range map[string]string{
		"aerosol_can":             "aerosol can",
		"crab_(animal)":           "crab ",
		"(a) cat (b) dog":         " dog",
		"three   spaces":          "three  spaces",
		"motor_(vehicle)_bicycle": "motor bicycle",
		"(":                       "(",
	} {
		if got := ground.Clean(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestJoin(t *testing.T) {
	c := ground.Join([]string{"cat", "red cup", "dog"}, ". ")
	if c.Text != "cat. red cup. dog" {
		t.Errorf("got %q", c.Text)
	}
	if d := cmp.Diff([]string{"cat", "red cup", "dog"}, c.Names()); d != "" {
		t.Error(d)
	}
}

func TestTokens(t *testing.T) {
	w := tokenizer(t, 64)
	for name, c := range map[string]struct {
		caption ground.Caption
		want    [][]int
	}{
		"should count from [CLS] and over separators": {ground.Join([]string{"cat", "red cup", "dog"}, ". "), [][]int{{1}, {3, 4}, {6}}},
		"should look inwards past white space":        {ground.Join([]string{" cat", "red  "}, ". "), [][]int{{1}, {3}}},
		"should leave out what is no piece":           {ground.Join([]string{"cat", "\x01\x02\x03\x04"}, ". "), [][]int{{1}, nil}},
		"should leave out what was cut off":           {ground.Join([]string{strings.Repeat("cat ", 70), "dog"}, ". "), [][]int{nil, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, c.caption.Tokens(w.Encode(c.caption.Text))); d != "" {
				t.Error(d)
			}
		})
	}
}

func names(n int) []ground.Group {
	var groups []ground.Group
	for i := range n {
		groups = append(groups, ground.Group{Class: i, Phrases: []string{fmt.Sprintf("cat %d", i)}})
	}
	return groups
}

func TestChunks(t *testing.T) {
	w := tokenizer(t, 256)
	rule := ground.Rule{Separator: ". ", Names: 40}
	chunks := func(t *testing.T, groups []ground.Group) []ground.Chunk {
		t.Helper()
		got, err := ground.Chunks(groups, rule, w)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	t.Run("should write one caption where one holds all names, even more than a chunk's", func(t *testing.T) {
		if got := chunks(t, names(50)); len(got) != 1 || len(got[0].Groups) != 50 {
			t.Errorf("got %d captions", len(got))
		}
	})
	t.Run("should part 3,000 names by 40 and lose none", func(t *testing.T) {
		got := chunks(t, names(3000))
		if len(got) != 75 {
			t.Errorf("got %d captions, want 75", len(got))
		}
		class := 0
		for _, c := range got {
			if c.Encoding.Truncated {
				t.Fatalf("%.40q… is cut off", c.Caption)
			}
			for _, g := range c.Groups {
				if g.Class != class || len(g.Positives()[0]) == 0 {
					t.Fatalf("class %d is followed by %d with the pieces %v", class-1, g.Class, g.Positives())
				}
				class++
			}
		}
		if class != 3000 {
			t.Errorf("%d classes are left", class)
		}
	})
	t.Run("should keep a class with its negatives", func(t *testing.T) {
		groups := names(90)
		for i := range groups {
			groups[i].Negatives = []string{fmt.Sprintf("toy %d", i)}
		}
		for _, c := range chunks(t, groups) {
			for _, g := range c.Groups {
				if len(g.Forbidden()) != 1 || len(g.Forbidden()[0]) == 0 {
					t.Fatalf("class %d has the negatives %v", g.Class, g.Forbidden())
				}
			}
		}
	})
	t.Run("should write a phrase of two classes once", func(t *testing.T) {
		got := chunks(t, []ground.Group{{Class: 0, Phrases: []string{"cat", "dog"}}, {Class: 1, Phrases: []string{"dog"}}})
		if len(got) != 1 || got[0].Caption != "cat. dog" || !slices.Equal(got[0].Groups[0].Positives()[1], got[0].Groups[1].Positives()[0]) {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("should part a class that no caption holds", func(t *testing.T) {
		g := ground.Group{Negatives: []string{"dog"}}
		for i := range 200 {
			g.Phrases = append(g.Phrases, fmt.Sprintf("cat %d", i))
		}
		seen := 0
		for _, c := range chunks(t, []ground.Group{g}) {
			for _, part := range c.Groups {
				if part.First != seen || len(part.Forbidden()) != 1 {
					t.Fatalf("phrase %d comes at %d with the negatives %v", part.First, seen, part.Forbidden())
				}
				seen += len(part.Phrases)
			}
		}
		if seen != 200 {
			t.Errorf("%d phrases are left", seen)
		}
	})
	t.Run("should refuse negatives that leave a phrase no room", func(t *testing.T) {
		g := ground.Group{Phrases: []string{"cat", "kitten"}, Negatives: []string{strings.Repeat("dog ", 300)}}
		if _, err := ground.Chunks([]ground.Group{g}, rule, w); !errors.Is(err, ground.ErrTooLong) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("should say nothing for nothing", func(t *testing.T) {
		if got := chunks(t, nil); len(got) != 0 {
			t.Errorf("got %d captions", len(got))
		}
	})
}

func TestBrackets(t *testing.T) {
	for in, want := range map[string]ground.Caption{
		"[a red cup] on [the table]": {Text: "a red cup on the table", Spans: []token.Span{{Start: 0, End: 9}, {Start: 13, End: 22}}},
		"［红色杯子］在［桌子］上":               {Text: "红色杯子在桌子上", Spans: []token.Span{{Start: 0, End: 12}, {Start: 15, End: 21}}},
		"[ cat ] and []":             {Text: " cat  and ", Spans: []token.Span{{Start: 1, End: 4}}},
	} {
		got, err := ground.Brackets(in)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%q: %v\n%s", in, err, d)
		}
	}
	for in, want := range map[string]error{
		"[a [red] cup]": ground.ErrSentence, "a cup]": ground.ErrSentence, "[a cup": ground.ErrSentence,
		"[] cup": ground.ErrNoPhrase, "cup [ \t]": ground.ErrNoPhrase,
	} {
		if _, err := ground.Sentence(in); !errors.Is(err, want) {
			t.Errorf("%q: got %v", in, err)
		}
	}
}

func TestPhrases(t *testing.T) {
	for in, want := range map[string]string{
		"there is a cat and a remote in the picture":         "a cat|a remote|the picture",
		"a red cup on the table":                             "a red cup|the table",
		"A man riding a horse in front of the old church.":   "A man|a horse|the old church",
		"two dogs, a cup filled with tea and 3 small spoons": "two dogs|a cup|tea|3 small spoons",
		"a cat sits on a mat":                                "a cat|a mat",
		"a school bus next to traffic lights":                "a school bus|traffic lights",
		"the person's hat":                                   "the person's hat",
		"the left dog":                                       "the left dog",
		"a dog wearing a blue collar looks happy":            "a dog|a blue collar",
		"people standing on the beach at sunset":             "people|the beach|sunset",
		"find the T-shirt that is red":                       "the T-shirt",
		"a glass of water":                                   "a glass|water",
		"a man is holding an umbrella":                       "a man|an umbrella",
		"cat, dog, traffic light":                            "cat|dog|traffic light",
		"is it on?":                                          "",
		"":                                                   "",
		"... !!":                                             "",
		"the of and":                                         "",
	} {
		var got []string
		for _, s := range ground.Phrases(in) {
			got = append(got, in[s.Start:s.End])
		}
		if d := cmp.Diff(want, strings.Join(got, "|")); d != "" {
			t.Errorf("%q (-want +got):\n%s", in, d)
		}
	}
}

func TestSentenceWithoutAPhrase(t *testing.T) {
	for _, in := range []string{"", "is it on?", "and then?", "\x00\x01"} {
		if _, err := ground.Sentence(in); !errors.Is(err, ground.ErrNoPhrase) {
			t.Errorf("%q: got %v", in, err)
		}
	}
}

func TestNamesAreThePersonsOwnWords(t *testing.T) {
	c, err := ground.Sentence("[a  Red\x01 Cup] on [ the\ttable ]")
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"a Red Cup", "the table"}, c.Names()); d != "" {
		t.Error(d)
	}
}

func TestGiven(t *testing.T) {
	if _, err := ground.Given("猫 cat", []token.Span{{Start: 1, End: 3}}); !errors.Is(err, ground.ErrSentence) {
		t.Errorf("a span that begins within a character: %v", err)
	}
	if _, err := ground.Given("cat", []token.Span{{Start: 0, End: 9}}); !errors.Is(err, ground.ErrSentence) {
		t.Errorf("a span outside: %v", err)
	}
	c, err := ground.Given("a dog, a cat", []token.Span{{Start: 7, End: 12}, {Start: 0, End: 5}})
	if d := cmp.Diff([]string{"a dog", "a cat"}, c.Names()); d != "" || err != nil {
		t.Errorf("%v\n%s", err, d)
	}
}

func TestCut(t *testing.T) {
	w := tokenizer(t, 64)
	var words []string
	for i := range 60 {
		words = append(words, fmt.Sprintf("[a cat %d]", i))
	}
	c, err := ground.Sentence(strings.Join(words, " and "))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, part := range c.Cut(w) {
		if w.Encode(part.Text).Truncated {
			t.Errorf("%q is too long still", part.Text)
		}
		for i, tokens := range part.Tokens(w.Encode(part.Text)) {
			if len(tokens) == 0 {
				t.Errorf("%q has no pieces", part.Names()[i])
			}
		}
		got = append(got, part.Names()...)
	}
	if d := cmp.Diff(c.Names(), got); d != "" {
		t.Error(d)
	}
}

func FuzzSentence(f *testing.F) {
	for _, s := range []string{"a cat on [the mat]", "[", "a [b] c]", "the man's big-dog, 3 cups", "［杯］", "\xff[a]\xfe", "-cat- ''", "a\x00b"} {
		f.Add(s)
	}
	w := tokenizer(f, 16)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ground.Sentence(text)
		if err != nil {
			return
		}
		all := 0
		for _, part := range c.Cut(w) {
			part.Tokens(w.Encode(part.Text))
			all += len(part.Spans)
		}
		if all != len(c.Spans) || len(c.Names()) != all {
			t.Errorf("%d of %d phrases are left", all, len(c.Spans))
		}
		for _, s := range c.Spans {
			if s.Start >= s.End || s.End > len(c.Text) || utf8.ValidString(text) && !utf8.ValidString(c.Text[s.Start:s.End]) {
				t.Errorf("bad span %v in %q", s, c.Text)
			}
		}
	})
}
