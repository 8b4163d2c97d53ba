package format

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/saysee/saysee/annot"
)

// YOLO: one text file a photo, a row an object, coordinates as fractions of the photo's full width and
// height. Classes are numbers from 0, named in data.yaml and classes.txt. A row is
//
//	class cx cy w h              yolo
//	class x y x y x y …          yolo-seg, at least three corners
//	class x y x y x y x y        yolo-obb, four corners
//
// Readers take all three, and one more number behind: a score when it has a decimal point, else CVAT's
// track id. (ultralytics' verify_image_label; docs.ultralytics.com/datasets.)
var (
	yoloFormat    = Format{Name: "yolo", Title: "YOLO detection", Can: yoloCan, read: readYOLO, write: writeYOLO(yoloCan), recognise: recogniseYOLO(yoloKindBox)}
	yoloSegFormat = Format{Name: "yolo-seg", Title: "YOLO segmentation", Can: yoloSegCan, read: readYOLO, write: writeYOLO(yoloSegCan), recognise: recogniseYOLO(yoloKindOutline)}
	yoloOBBFormat = Format{Name: "yolo-obb", Title: "YOLO oriented boxes", Can: yoloOBBCan, read: readYOLO, write: writeYOLO(yoloOBBCan), recognise: recogniseYOLO(yoloKindRotated)}

	yoloCan    = yoloBase(Capabilities{Boxes: true})
	yoloSegCan = yoloBase(Capabilities{Polygons: true})
	yoloOBBCan = yoloBase(Capabilities{Rotated: true})
)

func yoloBase(c Capabilities) Capabilities {
	c.Fractions, c.Overlaps, c.Instances = true, true, true
	c.Splits, c.EmptyPhotos, c.Unlabelled, c.ClassTable, c.Folders = true, true, true, true, true
	return c
}

// What the rows of a file look like.
const (
	yoloKindBox     = "boxes"
	yoloKindOutline = "outlines"
	yoloKindRotated = "rotated boxes"
)

func recogniseYOLO(kind string) func(p *probe) string {
	return func(p *probe) string {
		if !p.dir {
			if ext := path.Ext(p.path); kind == yoloKindBox && (ext == ".yaml" || ext == ".yml") && bytes.Contains(p.head, []byte("names:")) {
				return "a YAML file with names"
			}
			return ""
		}
		names, heads := p.sample(func(n string) bool { return isYOLOLabel(n) })
		for i, head := range heads {
			if k := rowKind(head); k != "" {
				if k == kind {
					return fmt.Sprintf("rows of %s in %s", k, names[i])
				}
				return ""
			}
		}
		if kind == yoloKindBox && slices.ContainsFunc(p.names, func(n string) bool { return n == "data.yaml" }) {
			return "data.yaml"
		}
		return ""
	}
}

// isYOLOLabel reports whether a text file may hold rows: one in a folder labels, or beside photos.
func isYOLOLabel(name string) bool {
	if !withSuffix(".txt")(name) {
		return false
	}
	base := path.Base(name)
	return !notLabels[base] && !strings.HasPrefix(base, "README") && !strings.HasPrefix(base, "requirements")
}

var notLabels = set("classes.txt", "labels.txt", "labelmap.txt", "train.txt", "val.txt", "valid.txt", "test.txt", "obj.names", "predefined_classes.txt")

// rowKind tells what the rows of a label file are, empty when they are none. Four corners are taken for
// an outline when the sides are upright, as a box drawn in segmentation is.
func rowKind(head []byte) string {
	kind := ""
	for _, line := range lines(head) {
		v, err := yoloNumbers(line)
		switch {
		case err != nil || len(v) < 5:
			return ""
		case len(v) <= 6:
			kind = yoloKindBox
		case len(v) == 9 && (v[1] != v[7] || v[2] != v[4]) && (v[1] != v[3] || v[2] != v[8]):
			return yoloKindRotated
		default:
			return yoloKindOutline
		}
	}
	return kind
}

