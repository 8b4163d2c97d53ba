package format

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/saysee/saysee/annot"
)

// csv: one file, a row a region, after the header
//
//	image,width,height,label,score,xmin,ymin,xmax,ymax,shape,points
//
// xmin … ymax are our box, half-open. shape is box, polygon, mask, line or point. points are "x y x y …";
// parts of a polygon are separated by ";" and the rings of a part, the outline first, by "|". For a mask they
// are COCO's compressed RLE over the photo. A photo without regions has one row with an empty label. The
// reader takes columns in any order, and the names that TensorFlow's and Datumaro's exports use.
var (
	csvFormat = Format{Name: "csv", Title: "CSV", File: "regions.csv", Can: csvCan, read: readCSV, write: writeCSV, recognise: recogniseCSV}

	csvCan = Capabilities{
		Boxes: true, Polygons: true, Masks: true, Points: true, Lines: true, Holes: ExactHoles, Parts: true, OwnBox: true,
		Fractions: true, Overlaps: true, Instances: true, Scores: true, Sizes: true, EmptyPhotos: true, Folders: true,
	}
)

const csvHeader = "image,width,height,label,score,xmin,ymin,xmax,ymax,shape,points"

// csvNames are the headers that mean a column of ours.
var csvNames = map[string]string{
	"image": "image", "filename": "image", "file": "image", "file_name": "image", "image_path": "image", "imageid": "image",
	"width": "width", "height": "height", "label": "label", "class": "label", "label_name": "label", "labelname": "label",
	"score": "score", "confidence": "score", "xmin": "xmin", "ymin": "ymin", "xmax": "xmax", "ymax": "ymax",
	"shape": "shape", "points": "points",
}

// csvColumns finds the columns of a header; nil when it is none.
func csvColumns(header []string) map[string]int {
	cols := map[string]int{}
	for i, h := range header {
		if name := csvNames[strings.ToLower(strings.TrimSpace(h))]; name != "" {
			if _, double := cols[name]; !double {
				cols[name] = i
			}
		}
	}
	for _, need := range []string{"image", "label", "xmin", "ymin", "xmax", "ymax"} {
		if _, ok := cols[need]; !ok {
			return nil
		}
	}
	return cols
}

func recogniseCSV(p *probe) string {
	line, _, _ := bytes.Cut(p.head, []byte{'\n'})
	if !p.dir && csvColumns(strings.Split(strings.TrimSpace(string(line)), ",")) != nil {
		return "a header with image, label and corners"
	}
	return ""
}

// csvData is a file with the rows of each photo.
type csvData struct {
	file, root string
	cols       map[string]int
	photos     []csvPhoto
}

type csvPhoto struct {
	name string
	rows []csvRow
}

type csvRow struct {
	line   int
	fields []string
}

func readCSV(file string, o ReadOptions) (*Dataset, error) {
	data, err := readWhole(file)
	if err != nil {
		return nil, err
	}
	c := &csvData{file: file}
	ds := &Dataset{log: &problemLog{}}
	if err := c.rows(utf8Text(data), ds.log); err != nil {
		return nil, err
	}
	ds.Len = len(c.photos)
	c.root = imagesRoot(file, len(c.photos), func(i int) item { return c.photo(i).item }, o)
	return ds, ds.namedStream(len(c.photos), o.Classes, c.photo)
}

// rows reads all rows and groups them by photo.
func (c *csvData) rows(text string, log *problemLog) error {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = -1
	header, err := r.Read()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	if c.cols = csvColumns(header); c.cols == nil {
		return fmt.Errorf("%w: the header must name image, label, xmin, ymin, xmax and ymax", ErrSyntax)
	}
	at := map[string]int{}
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			p := Problem{File: c.file, Err: fmt.Errorf("%w: %w", ErrSyntax, err)}
			var syntax *csv.ParseError
			if errors.As(err, &syntax) {
				p.Line = syntax.Line
			}
			log.add(p)
			if syntax == nil {
				return nil
			}
			continue
		}
		line, _ := r.FieldPos(0)
		row := csvRow{line, fields}
		name := c.field(&row, "image")
		i, known := at[name]
		if !known {
			i = len(c.photos)
			at[name] = i
			c.photos = append(c.photos, csvPhoto{name: name})
		}
		c.photos[i].rows = append(c.photos[i].rows, row)
	}
}

// field returns a column of a row, empty where the row is too short.
func (c *csvData) field(r *csvRow, name string) string {
	if i, ok := c.cols[name]; ok && i < len(r.fields) {
		return r.fields[i]
	}
	return ""
}

func (c *csvData) photo(i int) namedItem {
	var it namedItem
	cp := &c.photos[i]
	fault := func(r *csvRow, err error) {
		it.problems = append(it.problems, Problem{File: c.file, Line: r.line, Err: err})
	}
	var p Photo
	var err error
	if p.File, err = safeName(cp.name); err != nil {
		fault(&cp.rows[0], err)
		return it
	}
	p.Path = join(c.root, p.File)
	p.Width, p.Height = pixelCount(c.field(&cp.rows[0], "width")), pixelCount(c.field(&cp.rows[0], "height"))
	for k := range cp.rows {
		row := &cp.rows[k]
		label := c.field(row, "label")
		if label == "" && c.field(row, "xmin") == "" {
			continue // a photo without regions
		}
		r, err := c.region(row, &p)
		if err == nil && label == "" {
			err = fmt.Errorf("%w: no label", ErrReference)
		}
		if err != nil {
			fault(row, err)
			continue
		}
		r.Class = it.class(label)
		p.Regions = append(p.Regions, r)
	}
	it.photos = []Photo{p}
	return it
}

