package checkpoint

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goclip/goclip/checkpoint/weights"
	"github.com/goclip/goclip/internal/bounded"
)

func TestTensorsRoundTrip(t *testing.T) {
	in := []Tensor{
		{"w", []int{2, 3}, []float32{1, 2, 3, 4, 5, 6}},
		{"logit_scale", nil, []float32{2.66}},
		{"empty", []int{0, 4}, nil},
	}
	var file bytes.Buffer
	if err := WriteTensors(&file, in, map[string]string{"format": "pt"}); err != nil {
		t.Fatal(err)
	}
	f, err := NewTensorFile(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"empty", "logit_scale", "w"}, f.Names()); d != "" || f.Metadata["format"] != "pt" {
		t.Errorf("names and metadata %v (-want +got):\n%s", f.Metadata, d)
	}
	for _, want := range in {
		shape, data, err := f.Float32s(want.Name)
		if err != nil || len(shape) != len(want.Shape) ||
			!cmp.Equal(append([]float32{}, want.Data...), append([]float32{}, data...)) {
			t.Errorf("%s = %v %v, %v; want %v %v", want.Name, shape, data, err, want.Shape, want.Data)
		}
	}
	if binary.LittleEndian.Uint64(file.Bytes())%8 != 0 {
		t.Error("data does not begin at a multiple of 8")
	}
}

// header makes a file of a header and some bytes of data.
func header(text string, data int) []byte {
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...), make([]byte, data)...)
}

