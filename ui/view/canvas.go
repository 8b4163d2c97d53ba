package view

import (
	"image"
	"image/color"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/ui/geom"
)

// Conformity with the interfaces of the window's events.
var (
	_ fyne.Widget        = (*Canvas)(nil)
	_ fyne.Focusable     = (*Canvas)(nil)
	_ fyne.Tabbable      = (*Canvas)(nil)
	_ fyne.Draggable     = (*Canvas)(nil)
	_ fyne.Scrollable    = (*Canvas)(nil)
	_ desktop.Mouseable  = (*Canvas)(nil)
	_ desktop.Hoverable  = (*Canvas)(nil)
	_ desktop.Keyable    = (*Canvas)(nil)
	_ desktop.Cursorable = (*Canvas)(nil)
)

// ColorCanvas is the theme's name for the colour around the photo.
const ColorCanvas fyne.ThemeColorName = "canvas"

// margin is left around a fitted photo, in design pixels.
const margin = 8

// Canvas is the widget. All its methods must be called on the goroutine of the window's events.
type Canvas struct {
	widget.BaseWidget
	*scene
	handler Handler

	order []annot.RegionID // the selection, in the order in which it was made
	tool  Tool
	tools [toolCount]worker
	brush float64 // radius in photo pixels

	gesture gesture // the drag that goes on, or nil
	pointer pointer
	keys    keys

	raster    *canvas.Raster
	guides    *guides
	animation *fyne.Animation
	// inBackground runs work that may take longer than a frame.
	inBackground func(func())
	now          func() time.Time
}

// New returns a canvas without a photo, with the select tool.
func New(h Handler) *Canvas {
	c := &Canvas{
		scene: newScene(), handler: h, brush: 20, now: time.Now,
		inBackground: func(work func()) { go work() },
	}
	c.tools = newTools(c)
	c.raster = canvas.NewRaster(c.generate)
	c.raster.ScaleMode = canvas.ImageScalePixels // it has the window's very pixels, nothing to mix
	c.guides = newGuides(c)
	c.ExtendBaseWidget(c)
	return c
}

// SetHandler lets another handler be told what a person does. What was being drawn is given up.
func (c *Canvas) SetHandler(h Handler) {
	c.giveUp()
	c.handler = h
}

// generate makes a frame of w × h device pixels. The window calls it at most once for each of its frames, and
// has copied the picture when it returns.
func (c *Canvas) generate(w, h int) image.Image {
	if w <= 0 || h <= 0 {
		return image.NewUniform(color.Transparent)
	}
	if vw, vh := c.place.View(); int(vw) != w || int(vh) != h {
		c.setView(float64(w), float64(h), c.density())
	}
	return c.render(w, h)
}

// setView takes over the size of the view and its density.
func (c *Canvas) setView(w, h, unit float64) {
	if unit != c.unit {
		c.dirty.all = true
	}
	c.unit = unit
	if c.place.Photo() == (image.Point{}) {
		c.place = geom.Fit(c.photoSize(), w, h, margin*unit)
		return
	}
	if vw, vh := c.place.View(); vw != w || vh != h {
		c.place = c.place.WithView(w, h)
		c.viewChanged()
	}
}

func (c *Canvas) photoSize() image.Point {
	if c.photo == nil {
		return image.Point{}
	}
	return c.photo.Size()
}

// SetPhoto shows a photo, upright; nil shows none. The half sizes that zooming out needs are made in the
// background. The pixels must not change as long as the photo is shown.
func (c *Canvas) SetPhoto(img *image.RGBA) {
	if img == nil {
		c.SetPyramid(nil)
		return
	}
	p := NewPyramid(img)
	c.SetPyramid(p)
	c.inBackground(func() {
		p.Build()
		fyne.Do(func() {
			if c.photo == p {
				c.dirty.all = true
				c.redraw()
			}
		})
	})
}

