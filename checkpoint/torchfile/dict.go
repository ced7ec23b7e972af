package torchfile

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/goclip/goclip/checkpoint/weights"
)

// A Dict is the tensors of one dict of a file. It is a [weights.File].
type Dict struct {
	path    string
	file    *File
	r       io.ReaderAt
	views   map[string]*tensor
	tensors []weights.Tensor
}

// A walk finds the dicts with tensors. A value can be in many places, so what
// is looked at has a budget, and a dict that holds itself ends at maxDepth.
type walk struct {
	r      io.ReaderAt
	file   *File
	budget int
	found  map[string]*Dict
}

const maxDepth = 32

// newWalk starts a walk over the values of a pickle of n bytes, which has fewer
// values and shorter paths than that where no value is in many places.
func newWalk(r io.ReaderAt, f *File, n int) *walk {
	return &walk{r: r, file: f, budget: 4<<10 + 2*n, found: map[string]*Dict{}}
}

func (w *walk) dicts(outer *dict) (map[string]*Dict, error) {
	return w.found, w.value("", 0, outer)
}

// value looks at a value at a path.
func (w *walk) value(path string, depth int, v any) error {
	var items map[string]any
	switch v := v.(type) {
	case *dict:
		items = v.items
	case *sequence:
		return w.value(path, depth, v.items)
	case tuple:
		return w.value(path, depth, []any(v))
	case []any:
		if !slices.ContainsFunc(v, holds) {
			return w.spend(len(v))
		}
		items = make(map[string]any, len(v))
		for i := range v {
			items[strconv.Itoa(i)] = v[i]
		}
	default:
		return nil
	}
	return w.items(path, depth, items)
}

// holds says whether tensors can be in a value.
func holds(v any) bool {
	switch v.(type) {
	case *tensor, *dict, *sequence, tuple:
		return true
	}
	return false
}

func (w *walk) items(path string, depth int, items map[string]any) error {
	if depth > maxDepth {
		return fmt.Errorf("has dicts in dicts more than %d deep", maxDepth)
	}
	if err := w.spend(len(items) + len(path)); err != nil {
		return err
	}
	d := &Dict{path: path, file: w.file, r: w.r, views: map[string]*tensor{}}
	for _, key := range slices.Sorted(maps.Keys(items)) {
		t, ok := items[key].(*tensor)
		if ok {
			d.views[key] = t
			d.tensors = append(d.tensors, weights.Tensor{Name: key, DType: t.storage.dtype, Shape: t.shape})
			continue
		}
		inner := key
		if path != "" {
			inner = path + "/" + key
		}
		if !holds(items[key]) {
			continue
		}
		if err := w.value(inner, depth+1, items[key]); err != nil {
			return err
		}
	}
	if len(d.tensors) == 0 {
		return nil
	}
	if _, ok := w.found[path]; ok {
		return fmt.Errorf("dict %.200q occurs twice", path)
	}
	w.found[path] = d
	return nil
}

func (w *walk) spend(n int) error {
	if w.budget -= n + 1; w.budget < 0 {
		return errors.New("has the same dicts in too many places")
	}
	return nil
}

// Path is where the dict is in the file; see [File.Dicts].
func (d *Dict) Path() string { return d.path }

// Tensors lists the dict's tensors, sorted by name. The caller must not change it.
func (d *Dict) Tensors() []weights.Tensor { return d.tensors }

// ReadFloat32s reads a tensor of floats into dst, as [weights.File] says.
func (d *Dict) ReadFloat32s(name string, dst []float32) error {
	return readInto(d, name, dst, weights.ReadFloat32s)
}

// ReadInt64s reads a tensor of integers or booleans into dst.
func (d *Dict) ReadInt64s(name string, dst []int64) error {
	return readInto(d, name, dst, weights.ReadInt64s)
}

// Close closes the file that the dict is in.
func (d *Dict) Close() error { return d.file.Close() }

type reader[T any] func(io.ReaderAt, int64, weights.DType, []T) error

func readInto[T any](d *Dict, name string, dst []T, read reader[T]) error {
	t, ok := d.views[name]
	err := weights.ErrNotFound
	if ok {
		err = weights.Tensor{Shape: t.shape}.CheckLength(len(dst))
	}
	if ok && err == nil {
		err = view(d.r, t, dst, read)
	}
	if err != nil {
		return fmt.Errorf("torchfile: tensor %q: %w", name, err)
	}
	return nil
}

// view reads the elements of a tensor in row-major order. If they lie in
// another order, all of the storage between the first and the last is read.
func view[T any](r io.ReaderAt, t *tensor, dst []T, read reader[T]) error {
	dtype := t.storage.dtype
	offset := t.storage.offset + t.offset*int64(dtype.Size())
	if len(dst) == 0 {
		return nil
	}
	if t.contiguous() {
		return read(r, offset, dtype, dst)
	}
	last, _ := t.last()
	span := make([]T, last-t.offset+1)
	if err := read(r, offset, dtype, span); err != nil {
		return err
	}
	index, at := make([]int, len(t.shape)), 0
	for i := range dst {
		dst[i] = span[at]
		for dim := len(index) - 1; dim >= 0; dim-- { // count up, the last dimension first
			index[dim]++
			at += t.stride[dim]
			if index[dim] < t.shape[dim] {
				break
			}
			at -= index[dim] * t.stride[dim]
			index[dim] = 0
		}
	}
	return nil
}

// contiguous says whether the elements lie in row-major order.
func (t *tensor) contiguous() bool {
	n := 1
	for i := len(t.shape) - 1; i >= 0; i-- {
		if t.shape[i] != 1 && t.stride[i] != n {
			return false
		}
		n *= t.shape[i]
	}
	return true
}
