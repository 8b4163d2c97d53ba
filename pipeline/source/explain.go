package source

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"time"
)

// explain says why a source could not be opened, which OpenCV does not: it looks at the device, the file or
// the host itself.
func explain(ctx context.Context, s Spec) error {
	switch s.Kind {
	case Camera:
		return fmt.Errorf("%s: %w", s, deviceError(devicePath(s.Device)))
	case Stream:
		return fmt.Errorf("%s: %w", s, streamError(ctx, s.Path))
	}
	return fmt.Errorf("%s: %w", s, ErrNoVideo)
}

// deviceError looks at a device file. One that is there and may be opened, but gives no pictures, is in use:
// the driver gives its stream to one program only.
func deviceError(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return ErrMissing
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%w: your user may not open %s; on most systems the group “video” may", ErrDenied, path)
	case err == nil:
		_ = f.Close()
	}
	return ErrBusy
}

// asking is how long a host is asked why it gives no stream.
const asking = 2 * time.Second

// ports are the usual ones of schemes whose servers are reached by TCP.
var ports = map[string]string{"http": "80", "https": "443", "rtsp": "554", "rtsps": "322", "rtmp": "1935"}

func streamError(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return ErrSpec
	}
	port := u.Port()
	if port == "" {
		port = ports[u.Scheme]
	}
	if port == "" || ports[u.Scheme] == "" {
		return ErrNoVideo
	}
	ctx, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return dialError(err)
	}
	_ = conn.Close()
	if u.Scheme == "http" || u.Scheme == "https" {
		return ErrNoVideo // it has answered before
	}
	return fmt.Errorf("%w: there is none under this path, or a password is wanted", ErrRefused)
}

func dialError(err error) error {
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Errorf("%w: no host has this name", ErrMissing)
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return ErrTimeout
	case errors.Is(err, context.Canceled):
		return err
	}
	return fmt.Errorf("%w: nothing answers at this address", ErrMissing)
}
