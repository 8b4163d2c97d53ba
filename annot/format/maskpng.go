package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/saysee/saysee/annot"
)

// mask-semantic and mask-instance: PNG masks in Pascal VOC's layout. SegmentationClass holds class numbers
// (0 background, class i of the table as i+1), SegmentationObject the number of the region in its photo,
// 255 means "ignore". The palette is VOC's; labelmap.txt names the classes as CVAT wants it. With more
// than 254 classes, or regions in one photo, that file is 16-bit gray without palette, where 65535 means
// "ignore", and labelmap.json names the numbers. Later regions are painted over earlier ones.
var (
	semanticFormat = Format{Name: "mask-semantic", Title: "Mask PNG, classes", Can: semanticCan, read: readMasks, write: writeMasks(semanticCan), recognise: recogniseMasks(false)}
	instanceFormat = Format{Name: "mask-instance", Title: "Mask PNG, instances", Can: instanceCan, read: readMasks, write: writeMasks(instanceCan), recognise: recogniseMasks(true)}

	semanticCan = Capabilities{Masks: true, Parts: true, Holes: AsMask, Fractions: true, Splits: true, Sizes: true, EmptyPhotos: true, ClassTable: true, Folders: true}
	instanceCan = Capabilities{Masks: true, Parts: true, Holes: AsMask, Fractions: true, Instances: true, Splits: true, Sizes: true, EmptyPhotos: true, ClassTable: true, Folders: true}
)

const (
	classFolder  = "SegmentationClass"
	objectFolder = "SegmentationObject"
	ignoreKey    = "ignore" // Photo.Extra: the pixels to ignore, as COCO's RLE
)

func recogniseMasks(instance bool) func(p *probe) string {
	return func(p *probe) string {
		has := func(folder string) bool {
			return slices.ContainsFunc(p.names, func(n string) bool { return strings.HasPrefix(n, folder+"/") })
		}
		if p.dir && has(classFolder) && has(objectFolder) == instance {
			return "a folder " + classFolder
		}
		return ""
	}
}

// vocColor returns a colour of VOC's palette: the bits of the index spread over red, green and blue.
func vocColor(i int) color.RGBA {
	c := color.RGBA{A: 255}
	for shift := 7; shift >= 0; shift-- {
		c.R |= uint8(i>>0&1) << shift
		c.G |= uint8(i>>1&1) << shift
		c.B |= uint8(i>>2&1) << shift
		i >>= 3
	}
	return c
}

func vocPalette() color.Palette {
	p := make(color.Palette, 256)
	for i := range p {
		p[i] = vocColor(i)
	}
	return p
}

// labelmap names the values and colours of class masks.
type labelmap struct {
	names  map[int]string // by value, without background
	colors map[color.RGBA]int
}

// readLabelmap reads labelmap.json, or else labelmap.txt.
func readLabelmap(root string) (*labelmap, []Problem) {
	l := &labelmap{names: map[int]string{}, colors: map[color.RGBA]int{}}
	if data, err := os.ReadFile(filepath.Join(root, "labelmap.json")); err == nil {
		var byValue map[string]string
		if err := json.Unmarshal(withoutBOM(data), &byValue); err != nil {
			return l, []Problem{{File: "labelmap.json", Err: fmt.Errorf("%w: %w", ErrSyntax, err)}}
		}
		for k, name := range byValue {
			if v, err := strconv.Atoi(k); err == nil && v > 0 && v < 1<<16 {
				l.names[v] = name
				l.colors[vocColor(v)] = v
			}
		}
		return l, nil
	}
	var problems []Problem
	value := 0
	for n, line := range listFile(root, "labelmap.txt") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		name, c, err := labelmapLine(line)
		if err != nil {
			problems = append(problems, Problem{File: "labelmap.txt", Line: n + 1, Err: err})
			continue
		}
		background := name == "background" || name == "_background_"
		if !background {
			if value == 0 {
				value = 1 // a table without background
			}
			l.names[value] = name
		}
		if _, double := l.colors[c]; !double {
			l.colors[c] = value
		}
		value++
	}
	return l, problems
}

