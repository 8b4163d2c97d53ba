package photo_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/bmp"

	"github.com/saysee/saysee/pipeline/photo"
	"github.com/saysee/saysee/pipeline/photo/header"
)

// The colours of the test pictures' quarters, as zoo/parity/photos.py has them.
var (
	red   = color.RGBA{220, 30, 40, 255}
	green = color.RGBA{20, 200, 60, 255}
	blue  = color.RGBA{30, 40, 210, 255}
	grey  = color.RGBA{128, 128, 128, 255}
	white = color.RGBA{255, 255, 255, 255}
	black = color.RGBA{0, 0, 0, 255}
)

// quarters draws red, green / blue, last.
func quarters(w, h int, last color.Color) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := [4]color.Color{red, green, blue, last}[2*(y/((h+1)/2))+x/((w+1)/2)]
			img.Set(x, y, c)
		}
	}
	return img
}

func encode(t testing.TB, f func(w *bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, img image.Image) []byte {
	return encode(t, func(w *bytes.Buffer) error { return png.Encode(w, img) })
}

func jpegOf(t testing.TB, img image.Image) []byte {
	return encode(t, func(w *bytes.Buffer) error { return jpeg.Encode(w, img, &jpeg.Options{Quality: 100}) })
}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decode(t *testing.T, data []byte) *photo.Photo {
	t.Helper()
	p, err := photo.Decode(data, photo.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func near(a, b color.RGBA, tolerance int) bool {
	off := func(x, y uint8) bool { return max(int(x)-int(y), int(y)-int(x)) > tolerance }
	return !off(a.R, b.R) && !off(a.G, b.G) && !off(a.B, b.B) && !off(a.A, b.A)
}

// wantQuarters checks the middles of the quarters.
func wantQuarters(t *testing.T, p *photo.Photo, tolerance int, want [4]color.RGBA) {
	t.Helper()
	w, h := p.Size().X, p.Size().Y
	for i, c := range want {
		x, y := w/4+i%2*w/2, h/4+i/2*h/2
		if got := p.Pix.RGBAAt(x, y); !near(got, c, tolerance) {
			t.Errorf("quarter %d: %v, want %v", i, got, c)
		}
	}
}

func TestDecodeKinds(t *testing.T) {
	opaque := quarters(48, 32, grey)
	clear := quarters(48, 32, color.NRGBA{200, 0, 0, 0})
	half := quarters(48, 32, color.NRGBA{255, 0, 0, 128})
	deep := image.NewNRGBA64(opaque.Rect)
	deepClear := image.NewNRGBA64(opaque.Rect)
	grey16 := image.NewGray16(opaque.Rect)
	gray := image.NewGray(opaque.Rect)
	indexed := image.NewPaletted(opaque.Rect, color.Palette{red, green, blue, grey})
	indexedClear := image.NewPaletted(opaque.Rect, color.Palette{red, green, blue, color.NRGBA{}})
	for y := range 32 {
		for x := range 48 {
			deep.Set(x, y, opaque.At(x, y))
			deepClear.Set(x, y, clear.At(x, y))
			grey16.Set(x, y, color.Gray16{0x8012})
			gray.Set(x, y, color.Gray{77})
			indexed.Set(x, y, opaque.At(x, y))
			indexedClear.Set(x, y, clear.At(x, y))
		}
	}
	all := [4]color.RGBA{red, green, blue, grey}
	holed := [4]color.RGBA{red, green, blue, white}
	flat := func(v uint8) [4]color.RGBA {
		c := color.RGBA{v, v, v, 255}
		return [4]color.RGBA{c, c, c, c}
	}
	gifOf := func(img *image.Paletted) []byte {
		return encode(t, func(w *bytes.Buffer) error {
			second := image.NewPaletted(img.Rect, palette.Plan9)
			return gif.EncodeAll(w, &gif.GIF{Image: []*image.Paletted{img, second}, Delay: []int{1, 1}})
		})
	}
	for _, c := range []struct {
		name      string
		data      []byte
		format    header.Format
		want      [4]color.RGBA
		tolerance int
	}{
		{"JPEG", jpegOf(t, opaque), header.JPEG, all, 3},
		{"grey JPEG", jpegOf(t, gray), header.JPEG, flat(77), 1},
		{"progressive JPEG", testdata(t, "progressive.jpg"), header.JPEG, all, 4},
		{"CMYK JPEG by Adobe, inverted", testdata(t, "cmyk-adobe.jpg"), header.JPEG, all, 6},
		{"CMYK JPEG without Adobe's mark", testdata(t, "cmyk-plain.jpg"), header.JPEG, all, 6},
		{"PNG", pngOf(t, opaque), header.PNG, all, 0},
		{"grey PNG", pngOf(t, gray), header.PNG, flat(77), 0},
		{"16-bit PNG", pngOf(t, deep), header.PNG, all, 0},
		{"16-bit PNG with alpha", pngOf(t, deepClear), header.PNG, holed, 0},
		{"16-bit grey PNG", pngOf(t, grey16), header.PNG, flat(0x80), 0},
		{"PNG with alpha over white", pngOf(t, clear), header.PNG, holed, 0},
		{"PNG with half alpha over white", pngOf(t, half), header.PNG, [4]color.RGBA{red, green, blue, {255, 127, 127, 255}}, 0},
		{"PNG with palette", pngOf(t, indexed), header.PNG, all, 0},
		{"PNG with a clear colour in the palette", pngOf(t, indexedClear), header.PNG, holed, 0},
		{"BMP", encode(t, func(w *bytes.Buffer) error { return bmp.Encode(w, opaqueRGBA(opaque)) }), header.BMP, all, 0},
		{"BMP with palette", encode(t, func(w *bytes.Buffer) error { return bmp.Encode(w, indexed) }), header.BMP, all, 0},
		{"GIF, first picture", gifOf(indexed), header.GIF, all, 0},
		{"GIF with a clear colour", gifOf(indexedClear), header.GIF, holed, 0},
		{"TIFF", tiffOf(opaque, 1), header.TIFF, all, 0},
		{"TIFF with JPEG inside", testdata(t, "jpeg-inside.tif"), header.TIFF, all, 12},
		{"CMYK TIFF", testdata(t, "cmyk.tif"), header.TIFF, all, 6},
		{"fax TIFF", testdata(t, "fax.tif"), header.TIFF, [4]color.RGBA{black, white, black, black}, 0},
		{"WebP, lossless", testdata(t, "lossless.webp"), header.WebP, all, 0},
		{"WebP, lossy", testdata(t, "lossy.webp"), header.WebP, all, 8},
		{"WebP with alpha", testdata(t, "alpha.webp"), header.WebP, holed, 0},
		{"animated WebP, first picture", testdata(t, "animated.webp"), header.WebP, all, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := decode(t, c.data)
			if p.Format != c.format || p.Size() != image.Pt(48, 32) || p.Pix.Stride != 4*48 {
				t.Errorf("got %s of %v", p.Format, p.Size())
			}
			wantQuarters(t, p, c.tolerance, c.want)
			p.Release()
		})
	}
}

func opaqueRGBA(img image.Image) *image.RGBA {
	out := image.NewRGBA(img.Bounds())
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			out.Set(x, y, img.At(x, y))
		}
	}
	return out
}

