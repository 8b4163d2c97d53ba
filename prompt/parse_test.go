package prompt_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/prompt"
)

func class(name string, phrases ...string) annot.Class {
	if len(phrases) == 0 {
		phrases = []string{name}
	}
	return annot.Class{Name: name, Phrases: phrases}
}

func without(c annot.Class, negatives ...string) annot.Class {
	c.Negatives = negatives
	return c
}

func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		want  prompt.Table
		kinds []prompt.Kind
	}{
		"should read the short form": {
			"cat, dog", prompt.Table{class("cat"), class("dog")}, nil,
		},
		"should read the full form": {
			"vehicle: car | truck ; !toy", prompt.Table{without(class("vehicle", "car", "truck"), "toy")}, nil,
		},
		"should name a class by its first phrase": {
			"cat | kitten", prompt.Table{class("cat", "cat", "kitten")}, nil,
		},
		"should read one class a line, whatever the line's end": {
			"cat\ndog\r\ncow\rewe\u2028ram", prompt.Table{class("cat"), class("dog"), class("cow"), class("ewe"), class("ram")}, nil,
		},
		"should read Chinese punctuation": {
			"猫：cat｜kitten；！toy、狗，鸟\u3000窝",
			prompt.Table{without(class("猫", "cat", "kitten"), "toy"), class("狗"), class("鸟 窝")},
			nil,
		},
		"should keep marks within quotes": {
			`"salt, pepper" | “a: b” | 「c | d」 | 'e ; f' | ‘g, h’ ; !"!i"`,
			prompt.Table{without(class("salt, pepper", "salt, pepper", "a: b", "c | d", "e ; f", "g, h"), "!i")},
			nil,
		},
		"should read two straight quotes within quotes as one": {
			`"17"" screen, flat"`, prompt.Table{class(`17" screen, flat`)}, nil,
		},
		"should join quoted and plain words": {
			`big "red, shiny" ball`, prompt.Table{class("big red, shiny ball")}, nil,
		},
		"should leave apostrophes and inch marks alone": {
			`men's shoe, dogs' ball, 'til dawn, 17" screen, a 'b c`,
			prompt.Table{class("men's shoe"), class("dogs' ball"), class("'til dawn"), class(`17" screen`), class("a 'b c")},
			nil,
		},
		"should skip comments but not C#": {
			"# everything\ncat # a pet\nC# book\n＃ 注释", prompt.Table{class("cat"), class("C# book")}, nil,
		},
		"should drop empty parts": {
			" , cat | | kitten ;; !,, | ;\n\n;\n: \ndog: , \"\"", prompt.Table{class("cat", "cat", "kitten"), class("dog")}, nil,
		},
		"should read several negatives, and a bar as one more": {
			"cat ; !toy | plush ; !statue | !drawing, dog !wolf",
			prompt.Table{without(class("cat"), "toy", "plush", "statue", "drawing"), without(class("dog"), "wolf")},
			nil,
		},
		"should read the minus sign of a chip, but not a hyphen": {
			"x-ray ; −toy, -40 sign", prompt.Table{without(class("x-ray"), "toy"), class("-40 sign")}, nil,
		},
		"should keep an exclamation mark that excludes nothing": {
			"Oh !, stop!", prompt.Table{class("Oh !"), class("stop!")}, nil,
		},
		"should collapse white space and leave control characters out": {
			"\ufefftraffic\t\u00a0 light\x00\x1b, \u202ecat\u200b", prompt.Table{class("traffic light"), class("cat")}, nil,
		},
		"should keep joiners, accents and case as they are": {
			"👨\u200d👩\u200d👧, cafe\u0301, Café", prompt.Table{class("👨\u200d👩\u200d👧"), class("cafe\u0301"), class("Café")}, nil,
		},
		"should merge classes that differ in case": {
			"Cat: tabby ; !toy, dog, cat: TABBY | tom",
			prompt.Table{without(class("Cat", "tabby", "tom"), "toy"), class("dog")},
			[]prompt.Kind{prompt.Merged},
		},
		"should report a phrase of two classes and keep both": {
			"pet: cat, wild: lion | cat",
			prompt.Table{class("pet", "cat"), class("wild", "lion", "cat")},
			[]prompt.Kind{prompt.Shared},
		},
		"should ask for what is both asked for and excluded": {
			"cat ; !Cat ; !kitten, cat: KITTEN",
			prompt.Table{class("cat", "cat", "KITTEN")},
			[]prompt.Kind{prompt.AskedExcluded, prompt.Merged, prompt.AskedExcluded},
		},
		"should begin a class at a semicolon without an exclamation mark": {
			"cat; dog: hound; 鸟",
			prompt.Table{class("cat"), class("dog", "hound"), class("鸟")},
			[]prompt.Kind{prompt.NoBang, prompt.NoBang},
		},
		"should give a loose negative to the class before it": {
			"!ant, cat\n!toy",
			prompt.Table{without(class("cat"), "toy")},
			[]prompt.Kind{prompt.LostNegative, prompt.LooseNegative},
		},
		"should read a second colon as text": {
			"sign: 12:30 | a: b", prompt.Table{class("sign", "12:30", "a: b")}, []prompt.Kind{prompt.StrayColon, prompt.StrayColon},
		},
		"should call a nameless class by its first phrase": {
			": cat | kitten", prompt.Table{class("cat", "cat", "kitten")}, []prompt.Kind{prompt.NoName},
		},
		"should leave out a quote without an end and read on": {
			"\"cat, dog\n“bird, cow",
			prompt.Table{class("cat"), class("dog"), class("bird"), class("cow")},
			[]prompt.Kind{prompt.OpenQuote, prompt.OpenQuote},
		},
		"should leave out bytes that are not text": {
			"c\xffat, dog", prompt.Table{class("cat"), class("dog")}, []prompt.Kind{prompt.NotText},
		},
		"should say that there is nothing":         {"", nil, []prompt.Kind{prompt.Nothing}},
		"should say that comments are no classes":  {"  # cat\n,;|:!\"\"", nil, []prompt.Kind{prompt.Nothing}},
		"should leave out one phrase that is huge": {"cat, " + strings.Repeat("y", 10000) + ", dog", prompt.Table{class("cat"), class("dog")}, []prompt.Kind{prompt.TooLong}},
		"should keep the synonyms of a huge name": {
			strings.Repeat("y ", 101) + "| cat", prompt.Table{class("cat")}, []prompt.Kind{prompt.TooLong},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, problems := prompt.Parse(c.text)
			if d := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("table (-want +got):\n%s", d)
			}
			var kinds []prompt.Kind
			for _, p := range problems {
				kinds = append(kinds, p.Kind)
			}
			if d := cmp.Diff(c.kinds, kinds); d != "" {
				t.Errorf("problems (-want +got):\n%s%v", d, problems)
			}
		})
	}
}

