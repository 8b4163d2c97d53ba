package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"math"
	"strconv"
	"strings"

	"github.com/saysee/saysee/annot"
)

// cvat: CVAT's "images 1.1" XML: labels in <meta>, then an <image> each with box, polygon, polyline, points
// and mask. Coordinates are pixels between corners, as ours; a mask is RLE row by row over the box
// left, top, width, height. Polygons of one label and group_id are one region in several parts. Shapes of
// other types stay with the photo and are written back. (docs.cvat.ai, XML annotation format 1.1.)
var (
	cvatFormat = Format{Name: "cvat", Title: "CVAT images XML 1.1", File: "cvat.xml", Can: cvatCan, read: readCVAT, write: writeCVAT, recognise: recogniseCVAT}

	cvatCan = Capabilities{
		Boxes: true, Polygons: true, Masks: true, Points: true, Lines: true, Holes: AsMask, Parts: true,
		Fractions: true, Overlaps: true, Instances: true, Splits: true, Sizes: true, EmptyPhotos: true, ClassTable: true,
		Folders: true, Extra: true,
	}
)

func recogniseCVAT(p *probe) string {
	if !p.dir {
		if rootElement(p.head) == "annotations" {
			return "an <annotations> element"
		}
		return ""
	}
	names, heads := p.sample(withSuffix(".xml"))
	if len(heads) == 1 && rootElement(heads[0]) == "annotations" {
		return names[0] + " has an <annotations> element"
	}
	return ""
}

// cvatData is a file with the places of its images.
type cvatData struct {
	source
	root   string
	images []cocoSpan
}

func readCVAT(at string, o ReadOptions) (*Dataset, error) {
	file, err := oneFile(at, ".xml")
	if err != nil {
		return nil, err
	}
	data, err := readWhole(file)
	if err != nil {
		return nil, err
	}
	if rootElement(data) != "annotations" {
		return nil, fmt.Errorf("%w: no <annotations>", ErrSyntax)
	}
	c := &cvatData{source: source{file, data}}
	ds := &Dataset{log: &problemLog{}}
	rest := c.index(ds)
	known := o.Classes
	if known == nil {
		known = cvatLabels(data[:rest])
	}
	ds.Len = len(c.images)
	c.root = imagesRoot(file, len(c.images), func(i int) item { return c.photo(i).item }, o)
	return ds, ds.namedStream(len(c.images), known, c.photo)
}

// index finds the <image> elements and returns where the first begins.
func (c *cvatData) index(ds *Dataset) int {
	first, at := len(c.data), 0
	for {
		i := nextImage(c.data, at)
		if i < 0 {
			return first
		}
		first = min(first, i)
		end := imageEnd(c.data, i)
		if end < 0 {
			ds.log.add(c.problem(i, fmt.Sprintf("image[%d]", len(c.images)), fmt.Errorf("%w: unexpected end of the file", ErrSyntax)))
			end = len(c.data)
		}
		c.images = append(c.images, cocoSpan{i, int32(end - i), int32(len(c.images))})
		at = end
	}
}

func nextImage(data []byte, at int) int {
	for {
		i := bytes.Index(data[at:], []byte("<image"))
		if i < 0 || at+i+6 >= len(data) {
			return -1
		}
		at += i
		if c := data[at+6]; c == ' ' || c == '\n' || c == '\t' || c == '\r' {
			return at
		}
		at++
	}
}

// imageEnd returns the end of the element that begins at i, -1 when the file ends before.
func imageEnd(data []byte, i int) int {
	quote := byte(0)
	for k := i; k < len(data); k++ {
		switch c := data[k]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			if data[k-1] == '/' {
				return k + 1
			}
			end := bytes.Index(data[k:], []byte("</image>"))
			if end < 0 {
				return -1
			}
			return k + end + len("</image>")
		}
	}
	return -1
}

// cvatLabels returns the names in <meta>, wherever <labels> stands in it.
func cvatLabels(head []byte) []string {
	doc, _ := parseXML(head) // cut off after meta on purpose
	var names []string
	var walk func(n *xmlNode)
	walk = func(n *xmlNode) {
		for _, k := range n.kids {
			if k.name == "label" && n.name == "labels" {
				names = append(names, k.value("name"))
				continue
			}
			walk(k)
		}
	}
	if doc != nil {
		walk(doc)
	}
	return names
}

