package track

import "github.com/saysee/saysee/annot"

// Noise as shares of a box's side, per nominal frame: those of ByteTrack's filter, in the form of BoT-SORT
// (N. Aharon et al., 2022), which follows width and height instead of aspect and height.
const (
	placeNoise = 1. / 20
	rateNoise  = 1. / 160
)

// axis is a Kalman filter of one number that moves evenly. With every noise diagonal, as here, the usual filter of
// eight numbers is exactly four of these.
type axis struct {
	at, rate                    float64 // pixels, pixels a frame
	varAt, covariance, varSpeed float64
}

func newAxis(z, side float64) axis {
	return axis{at: z, varAt: square(2 * placeNoise * side), varSpeed: square(10 * rateNoise * side)}
}

// predict moves the number on by a time in frames.
func (a *axis) predict(frames, side float64) {
	a.at += a.rate * frames
	a.varAt += 2*frames*a.covariance + square(frames)*a.varSpeed + frames*square(placeNoise*side)
	a.covariance += frames * a.varSpeed
	a.varSpeed += frames * square(rateNoise*side)
}

// correct takes a measured value in.
func (a *axis) correct(z, side float64) {
	total := a.varAt + square(placeNoise*side)
	if total <= 0 {
		a.at = z
		return
	}
	gainAt, gainRate := a.varAt/total, a.covariance/total
	off := z - a.at
	a.at += gainAt * off
	a.rate += gainRate * off
	a.varSpeed -= gainRate * a.covariance
	a.covariance -= gainRate * a.varAt
	a.varAt -= gainAt * a.varAt
}

func square(x float64) float64 { return x * x }

// motion follows a box by its centre and its sides.
type motion struct{ x, y, w, h axis }

func newMotion(b annot.Box) motion {
	c := b.Center()
	return motion{newAxis(c.X, b.W()), newAxis(c.Y, b.H()), newAxis(b.W(), b.W()), newAxis(b.H(), b.H())}
}

func (m *motion) predict(frames float64) {
	w, h := max(m.w.at, 1), max(m.h.at, 1)
	m.x.predict(frames, w)
	m.y.predict(frames, h)
	m.w.predict(frames, w)
	m.h.predict(frames, h)
}

func (m *motion) correct(b annot.Box) {
	w, h, c := max(m.w.at, 1), max(m.h.at, 1), b.Center()
	m.x.correct(c.X, w)
	m.y.correct(c.Y, h)
	m.w.correct(b.W(), w)
	m.h.correct(b.H(), h)
}

// freeze stops growth and shrinking, which would run away while nothing is measured.
func (m *motion) freeze() { m.w.rate, m.h.rate = 0, 0 }

func (m *motion) box() annot.Box {
	w, h := max(m.w.at, 1)/2, max(m.h.at, 1)/2
	return annot.Box{X0: m.x.at - w, Y0: m.y.at - h, X1: m.x.at + w, Y1: m.y.at + h}
}