func TestProblemSaysWhereAndWhat(t *testing.T) {
	_, got := prompt.Parse("猫, dog\ncat; !toy,\n dog: \"x")
	want := []prompt.Problem{
		{
			Kind: prompt.Merged, Start: 19, End: 22, Line: 3, Words: []string{"dog", "dog"},
			Text: "The class “dog” stands here again and was joined with “dog” above.",
		},
		{Kind: prompt.OpenQuote, Start: 24, End: 25, Line: 3, Text: "This quote is not closed on its line and was left out."},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if got, want := got[1].String(), "line 3: This quote is not closed on its line and was left out."; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
}

func TestLongTexts(t *testing.T) {
	t.Run("should read 2,000 names", func(t *testing.T) {
		var b strings.Builder
		for i := range 2000 {
			fmt.Fprintf(&b, "name %d | alias %d ; !not %d\n", i, i, i)
		}
		table, problems := prompt.Parse(b.String())
		if len(table) != 2000 || len(problems) != 0 || len(table.Phrases()) != 6000 {
			t.Fatalf("%d classes, %d phrases, problems %v", len(table), len(table.Phrases()), problems)
		}
	})
	t.Run("should read 10,000 characters of names", func(t *testing.T) {
		text := ""
		for i := 0; len(text) < 10000; i++ {
			text += fmt.Sprintf("w%d, ", i)
		}
		if table, problems := prompt.Parse(text); len(table) < 1400 || len(problems) != 0 {
			t.Fatalf("%d classes, problems %v", len(table), problems)
		}
	})
	t.Run("should list no more than a hundred problems", func(t *testing.T) {
		table, problems := prompt.Parse(strings.Repeat("cat; ", 2000))
		if len(table) != 1 || len(problems) != 100 || problems[99].Kind != prompt.More {
			t.Fatalf("%d classes, %d problems", len(table), len(problems))
		}
	})
	t.Run("should take time in proportion to the length", func(t *testing.T) {
		for _, unit := range []string{"「 ", "'a, ", "a|", "!a;", ": ", "\" \"\" ", "a'   "} {
			// Ten times the text takes ten times as long, a hundred times if the parser looks back; the least of many
			// tries is free of what else the machine does.
			short, long := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
			for try := 0; try < 3 || try < 100 && long > 40*short; try++ {
				short = min(short, timed(strings.Repeat(unit, 1_000)))
				long = min(long, timed(strings.Repeat(unit, 10_000)))
			}
			if long > 40*short {
				t.Errorf("1,000 times %q took %v, 10,000 times %v", unit, short, long)
			}
		}
	})
}

// timed is how long reading a text takes.
func timed(text string) time.Duration {
	start := time.Now()
	prompt.Parse(text)
	return time.Since(start)
}

func TestTable(t *testing.T) {
	text := "cat | kitten ; !toy ; !\"a, b\"\n猫: cat | 小猫\n\"x: y\""
	table, _ := prompt.Parse(text)
	t.Run("should write the canonical form", func(t *testing.T) {
		if got := table.String(); got != text {
			t.Errorf("String() = %q, want %q", got, text)
		}
		want := `cat | kitten ; !toy ; !"a, b", 猫: cat | 小猫, "x: y"`
		if got := table.Line(); got != want {
			t.Errorf("Line() = %q, want %q", got, want)
		}
	})
	t.Run("should list every phrase once with its owners", func(t *testing.T) {
		want := []prompt.Phrase{
			{"cat", []prompt.Owner{{Class: 0}, {Class: 1}}},
			{"kitten", []prompt.Owner{{Class: 0}}},
			{"toy", []prompt.Owner{{Class: 0, Negative: true}}},
			{"a, b", []prompt.Owner{{Class: 0, Negative: true}}},
			{"小猫", []prompt.Owner{{Class: 1}}},
			{"x: y", []prompt.Owner{{Class: 2}}},
		}
		if d := cmp.Diff(want, table.Phrases()); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
	t.Run("should write names that a program made up", func(t *testing.T) {
		odd := prompt.Table{class("a\nb"), class("# c"), class("'d'"), class(`"`), {Name: "e, f"}}
		got, problems := prompt.Parse(odd.String())
		want := prompt.Table{class("a b"), class("# c"), class("'d'"), class(`"`), class("e, f")}
		if d := cmp.Diff(want, got); d != "" || len(problems) > 0 {
			t.Errorf("(-want +got):\n%s%v", d, problems)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "cat, dog", "vehicle: car | truck ; !toy", "猫：cat｜kitten；！toy、狗", "\"a, b\" | 'c' # d", "a; b: c !d",
		"\"x\"\"y\" \"z", ":|;!,\n\r\u2028", "c\xffat", "Oh !", "'til, dogs' x'", "“a” 「b」", "K, \u212a, ſ, S", "a\u0345: b", "−a ; −b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		table, problems := prompt.Parse(text)
		runes := len([]rune(text))
		for _, p := range problems {
			if p.Start < 0 || p.End < p.Start || p.End > runes || p.Line < 1 || p.Text == "" || strings.Contains(p.Text, "%!") {
				t.Errorf("bad problem %+v in a text of %d runes", p, runes)
			}
		}
		if len(table) == 0 && len(problems) == 0 {
			t.Error("nothing was read and nothing was said")
		}
		source := letters(text)
		for _, c := range table {
			checkWord(t, source, c.Name)
			if len(c.Phrases) == 0 {
				t.Errorf("class %q has no phrase", c.Name)
			}
			for _, w := range append(append([]string{}, c.Phrases...), c.Negatives...) {
				checkWord(t, source, w)
			}
		}
		for form, again := range map[string]string{"String": table.String(), "Line": table.Line()} {
			got, problems := prompt.Parse(again)
			if d := cmp.Diff(table, got, cmpopts.EquateEmpty()); d != "" {
				t.Errorf("%s %q reads as another table (-want +got):\n%s", form, again, d)
			}
			for _, p := range problems {
				if p.Kind != prompt.Shared && p.Kind != prompt.Nothing && p.Kind != prompt.More {
					t.Errorf("%s %q has a problem: %v", form, again, p)
				}
			}
		}
	})
}

// checkWord holds that a word of the table is one that the person wrote.
func checkWord(t *testing.T, source, word string) {
	t.Helper()
	if word == "" || word != strings.TrimSpace(word) || len([]rune(word)) > prompt.MaxPhrase {
		t.Errorf("bad word %q", word)
	}
	if !strings.Contains(source, letters(word)) {
		t.Errorf("word %q is not in the text", word)
	}
}

// letters leaves what marks, quotes and white space never are.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return r
		}
		return -1
	}, s)
}

func BenchmarkParse2000(b *testing.B) {
	text := ""
	for i := range 2000 {
		text += fmt.Sprintf("name %d | alias %d\n", i, i)
	}
	for b.Loop() {
		prompt.Parse(text)
	}
}
