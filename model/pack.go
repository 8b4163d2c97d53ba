package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// ErrDamaged marks a pack file whose bytes are not what the manifest states.
var ErrDamaged = errors.New("damaged pack")

// Pack is an opened pack. Its files are read on demand, and verified each time they are read.
type Pack struct {
	*Manifest
	// Origin tells where the pack was found, for people.
	Origin string

	root fs.FS  // the store's folder
	dir  string // the pack's folder in it
}

// Blobs is the folder of a store that holds files by their SHA-256, so that packs can share them.
const Blobs = "blobs"

// openPack reads dir/pack.json of a store.
func openPack(root fs.FS, dir, origin string) (*Pack, error) {
	data, err := readLimited(root, path.Join(dir, "pack.json"), maxManifest)
	if err != nil {
		return nil, err
	}
	m, err := ParseManifest(data)
	if err != nil {
		return nil, err
	}
	return &Pack{Manifest: m, Origin: origin, root: root, dir: dir}, nil
}

func (p *Pack) file(role string) (File, error) {
	for _, f := range p.Files {
		if f.Role == role {
			return f, nil
		}
	}
	return File{}, fmt.Errorf("pack %s has no file with the role %q", p.ID, role)
}

// Has reports whether a file has the role.
func (p *Pack) Has(role string) bool {
	_, err := p.file(role)
	return err == nil
}

// Read returns the verified bytes of the file with a role.
func (p *Pack) Read(role string) ([]byte, error) {
	f, err := p.file(role)
	if err != nil {
		return nil, err
	}
	return p.read(f)
}

func (p *Pack) read(f File) ([]byte, error) {
	data, err := readLimited(p.root, path.Join(p.dir, f.Name), f.Bytes)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = readLimited(p.root, path.Join(Blobs, f.SHA256), f.Bytes)
	}
	if err != nil {
		return nil, fmt.Errorf("pack %s: %w", p.ID, err)
	}
	if int64(len(data)) != f.Bytes {
		return nil, fmt.Errorf("%w: %s of %s has %d bytes, its manifest says %d; install the pack again", ErrDamaged, f.Name, p.ID, len(data), f.Bytes)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != f.SHA256 {
		return nil, fmt.Errorf("%w: %s of %s does not match its SHA-256; install the pack again", ErrDamaged, f.Name, p.ID)
	}
	return data, nil
}

// Verify reads every file of the pack and checks length and hash.
func (p *Pack) Verify() error {
	var errs []error
	for _, f := range p.Files {
		_, err := p.read(f)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// TextFingerprint names everything that decides a phrase's vector: packs with the same text side share
// cached vectors, and a changed one never meets old vectors.
func (p *Pack) TextFingerprint() string {
	h := sha256.New()
	for _, role := range []string{p.Text.Encoder, p.Tokenizer.Vocab} {
		f, _ := p.file(role)
		fmt.Fprintln(h, f.SHA256)
	}
	fmt.Fprintln(h, p.Tokenizer.Kind, p.Tokenizer.MaxTokens, p.Text.Dim, strings.Join(p.Text.Templates, "\n")+p.Text.Normalize)
	if p.Text.Output != "" {
		fmt.Fprintln(h, p.Text.Output)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// Fingerprint names the files of roles by what is in them.
func (p *Pack) Fingerprint(roles ...string) string {
	h := sha256.New()
	for _, role := range roles {
		f, _ := p.file(role)
		fmt.Fprintln(h, f.SHA256)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// ReadScoring decodes the manifest's scoring rule into a family's own type. Unknown fields are an error:
// a rule that is only half understood gives wrong scores.
func (p *Pack) ReadScoring(rule any) error {
	dec := json.NewDecoder(bytes.NewReader(p.Scoring))
	dec.DisallowUnknownFields()
	if err := dec.Decode(rule); err != nil {
		return fmt.Errorf("pack %s: %w: scoring: %w", p.ID, ErrManifest, err)
	}
	return nil
}

func readLimited(root fs.FS, name string, limit int64) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%w: %s has %d bytes, %d are allowed", ErrDamaged, name, info.Size(), limit)
	}
	// The size is only a hint: a file may grow while it is read.
	var buf bytes.Buffer
	buf.Grow(int(info.Size()) + bytes.MinRead)
	if _, err := buf.ReadFrom(io.LimitReader(f, limit+1)); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}
