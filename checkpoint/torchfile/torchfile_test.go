package torchfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goclip/goclip/checkpoint/weights"
)

// golden is a tensor of values.json: type, shape, values.
type golden struct {
	dtype  weights.DType
	shape  []int
	values []json.Number
}

func (g *golden) UnmarshalJSON(text []byte) error {
	return json.Unmarshal(text, &[]any{&g.dtype, &g.shape, &g.values})
}

// Every tensor of the files that make_cases.py wrote has torch's values.
func TestValues(t *testing.T) {
	text, err := os.ReadFile("testdata/values.json")
	if err != nil {
		t.Fatal(err)
	}
	var files map[string]map[string]map[string]golden
	// Python writes booleans as such.
	text = bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("true"), []byte("1")), []byte("false"), []byte("0"))
	if err := json.Unmarshal(text, &files); err != nil {
		t.Fatal(err)
	}
	for name, dicts := range files {
		f, err := Open("testdata/" + name + ".pt")
		if err != nil {
			t.Error(err)
			continue
		}
		if d := cmp.Diff(slices.Sorted(maps.Keys(dicts)), f.Dicts()); d != "" {
			t.Errorf("%s: dicts (-want +got):\n%s", name, d)
		}
		for path, tensors := range dicts {
			d, err := f.Dict(path)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, name+": "+path, d, tensors)
		}
		f.Close()
	}
}

func compare(t *testing.T, where string, d *Dict, want map[string]golden) {
	t.Helper()
	if len(d.Tensors()) != len(want) {
		t.Errorf("%s: %d tensors; want %d", where, len(d.Tensors()), len(want))
	}
	for _, info := range d.Tensors() {
		w := want[info.Name]
		if info.DType != w.dtype || !slices.Equal(info.Shape, w.shape) {
			t.Errorf("%s: %s is %s %v; want %s %v", where, info.Name, info.DType, info.Shape, w.dtype, w.shape)
			continue
		}
		floats, ints := make([]float32, len(w.values)), make([]int64, len(w.values))
		var err error
		if info.DType.IsFloat() {
			err = d.ReadFloat32s(info.Name, floats)
		} else {
			err = d.ReadInt64s(info.Name, ints)
		}
		if err != nil {
			t.Error(err)
		}
		for i, v := range w.values {
			f, _ := v.Float64()
			n, _ := strconv.ParseInt(v.String(), 10, 64)
			if info.DType.IsFloat() && math.Float32bits(floats[i]) != math.Float32bits(float32(f)) ||
				!info.DType.IsFloat() && ints[i] != n {
				t.Errorf("%s: %s[%d] = %g or %d, want %s", where, info.Name, i, floats[i], ints[i], v)
			}
		}
	}
}

func TestStateDict(t *testing.T) {
	for name, want := range map[string]string{
		"module":   ` fc.bias []`,
		"training": `state_dict module.fc.bias [epoch large name optimizer]`,
		"shared":   `state_dict fc.bias [again empty list]`,
	} {
		f, err := Open("testdata/" + name + ".pt")
		if err != nil {
			t.Fatal(err)
		}
		d, others, err := f.StateDict()
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(d.Path(), " ", d.Tensors()[0].Name, " ", others); got != want {
			t.Errorf("%s: %s; want %s", name, got, want)
		}
		d.Close()
	}
	dicts := func(paths ...string) *File {
		f := &File{dicts: map[string]*Dict{}}
		for _, path := range paths {
			f.dicts[path] = &Dict{path: path}
		}
		return f
	}
	for want, f := range map[string]*File{
		`have "state_dict" and "model"; want one`: dicts("state_dict", "model"),
		`have "a", "b"; want one of "state_dict"`: dicts("a", "b"),
		`have none; want`:                         dicts(),
		`"1", "2", "3", "4", "5", "6", "7", "8" and 1 more; want one of`: dicts(
			"1", "2", "3", "4", "5", "6", "7", "8", "9"),
	} {
		if _, _, err := f.StateDict(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want error with %s", err, want)
		}
	}
	if _, err := dicts("a").Dict("b"); err == nil ||
		!strings.Contains(err.Error(), `no dict "b" with tensors; have "a"`) {
		t.Error(err)
	}
}