// exif makes a block with an orientation.
func exif(o int) []byte {
	return []byte{'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 18, 0, 3, 0, 0, 0, 1, 0, byte(o), 0, 0, 0, 0, 0, 0}
}

func jpegWith(file []byte, o int) []byte {
	body := append([]byte("Exif\x00\x00"), exif(o)...)
	head := binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xe1}, uint16(2+len(body)))
	return append(append(head, body...), file[2:]...)
}

func pngWith(file []byte, o int) []byte {
	const afterIHDR = 8 + 25
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(exif(o))))
	chunk = append(append(chunk, "eXIf"...), exif(o)...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	return append(append(append([]byte{}, file[:afterIHDR]...), chunk...), file[afterIHDR:]...)
}

func webpWith(file []byte, w, h, o int) []byte {
	u24 := func(v int) []byte { return []byte{byte(v), byte(v >> 8), byte(v >> 16)} }
	vp8x := append([]byte("VP8X\x0a\x00\x00\x00\x08\x00\x00\x00"), append(u24(w-1), u24(h-1)...)...)
	body := append(append([]byte("WEBP"), vp8x...), file[12:]...)
	body = binary.LittleEndian.AppendUint32(append(body, "EXIF"...), uint32(len(exif(o))))
	body = append(body, exif(o)...)
	return append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(body))), body...)
}

