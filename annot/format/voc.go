package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/saysee/saysee/annot"
)

// voc: Pascal VOC, one XML file a photo below Annotations, photos below JPEGImages, splits as lists in
// ImageSets/Main. Corners are whole pixels that count from 1 and belong to the box: the whole of a photo is
// 1, 1, W, H. (VOC2012 development kit, section 4.) labelImg and its heirs count from 0; a dataset in which
// any corner is 0 is read so. Outlines are written as Roboflow and X-AnyLabeling have them,
// <polygon><x1>…, beside the box, counted from the same number.
var (
	vocFormat = Format{Name: "voc", Title: "Pascal VOC", Can: vocCan, read: readVOC, write: writeVOC, recognise: recogniseVOC}

	vocCan = Capabilities{
		Boxes: true, Polygons: true, Overlaps: true, Instances: true,
		States: true, Splits: true, Sizes: true, EmptyPhotos: true, Folders: true, Extra: true, PlainExtra: true, PhotoExtra: true,
	}
)

func recogniseVOC(p *probe) string {
	if !p.dir {
		if rootElement(p.head) == "annotation" {
			return "an <annotation> element"
		}
		return ""
	}
	names, heads := p.sample(withSuffix(".xml"))
	for i, head := range heads {
		if rootElement(head) == "annotation" {
			return names[i] + " has an <annotation> element"
		}
	}
	return ""
}

// rootElement returns the name of the first element of a text.
func rootElement(head []byte) string {
	for {
		i := bytes.IndexByte(head, '<')
		if i < 0 || i+1 == len(head) {
			return ""
		}
		head = head[i+1:]
		if c := head[0]; c != '?' && c != '!' {
			end := bytes.IndexAny(head, " \t\r\n/>")
			return string(head[:max(end, 0)])
		}
	}
}

// vocData is a folder of VOC files.
type vocData struct {
	root   string // of the annotation files
	images string
	files  []string
	splits map[string]string // by name without extension
	zero   bool
}

func readVOC(at string, o ReadOptions) (*Dataset, error) {
	v := &vocData{root: at, zero: o.ZeroBased, splits: map[string]string{}}
	p, err := newProbe(at)
	if err != nil {
		return nil, err
	}
	if !p.dir {
		v.root, v.files = filepath.Dir(at), []string{filepath.Base(at)}
	} else {
		if sub := filepath.Join(at, "Annotations"); dirExists(sub) {
			v.root = sub
		}
		if v.files, err = filesBelow(v.root, withSuffix(".xml")); err != nil {
			return nil, err
		}
	}
	if len(v.files) == 0 {
		return nil, fmt.Errorf("%w: no XML files", ErrUnrecognised)
	}
	v.images = vocImages(v.root, o)
	for _, s := range []string{"train", "val", "test"} {
		for _, line := range listFile(filepath.Join(filepath.Dir(v.root), "ImageSets", "Main"), s+".txt") {
			v.splits[line] = s
			for _, mark := range []string{" 1", " 0", " -1"} { // lists of one class say whether the photo has it
				if name, ok := strings.CutSuffix(line, mark); ok {
					v.splits[strings.TrimSpace(name)] = s
				}
			}
		}
	}
	ds := &Dataset{log: &problemLog{}, Len: len(v.files)}
	known := o.Classes
	if known == nil {
		known = listFile(filepath.Dir(v.root), "labels.txt", "classes.txt")
	}
	v.zero = v.zero || v.anyZero()
	return ds, ds.namedStream(len(v.files), known, v.photo)
}

func vocImages(root string, o ReadOptions) string {
	if o.Images != "" {
		return o.Images
	}
	if sub := filepath.Join(filepath.Dir(root), "JPEGImages"); dirExists(sub) {
		return sub
	}
	return root
}

// anyZero reports whether a corner of any box is 0, which cannot be in a dataset that counts from 1.
func (v *vocData) anyZero() bool {
	zero := false
	for z := range inOrder(count(len(v.files)), func(i int) bool {
		data, err := readWhole(join(v.root, v.files[i]))
		if err != nil {
			return false
		}
		return hasZero(data, "<xmin>") || hasZero(data, "<ymin>")
	}) {
		zero = zero || z
	}
	return zero
}

func hasZero(data []byte, tag string) bool {
	for {
		i := bytes.Index(data, []byte(tag))
		if i < 0 {
			return false
		}
		data = data[i+len(tag):]
		end := max(bytes.IndexByte(data, '<'), 0)
		if f, err := xmlNumber(string(data[:end])); err == nil && f < 1 {
			return true
		}
	}
}

func dirExists(dir string) bool {
	info, err := os.Stat(dir)
	return err == nil && info.IsDir()
}

// base is what the first pixel is called.
func (v *vocData) base() float64 {
	if v.zero {
		return 0
	}
	return 1
}

var (
	vocPhotoKeys  = set("filename", "size", "object", "state", "verified", "imageData")
	vocObjectKeys = set("name", "bndbox", "polygon")
)

