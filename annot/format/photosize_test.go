package format_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/saysee/saysee/annot/format"
)

// exif is a TIFF block that says only the orientation.
func exif(order binary.AppendByteOrder, orientation uint16) []byte {
	b := []byte("II")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM")
	}
	b = order.AppendUint16(b, 42)
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, 0x0112)
	b = order.AppendUint16(b, 3)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, orientation)
	return append(b, 0, 0, 0, 0, 0, 0)
}

// turnedJPEG is a photo of 6 × 4 with an orientation.
func turnedJPEG(t *testing.T, block []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 6, 4)), nil); err != nil {
		t.Fatal(err)
	}
	body := append([]byte("Exif\x00\x00"), block...)
	app1 := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(body)+2))
	return append(append([]byte{0xff, 0xd8}, append(app1, body...)...), b.Bytes()[2:]...)
}

// turnedPNG is the same as PNG, with the orientation behind the header.
func turnedPNG(t *testing.T, block []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 6, 4))); err != nil {
		t.Fatal(err)
	}
	chunk := append(binary.BigEndian.AppendUint32(nil, uint32(len(block))), "eXIf"...)
	chunk = append(append(chunk, block...), 0, 0, 0, 0)
	const header = 8 + 25
	return append(append(bytes.Clone(b.Bytes()[:header]), chunk...), b.Bytes()[header:]...)
}

func TestPhotoSize(t *testing.T) {
	for name, c := range map[string]struct {
		data []byte
		w, h int
	}{
		"should be as stored without orientation":  {turnedJPEG(t, nil), 6, 4},
		"should be as stored for orientation 3":    {turnedJPEG(t, exif(binary.LittleEndian, 3)), 6, 4},
		"should be turned for orientation 6":       {turnedJPEG(t, exif(binary.LittleEndian, 6)), 4, 6},
		"should be turned in big-endian order":     {turnedJPEG(t, exif(binary.BigEndian, 8)), 4, 6},
		"should be as stored for orientation 9":    {turnedJPEG(t, exif(binary.BigEndian, 9)), 6, 4},
		"should be turned for a PNG":               {turnedPNG(t, exif(binary.BigEndian, 5)), 4, 6},
		"should survive an EXIF block that is cut": {turnedJPEG(t, exif(binary.LittleEndian, 6)[:11]), 6, 4},
	} {
		t.Run(name, func(t *testing.T) {
			at := filepath.Join(t.TempDir(), "a.jpg")
			if err := os.WriteFile(at, c.data, 0o644); err != nil {
				t.Fatal(err)
			}
			w, h, err := format.PhotoSize(at)
			if err != nil || w != c.w || h != c.h {
				t.Errorf("%d × %d, %v", w, h, err)
			}
		})
	}
	t.Run("should say when there is no photo", func(t *testing.T) {
		at := filepath.Join(t.TempDir(), "a.jpg")
		writeFile(t, at, "no photo")
		if _, _, err := format.PhotoSize(at); err == nil {
			t.Error("a text has a size")
		}
	})
}

func TestImagesRoot(t *testing.T) {
	for name, at := range map[string]string{
		"should find photos beside the file":      "a/annotations/b.jpg",
		"should find photos in images below":      "a/annotations/images/b.jpg",
		"should find photos in images beside":     "a/images/b.jpg",
		"should find photos in COCO's own layout": "a/val2017/b.jpg",
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			writeFile(t, filepath.Join(root, "a/annotations/instances_val2017.json"), cocoWith(`{"id":1,"file_name":"b.jpg","width":1,"height":1}`, ""))
			writeFile(t, filepath.Join(root, at), "photo")
			_, photos := load(t, "coco", filepath.Join(root, "a/annotations/instances_val2017.json"), format.ReadOptions{})
			if want := filepath.Join(root, at); photos[0].Path != want || photos[0].File != "b.jpg" {
				t.Errorf("%s is looked for at %s", photos[0].File, photos[0].Path)
			}
		})
	}
}

func TestRecognise_BehindManyPhotos(t *testing.T) {
	t.Run("should find label files behind many photos", func(t *testing.T) {
		root := t.TempDir()
		for i := range 300 {
			writeFile(t, filepath.Join(root, "images", string(rune('a'+i%26)), string(rune('a'+i/26))+".jpg"), "")
		}
		writeFile(t, filepath.Join(root, "labels/a/a.txt"), "0 0.5 0.5 0.1 0.1\n")
		if name, _, err := format.Recognise(root); name != "yolo" || err != nil {
			t.Errorf("%q, %v", name, err)
		}
	})
}
