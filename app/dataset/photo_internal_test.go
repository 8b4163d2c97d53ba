package dataset

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// letters makes an image whose pixels are letters, and reads them back.
func letters(rows ...string) *image.Gray {
	img := image.NewGray(image.Rect(3, 4, 3+len(rows[0]), 4+len(rows)))
	for y, row := range rows {
		for x := range row {
			img.SetGray(3+x, 4+y, color.Gray{row[x]})
		}
	}
	return img
}

func spell(img image.Image) string {
	b := img.Bounds()
	var rows []string
	for y := b.Min.Y; y < b.Max.Y; y++ {
		row := ""
		for x := b.Min.X; x < b.Max.X; x++ {
			row += string(rune(color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y))
		}
		rows = append(rows, row)
	}
	return strings.Join(rows, "/")
}

func TestUpright(t *testing.T) {
	// The stored pixels abc/def, shown by each EXIF orientation.
	for orientation, want := range []string{
		0: "abc/def", 1: "abc/def", 2: "cba/fed", 3: "fed/cba", 4: "def/abc", 5: "ad/be/cf", 6: "da/eb/fc", 7: "fc/eb/da", 8: "cf/be/ad",
	} {
		if got := spell(upright(letters("abc", "def"), orientation)); got != want {
			t.Errorf("orientation %d: got %s, want %s", orientation, got, want)
		}
	}
}

func TestOpenPhoto(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.png")
	file, err := os.Create(path)
	if err == nil {
		err = png.Encode(file, letters("ab"))
	}
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
	img, err := openPhoto(path)
	if err != nil || spell(img) != "ab" {
		t.Error("got", img, err)
	}
	if err := os.WriteFile(path, []byte("no photo"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"should refuse what is no photo":     path,
		"should refuse what is not there":    path + "x",
		"should refuse a place that is none": "",
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := openPhoto(path); err == nil {
				t.Error("no error")
			}
		})
	}
}