func yoloNumbers(line string) ([]float64, error) {
	fields := strings.Fields(line)
	v := make([]float64, len(fields))
	for i, f := range fields {
		var err error
		if v[i], err = strconv.ParseFloat(f, 64); err != nil {
			return nil, fmt.Errorf("%w: %q is no number", ErrSyntax, f)
		}
	}
	return v, nil
}

// yoloConfig is what data.yaml says.
type yoloConfig struct {
	names  []string
	splits map[string]string // folder of photos to split
}

// yoloData opens a dataset of YOLO's layout.
type yoloData struct {
	root   string
	o      ReadOptions
	names  []string
	photos []yoloPhoto
}

type yoloPhoto struct {
	file, split  string
	image, label string // slash paths below root, empty when missing
}

func readYOLO(at string, o ReadOptions) (*Dataset, error) {
	root, config := at, ""
	if info, err := os.Stat(at); err != nil {
		return nil, err
	} else if !info.IsDir() {
		root, config = filepath.Dir(at), at
	} else {
		config = findConfig(at)
	}
	y := &yoloData{root: root, o: o}
	ds := &Dataset{log: &problemLog{}}
	c, problems := readConfig(config)
	ds.log.add(problems...)
	if y.names = c.names; y.names == nil {
		y.names = numberedFile(root, "classes.txt", "obj.names", "labels/classes.txt")
	}
	if o.Classes != nil {
		y.names = o.Classes
	}
	if err := y.find(c); err != nil {
		return nil, err
	}
	if len(y.photos) == 0 {
		return nil, fmt.Errorf("%w: no photos and no label files", ErrUnrecognised)
	}
	y.names = y.completeNames()
	ds.Classes, ds.Len = newClassTable(nil).classes, len(y.photos)
	for i, n := range y.names {
		if n == "" {
			n = "class " + strconv.Itoa(i)
		}
		ds.Classes = append(ds.Classes, annot.NamedClass(n))
	}
	ds.stream(len(y.photos), y.photo)
	return ds, nil
}

func findConfig(root string) string {
	for _, n := range []string{"data.yaml", "data.yml", "dataset.yaml"} {
		if file := filepath.Join(root, n); fileExists(file) {
			return file
		}
	}
	return ""
}

func fileExists(file string) bool {
	info, err := os.Stat(file)
	return err == nil && !info.IsDir()
}

// maxConfigBytes is far more than class names need, and little enough for a YAML parser.
const maxConfigBytes = 4 << 20

// readConfig reads data.yaml. Names may be a list or numbered.
func readConfig(file string) (yoloConfig, []Problem) {
	c := yoloConfig{splits: map[string]string{}}
	if file == "" {
		return c, nil
	}
	fault := func(line int, err error) []Problem { return []Problem{{File: file, Line: line, Err: err}} }
	data, err := os.ReadFile(file)
	if err == nil && len(data) > maxConfigBytes {
		err = ErrTooLarge
	}
	if err != nil {
		return c, fault(0, err)
	}
	var doc struct {
		Path  string    `yaml:"path"`
		Train yaml.Node `yaml:"train"`
		Val   yaml.Node `yaml:"val"`
		Test  yaml.Node `yaml:"test"`
		Names yaml.Node `yaml:"names"`
	}
	if err := yaml.Unmarshal([]byte(utf8Text(withoutBOM(data))), &doc); err != nil {
		return c, fault(0, fmt.Errorf("%w: %w", ErrSyntax, err))
	}
	for _, s := range []struct {
		split string
		node  *yaml.Node
	}{{"test", &doc.Test}, {"val", &doc.Val}, {"train", &doc.Train}} {
		for _, v := range append(slices.Clone(s.node.Content), s.node) {
			if v.Kind == yaml.ScalarNode && v.Value != "" {
				c.splits[path.Clean(filepath.ToSlash(v.Value))] = s.split
			}
		}
	}
	c.names, err = yamlNames(&doc.Names)
	if err != nil {
		return c, fault(doc.Names.Line, err)
	}
	return c, nil
}

// maxClasses bounds numbered names, whose largest number sets the length of the table.
const maxClasses = 1 << 20

