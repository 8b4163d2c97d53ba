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
	if l.boxDash.off > 0 {
		c.bands(outer.Inset(-hw), outer.Inset(lw+hw), halo.at(l.haloAlpha))
		c.dashes(outer, lw, f.px(l.boxDash.on), f.px(l.boxDash.off), line)
		return
	}
	c.solid(outer, lw, hw, halo.at(l.haloAlpha), line.at(256))
}

// solid paints a frame with halo. Its upright sides are painted in one go, since each of their rows lies in
// another part of memory, which is what a crowd of boxes spends its time on.
func (c *canvas) solid(outer image.Rectangle, lw, hw int, halo, line tone) {
	var strip [64]tone
	n := lw + 2*hw
	around, inner, within := outer.Inset(-hw), outer.Inset(lw), outer.Inset(lw+hw)
	if n > len(strip) || within.Empty() {
		c.bands(around, outer, halo)
		c.bands(outer, inner, line)
		c.bands(inner, within, halo)
		return
	}
	for i := range n {
		strip[i] = halo
		if i >= hw && i < hw+lw {
			strip[i] = line
		}
	}
	c.columns(around.Min.X, within.Min.Y, within.Max.Y, strip[:n])
	c.columns(within.Max.X, within.Min.Y, within.Max.Y, strip[:n])
	c.caps(around, outer, within, halo)
	c.caps(outer, inner, within, line)
	c.caps(inner, within, within, halo)
}

// bands paints what of out lies around in.
func (c *canvas) bands(out, in image.Rectangle, t tone) {
	if in.Empty() {
		c.tone(out, t)
		return
	}
	c.caps(out, in, in, t)
	c.tone(image.Rect(out.Min.X, in.Min.Y, in.Min.X, in.Max.Y), t)
	c.tone(image.Rect(in.Max.X, in.Min.Y, out.Max.X, in.Max.Y), t)
}

// caps paints what of out lies around in, but only above and below the rows of rest.
func (c *canvas) caps(out, in, rest image.Rectangle, t tone) {
	c.tone(image.Rectangle{out.Min, image.Pt(out.Max.X, in.Min.Y)}, t)
	c.tone(image.Rectangle{image.Pt(out.Min.X, in.Max.Y), out.Max}, t)
	for _, rows := range [2][2]int{{in.Min.Y, rest.Min.Y}, {rest.Max.Y, in.Max.Y}} {
		c.tone(image.Rectangle{image.Pt(out.Min.X, rows[0]), image.Pt(in.Min.X, rows[1])}, t)
		c.tone(image.Rectangle{image.Pt(in.Max.X, rows[0]), image.Pt(out.Max.X, rows[1])}, t)
	}
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