// SetPyramid shows a photo whose half sizes may have been made ahead; nil shows none. What was being drawn on
// the last photo is given up, and regions, selection and hover are cleared: the new photo's come by SetItems.
func (c *Canvas) SetPyramid(p *Pyramid) {
	c.giveUp()
	old := c.photoSize()
	c.photo = p
	c.setItems(nil, c.classes)
	c.setSelection(nil)
	c.hovered, c.dirty.all = 0, true
	if size := c.photoSize(); size != old || !c.options.KeepView {
		w, h := c.place.View()
		c.place = geom.Fit(size, w, h, margin*c.unit)
	}
	c.brush = brushFor(c.photoSize())
	c.viewChanged()
}

// SetFrame shows the next picture of a video or camera. It differs from SetPhoto in that no half sizes are
// made, and that view, selection and regions stay as they are while the size does. The picture must not be
// written to until another has been set.
func (c *Canvas) SetFrame(img *image.RGBA) {
	if img == nil || img.Rect.Size() != c.photoSize() {
		if img == nil {
			c.SetPyramid(nil)
			return
		}
		c.SetPyramid(NewPyramid(img))
		return
	}
	c.photo, c.dirty.all = NewPyramid(img), true
	c.redraw()
}

// SetItems replaces the regions; classes is the table that they point into. The canvas keeps both, and they
// must not be changed afterwards. A selected or hovered region that is gone is no longer so.
func (c *Canvas) SetItems(items []Item, classes []annot.Class) {
	c.setItems(items, classes)
	c.setSelection(slices.DeleteFunc(slices.Clone(c.order), func(id annot.RegionID) bool { return c.item(id) == nil }))
	if c.item(c.hovered) == nil {
		c.hovered = 0
	}
	c.redraw()
}

// SetSelection selects regions; the handler is not told.
func (c *Canvas) SetSelection(ids []annot.RegionID) {
	c.setSelection(ids)
	c.redraw()
}

func (c *Canvas) setSelection(ids []annot.RegionID) {
	before := c.selectedMove()
	c.order = slices.Clone(ids)
	clear(c.selected)
	for _, id := range ids {
		c.selected[id] = true
	}
	if !before || !c.selectedMove() {
		c.dirty.all = true
	}
	c.marks = marks{points: c.marks.points, strong: c.marks.strong}
}

// choose is SetSelection by a person's hand.
func (c *Canvas) choose(ids []annot.RegionID) {
	if slices.Equal(ids, c.order) {
		return
	}
	c.SetSelection(ids)
	c.handler.Selected(slices.Clone(ids))
}

// Selection returns the selected regions in the order in which they were selected.
func (c *Canvas) Selection() []annot.RegionID { return slices.Clone(c.order) }

// SetHover shows a region as if the pointer were on it, for one that it is on in a list; 0 shows none.
func (c *Canvas) SetHover(id annot.RegionID) {
	if c.hovered != id {
		c.hovered = id
		c.redraw()
	}
}

// SetOptions changes how things are shown and done.
func (c *Canvas) SetOptions(o Options) {
	if o != c.options {
		c.options, c.dirty.all = o, true
		c.redraw()
	}
}

// Options returns the options.
func (c *Canvas) Options() Options { return c.options }

// Busy reports whether a drag or an outline in the making would be lost by a change of photo or tool.
func (c *Canvas) Busy() bool { return c.gesture != nil || c.fresh != nil }

// giveUp ends whatever is being done without a result.
func (c *Canvas) giveUp() {
	if g := c.gesture; g != nil {
		c.gesture = nil
		g.cancel()
	}
	c.tools[c.tool].stop()
	c.clearDrafts()
	c.marks = marks{strong: -1}
	c.guides.hide()
	c.redraw()
}

// redraw asks for a frame.
func (c *Canvas) redraw() {
	c.guides.update()
	c.raster.Refresh()
}

// viewChanged tells of a new zoom or place and asks for a frame.
func (c *Canvas) viewChanged() {
	c.redraw()
	c.handler.ViewChanged(c.place.Zoom(), c.place.Visible())
}

// View returns the zoom, in device pixels per photo pixel, and the part of the photo that is in sight.
func (c *Canvas) View() (zoom float64, visible annot.Box) { return c.place.Zoom(), c.place.Visible() }

// Fitted reports whether the whole photo is shown and stays so when the widget's size changes.
func (c *Canvas) Fitted() bool { return c.place.Fitted() }

