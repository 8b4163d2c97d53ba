package annot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"maps"
	"math"
	"slices"
	"strconv"
)

// FormatVersion is the version of the files that this package writes. Files of a later one are refused
// rather than half understood.
const FormatVersion = 1

// Errors of the files.
var (
	ErrFormat = errors.New("not a Saysee file")
	ErrNewer  = errors.New("file was made by a newer Saysee")
)

// Origin tells which class table the rows of a document belong to.
type Origin struct {
	Project string // id of the project, empty when unknown
	// Names are the classes by row, for a reader that does not have the table.
	Names map[int]string
}

// EncodeDocument writes a photo's document as JSON that a person can read and compare: one field or region
// a line. Masks are COCO compressed RLE over the crop "mask_rect" (x0, y0, x1, y1). Fields that were not
// known when the document was read are written back. Only names of classes in use are written.
func EncodeDocument(d Document, o Origin) ([]byte, error) {
	top := &object{}
	top.add("saysee", "photo")
	top.add("version", FormatVersion)
	top.add("photo", d.Photo.Path)
	top.add("width", d.Photo.Width)
	top.add("height", d.Photo.Height)
	top.add("state", photoStates.name(d.State))
	top.add("next_id", d.NextID)
	if o.Project != "" {
		top.add("project", o.Project)
	}
	top.add("classes", namesInUse(d, o))
	top.addExtra(d.Extra, documentFields)
	regions := make([]json.RawMessage, 0, len(d.Regions)+len(d.Broken))
	one := &object{}
	for _, r := range d.Regions {
		one.reset()
		raw, err := encodeRegion(one, r)
		if err != nil {
			return nil, fmt.Errorf("write %s: region %d: %w", d.Photo.Path, r.ID, err)
		}
		regions = append(regions, raw)
	}
	for _, raw := range d.Broken {
		var line bytes.Buffer
		if err := json.Compact(&line, raw); err != nil {
			return nil, fmt.Errorf("write %s: %w", d.Photo.Path, err)
		}
		regions = append(regions, line.Bytes())
	}
	top.addLines("regions", regions)
	data, err := top.lines()
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", d.Photo.Path, err)
	}
	return data, nil
}

func namesInUse(d Document, o Origin) map[string]string {
	names := map[string]string{}
	for _, r := range d.Regions {
		if name, ok := o.Names[r.Class]; ok {
			names[strconv.Itoa(r.Class)] = name
		}
	}
	return names
}

var documentFields = []string{
	"saysee", "version", "photo", "width", "height", "state", "next_id", "project", "classes", "regions", "extra",
}

var regionFields = []string{
	"id", "class", "box", "point", "line", "polygon", "mask", "mask_rect", "score", "maker", "model", "phrase",
	"review", "track", "locked", "hidden", "extra",
}

func encodeRegion(o *object, r Region) (json.RawMessage, error) {
	o.add("id", r.ID)
	o.add("class", r.Class)
	o.add("box", [4]float64{r.Box.X0, r.Box.Y0, r.Box.X1, r.Box.Y1})
	switch s := r.Shape.(type) {
	case Point:
		o.add("point", pair(s))
	case Line:
		o.add("line", pairs(s))
	case Polygon:
		o.add("polygon", polygonPairs(s))
	case Mask:
		c := s.rect
		o.add("mask_rect", [4]int{c.Min.X, c.Min.Y, c.Max.X, c.Max.Y})
		o.add("mask", EncodeRLE(s.runs))
	}
	o.addUnless(r.Score == 0, "score", r.Score)
	o.add("maker", makers.name(r.Source.Maker))
	o.addUnless(r.Source.Model == "", "model", r.Source.Model)
	o.addUnless(r.Source.Phrase == "", "phrase", r.Source.Phrase)
	o.add("review", reviews.name(r.Review))
	o.addUnless(r.Track == 0, "track", r.Track)
	o.addUnless(!r.Locked, "locked", true)
	o.addUnless(!r.Hidden, "hidden", true)
	o.addExtra(r.Extra, regionFields)
	return o.line()
}

