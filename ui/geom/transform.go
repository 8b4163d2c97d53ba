package geom

import (
	"image"
	"math"

	"github.com/saysee/saysee/annot"
)

// The limits of zoom, in view pixels per photo pixel. A photo so large that it fits only below MinZoom may be
// zoomed out until it fits.
const (
	MinZoom = 0.02
	MaxZoom = 64
)

// Pos is a position in view pixels.
type Pos struct{ X, Y float64 }

// Add returns the position moved by d.
func (p Pos) Add(d Pos) Pos { return Pos{p.X + d.X, p.Y + d.Y} }

// Sub returns the way from q to p.
func (p Pos) Sub(q Pos) Pos { return Pos{p.X - q.X, p.Y - q.Y} }

// Distance returns how far q is from p, in view pixels.
func (p Pos) Distance(q Pos) float64 { return math.Hypot(p.X-q.X, p.Y-q.Y) }

// Rect is a box in view pixels.
type Rect struct{ X0, Y0, X1, Y1 float64 }

// W returns the width in view pixels.
func (r Rect) W() float64 { return r.X1 - r.X0 }

// H returns the height in view pixels.
func (r Rect) H() float64 { return r.Y1 - r.Y0 }

// Contains reports whether p lies in the half-open rectangle.
func (r Rect) Contains(p Pos) bool { return p.X >= r.X0 && p.X < r.X1 && p.Y >= r.Y0 && p.Y < r.Y1 }

// Transform places a photo in a view. It is a value: every method returns a new one, always within the limits,
// so that the photo can be neither lost nor zoomed to nothing. The zero Transform has no photo and no view.
//
// A photo no larger than the fit is centred. Zoomed in beyond it, the point of the photo in the middle of the
// view may stray from the photo's centre as far as keeps the cursor's point still on every way in, and up to
// the photo's edge from twice the fit on, so that the corners can be worked on in the middle of the screen.
type Transform struct {
	photo  image.Point
	w, h   float64 // of the view
	margin float64
	zoom   float64
	cx, cy float64 // the photo point in the middle of the view
	fitted bool    // stays fitted when the view changes
}

// Fit returns the transform that shows the whole photo, of photo pixels, in the middle of a view of w × h
// pixels, with a margin all around. A photo smaller than the view is enlarged.
func Fit(photo image.Point, w, h, margin float64) Transform {
	t := Transform{photo: photo, w: finite(w), h: finite(h), margin: finite(margin)}
	return t.Fit()
}

func finite(f float64) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return 0
	}
	return f
}

// Empty reports whether there is nothing to show or nowhere to show it.
func (t Transform) Empty() bool { return t.photo.X <= 0 || t.photo.Y <= 0 || t.w <= 0 || t.h <= 0 }

// Zoom returns the view pixels per photo pixel; 1 is 100 %.
func (t Transform) Zoom() float64 { return t.zoom }

// Fitted reports whether the whole photo is shown, and will be when the view changes.
func (t Transform) Fitted() bool { return t.fitted }

// Photo returns the photo's size in its own pixels.
func (t Transform) Photo() image.Point { return t.photo }

// View returns the view's size in view pixels.
func (t Transform) View() (w, h float64) { return t.w, t.h }

// FitZoom returns the zoom at which the photo just fits.
func (t Transform) FitZoom() float64 {
	if t.Empty() {
		return 1
	}
	z := min((t.w-2*t.margin)/float64(t.photo.X), (t.h-2*t.margin)/float64(t.photo.Y))
	if z <= 0 { // a view smaller than its margins
		z = min(t.w/float64(t.photo.X), t.h/float64(t.photo.Y))
	}
	return min(z, MaxZoom)
}

// Limits returns the least and the greatest zoom.
func (t Transform) Limits() (lo, hi float64) { return min(MinZoom, t.FitZoom()), MaxZoom }

// Fit returns the transform that shows the whole photo.
func (t Transform) Fit() Transform {
	t.zoom, t.fitted = t.FitZoom(), true
	return t.clamp()
}

// WithView returns the transform for a view of another size: fitted if it was, else with the same photo point
// in the middle.
func (t Transform) WithView(w, h float64) Transform {
	t.w, t.h = finite(w), finite(h)
	if t.fitted {
		return t.Fit()
	}
	return t.clamp()
}

// ZoomAt returns the transform with another zoom, and with the photo point at q kept where it is. Zooming in
// keeps it exactly wherever q is on the photo; zooming out may have to move it, to end with the photo centred.
func (t Transform) ZoomAt(q Pos, zoom float64) Transform {
	if t.Empty() || math.IsNaN(zoom) || math.IsNaN(q.X+q.Y) {
		return t
	}
	p := t.ToPhoto(q)
	lo, hi := t.Limits()
	k := t.zoom
	t.zoom, t.fitted = min(max(zoom, lo), hi), false
	k /= t.zoom
	t.cx, t.cy = p.X+(t.cx-p.X)*k, p.Y+(t.cy-p.Y)*k
	return t.clamp()
}

