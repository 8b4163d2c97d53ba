package house_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// phrases tell a licence by words that only it has. All of them may come into a program under Apache-2.0.
var phrases = map[string][]string{
	"Apache-2.0": {"Apache License", "Version 2.0"},
	"BSD":        {"Redistribution and use in source and binary forms", "THIS SOFTWARE IS PROVIDED BY"},
	"CC-BY-4.0":  {"Creative Commons Attribution 4.0"},
	"ISC":        {"Permission to use, copy, modify, and/or distribute this software for any purpose"},
	"MIT":        {"Permission is hereby granted, free of charge", "without restriction"},
	"MPL-2.0":    {"Mozilla Public License", "2.0"},
	"OFL-1.1":    {"SIL OPEN FONT LICENSE"},
	"Zlib":       {"This software is provided 'as-is', without any express or implied warranty"},
}

// forbidden words end the search: a licence that asks our users for more than ours does.
var forbidden = []string{"GNU GENERAL PUBLIC LICENSE", "GNU AFFERO", "GNU LESSER", "Server Side Public License"}

// readByHand are modules whose licence file only points elsewhere or offers a choice, with the one that we take.
var readByHand = map[string]string{
	"github.com/golang/freetype": "FTL (or GPL-2.0, at the user's choice)",
}

func TestLicences(t *testing.T) {
	type module struct{ path, dir string }
	modules := map[module]bool{}
	for _, p := range everyPackage(t) {
		if p.Module != nil && !p.Module.Main {
			modules[module{p.Module.Path, p.Module.Dir}] = true
		}
	}
	t.Run("should be seen", func(t *testing.T) {
		if len(modules) == 0 {
			t.Fatal("go list names no module that we build from")
		}
	})
	for m := range modules {
		t.Run("should allow "+m.path, func(t *testing.T) {
			if _, known := readByHand[m.path]; known {
				return
			}
			if name, why := licence(m.dir); name == "" {
				t.Errorf("%s: %s", m.path, why)
			}
		})
	}
}

// licence names the licence of the module in dir, or says why it has none that we may build on.
func licence(dir string) (name, why string) {
	why = "no licence file that we can read"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err.Error()
	}
	for _, e := range entries {
		if !isLicenceFile(e.Name()) || e.IsDir() {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return "", err.Error()
		}
		if name, why = classify(string(text)); name != "" {
			return name, ""
		}
	}
	return "", why
}

// isLicenceFile goes by the names that modules use.
func isLicenceFile(name string) bool {
	upper := strings.ToUpper(name)
	for _, stem := range []string{"LICENSE", "LICENCE", "COPYING", "UNLICENSE"} {
		if strings.HasPrefix(upper, stem) {
			return true
		}
	}
	return false
}

// classify finds the licence in a text, whatever its line breaks.
func classify(text string) (name, why string) {
	flat := strings.ToLower(strings.Join(strings.Fields(text), " "))
	for _, words := range forbidden {
		if strings.Contains(flat, strings.ToLower(words)) {
			return "", words + " is not for us"
		}
	}
	for name, words := range phrases {
		all := true
		for _, w := range words {
			all = all && strings.Contains(flat, strings.ToLower(w))
		}
		if all {
			return name, ""
		}
	}
	return "", "a licence that we do not know"
}

func TestClassify(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"should know MIT over broken lines": {"Permission is hereby granted, free\nof charge, to any person ... without\nrestriction", "MIT"},
		"should refuse the GPL":             {"GNU General Public License\nVersion 3", ""},
		"should refuse what it cannot tell": {"All rights reserved.", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got, why := classify(tt.text); got != tt.want {
				t.Errorf("got %q (%s), want %q", got, why, tt.want)
			}
		})
	}
}
