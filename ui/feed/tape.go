package feed

import (
	"fmt"
	"image"
	"os"
	"path/filepath"
	"time"

	"github.com/saysee/saysee/pipeline/live"
	"github.com/saysee/saysee/pipeline/record"
)

// Tape is a recording that goes on.
type Tape struct {
	Began time.Time
	Name  string // of the annotated video
	Dir   string
}

// Recording returns the recording that goes on, nil for none.
func (f *Feed) Recording() *Tape { return f.taping }

func (f *Feed) recorder() *record.Recorder {
	f.recMu.Lock()
	defer f.recMu.Unlock()
	return f.rec
}

func (f *Feed) setRecorder(r *record.Recorder) {
	f.recMu.Lock()
	defer f.recMu.Unlock()
	f.rec = r
}

// Record begins to record into a folder: the video as it comes, the video with regions drawn, and the regions as JSON
// lines. The videos are Matroska, which a crash leaves playable.
func (f *Feed) Record(dir string) error {
	if f.taping != nil || f.runner == nil {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	name := stamp(time.Now())
	at := func(ending string) string { return filepath.Join(dir, name+ending) }
	rec, err := record.Start(record.Params{
		Raw: at("-raw.mkv"), Annotated: at(".mkv"), Log: at(".jsonl"), FPS: f.state.Info.FPS, Draw: f.p.Draw,
		Failed: func(err error) {
			f.post(func() {
				f.p.Failed(err)
				_, _ = f.StopRecording() // told already
			})
		},
	})
	if err != nil {
		return err
	}
	f.taping = &Tape{Began: time.Now(), Name: name + ".mkv", Dir: dir}
	f.setRecorder(rec)
	f.p.Changed()
	return nil
}

// StopRecording ends the recording and returns what it holds.
func (f *Feed) StopRecording() (record.Summary, error) {
	if f.taping == nil {
		return record.Summary{}, nil
	}
	rec := f.recorder()
	f.setRecorder(nil)
	f.taping = nil
	summary, err := rec.Stop()
	f.p.Changed()
	return summary, err
}

// Bytes returns how large the recording is by now.
func (t *Tape) Bytes() int64 {
	info, err := os.Stat(filepath.Join(t.Dir, t.Name))
	if err != nil {
		return 0
	}
	return info.Size()
}

// Snapshot writes what is shown, with the regions drawn, and hands over the file and the picture.
func (f *Feed) Snapshot(dir string, then func(path string, img *image.RGBA)) {
	runner := f.runner
	if runner == nil {
		return
	}
	v, err := runner.Snapshot()
	if err != nil {
		f.p.Failed(err)
		return
	}
	if f.frozen != nil {
		v.Frame.Release()
		v = *f.frozen
		v.Frame.Keep()
	}
	f.kept++
	path := filepath.Join(dir, fmt.Sprintf("%s-%d.jpg", stamp(time.Now()), f.kept))
	f.wg.Go(func() {
		defer v.Frame.Release()
		img := v.Frame.Copy()
		f.p.Draw(img, v)
		err := os.MkdirAll(dir, 0o755)
		if err == nil {
			err = record.Picture(path, img)
		}
		f.post(func() {
			if err != nil {
				f.p.Failed(err)
				return
			}
			then(path, img)
		})
	})
}

// stamp names a file by a time.
func stamp(t time.Time) string { return t.Format("20060102-150405") }

// FrameName names a frame that is kept as a photo.
func FrameName(v *live.View) string {
	return fmt.Sprintf("live-%s-%06d.jpg", v.Frame.At.Format("20060102-150405"), v.Frame.Seq)
}
