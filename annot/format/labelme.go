package format

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/saysee/saysee/annot"
)

// labelme and xlabel: one JSON file a photo, beside it. X-AnyLabeling's dialect has other shapes and more
// fields; one reader takes both. What each tool's reader refuses is not written to it: labelme 7.1 wants
// two corners for a rectangle, integer group ids and the true photo size, X-AnyLabeling knows no masks.
//
// Polygons of one label that share a group_id are one region in several parts. A circle is read as an
// outline of 64 corners and written back as a circle as long as nobody changes it.
var (
	labelmeFormat = Format{
		Name: "labelme", Title: "LabelMe JSON", Can: labelmeCan,
		read: readLabelme, write: writeLabelme(&labelmeDialect), recognise: recogniseLabelme(false),
	}
	xlabelFormat = Format{
		Name: "xlabel", Title: "X-AnyLabeling JSON", Can: xlabelCan,
		read: readLabelme, write: writeLabelme(&xlabelDialect), recognise: recogniseLabelme(true),
	}

	labelmeCan = Capabilities{
		Boxes: true, Polygons: true, Masks: true, Points: true, Lines: true, Holes: AsMask, Parts: true,
		Fractions: true, Overlaps: true, Instances: true, Scores: true, Sources: true, Reviews: true, Tracks: true, Flags: true,
		States: true, Splits: true, Sizes: true, EmptyPhotos: true, Unlabelled: true, Folders: true, Extra: true, PhotoExtra: true,
	}
	xlabelCan = Capabilities{
		Boxes: true, Polygons: true, Points: true, Lines: true, Parts: true,
		Fractions: true, Overlaps: true, Instances: true, Scores: true, Sources: true, Reviews: true, Tracks: true, Flags: true,
		States: true, Splits: true, Sizes: true, EmptyPhotos: true, Unlabelled: true, Folders: true, Extra: true, PhotoExtra: true,
	}
)

// dialect is what differs between the two tools when writing.
type dialect struct {
	can     Capabilities
	version string
	corners int             // of a rectangle
	quads   map[string]bool // shape types of four corners beside polygon
	xlabel  bool
}

var (
	labelmeDialect = dialect{can: labelmeCan, version: "7.1.0", corners: 2, quads: set("oriented_rectangle")}
	xlabelDialect  = dialect{can: xlabelCan, version: "4.0.0", corners: 4, quads: set("rotation", "quadrilateral"), xlabel: true}
)

func recogniseLabelme(xlabel bool) func(p *probe) string {
	is := func(head []byte) bool {
		k := topKeys(head)
		return k["shapes"] && (k["checked"] || bytes.Contains(head, []byte(`"kie_linking"`))) == xlabel
	}
	return func(p *probe) string {
		if !p.dir {
			if is(p.head) {
				return "an object with shapes"
			}
			return ""
		}
		names, heads := p.sample(withSuffix(".json"))
		for i, head := range heads {
			if is(head) {
				return names[i] + " is an object with shapes"
			}
		}
		return ""
	}
}

// labelmeData is a folder of label files.
type labelmeData struct {
	root, images string
	files        []string
}

func readLabelme(at string, o ReadOptions) (*Dataset, error) {
	l := &labelmeData{root: at, images: o.Images}
	p, err := newProbe(at)
	switch {
	case err != nil:
		return nil, err
	case !p.dir:
		l.root, l.files = filepath.Dir(at), []string{filepath.Base(at)}
	default:
		if l.files, err = filesBelow(at, withSuffix(".json")); err != nil {
			return nil, err
		}
		l.files = slices.DeleteFunc(l.files, func(n string) bool { return !l.hasShapes(n) })
	}
	if len(l.files) == 0 {
		return nil, fmt.Errorf("%w: no JSON file with shapes", ErrUnrecognised)
	}
	if l.images == "" {
		l.images = l.root
	}
	known := o.Classes
	if known == nil {
		known = slices.DeleteFunc(listFile(l.root, "labels.txt", "classes.txt"), func(s string) bool {
			return s == "__ignore__" || s == "_background_"
		})
	}
	ds := &Dataset{log: &problemLog{}, Len: len(l.files)}
	return ds, ds.namedStream(len(l.files), known, l.photo)
}

