package annot

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/saysee/saysee/annot/atomic"
)

// A journal holds what was done since the last save, one state of a photo or of the class table a line:
//
//	8 hexadecimal digits of CRC-32C of the rest, a space, JSON without line breaks
//
// Each line is flushed to the disk before the step counts as done. A crash can only cut the last line
// short, and the checksum tells.

// ErrJournal is the cause of all problems with lines of a journal.
var ErrJournal = errors.New("damaged journal line")

// Record is one line of a journal.
type Record struct {
	// Key is the photo's path, or empty for the project file. It is bytes because names of files need
	// not be valid text.
	Key []byte `json:"key"`
	// Data is the state of the document, and nil once it was saved.
	Data json.RawMessage `json:"data,omitempty"`
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maxJournalSlack is how many bytes of outdated lines a journal may hold before it is written anew.
const maxJournalSlack = 32 << 20

// AppendRecord appends a record as a line of a journal.
func AppendRecord(line []byte, r Record) ([]byte, error) {
	// The encoder compacts a RawMessage, so data has no line break.
	data, err := json.Marshal(r)
	if err != nil {
		return line, fmt.Errorf("write journal: %w", err)
	}
	line = fmt.Appendf(line, "%08x ", crc32.Checksum(data, castagnoli))
	return append(append(line, data...), '\n'), nil
}

// ReadJournal returns the records that are whole and a problem for each line that is not; the problems
// wrap ErrJournal and give the line. A last line that was cut short is no problem: its step never counted.
func ReadJournal(r io.Reader) ([]Record, []error) {
	var records []Record
	var problems []error
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if err != nil {
			if err != io.EOF {
				problems = append(problems, fmt.Errorf("read journal: %w", err))
			}
			return records, problems
		}
		if len(line) == 1 {
			continue // put there to end a line that a failed write had cut short
		}
		rec, err := parseRecord(line[:len(line)-1])
		if err != nil {
			problems = append(problems, fmt.Errorf("%w %d: %w", ErrJournal, n, err))
			continue
		}
		records = append(records, rec)
	}
}

func parseRecord(line []byte) (Record, error) {
	digits, data, ok := bytes.Cut(line, []byte(" "))
	if !ok || len(digits) != 8 {
		return Record{}, errors.New("no checksum")
	}
	sum, err := strconv.ParseUint(string(digits), 16, 32)
	if err != nil || uint32(sum) != crc32.Checksum(data, castagnoli) {
		return Record{}, errors.New("checksum does not match")
	}
	var rec Record
	err = json.Unmarshal(data, &rec)
	return rec, err
}

// journal is an open journal. It knows the latest state of everything that is not saved.
type journal struct {
	path    string
	f       *os.File
	pending map[string]json.RawMessage
	left    map[string]bool // what of pending a crash has left, and nobody has decided about
	live    int             // bytes of pending
	size    int             // bytes written to the file
	torn    bool            // a write has failed and may have left half a line
}

// openJournal reads what a crash has left, and begins a fresh journal that holds the same.
func openJournal(path string) (*journal, []error, error) {
	j := &journal{path: path, pending: map[string]json.RawMessage{}, left: map[string]bool{}}
	var problems []error
	old, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, nil, fmt.Errorf("open journal: %w", err)
	default:
		var records []Record
		records, problems = ReadJournal(old)
		old.Close()
		for _, r := range records {
			j.keep(r)
		}
	}
	for k := range j.pending {
		j.left[k] = true
	}
	if len(problems) > 0 { // what cannot be read is kept aside for a person to look at
		if err := os.Rename(path, path+".damaged"); err != nil {
			return nil, nil, fmt.Errorf("put damaged journal aside: %w", err)
		}
	}
	return j, problems, j.rewrite()
}

func (j *journal) keep(r Record) {
	key := string(r.Key)
	j.live += len(r.Data) - len(j.pending[key])
	if r.Data == nil {
		delete(j.pending, key)
		delete(j.left, key)
	} else {
		j.pending[key] = r.Data
	}
}

// rewrite replaces the file by one without outdated lines and opens it for more.
func (j *journal) rewrite() error {
	var data []byte
	for _, k := range slices.Sorted(maps.Keys(j.pending)) {
		var err error
		if data, err = AppendRecord(data, Record{[]byte(k), j.pending[k]}); err != nil {
			return err
		}
	}
	if err := j.close(); err != nil {
		return err
	}
	if err := atomic.WriteFile(j.path, data, atomic.DefaultPerm); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	f, err := os.OpenFile(j.path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return fmt.Errorf("open journal: %w", err)
	}
	j.f, j.size, j.torn = f, len(data), false
	return nil
}

// note writes states of photos, or with nil data that they are saved. When it returns without an error, the
// lines are on the disk; many at once cost little more than one.
func (j *journal) note(records ...Record) error {
	var lines []byte
	for _, r := range records {
		if _, known := j.pending[string(r.Key)]; !known && r.Data == nil {
			continue
		}
		var err error
		if lines, err = AppendRecord(lines, r); err != nil {
			return err
		}
		j.keep(r)
	}
	switch {
	case len(lines) == 0:
		return nil
	case j.f == nil || j.size > j.live+maxJournalSlack:
		return j.rewrite()
	case j.torn:
		lines = append([]byte("\n"), lines...)
	}
	n, err := j.f.Write(lines)
	j.size += n
	if err == nil {
		err = j.f.Sync()
	}
	j.torn = err != nil
	if err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	return nil
}

func (j *journal) close() error {
	if j.f == nil {
		return nil
	}
	err := j.f.Close()
	j.f = nil
	return err
}

// remove deletes the journal when nothing in it is needed any more.
func (j *journal) remove() error {
	err := j.close()
	if len(j.pending) > 0 {
		return err
	}
	err = errors.Join(err, os.Remove(j.path))
	return errors.Join(err, atomic.SyncDir(filepath.Dir(j.path)))
}
