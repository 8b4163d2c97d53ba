package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestNoLocaleMakesTheProgramComplain(t *testing.T) {
	for _, lang := range []string{"LANG=", "LANG=C", "LC_ALL=POSIX", "LC_ALL=C.UTF-8", "LANG=de_DE.UTF-8"} {
		cmd := exec.Command(os.Args[0])
		cmd.Env = []string{"SAYSEE_TEST_ARGS=version", "HOME=" + t.TempDir(), lang}
		out, err := cmd.CombinedOutput()
		if err != nil || strings.Count(string(out), "\n") != 1 {
			t.Errorf("%s: %v\n%s", lang, err, out)
		}
	}
}
