package model

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// Manifest is pack.json, schema 1: everything that the program must know of a pack.
type Manifest struct {
	Schema  int    `json:"schema"`
	ID      string `json:"id"`
	Version string `json:"version"`
	Title   string `json:"title"`
	// Family names the code that knows the graphs' roles and the shape of the scoring rule.
	Family  string   `json:"family"`
	Tasks   []string `json:"tasks"`
	Licence string   `json:"licence"`
	Source  string   `json:"source,omitempty"` // what the weights were made from
	Files   []File   `json:"files"`

	Tokenizer TokenizerSpec `json:"tokenizer"`
	Text      TextSpec      `json:"text"`
	Image     ImageSpec     `json:"image"`
	// Scoring is the family's rule; each family reads its own fields.
	Scoring  json.RawMessage `json:"scoring"`
	Defaults Defaults        `json:"defaults"`
	Live     LiveSpec        `json:"live,omitzero"`
	// Twice is the side of the larger canvas of a second look at a photo, for packs that gain by one; 0 for none.
	Twice int `json:"twice,omitempty"`
	// MemoryMB is about what the sessions need at the default canvas.
	MemoryMB int `json:"memory_mb"`
}

// File is one file of a pack. Its bytes are used only when length and hash are as stated.
type File struct {
	Role    string   `json:"role"`
	Name    string   `json:"name"` // slash path inside the pack's folder
	SHA256  string   `json:"sha256"`
	Bytes   int64    `json:"bytes"`
	Mirrors []string `json:"mirrors,omitempty"`
}

// TokenizerSpec tells how words become token ids.
type TokenizerSpec struct {
	Kind      string `json:"kind"`  // "wordpiece" (BERT) or "bpe" (CLIP)
	Vocab     string `json:"vocab"` // role of the vocabulary: pieces by line, or a list of merges
	MaxTokens int    `json:"max_tokens"`
	// Pieces is how many the text graph knows; the vocabulary must have as many. 0 is not stated.
	Pieces int `json:"pieces,omitempty"`
	// Pad fills every text up to MaxTokens, for graphs of a fixed length.
	Pad bool `json:"pad,omitempty"`
}

// TextSpec tells how a phrase becomes one vector.
type TextSpec struct {
	Encoder string `json:"encoder"` // role of the text graph
	// Output is the text graph's output that is a text's vector: TextEmbeds, also when it is not stated, or RawTextEmbeds.
	Output    string   `json:"output,omitempty"`
	Dim       int      `json:"dim"`
	Templates []string `json:"templates"` // with {} for the phrase
	// Batch is how many texts a run may hold, 1 when it is not stated. A graph that quantises activations as it
	// runs gives a text another vector in other company.
	Batch int `json:"batch,omitempty"`
	// Normalize is how the templates' vectors become one: "normalize-mean-normalize", also when empty (CLIP,
	// SLIP, ViLD), or "mean-normalize" (GroupViT).
	Normalize string `json:"normalize,omitempty"`
	// Languages are the codes of those that the text encoder reads ("en", "zh"); English when none is stated. Chinese
	// phrases reach an encoder that does not read them through the lexicon.
	Languages []string `json:"languages,omitempty"`
}

// Reads reports whether the text encoder reads a language.
func (s TextSpec) Reads(language string) bool {
	if len(s.Languages) == 0 {
		return language == "en"
	}
	return slices.Contains(s.Languages, language)
}

// Defaults are the pack maker's choices for a person who has made none.
type Defaults struct {
	Score float64 `json:"score"`
	NMS   float64 `json:"nms"`
	Max   int     `json:"max"`
}

// LiveSpec is the pack maker's trade of exactness for speed with moving pictures. What is 0 is as with photos.
type LiveSpec struct {
	Size    int `json:"size,omitempty"`    // side of the canvas in pixels
	Regions int `json:"regions,omitempty"` // how many proposals are looked at, at most
}

// Limits of a manifest. A pack is data from outside.
const (
	maxManifest = 1 << 20
	maxFile     = 4 << 30
	maxFiles    = 64
	maxCanvas   = 4096
)

// ErrManifest marks a pack.json that cannot be used.
var ErrManifest = errors.New("unusable pack.json")