func yamlNames(n *yaml.Node) ([]string, error) {
	var names []string
	switch n.Kind {
	case yaml.SequenceNode:
		for _, v := range n.Content {
			names = append(names, v.Value)
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			k, err := strconv.Atoi(n.Content[i].Value)
			if err != nil || k < 0 || k >= maxClasses {
				return names, fmt.Errorf("%w: class number %q", ErrSyntax, n.Content[i].Value)
			}
			for len(names) <= k {
				names = append(names, "class "+strconv.Itoa(len(names)))
			}
			names[k] = n.Content[i+1].Value
		}
	}
	return names, nil
}

// find pairs photos and label files. A label file lies where the photo's path has labels for images.
func (y *yoloData) find(c yoloConfig) error {
	files, err := filesBelow(y.root, func(n string) bool { return isPhoto(n) || isYOLOLabel(n) })
	if err != nil {
		return err
	}
	inLabels := slices.ContainsFunc(files, func(n string) bool { return strings.Contains("/"+n, "/labels/") })
	inImages := slices.ContainsFunc(files, func(n string) bool { return strings.Contains("/"+n, "/images/") })
	at := map[string]int{}
	for _, n := range files {
		text := !isPhoto(n)
		if text && inLabels && !strings.Contains("/"+n, "/labels/") || !text && inImages && !strings.Contains("/"+n, "/images/") {
			continue
		}
		file, split := splitOf(n, text, c)
		key := split + "\x00" + stem(file)
		if i, known := at[key]; known && (text || y.photos[i].image == "") {
			y.photos[i].set(n, file, text)
			continue
		}
		p := yoloPhoto{file: stem(file) + ".jpg", split: split}
		p.set(n, file, text)
		at[key] = len(y.photos)
		y.photos = append(y.photos, p)
	}
	y.uniqueNames()
	return nil
}

func (p *yoloPhoto) set(name, file string, text bool) {
	if text {
		p.label = name
		return
	}
	p.image, p.file = name, file
}

// uniqueNames puts the split before the names of photos that two splits share.
func (y *yoloData) uniqueNames() {
	seen := map[string]bool{}
	for i := range y.photos {
		p := &y.photos[i]
		if seen[p.file] {
			p.file = path.Join(p.split, p.file)
		}
		seen[p.file] = true
	}
	slices.SortStableFunc(y.photos, func(a, b yoloPhoto) int { return strings.Compare(a.file, b.file) })
}

// splitOf returns the photo's name below its images folder and its split, from the path of the photo or
// of its label file: images/train/a.jpg, train/images/a.jpg, or as data.yaml says.
func splitOf(name string, text bool, c yoloConfig) (file, split string) {
	if text {
		name = swapLast(name, "labels", "images")
	}
	for dir, s := range c.splits {
		if rest, ok := strings.CutPrefix(name, dir+"/"); ok && dir != "." && (s == "train" || split == "") {
			file, split = rest, s
		}
	}
	if trainIsAll(c) {
		split = ""
	}
	if split != "" {
		return file, split
	}
	parts := strings.Split(name, "/")
	if i := slices.Index(parts, "images"); i >= 0 && i < len(parts)-1 {
		before, after := parts[:i], parts[i+1:]
		if len(before) > 0 && splitNames[before[len(before)-1]] != "" {
			return path.Join(after...), splitNames[before[len(before)-1]]
		}
		if len(after) > 1 && splitNames[after[0]] != "" {
			return path.Join(after[1:]...), splitNames[after[0]]
		}
		return path.Join(append(before, after...)...), ""
	}
	return name, ""
}

// trainIsAll reports whether data.yaml names one folder for everything, as is done without a split.
func trainIsAll(c yoloConfig) bool { return len(c.splits) == 1 }

