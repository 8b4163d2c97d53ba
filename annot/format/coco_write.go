package format

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/annot/atomic"
)

// imageKeys and annotationKeys are the keys that the writer itself gives.
var (
	cocoImageKeys      = set("id", "imageData", "file_name", "width", "height", metaKey)
	cocoAnnotationKeys = set("id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation", trackKey, scoreKey, metaKey)
	cocoTopKeys        = set("images", "annotations", "categories", "info", "licenses", metaKey)
)

// cocoIDs gives ids to the photos: the one a COCO file gave, as long as it is positive and free, else the
// next. Results refer to photos by these ids, so a round trip must not change them.
type cocoIDs struct {
	used map[int64]struct{}
	last int64
}

func (c *cocoIDs) of(p *Photo) int64 {
	id, err := strconv.ParseInt(string(p.Extra["id"]), 10, 64)
	if _, taken := c.used[id]; err != nil || id <= 0 || taken {
		id = c.last + 1
	}
	c.used[id] = struct{}{}
	c.last = max(c.last, id)
	return id
}

// categoryIDs returns the ids of the classes: those that a COCO file gave when all are positive and
// different, else 1, 2, ….
func categoryIDs(ds *Dataset) []int64 {
	ids := make([]int64, len(ds.Classes))
	used := map[int64]bool{}
	for i := range ids {
		ids[i] = int64(i + 1)
		if i < len(ds.ClassExtra) {
			id, err := strconv.ParseInt(string(ds.ClassExtra[i]["id"]), 10, 64)
			if err == nil && id > 0 && !used[id] {
				ids[i], used[id] = id, true
			}
		}
	}
	if len(used) == len(ids) {
		return ids
	}
	for i := range ids {
		ids[i] = int64(i + 1)
	}
	return ids
}

// numbered is a photo with the id that the file will give it.
type numbered struct {
	Photo
	id int64
}

// encoded is a photo as text.
type encoded struct {
	image   []byte
	objects [][]byte // annotations, but for {"id":n at their beginning
	fitted
}

func writeCOCO(path string, ds *Dataset, o WriteOptions) (*Report, error) {
	out, err := atomic.Create(path)
	if err != nil {
		return nil, err
	}
	defer out.Abort()
	w := bufio.NewWriterSize(out, 1<<20)
	rep, err := encodeCOCO(w, ds, o)
	if err != nil {
		return nil, err
	}
	if err := w.Flush(); err != nil {
		return nil, err
	}
	rep.Files = 1
	return rep, out.Commit()
}

// encodeCOCO writes the lists in the order categories, annotations, images: annotations go out as they
// come, and only the short entries of the photos wait in memory.
func encodeCOCO(w io.Writer, ds *Dataset, o WriteOptions) (*Report, error) {
	t := newTally(cocoCan, ds, o)
	categories := categoryIDs(ds)
	ids := cocoIDs{used: map[int64]struct{}{}}
	given := func(yield func(numbered, error) bool) {
		for p, err := range ds.Photos {
			if !yield(numbered{p, ids.of(&p)}, err) {
				return
			}
		}
	}
	encode := func(n numbered) encoded { return t.encodeCOCO(&n, categories) }

	b := append([]byte{'{'}, cocoHead(ds, categories)...)
	b = append(b, ",\n\"annotations\":["...)
	var images []byte
	n := 0
	for e, err := range inOrder(given, encode) {
		if err != nil {
			return nil, err
		}
		t.count(&e.fitted)
		for _, obj := range e.objects {
			if n++; n > 1 {
				b = append(b, ',')
			}
			b = append(b, "\n{\"id\":"...)
			b = strconv.AppendInt(b, int64(n), 10)
			b = append(b, obj...)
		}
		if len(images) > 0 {
			images = append(images, ',')
		}
		images = append(append(images, '\n'), e.image...)
		if _, err := w.Write(b); err != nil {
			return nil, err
		}
		b = b[:0]
	}
	b = append(b, "],\n\"images\":["...)
	if _, err := w.Write(append(append(b, images...), "]}\n"...)); err != nil {
		return nil, err
	}
	return t.report(), nil
}

