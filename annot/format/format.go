package format

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ReadOptions changes how a format is read. The zero value suits what the format's own tools write.
type ReadOptions struct {
	// Images is the folder that photo names are relative to. Empty means the format's own rule, or the
	// folder of the annotations.
	Images string
	// Classes are the class names in their order, for files that have names but no table. Names that it
	// lacks are appended.
	Classes []string
	// Reference is a COCO file that gives the image and category ids of coco-results.
	Reference string
	// ZeroBased says that Pascal VOC corners begin at 0 although none of them is 0.
	ZeroBased bool
	// Size returns the EXIF-upright size of a photo file, for formats that do not record it. Nil means
	// PhotoSize.
	Size func(path string) (w, h int, err error)
}

func (o ReadOptions) size(path string) (w, h int, err error) {
	if o.Size != nil {
		return o.Size(path)
	}
	return PhotoSize(path)
}

// Outline is what becomes of holes and of several parts where a format has only plain outlines.
type Outline uint8

// The choices for outlines.
const (
	Bridge  Outline = iota // one outline, its holes and parts joined by zero-width double lines
	Split                  // one region for each part, holes bridged
	Largest                // the largest part alone, holes filled
)

// PhotoFiles is what a writer does with the photos of a dataset whose layout includes them.
type PhotoFiles uint8

// The choices for photo files.
const (
	LeavePhotos PhotoFiles = iota // write annotations only
	CopyPhotos                    // copy each photo to its place in the layout
	LinkPhotos                    // hard link, or copy where that is impossible
)

// WriteOptions changes how a format is written.
type WriteOptions struct {
	Outlines Outline
	// Reference is a COCO file that gives the image and category ids of coco-results. Empty means that a
	// matching COCO file is written beside the results.
	Reference string
	// ZeroBased writes Pascal VOC corners from 0, as labelImg does, instead of from 1.
	ZeroBased bool
	// Photos says whether photos are put into the layout of YOLO, VOC, DOTA and mask datasets.
	Photos PhotoFiles
	// SkipEmpty writes no label file for a photo that has no regions, where the default is an empty
	// one (background, confirmed) unless the photo is marked Unlabelled.
	SkipEmpty bool
	// FPS is how many frames a second a video has, for formats that say so; 0 for 30.
	FPS float64
	// BOM puts a byte order mark before CSV, so that Excel reads it as UTF-8.
	BOM bool
}

// Report is what a writer did.
type Report struct {
	Photos, Regions, Files int
	Losses                 []Loss    // what the format could not hold
	Problems               []Problem // faults of the given data, such as a class outside the table
}

// Format is one annotation format.
type Format struct {
	Name  string // as given to Lookup, such as "yolo-seg"
	Title string // for people
	File  string // the usual name of its one file; empty for a format that is a folder
	Can   Capabilities

	read      func(path string, o ReadOptions) (*Dataset, error)
	write     func(path string, ds *Dataset, o WriteOptions) (*Report, error)
	recognise func(p *probe) string
}

// Read opens the dataset at path, a file or a folder. Photos are read when the dataset's stream is
// ranged over.
func (f *Format) Read(path string, o ReadOptions) (*Dataset, error) {
	if usual := filepath.Join(path, f.File); f.File != "" && fileExists(usual) {
		path = usual
	}
	ds, err := f.read(path, o)
	if err != nil {
		return nil, fmt.Errorf("read %s %s: %w", f.Name, path, err)
	}
	return ds, nil
}

// Write writes the dataset to path. For a format of one file, path is that file, or a folder in which the
// file gets its usual name; for the others it is the folder. Missing folders are made. Every file appears
// whole or not at all; other files in the folder stay.
func (f *Format) Write(path string, ds *Dataset, o WriteOptions) (*Report, error) {
	if f.File != "" && dirExists(path) {
		path = filepath.Join(path, f.File)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, fmt.Errorf("write %s: %w", f.Name, err)
	}
	rep, err := f.write(path, ds, o)
	if err != nil {
		return nil, fmt.Errorf("write %s %s: %w", f.Name, path, err)
	}
	return rep, nil
}

// formats lists all formats; Recognise asks them in this order, the most particular first.
func formats() []*Format {
	return []*Format{
		&flatFormat, &cocoFormat, &resultsFormat, &labelStudioFormat, &odvgFormat, &csvFormat, &cvatVideoFormat, &cvatFormat, &vocFormat, &motFormat,
		&xlabelFormat, &labelmeFormat, &instanceFormat, &semanticFormat,
		&yoloFormat, &yoloSegFormat, &yoloOBBFormat, &dotaFormat,
	}
}

// Lookup returns the format of that name. The error wraps ErrUnknownFormat and names all formats.
func Lookup(name string) (*Format, error) {
	for _, f := range formats() {
		if f.Name == name {
			return f, nil
		}
	}
	return nil, fmt.Errorf("%w %q (known: %s)", ErrUnknownFormat, name, strings.Join(Names(), ", "))
}

// Names returns the names of all formats, sorted.
func Names() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return names
}