func (c *cvatData) photo(i int) namedItem {
	var it namedItem
	span := c.images[i]
	place := fmt.Sprintf("image[%d]", i)
	doc, err := parseXML(c.data[span.off : span.off+int(span.len)])
	if err != nil {
		it.problems = append(it.problems, c.problem(span.off, place, err))
	}
	if doc == nil {
		return it
	}
	p := Photo{Width: pixelCount(doc.attr("width")), Height: pixelCount(doc.attr("height"))}
	if s := doc.attr("subset"); s != "" && s != "default" {
		p.Split = strings.ToLower(s)
		if short := splitNames[p.Split]; short != "" {
			p.Split = short
		}
	}
	if p.File, err = safeName(doc.attr("name")); err != nil {
		it.problems = append(it.problems, c.problem(span.off, place+".name", err))
		return it
	}
	p.Path = join(c.root, p.File)
	var shapes []labelmeShape
	for n, k := range doc.kids {
		made, err := cvatShape(k)
		if err != nil {
			where := fmt.Sprintf("%s.%s[%d]", place, k.name, n)
			it.problems = append(it.problems, c.problem(span.off, where, err))
			if _, unknown := err.(unknownShape); unknown {
				var b bytes.Buffer
				k.write(&b)
				keepRaw(&p.Extra, unknownElements, appendText(nil, b.String()), err)
			}
		}
		shapes = append(shapes, made...)
	}
	it.joinGroups(&p, shapes)
	it.photos = []Photo{p}
	return it
}

// cvatShape reads one element of an image.
func cvatShape(n *xmlNode) ([]labelmeShape, error) {
	e := labelmeShape{label: n.attr("label"), kind: n.name}
	e.Source.Maker = annot.ByFile
	if id, err := strconv.ParseInt(n.attr("group_id"), 10, 64); err == nil {
		e.group, e.grouped = id, true
	}
	if e.label == "" {
		return nil, fmt.Errorf("%w: no label", ErrReference)
	}
	e.cvatExtra(n)
	var err error
	switch n.name {
	case "box":
		err = e.cvatBox(n)
	case "polygon":
		if e.points, err = cvatPoints(n.attr("points")); err == nil {
			e.kind = "polygon"
			err = e.polygon()
		}
	case "polyline":
		e.points, err = cvatPoints(n.attr("points"))
		e.Shape = annot.Line(e.points)
		if err == nil && len(e.points) < 2 {
			err = fmt.Errorf("%w: line of one point", ErrGeometry)
		}
	case "points":
		if e.points, err = cvatPoints(n.attr("points")); err == nil {
			return e.cloud()
		}
	case "mask":
		e.Shape, err = cvatMask(n)
	case "ellipse":
		err = e.cvatEllipse(n)
	default:
		return nil, unknownShape(n.name)
	}
	if err != nil {
		return nil, err
	}
	if e.Shape != nil {
		e.Box = e.Shape.Bounds()
	}
	return []labelmeShape{e}, nil
}

// cvatExtra keeps attributes that are not at their defaults and the <attribute> children.
func (e *labelmeShape) cvatExtra(n *xmlNode) {
	if n.attr("occluded") == "1" {
		e.remember("occluded", json.RawMessage("true"))
	}
	for _, k := range []struct{ name, usual string }{{"z_order", "0"}, {"source", "manual"}} {
		if v := n.attr(k.name); v != "" && v != k.usual {
			e.remember(k.name, literalOrText(v))
		}
	}
	for _, k := range n.kids {
		if k.name == "attribute" && k.attr("name") != "" {
			e.remember(k.attr("name"), cvatValue(k.text))
		}
	}
}

// cvatValue reads the text of an attribute: JSON where it is a list or an object.
func cvatValue(text string) json.RawMessage {
	if text != "" && (text[0] == '[' || text[0] == '{') && json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return literalOrText(text)
}

func cvatPoints(text string) ([]annot.Point, error) {
	var pts []annot.Point
	for pair := range strings.SplitSeq(text, ";") {
		x, y, _ := strings.Cut(pair, ",")
		v, err := xmlNumbers(x, y)
		if err != nil {
			return nil, err
		}
		pts = append(pts, annot.Point{X: v[0], Y: v[1]})
	}
	return pts, nil
}

// cvatBox reads a box; one that is turned becomes its four corners.
func (e *labelmeShape) cvatBox(n *xmlNode) error {
	v, err := xmlNumbers(n.attr("xtl"), n.attr("ytl"), n.attr("xbr"), n.attr("ybr"))
	if err != nil {
		return err
	}
	if e.Box = (annot.Box{X0: v[0], Y0: v[1], X1: v[2], Y1: v[3]}); e.Box.Empty() {
		return fmt.Errorf("%w: box %v", ErrGeometry, v)
	}
	turn, err := xmlNumber(n.attr("rotation"))
	if err != nil || turn == 0 {
		return nil
	}
	e.remember("rotation", appendFloat(nil, turn))
	e.Shape = annot.Polygon{{Outer: turnedBox(e.Box, turn)}}
	return nil
}