var splitNames = map[string]string{"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}

// swapLast replaces the last folder of a name.
func swapLast(name, from, to string) string {
	padded := "/" + name
	if i := strings.LastIndex(padded, "/"+from+"/"); i >= 0 {
		padded = padded[:i] + "/" + to + padded[i+1+len(from):]
	}
	return padded[1:]
}

// completeNames makes up names for the class numbers of a dataset without names.
func (y *yoloData) completeNames() []string {
	if y.names != nil {
		return y.names
	}
	most := -1
	for n := range inOrder(count(len(y.photos)), func(i int) int { return y.highestClass(&y.photos[i]) }) {
		most = max(most, n)
	}
	var names []string
	for i := range most + 1 {
		names = append(names, "class "+strconv.Itoa(i))
	}
	return names
}

func (y *yoloData) highestClass(p *yoloPhoto) int {
	most := -1
	if p.label == "" {
		return most
	}
	data, err := readWhole(join(y.root, p.label))
	if err != nil {
		return most
	}
	for _, line := range lines(data) {
		if v, err := yoloNumbers(line); err == nil && len(v) >= 5 && v[0] >= 0 && v[0] < maxClasses {
			most = max(most, int(v[0]))
		}
	}
	return most
}

// photo reads one photo's rows.
func (y *yoloData) photo(i int) item {
	var it item
	yp := &y.photos[i]
	p := Photo{File: yp.file, Split: yp.split, Unlabelled: yp.label == ""}
	p.Path = join(y.root, yp.image)
	if yp.image == "" {
		p.Path = join(y.root, path.Join(path.Dir(swapLast(yp.label, "labels", "images")), path.Base(yp.file)))
		if y.o.Images != "" {
			p.Path = join(y.o.Images, yp.file)
		}
	}
	fault := func(file string, line int, err error) {
		it.problems = append(it.problems, Problem{File: file, Line: line, Err: err})
	}
	var err error
	if p.Width, p.Height, err = y.o.size(p.Path); err != nil || p.Width <= 0 || p.Height <= 0 || max(p.Width, p.Height) > maxSide {
		fault(yp.file, 0, errors.Join(ErrNoSize, err))
		return it
	}
	it.photos = []Photo{p}
	if yp.label == "" {
		return it
	}
	data, err := readWhole(join(y.root, yp.label))
	if err != nil {
		fault(yp.label, 0, err)
		return it
	}
	for n, line := range lines(data) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		r, err := y.row(line, &p)
		if err != nil {
			fault(yp.label, n+1, err)
		}
		if !r.Box.Empty() {
			p.Regions = append(p.Regions, r)
		}
	}
	it.photos[0] = p
	return it
}

// yoloSlack is how far a fraction may leave [0, 1] by rounding before it is called a fault.
const yoloSlack = 1e-5

// row reads one row. A region that comes with an error is usable nevertheless when its box is not empty.
func (y *yoloData) row(line string, p *Photo) (annot.Region, error) {
	r := annot.Region{Source: annot.Source{Maker: annot.ByFile}}
	v, err := yoloNumbers(line)
	if err != nil {
		return r, err
	}
	if len(v) < 5 {
		return r, fmt.Errorf("%w: a row of %d numbers", ErrSyntax, len(v))
	}
	if v[0] != math.Trunc(v[0]) || v[0] < 0 || v[0] >= float64(len(y.names)) {
		return r, fmt.Errorf("%w: class %g of %d", ErrReference, v[0], len(y.names))
	}
	r.Class = int(v[0])
	if len(v)%2 == 0 {
		fields := strings.Fields(line)
		err = rowExtra(&r, fields[len(fields)-1], v[len(v)-1])
		v = v[:len(v)-1]
	}
	outside, bad := false, false
	for _, f := range v[1:] {
		bad = bad || math.IsNaN(f) || math.IsInf(f, 0)
		outside = outside || f < -yoloSlack || f > 1+yoloSlack
	}
	if bad {
		return r, fmt.Errorf("%w: NaN or infinite coordinates", ErrGeometry)
	}
	r.Box, r.Shape = yoloShape(v[1:], float64(p.Width), float64(p.Height))
	switch {
	case r.Box.Empty():
		return r, fmt.Errorf("%w: width or height is not positive", ErrGeometry)
	case outside:
		return r, fmt.Errorf("%w: outside the photo", ErrGeometry)
	}
	return r, err
}

