package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"syscall"
	"time"

	"github.com/saysee/saysee/annot"
	"github.com/saysee/saysee/pipeline/live"
)

// line is what the log says of one frame that the models saw.
type line struct {
	Frame   int          `json:"frame"`
	Seconds float64      `json:"seconds"` // in the video, or since the source was opened
	At      time.Time    `json:"at"`      // when it was captured
	Width   int          `json:"width"`
	Height  int          `json:"height"`
	Ms      float64      `json:"ms"` // in the models
	Regions []lineRegion `json:"regions"`
}

type lineRegion struct {
	Class  string     `json:"class"`
	Phrase string     `json:"phrase,omitempty"`
	Score  float64    `json:"score"`
	Box    [4]float64 `json:"box"` // x0, y0, x1, y1 in pixels, half open
	Track  int        `json:"track,omitempty"`
	Mask   *lineMask  `json:"mask,omitempty"`
}

// lineMask is COCO's compressed RLE, as pycocotools reads it.
type lineMask struct {
	Size   [2]int `json:"size"` // height, width
	Counts string `json:"counts"`
}

func lineOf(res *live.Result) line {
	size := res.Frame.Size()
	l := line{
		Frame: res.Frame.Seq, Seconds: round(res.Frame.Time.Seconds(), 1e4), At: res.Frame.At.UTC().Round(time.Millisecond),
		Width: size.X, Height: size.Y, Ms: round(float64(res.Took)/1e6, 10), Regions: []lineRegion{},
	}
	for _, r := range res.Regions {
		out := lineRegion{Phrase: r.Source.Phrase, Score: round(r.Score, 1e4), Track: r.Track}
		if r.Class >= 0 && r.Class < len(res.Classes) {
			out.Class = res.Classes[r.Class].Name
		}
		for i, v := range []float64{r.Box.X0, r.Box.Y0, r.Box.X1, r.Box.Y1} {
			out.Box[i] = round(v, 100)
		}
		if m, ok := r.Shape.(annot.Mask); ok {
			out.Mask = &lineMask{[2]int{size.Y, size.X}, annot.EncodeRLE(m.FullRuns(size.X, size.Y))}
		}
		l.Regions = append(l.Regions, out)
	}
	return l
}

func round(v, to float64) float64 { return math.Round(v*to) / to }

// logFile is a file of JSON lines. A line is there whole or not at all once write has returned, whatever
// becomes of the process.
type logFile struct {
	f    *os.File
	size int64 // of the whole lines
	buf  bytes.Buffer
}

func createLog(path string) (*logFile, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &logFile{f: f}, nil
}

func (l *logFile) write(res *live.Result) error {
	l.buf.Reset()
	e := json.NewEncoder(&l.buf)
	e.SetEscapeHTML(false)
	if err := e.Encode(lineOf(res)); err != nil {
		return err
	}
	n, err := l.f.Write(l.buf.Bytes())
	if err == nil {
		l.size += int64(n)
		return nil
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		err = ErrFull
	}
	return errors.Join(fmt.Errorf("%s: %w", l.f.Name(), err), l.f.Truncate(l.size))
}

func (l *logFile) close() error {
	err := l.f.Sync()
	if errors.Is(err, os.ErrInvalid) || errors.Is(err, syscall.EINVAL) {
		err = nil // a pipe or a terminal
	}
	return errors.Join(err, l.f.Close())
}