// turnedBox returns the corners of a box turned about its centre, clockwise on the screen by degrees.
func turnedBox(b annot.Box, degrees float64) annot.Ring {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	c := b.Center()
	ring := corners(b)
	for i, p := range ring {
		dx, dy := p.X-c.X, p.Y-c.Y
		ring[i] = annot.Point{X: c.X + dx*cos - dy*sin, Y: c.Y + dx*sin + dy*cos}
	}
	return ring
}

// unturned returns the box that gives the ring when it is turned by the degrees, if there is one.
func unturned(ring annot.Ring, degrees float64) (annot.Box, bool) {
	if len(ring) != 4 {
		return annot.Box{}, false
	}
	c := annot.Point{X: (ring[0].X + ring[2].X) / 2, Y: (ring[0].Y + ring[2].Y) / 2}
	sin, cos := math.Sincos(-degrees * math.Pi / 180)
	back := func(p annot.Point) annot.Point {
		dx, dy := p.X-c.X, p.Y-c.Y
		return annot.Point{X: c.X + dx*cos - dy*sin, Y: c.Y + dx*sin + dy*cos}
	}
	a, z := back(ring[0]), back(ring[2])
	fine := func(v float64) float64 { return math.Round(v*1e6) / 1e6 } // what turning there and back costs
	b := annot.Box{X0: fine(a.X), Y0: fine(a.Y), X1: fine(z.X), Y1: fine(z.Y)}
	if b.Empty() {
		return b, false
	}
	for i, p := range turnedBox(b, degrees) {
		if p.Distance(ring[i]) > 1e-5 {
			return b, false
		}
	}
	return b, true
}

func (e *labelmeShape) cvatEllipse(n *xmlNode) error {
	v, err := xmlNumbers(n.attr("cx"), n.attr("cy"), n.attr("rx"), n.attr("ry"))
	if err != nil {
		return err
	}
	if v[2] <= 0 || v[3] <= 0 {
		return fmt.Errorf("%w: ellipse without extent", ErrGeometry)
	}
	ring := circleRing(annot.Point{}, annot.Point{X: 1})
	for i, p := range ring {
		ring[i] = annot.Point{X: v[0] + v[2]*p.X, Y: v[1] + v[3]*p.Y}
	}
	if turn, err := xmlNumber(n.attr("rotation")); err == nil && turn != 0 {
		sin, cos := math.Sincos(turn * math.Pi / 180)
		for i, p := range ring {
			dx, dy := p.X-v[0], p.Y-v[1]
			ring[i] = annot.Point{X: v[0] + dx*cos - dy*sin, Y: v[1] + dx*sin + dy*cos}
		}
	}
	e.Shape = annot.Polygon{{Outer: ring}}
	return nil
}

// cvatMask reads a mask: runs row by row over its box, the first one outside.
func cvatMask(n *xmlNode) (annot.Shape, error) {
	left, top := pixelCount(n.attr("left")), pixelCount(n.attr("top"))
	w, h := pixelCount(n.attr("width")), pixelCount(n.attr("height"))
	if w == 0 || h == 0 || w > maxMaskPixels/h {
		return nil, fmt.Errorf("%w: mask of %d × %d", ErrGeometry, w, h)
	}
	bits := make([]byte, 0, w*h)
	inside := byte(0)
	for run := range strings.SplitSeq(n.attr("rle"), ",") {
		k, err := strconv.Atoi(strings.TrimSpace(run))
		if err != nil || k < 0 || k > w*h-len(bits) {
			return nil, fmt.Errorf("%w: run %q of a mask of %d × %d", ErrGeometry, run, w, h)
		}
		bits = append(bits, bytes.Repeat([]byte{inside}, k)...)
		inside ^= 1
	}
	if len(bits) != w*h {
		return nil, fmt.Errorf("%w: runs add up to %d pixels of %d × %d", ErrGeometry, len(bits), w, h)
	}
	m := annot.NewMask(image.Rect(left, top, left+w, top+h), bits).Trim()
	if m.Empty() {
		return nil, fmt.Errorf("%w: empty mask", ErrGeometry)
	}
	return m, nil
}

func writeCVAT(file string, ds *Dataset, o WriteOptions) (*Report, error) {
	t := newTally(cvatCan, ds, o)
	head := func() []byte {
		var b bytes.Buffer
		b.WriteString("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<annotations>\n<version>1.1</version>\n<meta><task>")
		if ds.Len >= 0 {
			fmt.Fprintf(&b, "<size>%d</size>", ds.Len)
		}
		b.WriteString("<mode>annotation</mode>")
		writeCVATLabels(&b, ds.Classes)
		b.WriteString("</task></meta>\n")
		return b.Bytes()
	}
	n := -1
	given := func(yield func(numbered, error) bool) {
		for p, err := range ds.Photos {
			n++
			if !yield(numbered{p, int64(n)}, err) {
				return
			}
		}
	}
	encode := func(k numbered) encoded { return t.encodeCVAT(&k, ds.Classes) }
	return t.writeStream(file, head(), inOrder(given, encode), "", []byte("</annotations>\n"))
}

