package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/goclip/goclip/checkpoint/weights"
)

// A Tensor is a named array of float32, row-major. A scalar has no shape.
type Tensor struct {
	Name  string
	Shape []int
	Data  []float32
}

// maxHeader is what the format allows a header to be.
const maxHeader = 100 << 20

// entry is what the header says of a tensor.
type entry struct {
	DType   weights.DType `json:"dtype"`
	Shape   []int         `json:"shape"`
	Offsets []int64       `json:"data_offsets"`
}

// WriteTensors writes tensors in the safetensors format, sorted by name.
//
// Source: https://huggingface.co/docs/safetensors: eight bytes of header size,
// a header in JSON, padded with spaces, then the data, little-endian.
func WriteTensors(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	tensors = slices.Clone(tensors)
	slices.SortFunc(tensors, func(a, b Tensor) int { return strings.Compare(a.Name, b.Name) })
	header := map[string]any{}
	if len(metadata) > 0 {
		header["__metadata__"] = metadata
	}
	var end int64
	for _, t := range tensors {
		if _, ok := header[t.Name]; ok || t.Name == "__metadata__" {
			return fmt.Errorf("checkpoint: tensor %q: occurs twice; want a name of its own", t.Name)
		}
		if n, ok := weights.Elements(t.Shape); !ok || n != int64(len(t.Data)) {
			return fmt.Errorf("checkpoint: tensor %q: have %d elements; want the product of %v",
				t.Name, len(t.Data), t.Shape)
		}
		start := end
		end += 4 * int64(len(t.Data))
		header[t.Name] = entry{weights.F32, append([]int{}, t.Shape...), []int64{start, end}}
	}
	text, err := json.Marshal(header)
	if err != nil {
		return err
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	buf := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	if _, err := w.Write(buf); err != nil {
		return err
	}
	for _, t := range tensors {
		for block := range slices.Chunk(t.Data, 1<<16) {
			buf = buf[:0]
			for _, v := range block {
				buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
			}
			if _, err := w.Write(buf); err != nil {
				return err
			}
		}
	}
	return nil
}

// A TensorFile is an open file of the safetensors format.
type TensorFile struct {
	// Metadata is free text by name, or nil.
	Metadata map[string]string

	r       io.ReaderAt
	data    int64 // where the data begins
	entries map[string]entry
	tensors []weights.Tensor // sorted by name
	close   func() error
}

// OpenTensors opens the file at path and checks its header.
func OpenTensors(path string) (*TensorFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("is a folder; want a safetensors file")
	}
	var t *TensorFile
	if err == nil {
		t, err = NewTensorFile(f, info.Size())
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	t.close = f.Close
	return t, nil
}

// NewTensorFile reads and checks the header of a file of the given size: the
// tensors must fill the data without gap or overlap, as the format demands.
func NewTensorFile(r io.ReaderAt, size int64) (*TensorFile, error) {
	var buf [8]byte
	if _, err := r.ReadAt(buf[:], 0); err != nil {
		return nil, fmt.Errorf("have %d bytes; want a safetensors file", size)
	}
	n := binary.LittleEndian.Uint64(buf[:])
	if n > maxHeader || int64(n) > size-8 {
		return nil, fmt.Errorf("header of %d bytes in a file of %d; want a safetensors file", n, size)
	}
	text := make([]byte, n)
	if _, err := r.ReadAt(text, 8); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	t := &TensorFile{r: r, data: 8 + int64(n), entries: map[string]entry{}, close: func() error { return nil }}
	if err := t.parse(text); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if err := t.checkLayout(size - t.data); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(t.entries)) {
		t.tensors = append(t.tensors, weights.Tensor{Name: name,
			DType: t.entries[name].DType, Shape: t.entries[name].Shape})
	}
	return t, nil
}