// Fit shows the whole photo.
func (c *Canvas) Fit() { c.jump(c.place.Fit()) }

// ZoomTo shows the photo at a zoom, in device pixels per photo pixel, around the middle of the view.
func (c *Canvas) ZoomTo(zoom float64) { c.jump(c.place.ZoomAt(c.middle(), zoom)) }

// ZoomBy changes the zoom by a factor, around the pointer if it is on the canvas and else around the middle.
func (c *Canvas) ZoomBy(factor float64) {
	at := c.middle()
	if c.pointer.inside {
		at = c.pointer.at
	}
	c.zoomAt(at, factor)
}

// Reveal brings a box of the photo in sight, enlarged if it would be tiny.
func (c *Canvas) Reveal(b annot.Box) { c.jump(c.place.Show(b)) }

func (c *Canvas) middle() geom.Pos {
	w, h := c.place.View()
	return geom.Pos{X: w / 2, Y: h / 2}
}

func (c *Canvas) zoomAt(at geom.Pos, factor float64) {
	c.stopAnimation()
	c.place = c.place.ZoomAt(at, c.place.Zoom()*factor)
	c.follow()
	c.viewChanged()
}

// jump goes to another place of the photo, in 80 ms if motion is wanted.
func (c *Canvas) jump(to geom.Transform) {
	c.stopAnimation()
	from := c.place
	if to == from {
		return
	}
	if !c.options.Animate || from.Empty() || to.Empty() {
		c.place = to
		c.viewChanged()
		return
	}
	c.animation = fyne.NewAnimation(80*time.Millisecond, func(f float32) {
		c.place = from.Tween(to, float64(f))
		c.viewChanged()
	})
	c.animation.Curve = fyne.AnimationEaseOut
	c.animation.Start()
}

func (c *Canvas) stopAnimation() {
	if c.animation != nil {
		c.animation.Stop()
		c.animation = nil
	}
}

// CreateRenderer implements fyne.Widget.
func (c *Canvas) CreateRenderer() fyne.WidgetRenderer {
	c.ExtendBaseWidget(c)
	c.takeTheme()
	return &renderer{c: c, objects: []fyne.CanvasObject{c.raster, c.guides.clip}}
}

// MinSize implements fyne.Widget.
func (c *Canvas) MinSize() fyne.Size { return fyne.NewSize(64, 64) }

type renderer struct {
	c       *Canvas
	objects []fyne.CanvasObject
}

func (r *renderer) Destroy()                     { r.c.stopAnimation() }
func (r *renderer) MinSize() fyne.Size           { return r.c.MinSize() }
func (r *renderer) Objects() []fyne.CanvasObject { return r.objects }

func (r *renderer) Layout(size fyne.Size) {
	unit := r.c.density()
	r.c.setView(float64(int(size.Width*float32(unit))), float64(int(size.Height*float32(unit))), unit)
	r.c.raster.Resize(size)
	r.c.guides.clip.Resize(size)
	r.c.redraw()
}

func (r *renderer) Refresh() {
	if unit := r.c.density(); unit != r.c.unit {
		r.Layout(r.c.Size())
	}
	r.c.takeTheme()
	r.c.redraw()
}

// takeTheme takes the colours of the theme.
func (c *Canvas) takeTheme() {
	bg := color.RGBAModel.Convert(canvasColor()).(color.RGBA)
	if bg != c.background {
		c.background, c.dirty.all = bg, true
	}
	c.guides.theme()
}

// canvasColor returns the colour around the photo; a theme that does not know the name gets its background.
func canvasColor() color.Color {
	set := fyne.CurrentApp().Settings()
	if c := set.Theme().Color(ColorCanvas, set.ThemeVariant()); c != nil {
		if _, _, _, a := c.RGBA(); a > 0 {
			return c
		}
	}
	return theme.Color(theme.ColorNameBackground)
}

// density returns the device pixels per design pixel.
func (c *Canvas) density() float64 {
	if cv := fyne.CurrentApp().Driver().CanvasForObject(c); cv != nil {
		return float64(cv.Scale())
	}
	return 1
}