// cocoHead returns info, licenses, unknown fields and categories, without the brace before.
func cocoHead(ds *Dataset, ids []int64) []byte {
	field := func(b []byte, key, otherwise string) []byte {
		b = append(append(b, '"'), key...)
		b = append(b, `":`...)
		if raw := ds.Extra[key]; json.Valid(raw) {
			return append(b, raw...)
		}
		return append(b, otherwise...)
	}
	b := field(nil, "info", `{"description":"","version":"1.0"}`)
	b = append(field(append(b, ",\n"...), "licenses", "[]"), appendExtra(nil, ds.Extra, cocoTopKeys)...)
	b = append(b, ",\n\"categories\":["...)
	for i, c := range ds.Classes {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, "\n{\"id\":"...)
		b = strconv.AppendInt(b, ids[i], 10)
		b = appendText(append(b, `,"name":`...), c.Name)
		var extra map[string]json.RawMessage
		if i < len(ds.ClassExtra) {
			extra = maps.Clone(ds.ClassExtra[i])
		}
		if extra["supercategory"] == nil {
			b = append(b, `,"supercategory":""`...)
		}
		b = appendExtra(b, extra, set("id", "name", metaKey))
		b = append(appendClassMeta(b, c), '}')
	}
	return append(b, ']')
}

func (t *tally) encodeCOCO(n *numbered, categories []int64) encoded {
	p := &n.Photo
	e := encoded{fitted: t.fit(p)}
	b := strconv.AppendInt([]byte(`{"id":`), n.id, 10)
	b = appendText(append(b, `,"file_name":`...), p.File)
	b = strconv.AppendInt(append(b, `,"width":`...), int64(p.Width), 10)
	b = strconv.AppendInt(append(b, `,"height":`...), int64(p.Height), 10)
	b = appendExtra(b, p.Extra, cocoImageKeys)
	e.image = append(appendPhotoMeta(b, p), '}')
	var size extent
	buf := make([]byte, 0, textSize(e.regions))
	e.objects = make([][]byte, 0, len(e.regions))
	for i := range e.regions {
		r := &e.regions[i]
		at := len(buf)
		buf = strconv.AppendInt(append(buf, `,"image_id":`...), n.id, 10)
		buf = strconv.AppendInt(append(buf, `,"category_id":`...), categories[r.Class], 10)
		buf = appendCOCOShape(buf, r, p, &size)
		buf = appendExtra(buf, r.Extra, cocoAnnotationKeys)
		if r.Track != 0 {
			buf = strconv.AppendInt(append(buf, `,"track_id":`...), int64(r.Track), 10)
		}
		rest := *r
		rest.Track = 0
		buf = append(appendRegionMeta(buf, &rest), '}')
		e.objects = append(e.objects, slices.Clip(buf[at:]))
	}
	return e
}

// textSize guesses how many bytes regions take as text.
func textSize(rs []annot.Region) int {
	n := 0
	for i := range rs {
		n += 200
		if poly, ok := rs[i].Shape.(annot.Polygon); ok {
			for _, part := range poly {
				n += 16 * len(part.Outer)
			}
		}
	}
	return n
}

// appendCOCOShape appends bbox, area, iscrowd and segmentation. Area and bbox of an outline or mask are
// those of the pixels that COCO's own tools count for it.
func appendCOCOShape(b []byte, r *annot.Region, p *Photo, e *extent) []byte {
	area, box := r.Box.Area(), r.Box
	switch s := r.Shape.(type) {
	case annot.Polygon:
		n, tight := e.of(s, p.Width, p.Height)
		if area = float64(n); n > 0 {
			box = tight
		}
	case annot.Mask:
		area, box = float64(s.Area()), bounds(s)
	}
	crowd := r.Extra["iscrowd"] != nil
	b = appendXYWH(append(b, `,"bbox":`...), box)
	b = appendFloat(append(b, `,"area":`...), area)
	b = append(b, `,"iscrowd":0`...)
	if crowd {
		b[len(b)-1] = '1'
	}
	b = append(b, `,"segmentation":`...)
	switch s := r.Shape.(type) {
	case annot.Polygon:
		for i, part := range s {
			b = append(b, "[,"[min(i, 1)], '[')
			b = append(appendPoints(b, part.Outer), ']')
		}
		return append(b, ']')
	case annot.Mask:
		return appendRLE(b, s, p.Width, p.Height, crowd)
	}
	return append(b, '[', ']')
}

// appendRLE appends {"size":[h,w],"counts":…}, with a list of runs for a crowd as in COCO's own files,
// and the compressed string otherwise.
func appendRLE(b []byte, m annot.Mask, w, h int, list bool) []byte {
	b = fmt.Appendf(b, `{"size":[%d,%d],"counts":`, h, w)
	runs := m.FullRuns(w, h)
	if !list {
		return append(appendText(b, annot.EncodeRLE(runs)), '}')
	}
	b = append(b, '[')
	for i, n := range runs {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, uint64(n), 10)
	}
	return append(b, ']', '}')
}

// appendXYWH appends [x,y,w,h].
func appendXYWH(b []byte, box annot.Box) []byte {
	b = appendFloat(append(b, '['), box.X0)
	b = appendFloat(append(b, ','), box.Y0)
	b = appendFloat(append(b, ','), box.W())
	b = appendFloat(append(b, ','), box.H())
	return append(b, ']')
}
