package format

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"

	"github.com/saysee/saysee/annot"
)

// cvat-video: CVAT's "video 1.1" XML: labels in <meta>, then a <track> for each thing, with a shape for each frame in
// which it is seen, and one marked outside="1" in the first frame in which it is not. Between two shapes of a track
// boxes move evenly, so that files need only hold keyframes. Frames begin at 0 and have no names: the writer notes
// names and sizes in <frames>, which CVAT passes over; without it they are frame_000000.PNG, as CVAT calls them.
// (docs.cvat.ai, XML annotation format 1.1.) A region without a track is one of a single frame, with a negative id.
var (
	cvatVideoFormat = Format{
		Name: "cvat-video", Title: "CVAT video XML 1.1", File: "cvat-video.xml", Can: cvatVideoCan, read: readCVATVideo,
		write: writeCVATVideo, recognise: recogniseCVATVideo,
	}

	cvatVideoCan = Capabilities{
		Boxes: true, Polygons: true, Points: true, Lines: true, Fractions: true, Overlaps: true, Instances: true,
		Tracks: true, Sizes: true, EmptyPhotos: true, ClassTable: true, Folders: true, Extra: true,
	}
)

func recogniseCVATVideo(p *probe) string {
	is := func(head []byte) bool {
		if rootElement(head) != "annotations" || nextImage(head, 0) >= 0 {
			return false
		}
		return bytes.Contains(head, []byte("<track ")) || bytes.Contains(head, []byte("<mode>interpolation</mode>"))
	}
	if !p.dir {
		if is(p.head) {
			return "an <annotations> element with tracks"
		}
		return ""
	}
	names, heads := p.sample(withSuffix(".xml"))
	if len(heads) == 1 && is(heads[0]) {
		return names[0] + " has an <annotations> element with tracks"
	}
	return ""
}

// maxFilled is how many regions a file's keyframes may make between them: twenty in each frame of an hour.
const maxFilled = 2_000_000

// cvatVideo is a file that is read.
type cvatVideo struct {
	source
	root   string
	frames []Photo
	// by frame: regions whose Class is an index into names
	items  map[int]*namedItem
	filled int // regions between keyframes
	log    *problemLog
}

func readCVATVideo(at string, o ReadOptions) (*Dataset, error) {
	file, err := oneFile(at, ".xml")
	if err != nil {
		return nil, err
	}
	data, err := readWhole(file)
	if err != nil {
		return nil, err
	}
	doc, err := parseXML(data)
	if doc == nil || doc.name != "annotations" {
		return nil, fmt.Errorf("%w: no <annotations>", ErrSyntax)
	}
	c := &cvatVideo{source: source{file, data}, items: map[int]*namedItem{}, log: &problemLog{}}
	if err != nil {
		c.log.add(Problem{File: file, Err: err})
	}
	task := cvatTask(doc)
	c.readFrames(task)
	for n, k := range doc.kids {
		if k.name == "track" {
			c.track(n, k)
		}
	}
	known := o.Classes
	if known == nil {
		known = cvatLabels(data)
	}
	ds := &Dataset{log: c.log, Len: len(c.frames)}
	c.root = imagesRoot(file, len(c.frames), func(i int) item { return c.photo(i).item }, o)
	return ds, ds.namedStream(len(c.frames), known, c.photo)
}

// cvatTask returns the element that tells of the video: a task, or a job of one.
func cvatTask(doc *xmlNode) *xmlNode {
	meta := doc.kid("meta")
	for _, name := range []string{"task", "job", "project"} {
		if k := meta.kid(name); k != nil {
			return k
		}
	}
	return meta
}

// readFrames lists the frames: those that are named, or as many as the task has.
func (c *cvatVideo) readFrames(task *xmlNode) {
	for _, k := range task.kid("frames").children() {
		p := Photo{Width: pixelCount(k.attr("width")), Height: pixelCount(k.attr("height"))}
		var err error
		if p.File, err = safeName(k.attr("name")); err != nil {
			c.log.add(Problem{File: c.file, Line: k.line, Err: err})
			p.File = cvatFrame(len(c.frames))
		}
		c.frames = append(c.frames, p)
	}
	size := task.kid("original_size")
	count, _ := strconv.Atoi(task.value("size"))
	for n := len(c.frames); n < min(count, maxSequence); n++ {
		c.frames = append(c.frames, Photo{File: cvatFrame(n), Width: pixelCount(size.value("width")), Height: pixelCount(size.value("height"))})
	}
}

func cvatFrame(n int) string { return fmt.Sprintf("frame_%06d.PNG", n) }

// children returns the elements in n, none for nil.
func (n *xmlNode) children() []*xmlNode {
	if n == nil {
		return nil
	}
	return n.kids
}