// labelmapLine reads name:r,g,b:parts:actions.
func labelmapLine(line string) (string, color.RGBA, error) {
	fields := strings.Split(line, ":")
	var r, g, b uint8
	if len(fields) < 2 {
		return "", color.RGBA{}, fmt.Errorf("%w: %q is not name:r,g,b and two fields", ErrSyntax, line)
	}
	if _, err := fmt.Sscanf(fields[1], "%d,%d,%d", &r, &g, &b); err != nil {
		return "", color.RGBA{}, fmt.Errorf("%w: colour %q", ErrSyntax, fields[1])
	}
	return fields[0], color.RGBA{r, g, b, 255}, nil
}

// maskData is a dataset of masks.
type maskData struct {
	root, images string
	files        []string // below classFolder
	photos       map[string]string
	splits       map[string]string
	labels       *labelmap
}

func readMasks(root string, o ReadOptions) (*Dataset, error) {
	m := &maskData{root: root, images: o.Images, splits: map[string]string{}, photos: map[string]string{}}
	var err error
	if m.files, err = filesBelow(filepath.Join(root, classFolder), withSuffix(".png")); err != nil {
		return nil, err
	}
	if len(m.files) == 0 {
		return nil, fmt.Errorf("%w: no PNG in %s", ErrUnrecognised, classFolder)
	}
	if m.images == "" {
		m.images = filepath.Join(root, "JPEGImages")
	}
	m.photos = photosByStem(m.images)
	for _, s := range []string{"train", "val", "test"} {
		for _, line := range listFile(filepath.Join(root, "ImageSets", "Segmentation"), s+".txt") {
			m.splits[line] = s
		}
	}
	ds := &Dataset{log: &problemLog{}, Len: len(m.files)}
	var problems []Problem
	m.labels, problems = readLabelmap(root)
	ds.log.add(problems...)
	known := o.Classes
	for _, v := range slices.Sorted(maps.Keys(m.labels.names)) {
		if o.Classes == nil {
			known = append(known, m.labels.names[v])
		}
	}
	return ds, ds.namedStream(len(m.files), known, m.photo)
}

// photosByStem finds the photos below a folder by their names without extension. A folder that does not
// exist has none.
func photosByStem(root string) map[string]string {
	by := map[string]string{}
	files, err := filesBelow(root, isPhoto)
	if err != nil {
		return by
	}
	for _, f := range files {
		if _, double := by[stem(f)]; !double {
			by[stem(f)] = f
		}
	}
	return by
}

func (m *maskData) photo(i int) namedItem {
	var it namedItem
	file := m.files[i]
	p := Photo{File: m.photos[stem(file)], Split: m.splits[stem(file)]}
	if p.File == "" {
		p.File = stem(file) + ".jpg"
	}
	p.Path = join(m.images, p.File)
	fault := func(folder string, err error) {
		it.problems = append(it.problems, Problem{File: path.Join(folder, file), Err: err})
	}
	class, err := m.load(classFolder, file)
	if err != nil {
		fault(classFolder, err)
		return it
	}
	p.Width, p.Height = class.w, class.h
	object, err := m.load(objectFolder, file)
	if os.IsNotExist(err) {
		object, err = class, nil
	}
	if err == nil && (object.w != class.w || object.h != class.h) {
		err = fmt.Errorf("%w: %d × %d pixels, the class mask has %d × %d", ErrGeometry, object.w, object.h, class.w, class.h)
	}
	if err != nil {
		fault(objectFolder, err)
		object = class
	}
	it.collect(&p, class, object, m.labels)
	it.photos = []Photo{p}
	return it
}

// values is a mask as numbers, row-major.
type values struct {
	w, h, ignore int
	at           []uint16
}

