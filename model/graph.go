package model

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
)

// ElementType is the type of a tensor's elements, with ONNX's own numbers.
type ElementType int32

// The element types that Saysee's graphs use at their borders.
const (
	Float32 ElementType = 1
	Int64   ElementType = 7
)

func (t ElementType) String() string {
	switch t {
	case Float32:
		return "float32"
	case Int64:
		return "int64"
	}
	return fmt.Sprintf("ONNX element type %d", int32(t))
}

// Port is a named input or output of a graph.
type Port struct {
	Name string
	Type ElementType
	Rank int
}

// Graph is what a family needs of an ONNX file: its inputs and outputs, in the order the family uses.
type Graph struct {
	Inputs, Outputs []Port
	// Head marks a graph that also reads levels of the starters' trunk, in front of Inputs: those that the file names.
	Head bool
	// Optional are inputs with a default in the file, OptionalOutputs what not every file makes. Those that a file offers stand behind
	// Inputs and Outputs.
	Optional, OptionalOutputs []Port
	// Ragged marks outputs whose shapes hang on what is in the inputs, not only on the inputs' shapes.
	Ragged bool
}

// on puts the trunk's levels that a file reads in front of a head's own inputs, and says which of Trunk's outputs they are; optional inputs
// that the file offers come last.
func (need Graph) on(has Graph) (g Graph, levels []int) {
	var inputs []Port
	if need.Head {
		for i, p := range Trunk().Outputs {
			if find(has.Inputs, p.Name) != nil {
				inputs = append(inputs, p)
				levels = append(levels, i)
			}
		}
	}
	inputs = append(inputs, need.Inputs...)
	inputs = append(inputs, offered(need.Optional, has.Optional)...)
	need.Outputs = slices.Concat(need.Outputs, offered(need.OptionalOutputs, has.Outputs))
	need.Inputs = inputs
	return need, levels
}

// offered returns the ports that are there.
func offered(ports, has []Port) []Port {
	return slices.DeleteFunc(slices.Clone(ports), func(p Port) bool { return find(has, p.Name) == nil })
}

// ErrGraph marks an ONNX file whose inputs and outputs are not what its family needs.
var ErrGraph = errors.New("graph does not fit its family")

// check compares what an ONNX file offers with what a family needs, and names every difference.
func (need Graph) check(has Graph) error {
	var diffs []string
	diffs = append(diffs, portDiffs("input", need.Inputs, slices.Concat(has.Inputs, has.Optional))...)
	for _, p := range has.Inputs {
		if find(need.Inputs, p.Name) == nil {
			diffs = append(diffs, fmt.Sprintf("it also wants an input %q", p.Name))
		}
	}
	diffs = append(diffs, portDiffs("output", need.Outputs, has.Outputs)...)
	if len(diffs) > 0 {
		return fmt.Errorf("%w: %s", ErrGraph, strings.Join(diffs, "; "))
	}
	return nil
}

func portDiffs(kind string, need, has []Port) []string {
	var diffs []string
	for _, n := range need {
		h := find(has, n.Name)
		switch {
		case h == nil:
			diffs = append(diffs, fmt.Sprintf("%s %q is missing (the file has %s)", kind, n.Name, names(has)))
		case h.Type != n.Type:
			diffs = append(diffs, fmt.Sprintf("%s %q is %v, not %v", kind, n.Name, h.Type, n.Type))
		case h.Rank >= 0 && h.Rank != n.Rank:
			diffs = append(diffs, fmt.Sprintf("%s %q has %d dimensions, not %d", kind, n.Name, h.Rank, n.Rank))
		}
	}
	return diffs
}

func find(ports []Port, name string) *Port {
	for i := range ports {
		if ports[i].Name == name {
			return &ports[i]
		}
	}
	return nil
}

func names(ports []Port) string {
	var all []string
	for _, p := range ports {
		all = append(all, fmt.Sprintf("%q", p.Name))
	}
	if len(all) == 0 {
		return "none"
	}
	return strings.Join(all, ", ")
}

// Field numbers of onnx.proto (github.com/onnx/onnx, onnx/onnx.proto).
const (
	modelGraph       = 7
	graphInitializer = 5
	graphInput       = 11
	graphOutput      = 12
	tensorName       = 8
	valueName        = 1
	valueType        = 2
	typeTensor       = 1
	tensorElem       = 1
	tensorShape      = 2
	shapeDim         = 1
)

// parseGraph reads the inputs and outputs of an ONNX file without building a session: it walks the
// protobuf and skips nodes and weights. A rank of -1 means that the file does not state a shape.
func parseGraph(onnx []byte) (Graph, error) {
	var g Graph
	found := false
	weights := map[string]bool{}
	err := fields(onnx, func(num protowire.Number, b []byte) error {
		if num != modelGraph {
			return nil
		}
		found = true
		return fields(b, func(num protowire.Number, b []byte) (err error) {
			var p Port
			switch num {
			case graphInput:
				if p, err = parsePort(b); err == nil {
					g.Inputs = append(g.Inputs, p)
				}
			case graphOutput:
				if p, err = parsePort(b); err == nil {
					g.Outputs = append(g.Outputs, p)
				}
			case graphInitializer:
				err = fields(b, func(num protowire.Number, b []byte) error {
					if num == tensorName {
						weights[string(b)] = true
					}
					return nil
				})
			}
			return err
		})
	})
	if err != nil {
		return Graph{}, fmt.Errorf("not an ONNX file: %w", err)
	}
	if !found || len(g.Outputs) == 0 {
		return Graph{}, errors.New("not an ONNX file: it holds no graph")
	}
	// An input that is among the weights has a default. Old exporters list all weights so.
	var inputs []Port
	for _, p := range g.Inputs {
		if weights[p.Name] {
			g.Optional = append(g.Optional, p)
		} else {
			inputs = append(inputs, p)
		}
	}
	g.Inputs = inputs
	return g, nil
}

func parsePort(b []byte) (Port, error) {
	p := Port{Rank: -1}
	err := fields(b, func(num protowire.Number, b []byte) error {
		switch num {
		case valueName:
			p.Name = string(b)
		case valueType:
			return fields(b, func(num protowire.Number, b []byte) error {
				if num != typeTensor {
					return nil
				}
				return parseTensorType(b, &p)
			})
		}
		return nil
	})
	return p, err
}

func parseTensorType(b []byte, p *Port) error {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		if num == tensorElem && typ == protowire.VarintType {
			v, n := protowire.ConsumeVarint(b)
			if n < 0 {
				return protowire.ParseError(n)
			}
			p.Type = ElementType(int32(v))
			b = b[n:]
			continue
		}
		n = protowire.ConsumeFieldValue(num, typ, b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if num == tensorShape && typ == protowire.BytesType {
			dims, _ := protowire.ConsumeBytes(b)
			p.Rank = 0
			err := fields(dims, func(num protowire.Number, _ []byte) error {
				if num == shapeDim {
					p.Rank++
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		b = b[n:]
	}
	return nil
}

// fields calls f for each length-delimited field of a protobuf message and skips all others.
func fields(b []byte, f func(protowire.Number, []byte) error) error {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		if typ != protowire.BytesType {
			n = protowire.ConsumeFieldValue(num, typ, b)
			if n < 0 {
				return protowire.ParseError(n)
			}
			b = b[n:]
			continue
		}
		v, n := protowire.ConsumeBytes(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		if err := f(num, v); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}