// parse reads the header, in which a name that occurs twice is an error.
func (t *TensorFile) parse(text []byte) error {
	return weights.Object(string(text), func(name string, d *json.Decoder) error {
		if name == "__metadata__" {
			return d.Decode(&t.Metadata)
		}
		var e entry
		if err := d.Decode(&e); err != nil {
			return err
		}
		if e.Shape == nil || len(e.Offsets) != 2 {
			return fmt.Errorf("shape %v, data_offsets %v; want a list, and begin and end", e.Shape, e.Offsets)
		}
		t.entries[name] = e
		return nil
	})
}

func (t *TensorFile) checkLayout(size int64) error {
	names := slices.Collect(maps.Keys(t.entries))
	slices.SortFunc(names, func(a, b string) int { return slices.Compare(t.entries[a].Offsets, t.entries[b].Offsets) })
	var end int64
	for _, name := range names {
		e := t.entries[name]
		n, ok := weights.Elements(e.Shape)
		switch {
		case e.DType.Size() == 0:
			return fmt.Errorf("tensor %.200q has dtype %.20q; want one of safetensors", name, e.DType)
		case !ok || e.Offsets[1]-e.Offsets[0] != n*int64(e.DType.Size()):
			return fmt.Errorf("tensor %.200q: shape %v of %s at bytes %v; want as many bytes",
				name, e.Shape, e.DType, e.Offsets)
		case e.Offsets[0] != end:
			return fmt.Errorf("tensor %.200q begins at byte %d; want %d, without gap or overlap",
				name, e.Offsets[0], end)
		}
		end = e.Offsets[1]
	}
	if end != size {
		return fmt.Errorf("have %d bytes of data; want %d", size, end)
	}
	return nil
}

// Tensors lists the tensors, sorted by name. The caller must not change it.
func (t *TensorFile) Tensors() []weights.Tensor { return t.tensors }

// Names lists the names of the tensors, sorted.
func (t *TensorFile) Names() []string {
	names := make([]string, len(t.tensors))
	for i, tensor := range t.tensors {
		names[i] = tensor.Name
	}
	return names
}

// Float32s reads a tensor of floats; half precision and float64 are converted,
// as [weights.File] says.
func (t *TensorFile) Float32s(name string) (shape []int, data []float32, err error) {
	return tensor(t, name, t.ReadFloat32s)
}

// Int64s reads a tensor of integers or booleans.
func (t *TensorFile) Int64s(name string) (shape []int, data []int64, err error) {
	return tensor(t, name, t.ReadInt64s)
}

// tensor reads a tensor into memory of its own.
func tensor[T any](t *TensorFile, name string, read func(string, []T) error) ([]int, []T, error) {
	e := t.entries[name]
	n, _ := weights.Elements(e.Shape)
	data := make([]T, n)
	if err := read(name, data); err != nil {
		return nil, nil, err
	}
	return e.Shape, data, nil
}

// ReadFloat32s reads a tensor of floats into dst, as [weights.File] says.
func (t *TensorFile) ReadFloat32s(name string, dst []float32) error {
	return readInto(t, name, dst, weights.ReadFloat32s)
}

// ReadInt64s reads a tensor of integers or booleans into dst.
func (t *TensorFile) ReadInt64s(name string, dst []int64) error {
	return readInto(t, name, dst, weights.ReadInt64s)
}

func readInto[T any](t *TensorFile, name string, dst []T,
	read func(io.ReaderAt, int64, weights.DType, []T) error) error {
	e, ok := t.entries[name]
	err := weights.ErrNotFound
	if ok {
		err = weights.Tensor{Shape: e.Shape}.CheckLength(len(dst))
	}
	if ok && err == nil {
		err = read(t.r, t.data+e.Offsets[0], e.DType, dst)
	}
	if err != nil {
		return fmt.Errorf("checkpoint: tensor %q: %w", name, err)
	}
	return nil
}

// Close closes the file.
func (t *TensorFile) Close() error { return t.close() }
