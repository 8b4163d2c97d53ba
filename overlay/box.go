package overlay

import "image"

// box draws a box with straight edges on whole pixels, which keeps them crisp. The line's middle lies on the
// box's edge, but never so far out that the photo's own edge would cut it.
func (c *canvas) box(f *frame, r image.Rectangle, l *look) {
	lw, hw := max(f.px(l.boxWidth), 2), f.px(1)
	edge := image.Rect(
		int(clampFloat(f.x)), int(clampFloat(f.y)),
		int(clampFloat(f.x+float64(f.size.X)*f.scale+0.5)), int(clampFloat(f.y+float64(f.size.Y)*f.scale+0.5)),
	)
	outer := r.Inset(-(lw / 2)).Intersect(edge)
	if outer.Empty() || !outer.Overlaps(image.Rect(-hw, -hw, c.w+hw, c.h+hw)) {
		return
	}
	halo, line := paintOf(l.halo), paintOf(l.color)
	if l.box == boxTicks {
		n := min(f.px(14), max(outer.Dx()/3, lw), max(outer.Dy()/3, lw))
		c.ticks(outer, lw, n, hw, halo, l.haloAlpha)
		c.ticks(outer, lw, n, 0, line, 256)
		return
	}
	c.ring(outer.Inset(-hw), lw+2*hw, halo, l.haloAlpha)
	if l.boxDash.off > 0 {
		c.dashes(outer, lw, f.px(l.boxDash.on), f.px(l.boxDash.off), line)
	} else {
		c.ring(outer, lw, line, 256)
	}
}

// ring paints a frame of the given width inside r.
func (c *canvas) ring(r image.Rectangle, width int, p paint, a uint32) {
	if 2*width >= r.Dx() || 2*width >= r.Dy() {
		c.fill(r, p, a)
		return
	}
	in := r.Inset(width)
	c.fill(image.Rect(r.Min.X, r.Min.Y, r.Max.X, in.Min.Y), p, a)
	c.fill(image.Rect(r.Min.X, in.Min.Y, in.Min.X, in.Max.Y), p, a)
	c.fill(image.Rect(in.Max.X, in.Min.Y, r.Max.X, in.Max.Y), p, a)
	c.fill(image.Rect(r.Min.X, in.Max.Y, r.Max.X, r.Max.Y), p, a)
}

// dashes paints a ring in strokes that begin anew at each corner.
func (c *canvas) dashes(r image.Rectangle, width, on, off int, p paint) {
	seen := image.Rect(0, 0, c.w, c.h)
	period := on + off
	// A box far larger than the picture has no use for its first thousand dashes.
	start := func(lo, see int) int { return lo + max(see-lo, 0)/period*period }
	for x := start(r.Min.X, seen.Min.X); x < min(r.Max.X, seen.Max.X); x += period {
		end := min(x+on, r.Max.X)
		c.fill(image.Rect(x, r.Min.Y, end, r.Min.Y+width), p, 256)
		c.fill(image.Rect(x, r.Max.Y-width, end, r.Max.Y), p, 256)
	}
	for y := start(r.Min.Y, seen.Min.Y); y < min(r.Max.Y, seen.Max.Y); y += period {
		end := min(y+on, r.Max.Y)
		c.fill(image.Rect(r.Min.X, y, r.Min.X+width, end), p, 256)
		c.fill(image.Rect(r.Max.X-width, y, r.Max.X, end), p, 256)
	}
}

// ticks paints the four corners of r, each with arms of length n, grown by a margin on all sides.
func (c *canvas) ticks(r image.Rectangle, width, n, grow int, p paint, a uint32) {
	for _, corner := range [4]image.Point{{0, 0}, {1, 0}, {0, 1}, {1, 1}} {
		x0, x1 := r.Min.X, r.Min.X+width // of the upright arm
		if corner.X == 1 {
			x0, x1 = r.Max.X-width, r.Max.X
		}
		y0, y1 := r.Min.Y, r.Min.Y+width // of the level arm
		if corner.Y == 1 {
			y0, y1 = r.Max.Y-width, r.Max.Y
		}
		level := image.Rect(x0, y0, x0+n, y1)
		upright := image.Rect(x0, y0, x1, y0+n)
		if corner.X == 1 {
			level = image.Rect(x1-n, y0, x1, y1)
		}
		if corner.Y == 1 {
			upright = image.Rect(x0, y1-n, x1, y1)
		}
		level, upright = level.Inset(-grow), upright.Inset(-grow)
		c.fill(level, p, a)
		// The arms share the corner, which is painted once.
		if corner.Y == 0 {
			upright.Min.Y = level.Max.Y
		} else {
			upright.Max.Y = level.Min.Y
		}
		c.fill(upright, p, a)
	}
}