func (t *tally) encodeCVAT(k *numbered, classes []annot.Class) encoded {
	p := &k.Photo
	e := encoded{fitted: t.fit(p)}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<image id="%d" name="%s"`, k.id, xmlText(p.File))
	if p.Split != "" {
		fmt.Fprintf(&b, ` subset="%s"`, xmlText(p.Split))
	}
	fmt.Fprintf(&b, " width=\"%d\" height=\"%d\">\n", p.Width, p.Height)
	free := freeGroups(e.regions)
	for i := range e.regions {
		writeCVATRegion(&b, &e.regions[i], classes, free)
	}
	var unknown []string
	if json.Unmarshal(p.Extra[unknownElements], &unknown) == nil {
		for _, text := range unknown {
			if n, err := parseXML([]byte(text)); err == nil {
				n.write(&b)
				b.WriteByte('\n')
			}
		}
	}
	b.WriteString("</image>\n")
	e.image = b.Bytes()
	return e
}

func writeCVATRegion(b *bytes.Buffer, r *annot.Region, classes []annot.Class, free func() int64) {
	group := ""
	if id, ok := groupOf(r); ok {
		group = fmt.Sprintf(` group_id="%d"`, id)
	}
	element := func(name, geometry string) {
		fmt.Fprintf(b, `<%s label="%s" source="%s" occluded="%s" %s z_order="%s"%s>`, name, xmlText(classes[r.Class].Name),
			xmlText(cvatSource(r)), cvatFlag(r, "occluded"), geometry, cvatFlag(r, "z_order"), group)
		writeCVATAttributes(b, r.Extra)
		fmt.Fprintf(b, "</%s>\n", name)
	}
	switch s := r.Shape.(type) {
	case nil:
		element("box", cvatCorners(r.Box))
	case annot.Point:
		element("points", cvatText([]annot.Point{s}))
	case annot.Line:
		element("polyline", cvatText(s))
	case annot.Mask:
		element("mask", cvatRuns(s))
	case annot.Polygon:
		if box, turn, ok := turnedFrom(r, s); ok {
			element("box", cvatCorners(box)+fmt.Sprintf(` rotation="%s"`, appendFloat(nil, turn)))
			return
		}
		if len(s) > 1 && group == "" {
			group = fmt.Sprintf(` group_id="%d"`, free())
		}
		for _, part := range s {
			element("polygon", cvatText(part.Outer))
		}
	}
}

// turnedFrom returns the box and the degrees from which the region was read, unless it has been changed.
func turnedFrom(r *annot.Region, s annot.Polygon) (annot.Box, float64, bool) {
	turn, err := strconv.ParseFloat(string(r.Extra["rotation"]), 64)
	if err != nil || len(s) != 1 {
		return annot.Box{}, 0, false
	}
	box, ok := unturned(s[0].Outer, turn)
	return box, turn, ok
}

var cvatOwn = set("occluded", "z_order", "source", "rotation", "group_id", "circle", "shape_type")

func cvatSource(r *annot.Region) string {
	if s, ok := plainText(r.Extra["source"]); ok {
		return s
	}
	if r.Source.Maker == annot.ByModel {
		return "auto"
	}
	return "manual"
}

// cvatFlag returns a field as the whole number that CVAT wants, 0 without.
func cvatFlag(r *annot.Region, key string) string {
	text, _ := plainText(r.Extra[key])
	switch _, err := strconv.Atoi(text); {
	case text == "true":
		return "1"
	case err == nil:
		return text
	}
	return "0"
}

func cvatCorners(b annot.Box) string {
	return fmt.Sprintf(`xtl="%s" ytl="%s" xbr="%s" ybr="%s"`, appendFloat(nil, b.X0), appendFloat(nil, b.Y0), appendFloat(nil, b.X1), appendFloat(nil, b.Y1))
}

func cvatText(pts []annot.Point) string {
	b := []byte(`points="`)
	for i, p := range pts {
		if i > 0 {
			b = append(b, ';')
		}
		b = appendPoints(b, []annot.Point{p})
	}
	return string(append(b, '"'))
}

func cvatRuns(m annot.Mask) string {
	m = m.Trim()
	rect := m.Rect()
	b := []byte(`rle="`)
	inside, run := byte(0), 0
	for _, v := range m.Bitmap(nil) {
		if v != inside {
			b = append(strconv.AppendInt(b, int64(run), 10), ", "...)
			inside, run = v, 0
		}
		run++
	}
	b = strconv.AppendInt(b, int64(run), 10)
	return fmt.Sprintf(`%s" left="%d" top="%d" width="%d" height="%d"`, b, rect.Min.X, rect.Min.Y, rect.Dx(), rect.Dy())
}