// track reads one <track>.
func (c *cvatVideo) track(n int, t *xmlNode) {
	id, err := strconv.Atoi(t.attr("id"))
	number := id + 1
	if err != nil || id < 0 {
		number = 0
	}
	var before *annot.Region
	last := -1
	for k, e := range t.kids {
		frame, err := strconv.Atoi(e.attr("frame"))
		if err == nil && (frame < 0 || frame >= maxSequence) {
			err = fmt.Errorf("%w: frame %d", ErrReference, frame)
		}
		var made []labelmeShape
		if err == nil {
			made, err = cvatShape(e.inTrack(t))
		}
		if err != nil {
			c.log.add(Problem{File: c.file, Line: e.line, Place: fmt.Sprintf("track[%d].%s[%d]", n, e.name, k), Err: err})
			continue
		}
		for i := range made {
			r := made[i].Region
			r.Track = number
			if before != nil && len(made) == 1 {
				c.between(t.attr("label"), *before, r, last, frame)
			}
			before, last = &r, frame
			if e.attr("outside") == "1" {
				before = nil
				continue
			}
			c.put(t.attr("label"), r, frame)
		}
	}
}

// inTrack returns the shape's element with what stands on its track.
func (n *xmlNode) inTrack(t *xmlNode) *xmlNode {
	e := *n
	e.attrs = append(slices.Clip(slices.Clone(n.attrs)),
		xml.Attr{Name: xml.Name{Local: "label"}, Value: t.attr("label")}, xml.Attr{Name: xml.Name{Local: "source"}, Value: t.attr("source")})
	return &e
}

// between fills the frames between two shapes of a track: boxes move, other shapes wait.
func (c *cvatVideo) between(label string, a, b annot.Region, from, to int) {
	for n := from + 1; n < to; n++ {
		if c.filled++; c.filled > maxFilled {
			return
		}
		r := a.Clone()
		if a.Shape == nil && b.Shape == nil {
			at := float64(n-from) / float64(to-from)
			mix := func(x, y float64) float64 { return x + (y-x)*at }
			r.Box = annot.Box{X0: mix(a.Box.X0, b.Box.X0), Y0: mix(a.Box.Y0, b.Box.Y0), X1: mix(a.Box.X1, b.Box.X1), Y1: mix(a.Box.Y1, b.Box.Y1)}
		}
		c.put(label, r, n)
	}
}

// put adds a region to a frame.
func (c *cvatVideo) put(label string, r annot.Region, frame int) {
	for n := len(c.frames); n <= frame; n++ {
		c.frames = append(c.frames, Photo{File: cvatFrame(n)})
	}
	it := c.items[frame]
	if it == nil {
		it = &namedItem{}
		c.items[frame] = it
	}
	r.Class = it.class(label)
	p := &c.frames[frame]
	p.Regions = append(p.Regions, r)
}

func (c *cvatVideo) photo(i int) namedItem {
	p := c.frames[i]
	p.Path = join(c.root, p.File)
	p.Regions = slices.Clone(p.Regions)
	it := namedItem{item: item{photos: []Photo{p}}}
	if at := c.items[i]; at != nil {
		it.names = at.names
	}
	return it
}

// cvatKey tells tracks of the written file apart: CVAT's have one label, and one shape a frame.
type cvatKey struct{ track, class, copy int }

// cvatSight is a thing in a frame.
type cvatSight struct {
	frame  int
	region annot.Region
}

// cvatTracks gathers the tracks of a video.
type cvatTracks struct {
	frames []Photo
	order  []cvatKey
	sights map[cvatKey][]cvatSight
	single int // regions without a track
}

func writeCVATVideo(file string, ds *Dataset, o WriteOptions) (*Report, error) {
	t := newTally(cvatVideoCan, ds, o)
	v := cvatTracks{sights: map[cvatKey][]cvatSight{}}
	type fitting struct {
		fitted
		photo Photo
	}
	for f, err := range inOrder(ds.Photos, func(p Photo) fitting { return fitting{t.fit(&p), p} }) {
		if err != nil {
			return nil, err
		}
		v.add(f.photo, f.regions)
		t.count(&f.fitted)
	}
	tracks := func(yield func(encoded, error) bool) {
		for _, k := range v.order {
			if !yield(encoded{image: v.track(k, ds.Classes)}, nil) {
				return
			}
		}
	}
	photos := t.rep.Photos
	rep, err := t.writeStream(file, v.head(ds.Classes), tracks, "", []byte("</annotations>\n"))
	if err != nil {
		return nil, err
	}
	rep.Photos = photos // a track is none
	return rep, nil
}

