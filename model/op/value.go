package op

import (
	"fmt"
	"unsafe"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// NewValue returns a value that reads and writes data: a tensor, or a scalar.
func NewValue(shape tensor.Shape, data Buffer) G.Value {
	switch {
	case data.H != nil:
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data.H))
	case shape.IsScalar():
		return (*G.F32)(unsafe.Pointer(&data.F[0])) // F32 is a float32
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(data.F))
}

// BufferOf returns the memory of a value.
func BufferOf(v G.Value) (Buffer, error) {
	switch v := v.(type) {
	case *G.F32:
		return Buffer{F: unsafe.Slice((*float32)(v), 1)}, nil
	case *tensor.Dense:
		switch v.Dtype() {
		case tensor.Float32:
			return Buffer{F: v.Float32s()}, nil
		case BFloat16:
			return Buffer{H: v.Uint16s()}, nil
		case tensor.Int32:
			return Buffer{I: v.Int32s()}, nil
		}
		return Buffer{}, fmt.Errorf("have a tensor of %v; want float32, bfloat16 or int32", v.Dtype())
	}
	return Buffer{}, fmt.Errorf("have %T; want a tensor", v)
}

// A tuple is the value of an operation with several results. Gorgonia sees it
// as a vector of all of them together.
type tuple []G.Value

func (t tuple) Shape() tensor.Shape {
	var n int
	for _, v := range t {
		n += v.Shape().TotalSize()
	}
	return tensor.Shape{n}
}
func (t tuple) Size() int                  { return t.Shape().TotalSize() }
func (t tuple) Data() any                  { return nil }
func (t tuple) Dtype() tensor.Dtype        { return tensor.Float32 }
func (t tuple) Uintptr() uintptr           { return t[0].Uintptr() }
func (t tuple) MemSize() uintptr           { return 4 * uintptr(t.Size()) }
func (t tuple) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "%d results", len(t)) }

// packed is the one shape that Gorgonia sees for several results.
func packed(shapes []tensor.Shape) tensor.Shape {
	if len(shapes) == 1 {
		return shapes[0]
	}
	var n int
	for _, s := range shapes {
		n += s.TotalSize()
	}
	return tensor.Shape{n}
}

func typeOf(s tensor.Shape, bf16 bool) hm.Type {
	if bf16 {
		return G.TensorType{Dims: s.Dims(), Of: BFloat16}
	}
	if s.IsScalar() {
		return tensor.Float32
	}
	return G.TensorType{Dims: s.Dims(), Of: tensor.Float32}
}
