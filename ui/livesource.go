package ui

import (
	"fmt"
	"image"
	"net/url"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"github.com/rymdport/portal/filechooser"

	"github.com/saysee/saysee/pipeline/source"
	"github.com/saysee/saysee/ui/tr"
)

// sizes are the ones that a camera can be asked for.
var cameraSizes = []image.Point{{X: 640, Y: 480}, {X: 1280, Y: 720}, {X: 1920, Y: 1080}}

// sourceName names the source that was chosen, empty for none.
func (m *living) sourceName() string {
	spec := m.feed.Spec()
	switch {
	case spec == source.Spec{}:
		return ""
	case spec.Kind == source.Camera:
		for _, c := range source.Cameras() {
			if c.Number == spec.Device {
				return c.Name
			}
		}
		return tr.L("Camera %d", spec.Device)
	case spec.Kind == source.Stream:
		return spec.String()
	}
	return filepath.Base(spec.Path)
}

// chooseSource opens the list of cameras, videos and addresses.
func (m *living) chooseSource(below fyne.CanvasObject) {
	var items []*fyne.MenuItem
	add := func(text string, icon fyne.Resource, checked bool, run func()) {
		item := fyne.NewMenuItem(text, run)
		item.Icon, item.Checked = icon, checked
		items = append(items, item)
	}
	spec := m.feed.Spec()
	for _, c := range source.Cameras() {
		chosen := spec.Kind == source.Camera && spec.Device == c.Number && m.feed.Runs()
		add(c.Name, nil, chosen, func() { m.start(c.Spec()) })
	}
	if len(items) == 0 {
		add(tr.L("No camera found. Look again"), nil, false, m.again)
	}
	items = append(items, fyne.NewMenuItemSeparator())
	if spec.Kind == source.Camera && m.feed.Runs() {
		for _, size := range cameraSizes {
			add(dimensions(size), nil, m.shown != nil && m.shown.Size() == size, func() {
				s := spec
				s.Size = size
				m.start(s)
			})
		}
		items = append(items, fyne.NewMenuItemSeparator())
	}
	add(tr.L("Open a video…"), nil, false, m.askVideo)
	add(tr.L("Network address…"), nil, false, m.askAddress)
	if m.feed.Runs() {
		add(tr.L("Close it"), nil, false, func() { m.endRecording(); m.feed.Stop(); m.hold(nil); m.blank() })
	}
	if len(m.w.settings.sources) > 0 {
		items = append(items, fyne.NewMenuItemSeparator())
	}
	for _, name := range m.w.settings.sources {
		add(shortName(name), nil, false, func() { m.take(name) })
	}
	m.w.popUp(below, items)
}

// shortName is a source's name in the list of recent ones; a password is not shown.
func shortName(name string) string {
	if u, err := url.Parse(name); err == nil && u.Scheme != "" {
		return u.Redacted()
	}
	return name
}

// blank shows no picture.
func (m *living) blank() {
	m.view.Frame, m.view.Regions = nil, nil
	m.w.view.SetPhoto(nil)
	m.changed()
}

// again looks for a camera, or tries the source of before once more.
func (m *living) again() {
	if spec, ok := m.wanted(); ok {
		m.start(spec)
		return
	}
	m.w.s.Say(tr.L("No camera found. Plug one in, then look again."))
	m.changed()
}

// take opens a source by the name that a person gives it.
func (m *living) take(name string) {
	spec, err := source.Parse(name)
	if err != nil {
		m.w.s.Complain(fmt.Errorf("%s: %w", shortName(name), liveError(err, spec)))
		return
	}
	m.w.settings.rememberSource(name)
	m.start(spec)
}

func (m *living) askAddress() {
	m.w.askText(tr.L("Network address"), tr.L("Such as rtsp://camera/stream or http://host/video.mjpg"), "rtsp://", func(text string) {
		if strings.Contains(text, "://") {
			m.take(text)
			return
		}
		m.w.s.Say(tr.L("An address begins with rtsp:// or http://."))
	})
}

func (m *living) askVideo() {
	w := m.w
	go func() {
		paths, err := filechooser.OpenFile("", tr.L("Open a video"), &filechooser.OpenFileOptions{})
		fyne.Do(func() {
			if err == nil {
				if len(paths) > 0 {
					if u, err := url.Parse(paths[0]); err == nil {
						m.take(u.Path)
					}
				}
				return
			}
			d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
				if err == nil && r != nil {
					path := r.URI().Path()
					_ = r.Close() // only its name is wanted
					m.take(path)
				}
			}, w.win)
			w.beginHere(d)
			d.Resize(fyne.NewSize(800, 560))
			d.Show()
		})
	}()
}

// askKeep chooses the folder for frozen frames.
func (m *living) askKeep() {
	d := dialog.NewFolderOpen(func(dir fyne.ListableURI, err error) {
		if err == nil && dir != nil {
			m.keepIn = dir.Path()
			m.w.settings.setKeep(m.keepIn)
			m.changed()
		}
	}, m.w.win)
	m.w.beginHere(d)
	d.Resize(fyne.NewSize(800, 560))
	d.Show()
}
