package source

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/saysee/saysee/pipeline/photo"
)

// mjpeg is a stream of JPEG pictures over HTTP, as network cameras give it. It is read here and not by OpenCV,
// which goes on with the first picture's size when a camera changes it, and reads past the end of smaller ones.
type mjpeg struct {
	spec   Spec
	info   Info
	cancel context.CancelFunc // of the request
	latest chan picture       // one place; the newest picture wins
	failed chan error         // one place
	opened time.Time
	first  *Frame
	seq    int
	last   time.Duration
	work   sync.WaitGroup
}

// picture is a JPEG and when it was there.
type picture struct {
	data []byte
	at   time.Time
}

// isHTTP reports whether a stream may be one of JPEG pictures.
func isHTTP(s Spec) bool {
	u, err := url.Parse(s.Path)
	return s.Kind == Stream && err == nil && (u.Scheme == "http" || u.Scheme == "https")
}

// errOther tells that an address gives something else than JPEG pictures, which OpenCV may know.
var errOther = errors.New("no stream of JPEG pictures")

// openMJPEG asks for a stream of JPEG pictures and waits for the first. The error is errOther when the answer
// is something else.
func openMJPEG(ctx context.Context, s Spec) (Source, error) {
	life, cancel := context.WithCancel(context.Background())
	stop := context.AfterFunc(ctx, cancel) // until it is open
	timer := time.AfterFunc(s.timeout(), cancel)
	body, err := request(life, s.Path)
	if err != nil {
		err = openError(ctx, life, s, err)
		cancel()
		return nil, err
	}
	m := &mjpeg{
		spec: s, cancel: cancel, latest: make(chan picture, 1), failed: make(chan error, 1), opened: time.Now(),
		info: Info{Name: s.String(), Live: true, FPS: DefaultFPS, Guessed: true},
	}
	m.work.Go(func() { m.read(body) })
	m.first, err = m.Next(ctx)
	if err != nil {
		_ = m.Close()
		if errors.Is(err, ErrLost) || errors.Is(err, ErrFrame) {
			err = fmt.Errorf("%s: %w", s, ErrNoVideo)
		}
		return nil, err
	}
	if !stop() || !timer.Stop() {
		err = openError(ctx, life, s, context.Canceled)
		m.first.Release()
		_ = m.Close()
		return nil, err
	}
	m.info.Size = m.first.Size()
	return m, nil
}

// openError tells why a stream did not open: life may have ended since ctx did, or since time was up.
func openError(ctx, life context.Context, s Spec, err error) error {
	switch {
	case errors.Is(err, errOther):
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case life.Err() != nil:
		return fmt.Errorf("%s: %w", s, ErrTimeout)
	}
	return fmt.Errorf("%s: %w", s, err)
}

// request asks for the pictures.
func request(ctx context.Context, address string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, ErrSpec
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, dialError(err)
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("%w: it answers %s", ErrRefused, resp.Status)
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if strings.HasPrefix(kind, "multipart/") {
		return resp.Body, nil
	}
	_ = resp.Body.Close()
	return nil, errOther
}

// read takes pictures off the net as they come, so that none waits there and grows old.
func (m *mjpeg) read(body io.ReadCloser) {
	defer body.Close() //nolint:errcheck // nothing was written
	in := bufio.NewReaderSize(body, 1<<16)
	for {
		data, err := nextJPEG(in)
		if err != nil {
			m.failed <- err
			return
		}
		p := picture{data, time.Now()}
		select {
		case <-m.latest: // nobody took the one before
		default:
		}
		m.latest <- p
	}
}

func (m *mjpeg) Info() Info { return m.info }

func (m *mjpeg) Next(ctx context.Context) (*Frame, error) {
	if f := m.first; f != nil {
		m.first = nil
		return f, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	timer := time.NewTimer(m.spec.timeout())
	defer timer.Stop()
	select {
	case p := <-m.latest:
		return m.frame(p)
	case <-m.failed:
		select {
		case p := <-m.latest:
			m.failed <- ErrLost
			return m.frame(p)
		default:
		}
		m.failed <- ErrLost // for the next call
		return nil, fmt.Errorf("%s: %w", m.spec, ErrLost)
	case <-timer.C:
		return nil, fmt.Errorf("%s: %w", m.spec, ErrTimeout)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (m *mjpeg) frame(p picture) (*Frame, error) {
	ph, err := photo.Decode(p.data, photo.Limits{})
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", m.spec, ErrFrame, err)
	}
	t := max(p.at.Sub(m.opened), m.last+1)
	m.last = t
	f := NewFrame(ph.Pix, m.seq, t, p.at)
	f.free = func(*image.RGBA) { ph.Release() }
	m.seq++
	return f, nil
}

func (m *mjpeg) Close() error {
	m.cancel()
	m.work.Wait() // the request has ended
	return nil
}

// maxJPEG bounds a picture in a stream.
const maxJPEG = 64 << 20

var errLong = errors.New("a picture is too long")

// nextJPEG reads to the end of the next JPEG picture, passing over all that lies between two. It goes by the
// markers (ITU-T T.81, annex B) and not by the boundaries of the parts, which cameras write as they like.
func nextJPEG(in *bufio.Reader) ([]byte, error) {
	if err := skipToJPEG(in); err != nil {
		return nil, err
	}
	out := bytes.NewBuffer(make([]byte, 0, 1<<16))
	out.Write([]byte{0xff, 0xd8})
	for out.Len() < maxJPEG {
		b, err := in.ReadByte()
		if err != nil {
			return nil, err
		}
		out.WriteByte(b)
		if b != 0xff {
			continue
		}
		marker, err := in.ReadByte()
		for err == nil && marker == 0xff {
			marker, err = in.ReadByte()
		}
		if err != nil {
			return nil, err
		}
		out.WriteByte(marker)
		switch {
		case marker == 0xd9:
			return out.Bytes(), nil
		case marker == 0 || marker == 1 || marker >= 0xd0 && marker <= 0xd8:
			continue // no segment
		}
		if err := copySegment(out, in); err != nil {
			return nil, err
		}
	}
	return nil, errLong
}

// skipToJPEG passes over everything up to a picture's first marker.
func skipToJPEG(in *bufio.Reader) error {
	last := byte(0)
	for {
		b, err := in.ReadByte()
		if err != nil {
			return err
		}
		if last == 0xff && b == 0xd8 {
			return nil
		}
		last = b
	}
}

func copySegment(out *bytes.Buffer, in *bufio.Reader) error {
	var length [2]byte
	if _, err := io.ReadFull(in, length[:]); err != nil {
		return err
	}
	out.Write(length[:])
	n := int64(length[0])<<8 + int64(length[1]) - 2
	if n < 0 {
		return nil // damaged: go on to the next marker
	}
	_, err := io.CopyN(out, in, n)
	return err
}
