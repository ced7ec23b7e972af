package torchfile

import (
	"archive/zip"
	"bytes"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/goclip/goclip/checkpoint/weights"
	"github.com/goclip/goclip/internal/bounded"
)

// anyStorage takes each persistent id for a storage of 100 floats.
func anyStorage(any) (*storage, error) { return &storage{weights.F32, 0, 100}, nil }

const (
	rebuild  = "ctorch._utils\n_rebuild_tensor_v2\n"
	someHook = "}X\x01\x00\x00\x00hNs"
)

// view is a pickle of a tensor with the pickles of its offset, shape and strides.
func viewOf(offset, shape, stride, hooks string) string {
	return rebuild + "()Q" + offset + shape + stride + "\x89" + hooks + "tR."
}

func TestPickleErrors(t *testing.T) {
	for pickle, want := range map[string]string{
		"":                              "is cut short",
		".":                             "ends with 0 values",
		"N.N":                           "ends with 1 values and 1 bytes",
		"(N.":                           "ends with",
		"NN.":                           "ends with 2 values",
		"\x80\x03N.":                    "protocol 3; want 2",
		"i":                             "opcode 0x69",
		"K":                             "is cut short",
		"X\xff\xff\xff\xffa.":           "is cut short",
		"X\x01\x00\x00\x00\xff.":        "is not UTF-8",
		"\x8a\x09123456789.":            "an integer of 9 bytes",
		"h\x00.":                        "memo 0 is empty",
		"q\x00.":                        "empty stack",
		"(q\x00.":                       "empty stack",
		"N(\x85.":                       "empty stack",
		"t.":                            "a mark that is not there",
		"cos\nsystem\n.":                `names "os.system"`,
		"cos":                           "a name without end",
		"NNa.":                          "appends to None",
		"}K\x01u.":                      "a mark that is not there",
		"}(K\x01u.":                     "sets 1 keys and values",
		"})Ns.":                         "a tuple as key",
		"}K\x01NsX\x01\x00\x00\x001Ns.": `the key "1" twice`,
		"}X\x01\x20\x00\x00" + strings.Repeat("a", 0x2001) + "Ns.": "a key of 8193 bytes",
		"}}b.": "sets attributes of a dict",
		"ccollections\nOrderedDict\n)R}X\x01\x00\x00\x00aNsb.": `the attribute "a"`,
		"ccollections\nOrderedDict\nNR.":                       "calls with None",
		"ccollections\nOrderedDict\nN\x85R.":                   "calls collections.OrderedDict with 1 arguments (None)",
		"K\x01)R.":                                             "calls a int64 with 0 arguments",
		"NQ.":                                                  "",
		rebuild + ")R.":                                        "with 0 arguments ()",
		rebuild + "(NNNNNNtR.":                                 "a tensor of (None,",
		"ctorch._utils\n_rebuild_parameter\nN\x89}\x87R.":                                    "arguments (None, a bool, a dict)",
		viewOf("K\x00", "K\x64\x85", "K\x01\x85", "}"):                                       "",
		viewOf("K\x01", "K\x64\x85", "K\x01\x85", "}"):                                       "want it inside",
		viewOf("K\x64", ")", ")", "}"):                                                       "at element 100 of 100",
		viewOf("K\x63", ")", ")", "}"):                                                       "",
		viewOf("J\xff\xff\xff\xff", ")", ")", "}"):                                           "a tensor of (a storage",
		viewOf("K\x00", "K\x02\x85", "J\xff\xff\xff\xff\x85", "}"):                           "a tensor of (a storage",
		viewOf("K\x00", "K\x02\x85", "K\x63\x85", "}"):                                       "",
		viewOf("K\x00", "K\x02\x85", "K\x64\x85", "}"):                                       "want it inside",
		viewOf("K\x00", "K\x02\x85", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85", "}"):    "want it inside",
		viewOf("K\x00", "K\x01\x85", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85", "}"):    "",
		viewOf("K\x00", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x85", "K\x00\x85", "}"):    "no more than it has",
		viewOf("K\x00", "J\x00\x00\x00\x40J\x00\x00\x00\x40J\x00\x00\x00\x40\x87", ")", "}"): "as many strides",
		viewOf("K\x00", "("+strings.Repeat("K\x01", 17)+"t",
			"("+strings.Repeat("K\x01", 17)+"t", "}"): "a tensor of (a storage",
		viewOf("K\x00", ")", ")", someHook):     "no hooks",
		viewOf("K\x00", ")", ")", "}N"):         "",
		viewOf("K\x00", ")", ")", "}}"):         "",
		viewOf("K\x00", ")", ")", "}"+someHook): "with 7 arguments",
		viewOf("K\x00", ")", ")", "}NN"):        "with 8 arguments",
	} {
		m := &machine{text: pickle, storage: anyStorage}
		if v, err := m.run(); want == "" && err != nil || want != "" &&
			(err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%.60q = %v, %v; want error with %q", pickle, v, err, want)
		}
	}
}

