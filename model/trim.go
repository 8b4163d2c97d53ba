package model

import (
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Further field numbers of onnx.proto.
const (
	graphNode       = 1
	nodeInput       = 1
	nodeOutput      = 2
	nodeAttribute   = 5
	attributeGraph  = 6
	attributeGraphs = 11
)

// trim leaves out of an ONNX file what none of a graph's outputs needs, which ONNX Runtime would compute all the same. A file with graphs
// within nodes stays as it is, for those may read anything.
func trim(onnx []byte, g Graph) ([]byte, error) {
	var nodes []node
	whole := false
	err := fields(onnx, func(num protowire.Number, b []byte) error {
		if num != modelGraph {
			return nil
		}
		return fields(b, func(num protowire.Number, b []byte) error {
			if num != graphNode {
				return nil
			}
			n, err := parseNode(b)
			nodes = append(nodes, n)
			whole = whole || n.nested
			return err
		})
	})
	if err != nil || whole {
		return onnx, err
	}
	needed := map[string]bool{}
	for _, p := range slices.Concat(g.Inputs, g.Outputs) {
		needed[p.Name] = true
	}
	// Nodes stand behind those that they read.
	for _, n := range slices.Backward(nodes) {
		if n.makes(needed) {
			for _, name := range n.inputs {
				needed[name] = true
			}
		}
	}
	return rewrite(onnx, func(num protowire.Number, b []byte) ([]byte, bool, error) {
		if num != modelGraph {
			return b, true, nil
		}
		graph, err := rewrite(b, func(num protowire.Number, b []byte) ([]byte, bool, error) {
			keep, err := isNeeded(num, b, needed)
			return b, keep, err
		})
		return graph, true, err
	})
}

type node struct {
	inputs, outputs []string
	nested          bool // it holds a graph
}

func parseNode(b []byte) (node, error) {
	var n node
	err := fields(b, func(num protowire.Number, b []byte) error {
		switch num {
		case nodeInput:
			n.inputs = append(n.inputs, string(b))
		case nodeOutput:
			n.outputs = append(n.outputs, string(b))
		case nodeAttribute:
			return fields(b, func(num protowire.Number, _ []byte) error {
				n.nested = n.nested || num == attributeGraph || num == attributeGraphs
				return nil
			})
		}
		return nil
	})
	return n, err
}

func (n node) makes(needed map[string]bool) bool {
	return slices.ContainsFunc(n.outputs, func(name string) bool { return needed[name] })
}

// isNeeded reports whether a field of a graph stays.
func isNeeded(num protowire.Number, b []byte, needed map[string]bool) (bool, error) {
	switch num {
	case graphNode:
		n, err := parseNode(b)
		return n.makes(needed), err
	case graphInitializer:
		name, err := text(b, tensorName)
		return needed[name], err
	case graphOutput:
		name, err := text(b, valueName)
		return needed[name], err
	}
	return true, nil
}

// text returns a field of a message that holds text.
func text(b []byte, field protowire.Number) (string, error) {
	var out string
	err := fields(b, func(num protowire.Number, b []byte) error {
		if num == field {
			out = string(b)
		}
		return nil
	})
	return out, err
}

// rewrite copies a protobuf message, with the length-delimited fields that change returns.
func rewrite(b []byte, change func(protowire.Number, []byte) (field []byte, keep bool, err error)) ([]byte, error) {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeField(b)
		if n < 0 {
			return nil, protowire.ParseError(n)
		}
		whole := b[:n]
		b = b[n:]
		if typ != protowire.BytesType {
			out = append(out, whole...)
			continue
		}
		_, _, tag := protowire.ConsumeTag(whole)
		value, _ := protowire.ConsumeBytes(whole[tag:])
		field, keep, err := change(num, value)
		if err != nil {
			return nil, err
		}
		if keep {
			out = protowire.AppendBytes(protowire.AppendTag(out, num, typ), field)
		}
	}
	return out, nil
}