func TestTensorErrors(t *testing.T) {
	for _, test := range []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "want a safetensors file"},
		{"text", []byte("this is not it, really"), "want a safetensors file"},
		{"long header", binary.LittleEndian.AppendUint64(nil, 1<<40), "want a safetensors file"},
		{"longer header", binary.LittleEndian.AppendUint64(nil, 1<<60),
			"header of 1152921504606846976 bytes in a file of 8"},
		{"longest header", binary.LittleEndian.AppendUint64(nil, 1<<63), "header of 9223372036854775808 bytes"},
		{"no shape", header(`{"a":{"dtype":"U8","data_offsets":[0,1]}}`, 1), "shape []"},
		{"three offsets", header(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}}`, 1),
			"data_offsets [0 1 1]; want a list, and begin and end"},
		{"broken shape", header(`{"a":{"dtype":"U8","shape":[0.5],"data_offsets":[0,1]}}`, 1),
			`"a": json: cannot unmarshal number 0.5`},
		{"no JSON", header("[1]", 0), "not a JSON object"},
		{"cut JSON", header(`{"a":{"dtype":"F32"`, 0), "a"},
		{"two headers", header(`{} {}`, 0), "goes on after its end"},
		{"dtype", header(`{"a":{"dtype":"Q4","shape":[1],"data_offsets":[0,4]}}`, 4), `dtype "Q4"`},
		{"short", header(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 4), "have 4 bytes of data; want 8"},
		{"long", header(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 5), "have 5 bytes"},
		{"size", header(`{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,4]}}`, 4), "want as many bytes"},
		{"negative", header(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,-4]}}`, 0), "want as many bytes"},
		{"overflow", header(`{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0),
			"want as many bytes"},
		{"overlap", header(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3), "gap or overlap"},
		{"gap", header(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2), "gap or overlap"},
		{"twice", header(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), "occurs twice"},
	} {
		if _, err := NewTensorFile(bytes.NewReader(test.file), int64(len(test.file))); err == nil ||
			!strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want error with %q", test.name, err, test.want)
		}
	}
	var w bytes.Buffer
	for want, tensors := range map[string][]Tensor{
		"occurs twice":        {{"a", nil, []float32{1}}, {"a", nil, []float32{1}}},
		"product of [2 2]":    {{"a", []int{2, 2}, []float32{1}}},
		`"__metadata__": occ`: {{"__metadata__", nil, []float32{1}}},
	} {
		if err := WriteTensors(&w, tensors, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("WriteTensors: %v; want error with %q", err, want)
		}
	}
}

// A tensor of several blocks is whole, and an error of the writer is reported.
func TestWriteBlocks(t *testing.T) {
	long := make([]float32, 3<<16+5)
	for i := range long {
		long[i] = float32(i)
	}
	var file bytes.Buffer
	if err := WriteTensors(&file, []Tensor{{"long", []int{len(long)}, long}}, nil); err != nil {
		t.Fatal(err)
	}
	f, err := NewTensorFile(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if _, got, err := f.Float32s("long"); err != nil || !slices.Equal(got, long) {
		t.Errorf("a long tensor comes back otherwise, %v", err)
	}
	for n := range 3 {
		w := &failing{after: n}
		if err := WriteTensors(w, []Tensor{{"long", []int{len(long)}, long}}, nil); !errors.Is(err, errFull) {
			t.Errorf("write %d fails: %v; want %v", n, err, errFull)
		}
	}
}

var errFull = errors.New("full")

// failing is a writer that takes some writes and then none.
type failing struct{ after int }

func (w *failing) Write(p []byte) (int, error) {
	if w.after--; w.after < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// A TensorFile is one of the files of weights.
var _ weights.File = (*TensorFile)(nil)

// Each type of a float, and what is none.
func TestFloat32s(t *testing.T) {
	file := header(`{"bf16":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},"f16":{"dtype":"F16","shape":[],"data_offsets":[4,6]},`+
		`"f64":{"dtype":"F64","shape":[1],"data_offsets":[6,14]},"i64":{"dtype":"I64","shape":[1],"data_offsets":[14,22]}}`, 0)
	file = append(file, 0x80, 0x3f, 0x20, 0xc0, 0x00, 0x3c)
	file = binary.LittleEndian.AppendUint64(file, math.Float64bits(0.75))
	file = binary.LittleEndian.AppendUint64(file, 1<<63)
	f, err := NewTensorFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]float32{"bf16": {1, -2.5}, "f16": {1}, "f64": {0.75}} {
		if _, got, err := f.Float32s(name); err != nil || !cmp.Equal(got, want) {
			t.Errorf("%s = %v, %v; want %v", name, got, err, want)
		}
	}
	if _, got, err := f.Int64s("i64"); err != nil || !cmp.Equal(got, []int64{math.MinInt64}) {
		t.Errorf("i64 = %v, %v; want the least", got, err)
	}
	if _, _, err := f.Float32s("i64"); err == nil || !strings.Contains(err.Error(), "have I64; want floats") {
		t.Errorf("i64 as floats: %v", err)
	}
	if _, _, err := f.Int64s("f64"); err == nil || !strings.Contains(err.Error(), "have F64; want integers") {
		t.Errorf("f64 as integers: %v", err)
	}
	if err := f.ReadFloat32s("bf16", make([]float32, 3)); err == nil ||
		!strings.Contains(err.Error(), `"bf16": shape [2] has 2 elements; want 3`) {
		t.Errorf("a tensor into memory of another size: %v", err)
	}
	binary.LittleEndian.PutUint64(file[len(file)-16:], math.Float64bits(1e300))
	if _, _, err := f.Float32s("f64"); err == nil ||
		!strings.Contains(err.Error(), `"f64": have 1e+300; want values that float32 can hold`) {
		t.Errorf("a value beyond float32: %v", err)
	}
	if _, _, err := f.Float32s("none"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a tensor that is not there: %v; want ErrNotFound", err)
	}
}

// FuzzTensorFile: what a file of the format makes a reader allocate is in
// proportion to the file, whatever its header claims.
func FuzzTensorFile(f *testing.F) {
	f.Add(header(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4))
	f.Add(header(`{"__metadata__":{"x":"y"},"a":{"dtype":"I64","shape":[],"data_offsets":[0,8]}}`, 8))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, file []byte) {
		bounded.Run(t, 1<<20+200*uint64(len(file)), func() {
			tf, err := NewTensorFile(bytes.NewReader(file), int64(len(file)))
			if err != nil {
				return
			}
			for _, name := range tf.Names() {
				_, _, _ = tf.Float32s(name)
				_, _, _ = tf.Int64s(name)
			}
		})
	})
}
