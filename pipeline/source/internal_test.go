package source

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// boxes builds an MP4's top level out of kinds and lengths.
func boxes(list ...any) []byte {
	var b []byte
	for i := 0; i < len(list); i += 2 {
		n := list[i+1].(int)
		b = binary.BigEndian.AppendUint32(b, uint32(n))
		b = append(b, list[i].(string)...)
		b = append(b, make([]byte, n-8)...)
	}
	return b
}

func TestComplete(t *testing.T) {
	whole := boxes("ftyp", 24, "moov", 100, "mdat", 1000)
	endless := boxes("ftyp", 24, "moov", 100, "mdat", 1000)
	copy(endless[124:], []byte{0, 0, 0, 0})
	riff := append([]byte("RIFF\x10\x00\x00\x00AVI "), make([]byte, 12)...)
	for name, tt := range map[string]struct {
		data            []byte
		whole, playable bool
	}{
		"should take an MP4 for whole":                         {whole, true, true},
		"should see that an MP4 is cut off, and can be played": {whole[:500], false, true},
		"should see that an index at the end is gone":          {boxes("ftyp", 24, "mdat", 1000, "moov", 100)[:700], false, false},
		"should see that an index was never written":           {boxes("ftyp", 24, "mdat", 1000), true, false},
		"should take a box to the end for whole":               {endless, true, true},
		"should take an AVI for whole":                         {riff, true, true},
		"should see that an AVI is cut off":                    {riff[:20], false, true},
		"should see that an AVI was never finished":            {append([]byte("RIFF\x00\x00\x00\x00AVI "), 1, 2), false, true},
		"should leave what it does not know to others":         {[]byte("\x1a\x45\xdf\xa3 and more of Matroska"), true, true},
		"should leave what is too short to others":             {[]byte("short"), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			whole, playable := complete(bytes.NewReader(tt.data), int64(len(tt.data)))
			if whole != tt.whole || playable != tt.playable {
				t.Errorf("whole %v, playable %v", whole, playable)
			}
		})
	}
}

func FuzzComplete(f *testing.F) {
	f.Add(boxes("ftyp", 24, "moov", 100, "mdat", 1000))
	f.Add([]byte("\x00\x00\x00\x01ftyp\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Add([]byte("RIFF\xff\xff\xff\xffAVI LIST"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if turned := rotation(bytes.NewReader(data), int64(len(data))); turned%90 != 0 || turned < 0 || turned > 270 {
			t.Errorf("turned by %d", turned)
		}
		if whole, playable := complete(bytes.NewReader(data), int64(len(data))); !whole && !playable && len(data) < 12 {
			t.Error("too short to tell")
		}
	})
}

func TestNextJPEG(t *testing.T) {
	// A picture with another one in its second segment, and coded data with a stuffed 0xff and a restart.
	jpeg := []byte("\xff\xd8\xff\xe0\x00\x08\xff\xd8\xff\xd9ab\xff\xda\x00\x04cd123\xff\x00\xff\xd04\xff\xff\xd9")
	for name, stream := range map[string]string{
		"should find pictures between boundaries":       "--frame\r\nContent-Type: image/jpeg\r\n\r\n%\r\n--frame\r\n\r\n%",
		"should find pictures without any":              "%%",
		"should pass over what is no picture":           "\xff\xff%\x00\xff\x01%",
		"should do without the boundary after the last": "--a\n\n%--a\n\n%",
	} {
		t.Run(name, func(t *testing.T) {
			in := bufio.NewReader(strings.NewReader(strings.ReplaceAll(stream, "%", string(jpeg))))
			for range 2 {
				got, err := nextJPEG(in)
				want := bytes.Replace(jpeg, []byte("\xff\xff\xd9"), []byte("\xff\xd9"), 1)
				if err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%q, %v", got, err)
				}
			}
			if got, err := nextJPEG(in); !errors.Is(err, io.EOF) {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func FuzzNextJPEG(f *testing.F) {
	f.Add([]byte("--a\r\n\r\n\xff\xd8\xff\xe0\x00\x04ab\xff\xda\x00\x02123\xff\xd9"))
	f.Add([]byte("\xff\xd8\xff\xe0\x00\x00\xff\xff\xff\xff\xd9"))
	f.Fuzz(func(t *testing.T, data []byte) {
		in := bufio.NewReader(bytes.NewReader(data))
		for {
			got, err := nextJPEG(in)
			if err != nil {
				return
			}
			if len(got) < 4 || len(got) > len(data) || !bytes.HasPrefix(got, []byte{0xff, 0xd8}) || !bytes.HasSuffix(got, []byte{0xff, 0xd9}) {
				t.Fatalf("%q", got)
			}
		}
	})
}

func TestCameras(t *testing.T) {
	dir := t.TempDir()
	device := func(name, index, title string) {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		for file, text := range map[string]string{"index": index, "name": title} {
			if err := os.WriteFile(filepath.Join(dir, name, file), []byte(text+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	device("video10", "0", "Desk camera")
	device("video0", "0", "Front camera: Front")
	device("video1", "1", "Front camera: Front")
	device("video2", "0", "")
	device("v4l-subdev0", "0", "part of a camera")
	want := []Device{{0, "Front camera: Front"}, {2, "camera 2"}, {10, "Desk camera"}}
	if got := camerasIn(dir); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if got := camerasIn(filepath.Join(dir, "none")); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

func TestDeviceError(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "video0")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := deviceError(there); !errors.Is(err, ErrBusy) {
		t.Errorf("a camera that gives no pictures: %v", err)
	}
	if err := deviceError(filepath.Join(dir, "video1")); !errors.Is(err, ErrMissing) {
		t.Errorf("a camera that is not there: %v", err)
	}
	if os.Geteuid() == 0 {
		return // root may open anything
	}
	if err := os.Chmod(there, 0); err != nil {
		t.Fatal(err)
	}
	if err := deviceError(there); !errors.Is(err, ErrDenied) {
		t.Errorf("a camera that may not be opened: %v", err)
	}
}
