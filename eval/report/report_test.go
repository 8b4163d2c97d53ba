package report_test

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/eval"
	"github.com/saysee/saysee/eval/report"
)

func region(class int, score, x, y, w, h float64) annot.Region {
	return annot.Region{Class: class, Score: score, Box: annot.Box{X0: x, Y0: y, X1: x + w, Y1: y + h}}
}

// example has a photo with two errors and one with four, one of them of another class.
func example(t *testing.T) report.Report {
	t.Helper()
	photos := []eval.Photo{
		{
			Name: "two.jpg", Width: 1120, Height: 100,
			Truth:       []eval.Truth{{Region: region(0, 0, 0, 0, 50, 50)}, {Region: region(1, 0, 100, 0, 50, 50)}},
			Predictions: []annot.Region{region(0, 0.9, 0, 0, 50, 50), region(1, 0.8, 300, 0, 50, 50)},
		},
		{
			Name: "<four>.jpg",
			Truth: []eval.Truth{
				{Region: region(0, 0, 0, 0, 50, 50)},
				{Region: region(0, 0, 100, 0, 50, 50)},
				{Region: region(1, 0, 200, 0, 50, 50)},
				{Region: region(1, 0, 400, 0, 90, 90), Crowd: true},
			},
			Predictions: []annot.Region{region(0, 0.7, 200, 0, 50, 50), region(0, 0.5, 600, 0, 50, 50), region(1, 0.9, -90, 40, 100, 30)},
		},
		{Name: "none.jpg"},
	}
	r, err := eval.Evaluate(t.Context(), photos, 3, eval.Boxes)
	check(t, err)
	cut := eval.UniformCut(3, 0.5, 0)
	all, err := eval.AssignAll(t.Context(), photos, eval.Boxes, cut)
	check(t, err)
	return report.Report{
		Title: "A & B", Notes: []string{"from <here>"}, Classes: []string{"dog", "<b>cat</b>", "unseen"},
		Photos: photos, Result: r, Assignments: all, Cut: cut,
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, r report.Report) string {
	t.Helper()
	var out bytes.Buffer
	check(t, report.Write(&out, r))
	return out.String()
}

func TestWrite(t *testing.T) {
	r := example(t)
	html := write(t, r)
	for name, want := range map[string]string{
		"should escape the title":                "<title>A &amp; B</title>",
		"should escape notes":                    "from &lt;here&gt;",
		"should escape class names in the table": "<td>&lt;b&gt;cat&lt;/b&gt;</td>",
		"should list confusions":                 "<tr><td>&lt;b&gt;cat&lt;/b&gt;</td><td>dog</td><td>1</td></tr>",
		"should tell of the worst photo":         "&lt;four&gt;.jpg: 0 correct, 2 missed, 2 on nothing, 1 of another class",
		"should label what is taken for another": "dog 0.70, is &lt;b&gt;cat&lt;/b&gt;",
		"should count the regions":               "3 photos, 5 regions in the truth, 5 predictions",
		"should cut boxes at the photo's edge":   `class="spurious" x="0.0" y="40.0" width="10.0" height="30.0"`,
		"should name the plots' axes":            ">Recall</text>",
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(html, want) {
				t.Errorf("%q is missing", want)
			}
		})
	}
	t.Run("should put the photo with more errors first and leave out those without", func(t *testing.T) {
		four, two := strings.Index(html, "&lt;four&gt;.jpg:"), strings.Index(html, "two.jpg:")
		if four < 0 || two < four || strings.Contains(html, "none.jpg") {
			t.Error("places", four, two)
		}
	})
	t.Run("should leave classes without truth and predictions out of the table", func(t *testing.T) {
		if strings.Contains(html, "<td>unseen</td>") {
			t.Error("found it")
		}
	})
	t.Run("should never let a name become markup", func(t *testing.T) {
		if strings.Contains(html, "<b>cat") || strings.Contains(html, "<four>") {
			t.Error("found a raw name")
		}
	})
	t.Run("should need nothing from elsewhere", func(t *testing.T) {
		outside := regexp.MustCompile(`(?:src|href)="[^"]{0,40}|url\([^)]*`)
		for _, found := range outside.FindAllString(html, -1) {
			if !strings.HasPrefix(found, `href="data:`) {
				t.Error(found)
			}
		}
	})
	t.Run("should hold only well-formed drawings", func(t *testing.T) {
		drawings := regexp.MustCompile(`(?s)<svg.*?</svg>`).FindAllString(html, -1)
		if len(drawings) != 5 { // two curves, the matrix, two photos
			t.Error("drawings:", len(drawings))
		}
		for _, d := range drawings {
			for dec := xml.NewDecoder(strings.NewReader(d)); ; {
				_, err := dec.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				check(t, err)
			}
		}
	})
}