var packID = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// ParseManifest reads and checks pack.json.
func ParseManifest(data []byte) (*Manifest, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	var m Manifest
	if err := dec.Decode(&m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	return &m, nil
}

func (m *Manifest) check() error {
	switch {
	case m.Schema != 1:
		return fmt.Errorf("schema %d, this version of Saysee reads schema 1", m.Schema)
	case !packID.MatchString(m.ID):
		return fmt.Errorf("id %q: small letters, digits, '.', '_' and '-' are allowed", m.ID)
	case m.Family == "":
		return errors.New("no family is named")
	}
	roles, err := checkFiles(m.Files)
	if err != nil {
		return err
	}
	if err := m.checkText(roles); err != nil {
		return err
	}
	if l := m.Live; l.Size < 0 || l.Size > maxCanvas || l.Regions < 0 {
		return errors.New("live: a size and a number of regions go from 0 up")
	}
	if m.Twice != 0 && (m.Twice <= m.Image.Size || m.Twice > maxCanvas) {
		return fmt.Errorf("twice: %d is no side of a canvas larger than image.size %d", m.Twice, m.Image.Size)
	}
	return m.Image.check()
}

// checkFiles returns the roles of the files.
func checkFiles(files []File) (map[string]bool, error) {
	if len(files) == 0 || len(files) > maxFiles {
		return nil, fmt.Errorf("%d files, 1 to %d are allowed", len(files), maxFiles)
	}
	roles := map[string]bool{}
	for _, f := range files {
		if err := f.check(); err != nil {
			return nil, err
		}
		if roles[f.Role] {
			return nil, fmt.Errorf("role %q is named twice", f.Role)
		}
		roles[f.Role] = true
	}
	return roles, nil
}

func (m *Manifest) checkText(roles map[string]bool) error {
	for _, role := range []string{m.Tokenizer.Vocab, m.Text.Encoder} {
		if role != "" && !roles[role] {
			return fmt.Errorf("no file has the role %q", role)
		}
	}
	if m.Text.Encoder == "" {
		return nil
	}
	if out := m.Text.Output; out != "" && out != TextEmbeds && out != RawTextEmbeds {
		return fmt.Errorf("text.output %q is not known (%s, %s)", out, TextEmbeds, RawTextEmbeds)
	}
	if m.Text.Batch < 0 || m.Text.Batch > 1024 || m.Tokenizer.Pieces < 0 {
		return errors.New("text.batch or tokenizer.pieces is out of range")
	}
	if m.Tokenizer.MaxTokens < 3 || m.Tokenizer.MaxTokens > 4096 || m.Text.Dim < 1 || m.Text.Dim > 8192 {
		return errors.New("tokenizer.max_tokens or text.dim is out of range")
	}
	return nil
}

func (f File) check() error {
	switch {
	case f.Role == "":
		return fmt.Errorf("file %q has no role", f.Name)
	case !fs.ValidPath(f.Name) || f.Name == "." || strings.ContainsAny(f.Name, `\:`):
		return fmt.Errorf("file name %q leaves the pack's folder or is not a plain path", f.Name)
	case f.Bytes <= 0 || f.Bytes > maxFile:
		return fmt.Errorf("file %q states %d bytes", f.Name, f.Bytes)
	}
	if sum, err := hex.DecodeString(f.SHA256); err != nil || len(sum) != 32 || strings.ToLower(f.SHA256) != f.SHA256 {
		return fmt.Errorf("file %q: sha256 is not 64 small hexadecimal digits", f.Name)
	}
	return nil
}

func (s ImageSpec) check() error {
	if s.Size == 0 {
		return nil // a pack without an image side, such as a prompt bank
	}
	if s.Multiple < 1 || s.Multiple > 256 || s.Size < s.Multiple || s.Size > maxCanvas || s.Size%s.Multiple != 0 {
		return fmt.Errorf("image.size %d must be a multiple of image.multiple %d, at most %d", s.Size, s.Multiple, maxCanvas)
	}
	if s.Margin < 0 || s.Margin > s.Size {
		return fmt.Errorf("image.margin %d is out of range (0 to %d)", s.Margin, s.Size)
	}
	if err := s.checkCanvas(); err != nil {
		return err
	}
	for _, w := range []struct {
		field, word string
		known       []string
	}{
		{"resize", s.Resize, []string{"letterbox", "long", "short", ResizeCrop}},
		{"shrink", s.Shrink, []string{"area", "linear", "cubic", "linear-corners", "linear-corner", "pil-bilinear", "pil-bicubic"}},
		{"grow", s.Grow, []string{"linear", "cubic", "linear-corners", "linear-corner", "pil-bilinear", "pil-bicubic"}},
		{"order", s.Order, []string{"RGB", "BGR"}},
	} {
		if !slices.Contains(w.known, w.word) {
			return fmt.Errorf("image.%s %q is not known (%s)", w.field, w.word, strings.Join(w.known, ", "))
		}
	}
	for _, v := range s.Std {
		if !(v > 0) {
			return fmt.Errorf("image.std %v must be positive", s.Std)
		}
	}
	return nil
}

// checkCanvas checks what goes with the resize rules.
func (s ImageSpec) checkCanvas() error {
	if s.Window < 0 || s.Window > maxCanvas || s.Stride < 0 || s.Stride > s.Window || (s.Stride == 0) != (s.Window == 0) {
		return fmt.Errorf("image.window %d and image.stride %d do not fit each other", s.Window, s.Stride)
	}
	if s.Resize == ResizeCrop && !(s.pillow() && strings.HasPrefix(s.Grow, "pil-")) {
		return fmt.Errorf("image.resize %q goes with Pillow's ways of shrinking and growing", s.Resize)
	}
	if (s.Resize == "short") != (s.MaxLong > 0) || s.MaxLong > maxCanvas || s.MaxLong > 0 && s.MaxLong < s.Size {
		return fmt.Errorf("image.max_long %d goes with the resize rule \"short\", from image.size to %d", s.MaxLong, maxCanvas)
	}
	return nil
}

// WithSize returns the spec for another canvas side, rounded up to what the network takes.
func (s ImageSpec) WithSize(size int) (ImageSpec, error) {
	if size < 1 || size > maxCanvas {
		return s, fmt.Errorf("canvas size %d is out of range (%d to %d)", size, s.Multiple, maxCanvas)
	}
	s.Size = (size + s.Multiple - 1) / s.Multiple * s.Multiple
	return s, nil
}
