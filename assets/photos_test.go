package assets_test

import (
	"bytes"
	"image/jpeg"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/saysee/saysee/assets"
)

func TestPhotos(t *testing.T) {
	t.Parallel()
	names := assets.PhotoNames()
	if len(names) < 3 || !slices.IsSorted(names) {
		t.Fatalf("photos are %v, want at least three in order", names)
	}
	readme, err := os.ReadFile("photos/README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		t.Run("should be small, readable and stated free: "+name, func(t *testing.T) {
			t.Parallel()
			data := assets.Photo(name)
			photo, err := jpeg.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatal(err)
			}
			if s := photo.Bounds().Size(); max(s.X, s.Y) > 640 || len(data) > 120_000 {
				t.Errorf("%v pixels, %d bytes", s, len(data))
			}
			if !strings.Contains(string(readme), "| `"+name+"` |") {
				t.Error("photos/README.md does not tell where it comes from")
			}
		})
	}
}