// tiffOf writes an uncompressed RGB file with an orientation, which x/image/tiff cannot.
func tiffOf(img image.Image, o int) []byte {
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	const entries, ifdAt = 9, 8
	bitsAt := ifdAt + 2 + 12*entries + 4
	out := []byte("II*\x00\x08\x00\x00\x00\x09\x00")
	entry := func(tag, kind uint16, n, v uint32) {
		out = binary.LittleEndian.AppendUint16(out, tag)
		out = binary.LittleEndian.AppendUint16(out, kind)
		out = binary.LittleEndian.AppendUint32(out, n)
		out = binary.LittleEndian.AppendUint32(out, v)
	}
	entry(256, 4, 1, uint32(w))
	entry(257, 4, 1, uint32(h))
	entry(258, 3, 3, uint32(bitsAt))
	entry(259, 3, 1, 1)
	entry(262, 3, 1, 2)
	entry(273, 4, 1, uint32(bitsAt+6))
	entry(274, 3, 1, uint32(o))
	entry(277, 3, 1, 3)
	entry(279, 4, 1, uint32(3*w*h))
	out = append(out, 0, 0, 0, 0, 8, 0, 8, 0, 8, 0)
	for y := range h {
		for x := range w {
			r, g, b, _ := img.At(x, y).RGBA()
			out = append(out, byte(r>>8), byte(g>>8), byte(b>>8))
		}
	}
	return out
}

// uprightOf is EXIF's table: the stored quarters in the order that they show in.
var uprightOf = [9][4]int{{}, {0, 1, 2, 3}, {1, 0, 3, 2}, {3, 2, 1, 0}, {2, 3, 0, 1}, {0, 2, 1, 3}, {2, 0, 3, 1}, {3, 1, 2, 0}, {1, 3, 0, 2}}

func TestEveryOrientationInEveryFormat(t *testing.T) {
	img := quarters(48, 32, grey)
	stored := [4]color.RGBA{red, green, blue, grey}
	plainJPEG, plainPNG, plainWebP := jpegOf(t, img), pngOf(t, img), testdata(t, "lossless.webp")
	for o := 1; o <= 8; o++ {
		for name, file := range map[string][]byte{
			"JPEG": jpegWith(plainJPEG, o), "PNG": pngWith(plainPNG, o),
			"WebP": webpWith(plainWebP, 48, 32, o), "TIFF": tiffOf(img, o),
			"TIFF with JPEG inside": turnedTIFF(testdata(t, "jpeg-inside.tif"), o),
		} {
			p, err := photo.Decode(file, photo.Limits{})
			if err != nil {
				t.Errorf("%s, orientation %d: %v", name, o, err)
				continue
			}
			size := image.Pt(48, 32)
			if o >= 5 {
				size = image.Pt(32, 48)
			}
			if p.Size() != size || p.Orientation != o {
				t.Errorf("%s, orientation %d: size %v, orientation %d", name, o, p.Size(), p.Orientation)
				continue
			}
			var want [4]color.RGBA
			for i, q := range uprightOf[o] {
				want[i] = stored[q]
			}
			t.Run(name, func(t *testing.T) { wantQuarters(t, p, 12, want) })
			p.Release()
		}
	}
}

// turnedTIFF adds an orientation to a file that has none, in a new directory at its end.
func turnedTIFF(file []byte, o int) []byte {
	le := binary.LittleEndian
	at := int(le.Uint32(file[4:]))
	n := int(le.Uint16(file[at:]))
	var dir []byte
	dir = le.AppendUint16(dir, uint16(n+1))
	done := false
	for i := range n {
		e := file[at+2+12*i : at+14+12*i]
		if tag := le.Uint16(e); !done && tag > 274 {
			dir = append(dir, 18, 1, 3, 0, 1, 0, 0, 0, byte(o), 0, 0, 0)
			done = true
		}
		dir = append(dir, e...)
	}
	dir = append(dir, 0, 0, 0, 0)
	out := append([]byte{}, file...)
	le.PutUint32(out[4:], uint32(len(out)))
	return append(out, dir...)
}

