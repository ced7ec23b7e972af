package checkpoint

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
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
	DType   string   `json:"dtype"`
	Shape   []int    `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// elementSize is the number of bytes of an element, by the format's names.
var elementSize = map[string]int64{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1,
	"I16": 2, "U16": 2, "F16": 2, "BF16": 2,
	"I32": 4, "U32": 4, "F32": 4,
	"I64": 8, "U64": 8, "F64": 8,
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
		if n, ok := elements(t.Shape); !ok || n != int64(len(t.Data)) {
			return fmt.Errorf("checkpoint: tensor %q: have %d elements; want the product of %v", t.Name, len(t.Data), t.Shape)
		}
		start := end
		end += 4 * int64(len(t.Data))
		header[t.Name] = entry{"F32", append([]int{}, t.Shape...), [2]int64{start, end}}
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

// elements is the product of shape, if it is a size that a file can have.
func elements(shape []int) (int64, bool) {
	n := int64(1)
	for _, d := range shape {
		if d < 0 || d > 0 && n > math.MaxInt64/16/int64(d) {
			return 0, false
		}
		n *= int64(d)
	}
	return n, true
}

// A TensorFile is an open file of the safetensors format.
type TensorFile struct {
	// Metadata is free text by name, or nil.
	Metadata map[string]string

	r       io.ReaderAt
	data    int64 // where the data begins
	entries map[string]entry
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
	return t, t.checkLayout(size - t.data)
}

// parse reads the header, in which a name that occurs twice is an error.
func (t *TensorFile) parse(text []byte) error {
	d := json.NewDecoder(strings.NewReader(string(text)))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return fmt.Errorf("is not a JSON object")
	}
	seen := map[string]bool{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		name := key.(string) // the decoder gives nothing else as a key
		if seen[name] {
			return fmt.Errorf("tensor %q occurs twice", name)
		}
		seen[name] = true
		if name == "__metadata__" {
			err = d.Decode(&t.Metadata)
		} else {
			var e entry
			if err = d.Decode(&e); err == nil {
				t.entries[name] = e
			}
		}
		if err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return fmt.Errorf("goes on after its end")
	}
	return nil
}

func (t *TensorFile) checkLayout(size int64) error {
	names := t.Names()
	slices.SortFunc(names, func(a, b string) int {
		x, y := t.entries[a].Offsets, t.entries[b].Offsets
		return slices.Compare(x[:], y[:])
	})
	var end int64
	for _, name := range names {
		e := t.entries[name]
		width, known := elementSize[e.DType]
		n, ok := elements(e.Shape)
		switch {
		case !known:
			return fmt.Errorf("tensor %q has dtype %q; want one of safetensors", name, e.DType)
		case !ok || e.Offsets[1]-e.Offsets[0] != n*width:
			return fmt.Errorf("tensor %q: shape %v of %s at bytes %v; want as many bytes", name, e.Shape, e.DType, e.Offsets)
		case e.Offsets[0] != end:
			return fmt.Errorf("tensor %q begins at byte %d; want %d, without gap or overlap", name, e.Offsets[0], end)
		}
		end = e.Offsets[1]
	}
	if end != size {
		return fmt.Errorf("have %d bytes of data; want %d", size, end)
	}
	return nil
}

// Names lists the tensors, sorted.
func (t *TensorFile) Names() []string {
	names := make([]string, 0, len(t.entries))
	for name := range t.entries {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Float32s reads a tensor of floats; half precision and float64 are converted.
func (t *TensorFile) Float32s(name string) (shape []int, data []float32, err error) {
	e, raw, err := t.read(name)
	if err != nil {
		return nil, nil, err
	}
	width := int(elementSize[e.DType])
	data = make([]float32, len(raw)/width)
	for i := range data {
		b := raw[i*width:]
		switch e.DType {
		case "F32":
			data[i] = math.Float32frombits(binary.LittleEndian.Uint32(b))
		case "BF16":
			data[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16)
		case "F16":
			data[i] = half(binary.LittleEndian.Uint16(b))
		case "F64":
			data[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(b)))
		default:
			return nil, nil, fmt.Errorf("checkpoint: tensor %q: have %s; want floats", name, e.DType)
		}
	}
	return e.Shape, data, nil
}

// Int64s reads a tensor of 64-bit integers.
func (t *TensorFile) Int64s(name string) (shape []int, data []int64, err error) {
	e, raw, err := t.read(name)
	if err != nil {
		return nil, nil, err
	}
	if e.DType != "I64" {
		return nil, nil, fmt.Errorf("checkpoint: tensor %q: have %s; want I64", name, e.DType)
	}
	data = make([]int64, len(raw)/8)
	for i := range data {
		data[i] = int64(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return e.Shape, data, nil
}

func (t *TensorFile) read(name string) (entry, []byte, error) {
	e, ok := t.entries[name]
	if !ok {
		return e, nil, fmt.Errorf("checkpoint: tensor %q: %w", name, ErrNotFound)
	}
	raw := make([]byte, e.Offsets[1]-e.Offsets[0])
	if _, err := t.r.ReadAt(raw, t.data+e.Offsets[0]); err != nil && (err != io.EOF || len(raw) > 0) {
		return e, nil, fmt.Errorf("checkpoint: tensor %q: %w", name, err)
	}
	return e, raw, nil
}

// Close closes the file.
func (t *TensorFile) Close() error { return t.close() }

// half converts IEEE 754 half precision.
func half(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch exponent {
	case 0: // zero and denormals: fraction times 2^-24
		v := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}
