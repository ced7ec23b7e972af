package data

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tarOf writes a tar of members, name and content in turn.
func tarOf(t *testing.T, path string, members ...string) {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := 0; i < len(members); i += 2 {
		err := w.WriteHeader(&tar.Header{Name: members[i], Mode: 0o644, Size: int64(len(members[i+1])), Typeflag: tar.TypeReg})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(members[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	writeText(t, path, b.String())
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// npyOf is a .npy file of version 1.
func npyOf(descr, shape string, numbers any) string {
	var b bytes.Buffer
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': %s, }\n", descr, shape)
	b.WriteString("\x93NUMPY\x01\x00")
	_ = binary.Write(&b, binary.LittleEndian, uint16(len(header)))
	b.WriteString(header)
	_ = binary.Write(&b, binary.LittleEndian, numbers)
	return b.String()
}

// TestWDS reads all three types of the layout, over several files, with a sample that
// cannot be used.
func TestWDS(t *testing.T) {
	file, err := os.ReadFile("preprocess/testdata/" + firstPNG(t))
	if err != nil {
		t.Fatal(err)
	}
	png := string(file)
	for _, test := range []struct {
		kind    string
		members [][]string
		labels  []int
		more    string // captions or targets
		bad     string
	}{
		{"", [][]string{{"s0.cls", "1", "s0.png", png, "s0.json", "{}", "a/s1.jpg", png, "a/s1.cls", " 2\n"},
			{"s2.png", png, "s2.cls", "red", "s3.png", png, "s3.cls", "0"}}, []int{1, 2, 0}, "[[] [] []] map[]", `cls is \"red\"`},
		{"retrieval\n", [][]string{{"s0.png", png, "s0.txt", "one\n\n two \n"}, {"s1.png", png, "s1.txt", "\n"}},
			[]int{-1}, "[[one two]] map[]", "no caption"},
		{"Multilabel", [][]string{{"s0.png", png, "s0.npy", npyOf("<i8", "(3,)", []int64{1, 0, 1})},
			{"s1.png", png, "s1.npy", npyOf("|b1", "(3,)", []byte{0, 1, 0}), "s2.png", png, "s2.npy",
				npyOf("<f4", "(3,)", []float32{0, 0.5, 1})}},
			[]int{-1, -1}, "[[] []] map[test/0.tar: row 0:[true false true] test/1.tar: row 0:[false true false] " +
				"test/1.tar: row 1:[]]", "number 1 is 0.5"},
	} {
		dir := t.TempDir()
		if test.kind != "" {
			writeText(t, filepath.Join(dir, "dataset_type.txt"), test.kind)
		}
		writeText(t, filepath.Join(dir, "classnames.txt"), "red\nblue\ngreen\n")
		writeText(t, filepath.Join(dir, "zeroshot_classification_templates.txt"), "a photo of a {c}.\n{c}\n")
		writeText(t, filepath.Join(dir, "test", "nshards.txt"), fmt.Sprintln(len(test.members)))
		for i, m := range test.members {
			tarOf(t, filepath.Join(dir, "test", fmt.Sprintf("%d.tar", i)), m...)
		}
		w, err := OpenWDS(dir, "test", Config{})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"a photo of a {}.", "{}"}, w.Templates); d != "" || len(w.Classes) != 3 {
			t.Errorf("classes %q, templates (-want +got):\n%s", w.Classes, d)
		}
		var labels []int
		var captions [][]string
		var bad strings.Builder
		err = w.Scan(t.Context(), 8, 2, NewLedger(&bad, Config{}), func(e Examples) error {
			labels, captions = append(labels, e.Labels...), append(captions, e.Captions...)
			return nil
		})
		more := strings.ReplaceAll(fmt.Sprint(captions, w.Targets), dir+"/", "")
		if d := cmp.Diff(test.labels, labels); err != nil || d != "" || more != test.more ||
			!strings.Contains(bad.String(), test.bad) || strings.Count(bad.String(), "\n") != 1 {
			t.Errorf("%q: %v, %s, bad %s, labels (-want +got):\n%s", test.kind, err, more, bad.String(), d)
		}
	}
}

func TestWDSErrors(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"nshards.txt has 0 lines":                {},
		`nshards.txt says "many"`:                {"test/nshards.txt": "many"},
		`dataset_type.txt says "video"`:          {"dataset_type.txt": "video", "test/nshards.txt": "1"},
		"0.tar: no such file":                    {"test/nshards.txt": "1"},
		"0.tar: behind sample 0: unexpected EOF": {"test/nshards.txt": "1", "test/0.tar": "cut"},
	} {
		dir := t.TempDir()
		for name, content := range files {
			writeText(t, filepath.Join(dir, name), content)
		}
		w, err := OpenWDS(dir, "test", Config{})
		if err == nil {
			err = w.Scan(t.Context(), 8, 2, nil, func(Examples) error { return nil })
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	for want, file := range map[string]string{
		"no .npy file":       "PK",
		"ends in its header": "\x93NUMPY\x01\x00\xff\xff{",
		"want a vector":      npyOf("<i8", "(3, 1)", []int64{1, 0, 1}),
		"want 4 of 8":        npyOf("<i8", "(4,)", []int64{1, 0, 1}),
		"want numbers":       npyOf("|S1", "(1,)", []byte{1}),
		"number 0 is 255":    npyOf("|i1", "(1,)", []int8{-1}),
	} {
		if _, err := npyTargets([]byte(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}
