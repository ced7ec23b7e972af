package where

import (
	"bytes"
	"fmt"
	"math"
	"testing"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/goclip/goclip/data/parquetfile"
)

// TestPrune holds that statistics never decide a row otherwise than its values.
func TestPrune(t *testing.T) {
	var pattern func(depth int) *rapid.Generator[string]
	pattern = func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			switch k := rapid.IntRange(0, 5).Draw(t, "part"); {
			case depth > 0 && k == 0:
				return "not (" + pattern(depth-1).Draw(t, "a") + ")"
			case depth > 0 && k <= 2:
				join := []string{" and ", " or "}[k-1]
				return "(" + pattern(depth-1).Draw(t, "a") + join + pattern(depth-1).Draw(t, "b") + ")"
			}
			op := rapid.SampledFrom(comparisons).Draw(t, "op")
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 0:
				return fmt.Sprintf("i %s %d", op, rapid.IntRange(-3, 3).Draw(t, "v"))
			case 1:
				return fmt.Sprintf("%d %s f", rapid.IntRange(-3, 3).Draw(t, "v"), op)
			case 2:
				return fmt.Sprintf("g %s %d", op, rapid.IntRange(-3, 3).Draw(t, "v"))
			case 3:
				return fmt.Sprintf("s %s '%s'", op, rapid.SampledFrom([]string{"", "a", "b", "bb"}).Draw(t, "v"))
			}
			return rapid.SampledFrom([]string{"i = null", "f != null", "null = s"}).Draw(t, "null")
		})
	}
	type row struct {
		I *int32   `parquet:"i,optional"`
		F *float64 `parquet:"f,optional"`
		G float32  `parquet:"g"`
		S *string  `parquet:"s,optional"`
	}
	optional := func(t *rapid.T, name string) bool { return rapid.IntRange(0, 3).Draw(t, name) > 0 }
	rapid.Check(t, func(t *rapid.T) {
		var rows []row
		for range rapid.IntRange(1, 6).Draw(t, "rows") {
			var r row
			if optional(t, "i there") {
				v := int32(rapid.IntRange(-3, 3).Draw(t, "i"))
				r.I = &v
			}
			if optional(t, "f there") {
				v := rapid.SampledFrom([]float64{-3, -1, 0, 1, 3, math.NaN(), math.Inf(1)}).Draw(t, "f")
				r.F = &v
			}
			if optional(t, "s there") {
				v := rapid.SampledFrom([]string{"", "a", "b", "ba", "bb"}).Draw(t, "s")
				r.S = &v
			}
			r.G = float32(rapid.SampledFrom([]float64{-3, 0, 1, math.NaN()}).Draw(t, "g"))
			rows = append(rows, r)
		}
		c, err := Parse(pattern(2).Draw(t, "where"))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		w := parquet.NewGenericWriter[row](&b)
		if _, err := w.Write(rows); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		p, err := parquetfile.Open(bytes.NewReader(b.Bytes()), int64(b.Len()), nil)
		if err != nil {
			t.Fatal(err)
		}
		var known []bounds
		values := make([][]value, len(rows))
		for i := range c.columns {
			f, err := c.find(p, "x", i)
			if err != nil {
				t.Fatal(err)
			}
			known = append(known, f.bounds(p, 0))
			column, err := f.values(p, 0)
			if err != nil {
				t.Fatal(err)
			}
			for r, v := range column {
				values[r] = append(values[r], v)
			}
		}
		may := c.root.prune(known)
		for r := range rows {
			if got := c.root.match(values[r]); !may[got] {
				t.Fatalf("%s is %d for row %d, %v; statistics say that may be %v", c.text, got, r, values[r], may)
			}
		}
	})
}

// TestWhole: whole numbers of 64 bits are compared as they are, not as float64.
func TestWhole(t *testing.T) {
	type row struct {
		U uint64 `parquet:"u"`
		I int64  `parquet:"i"`
	}
	const u, i = 1<<64 - 3, math.MinInt64
	var b bytes.Buffer
	if err := parquet.Write(&b, []row{{u, i}, {u + 1, i + 1}, {u + 2, math.MaxInt64}}); err != nil {
		t.Fatal(err)
	}
	f, err := parquetfile.Open(bytes.NewReader(b.Bytes()), int64(b.Len()), nil)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]int64{
		"u > 18446744073709551613": 2, "u = 18446744073709551615": 1, "u < 18446744073709551614": 1,
		"i <= -9223372036854775807": 2, "i >= 9223372036854775807": 1, "i > 9223372036854775807": 0,
		"i > 0.5": 1, "u > 9223372036854775808": 3, "u > 1e19": 3, "i < u": 3,
	} {
		c, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if k, err := c.Keep(f, "x"); err != nil || k.Len() != want {
			t.Errorf("%s keeps %d rows, %v; want %d", text, k.Len(), err, want)
		}
	}
}

// TestUnsigned compares numbers beyond the largest signed ones.
func TestUnsigned(t *testing.T) {
	type row struct {
		U uint32 `parquet:"u"`
		L uint64 `parquet:"l"`
	}
	var b bytes.Buffer
	if err := parquet.Write(&b, []row{{1, 1}, {1 << 31, 1 << 63}}); err != nil {
		t.Fatal(err)
	}
	f, err := parquetfile.Open(bytes.NewReader(b.Bytes()), int64(b.Len()), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"u > 5 or u = 7", "l > 5 or l = 7", "not u <= 5", "not l <= 5"} {
		c, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if k, err := c.Keep(f, "x"); err != nil || k.Len() != 1 || k.Row(0) != 1 {
			t.Errorf("%s keeps %+v, %v; want row 1", text, k, err)
		}
	}
}

// TestNaN: a NaN among numbers is in no statistics that a writer makes, but = fails
// for it and != holds.
func TestNaN(t *testing.T) {
	type row struct {
		F float32 `parquet:"f"`
		D float64 `parquet:"d"`
		I int64   `parquet:"i"`
	}
	var b bytes.Buffer
	if err := parquet.Write(&b, []row{{1, 1, 1}, {1, 1, 1}}); err != nil {
		t.Fatal(err)
	}
	f, err := parquetfile.Open(bytes.NewReader(b.Bytes()), int64(b.Len()), nil)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]outcomes{
		"f = 1": {no: true, yes: true}, "f != 1": {no: true, yes: true},
		"d = 1": {no: true, yes: true}, "d != 1": {no: true, yes: true},
		"i = 1": {yes: true}, "i != 1": {no: true},
	} {
		c, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		column, err := c.find(f, "x", 0)
		if err != nil {
			t.Fatal(err)
		}
		if may := c.root.prune([]bounds{column.bounds(f, 0)}); may != want {
			t.Errorf("%s of a row group of ones may be %v, want %v", text, may, want)
		}
	}
}
