package weights

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// names is a file whose tensors hold the length of their name.
type names []string

func (f names) Tensors() (tensors []Tensor) {
	for _, name := range f {
		tensors = append(tensors, Tensor{Name: name, DType: F32})
	}
	return tensors
}

func (f names) ReadFloat32s(name string, dst []float32) error {
	if !slices.Contains(f, name) {
		return ErrNotFound
	}
	dst[0] = float32(len(name))
	return nil
}

func (f names) ReadInt64s(name string, dst []int64) error {
	dst[0] = int64(len(name))
	return nil
}

func (f names) Close() error { return nil }

func all(f interface{ Tensors() []Tensor }) (all []string) {
	for _, tensor := range f.Tensors() {
		all = append(all, tensor.Name)
	}
	return all
}

func TestTracked(t *testing.T) {
	f := Track(names{"a", "b", "c", "d"})
	var x [1]float32
	var n [1]int64
	if f.ReadFloat32s("b", x[:]) != nil || f.ReadInt64s("d", n[:]) != nil || x[0] != 1 || n[0] != 1 {
		t.Error("tensors are not the file's")
	}
	if err := f.ReadFloat32s("x", x[:]); !errors.Is(err, ErrNotFound) {
		t.Errorf("a tensor that is not there: %v", err)
	}
	if tensor, ok := f.Tensor("a"); !ok || tensor.DType != F32 {
		t.Errorf("a is %v", tensor)
	}
	if _, ok := f.Tensor("x"); ok {
		t.Error("x is found")
	}
	if got := f.Unread(); len(got) != 2 || got[0].Name != "a" || got[1].Name != "c" {
		t.Errorf("unread are %v; want a and c", got)
	}
	f.Skip("a")
	if got := f.Unread(); len(got) != 1 || got[0].Name != "c" {
		t.Errorf("unread are %v; want c", got)
	}
}

func TestStripWrappers(t *testing.T) {
	for _, test := range []struct{ in, out, prefix string }{
		{"a b", "a b", ""},
		{"module.a module.b", "a b", "module."},
		{"_orig_mod.module.a _orig_mod.module.module.b", "a module.b", "_orig_mod.module."},
		{"module._orig_mod.a module._orig_mod.b", "a b", "module._orig_mod."},
		{"a module.b", "a module.b", ""},
		{"module.a z", "module.a z", ""},
		{"module.", "module.", ""},
		{"module.module.", "module.", "module."},
		{"moduleA", "moduleA", ""},
		{"", "", ""},
	} {
		in := strings.Fields(test.in)
		f, prefix := StripWrappers(names(in))
		if got := strings.Join(all(f), " "); got != test.out || prefix != test.prefix {
			t.Errorf("%s: %s without %q; want %s without %q", test.in, got, prefix, test.out, test.prefix)
		}
		if len(in) == 0 {
			continue
		}
		var x [1]float32
		var n [1]int64
		first := all(f)[0]
		if f.ReadFloat32s(first, x[:]) != nil || f.ReadInt64s(first, n[:]) != nil ||
			int(x[0]) != len(in[0]) || int(n[0]) != len(in[0]) {
			t.Errorf("%s: the first tensor is another's", test.in)
		}
	}
}

func TestElements(t *testing.T) {
	for _, test := range []struct {
		shape []int
		want  int64
		ok    bool
	}{
		{nil, 1, true}, {[]int{2, 3}, 6, true}, {[]int{0, math.MaxInt}, 0, true}, {[]int{-1}, 0, false},
		{[]int{1 << 32, 1 << 32}, 0, false}, {[]int{1 << 60}, 0, false}, {[]int{1 << 32, 1 << 26}, 1 << 58, true},
	} {
		if n, ok := Elements(test.shape); n != test.want || ok != test.ok {
			t.Errorf("Elements(%v) = %d, %t; want %d, %t", test.shape, n, ok, test.want, test.ok)
		}
	}
}

func TestObjectErrors(t *testing.T) {
	number := func(_ string, d *json.Decoder) error {
		var n int
		return d.Decode(&n)
	}
	for text, want := range map[string]string{
		`{"a": 1, "b": 2} `: "",
		`{}`:                "",
		``:                  "is not a JSON object",
		`[]`:                "is not a JSON object",
		`{"a": 1, "a": 1}`:  `"a" occurs twice`,
		`{"a": "1"}`:        `"a": json:`,
		`{"a": 1`:           "EOF",
		`{1: 1}`:            "invalid character",
		`{"a": 1} {}`:       "goes on after its end",
	} {
		err := Object(text, number)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v; want error with %q", text, err, want)
		}
	}
}