// xy is a point in a file. Unlike a plain array it refuses to be read from fewer or more numbers.
type xy [2]float64

func (p *xy) UnmarshalJSON(data []byte) error {
	var v []float64
	if err := json.Unmarshal(data, &v); err != nil {
		return err
	}
	if len(v) != len(p) {
		return fmt.Errorf("%w: a point has two numbers, not %d", ErrRegion, len(v))
	}
	copy(p[:], v)
	return nil
}

func pair(p Point) xy { return xy{p.X, p.Y} }

func pairs(pts []Point) []xy {
	out := make([]xy, len(pts))
	for i, p := range pts {
		out[i] = pair(p)
	}
	return out
}

// polygonPairs nests as GeoJSON's MultiPolygon does: parts, then rings with the outer one first.
func polygonPairs(p Polygon) [][][]xy {
	out := make([][][]xy, len(p))
	for i, part := range p {
		out[i] = append(out[i], pairs(part.Outer))
		for _, h := range part.Holes {
			out[i] = append(out[i], pairs(h))
		}
	}
	return out
}

// words are the names of the values of a small enumeration.
type words[T ~uint8] []string

var (
	photoStates = words[PhotoState]{"new", "suggested", "checked"}
	makers      = words[Maker]{"hand", "model", "file"}
	reviews     = words[Review]{"accepted", "suggested"}
)

func (w words[T]) name(v T) string {
	if int(v) < len(w) {
		return w[v]
	}
	return w[0]
}

func (w words[T]) value(s string) (T, error) {
	i := slices.Index(w, s)
	if i < 0 {
		return 0, fmt.Errorf("%q is none of %q", s, []string(w))
	}
	return T(i), nil
}

// object writes a JSON object with its fields in order. It can be reset and used for another.
type object struct {
	buf    bytes.Buffer // the fields, each as "name": value
	enc    *json.Encoder
	fields []field
	err    error
}

type field struct {
	from, to int               // in buf
	lines    []json.RawMessage // for an array with a line for each element, else empty
}

func (o *object) reset() {
	o.buf.Reset()
	o.fields = o.fields[:0]
	o.err = nil
}

func (o *object) add(name string, value any) {
	from := o.buf.Len()
	err := errors.Join(o.encode(name, ": "), o.encode(value, ""))
	if err != nil && o.err == nil {
		o.err = fmt.Errorf("field %q: %w", name, err)
	}
	o.fields = append(o.fields, field{from: from, to: o.buf.Len()})
}

// encode writes a value without the escapes that are for web pages only.
func (o *object) encode(v any, end string) error {
	if o.enc == nil {
		o.enc = json.NewEncoder(&o.buf)
		o.enc.SetEscapeHTML(false)
	}
	if err := o.enc.Encode(v); err != nil {
		return err
	}
	o.buf.Truncate(o.buf.Len() - 1) // the encoder ends with a line break
	o.buf.WriteString(end)
	return nil
}

func (o *object) addUnless(skip bool, name string, value any) {
	if !skip {
		o.add(name, value)
	}
}

func (o *object) addLines(name string, lines []json.RawMessage) {
	o.add(name, [0]int{})
	o.fields[len(o.fields)-1].lines = lines
}

// addExtra adds fields that are not ours. Those that have a name of ours go into an object "extra".
func (o *object) addExtra(extra map[string]json.RawMessage, ours []string) {
	clash := map[string]json.RawMessage{}
	for _, k := range slices.Sorted(maps.Keys(extra)) {
		if slices.Contains(ours, k) {
			clash[k] = extra[k]
		} else {
			o.add(k, extra[k])
		}
	}
	o.addUnless(len(clash) == 0, "extra", clash)
}

