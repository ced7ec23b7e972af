// Package weights says what files of weights have in common, whoever wrote
// them: tensors with a name, a shape and a type, which are read as float32.
// Safetensors are in package checkpoint, PyTorch's files in torchfile; package
// weightfile opens either, and sets of them.
package weights

import (
	"errors"
	"fmt"
	"math"
)

// ErrNotFound says that a file has no such tensor.
var ErrNotFound = errors.New("not found")

// A Tensor says what a file holds under a name. A scalar has an empty shape.
type Tensor struct {
	Name  string
	DType DType
	Shape []int
}

// Elements is the number of numbers of the tensor.
func (t Tensor) Elements() int {
	n, _ := Elements(t.Shape)
	return int(n)
}

// CheckLength returns an error unless the tensor has n elements, for a File
// that is asked to read it into memory for n.
func (t Tensor) CheckLength(n int) error {
	if n != t.Elements() {
		return fmt.Errorf("shape %v has %d elements; want %d", t.Shape, t.Elements(), n)
	}
	return nil
}

// A File is an open file of weights, or a set of files that belong together.
// Its shapes have been checked: they are sizes that the file has room for.
// Tensors may be read by several goroutines at once.
type File interface {
	// Tensors lists all tensors, sorted by name. The caller must not change it.
	Tensors() []Tensor

	// ReadFloat32s reads a tensor of floats, row-major, into dst, which has its
	// number of elements. Half precision is exact, float64 rounds to nearest;
	// a finite value beyond float32 is an error, and so are integers.
	ReadFloat32s(name string, dst []float32) error

	// ReadInt64s is the same for a tensor of integers or booleans.
	ReadInt64s(name string, dst []int64) error

	Close() error
}

// Elements is the product of a shape, if it is a size that a file can have.
func Elements(shape []int) (int64, bool) {
	n := int64(1)
	for _, d := range shape {
		if d < 0 || d > 0 && n > math.MaxInt64/16/int64(d) {
			return 0, false
		}
		n *= int64(d)
	}
	return n, true
}