func (v *vocData) photo(i int) namedItem {
	var it namedItem
	file := v.files[i]
	fault := func(n *xmlNode, place string, err error) {
		p := Problem{File: file, Place: place, Err: err}
		if n != nil {
			p.Line = n.line
		}
		it.problems = append(it.problems, p)
	}
	data, err := readWhole(join(v.root, file))
	if err != nil {
		fault(nil, "", err)
		return it
	}
	doc, err := parseXML(data)
	if err != nil {
		fault(nil, "", err)
		if e, ok := err.(*xmlError); ok {
			it.problems[0].Line = e.line
		}
	}
	if doc == nil || doc.name != "annotation" {
		if err == nil {
			fault(doc, "", fmt.Errorf("%w: no <annotation>", ErrSyntax))
		}
		return it
	}
	p := Photo{Split: v.splits[stem(file)]}
	if err := v.photoFields(doc, file, &p); err != nil {
		fault(doc, "filename", err)
		return it
	}
	n := 0
	for _, k := range doc.kids {
		if k.name != "object" {
			continue
		}
		n++
		r, name, err := v.object(k, &p)
		if err != nil {
			fault(k, fmt.Sprintf("object[%d]", n-1), err)
			continue
		}
		r.Class = it.class(name)
		p.Regions = append(p.Regions, r)
	}
	it.photos = []Photo{p}
	return it
}

