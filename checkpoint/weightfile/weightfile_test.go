package weightfile

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/checkpoint/weights"
	"github.com/goclip/goclip/internal/bounded"
)

// shared is a folder of models that other programs wrote.
const shared = "../../../shared/parity/foreign"

func needShared(t *testing.T) {
	if _, err := os.Stat(shared); err != nil {
		t.Skipf("%v: the folders of foreign models are not there", err)
	}
}

// golden is what make_golden.py says of a file.
type golden struct {
	Tensors int
	SHA256  string
	Some    []struct {
		Name   string
		DType  weights.DType
		Shape  []int
		SHA256 string
	}
}

// Every file has the tensors and the values that torch and safetensors read.
func TestForeign(t *testing.T) {
	needShared(t)
	text, err := os.ReadFile("testdata/foreign.json")
	if err != nil {
		t.Fatal(err)
	}
	var files map[string]golden
	if err := json.Unmarshal(text, &files); err != nil {
		t.Fatal(err)
	}
	for _, path := range weightFiles(t) {
		name, _ := filepath.Rel(shared, path)
		want, ok := files[filepath.ToSlash(name)]
		if !ok {
			t.Errorf("%s is not in foreign.json", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			w, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			check(t, w, want)
		})
	}
}

// weightFiles lists all files with weights in shared.
func weightFiles(t *testing.T) (paths []string) {
	err := filepath.WalkDir(shared, func(path string, _ fs.DirEntry, err error) error {
		if slices.Contains([]string{".safetensors", ".bin", ".pt"}, filepath.Ext(path)) {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil || len(paths) < 12 {
		t.Fatalf("%d files with weights, %v; want 12 or more", len(paths), err)
	}
	return paths
}

func check(t *testing.T, w *Weights, want golden) {
	if n := len(w.Tensors()); n != want.Tensors {
		t.Errorf("%d tensors; want %d", n, want.Tensors)
	}
	for _, some := range want.Some {
		i := slices.IndexFunc(w.Tensors(), func(t weights.Tensor) bool { return w.Prefix+t.Name == some.Name })
		if i < 0 {
			t.Errorf("%s is not there", some.Name)
			continue
		}
		tensor, sum := w.Tensors()[i], sha256.Sum256(raw(t, w, w.Tensors()[i]))
		if tensor.DType != some.DType || !slices.Equal(tensor.Shape, some.Shape) || hex.EncodeToString(sum[:]) != some.SHA256 {
			t.Errorf("%s is %s %v with SHA-256 %x; want %v", some.Name, tensor.DType, tensor.Shape, sum, some)
		}
	}
	if got := sum(t, w); got != want.SHA256 {
		t.Errorf("SHA-256 %s of all; want %s", got, want.SHA256)
	}
}

// sum is the SHA-256 over all tensors, as make_golden.py takes it.
func sum(t *testing.T, w *Weights) string {
	h := sha256.New()
	for _, tensor := range w.Tensors() {
		fmt.Fprintf(h, "%s%s %s %v\n", w.Prefix, tensor.Name, tensor.DType, tensor.Shape)
		h.Write(raw(t, w, tensor))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// raw is a tensor's values as little-endian float32, or int64.
func raw(t *testing.T, w *Weights, tensor weights.Tensor) (raw []byte) {
	t.Helper()
	if !tensor.DType.IsFloat() {
		ints := make([]int64, tensor.Elements())
		if err := w.ReadInt64s(tensor.Name, ints); err != nil {
			t.Fatal(err)
		}
		for _, v := range ints {
			raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
		}
		return raw
	}
	floats := make([]float32, tensor.Elements())
	if err := w.ReadFloat32s(tensor.Name, floats); err != nil {
		t.Fatal(err)
	}
	for _, v := range floats {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return raw
}

// A training checkpoint has the weights of the file that was made of it, in
// other words for what stands around them.
func TestTraining(t *testing.T) {
	needShared(t)
	epoch, err := Open(shared + "/pt-epoch/epoch_1.pt")
	if err != nil {
		t.Fatal(err)
	}
	defer epoch.Close()
	plain, err := Open(shared + "/pt-epoch/pytorch_model.bin")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	if got := fmt.Sprint(epoch.Format, " ", epoch.Prefix, " ", epoch.Others); got != "torch.save module. [epoch name optimizer]" {
		t.Errorf("epoch_1.pt is %s", got)
	}
	if plain.Prefix != "" || len(plain.Others) != 0 {
		t.Errorf("pytorch_model.bin has prefix %q and %q beside; want none", plain.Prefix, plain.Others)
	}
	epoch.Prefix = ""
	if a, b := sum(t, epoch), sum(t, plain); a != b {
		t.Errorf("the state dict has SHA-256 %s; want %s", a, b)
	}
}

// Cut anywhere, a file is refused in one line that names it.
func TestTruncated(t *testing.T) {
	needShared(t)
	path := filepath.Join(t.TempDir(), "cut")
	for _, from := range weightFiles(t) {
		file, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		cuts := []int{0, 1, 7, 8, 9, 100, len(file) - 1, len(file) - 22, len(file) - 23}
		for i := range 40 {
			cuts = append(cuts, i*len(file)/40)
		}
		for _, n := range cuts {
			if err := os.WriteFile(path, file[:n], 0o600); err != nil {
				t.Fatal(err)
			}
			bounded.Run(t, 1<<20+64*uint64(len(file)), func() { refused(t, path, fmt.Sprintf("%s, %d bytes", from, n)) })
		}
	}
}

// refused opens what is damaged, and wants an error in one line with its path.
func refused(t *testing.T, path, what string) {
	t.Helper()
	w, err := Open(path)
	if err == nil {
		w.Close()
		t.Errorf("%s: is read", what)
		return
	}
	if text := err.Error(); strings.Contains(text, "\n") || !strings.Contains(text, path) {
		t.Errorf("%s: %v; want one line that names the file", what, err)
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	for content, want := range map[string]string{
		"version https://git-lfs.github.com/spec/v1\noid sha256:1\n": "is a pointer of Git LFS; want the file itself",
		"<!DOCTYPE html>": `begin with "<!DOCTYPE html>"; want safetensors or`,
		"":                "have 0 bytes",
		"PK\x03\x04":      "torchfile: ",
		string(binary.LittleEndian.AppendUint64(nil, 1<<60)) + "{}": "header of 1152921504606846976 bytes in a file of 10",
	} {
		path := filepath.Join(dir, "file")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v; want error with %q", content, err, want)
		}
		refused(t, path, content)
	}
	for _, path := range []string{dir, filepath.Join(dir, "none.bin"), filepath.Join(dir, "none.index.json")} {
		refused(t, path, path)
	}
}