func (c *csvData) region(row *csvRow, p *Photo) (annot.Region, error) {
	r := annot.Region{Source: annot.Source{Maker: annot.ByFile}}
	v, err := xmlNumbers(c.field(row, "xmin"), c.field(row, "ymin"), c.field(row, "xmax"), c.field(row, "ymax"))
	if err != nil {
		return r, err
	}
	r.Box = annot.Box{X0: v[0], Y0: v[1], X1: v[2], Y1: v[3]}
	kind := c.field(row, "shape")
	if r.Shape, err = csvShape(kind, c.field(row, "points"), p); err != nil {
		return r, err
	}
	if flat := kind == "point" || kind == "line"; r.Box.W() < 0 || r.Box.H() < 0 || r.Box.Empty() && !flat {
		return r, fmt.Errorf("%w: box %v", ErrGeometry, v)
	}
	if text := c.field(row, "score"); text != "" {
		s, err := xmlNumber(text)
		if err != nil || s < 0 || s > 1 {
			return r, fmt.Errorf("%w: score %q outside [0, 1]", ErrGeometry, text)
		}
		r.Score, r.Source.Maker = s, annot.ByModel
	}
	return r, nil
}

func csvShape(kind, points string, p *Photo) (annot.Shape, error) {
	switch kind {
	case "", "box", "rectangle":
		return nil, nil
	case "mask":
		runs, err := annot.DecodeRLE(points)
		if err != nil {
			return nil, err
		}
		m, err := annot.MaskFromFullRuns(p.Width, p.Height, runs)
		if err == nil && m.Empty() {
			err = fmt.Errorf("%w: empty mask", ErrGeometry)
		}
		return m, err
	case "polygon":
		var poly annot.Polygon
		for text := range strings.SplitSeq(points, ";") {
			part, err := csvPart(text)
			if err != nil {
				return nil, err
			}
			poly = append(poly, part)
		}
		return poly, nil
	case "line", "point":
		pts, err := csvPoints(points)
		switch {
		case err != nil:
			return nil, err
		case kind == "point" && len(pts) == 1:
			return pts[0], nil
		case kind == "line" && len(pts) > 1:
			return annot.Line(pts), nil
		}
		return nil, fmt.Errorf("%w: %s of %d points", ErrGeometry, kind, len(pts))
	}
	return nil, unknownShape(kind)
}

func csvPart(text string) (annot.Part, error) {
	var part annot.Part
	for i, ring := range strings.Split(text, "|") {
		pts, err := csvPoints(ring)
		if err != nil {
			return part, err
		}
		if len(pts) < 3 {
			return part, fmt.Errorf("%w: outline of %d points", ErrGeometry, len(pts))
		}
		if i == 0 {
			part.Outer = pts
		} else {
			part.Holes = append(part.Holes, pts)
		}
	}
	return part, nil
}

func csvPoints(text string) ([]annot.Point, error) {
	v, err := xmlNumbers(strings.Fields(text)...)
	if err != nil || len(v)%2 != 0 {
		return nil, errors.Join(fmt.Errorf("%w: points of %d numbers", ErrGeometry, len(v)), err)
	}
	var pts []annot.Point
	for i := 0; i < len(v); i += 2 {
		pts = append(pts, annot.Point{X: v[i], Y: v[i+1]})
	}
	return pts, nil
}

func writeCSV(file string, ds *Dataset, o WriteOptions) (*Report, error) {
	t := newTally(csvCan, ds, o)
	head := []byte(csvHeader + "\n")
	if o.BOM {
		head = slices.Concat([]byte("\xef\xbb\xbf"), head)
	}
	photos := inOrder(ds.Photos, func(p Photo) encoded { return t.encodeCSV(&p, ds.Classes) })
	return t.writeStream(file, head, photos, "", nil)
}

func (t *tally) encodeCSV(p *Photo, classes []annot.Class) encoded {
	e := encoded{fitted: t.fit(p)}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = false
	size := []string{p.File, strconv.Itoa(p.Width), strconv.Itoa(p.Height)}
	for i := range e.regions {
		r := &e.regions[i]
		score := ""
		if r.Source.Maker == annot.ByModel {
			score = string(appendFloat(nil, r.Score))
		}
		kind, points := csvPointsOf(r, p)
		if kind == "mask" && (p.Width == 0 || p.Height == 0) {
			e.problem(i, ErrNoSize)
			continue
		}
		row := append(slices.Clip(size), classes[r.Class].Name, score)
		for _, v := range [...]float64{r.Box.X0, r.Box.Y0, r.Box.X1, r.Box.Y1} {
			row = append(row, string(appendFloat(nil, v)))
		}
		w.Write(append(row, kind, points)) // a bytes.Buffer takes everything
	}
	if len(e.regions) == 0 && !t.o.SkipEmpty {
		w.Write(append(size, "", "", "", "", "", "", "", ""))
	}
	w.Flush()
	e.image = b.Bytes()
	return e
}

func csvPointsOf(r *annot.Region, p *Photo) (kind, points string) {
	switch s := r.Shape.(type) {
	case annot.Polygon:
		var parts []string
		for _, part := range s {
			rings := []string{spaced(part.Outer)}
			for _, h := range part.Holes {
				rings = append(rings, spaced(h))
			}
			parts = append(parts, strings.Join(rings, "|"))
		}
		return "polygon", strings.Join(parts, ";")
	case annot.Mask:
		return "mask", annot.EncodeRLE(s.FullRuns(p.Width, p.Height))
	case annot.Line:
		return "line", spaced(s)
	case annot.Point:
		return "point", spaced([]annot.Point{s})
	}
	return "box", ""
}

// spaced returns "x y x y …".
func spaced(pts []annot.Point) string {
	return strings.ReplaceAll(string(appendPoints(nil, pts)), ",", " ")
}
