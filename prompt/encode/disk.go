package encode

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
)

// disk keeps entries in a few files, chosen by the phrase, to which records are only ever appended. Each
// call appends its records to a file in one write, which the operating system does not mix with another
// process's, and a record carries its checksum, so that no lock is needed: a reader skips what is not a
// whole record. The zero value keeps nothing.
//
// A record is, little endian: magic, CRC-32C of what follows (4 bytes), flags (2), length of the vector
// (2), length of the phrase (2), phrase, vector (float32).
type disk struct {
	dir string
	dim int
}

const (
	magic     = "SYv1"
	crcAt     = len(magic)
	bodyAt    = crcAt + 4
	phraseAt  = bodyAt + 6
	truncated = 1 // flag

	files     = 16
	maxFile   = 2 << 20 // a file that would grow over it starts afresh
	maxDim    = math.MaxUint16
	maxPhrase = math.MaxUint16
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// CacheDir returns the folder of the user's cached vectors: saysee/text under os.UserCacheDir.
func CacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the cache folder: %w", err)
	}
	return filepath.Join(dir, "saysee", "text"), nil
}

func (d disk) path(file uint32) string {
	return filepath.Join(d.dir, fmt.Sprintf("%02d.vectors", file))
}

func fileOf(phrase string) uint32 { return crc32.ChecksumIEEE([]byte(phrase)) % files }

// load hands each phrase that is wanted to found, once.
func (d disk) load(c *call, found func(entry)) {
	if d.dir == "" {
		return
	}
	var read [files]bool
	for _, p := range c.missing() {
		file := fileOf(p)
		if read[file] {
			continue
		}
		read[file] = true
		data := readFile(d.path(file))
		for len(data) > 0 {
			e, n, ok := d.record(data, c.wants)
			if ok {
				found(e)
			}
			data = data[n:]
		}
	}
}

// readFile returns nothing for a file that cannot be one of ours.
func readFile(path string) []byte {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > 2*maxFile {
		return nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return data
}

// record reads the record that data begins with, when it is whole and its phrase is wanted. n is the
// length of the record, or of what stands before the next one.
func (d disk) record(data []byte, wants func([]byte) bool) (e entry, n int, ok bool) {
	n, ok = recordLength(data)
	if !ok {
		if next := bytes.Index(data[1:], []byte(magic)); next >= 0 {
			return entry{}, 1 + next, false
		}
		return entry{}, len(data), false
	}
	flags, dim, length := header(data)
	phrase, vector := data[phraseAt:phraseAt+length], data[phraseAt+length:n]
	if dim != d.dim || !wants(phrase) {
		return entry{}, n, false
	}
	e = entry{phrase: string(phrase), vector: make([]float32, dim), truncated: flags&truncated != 0}
	for i := range e.vector {
		e.vector[i] = math.Float32frombits(binary.LittleEndian.Uint32(vector[4*i:]))
	}
	return e, n, true
}

func header(data []byte) (flags uint16, dim, phrase int) {
	u16 := binary.LittleEndian.Uint16
	return u16(data[bodyAt:]), int(u16(data[bodyAt+2:])), int(u16(data[bodyAt+4:]))
}

// recordLength returns the length of the whole record that data begins with.
func recordLength(data []byte) (n int, ok bool) {
	if len(data) < phraseAt || string(data[:crcAt]) != magic {
		return 0, false
	}
	_, dim, phrase := header(data)
	n = phraseAt + phrase + 4*dim
	if n > len(data) || crc32.Checksum(data[bodyAt:n], castagnoli) != binary.LittleEndian.Uint32(data[crcAt:]) {
		return 0, false
	}
	return n, true
}

func appendRecord(b []byte, e entry) []byte {
	start := len(b)
	le := binary.LittleEndian
	b = append(b, magic+"\x00\x00\x00\x00"...)
	var flags uint16
	if e.truncated {
		flags |= truncated
	}
	b = le.AppendUint16(b, flags)
	b = le.AppendUint16(b, uint16(len(e.vector)))
	b = le.AppendUint16(b, uint16(len(e.phrase)))
	b = append(b, e.phrase...)
	for _, x := range e.vector {
		b = le.AppendUint32(b, math.Float32bits(x))
	}
	le.PutUint32(b[start+crcAt:], crc32.Checksum(b[start+bodyAt:], castagnoli))
	return b
}

// store appends the entries. What cannot be written is not.
func (d disk) store(entries []entry) {
	if d.dir == "" {
		return
	}
	var records [files][]byte
	for _, e := range entries {
		if len(e.phrase) <= maxPhrase {
			f := fileOf(e.phrase)
			records[f] = appendRecord(records[f], e)
		}
	}
	made := os.MkdirAll(d.dir, 0o700) == nil
	for f, r := range records {
		if made && len(r) > 0 {
			appendFile(d.path(uint32(f)), r)
		}
	}
}

// appendFile makes one write. Its error is of no interest: the records are missing or cut off, and the
// next reader encodes their phrases again.
func appendFile(path string, records []byte) {
	if info, err := os.Stat(path); err == nil {
		if !info.Mode().IsRegular() {
			return
		}
		if info.Size()+int64(len(records)) > maxFile {
			_ = os.Remove(path)
		}
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	_, _ = f.Write(records)
	_ = f.Close()
}
