package cv_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/saysee/saysee/pipeline/cv"
)

// picture is the pattern of zoo/parity/letterbox.py.
func picture(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			for c := range 4 {
				img.Pix[y*img.Stride+4*x+c] = uint8(x*7 + y*13 + c*31 + x*y/8 + x*x/32)
			}
		}
	}
	return img
}

var starter = cv.Norm{Pad: 114, Mean: [3]float32{127, 127, 127}, Std: [3]float32{128, 128, 128}}

func letterboxer(t testing.TB, n cv.Norm) *cv.Letterboxer {
	t.Helper()
	l, err := cv.NewLetterboxer(n)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

type fixture struct {
	Cases []struct {
		W, H, Canvas int
		SHA256       string
		Mean         float64
	}
	Plane, Grown []float32
}

func readFixture(t *testing.T) fixture {
	t.Helper()
	data, err := os.ReadFile("testdata/letterbox.json")
	if err != nil {
		t.Fatal(err)
	}
	var f fixture
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFillEqualsThePythonReference(t *testing.T) {
	for _, c := range readFixture(t).Cases {
		n := starter
		n.W, n.H = c.Canvas, c.Canvas
		l := letterboxer(t, n)
		scale := float64(c.Canvas) / float64(max(c.W, c.H))
		size := image.Pt(max(int(math.RoundToEven(float64(c.W)*scale)), 1), max(int(math.RoundToEven(float64(c.H)*scale)), 1))
		by := cv.Linear
		if scale < 1 {
			by = cv.Area
		}
		planes := make([]float32, 3*c.Canvas*c.Canvas)
		src := picture(c.W, c.H)
		if err := l.Fill(planes, src, src.Rect, size, by); err != nil {
			t.Fatal(err)
		}
		var raw []byte
		sum := 0.0
		for _, v := range planes {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
			sum += float64(v)
		}
		hash := sha256.Sum256(raw)
		if got := hex.EncodeToString(hash[:]); got != c.SHA256 {
			t.Errorf("%d × %d on %d: not bit-identical to the reference (mean %v, want %v)",
				c.W, c.H, c.Canvas, sum/float64(len(planes)), c.Mean)
		}
	}
}

func TestFillWithPartsOrdersAndOtherContentBefore(t *testing.T) {
	const w, h = 40, 24
	src := picture(90, 70)
	crop := image.Rect(13, 9, 13+30, 9+20)
	n := cv.Norm{W: w, H: h, BGR: true, Pad: 7, Mean: [3]float32{1, 2, 3}, Std: [3]float32{2, 4, 8}}
	l := letterboxer(t, n)
	planes := make([]float32, 3*w*h)
	if err := l.Fill(planes, src, src.Rect, image.Pt(w, h), cv.Area); err != nil {
		t.Fatal(err)
	}
	if err := l.Fill(planes, src, crop, crop.Size(), cv.Linear); err != nil {
		t.Fatal(err)
	}
	want := make([]float32, 0, 3*w*h)
	for i := range 3 {
		for y := range h {
			for x := range w {
				v := uint8(7)
				if x < crop.Dx() && y < crop.Dy() {
					v = src.Pix[(y+crop.Min.Y)*src.Stride+4*(x+crop.Min.X)+2-i]
				}
				want = append(want, (float32(v)-n.Mean[i])/n.Std[i])
			}
		}
	}
	if d := cmp.Diff(want, planes); d != "" {
		t.Error("a copy without scaling should have the photo's own values, and the pad outside:\n", d[:min(len(d), 600)])
	}
}

func TestFillAllocatesNothing(t *testing.T) {
	n := starter
	n.W, n.H = 64, 64
	l := letterboxer(t, n)
	src, planes := picture(200, 150), make([]float32, 3*64*64)
	fill := func() {
		if err := l.Fill(planes, src, src.Rect, image.Pt(64, 48), cv.Area); err != nil {
			t.Fatal(err)
		}
	}
	fill()
	if got := testing.AllocsPerRun(50, fill); got > 0 {
		t.Errorf("%v allocations a call, want none", got)
	}
}

func TestResizePlaneIsBilinearWithHalfPixelCentres(t *testing.T) {
	f := readFixture(t)
	got := make([]float32, 25*18)
	if err := cv.ResizePlane(got, 25, 18, f.Plane, 9, 7, image.Rect(0, 0, 9, 7), cv.Linear); err != nil {
		t.Fatal(err)
	}
	// Float sums are ordered differently from build to build of OpenCV; values go up to 31.
	if d := cmp.Diff(f.Grown, got, cmpopts.EquateApprox(0, 2e-5)); d != "" {
		t.Error("should equal cv2.resize but for float rounding:\n", d)
	}
	part := make([]float32, 2)
	if err := cv.ResizePlane(part, 2, 1, []float32{9, 1, 2, 9}, 4, 1, image.Rect(1, 0, 3, 1), cv.Linear); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]float32{1, 2}, part); d != "" {
		t.Error("should not read outside the part:\n", d)
	}
}

