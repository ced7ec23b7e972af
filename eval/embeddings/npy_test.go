package embeddings

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNPY checks that what is written has the bytes of numpy.save, and is read again.
func TestNPY(t *testing.T) {
	for _, name := range []string{"images", "classes"} {
		path := filepath.Join("../testdata", name+".npy")
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		x, e, err := ReadNPY(path)
		if err != nil || e != 12 || len(x)%e != 0 {
			t.Fatalf("ReadNPY(%s): %d numbers, width %d, %v", path, len(x), e, err)
		}
		var got bytes.Buffer
		if err := WriteNPY(&got, x, e); err != nil || !bytes.Equal(got.Bytes(), want) {
			t.Errorf("WriteNPY of %s: %d bytes, %v; want the %d of numpy.save", name, got.Len(), err, len(want))
		}
	}
}

func TestNPYErrors(t *testing.T) {
	whole, err := os.ReadFile("../testdata/classes.npy")
	if err != nil {
		t.Fatal(err)
	}
	edit := func(old, new string) []byte { return bytes.Replace(whole, []byte(old), []byte(new), 1) }
	for want, file := range map[string][]byte{
		"not a .npy file":              []byte("PK\x03\x04 and more"),
		"version 9":                    edit("NUMPY\x01", "NUMPY\x09"),
		"has 415 bytes; want":          whole[:len(whole)-1],
		"ends in its header":           whole[:40],
		"holds '<f8' (6, 12)":          edit("<f4", "<f8"),
		"fortran_order True":           edit("False", "True "),
		"holds '<f4' (6,2,6)":          edit("(6, 12), ", "(6,2,6), "),
		"holds '<f4' (72,)":            edit("(6, 12)", "(72,)  "),
		"for (9, 12)":                  edit("(6, 12)", "(9, 12)"),
		"shape (9999999999999999, 12)": edit("(6, 12), }             ", "(9999999999999999, 12)}"),
	} {
		path := filepath.Join(t.TempDir(), "x.npy")
		if err := os.WriteFile(path, file, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, _, err := ReadNPY(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ReadNPY: %v; want error with %q", err, want)
		}
	}
	if err := WriteNPY(&bytes.Buffer{}, []float32{1, 2, 3}, 2); err == nil {
		t.Error("WriteNPY of half a row: no error")
	}
	x := []float32{1, 2}
	var b bytes.Buffer
	if err := WriteNPY(&b, x[:0], 2); err != nil { // no rows are rows
		t.Error(err)
	}
	if got, e, err := readNPY(bytes.NewReader(b.Bytes()), int64(b.Len())); err != nil || e != 2 ||
		cmp.Diff([]float32{}, got) != "" {
		t.Errorf("no rows: %v, width %d, %v", got, e, err)
	}
}
