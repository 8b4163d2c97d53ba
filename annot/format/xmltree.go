package format

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
)

// xmlNode is an element with everything in it.
type xmlNode struct {
	name  string
	attrs []xml.Attr
	text  string
	kids  []*xmlNode
	line  int
}

// parseXML reads a small XML document into a tree. A fault ends the reading and comes back together with
// what was read before it. Entities beyond XML's five are faults and never expanded, so a "billion laughs"
// document costs nothing.
func parseXML(data []byte) (*xmlNode, error) {
	if !utf8.Valid(data) && !bytes.Contains(data[:min(len(data), 200)], []byte("encoding=")) {
		data = []byte(utf8Text(data))
	}
	d := xml.NewDecoder(bytes.NewReader(data))
	d.CharsetReader = charset
	top := &xmlNode{}
	stack := []*xmlNode{top}
	for {
		token, err := d.Token()
		if err != nil {
			if errors.Is(err, io.EOF) && len(top.kids) > 0 {
				return top.kids[0], nil
			}
			line, _ := d.InputPos()
			return firstOf(top), &xmlError{line, err}
		}
		here := stack[len(stack)-1]
		switch t := token.(type) {
		case xml.StartElement:
			if len(stack) > maxDepth {
				line, _ := d.InputPos()
				return firstOf(top), &xmlError{line, fmt.Errorf("nested deeper than %d levels", maxDepth)}
			}
			line, _ := d.InputPos()
			n := &xmlNode{name: t.Name.Local, attrs: t.Attr, line: line}
			here.kids = append(here.kids, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if text := strings.TrimSpace(string(t)); text != "" && len(stack) > 1 {
				here.text += text
			}
		}
	}
}

func firstOf(top *xmlNode) *xmlNode {
	if len(top.kids) > 0 {
		return top.kids[0]
	}
	return nil
}

type xmlError struct {
	line int
	err  error
}

func (e *xmlError) Error() string   { return fmt.Sprintf("%v: %v", ErrSyntax, e.err) }
func (e *xmlError) Unwrap() []error { return []error{ErrSyntax, e.err} }

// charset decodes the encodings that browsers know.
func charset(label string, in io.Reader) (io.Reader, error) {
	enc, err := htmlindex.Get(label)
	if err != nil {
		return nil, fmt.Errorf("encoding %q: %w", label, err)
	}
	return enc.NewDecoder().Reader(in), nil
}

// kid returns the first child of that name, or nil.
func (n *xmlNode) kid(name string) *xmlNode {
	if n == nil {
		return nil
	}
	for _, k := range n.kids {
		if k.name == name {
			return k
		}
	}
	return nil
}

// value returns the text of the first child of that name.
func (n *xmlNode) value(name string) string {
	if k := n.kid(name); k != nil {
		return k.text
	}
	return ""
}

// attr returns an attribute.
func (n *xmlNode) attr(name string) string {
	for _, a := range n.attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// xmlNumber reads a coordinate.
func xmlNumber(text string) (float64, error) {
	f, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || f-f != 0 {
		return 0, fmt.Errorf("%w: %q is no number", ErrGeometry, text)
	}
	return f, nil
}

// xmlNumbers reads several.
func xmlNumbers(texts ...string) ([]float64, error) {
	v := make([]float64, len(texts))
	for i, t := range texts {
		var err error
		if v[i], err = xmlNumber(t); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// keepXML stores a child that Saysee does not know: a word, number or boolean as such, and one with
// children of its own as {"xml":"…"}. Children of one name become a list.
func keepXML(extra *map[string]json.RawMessage, n *xmlNode) {
	var v json.RawMessage
	if len(n.kids) > 0 {
		var inner bytes.Buffer
		for _, k := range n.kids {
			k.write(&inner)
		}
		v = append(appendText([]byte(`{"xml":`), inner.String()), '}')
	} else {
		v = literalOrText(n.text)
	}
	if *extra == nil {
		*extra = map[string]json.RawMessage{}
	}
	old, again := (*extra)[n.name]
	switch {
	case !again:
	case old[0] == '[':
		v = append(append(append(old[:len(old)-1:len(old)-1], ','), v...), ']')
	default:
		v = append(append(append(append([]byte{'['}, old...), ','), v...), ']')
	}
	(*extra)[n.name] = v
}

// literalOrText returns true, false or a plain number as JSON has them, and anything else as a string.
func literalOrText(text string) json.RawMessage {
	if text == "true" || text == "false" {
		return json.RawMessage(text)
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && string(appendFloat(nil, f)) == text {
		return json.RawMessage(text)
	}
	return appendText(nil, text)
}

// write writes the element.
func (n *xmlNode) write(b *bytes.Buffer) {
	b.WriteString("<" + n.name)
	for _, a := range n.attrs {
		b.WriteString(" " + a.Name.Local + `="` + xmlText(a.Value) + `"`)
	}
	b.WriteString(">" + xmlText(n.text))
	for _, k := range n.kids {
		k.write(b)
	}
	b.WriteString("</" + n.name + ">")
}

// xmlText escapes text for elements and attributes.
func xmlText(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a strings.Builder takes everything
	return b.String()
}

// xmlName reports whether a key can be an element's name.
func xmlName(s string) bool {
	for i, r := range s {
		letter := r|0x20 >= 'a' && r|0x20 <= 'z' || r == '_'
		if !letter && (i == 0 || !(r >= '0' && r <= '9' || r == '-' || r == '.')) {
			return false
		}
	}
	return s != "" && !strings.HasPrefix(strings.ToLower(s), "xml")
}

// plainText returns a JSON string, number or boolean as text.
func plainText(raw json.RawMessage) (string, bool) {
	if len(raw) == 0 {
		return "", false
	}
	switch raw[0] {
	case '"':
		var s string
		err := json.Unmarshal(raw, &s)
		return s, err == nil
	case '{', '[', 'n':
		return "", false
	}
	return string(raw), true
}
