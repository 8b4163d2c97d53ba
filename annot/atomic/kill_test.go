package atomic_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/saysee/saysee/annot/atomic"
)

// killedChild is the file that a copy of this test, made to be killed, writes again and again.
const killedChild = "SAYSEE_TEST_WRITE"

const killedSize = 2 << 20

func TestMain(m *testing.M) {
	if path := os.Getenv(killedChild); path != "" {
		for i := byte(0); ; i++ {
			if err := atomic.WriteFile(path, bytes.Repeat([]byte{i}, killedSize), 0o644); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			fmt.Println("written")
		}
	}
	os.Exit(m.Run())
}

func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.bin")
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for round := range 10 {
		cmd := exec.Command(exe)
		cmd.Env = append(os.Environ(), killedChild+"="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(out, make([]byte, len("written\n"))); err != nil {
			t.Errorf("the child has written nothing: %v", err)
		}
		for end := time.Now().Add(time.Duration(3*round) * time.Millisecond); time.Now().Before(end); {
			checkWhole(t, path) // while it is being replaced
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed, and says so
		checkWhole(t, path)
	}
}

func checkWhole(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) != killedSize || bytes.Count(data, data[:1]) != killedSize {
		t.Fatalf("the file is not whole: %d of %d bytes", len(data), killedSize)
	}
}