// line returns the object in one line.
func (o *object) line() (json.RawMessage, error) {
	if o.err != nil {
		return nil, o.err
	}
	out := make([]byte, 0, o.buf.Len()+2*len(o.fields)+2)
	for i, f := range o.fields {
		out = append(out, [...]string{"{", ", "}[min(i, 1)]...)
		out = append(out, o.buf.Bytes()[f.from:f.to]...)
	}
	return append(out, '}'), nil
}

// lines returns the object as a file, a line for each field and for each element of its long arrays.
func (o *object) lines() ([]byte, error) {
	if o.err != nil {
		return nil, o.err
	}
	var out bytes.Buffer
	for i, f := range o.fields {
		out.WriteString([...]string{"{\n  ", ",\n  "}[min(i, 1)])
		text := o.buf.Bytes()[f.from:f.to]
		if len(f.lines) == 0 {
			out.Write(text)
			continue
		}
		out.Write(bytes.TrimSuffix(text, []byte("[]")))
		for j, l := range f.lines {
			out.WriteString([...]string{"[\n    ", ",\n    "}[min(j, 1)])
			out.Write(l)
		}
		out.WriteString("\n  ]")
	}
	out.WriteString("\n}\n")
	return out.Bytes(), nil
}

// fields are the fields of a JSON object that nobody has taken yet.
type fields map[string]json.RawMessage

// take unmarshals a field into dst and removes it. A field that is missing or null leaves dst as it is.
func (f fields) take(name string, dst any) error {
	raw, ok := f[name]
	if !ok {
		return nil
	}
	if err := json.Unmarshal(raw, dst); err != nil {
		return fmt.Errorf("field %q: %w", name, err)
	}
	delete(f, name)
	return nil
}

// takeAll takes fields by name and joins their errors.
func (f fields) takeAll(dst map[string]any) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(dst)) {
		errs = append(errs, f.take(name, dst[name]))
	}
	return errors.Join(errs...)
}

// rest returns what is left, with what addExtra had to put aside.
func (f fields) rest() map[string]json.RawMessage {
	var aside map[string]json.RawMessage
	if f.take("extra", &aside) == nil {
		maps.Copy(f, aside)
	}
	if len(f) == 0 {
		return nil
	}
	return f
}

// header reads what all files of this package begin with.
func header(data []byte, kind string) (fields, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	var f fields
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	var is string
	version := 0
	if err := f.takeAll(map[string]any{"saysee": &is, "version": &version}); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	switch {
	case is != kind:
		return nil, fmt.Errorf("%w: it does not say that it is a %s", ErrFormat, kind)
	case version > FormatVersion:
		return nil, fmt.Errorf("%w: version %d, this one knows %d", ErrNewer, version, FormatVersion)
	case version < 1:
		return nil, fmt.Errorf("%w: version %d", ErrFormat, version)
	}
	return f, nil
}

