// Package tr says the window's sentences in the language that a person has chosen. A sentence's key is the
// English sentence itself; zh.json in assets/tr has the Chinese ones. The language can change at any time:
// whoever shows sentences asks again.
package tr

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	translations "github.com/saysee/saysee/assets/tr"
)

// Language is a language of the window.
type Language string

// The languages.
const (
	English Language = "en"
	Chinese Language = "zh"
)

var (
	current atomic.Value // Language
	chinese map[string]string
)

func init() {
	data, err := translations.Files.ReadFile("zh.json")
	if err == nil {
		err = json.Unmarshal(data, &chinese)
	}
	if err != nil {
		panic(err) // an embedded file, read by every test
	}
	current.Store(English)
}

// Use chooses the language; anything but Chinese is English.
func Use(l Language) {
	if l != Chinese {
		l = English
	}
	current.Store(l)
}

// Current returns the language in use.
func Current() Language { return current.Load().(Language) }

// OfSystem returns the language that the environment asks for.
func OfSystem() Language {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if strings.HasPrefix(v, "zh") {
				return Chinese
			}
			return English
		}
	}
	return English
}

// L says a sentence, with its verbs filled in as by fmt.Sprintf. A sentence that has no translation is said
// in English.
func L(sentence string, args ...any) string {
	if Current() == Chinese {
		if t, ok := chinese[sentence]; ok {
			sentence = t
		}
	}
	if len(args) == 0 {
		return sentence
	}
	return fmt.Sprintf(sentence, args...)
}

// N says one of two sentences, for one thing or for another number of them, which is its first argument.
func N(one, many string, n int, args ...any) string {
	if n == 1 {
		return L(one, append([]any{Count(n)}, args...)...)
	}
	return L(many, append([]any{Count(n)}, args...)...)
}

// Count writes a number with commas between thousands.
func Count(n int) string {
	s := fmt.Sprint(n)
	from := len(s)
	stop := 0
	if n < 0 {
		stop = 1
	}
	for from -= 3; from > stop; from -= 3 {
		s = s[:from] + "," + s[from:]
	}
	return s
}

// Known returns the sentences that have a Chinese translation, for tests.
func Known() map[string]string { return chinese }