// Pan returns the transform with the photo moved by d on the view.
func (t Transform) Pan(d Pos) Transform {
	if t.Empty() || t.zoom == 0 {
		return t
	}
	before := t
	t.cx, t.cy = t.cx-finite(d.X)/t.zoom, t.cy-finite(d.Y)/t.zoom
	t = t.clamp()
	t.fitted = before.fitted && t.cx == before.cx && t.cy == before.cy
	return t
}

// Show returns the transform with the whole box in the view, a margin of its own size around it, and no more
// than 400 %; unchanged when the box already is in the view and at least a twentieth of it.
func (t Transform) Show(b annot.Box) Transform {
	if t.Empty() || !b.Finite() || b.X1 < b.X0 || b.Y1 < b.Y0 {
		return t
	}
	r := t.BoxToView(b)
	inside := r.X0 >= 0 && r.Y0 >= 0 && r.X1 <= t.w && r.Y1 <= t.h
	if inside && max(r.W()/t.w, r.H()/t.h) >= 0.05 {
		return t
	}
	lo, _ := t.Limits()
	zoom := min(t.w/(2*max(b.W(), 1)), t.h/(2*max(b.H(), 1)), 4)
	t.zoom, t.fitted = max(zoom, lo), false
	t.cx, t.cy = b.Center().X, b.Center().Y
	return t.clamp()
}

// Tween returns the transform a fraction f of the way to o, for a zoom that takes time: the zoom grows evenly,
// and the photo point that both show at the same place, the one under the cursor, stays there.
func (t Transform) Tween(o Transform, f float64) Transform {
	if t.Empty() || o.Empty() || f >= 1 || t.photo != o.photo || t.zoom <= 0 {
		return o
	}
	z := t.zoom * math.Pow(o.zoom/t.zoom, max(f, 0))
	// The middle of the view, as seen from the point that stays, is at a distance of 1/zoom.
	g := max(f, 0)
	if d := 1/o.zoom - 1/t.zoom; math.Abs(d)*t.zoom > 1e-9 {
		g = (1/z - 1/t.zoom) / d
	}
	o.zoom, o.fitted = z, false
	o.cx, o.cy = t.cx+(o.cx-t.cx)*g, t.cy+(o.cy-t.cy)*g
	return o
}

// clamp brings zoom and middle within the limits.
func (t Transform) clamp() Transform {
	if t.Empty() {
		return t
	}
	lo, hi := t.Limits()
	t.zoom = min(max(t.zoom, lo), hi)
	freedom := min(max(2*(1-t.FitZoom()/t.zoom), 0), 1)
	hx, hy := float64(t.photo.X)/2, float64(t.photo.Y)/2
	t.cx = min(max(t.cx, hx-freedom*hx), hx+freedom*hx)
	t.cy = min(max(t.cy, hy-freedom*hy), hy+freedom*hy)
	return t
}

// Offset returns where on the view the photo's top-left corner lies.
func (t Transform) Offset() Pos { return Pos{t.w/2 - t.cx*t.zoom, t.h/2 - t.cy*t.zoom} }

// ToView returns where on the view a photo point lies.
func (t Transform) ToView(p annot.Point) Pos {
	return Pos{(p.X-t.cx)*t.zoom + t.w/2, (p.Y-t.cy)*t.zoom + t.h/2}
}

// ToPhoto returns the photo point at q, which may lie outside the photo. Without a photo it is (0, 0).
func (t Transform) ToPhoto(q Pos) annot.Point {
	if t.zoom <= 0 {
		return annot.Point{}
	}
	return annot.Point{X: (q.X-t.w/2)/t.zoom + t.cx, Y: (q.Y-t.h/2)/t.zoom + t.cy}
}

// BoxToView returns where on the view a box lies.
func (t Transform) BoxToView(b annot.Box) Rect {
	p, q := t.ToView(annot.Point{X: b.X0, Y: b.Y0}), t.ToView(annot.Point{X: b.X1, Y: b.Y1})
	return Rect{p.X, p.Y, q.X, q.Y}
}

// BoxToPhoto returns the box of the photo between two positions of the view, whichever way they lie.
func (t Transform) BoxToPhoto(a, b Pos) annot.Box {
	return BoxOf(t.ToPhoto(a), t.ToPhoto(b))
}

// Visible returns the part of the photo that is in the view.
func (t Transform) Visible() annot.Box {
	if t.Empty() {
		return annot.Box{}
	}
	return t.BoxToPhoto(Pos{}, Pos{t.w, t.h}).Clip(t.photo.X, t.photo.Y)
}

// Bounds returns the whole photo as a box.
func (t Transform) Bounds() annot.Box {
	return annot.Box{X1: float64(t.photo.X), Y1: float64(t.photo.Y)}
}

// Around returns the transform that shows a photo at a zoom with p in the middle, wherever that is: what a
// magnifier shows. The limits do not hold for it until it is changed.
func Around(photo image.Point, w, h float64, p annot.Point, zoom float64) Transform {
	return Transform{photo: photo, w: finite(w), h: finite(h), zoom: zoom, cx: p.X, cy: p.Y}
}