// hasShapes leaves out JSON files of other kinds; what cannot be read stays, to be told of.
func (l *labelmeData) hasShapes(name string) bool {
	head, err := readHead(join(l.root, name))
	if err != nil {
		return true
	}
	k := topKeys(head)
	other := k["images"] || k["annotations"] || k["categories"] || k["photos"]
	return k["shapes"] || len(k) == 0 || len(head) == probeBytes && !other
}

// labelmeShape is one entry of shapes.
type labelmeShape struct {
	annot.Region
	label, kind string
	group       int64
	grouped     bool
	points      []annot.Point
	mask        string
}

// Photo.Extra: shapes of types that Saysee does not know, as JSON and as XML, to be written back.
const (
	unknownShapes   = "unknown_shapes"
	unknownElements = "unknown_elements"
)

var labelmePhotoKeys = set("version", "shapes", "imagePath", "imageHeight", "imageWidth", "checked", metaKey, unknownShapes)

func (l *labelmeData) photo(i int) namedItem {
	var it namedItem
	src := source{file: l.files[i]}
	var err error
	if src.data, err = readWhole(join(l.root, l.files[i])); err != nil {
		it.problems = append(it.problems, src.problem(0, "", err))
		return it
	}
	p := Photo{}
	var shapes []labelmeShape
	imagePath, checked := "", false
	s := scanner{b: src.data}
	s.object(func(key []byte) {
		switch string(key) {
		case "version":
			s.skip()
		case "shapes":
			s.array(func(n int) { shapes = l.shape(shapes, &s, &src, &it, &p, n) })
		case "imagePath":
			if !s.null() {
				imagePath = s.text()
			}
		case "imageHeight":
			p.Height = s.optionalPixels()
		case "imageWidth":
			p.Width = s.optionalPixels()
		case "checked":
			checked = s.boolean()
		default:
			if s.photoMeta(key, &p) || s.emptyValue() {
				return
			}
			s.keep(&p.Extra, key)
		}
	})
	it.problems = src.faults(it.problems, &s, 0, "")
	if checked {
		p.State = Checked
	}
	if err := l.name(&p, imagePath, src.file); err != nil {
		it.problems = append(it.problems, src.problem(0, "imagePath", err))
		return it
	}
	it.joinGroups(&p, shapes)
	it.photos = []Photo{p}
	return it
}

// optionalPixels is pixels that may be null.
func (s *scanner) optionalPixels() int {
	if s.null() {
		return 0
	}
	return s.pixels()
}

// emptyValue consumes null, "", {} and [] and reports whether it did: fields that these tools always write
// and that say nothing.
func (s *scanner) emptyValue() bool {
	s.peek()
	at := s.i
	raw := s.skip()
	switch string(raw) {
	case "null", `""`, "{}", "[]":
		return true
	}
	s.i = at
	return false
}

