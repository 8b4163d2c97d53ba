// Package locale makes the environment's language one that Fyne can read. Fyne parses it while the program
// is loaded, and complains on standard error about "C" and the like, also in commands that open no window.
//
// Packages without dependencies are initialised in the order of their import paths (Go specification,
// "Program initialization"), so this one, which only needs os, is always ready before Fyne's translations,
// which wait for golang.org/x/text.
package locale

import "os"

func init() {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		switch os.Getenv(name) {
		case "":
			continue
		case "C", "POSIX", "C.UTF-8", "C.utf8":
			// Only the language of the window hangs on it, and English is what "C" means.
			_ = os.Setenv(name, "en_US.UTF-8")
		}
		return
	}
	_ = os.Setenv("LANG", "en_US.UTF-8")
}
