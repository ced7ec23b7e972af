package export

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// The numbers of fields and types are those of onnx.proto3.
//
// Source: https://github.com/onnx/onnx/blob/v1.17.0/onnx/onnx.proto3.
const (
	irVersion = 8
	opset     = 17 // of LayerNormalization

	onnxFloat = 1
	onnxInt32 = 6
	onnxInt64 = 7
)

// A message is an encoded message of Protocol Buffers.
type message []byte

func (m *message) number(field protowire.Number, v int64) {
	*m = protowire.AppendVarint(protowire.AppendTag(*m, field, protowire.VarintType), uint64(v))
}

func (m *message) bytes(field protowire.Number, v []byte) {
	*m = protowire.AppendBytes(protowire.AppendTag(*m, field, protowire.BytesType), v)
}

func (m *message) text(field protowire.Number, v string) { m.bytes(field, []byte(v)) }

// An attribute of a node is whole numbers, or one of them, or a float.
type attribute struct {
	name  string
	value any // int64, []int64 or float32
}

func (a attribute) encode() (m message) {
	m.text(1, a.name)
	switch v := a.value.(type) {
	case int64:
		m.number(3, v)
		m.number(20, 2)
	case float32:
		m = protowire.AppendFixed32(protowire.AppendTag(m, 2, protowire.Fixed32Type), math.Float32bits(v))
		m.number(20, 1)
	case []int64:
		for _, n := range v {
			m.number(8, n)
		}
		m.number(20, 7)
	}
	return m
}

// A constant is a tensor that a graph holds: float32 or int64.
type constant struct {
	name   string
	shape  []int
	floats []float32
	ints   []int64
}

func (c constant) size() int { return 4*len(c.floats) + 8*len(c.ints) }

// head is the message up to the data: what follows is size bytes.
func (c constant) head() (m message) {
	for _, d := range c.shape {
		m.number(1, int64(d))
	}
	kind := int64(onnxFloat)
	if c.ints != nil {
		kind = onnxInt64
	}
	m.number(2, kind)
	m.text(8, c.name)
	m = protowire.AppendTag(m, 9, protowire.BytesType)
	return protowire.AppendVarint(m, uint64(c.size()))
}

func (c constant) write(w io.Writer) error {
	var buf []byte
	for block := range slices.Chunk(c.floats, 1<<16) {
		buf = buf[:0]
		for _, v := range block {
			buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	buf = buf[:0]
	for _, v := range c.ints {
		buf = binary.LittleEndian.AppendUint64(buf, uint64(v))
	}
	_, err := w.Write(buf)
	return err
}

// A value is an input or an output: a tensor of any number of rows.
type value struct {
	name string
	kind int64
	rest []int // of the shape, behind the rows
}

func (v value) encode() (m message) {
	var shape, tensor, kind message
	var batch message
	batch.text(2, "batch")
	shape.bytes(1, batch)
	for _, d := range v.rest {
		var dim message
		dim.number(1, int64(d))
		shape.bytes(1, dim)
	}
	tensor.number(1, v.kind)
	tensor.bytes(2, shape)
	kind.bytes(1, tensor)
	m.text(1, v.name)
	m.bytes(2, kind)
	return m
}

// maxGraph is what a message can hold, in bytes.
const maxGraph = math.MaxInt32

// write writes the file of a graph.
func (g *onnxGraph) write(w io.Writer) error {
	var graph message
	graph.text(2, g.name)
	for _, n := range g.nodes {
		graph.bytes(1, n.encode())
	}
	graph.bytes(11, g.input.encode())
	graph.bytes(12, g.output.encode())
	size := len(graph)
	for _, c := range g.constants {
		n := len(c.head()) + c.size()
		size += protowire.SizeTag(5) + protowire.SizeBytes(n)
	}
	var m, set message
	m.number(1, irVersion)
	m.text(2, "goclip")
	set.number(2, opset)
	m.bytes(8, set)
	for _, p := range g.properties {
		var entry message
		entry.text(1, p[0])
		entry.text(2, p[1])
		m.bytes(14, entry)
	}
	m = protowire.AppendTag(m, 7, protowire.BytesType)
	m = protowire.AppendVarint(m, uint64(size))
	if _, err := w.Write(append(m, graph...)); err != nil {
		return err
	}
	for _, c := range g.constants {
		head := c.head()
		buf := protowire.AppendVarint(protowire.AppendTag(nil, 5, protowire.BytesType), uint64(len(head)+c.size()))
		if _, err := w.Write(append(buf, head...)); err != nil {
			return err
		}
		if err := c.write(w); err != nil {
			return err
		}
	}
	return nil
}

// checkSize refuses what one file cannot hold.
func (g *onnxGraph) checkSize() error {
	size := 1 << 20 // nodes and names
	for _, c := range g.constants {
		size += c.size()
	}
	if size > maxGraph {
		return fmt.Errorf("%s: weights of %d bytes; want less than %d, what a file of ONNX can hold", g.name, size, maxGraph)
	}
	return nil
}
