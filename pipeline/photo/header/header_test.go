package header_test

import (
	"errors"
	"testing"

	"github.com/saysee/saysee/pipeline/photo/header"
)

func TestSniff(t *testing.T) {
	for data, want := range map[string]header.Format{
		"\xff\xd8\xff\xe0":                   header.JPEG,
		"\x89PNG\r\n\x1a\n":                  header.PNG,
		"RIFF\x00\x00\x00\x00WEBPVP8 ":       header.WebP,
		"RIFF\x00\x00\x00\x00WAVEfmt ":       "",
		"II*\x00":                            header.TIFF,
		"MM\x00*":                            header.TIFF,
		"GIF89a":                             header.GIF,
		"BM":                                 "",
		"BM                              ..": header.BMP,
		"":                                   "",
	} {
		if got := header.Sniff([]byte(data)); got != want {
			t.Errorf("%q: %q, want %q", data, got, want)
		}
	}
}

func bmpHeader(w, h string) string {
	return "BM\x00\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00" + w + h + "\x01\x00\x18\x00\x00\x00\x00\x00"
}

func TestParse(t *testing.T) {
	const sof = "\xff\xc0\x00\x11\x08\x00\x20\x00\x30\x03\x01\x22\x00\x02\x11\x01\x03\x11\x01"
	const exifLeft = "\xff\xe1\x00\x22Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00"
	const nonsense = "\xff\xe1\x00\x10Exif\x00\x00II*\x00\xff\xff\xff\xff"
	for _, c := range []struct {
		name, data  string
		w, h        int
		orientation int
		cause       error
	}{
		{"should read a JPEG", "\xff\xd8" + sof + "\xff\xda", 48, 32, 1, nil},
		{"should read EXIF", "\xff\xd8" + exifLeft + sof + "\xff\xda", 48, 32, 8, nil},
		{"should pass over broken EXIF", "\xff\xd8" + nonsense + sof + "\xff\xda", 48, 32, 1, nil},
		{"should refuse two sizes", "\xff\xd8" + sof + sof + "\xff\xda", 0, 0, 0, header.ErrBroken},
		{"should refuse data before a size", "\xff\xd8\xff\xda", 0, 0, 0, header.ErrBroken},
		{"should tell a cut segment", "\xff\xd8" + sof[:9], 0, 0, 0, header.ErrTruncated},
		{"should read a BMP whose rows go down", bmpHeader("\x05\x00\x00\x00", "\xfd\xff\xff\xff"), 5, 3, 1, nil},
		{"should refuse a width below zero", bmpHeader("\xff\xff\xff\xff", "\x01\x00\x00\x00"), 0, 0, 0, header.ErrBroken},
		{"should refuse BigTIFF", "II+\x00\x08\x00\x00\x00", 0, 0, 0, header.ErrUnsupported},
		{"should tell a cut TIFF", "II*\x00\xff\x00\x00\x00", 0, 0, 0, header.ErrTruncated},
		{
			"should refuse a TIFF of two widths",
			"II*\x00\x08\x00\x00\x00\x03\x00\x00\x01\x03\x00\x01\x00\x00\x00\x04\x00\x00\x00\x00\x01\x03\x00\x01\x00\x00\x00\x09\x00\x00\x00\x01\x01\x03\x00\x01\x00\x00\x00\x04\x00\x00\x00",
			0, 0, 0, header.ErrBroken,
		},
		{
			"should refuse numbers with a fraction, also where they lie elsewhere",
			"II*\x00\x08\x00\x00\x00\x03\x00\x00\x01\x03\x00\x01\x00\x00\x00\x04\x00\x00\x00\x01\x01\x03\x00\x01\x00\x00\x00\x04\x00\x00\x00\x53\x01\x03\x00\x03\x00\x00\x00\x2e\x00\x00\x00\x03\x00\x03\x00\x03\x00",
			0, 0, 0, header.ErrUnsupported,
		},
		{"should refuse a GIF of no size", "GIF89a\x00\x00\x00\x00", 0, 0, 0, header.ErrBroken},
		{"should refuse what is nothing", "hello", 0, 0, 0, header.ErrUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			info, err := header.Parse([]byte(c.data))
			if !errors.Is(err, c.cause) {
				t.Fatalf("got %v, want %v", err, c.cause)
			}
			if err == nil && (info.W != c.w || info.H != c.h || info.Orientation != c.orientation) {
				t.Errorf("got %+v", info)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xc0\x00\x08\x08\x00\x20\x00\x30\x03\xff\xd9"))
	f.Add([]byte("RIFF\x1a\x00\x00\x00WEBPANMF\x18\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00ALPH\x00\x00\x00\x00VP8 \x00\x00\x00\x00"))
	f.Add([]byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte(bmpHeader("\x05\x00\x00\x00", "\x00\x00\x00\x80")))
	f.Fuzz(func(t *testing.T, data []byte) {
		info, err := header.Parse(data)
		if err != nil {
			return
		}
		if info.W < 1 || info.H < 1 || info.Orientation < 1 || info.Orientation > 8 {
			t.Errorf("got %+v", info)
		}
		_ = header.CheckWhole(data, info)
		switch info.Format {
		case header.WebP:
			_, _, _ = header.FirstFrame(data)
		case header.TIFF:
			if again, err := header.Parse(header.Unturned(data)); err != nil || again.Orientation != 1 {
				t.Errorf("still turned: %+v %v", again, err)
			}
		}
	})
}
