package embeddings

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goclip/goclip/data"
)

// numbered is a set of rows lo to hi of a.parquet, with a caption for every second, and
// columns, of which one begins with nulls.
func numbered(lo, hi int) *Set {
	s := &Set{Width: 2, Weights: "w", ColumnNames: []string{"key", "size"}, Columns: make([][]any, 2)}
	for i := lo; i < hi; i++ {
		if i%2 == 0 {
			s.Captions, s.ImageOf = append(s.Captions, fmt.Sprint("caption ", i)), append(s.ImageOf, len(s.Rows))
			s.Texts = append(s.Texts, float32(-i), 2)
		}
		s.Images, s.Labels = append(s.Images, float32(i), 1), append(s.Labels, i%3-1)
		s.Rows = append(s.Rows, data.RowRef{Shard: "a.parquet", Row: int64(i)})
		s.Columns[0] = append(s.Columns[0], fmt.Sprint("k", i))
		if i < 1500 {
			s.Columns[1] = append(s.Columns[1], nil)
		} else {
			s.Columns[1] = append(s.Columns[1], int64(i))
		}
	}
	return s
}

// TestParts holds that who is stopped and goes on writes the bytes of who was not, as
// Parquet and for numpy, and what those files hold.
func TestParts(t *testing.T) {
	for _, name := range []string{"e.parquet", "e.npy"} {
		dir := t.TempDir()
		write := func(path string, stop bool) {
			for first := true; ; first = false {
				p, err := OpenParts(path, "this")
				must(t, err)
				for lo := int(p.Next()); lo < 2500; lo += 500 {
					must(t, p.Add(numbered(lo, lo+500), int64(lo+500), lo/500))
					if stop {
						must(t, p.Flush())
					}
					if stop && first && lo == 1000 {
						must(t, p.Add(numbered(1500, 2000), 2000, 9)) // in memory, and lost
						break
					}
				}
				if !first || !stop {
					if p.Images() != 2500 || p.Captions() != 1250 || p.Bad() > 4 {
						t.Errorf("%s: %d images, %d captions, %d bad", name, p.Images(), p.Captions(), p.Bad())
					}
					must(t, p.Finish(nil))
					return
				}
			}
		}
		whole, stopped := filepath.Join(dir, "whole-"+name), filepath.Join(dir, "stopped-"+name)
		write(whole, false)
		write(stopped, true)
		for _, file := range []string{whole, textsName(whole), rowsName(whole)} {
			want, err := os.ReadFile(file)
			if err != nil && name == "e.parquet" {
				continue
			}
			must(t, err)
			got, err := os.ReadFile(strings.Replace(file, "whole-", "stopped-", 1))
			if err != nil || string(got) != string(want) {
				t.Errorf("%s, stopped: %d bytes, %v; want the %d of the whole", file, len(got), err, len(want))
			}
		}
		got, err := Read(stopped)
		if d := cmp.Diff(numbered(0, 2500), got); err != nil || d != "" {
			t.Errorf("%s: %v, (-want +got):\n%.2000s", name, err, d)
		}
		if left, err := filepath.Glob(filepath.Join(dir, "*.parts")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

// TestPartsOther holds that parts of other data are an error.
func TestPartsOther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e.parquet")
	p, err := OpenParts(path, "this")
	must(t, err)
	must(t, p.Add(numbered(0, 3), 3, 0))
	must(t, p.Flush())
	if _, err := OpenParts(path, "that"); err == nil || !strings.Contains(err.Error(), "begun with other data") {
		t.Errorf("parts of other data: %v", err)
	}
}

// TestFinishKept holds that rows of the file that is there go where they belong.
func TestFinishKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e.parquet")
	shard := func(s *Set, names ...string) *Set {
		for i, name := range names {
			s.Rows[i] = data.RowRef{Shard: name}
		}
		return s
	}
	must(t, shard(numbered(0, 4), "a", "c", "d", "f").Save(path))
	p, err := OpenParts(path, "this")
	must(t, err)
	must(t, p.Add(shard(numbered(4, 6), "b", "e"), 2, 0))
	must(t, p.Finish(func(i int) bool { return i != 2 }))
	got, err := Read(path)
	must(t, err)
	var order strings.Builder
	for i, r := range got.Rows {
		fmt.Fprintf(&order, "%s%v ", r.Shard, got.Columns[0][i])
	}
	if want := "ak0 bk4 ck1 ek5 fk3 "; order.String() != want || got.Captions[1] != "caption 4" {
		t.Errorf("merged: %s, %q; want %s", order.String(), got.Captions, want)
	}
}

// TestNPYFile holds that a file that is not in memory has the rows and names of one that is.
func TestNPYFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e.npy")
	p, err := OpenParts(path, "this")
	must(t, err)
	must(t, p.Add(numbered(0, 10), 10, 0))
	must(t, p.Finish(nil))
	f, err := OpenNPY(path)
	must(t, err)
	defer f.Close()
	want := numbered(0, 10)
	block, err := f.Block(3, 7)
	if d := cmp.Diff(want.Images[6:14], block); err != nil || d != "" || f.Len() != 10 || f.Dim() != 2 {
		t.Errorf("Block: %v, %s", err, d)
	}
	for i := range 10 {
		a, err := want.Item(t.Context(), i)
		must(t, err)
		b, err := f.Item(t.Context(), i)
		if d := cmp.Diff(a, b); err != nil || d != "" {
			t.Errorf("Item(%d): %v, %s", i, err, d)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