// What Python writes and this package does not read is refused by name.
func TestRefused(t *testing.T) {
	for name, want := range map[string]string{
		"torchscript":      "is a TorchScript archive, which holds code; want its tensors",
		"legacy":           "is of a format before PyTorch 1.6; want the zip format",
		"protocol4":        "byte 0: protocol 4; want 2",
		"expanded":         "shape [1000] in a storage of 1 elements",
		"complex":          `names "torch.ComplexFloatStorage"`,
		"float8":           `names "torch._utils._rebuild_tensor_v3"`,
		"tensor":           "holds a tensor; want a dict",
		"size":             `names "torch.Size"`,
		"foreign-function": `names "posix.system"; want a state dict`,
		"loop":             "dicts in dicts more than 32 deep",
		"deep":             "dicts in dicts more than 32 deep",
		"wide":             "same dicts in too many places",
		"deflated":         "is compressed; want it as torch.save writes it",
		"big-endian":       `is "big"; want "little"`,
		"no-storage":       `storage "1": not found`,
		"short-storage":    `storage "1": 2 elements of F32 in 7 bytes`,
		"two-pickles":      "want one data.pkl",
		"twice":            `data/1" occurs twice`,
		"no-pickle":        "has no data.pkl",
	} {
		path := "testdata/refused/" + name + ".pt"
		f, err := Open(path)
		if err == nil {
			t.Errorf("%s is read as %v; want error with %q", name, f.Dicts(), want)
			continue
		}
		if text := err.Error(); !strings.Contains(text, want) ||
			strings.Contains(text, "\n") || !strings.HasPrefix(text, "torchfile: "+path) {
			t.Errorf("%s: %v; want error with %q", name, err, want)
		}
	}
	files, _ := filepath.Glob("testdata/refused/*")
	if len(files) != 19 {
		t.Errorf("%d files in testdata/refused; want 19, one for each case", len(files))
	}
	for _, path := range []string{"testdata", "testdata/none.pt"} {
		if _, err := Open(path); err == nil {
			t.Errorf("%s is opened", path)
		}
	}
}

// The tar that PyTorch wrote before 0.1.10, and what is no such file.
func TestLooks(t *testing.T) {
	tar := strings.Repeat("\x00", 257) + "ustar" + strings.Repeat("\x00", 250)
	if _, err := New(strings.NewReader(tar), int64(len(tar))); err == nil || err.Error() != legacy || !Looks(tar) {
		t.Errorf("tar: %v; want error with %q", err, legacy)
	}
	for _, other := range []string{"", "PK", tar[:511], "<html>", "\x80\x02}."} {
		if _, err := New(strings.NewReader(other), int64(len(other))); err == nil ||
			!strings.Contains(err.Error(), "is no zip") || Looks(other) {
			t.Errorf("%.10q: %v; want error with %q", other, err, "is no zip")
		}
	}
}

func TestReadErrors(t *testing.T) {
	f, err := Open("testdata/types.pt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	d, err := f.Dict("")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.ReadFloat32s("none", nil); !errors.Is(err, weights.ErrNotFound) {
		t.Errorf("a tensor that is not there: %v; want ErrNotFound", err)
	}
	if err := d.ReadInt64s("torch.float32", make([]int64, 8)); err == nil ||
		!strings.Contains(err.Error(), `"torch.float32": have F32; want integers`) {
		t.Error(err)
	}
	if err := d.ReadFloat32s("torch.bool", make([]float32, 4)); err == nil ||
		!strings.Contains(err.Error(), `"torch.bool": have BOOL; want floats`) {
		t.Error(err)
	}
	if err := d.ReadFloat32s("torch.float32", make([]float32, 7)); err == nil ||
		!strings.Contains(err.Error(), "shape [8] has 8 elements; want 7") {
		t.Error(err)
	}
}
