package main

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"path"
	"testing"

	"github.com/saysee/saysee/assets"
)

// TestMemory takes the program's pages from under it and reads the packs inside it again.
func TestMemory(t *testing.T) {
	spareMemory()
	for range 2 {
		dropPages()
		files, err := fs.Glob(assets.Packs(), "blobs/*")
		if err != nil || len(files) == 0 {
			t.Fatalf("%d files, %v", len(files), err)
		}
		for _, name := range files {
			data, err := fs.ReadFile(assets.Packs(), name)
			if err != nil {
				t.Fatal(err)
			}
			if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != path.Base(name) {
				t.Errorf("%s is not what it was", name)
			}
		}
	}
}