// DecodeDocument reads a document. Regions that make no sense are kept in Broken and told of in problems,
// and all others load. The error wraps ErrFormat or ErrNewer when there is no document at all.
func DecodeDocument(data []byte) (d Document, o Origin, problems []error, err error) {
	f, err := header(data, "photo")
	if err != nil {
		return Document{}, Origin{}, nil, err
	}
	var state string
	var names map[string]string
	var regions []json.RawMessage
	if err := f.takeAll(map[string]any{
		"photo": &d.Photo.Path, "width": &d.Photo.Width, "height": &d.Photo.Height, "state": &state,
		"next_id": &d.NextID, "project": &o.Project, "classes": &names, "regions": &regions,
	}); err != nil {
		return Document{}, Origin{}, nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if d.State, err = photoStates.value(state); err != nil {
		problems = append(problems, fmt.Errorf("field \"state\": %w", err))
	}
	o.Names = map[int]string{}
	for k, v := range names {
		row, err := strconv.Atoi(k)
		if err != nil {
			problems = append(problems, fmt.Errorf("field \"classes\": %q is no row", k))
			continue
		}
		o.Names[row] = v
	}
	for i, raw := range regions {
		r, err := decodeRegion(raw)
		if err != nil {
			problems = append(problems, fmt.Errorf("region %d: %w", i, err))
			d.Broken = append(d.Broken, raw)
			continue
		}
		d.Regions = append(d.Regions, r)
	}
	d.Extra = f.rest()
	return d, o, problems, nil
}

func decodeRegion(raw json.RawMessage) (Region, error) {
	var f fields
	if err := json.Unmarshal(raw, &f); err != nil {
		return Region{}, err
	}
	var r Region
	var box []float64
	maker, review := makers[ByHand], reviews[Accepted]
	if err := f.takeAll(map[string]any{
		"id": &r.ID, "class": &r.Class, "box": &box, "score": &r.Score, "maker": &maker, "model": &r.Source.Model,
		"phrase": &r.Source.Phrase, "review": &review, "track": &r.Track, "locked": &r.Locked, "hidden": &r.Hidden,
	}); err != nil {
		return Region{}, err
	}
	if len(box) != 4 {
		return Region{}, fmt.Errorf("%w: field \"box\" has %d of 4 numbers", ErrRegion, len(box))
	}
	r.Box = Box{box[0], box[1], box[2], box[3]}
	var errs [3]error
	r.Source.Maker, errs[0] = makers.value(maker)
	r.Review, errs[1] = reviews.value(review)
	r.Shape, errs[2] = takeShape(f)
	if err := errors.Join(errs[:]...); err != nil {
		return Region{}, err
	}
	if r.ID == math.MaxUint64 {
		return Region{}, fmt.Errorf("%w: id %d", ErrRegion, r.ID)
	}
	r.Extra = f.rest()
	return r, r.Validate()
}

// takeShape reads the shape of a region, nil for a plain box.
func takeShape(f fields) (Shape, error) {
	var point *xy
	var line []xy
	var polygon [][][]xy
	var mask *string
	var rect []int
	if err := f.takeAll(map[string]any{
		"point": &point, "line": &line, "polygon": &polygon, "mask": &mask, "mask_rect": &rect,
	}); err != nil {
		return nil, err
	}
	var found []Shape
	if point != nil {
		found = append(found, Point{point[0], point[1]})
	}
	if line != nil {
		found = append(found, Line(points(line)))
	}
	if polygon != nil {
		found = append(found, polygonOf(polygon))
	}
	if mask != nil {
		m, err := maskOf(rect, *mask)
		if err != nil {
			return nil, fmt.Errorf("field \"mask\": %w", err)
		}
		found = append(found, m)
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	return nil, fmt.Errorf("%w: %d shapes in one", ErrRegion, len(found))
}

func points(pairs []xy) []Point {
	out := make([]Point, len(pairs))
	for i, p := range pairs {
		out[i] = Point{p[0], p[1]}
	}
	return out
}

func polygonOf(parts [][][]xy) Polygon {
	out := make(Polygon, len(parts))
	for i, rings := range parts {
		for j, ring := range rings {
			if j == 0 {
				out[i].Outer = points(ring)
			} else {
				out[i].Holes = append(out[i].Holes, points(ring))
			}
		}
	}
	return out
}

func maskOf(rect []int, counts string) (Mask, error) {
	if len(rect) != 4 {
		return Mask{}, fmt.Errorf("%w: field \"mask_rect\" has %d of 4 numbers", ErrRegion, len(rect))
	}
	runs, err := DecodeRLE(counts)
	if err != nil {
		return Mask{}, err
	}
	// Not image.Rect, which would quietly put swapped sides in order.
	return MaskFromRuns(image.Rectangle{Min: image.Pt(rect[0], rect[1]), Max: image.Pt(rect[2], rect[3])}, runs)
}

// ProjectFile is what a project saves besides its photos.
type ProjectFile struct {
	// ID tells this project from any other; photos carry it.
	ID      string
	Classes ClassTable
	// Extra holds fields of the file that Saysee does not know.
	Extra map[string]json.RawMessage
}

var projectFields = []string{"saysee", "version", "id", "order", "classes", "extra"}

var classFields = []string{"name", "phrases", "negatives", "examples", "color", "deleted", "merged_into", "extra"}

// EncodeProject writes a project as JSON, one class a line in the order of the table's rows.
func EncodeProject(p ProjectFile) ([]byte, error) {
	top := &object{}
	top.add("saysee", "project")
	top.add("version", FormatVersion)
	top.add("id", p.ID)
	top.add("order", append([]int{}, p.Classes.order...))
	top.addExtra(p.Extra, projectFields)
	rows := make([]json.RawMessage, len(p.Classes.rows))
	for i, row := range p.Classes.rows {
		o := &object{}
		o.add("name", row.Name)
		o.addUnless(len(row.Phrases) == 0, "phrases", row.Phrases)
		o.addUnless(len(row.Negatives) == 0, "negatives", row.Negatives)
		o.addUnless(len(row.Examples) == 0, "examples", encodeExamples(row.Examples))
		o.addUnless(row.Color == "", "color", row.Color)
		o.addUnless(row.fate != deleted, "deleted", true)
		o.addUnless(row.fate != merged, "merged_into", row.into)
		o.addExtra(row.extra, classFields)
		var err error
		if rows[i], err = o.line(); err != nil {
			return nil, fmt.Errorf("write class %d: %w", i, err)
		}
	}
	top.addLines("classes", rows)
	return top.lines()
}

// DecodeProject reads a project. The error wraps ErrFormat or ErrNewer.
func DecodeProject(data []byte) (ProjectFile, error) {
	f, err := header(data, "project")
	if err != nil {
		return ProjectFile{}, err
	}
	var p ProjectFile
	var order []int
	var rows []fields
	if err := f.takeAll(map[string]any{"id": &p.ID, "order": &order, "classes": &rows}); err != nil {
		return ProjectFile{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	for i, raw := range rows {
		row, err := decodeClass(raw)
		if err != nil {
			return ProjectFile{}, fmt.Errorf("%w: class %d: %w", ErrFormat, i, err)
		}
		p.Classes.rows = append(p.Classes.rows, row)
	}
	p.Classes.order, err = p.Classes.checkedOrder(order)
	if err != nil {
		return ProjectFile{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	p.Extra = f.rest()
	return p, nil
}

func decodeClass(f fields) (classRow, error) {
	var row classRow
	var gone bool
	var into *int
	var examples []exampleJSON
	err := f.takeAll(map[string]any{
		"examples": &examples, "name": &row.Name, "phrases": &row.Phrases, "negatives": &row.Negatives, "color": &row.Color,
		"deleted": &gone, "merged_into": &into,
	})
	if gone {
		row.fate = deleted
	}
	if into != nil {
		row.fate, row.into = merged, *into
	}
	if len(row.Phrases) == 0 && row.Name != "" {
		row.Phrases = []string{row.Name}
	}
	row.Examples = decodeExamples(examples)
	row.extra = f.rest()
	return row, err
}

// checkedOrder makes an order from a file fit the table: rows that it names wrongly are left out and those
// that it lacks come last. Two living classes with one name are an error.
func (t ClassTable) checkedOrder(order []int) ([]int, error) {
	for i := range t.rows {
		order = append(order, i)
	}
	var out []int
	seen := map[int]bool{}
	names := map[string]bool{}
	for _, i := range order {
		if t.live(i) != nil || seen[i] {
			continue
		}
		name := t.rows[i].Name
		if name == "" || names[name] {
			return nil, fmt.Errorf("%w: %q in row %d", ErrClassName, name, i)
		}
		seen[i], names[name] = true, true
		out = append(out, i)
	}
	return out, nil
}