// yoloShape returns the box of four numbers, or the outline of more.
func yoloShape(v []float64, w, h float64) (annot.Box, annot.Shape) {
	if len(v) == 4 {
		return annot.Box{X0: (v[0] - v[2]/2) * w, Y0: (v[1] - v[3]/2) * h, X1: (v[0] + v[2]/2) * w, Y1: (v[1] + v[3]/2) * h}, nil
	}
	ring := make(annot.Ring, 0, len(v)/2)
	for i := 0; i < len(v); i += 2 {
		ring = append(ring, annot.Point{X: v[i] * w, Y: v[i+1] * h})
	}
	poly := annot.Polygon{{Outer: ring}}
	return poly.Bounds(), poly
}

// rowExtra takes the number behind the coordinates.
func rowExtra(r *annot.Region, text string, v float64) error {
	if !strings.ContainsAny(text, ".eE") {
		r.Track = int(v)
		return nil
	}
	if !(v >= 0 && v <= 1) {
		return fmt.Errorf("%w: score %g outside [0, 1]", ErrGeometry, v)
	}
	r.Score, r.Source.Maker = v, annot.ByModel
	return nil
}

// writeYOLO writes labels/…, images/… when photos are placed, data.yaml and classes.txt.
func writeYOLO(can Capabilities) func(root string, ds *Dataset, o WriteOptions) (*Report, error) {
	return func(root string, ds *Dataset, o WriteOptions) (*Report, error) {
		t := newTally(can, ds, o)
		splits := map[string]bool{}
		label := func(p *Photo) string {
			splits[p.Split] = true
			return path.Join("labels", p.Split, stem(p.File)+".txt")
		}
		photo := func(p *Photo) string { return path.Join("images", p.Split, p.File) }
		encode := func(p *Photo, f *fitted) ([]byte, error) { return encodeYOLO(p, f, can.Rotated), nil }
		if err := t.writeFolder(&layout{root, label, photo, encode}, ds); err != nil {
			return nil, err
		}
		var list bytes.Buffer
		for _, c := range ds.Classes {
			list.WriteString(oneLine(c.Name) + "\n")
		}
		if err := t.writeText(root, "classes.txt", list.Bytes()); err != nil {
			return nil, err
		}
		config, err := yoloYAML(ds.Classes, splits)
		if err != nil {
			return nil, err
		}
		return t.report(), t.writeText(root, "data.yaml", config)
	}
}

// oneLine keeps a name on one line of a list.
func oneLine(name string) string { return strings.Join(strings.FieldsFunc(name, isLineEnd), " ") }

func isLineEnd(r rune) bool { return r == '\n' || r == '\r' }

// yoloYAML returns data.yaml. It has no path, so that readers take the folder that it lies in.
func yoloYAML(classes []annot.Class, splits map[string]bool) ([]byte, error) {
	word := func(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: s} }
	text := func(s string) *yaml.Node {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s, Style: yaml.DoubleQuotedStyle}
	}
	doc := &yaml.Node{Kind: yaml.MappingNode}
	add := func(key string, v *yaml.Node) { doc.Content = append(doc.Content, word(key), v) }
	folder := func(s string) string {
		switch {
		case splits[s]:
			return path.Join("images", s)
		case splits["train"]:
			return "images/train"
		}
		return "images"
	}
	add("train", word(folder("train")))
	add("val", word(folder("val")))
	if splits["test"] {
		add("test", word(folder("test")))
	}
	add("nc", word(strconv.Itoa(len(classes))))
	names := &yaml.Node{Kind: yaml.MappingNode}
	for i, c := range classes {
		names.Content = append(names.Content, word(strconv.Itoa(i)), text(oneLine(c.Name)))
	}
	add("names", names)
	return yaml.Marshal(doc)
}

// yoloUnit is the number of steps in a fraction: eight decimals, under a thousandth of a pixel in any
// photo. (Five, as some tools write, shift a box by 0.04 pixels in a photo 8000 wide.)
const yoloUnit = 100_000_000