func TestResizeIntoAPartLeavesTheRest(t *testing.T) {
	src, dst := picture(16, 16), image.NewRGBA(image.Rect(0, 0, 12, 10))
	to := image.Rect(3, 2, 11, 10)
	if err := cv.Resize(dst, to, src, src.Rect, cv.Nearest); err != nil {
		t.Fatal(err)
	}
	for y := range 10 {
		for x := range 12 {
			want := color.RGBA{}
			if image.Pt(x, y).In(to) {
				want = src.RGBAAt(2*(x-3), 2*(y-2))
			}
			if got := dst.RGBAAt(x, y); got != want {
				t.Fatalf("at %d,%d: %v, want %v", x, y, got, want)
			}
		}
	}
}

// turned is EXIF's table: which stored pixel shows at x, y of the upright picture of w × h.
func turned(o, x, y, w, h int) image.Point {
	switch o {
	case 2:
		return image.Pt(w-1-x, y)
	case 3:
		return image.Pt(w-1-x, h-1-y)
	case 4:
		return image.Pt(x, h-1-y)
	case 5:
		return image.Pt(y, x)
	case 6:
		return image.Pt(y, w-1-x)
	case 7:
		return image.Pt(h-1-y, w-1-x)
	case 8:
		return image.Pt(h-1-y, x)
	}
	return image.Pt(x, y)
}

func TestOrient(t *testing.T) {
	src := picture(5, 3)
	for o := 1; o <= 8; o++ {
		w, h := 5, 3
		if o >= 5 {
			w, h = 3, 5
		}
		dst := image.NewRGBA(image.Rect(0, 0, w, h))
		if err := cv.Orient(dst, src, o); err != nil {
			t.Fatal(err)
		}
		for y := range h {
			for x := range w {
				p := turned(o, x, y, w, h)
				if got, want := dst.RGBAAt(x, y), src.RGBAAt(p.X, p.Y); got != want {
					t.Fatalf("orientation %d at %d,%d: %v, want %v", o, x, y, got, want)
				}
			}
		}
	}
}

func opaque(img *image.RGBA) *image.RGBA {
	for i := 3; i < len(img.Pix); i += 4 {
		img.Pix[i] = 255
	}
	return img
}

func TestEncodeAndDecode(t *testing.T) {
	img := opaque(picture(37, 23))
	file, err := cv.EncodePNG(img, 3)
	if err != nil {
		t.Fatal(err)
	}
	std, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	back := image.NewRGBA(img.Rect)
	if err := cv.Decode(back, file, false); err != nil {
		t.Fatal(err)
	}
	for y := range 23 {
		for x := range 37 {
			want := img.RGBAAt(x, y)
			if color.RGBAModel.Convert(std.At(x, y)) != want || back.RGBAAt(x, y) != want {
				t.Fatalf("PNG should be lossless: at %d,%d %v, %v, want %v", x, y, std.At(x, y), back.RGBAAt(x, y), want)
			}
		}
	}
	file, err = cv.EncodeJPEG(img, 90)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := jpeg.DecodeConfig(bytes.NewReader(file)); err != nil || c.Width != 37 || c.Height != 23 {
		t.Errorf("JPEG: %v %v", c, err)
	}
}