// load decodes a mask to values; a colour mask by the colours of the labelmap.
func (m *maskData) load(folder, file string) (*values, error) {
	data, err := os.ReadFile(join(m.root, path.Join(folder, file)))
	if err != nil {
		return nil, err
	}
	img, err := decodePNG(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	size := img.Bounds().Size()
	v := &values{size.X, size.Y, 255, make([]uint16, size.X*size.Y)}
	value := func(x, y int) int { return indexAt(img, x, y) }
	switch img.(type) {
	case *image.Paletted, *image.Gray:
	case *image.Gray16:
		v.ignore = 1<<16 - 1
	default:
		value = m.colorValues(img)
	}
	for y := range size.Y {
		for x := range size.X {
			v.at[y*size.X+x] = uint16(value(x, y))
		}
	}
	return v, nil
}

// colorValues maps colours to values: those of the labelmap, and numbers of their own from 256 on.
func (m *maskData) colorValues(img image.Image) func(x, y int) int {
	own := maps.Clone(m.labels.colors)
	own[color.RGBA{A: 255}] = 0
	own[vocColor(255)] = 255
	next := 256
	return func(x, y int) int {
		c := color.RGBAModel.Convert(img.At(x+img.Bounds().Min.X, y+img.Bounds().Min.Y)).(color.RGBA)
		v, known := own[c]
		if !known {
			v = min(next, 1<<16-2)
			next++
			own[c] = v
		}
		return v
	}
}

// collect makes a region of every value of object; its class is the most frequent one below it.
func (it *namedItem) collect(p *Photo, class, object *values, l *labelmap) {
	votes := map[uint16]map[uint16]int{}
	boxes := map[uint16]image.Rectangle{}
	for i, v := range object.at {
		if v == 0 {
			continue
		}
		at := image.Pt(i%object.w, i/object.w)
		boxes[v] = boxes[v].Union(image.Rectangle{at, at.Add(image.Pt(1, 1))})
		if votes[v] == nil {
			votes[v] = map[uint16]int{}
		}
		votes[v][class.at[i]]++
	}
	for _, v := range slices.Sorted(maps.Keys(boxes)) {
		m := object.mask(v, boxes[v])
		if int(v) == object.ignore {
			if p.Extra == nil {
				p.Extra = map[string]json.RawMessage{}
			}
			p.Extra[ignoreKey] = appendRLE(nil, m, p.Width, p.Height, false)
			continue
		}
		best := uint16(0)
		for _, c := range slices.Sorted(maps.Keys(votes[v])) {
			if c != 0 && (best == 0 || votes[v][c] > votes[v][best]) {
				best = c
			}
		}
		name := l.names[int(best)]
		if name == "" {
			name = "class " + strconv.Itoa(int(best))
		}
		p.Regions = append(p.Regions, annot.Region{
			Class: it.class(name), Box: m.Bounds(), Shape: m, Source: annot.Source{Maker: annot.ByFile},
		})
	}
}

// mask returns the pixels of one value, which lie in rect.
func (v *values) mask(value uint16, rect image.Rectangle) annot.Mask {
	bits := make([]byte, 0, rect.Dx()*rect.Dy())
	for y := rect.Min.Y; y < rect.Max.Y; y++ {
		for _, at := range v.at[y*v.w+rect.Min.X : y*v.w+rect.Max.X] {
			if at == value {
				bits = append(bits, 1)
			} else {
				bits = append(bits, 0)
			}
		}
	}
	return annot.NewMask(rect, bits)
}

func writeMasks(can Capabilities) func(root string, ds *Dataset, o WriteOptions) (*Report, error) {
	return func(root string, ds *Dataset, o WriteOptions) (*Report, error) {
		if len(ds.Classes) > 1<<16-2 {
			return nil, fmt.Errorf("%w: %d classes", ErrTooLarge, len(ds.Classes))
		}
		t := newTally(can, ds, o)
		lists := map[string][]string{}
		file := func(p *Photo) string {
			if p.Split != "" {
				lists[p.Split] = append(lists[p.Split], stem(p.File))
			}
			return path.Join(classFolder, stem(p.File)+".png")
		}
		photo := func(p *Photo) string { return path.Join("JPEGImages", p.File) }
		encode := func(p *Photo, f *fitted) ([]byte, error) {
			return encodeMasks(root, p, f, len(ds.Classes), can.Instances)
		}
		if err := t.writeFolder(&layout{root, file, photo, encode}, ds); err != nil {
			return nil, err
		}
		for _, split := range slices.Sorted(maps.Keys(lists)) {
			text := strings.Join(lists[split], "\n") + "\n"
			if err := t.writeText(root, path.Join("ImageSets", "Segmentation", split+".txt"), []byte(text)); err != nil {
				return nil, err
			}
		}
		return t.report(), t.writeLabelmap(root, ds.Classes)
	}
}

// writeLabelmap writes labelmap.txt, and labelmap.json where the former's grammar is too narrow.
func (t *tally) writeLabelmap(root string, classes []annot.Class) error {
	text := []byte("# label:color_rgb:parts:actions\nbackground:0,0,0::\n")
	numbers := []byte("{")
	narrow := len(classes) > 254
	for i, c := range classes {
		rgb := vocColor(i + 1)
		name := strings.ReplaceAll(oneLine(c.Name), ":", "_")
		narrow = narrow || name != c.Name || strings.HasPrefix(name, "#") || strings.TrimSpace(name) != name
		text = fmt.Appendf(text, "%s:%d,%d,%d::\n", name, rgb.R, rgb.G, rgb.B)
		if i > 0 {
			numbers = append(numbers, ',')
		}
		numbers = appendText(fmt.Appendf(numbers, "\n\"%d\":", i+1), c.Name)
	}
	if narrow {
		if err := t.writeText(root, "labelmap.json", append(numbers, "\n}\n"...)); err != nil {
			return err
		}
	}
	return t.writeText(root, "labelmap.txt", text)
}

// encodeMasks returns the class mask and, for instances, writes the object mask.
func encodeMasks(root string, p *Photo, f *fitted, classes int, instances bool) ([]byte, error) {
	if p.Width <= 0 || p.Height <= 0 || p.Width > maxMaskPixels/p.Height {
		f.problems = append(f.problems, Problem{File: p.File, Err: ErrNoSize})
		f.regions = nil
		return nil, nil
	}
	var ignore *annot.Mask
	if raw := p.Extra[ignoreKey]; raw != nil {
		s := scanner{b: raw}
		if m, err := s.rle(p.Width, p.Height); err == nil {
			ignore = &m
		}
	}
	if instances {
		if len(f.regions) > 1<<16-2 {
			return nil, fmt.Errorf("%w: %d regions in %s", ErrTooLarge, len(f.regions), p.File)
		}
		data, err := paint(p, f, len(f.regions), ignore, func(i int) int { return i + 1 })
		if err != nil {
			return nil, err
		}
		if err := writeBelow(root, path.Join(objectFolder, stem(p.File)+".png"), data); err != nil {
			return nil, err
		}
	}
	return paint(p, f, classes, ignore, func(i int) int { return f.regions[i].Class + 1 })
}

// paint draws the regions with their values, up to most, into a PNG.
func paint(p *Photo, f *fitted, most int, ignore *annot.Mask, value func(i int) int) ([]byte, error) {
	rect := image.Rect(0, 0, p.Width, p.Height)
	var img image.Image
	var set func(at, v int)
	none := 255
	if most > 254 {
		none = 1<<16 - 1
		m := image.NewGray16(rect)
		img, set = m, func(at, v int) { m.Pix[2*at], m.Pix[2*at+1] = byte(v>>8), byte(v) }
	} else {
		m := image.NewPaletted(rect, vocPalette())
		img, set = m, func(at, v int) { m.Pix[at] = byte(v) }
	}
	draw := func(m annot.Mask, v int) {
		for s := range m.Clip(p.Width, p.Height).Spans() {
			for y := s.Y0; y < s.Y1; y++ {
				set(y*p.Width+s.X, v)
			}
		}
	}
	for i := range f.regions {
		draw(f.regions[i].Shape.(annot.Mask), value(i))
	}
	if ignore != nil {
		draw(*ignore, none)
	}
	var b bytes.Buffer
	err := png.Encode(&b, img)
	return b.Bytes(), err
}