func TestBadFiles(t *testing.T) {
	good := jpegOf(t, quarters(300, 200, grey))
	thumbnail := append([]byte("Exif\x00\x00"), append(exif(1), jpegOf(t, quarters(8, 8, grey))...)...)
	withThumbnail := append(binary.BigEndian.AppendUint16([]byte{0xff, 0xd8, 0xff, 0xe1}, uint16(2+len(thumbnail))), thumbnail...)
	withThumbnail = append(withThumbnail, good[2:]...)
	huge := pngOf(t, quarters(4, 4, grey))
	binary.BigEndian.PutUint32(huge[16:], 30000)
	binary.BigEndian.PutUint32(huge[20:], 20000)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	long := append([]byte{}, huge...)
	binary.BigEndian.PutUint32(long[16:], 50000)
	binary.BigEndian.PutUint32(long[20:], 2)
	flipped := append([]byte{}, pngOf(t, quarters(64, 64, grey))...)
	flipped[len(flipped)/2] ^= 0xff
	for _, c := range []struct {
		name  string
		data  []byte
		cause error
		says  string
	}{
		{"should refuse an empty file", nil, photo.ErrEmpty, "the file is empty"},
		{"should refuse a text", []byte("hello, world, this is no picture"), photo.ErrNotAPicture, "JPEG, PNG, WebP, TIFF, BMP or GIF"},
		{"should say where a cut JPEG ends", good[:len(good)-1500], photo.ErrTruncated, "kB, in the middle of the picture"},
		{"should not take a thumbnail's end for the photo's", withThumbnail[:len(withThumbnail)-1500], photo.ErrTruncated, "it ends after"},
		{"should refuse a JPEG cut in its header", good[:100], photo.ErrTruncated, "it ends after 100 bytes"},
		{"should refuse a cut PNG", huge[:60], photo.ErrTooLarge, ""},
		{"should refuse a PNG without its end", pngOf(t, quarters(64, 64, grey))[:150], photo.ErrTruncated, "it ends after 150 bytes"},
		{"should refuse a cut WebP", testdata(t, "lossless.webp")[:70], photo.ErrTruncated, "it ends after 70 bytes"},
		{"should refuse a cut TIFF", tiffOf(quarters(48, 32, grey), 1)[:1000], photo.ErrTruncated, ""},
		{"should refuse a cut GIF", gifCut(t), photo.ErrTruncated, ""},
		{"should refuse a cut BMP", encode(t, func(w *bytes.Buffer) error { return bmp.Encode(w, quarters(48, 32, grey)) })[:900], photo.ErrTruncated, ""},
		{"should refuse a flipped bit in a PNG", flipped, photo.ErrDamaged, `the checksum of its part "IDAT", 0.0 kB in, is wrong`},
		{
			"should refuse a huge claim", huge, photo.ErrTooLarge,
			"the header claims 30000 × 20000 pixels, over the limit of 250 megapixels: --max-pixels raises it",
		},
		{"should refuse a long side", long, photo.ErrTooLarge, "50000 × 2 pixels, over the limit of 40000 a side"},
		{"should refuse a JPEG of no lines", noLines(good), header.ErrBroken, "300 × 0"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := photo.Decode(c.data, photo.Limits{})
			if !errors.Is(err, c.cause) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, %v; want %v with %q", p, err, c.cause, c.says)
			}
		})
	}
}

func gifCut(t *testing.T) []byte {
	img := image.NewPaletted(image.Rect(0, 0, 64, 64), palette.Plan9)
	for i := range img.Pix {
		img.Pix[i] = byte(i * i >> 3)
	}
	file := encode(t, func(w *bytes.Buffer) error { return gif.Encode(w, img, nil) })
	return file[:len(file)/2]
}

func noLines(file []byte) []byte {
	file = append([]byte{}, file...)
	at := bytes.Index(file, []byte{0xff, 0xc0})
	file[at+5], file[at+6] = 0, 0
	return file
}

func TestOnePixel(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 1, 1))
	img.Set(0, 0, red)
	for name, file := range map[string][]byte{
		"PNG": pngOf(t, img), "JPEG": jpegOf(t, img), "TIFF": tiffOf(img, 6),
		"BMP": encode(t, func(w *bytes.Buffer) error { return bmp.Encode(w, opaqueRGBA(img)) }),
	} {
		p := decode(t, file)
		if p.Size() != image.Pt(1, 1) || !near(p.Pix.RGBAAt(0, 0), red, 4) {
			t.Errorf("%s: %v", name, p.Pix)
		}
	}
}

func TestTrailingBytesDoNoHarm(t *testing.T) {
	file := append(jpegOf(t, quarters(48, 32, grey)), "\xff\xd8 a second picture, cut"...)
	wantQuarters(t, decode(t, file), 3, [4]color.RGBA{red, green, blue, grey})
}