func TestBadArgumentsAreRefused(t *testing.T) {
	img := picture(8, 8)
	gap := &image.RGBA{Pix: make([]byte, 8*40), Stride: 40, Rect: image.Rect(0, 0, 8, 8)}
	short := &image.RGBA{Pix: make([]byte, 100), Stride: 32, Rect: image.Rect(0, 0, 8, 8)}
	other := image.NewRGBA(img.Rect)
	n := starter
	n.W, n.H = 8, 8
	l := letterboxer(t, n)
	nan := float32(math.NaN())
	file, err := cv.EncodePNG(img, 1)
	if err != nil {
		t.Fatal(err)
	}
	norm := func(n cv.Norm) error { _, err := cv.NewLetterboxer(n); return err }
	for name, err := range map[string]error{
		"should refuse no picture":              cv.Resize(nil, img.Rect, img, img.Rect, cv.Area),
		"should refuse a part outside":          cv.Resize(other, other.Rect, img, image.Rect(1, 1, 9, 9), cv.Area),
		"should refuse an empty part":           cv.Resize(other, image.Rect(3, 3, 3, 8), img, img.Rect, cv.Area),
		"should refuse short memory":            cv.Resize(short, short.Rect, img, img.Rect, cv.Area),
		"should refuse an unknown kernel":       cv.Resize(other, other.Rect, img, img.Rect, 99),
		"should refuse one picture for both":    cv.Resize(img, img.Rect, img, image.Rect(0, 0, 4, 4), cv.Area),
		"should refuse a sub-image":             cv.Resize(other, other.Rect, img.SubImage(image.Rect(2, 2, 5, 5)).(*image.RGBA), image.Rect(0, 0, 2, 2), cv.Area),
		"should refuse the wrong size":          cv.Orient(image.NewRGBA(image.Rect(0, 0, 8, 9)), img, 6),
		"should refuse orientation 9":           cv.Orient(other, img, 9),
		"should refuse gaps when turning":       cv.Orient(gap, img, 2),
		"should refuse too few planes":          l.Fill(make([]float32, 64), img, img.Rect, image.Pt(8, 8), cv.Area),
		"should refuse content over the canvas": l.Fill(make([]float32, 192), img, img.Rect, image.Pt(9, 8), cv.Area),
		"should refuse a canvas of nothing":     norm(cv.Norm{Std: [3]float32{1, 1, 1}}),
		"should refuse a huge canvas":           norm(cv.Norm{W: 1 << 19, H: 1 << 19, Std: [3]float32{1, 1, 1}}),
		"should refuse a NaN mean":              norm(cv.Norm{W: 8, H: 8, Mean: [3]float32{nan}, Std: [3]float32{1, 1, 1}}),
		"should refuse a deviation of 0":        norm(cv.Norm{W: 8, H: 8}),
		"should refuse a plane of nothing":      cv.ResizePlane(nil, 0, 0, make([]float32, 4), 2, 2, image.Rect(0, 0, 2, 2), cv.Linear),
		"should refuse a plane too large":       cv.ResizePlane(make([]float32, 4), 1<<20, 1<<20, make([]float32, 4), 2, 2, image.Rect(0, 0, 2, 2), cv.Linear),
		"should refuse another picture's size":  cv.Decode(image.NewRGBA(image.Rect(0, 0, 7, 8)), file, false),
		"should refuse no file":                 cv.Decode(other, nil, false),
	} {
		if !errors.Is(err, cv.ErrArgument) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := cv.Resize(gap, gap.Rect, img, img.Rect, cv.Linear); err != nil {
		t.Error("should accept gaps between rows:", err)
	}
}