func TestWriteEmbedsPhotos(t *testing.T) {
	r := example(t)
	r.Open = func(p eval.Photo) (image.Image, error) {
		if p.Name != "two.jpg" {
			return nil, errors.New("no such photo")
		}
		photo := image.NewRGBA(image.Rect(5, 5, 5+1120, 5+100))
		for i := range photo.Pix {
			photo.Pix[i] = 255
		}
		for y := range 100 {
			for x := range 560 {
				photo.Set(5+x, 5+y, color.Black)
			}
		}
		return photo, nil
	}
	html := write(t, r)
	found := regexp.MustCompile(`href="data:image/jpeg;base64,([^"]+)" width="1120" height="100"`).FindAllStringSubmatch(html, -1)
	if len(found) != 1 {
		t.Fatal("embedded photos:", len(found))
	}
	data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(found[0][1], "&#43;", "+"))
	check(t, err)
	img, err := jpeg.Decode(bytes.NewReader(data))
	check(t, err)
	if img.Bounds() != image.Rect(0, 0, 560, 50) {
		t.Error("reduced to", img.Bounds())
	}
	left, _, _, _ := img.At(100, 25).RGBA()
	right, _, _, _ := img.At(460, 25).RGBA()
	if left > 0x1000 || right < 0xf000 {
		t.Errorf("left is %x, right %x", left, right)
	}
	if !strings.Contains(html, "1 of another class; no such photo") {
		t.Error("the photo that cannot be read is not named")
	}
}

func TestWriteVariants(t *testing.T) {
	t.Run("should do without assignments", func(t *testing.T) {
		r := example(t)
		r.Assignments = nil
		html := write(t, r)
		if strings.Contains(html, "<rect class") || strings.Contains(html, "Confusion matrix") || !strings.Contains(html, "Recall") {
			t.Error("wrong parts")
		}
	})
	t.Run("should draw as many photos as asked", func(t *testing.T) {
		r := example(t)
		r.Worst = 1
		if html := write(t, r); strings.Contains(html, "two.jpg:") || !strings.Contains(html, "four&gt;.jpg:") {
			t.Error("wrong photos")
		}
		r.Worst = -1
		if html := write(t, r); strings.Contains(html, ".jpg:") {
			t.Error("photos where none were asked for")
		}
	})
	t.Run("should show pixel measures", func(t *testing.T) {
		r := example(t)
		r.Semantic = eval.NewSemantic(3)
		one := eval.LabelMap{Width: 2, Height: 1, Pixels: []uint16{0, 0}}
		check(t, r.Semantic.Add(one, eval.LabelMap{Width: 2, Height: 1, Pixels: []uint16{0, 1}}))
		if html := write(t, r); !strings.Contains(html, "mIoU<b>25.0</b>") || !strings.Contains(html, "<th>Pixel IoU</th>") {
			t.Error("missing")
		}
	})
	t.Run("should say little of nothing", func(t *testing.T) {
		empty, err := eval.Evaluate(t.Context(), nil, 0, eval.Boxes)
		check(t, err)
		html := write(t, report.Report{Result: empty, Assignments: []eval.Assignment{}})
		if !strings.Contains(html, "AP<b>–</b>") || !strings.Contains(html, "<title>Evaluation</title>") {
			t.Error("wrong parts")
		}
	})
	t.Run("should refuse parts that do not belong together", func(t *testing.T) {
		r := example(t)
		r.Classes = r.Classes[1:]
		if err := report.Write(io.Discard, r); !errors.Is(err, report.ErrIncomplete) {
			t.Error("got", err)
		}
		r = example(t)
		r.Photos = r.Photos[1:]
		if err := report.Write(io.Discard, r); !errors.Is(err, report.ErrIncomplete) {
			t.Error("got", err)
		}
		if err := report.Write(io.Discard, report.Report{}); !errors.Is(err, report.ErrIncomplete) {
			t.Error("got", err)
		}
	})
}