func TestLimitsCanBeRaised(t *testing.T) {
	file := pngOf(t, quarters(48, 32, grey))
	if _, err := photo.Decode(file, photo.Limits{Pixels: 1535}); !errors.Is(err, photo.ErrTooLarge) {
		t.Error("should refuse one pixel too many:", err)
	}
	if _, err := photo.Decode(file, photo.Limits{Pixels: 1536}); err != nil {
		t.Error("should accept what is allowed:", err)
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	file := pngOf(t, quarters(48, 32, grey))
	p, err := photo.Read(write("照片 ünïcode.jpg", file), photo.Limits{})
	if err != nil || p.Format != header.PNG {
		t.Errorf("should read a PNG named .jpg with a non-ASCII name: %v %v", p, err)
	}
	folder := filepath.Join(dir, "x.jpg")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path string
		cause      error
	}{
		{"should refuse a folder", folder, photo.ErrFolder},
		{"should refuse an empty file", write("empty.jpg", nil), photo.ErrEmpty},
		{"should tell a missing file", filepath.Join(dir, "none.jpg"), fs.ErrNotExist},
		{"should refuse a device", os.DevNull, photo.ErrNotAFile},
		{"should refuse a name that no system takes", "a\x00b", photo.ErrUnreadable},
	} {
		if _, err := photo.Read(c.path, photo.Limits{}); !errors.Is(err, c.cause) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if _, err := photo.Load(write("long.jpg", make([]byte, 100)), photo.Limits{File: 99}); !errors.Is(err, photo.ErrTooLarge) {
		t.Error("should refuse a file that is too long:", err)
	}
	secret := write("secret.jpg", file)
	if err := os.Chmod(secret, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(secret); err != nil { // root reads everything
		if _, err := photo.Read(secret, photo.Limits{}); !errors.Is(err, fs.ErrPermission) {
			t.Error("should tell a file that may not be read:", err)
		}
	}
}

func TestReleasedMemoryIsReused(t *testing.T) {
	file := pngOf(t, quarters(480, 320, grey))
	p := decode(t, file)
	first := &p.Pix.Pix[0]
	p.Release()
	p.Release()
	again := decode(t, file)
	if &again.Pix.Pix[0] != first {
		t.Error("should take the memory of the photo before")
	}
	wantQuarters(t, again, 0, [4]color.RGBA{red, green, blue, grey})
}

func FuzzDecode(f *testing.F) {
	img := quarters(20, 12, color.NRGBA{1, 2, 3, 4})
	f.Add(jpegWith(jpegOf(f, img), 6))
	f.Add(pngWith(pngOf(f, img), 5))
	f.Add(tiffOf(img, 3))
	f.Add(encode(f, func(w *bytes.Buffer) error { return bmp.Encode(w, opaqueRGBA(img)) }))
	f.Add(encode(f, func(w *bytes.Buffer) error { return gif.Encode(w, img, nil) }))
	for _, name := range []string{"cmyk-plain.jpg", "alpha.webp", "lossy.webp", "animated.webp", "jpeg-inside.tif"} {
		f.Add(testdata(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := photo.Decode(data, photo.Limits{Pixels: 1 << 20, Side: 4096})
		if (p == nil) == (err == nil) {
			t.Fatal("either a photo or an error", p, err)
		}
		if err != nil {
			return
		}
		for i := 3; i < len(p.Pix.Pix); i += 4 {
			if p.Pix.Pix[i] != 255 {
				t.Fatal("photos are opaque")
			}
		}
		p.Release()
	})
}

func TestReadSmall(t *testing.T) {
	stored := [4]color.RGBA{red, green, blue, grey}
	file := jpegOf(t, quarters(480, 320, grey))
	for o := 1; o <= 8; o++ {
		path := filepath.Join(t.TempDir(), "a.jpg")
		if err := os.WriteFile(path, jpegWith(file, o), 0o600); err != nil {
			t.Fatal(err)
		}
		for least, want := range map[image.Point]image.Point{
			{30, 30}: {60, 40}, {100, 70}: {120, 80}, {200, 150}: {240, 160}, {300, 300}: {480, 320}, {4000, 30}: {480, 320},
		} {
			if o >= 5 {
				least, want = image.Pt(least.Y, least.X), image.Pt(want.Y, want.X)
			}
			p, err := photo.ReadSmall(path, photo.Limits{}, least)
			if err != nil {
				t.Fatal(err)
			}
			if p.Size() != want {
				t.Errorf("orientation %d, at least %v: %v, want %v", o, least, p.Size(), want)
			}
			var upright [4]color.RGBA
			for i, q := range uprightOf[o] {
				upright[i] = stored[q]
			}
			wantQuarters(t, p, 12, upright)
		}
	}
	t.Run("should refuse what Read refuses", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "a.jpg")
		if err := os.WriteFile(path, file[:len(file)/2], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := photo.ReadSmall(path, photo.Limits{}, image.Pt(10, 10)); !errors.Is(err, photo.ErrTruncated) {
			t.Error(err)
		}
	})
}
