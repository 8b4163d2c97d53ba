package ui

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"
	"github.com/rymdport/portal/filechooser"

	"github.com/saysee/saysee/ui/tr"
)

// labelEndings are how files end that hold labels of many photos, or of one.
var labelEndings = []string{".json", ".jsonl", ".xml", ".csv", ".txt", ".yaml", ".yml"}

// isLabels reports whether a path looks like a file of labels.
func isLabels(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && slices.Contains(labelEndings, strings.ToLower(filepath.Ext(path)))
}

// dropped takes files and folders that are dropped onto the window: photos are opened; labels are read in, or in
// the mode Evaluate taken for the ground truth.
func (w *Window) dropped(uris []fyne.URI) {
	var photos, labels []string
	for _, u := range uris {
		switch {
		case u.Scheme() != "file":
		case isLabels(u.Path()):
			labels = append(labels, u.Path())
		default:
			photos = append(photos, u.Path())
		}
	}
	if len(photos) > 0 {
		w.open(photos...)
	}
	for _, path := range labels {
		if m, ok := w.mode.(*evaluating); ok {
			m.take(path)
			return
		}
		w.s.Import(path)
	}
}

func (w *Window) askTruthFile(then func(string)) { w.askPath(tr.L("Ground truth"), false, then) }

func (w *Window) askTruthFolder(then func(string)) { w.askPath(tr.L("Ground truth"), true, then) }

func (w *Window) askImport() { w.askPath(tr.L("Import labels"), false, w.s.Import) }

func (w *Window) askImportFolder() { w.askPath(tr.L("Import labels"), true, w.s.Import) }

// askPath asks for a file or a folder, with the desktop's own dialog where there is one.
func (w *Window) askPath(title string, folder bool, then func(string)) {
	go func() {
		uris, err := filechooser.OpenFile("", title, &filechooser.OpenFileOptions{Directory: folder})
		fyne.Do(func() {
			if err == nil {
				if paths := filePaths(uris); len(paths) > 0 {
					then(paths[0])
				}
				return
			}
			w.askPathOwn(folder, then)
		})
	}()
}

func (w *Window) askPathOwn(folder bool, then func(string)) {
	var d *dialog.FileDialog
	if folder {
		d = dialog.NewFolderOpen(func(dir fyne.ListableURI, err error) {
			if err == nil && dir != nil {
				then(dir.Path())
			}
		}, w.win)
	} else {
		d = dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
			if err == nil && r != nil {
				path := r.URI().Path()
				_ = r.Close() // it was only opened to be named
				then(path)
			}
		}, w.win)
		d.SetFilter(storage.NewExtensionFileFilter(labelEndings))
	}
	w.beginHere(d)
	d.Resize(fyne.NewSize(800, 560))
	d.Show()
}

// askPlace asks where to write a file.
func (w *Window) askPlace(title, name string, then func(string)) {
	go func() {
		uris, err := filechooser.SaveFile("", title, &filechooser.SaveFileOptions{CurrentName: name})
		fyne.Do(func() {
			if err == nil {
				if paths := filePaths(uris); len(paths) > 0 {
					then(paths[0])
				}
				return
			}
			d := dialog.NewFileSave(func(f fyne.URIWriteCloser, err error) {
				if err == nil && f != nil {
					_ = f.Close() // it was only made to be named
					then(f.URI().Path())
				}
			}, w.win)
			d.SetFileName(name)
			w.beginHere(d)
			d.Resize(fyne.NewSize(800, 560))
			d.Show()
		})
	}()
}