func (v *cvatTracks) add(p Photo, regions []annot.Region) {
	n := len(v.frames)
	p.Regions = nil
	v.frames = append(v.frames, p)
	for _, r := range regions {
		k := cvatKey{track: r.Track, class: r.Class}
		if r.Track <= 0 {
			v.single++
			k.track = -v.single
		}
		for ; ; k.copy++ { // two things of one number in a frame cannot share a track
			if s := v.sights[k]; len(s) == 0 || s[len(s)-1].frame < n {
				break
			}
		}
		if v.sights[k] == nil {
			v.order = append(v.order, k)
		}
		v.sights[k] = append(v.sights[k], cvatSight{n, r})
	}
}

func (v *cvatTracks) head(classes []annot.Class) []byte {
	var b bytes.Buffer
	b.WriteString("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<annotations>\n<version>1.1</version>\n<meta><task>")
	fmt.Fprintf(&b, "<size>%d</size><mode>interpolation</mode><start_frame>0</start_frame><stop_frame>%d</stop_frame>", len(v.frames), max(len(v.frames)-1, 0))
	writeCVATLabels(&b, classes)
	if len(v.frames) > 0 {
		p := v.frames[0]
		fmt.Fprintf(&b, "<original_size><width>%d</width><height>%d</height></original_size><source>%s</source>\n<frames>\n", p.Width, p.Height, xmlText(path.Dir(p.File)))
		for _, p := range v.frames {
			fmt.Fprintf(&b, "<frame name=\"%s\" width=\"%d\" height=\"%d\"/>\n", xmlText(p.File), p.Width, p.Height)
		}
		b.WriteString("</frames>\n")
	}
	b.WriteString("</task></meta>\n")
	return b.Bytes()
}

// track returns the element of a track.
func (v *cvatTracks) track(k cvatKey, classes []annot.Class) []byte {
	var b bytes.Buffer
	sights := v.sights[k]
	id := k.track
	if id > 0 {
		id--
	}
	fmt.Fprintf(&b, "<track id=\"%d\" label=\"%s\" source=\"%s\">\n", id, xmlText(classes[k.class].Name), xmlText(cvatSource(&sights[0].region)))
	for i, s := range sights {
		writeCVATSight(&b, &s.region, s.frame, false)
		next := len(v.frames)
		if i+1 < len(sights) {
			next = sights[i+1].frame
		}
		if s.frame+1 < next {
			writeCVATSight(&b, &s.region, s.frame+1, true)
		}
	}
	b.WriteString("</track>\n")
	return b.Bytes()
}

func writeCVATSight(b *bytes.Buffer, r *annot.Region, frame int, outside bool) {
	name, geometry := "box", ""
	switch s := r.Shape.(type) {
	case nil:
		geometry = cvatCorners(r.Box)
	case annot.Point:
		name, geometry = "points", cvatText([]annot.Point{s})
	case annot.Line:
		name, geometry = "polyline", cvatText(s)
	case annot.Polygon:
		name, geometry = "polygon", cvatText(s[0].Outer)
		if box, turn, ok := turnedFrom(r, s); ok {
			name, geometry = "box", cvatCorners(box)+fmt.Sprintf(` rotation="%s"`, appendFloat(nil, turn))
		}
	}
	gone := map[bool]string{true: "1", false: "0"}[outside]
	fmt.Fprintf(b, `<%s frame="%d" keyframe="1" outside="%s" occluded="%s" %s z_order="%s">`,
		name, frame, gone, cvatFlag(r, "occluded"), geometry, cvatFlag(r, "z_order"))
	if !outside {
		writeCVATAttributes(b, r.Extra)
	}
	fmt.Fprintf(b, "</%s>\n", name)
}

// writeCVATAttributes writes the fields that have no place of their own.
func writeCVATAttributes(b *bytes.Buffer, extra map[string]json.RawMessage) {
	for _, k := range slices.Sorted(maps.Keys(extra)) {
		if cvatOwn[k] {
			continue
		}
		text, plain := plainText(extra[k])
		if !plain {
			text = string(extra[k]) // lists and objects as JSON, which the reader knows again
		}
		fmt.Fprintf(b, `<attribute name="%s">%s</attribute>`, xmlText(k), xmlText(text))
	}
}

// writeCVATLabels writes the class table.
func writeCVATLabels(b *bytes.Buffer, classes []annot.Class) {
	b.WriteString("<labels>\n")
	for _, c := range classes {
		fmt.Fprintf(b, "<label><name>%s</name>", xmlText(c.Name))
		if c.Color != "" {
			fmt.Fprintf(b, "<color>%s</color>", xmlText(c.Color))
		}
		b.WriteString("<attributes></attributes></label>\n")
	}
	b.WriteString("</labels>\n")
}
