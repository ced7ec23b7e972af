package pack

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/goclip/goclip/data"
)

// splitOf packs with a share of a tenth and returns the pictures of each side.
func splitOf(t *testing.T, source, out string) (train, val []string) {
	t.Helper()
	r, err := Run(t.Context(), out, Config{Source: source, Val: 0.1, ShardRows: 50})
	must(t, err)
	side := func(split string) (all []string) {
		dir := filepath.Join(out, split+"-*.parquet")
		d, err := data.Open(t.Context(), dir, data.Config{}, data.Need{Caption: true})
		must(t, err)
		if names, err := d.ClassNames(); err != nil || !slices.Equal(names, []string{"cat", "dog"}) {
			t.Errorf("%s: classes %q, %v", split, names, err)
		}
		paths, err := filepath.Glob(dir)
		must(t, err)
		for _, path := range paths {
			rows, err := parquet.ReadFile[packed](path)
			must(t, err)
			for _, row := range rows {
				all = append(all, string(row.Image.Bytes))
			}
		}
		return all
	}
	train, val = side("train"), side("val")
	if int64(len(train)) != r.Rows || int64(len(val)) != r.Val.Rows {
		t.Errorf("%d and %d rows; want %+v, %+v", len(train), len(val), r, r.Val)
	}
	return train, val
}

// TestVal: about a tenth of pictures is in val, copies are on one side, nothing is lost,
// another call finds all shards there, and the shards themselves are split the same way.
func TestVal(t *testing.T) {
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	for i := range 150 {
		for _, class := range []string{"cat", "dog"} { // the same pictures in both
			write(t, filepath.Join(in, class, fmt.Sprintf("%s %d.png", class, i)), picture(t, i, 4+i/10, 4+i%10))
		}
	}
	out := filepath.Join(dir, "out")
	train, val := splitOf(t, in, out)
	if len(train)+len(val) != 300 || len(val) < 10 || len(val) > 60 {
		t.Errorf("%d pictures in train, %d in val; want 300 together, about a tenth in val", len(train), len(val))
	}
	for _, picture := range val {
		if slices.Contains(train, picture) {
			t.Fatal("a picture of val is in train")
		}
	}
	r, err := Run(t.Context(), out, Config{Source: in, Val: 0.1, ShardRows: 50})
	if err != nil || r.Kept != r.Shards || r.Val.Kept != r.Val.Shards || r.Rows+r.Val.Rows != 0 {
		t.Errorf("a second time: %+v, %+v, %v; want all shards kept", r, r.Val, err)
	}
	if _, err := Run(t.Context(), out, Config{Source: in, Val: 0.2}); err == nil {
		t.Error("another share into the same folder: no error")
	}

	again := filepath.Join(dir, "again")
	whole := filepath.Join(dir, "whole")
	_, err = Run(t.Context(), whole, Config{Source: in, ShardRows: 70})
	must(t, err)
	train2, val2 := splitOf(t, filepath.Join(whole, "*.parquet"), again)
	if !slices.Equal(train, train2) || !slices.Equal(val, val2) {
		t.Errorf("the shards are split into %d and %d; want the same %d and %d", len(train2), len(val2), len(train), len(val))
	}
}

func TestValErrors(t *testing.T) {
	dir := t.TempDir()
	source := write(t, filepath.Join(dir, "in", "cat", "a.png"), picture(t, 1, 4, 4))
	source = filepath.Dir(filepath.Dir(source))
	for _, test := range []struct {
		c    Config
		want string
	}{
		{Config{Val: 0.5}, "of 1 rows by the hashes of their pictures, for a share of 0.5"},
		{Config{Val: 1}, "val 1; want a share from 0 to 1"},
		{Config{Val: -0.1}, "want a share"},
		{Config{Val: 0.1, Split: "val"}, "want one of them"},
	} {
		test.c.Source = source
		if _, err := Run(t.Context(), filepath.Join(dir, "out"), test.c); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v; want %q", test.c, err, test.want)
		}
	}
}

// TestMergedClasses: shards whose labels are of other classes are not packed as one.
func TestMergedClasses(t *testing.T) {
	dir := t.TempDir()
	for i, class := range []string{"cat", "dog"} {
		in := filepath.Join(dir, class)
		write(t, filepath.Join(in, class, "a.png"), picture(t, i, 4, 4))
		_, err := Run(t.Context(), filepath.Join(dir, "shards"+class), Config{Source: in})
		must(t, err)
	}
	_, err := Run(t.Context(), filepath.Join(dir, "out"), Config{Source: filepath.Join(dir, "shards*", "*.parquet")})
	if err == nil || !strings.Contains(err.Error(), `label 0 is "dog", not "cat"`) {
		t.Errorf("shards of other classes: %v", err)
	}
}