func encodeYOLO(p *Photo, f *fitted, rotated bool) []byte {
	if p.Unlabelled && len(f.regions) == 0 {
		return nil
	}
	b := []byte{}
	if (p.Width <= 0 || p.Height <= 0) && len(f.regions) > 0 {
		f.problems = append(f.problems, Problem{File: p.File, Err: ErrNoSize})
		f.regions = nil
		return b
	}
	for i := range f.regions {
		b = appendYOLORow(b, f, i, p, rotated)
	}
	return b
}

// appendYOLORow appends a row. Outlines are cut at the photo's border; the corners of a rotated box, which
// must stay four, are moved to it.
func appendYOLORow(b []byte, f *fitted, i int, p *Photo, rotated bool) []byte {
	r := &f.regions[i]
	whole := annot.Box{X1: float64(p.Width), Y1: float64(p.Height)}
	inside := r.Box.Intersect(whole)
	if inside.Empty() {
		f.problem(i, fmt.Errorf("%w: outside the photo", ErrGeometry))
		return b
	}
	if inside != r.Box {
		f.lose(ClippedAtBorder)
	}
	number := strconv.AppendInt(nil, int64(r.Class), 10)
	if poly, ok := r.Shape.(annot.Polygon); ok {
		ring := poly[0].Outer
		if !rotated {
			ring = clipRing(ring, whole)
		}
		if len(ring) < 3 {
			f.problem(i, fmt.Errorf("%w: outside the photo", ErrGeometry))
			return b
		}
		b = append(b, number...)
		for _, q := range ring {
			b = appendFraction(append(b, ' '), units(q.X, whole.X1))
			b = appendFraction(append(b, ' '), units(q.Y, whole.Y1))
		}
		return append(b, '\n')
	}
	cx, w := centred(inside.X0, inside.X1, whole.X1)
	cy, h := centred(inside.Y0, inside.Y1, whole.Y1)
	b = append(b, number...)
	for _, u := range [...]int64{cx, cy, w, h} {
		b = appendFraction(append(b, ' '), u)
	}
	return append(b, '\n')
}

// units returns v of size as a number of steps of a fraction.
func units(v, size float64) int64 {
	return int64(math.Round(min(max(v/size, 0), 1) * yoloUnit))
}

// centred returns centre and width of [v0, v1] in steps, such that centre ± width/2 are whole steps and
// stay in [0, 1] when they are computed in floating point.
func centred(v0, v1, size float64) (centre, width int64) {
	a, b := units(v0, size), units(v1, size)
	if (a+b)%2 != 0 {
		if b < yoloUnit {
			b++
		} else {
			a++
		}
	}
	if b <= a {
		a, b = max(a-1, 0), max(a-1, 0)+2
	}
	c, w := (a+b)/2, b-a
	for float64(c)/yoloUnit+float64(w)/yoloUnit/2 > 1 || float64(c)/yoloUnit-float64(w)/yoloUnit/2 < 0 {
		w -= 2
	}
	return c, w
}

// appendFraction appends steps as a decimal in [0, 1].
func appendFraction(b []byte, u int64) []byte {
	if u >= yoloUnit {
		return append(b, "1.00000000"...)
	}
	b = append(b, '0', '.')
	digits := strconv.AppendInt(nil, yoloUnit+u, 10)
	return append(b, digits[1:]...)
}

// clipRing returns the part of an outline inside the box (Sutherland and Hodgman, 1974).
func clipRing(r annot.Ring, b annot.Box) annot.Ring {
	sides := []func(p annot.Point) float64{
		func(p annot.Point) float64 { return p.X - b.X0 },
		func(p annot.Point) float64 { return b.X1 - p.X },
		func(p annot.Point) float64 { return p.Y - b.Y0 },
		func(p annot.Point) float64 { return b.Y1 - p.Y },
	}
	for _, inside := range sides {
		var out annot.Ring
		for i, q := range r {
			p := r[(i+len(r)-1)%len(r)]
			dp, dq := inside(p), inside(q)
			if dp < 0 != (dq < 0) {
				t := dp / (dp - dq)
				out = append(out, annot.Point{X: p.X + t*(q.X-p.X), Y: p.Y + t*(q.Y-p.Y)})
			}
			if dq >= 0 {
				out = append(out, q)
			}
		}
		r = out
	}
	return r
}