func (v *vocData) photoFields(doc *xmlNode, file string, p *Photo) error {
	name := doc.value("filename")
	if name == "" {
		name = stem(file) + ".jpg"
	} else {
		name = path.Join(path.Dir(file), path.Base(strings.ReplaceAll(name, `\`, "/")))
	}
	var err error
	if p.File, err = safeName(name); err != nil {
		return err
	}
	p.Path = join(v.images, p.File)
	size := doc.kid("size")
	p.Width, p.Height = pixelCount(size.value("width")), pixelCount(size.value("height"))
	if doc.attr("verified") == "yes" {
		p.State = Checked
	} else {
		p.State = stateOf(doc.attr("state"))
	}
	for _, k := range doc.kids {
		if !vocPhotoKeys[k.name] && !vocDefault(k) {
			keepXML(&p.Extra, k)
		}
	}
	return nil
}

// vocDefault reports whether an element says what the writer says anyway.
func vocDefault(n *xmlNode) bool {
	switch n.name {
	case "folder", "path":
		return true // of another machine or layout
	case "segmented":
		return n.text == "0"
	case "source":
		return n.value("database") == "Unknown" && len(n.kids) == 1
	case "pose":
		return n.text == "Unspecified"
	case "difficult", "occluded":
		return n.text == "0"
	}
	return false
}

func pixelCount(text string) int {
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil || n < 0 || n > maxSide {
		return 0
	}
	return n
}

func (v *vocData) object(n *xmlNode, p *Photo) (annot.Region, string, error) {
	r := annot.Region{Source: annot.Source{Maker: annot.ByFile}}
	name := n.value("name")
	if name == "" {
		return r, "", fmt.Errorf("%w: object without a name", ErrReference)
	}
	if poly := n.kid("polygon"); poly != nil {
		ring, err := v.polygon(poly)
		if err != nil {
			return r, name, err
		}
		r.Shape = annot.Polygon{{Outer: ring}}
		r.Box = r.Shape.Bounds()
	} else {
		b := n.kid("bndbox")
		if b == nil {
			return r, name, fmt.Errorf("%w: object without bndbox", ErrGeometry)
		}
		c, err := xmlNumbers(b.value("xmin"), b.value("ymin"), b.value("xmax"), b.value("ymax"))
		if err != nil {
			return r, name, err
		}
		r.Box = annot.Box{X0: c[0] - v.base(), Y0: c[1] - v.base(), X1: c[2], Y1: c[3]}
	}
	if r.Box.Empty() {
		return r, name, fmt.Errorf("%w: box %v", ErrGeometry, r.Box)
	}
	for _, k := range n.kids {
		if vocObjectKeys[k.name] || vocDefault(k) || k.name == "truncated" && (k.text == "1") == touches(r.Box, p) {
			continue
		}
		keepXML(&r.Extra, k)
	}
	return r, name, nil
}

func (v *vocData) polygon(n *xmlNode) (annot.Ring, error) {
	var ring annot.Ring
	for i := 1; n.kid("x"+strconv.Itoa(i)) != nil; i++ {
		c, err := xmlNumbers(n.value("x"+strconv.Itoa(i)), n.value("y"+strconv.Itoa(i)))
		if err != nil {
			return nil, err
		}
		ring = append(ring, annot.Point{X: c[0] - v.base(), Y: c[1] - v.base()})
	}
	if len(ring) < 3 {
		return nil, fmt.Errorf("%w: outline of %d points", ErrGeometry, len(ring))
	}
	return ring, nil
}

// touches reports whether a box reaches the photo's border, which labelImg calls truncated.
func touches(b annot.Box, p *Photo) bool {
	return b.X0 <= 0 || b.Y0 <= 0 || p.Width > 0 && b.X1 >= float64(p.Width) || p.Height > 0 && b.Y1 >= float64(p.Height)
}

func writeVOC(root string, ds *Dataset, o WriteOptions) (*Report, error) {
	t := newTally(vocCan, ds, o)
	lists := map[string][]string{}
	file := func(p *Photo) string {
		if p.Split != "" {
			lists[p.Split] = append(lists[p.Split], stem(p.File))
		}
		return path.Join("Annotations", stem(p.File)+".xml")
	}
	photo := func(p *Photo) string { return path.Join("JPEGImages", p.File) }
	encode := func(p *Photo, f *fitted) ([]byte, error) { return t.encodeVOC(p, f, ds.Classes), nil }
	if err := t.writeFolder(&layout{root, file, photo, encode}, ds); err != nil {
		return nil, err
	}
	for _, split := range slices.Sorted(maps.Keys(lists)) {
		text := strings.Join(lists[split], "\n") + "\n"
		if err := t.writeText(root, path.Join("ImageSets", "Main", split+".txt"), []byte(text)); err != nil {
			return nil, err
		}
	}
	return t.report(), nil
}

func (t *tally) encodeVOC(p *Photo, f *fitted, classes []annot.Class) []byte {
	var b bytes.Buffer
	b.WriteString("<annotation")
	switch p.State {
	case Checked:
		b.WriteString(` verified="yes"`)
	case Suggested:
		b.WriteString(` state="suggested"`)
	}
	fmt.Fprintf(&b, ">\n<folder>JPEGImages</folder>\n<filename>%s</filename>\n", xmlText(path.Base(p.File)))
	if p.Extra["source"] == nil {
		b.WriteString("<source><database>Unknown</database></source>\n")
	}
	fmt.Fprintf(&b, "<size><width>%d</width><height>%d</height><depth>3</depth></size>\n", p.Width, p.Height)
	if p.Extra["segmented"] == nil {
		b.WriteString("<segmented>0</segmented>\n")
	}
	writeXMLExtra(&b, p.Extra, vocPhotoKeys)
	for i := range f.regions {
		t.encodeVOCObject(&b, &f.regions[i], p, classes)
	}
	b.WriteString("</annotation>\n")
	return b.Bytes()
}

func (t *tally) encodeVOCObject(b *bytes.Buffer, r *annot.Region, p *Photo, classes []annot.Class) {
	base := 1
	if t.o.ZeroBased {
		base = 0
	}
	fmt.Fprintf(b, "<object><name>%s</name>", xmlText(classes[r.Class].Name))
	truncated := "0"
	if touches(r.Box, p) {
		truncated = "1"
	}
	for _, d := range [][2]string{{"pose", "Unspecified"}, {"truncated", truncated}, {"difficult", "0"}} {
		if r.Extra[d[0]] == nil {
			fmt.Fprintf(b, "<%s>%s</%s>", d[0], d[1], d[0])
		}
	}
	writeXMLExtra(b, r.Extra, vocObjectKeys)
	fmt.Fprintf(b, "\n<bndbox><xmin>%d</xmin><ymin>%d</ymin><xmax>%d</xmax><ymax>%d</ymax></bndbox>",
		floor(r.Box.X0)+base, floor(r.Box.Y0)+base, ceil(r.Box.X1), ceil(r.Box.Y1))
	if poly, ok := r.Shape.(annot.Polygon); ok {
		b.WriteString("\n<polygon>")
		for i, q := range poly[0].Outer {
			fmt.Fprintf(b, "<x%d>%s</x%d><y%d>%s</y%d>", i+1, appendFloat(nil, q.X+float64(base)), i+1,
				i+1, appendFloat(nil, q.Y+float64(base)), i+1)
		}
		b.WriteString("</polygon>")
	}
	b.WriteString("</object>\n")
}

// wholeSlack is how far, in pixels, a corner may lie from a whole number by the rounding of another format
// without being moved to the next.
const wholeSlack = 1e-3

func floor(v float64) int { return int(math.Floor(v + wholeSlack)) }
func ceil(v float64) int  { return int(math.Ceil(v - wholeSlack)) }

// writeXMLExtra writes the unknown fields that XML can hold as elements.
func writeXMLExtra(b *bytes.Buffer, extra map[string]json.RawMessage, taken map[string]bool) {
	for _, k := range slices.Sorted(maps.Keys(extra)) {
		if !taken[k] && xmlName(k) {
			writeXMLValue(b, k, extra[k])
		}
	}
}

func writeXMLValue(b *bytes.Buffer, name string, v json.RawMessage) {
	if text, ok := plainText(v); ok {
		fmt.Fprintf(b, "<%s>%s</%s>", name, xmlText(text), name)
		return
	}
	var nested struct{ XML string }
	var list []json.RawMessage
	switch {
	case json.Unmarshal(v, &list) == nil:
		for _, e := range list {
			if len(e) > 0 && e[0] != '[' {
				writeXMLValue(b, name, e)
			}
		}
	case json.Unmarshal(v, &nested) == nil && nested.XML != "":
		// Only what parses may go into the file as it is.
		if n, err := parseXML([]byte("<v>" + nested.XML + "</v>")); err == nil {
			n.name = name
			n.write(b)
		}
	}
}