// The values of opcodes, by Python's pickle.dumps(v, protocol=2).
func TestPickleValues(t *testing.T) {
	for pickle, want := range map[string]any{
		"N.": nil, "\x88.": true, "\x89.": false,
		"K\xff.": int64(255), "M\xff\xff.": int64(65535),
		"J\xff\xff\xff\xff.": int64(-1), "J\x00\x00\x00\x80.": int64(-1 << 31),
		"\x8a\x05\x00\x00\x00\x00\x02.": int64(1 << 33),
		"\x8a\x05\x00\x00\x00\x00\xfe.": int64(-1 << 33), "\x8a\x00.": int64(0),
		"\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80.": int64(math.MinInt64),
		"G?\xf8\x00\x00\x00\x00\x00\x00.":           1.5,
		"X\x03\x00\x00\x00\xc3\xa9a.":               "éa",
		").":                                        tuple(nil), "K\x01N\x88\x87.": tuple{int64(1), nil, true},
		"(K\x01(K\x02tt.":      tuple{int64(1), tuple{int64(2)}},
		"](K\x01K\x02eK\x03a.": &sequence{[]any{int64(1), int64(2), int64(3)}},
		"N\x85q\x00h\x00\x86r\x00\x00\x01\x00j\x00\x00\x01\x00\x86.": tuple{tuple{tuple{nil}, tuple{nil}},
			tuple{tuple{nil}, tuple{nil}}},
		"}(K\x01K\x02X\x01\x00\x00\x00aNuK\x03Ns.": &dict{
			items: map[string]any{"1": int64(2), "a": nil, "3": nil}},
		"ccollections\nOrderedDict\n)R}X\x09\x00\x00\x00_metadataNsb.": &dict{ordered: true},
	} {
		m := &machine{text: pickle, storage: anyStorage}
		got, err := m.run()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q = %#v, %v; want %#v", pickle, got, err, want)
		}
	}
}

// A file of the archive is in it as it is, whatever its sizes say.
func TestCompressed(t *testing.T) {
	var file bytes.Buffer
	w := zip.NewWriter(&file)
	if _, err := w.CreateRaw(&zip.FileHeader{Name: "a/data.pkl", Method: zip.Deflate}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := New(bytes.NewReader(file.Bytes()), int64(file.Len())); err == nil ||
		!strings.Contains(err.Error(), "is compressed") {
		t.Errorf("%v; want error with %q", err, "is compressed")
	}
}

func TestStorageErrors(t *testing.T) {
	a := &archive{storages: map[string]record{"0": {100, 8}}}
	id := func(dtype, key, n any) tuple { return tuple{"storage", dtype, key, "cpu", n} }
	for want, id := range map[string]any{
		"persistent id None":               nil,
		"persistent id a tuple":            tuple{"module", weights.F32, "0", "cpu", int64(2)},
		"persistent id of a string":        id("F32", "0", int64(2)),
		"F32, a int64":                     id(weights.F32, int64(0), int64(2)),
		"F32, a string, None":              id(weights.F32, "0", nil),
		`storage "1": not found`:           id(weights.F32, "1", int64(2)),
		"3 elements of F32 in 8 bytes":     id(weights.F32, "0", int64(3)),
		"-2 elements of F32":               id(weights.F32, "0", int64(-2)),
		"4611686018427387906 elements of ": id(weights.F32, "0", int64(1<<62+2)), // times 4 is 8, modulo 2^64
	} {
		if _, err := a.storage(id); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: %v; want error with %q", id, err, want)
		}
	}
}

// Cut at many places, or with a byte changed, each file is read or refused in a line,
// in memory in proportion to it.
func TestDamage(t *testing.T) {
	for _, file := range seeds(t) {
		for n := 0; n < len(file); n += 7 {
			checkFile(t, file[:n])
			changed := bytes.Clone(file)
			changed[n] ^= 1 << (n / 7 % 8)
			checkFile(t, changed)
		}
	}
}

// seeds are the files in testdata.
func seeds(t testing.TB) (files [][]byte) {
	for _, pattern := range []string{"testdata/*.pt", "testdata/refused/*.pt"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			file, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
	}
	if len(files) < 20 {
		t.Fatalf("%d files in testdata; want the files that make_cases.py writes", len(files))
	}
	return files
}

// limit is the memory that reading a file may take: a value of a pickle for
// each of its bytes. The 4 MiB are for the fuzzer's own work in the process.
func limit(bytes int) uint64 { return 4<<20 + 400*uint64(bytes) }

// checkFile opens a file and reads its first tensors.
func checkFile(t *testing.T, file []byte) {
	t.Helper()
	bounded.Run(t, limit(len(file)), func() {
		f, err := New(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			oneLine(t, err)
			return
		}
		budget := 4 * len(file) // of elements: many tensors can be views of one storage
		for _, path := range f.Dicts() {
			d, err := f.Dict(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, info := range d.Tensors() {
				if budget -= info.Elements() + 16; budget < 0 {
					return
				}
				if info.Elements() > len(file) {
					t.Fatalf("%q has shape %v in a file of %d bytes", info.Name, info.Shape, len(file))
				}
				if err := d.ReadFloat32s(info.Name, make([]float32, info.Elements())); err != nil {
					oneLine(t, err)
				}
			}
		}
	})
}

func oneLine(t *testing.T, err error) {
	t.Helper()
	if text := err.Error(); strings.ContainsAny(text, "\n\r") || len(text) > 2000 {
		t.Errorf("an error of %d bytes in lines:\n%.2000s", len(text), text)
	}
}

// FuzzFile is of the zip layer, and of all beneath.
func FuzzFile(f *testing.F) {
	for _, file := range seeds(f) {
		f.Add(file)
	}
	f.Fuzz(checkFile)
}

// FuzzPickle is of the interpreter and of what looks for tensors in its value.
func FuzzPickle(f *testing.F) {
	for _, file := range seeds(f) {
		if a, err := openArchive(bytes.NewReader(file), int64(len(file))); err == nil {
			f.Add(a.pickle)
		}
	}
	f.Fuzz(func(t *testing.T, pickle string) {
		bounded.Run(t, limit(len(pickle)), func() {
			m := &machine{text: pickle, storage: anyStorage}
			v, err := m.run()
			if err != nil {
				oneLine(t, err)
				return
			}
			if d, ok := v.(*dict); ok {
				w := newWalk(nil, nil, len(pickle))
				if _, err := w.dicts(d); err != nil {
					oneLine(t, err)
				}
			}
		})
	})
}