// name sets the photo's name from imagePath, which is relative to the label file, or from the label file
// when that says nothing.
func (l *labelmeData) name(p *Photo, imagePath, file string) error {
	if imagePath == "" {
		imagePath = stem(path.Base(file)) + ".jpg"
	}
	slashed := strings.ReplaceAll(imagePath, `\`, "/")
	at := filepath.FromSlash(slashed)
	if !filepath.IsAbs(at) {
		at = filepath.Join(filepath.Dir(join(l.root, file)), at)
	}
	rel, err := filepath.Rel(absolute(l.images), absolute(at))
	if err == nil {
		p.File, err = safeName(filepath.ToSlash(rel))
	}
	if err != nil && l.images != l.root {
		// The labels lie apart from the photos: the name below the labels' folder is the name below photos'.
		p.File, err = safeName(path.Join(path.Dir(file), path.Base(slashed)))
	}
	if err != nil {
		return fmt.Errorf("%w: %q", ErrUnsafeName, imagePath)
	}
	p.Path = join(l.images, p.File)
	return nil
}

func absolute(p string) string {
	if abs, err := filepath.Abs(p); err == nil {
		return abs
	}
	return p
}

// shape reads one entry of shapes and appends what it gives.
func (l *labelmeData) shape(shapes []labelmeShape, outer *scanner, src *source, it *namedItem, p *Photo, n int) []labelmeShape {
	outer.peek()
	base := outer.i
	raw := outer.skip()
	if outer.err != nil {
		return shapes
	}
	place := fmt.Sprintf("shapes[%d]", n)
	s := scanner{b: raw}
	e := labelmeShape{}
	e.Source.Maker = annot.ByFile
	s.object(func(key []byte) { s.shapeField(key, &e) })
	if s.err == nil && e.label == "" {
		s.warn(0, fmt.Errorf("%w: no label", ErrReference))
	}
	ok := s.err == nil && e.label != ""
	if ok {
		made, err := e.regions()
		if err != nil {
			s.warn(0, err)
			keepRaw(&p.Extra, unknownShapes, raw, err)
		}
		shapes = append(shapes, made...)
	}
	it.problems = src.faults(it.problems, &s, base, place)
	return shapes
}

// keepRaw keeps the text of a shape of a type that Saysee does not know, so that a round trip has it.
func keepRaw(extra *map[string]json.RawMessage, key string, raw []byte, err error) {
	if _, unknown := err.(unknownShape); !unknown || !json.Valid(raw) {
		return
	}
	if *extra == nil {
		*extra = map[string]json.RawMessage{}
	}
	list := bytes.TrimSuffix((*extra)[key], []byte("]"))
	if len(list) == 0 {
		list = []byte{'['}
	} else {
		list = append(slices.Clip(list), ',')
	}
	(*extra)[key] = append(append(list, raw...), ']')
}

type unknownShape string

func (u unknownShape) Error() string {
	return fmt.Sprintf("shape type %q is not known; kept aside", string(u))
}

func (s *scanner) shapeField(key []byte, e *labelmeShape) {
	switch string(key) {
	case "label":
		if s.peek() == '"' {
			e.label = s.text()
		} else {
			e.label = string(s.skip()) // a number, from other tools
		}
	case "points":
		e.points = s.pairs()
	case "shape_type":
		e.kind = s.text()
	case "mask":
		if !s.null() {
			e.mask = s.text()
		}
	case "group_id":
		if !s.null() {
			e.group, e.grouped = s.integer()
		}
	case "difficult":
		if at := s.i; s.boolean() {
			s.i = at
			s.keep(&e.Extra, key)
		}
	case scoreKey, metaKey:
		if !s.regionMeta(key, &e.Region) {
			s.keep(&e.Extra, key)
		}
	default:
		if !s.emptyValue() {
			s.keep(&e.Extra, key)
		}
	}
}

// pairs consumes [[x, y], …].
func (s *scanner) pairs() []annot.Point {
	var pts []annot.Point
	s.array(func(int) {
		var v [2]float64
		at := s.i
		if s.floats(v[:]) != 2 && s.err == nil {
			s.i = at
			s.fail("a point is not two numbers")
		}
		pts = append(pts, annot.Point{X: v[0], Y: v[1]})
	})
	return pts
}

// regions turns a shape into regions: one, but for a cloud of points.
func (e *labelmeShape) regions() ([]labelmeShape, error) {
	for _, p := range e.points {
		if !(annot.Box{X0: p.X, Y0: p.Y}).Finite() {
			return nil, fmt.Errorf("%w: NaN or infinite coordinates", ErrGeometry)
		}
	}
	n := len(e.points)
	var err error
	switch e.kind {
	case "rectangle":
		if n != 2 && n != 4 {
			err = fmt.Errorf("%w: rectangle of %d points", ErrGeometry, n)
			break
		}
		if e.Box = annot.Line(e.points).Bounds(); e.Box.Empty() {
			err = fmt.Errorf("%w: rectangle without extent", ErrGeometry)
		}
	case "polygon", "", "oriented_rectangle", "rotation", "quadrilateral":
		err = e.polygon()
	case "circle":
		err = e.circle()
	case "point", "points":
		return e.cloud()
	case "line", "linestrip":
		if n < 2 {
			err = fmt.Errorf("%w: line of %d points", ErrGeometry, n)
		}
		e.Shape = annot.Line(e.points)
	case "mask":
		e.Shape, err = e.pixels()
	default:
		err = unknownShape(e.kind)
	}
	if err != nil {
		return nil, err
	}
	if e.Shape != nil {
		e.Box = e.Shape.Bounds()
	}
	return []labelmeShape{*e}, nil
}

func (e *labelmeShape) polygon() error {
	ring := annot.Ring(e.points)
	if len(ring) > 3 && ring[0] == ring[len(ring)-1] {
		ring = ring[:len(ring)-1]
	}
	if len(ring) < 3 {
		return fmt.Errorf("%w: outline of %d points", ErrGeometry, len(ring))
	}
	if e.kind != "polygon" && e.kind != "" {
		e.remember("shape_type", appendText(nil, e.kind))
	}
	e.Shape = annot.Polygon{{Outer: ring}}
	return nil
}

func (e *labelmeShape) remember(key string, v json.RawMessage) {
	if e.Extra == nil {
		e.Extra = map[string]json.RawMessage{}
	}
	e.Extra[key] = v
}

func (e *labelmeShape) circle() error {
	if len(e.points) != 2 || e.points[0] == e.points[1] {
		return fmt.Errorf("%w: circle without a centre and a point on its rim", ErrGeometry)
	}
	e.Shape = annot.Polygon{{Outer: circleRing(e.points[0], e.points[1])}}
	e.remember("circle", append(appendPoints([]byte{'['}, e.points), ']'))
	return nil
}

// circleRing returns 64 corners on a circle, the first at the rim point.
func circleRing(centre, rim annot.Point) annot.Ring {
	const n = 64
	r, at := math.Hypot(rim.X-centre.X, rim.Y-centre.Y), math.Atan2(rim.Y-centre.Y, rim.X-centre.X)
	ring := make(annot.Ring, n)
	for i := range ring {
		sin, cos := math.Sincos(at + 2*math.Pi*float64(i)/n)
		ring[i] = annot.Point{X: centre.X + r*cos, Y: centre.Y + r*sin}
	}
	return ring
}

func (e *labelmeShape) cloud() ([]labelmeShape, error) {
	if len(e.points) == 0 {
		return nil, fmt.Errorf("%w: no points", ErrGeometry)
	}
	var all []labelmeShape
	for _, p := range e.points {
		one := *e
		one.Shape, one.Box = p, p.Bounds()
		all = append(all, one)
	}
	return all, nil
}

// maxMaskPixels bounds the masks that a file can make us allocate.
const maxMaskPixels = 1 << 28

// pixels decodes the mask: a PNG over the inclusive integer corners in which anything but 0 is set.
func (e *labelmeShape) pixels() (annot.Shape, error) {
	if len(e.points) != 2 {
		return nil, fmt.Errorf("%w: mask with %d corners", ErrGeometry, len(e.points))
	}
	data, err := base64.StdEncoding.DecodeString(e.mask)
	if err != nil {
		return nil, fmt.Errorf("%w: mask: %w", ErrSyntax, err)
	}
	img, err := decodePNG(data)
	if err != nil {
		return nil, fmt.Errorf("%w: mask: %w", ErrSyntax, err)
	}
	a := annot.Line(e.points).Bounds()
	if math.Abs(a.X0)+math.Abs(a.Y0) > math.MaxInt32 {
		return nil, fmt.Errorf("%w: mask far outside", ErrGeometry)
	}
	rect := image.Rectangle{Max: img.Bounds().Size()}.Add(image.Pt(int(a.X0), int(a.Y0)))
	if float64(rect.Dx()) != a.W()+1 || float64(rect.Dy()) != a.H()+1 {
		return nil, fmt.Errorf("%w: mask of %d × %d between corners %v", ErrGeometry, rect.Dx(), rect.Dy(), e.points)
	}
	bits := make([]byte, rect.Dx()*rect.Dy())
	for i := range bits {
		bits[i] = byte(min(indexAt(img, i%rect.Dx(), i/rect.Dx()), 1))
	}
	m := annot.NewMask(rect, bits).Trim()
	if m.Empty() {
		return nil, fmt.Errorf("%w: empty mask", ErrGeometry)
	}
	return m, nil
}

// decodePNG decodes a PNG whose size is sane.
func decodePNG(data []byte) (image.Image, error) {
	config, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if config.Width <= 0 || config.Height <= 0 || config.Width > maxMaskPixels/config.Height {
		return nil, fmt.Errorf("%w: %d × %d pixels", ErrTooLarge, config.Width, config.Height)
	}
	return png.Decode(bytes.NewReader(data))
}

// indexAt returns the raw value of a pixel of a gray or palette image; of a colour image whether it is set.
func indexAt(img image.Image, x, y int) int {
	b := img.Bounds()
	x, y = x+b.Min.X, y+b.Min.Y
	switch m := img.(type) {
	case *image.Paletted:
		return int(m.ColorIndexAt(x, y))
	case *image.Gray:
		return int(m.GrayAt(x, y).Y)
	case *image.Gray16:
		return int(m.Gray16At(x, y).Y)
	}
	return int(color.Gray16Model.Convert(img.At(x, y)).(color.Gray16).Y)
}

// joinGroups adds the shapes to the photo; polygons of one label and group become one region.
func (it *namedItem) joinGroups(p *Photo, shapes []labelmeShape) {
	type key struct {
		label string
		group int64
	}
	first := map[key]int{}
	for i := range shapes {
		e := &shapes[i]
		e.Class = it.class(e.label)
		poly, isPoly := e.Shape.(annot.Polygon)
		k := key{e.label, e.group}
		if at, known := first[k]; known && e.grouped && isPoly {
			r := &p.Regions[at]
			r.Shape = append(slices.Clip(r.Shape.(annot.Polygon)), poly...)
			r.Box = r.Shape.Bounds()
			continue
		}
		if e.grouped {
			e.remember("group_id", strconv.AppendInt(nil, e.group, 10))
			if isPoly {
				first[k] = len(p.Regions)
			}
		}
		p.Regions = append(p.Regions, e.Region)
	}
}

func writeLabelme(d *dialect) func(root string, ds *Dataset, o WriteOptions) (*Report, error) {
	return func(root string, ds *Dataset, o WriteOptions) (*Report, error) {
		t := newTally(d.can, ds, o)
		file := func(p *Photo) string { return stem(p.File) + ".json" }
		photo := func(p *Photo) string { return p.File }
		encode := func(p *Photo, f *fitted) ([]byte, error) {
			return d.encode(p, f, ds.Classes, d.imagePath(root, p, o))
		}
		if err := t.writeFolder(&layout{root, file, photo, encode}, ds); err != nil {
			return nil, err
		}
		return t.report(), nil
	}
}

// imagePath returns the photo's path relative to its label file: the name alone when they lie side by side
// or nobody knows better. X-AnyLabeling knows only that.
func (d *dialect) imagePath(root string, p *Photo, o WriteOptions) string {
	beside := path.Base(p.File)
	if d.xlabel || o.Photos != LeavePhotos || p.Path == "" {
		return beside
	}
	if _, err := os.Stat(p.Path); err != nil {
		return beside
	}
	dir := absolute(filepath.Dir(join(root, p.File)))
	rel, err := filepath.Rel(dir, absolute(p.Path))
	if err != nil {
		return beside
	}
	return filepath.ToSlash(rel)
}

func (d *dialect) encode(p *Photo, f *fitted, classes []annot.Class, imagePath string) ([]byte, error) {
	field := func(b []byte, key, otherwise string, valid func(v any) bool) []byte {
		b = append(appendText(append(b, ",\n  "...), key), ": "...)
		var v any
		if raw := p.Extra[key]; json.Unmarshal(raw, &v) == nil && valid(v) {
			return append(b, raw...)
		}
		return append(b, otherwise...)
	}
	b := appendText([]byte("{\n  \"version\": "), d.version)
	b = field(b, "flags", "{}", isFlags)
	if d.xlabel {
		b = fmt.Appendf(b, ",\n  \"checked\": %t", p.State == Checked)
	}
	b = append(b, ",\n  \"shapes\": ["...)
	groups := freeGroups(f.regions)
	sep := "\n    "
	for i := range f.regions {
		shapes, err := d.shapes(&f.regions[i], classes, groups)
		if err != nil {
			return nil, err
		}
		for _, s := range shapes {
			b = append(append(b, sep...), s...)
			sep = ",\n    "
		}
	}
	var unknown []json.RawMessage
	if json.Unmarshal(p.Extra[unknownShapes], &unknown) == nil {
		for _, s := range unknown {
			b = append(append(b, sep...), s...)
			sep = ",\n    "
		}
	}
	b = appendText(append(b, "\n  ],\n  \"imagePath\": "...), imagePath)
	b = field(b, "imageData", "null", isText)
	if p.Width > 0 && p.Height > 0 {
		b = fmt.Appendf(b, ",\n  \"imageHeight\": %d,\n  \"imageWidth\": %d", p.Height, p.Width)
	}
	if d.xlabel {
		b = field(b, "description", `""`, isText)
	}
	b = appendExtra(b, p.Extra, d.photoKeys())
	meta := *p
	if d.xlabel && p.State == Checked {
		meta.State = New // said by checked
	}
	return append(appendPhotoMeta(b, &meta), "\n}\n"...), nil
}

func (d *dialect) photoKeys() map[string]bool {
	keys := set("flags", "imageData")
	if d.xlabel {
		keys["description"] = true
	}
	for k := range labelmePhotoKeys {
		keys[k] = true
	}
	return keys
}

// freeGroups returns a function that gives group ids that no region of the photo has.
func freeGroups(rs []annot.Region) func() int64 {
	last := int64(0)
	for i := range rs {
		if id, ok := groupOf(&rs[i]); ok {
			last = max(last, id)
		}
	}
	return func() int64 { last++; return last }
}

func groupOf(r *annot.Region) (int64, bool) {
	id, err := strconv.ParseInt(string(r.Extra["group_id"]), 10, 64)
	return id, err == nil && id < math.MaxInt32
}

// piece is one shape as the file will have it.
type piece struct {
	kind   string
	points []annot.Point
	mask   string
}

// shapes returns the entries of a region.
func (d *dialect) shapes(r *annot.Region, classes []annot.Class, free func() int64) ([][]byte, error) {
	pieces, err := d.pieces(r)
	if err != nil {
		return nil, err
	}
	group := "null"
	if id, ok := groupOf(r); ok {
		group = strconv.FormatInt(id, 10)
	} else if len(pieces) > 1 {
		group = strconv.FormatInt(free(), 10)
	}
	var out [][]byte
	for i := range pieces {
		out = append(out, d.appendShape(nil, &pieces[i], r, classes[r.Class].Name, group))
	}
	return out, nil
}

func (d *dialect) pieces(r *annot.Region) ([]piece, error) {
	switch s := r.Shape.(type) {
	case annot.Point:
		return []piece{{kind: "point", points: []annot.Point{s}}}, nil
	case annot.Line:
		kind := "linestrip"
		if len(s) == 2 {
			kind = "line"
		}
		return []piece{{kind: kind, points: s}}, nil
	case annot.Polygon:
		return d.polygons(r, s), nil
	case annot.Mask:
		m := s.Trim()
		rect := m.Rect()
		text, err := maskPNG(m)
		return []piece{{"mask", []annot.Point{
			{X: float64(rect.Min.X), Y: float64(rect.Min.Y)},
			{X: float64(rect.Max.X - 1), Y: float64(rect.Max.Y - 1)},
		}, text}}, err
	}
	if d.corners == 4 {
		return []piece{{kind: "rectangle", points: corners(r.Box)}}, nil
	}
	return []piece{{kind: "rectangle", points: []annot.Point{{X: r.Box.X0, Y: r.Box.Y0}, {X: r.Box.X1, Y: r.Box.Y1}}}}, nil
}

func (d *dialect) polygons(r *annot.Region, s annot.Polygon) []piece {
	if len(s) == 1 {
		ring := s[0].Outer
		var c []float64
		if json.Unmarshal(r.Extra["circle"], &c) == nil && len(c) == 4 {
			pts := []annot.Point{{X: c[0], Y: c[1]}, {X: c[2], Y: c[3]}}
			if slices.Equal(ring, circleRing(pts[0], pts[1])) {
				return []piece{{kind: "circle", points: pts}}
			}
		}
		if kind, ok := plainText(r.Extra["shape_type"]); ok && d.quads[kind] && len(ring) == 4 {
			return []piece{{kind: kind, points: ring}}
		}
	}
	var ps []piece
	for _, part := range s {
		ps = append(ps, piece{kind: "polygon", points: part.Outer})
	}
	return ps
}

// maskPNG returns the crop of a mask as an 8-bit PNG of 0 and 1 in base64.
func maskPNG(m annot.Mask) (string, error) {
	rect := m.Rect()
	img := &image.Gray{Pix: m.Bitmap(nil), Stride: rect.Dx(), Rect: image.Rectangle{Max: rect.Size()}}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

var (
	labelmeShapeKeys = set("label", "points", "group_id", "description", "shape_type", "flags", "mask", "circle", scoreKey, metaKey)
	xlabelShapeKeys  = set("label", "points", "group_id", "description", "shape_type", "flags", "mask", "circle", "difficult",
		"attributes", "kie_linking", scoreKey, metaKey)
)

func (d *dialect) appendShape(b []byte, s *piece, r *annot.Region, label, group string) []byte {
	field := func(key, otherwise string, valid func(v any) bool) {
		b = append(appendText(append(b, ", "...), key), ": "...)
		raw := r.Extra[key]
		var v any
		if json.Unmarshal(raw, &v) != nil || !valid(v) {
			raw = json.RawMessage(otherwise)
		}
		b = append(b, raw...)
	}
	b = appendText(append(b, `{"label": `...), label)
	if d.xlabel && r.Source.Maker != annot.ByModel {
		b = append(b, `, "score": null`...)
	}
	b = append(b, `, "points": [`...)
	for i, p := range s.points {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(appendPoints(append(b, '['), []annot.Point{p}), ']')
	}
	b = append(append(b, `], "group_id": `...), group...)
	field("description", `""`, isText)
	keys := labelmeShapeKeys
	if d.xlabel {
		field("difficult", "false", isBool)
		field("attributes", "{}", isObject)
		field("kie_linking", "[]", isList)
		keys = xlabelShapeKeys
	}
	b = appendText(append(b, `, "shape_type": `...), s.kind)
	field("flags", "{}", isFlags)
	if !d.xlabel {
		if s.mask != "" {
			b = appendText(append(b, `, "mask": `...), s.mask)
		} else {
			b = append(b, `, "mask": null`...)
		}
	}
	b = appendExtra(b, r.Extra, keys)
	return append(appendRegionMeta(b, r), '}')
}

func isText(v any) bool   { _, ok := v.(string); return ok }
func isBool(v any) bool   { _, ok := v.(bool); return ok }
func isList(v any) bool   { _, ok := v.([]any); return ok }
func isObject(v any) bool { _, ok := v.(map[string]any); return ok }

// isFlags reports whether v is an object of booleans, as labelme wants flags.
func isFlags(v any) bool {
	m, ok := v.(map[string]any)
	for _, f := range m {
		if !isBool(f) {
			return false
		}
	}
	return ok
}
