package data

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"
)

// TestWhere evaluates conditions on one row, whose columns are a (3), b (0.5),
// s (it's), t (true), n (null) and c.d (-2).
func TestWhere(t *testing.T) {
	row := map[string]value{
		"a": {kind: isNumber, number: 3}, "b": {kind: isNumber, number: 0.5}, "s": {kind: isText, text: "it's"},
		"t": {kind: isBool, number: 1}, "n": {}, "c.d": {kind: isNumber, number: -2}, "odd name": {kind: isNumber},
		"x": {kind: isNumber, number: math.NaN()},
	}
	for _, test := range []struct {
		where string
		want  truth
	}{
		{"a = 3", yes}, {"a==3", yes}, {"a != 3", no}, {"a <> 4", yes}, {"a<3", no}, {"a<=3", yes}, {"a>2.9e0", yes}, {"3>=a", yes},
		{"b > .28 and a >= 3", yes}, {"b > .28 and a > 3", no}, {"a > 3 or b > 0.28", yes},
		{"a > 3 and b > 1 or t", yes}, {"t or a > 3 and b > 1", yes}, {"(t or a > 3) and b > 1", no},
		{"not a > 3", yes}, {"not not a > 3", no}, {"NOT t AND t", no}, {"not (t and t)", no},
		{"s = 'it''s'", yes}, {"s != ''''", yes}, {"'''' = ''''", yes}, {"s < 'j'", yes}, {"s >= 'J'", yes}, {"t = true", yes}, {"t != False", yes},
		{"n > 1", unknown}, {"not n > 1", unknown}, {"n > 1 or t", yes}, {"n > 1 and t", unknown}, {"n > 1 and a > 3", no},
		{"n = null", yes}, {"n != null", no}, {"null = a", no}, {"a != null", yes}, {"n", unknown},
		{"c.d = -2", yes}, {"`odd name` = 0", yes}, {"a > b", yes}, {"x = x", no}, {"x != x", yes}, {"x < 1", no},
	} {
		c, err := parseWhere(test.where)
		if err != nil {
			t.Error(err)
			continue
		}
		var values []value
		for _, name := range c.columns {
			values = append(values, row[name])
		}
		if got := c.root.match(values); got != test.want {
			t.Errorf("%s is %d, want %d", test.where, got, test.want)
		}
	}
	for _, test := range []struct{ where, want string }{
		{"a >", "at 4: have the end; want a column, a number"},
		{"a > 3 and", "at 10: have the end"},
		{"a > 3 b < 4", `at 7: have "b"; want and, or, or the end`},
		{"(a > 3", "at 7: have the end; want and, or, or )"},
		{"a > 3)", `at 6: have ")"`},
		{"a => 3", `at 3: have "=>"; want one of =`},
		{"a > 'x", "at 5: a ' without its end"},
		{`s = 'x' or "a b" > 3`, "at 12: a b in double quotes; want 'a b' for text, `a b` for a column"},
		{"a > 1.2.3", `at 5: have "1.2.3"; want a number`},
		{"a > 3 & b", `at 7: have "&"`},
		{"a > null", "at 3: null is neither less nor more"},
		{"3", "at 2: have the end; want one of ="},
		{"and a", `at 1: have "and"`},
		{"été > 'ü' b", `at 11: have "b"`}, // characters, not bytes
		{strings.Repeat(" ", 1<<20), "where of 1048576 bytes; want at most 65536"},
		{strings.Repeat("(", 200) + "a" + strings.Repeat(")", 200), "more than 100 deep"},
	} {
		if _, err := parseWhere(test.where); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.20s: %v; want error with %q", test.where, err, test.want)
		}
	}
}

type scoredRow struct {
	PNG    []byte   `parquet:"png"`
	Txt    string   `parquet:"txt,optional"`
	Blip   string   `parquet:"blip,optional"`
	Alts   []string `parquet:"alts,list"`
	Score  *float64 `parquet:"score,optional"`
	Single float32  `parquet:"single"`
	Width  uint32   `parquet:"width"`
	Clean  bool     `parquet:"clean"`
	Number int64    `parquet:"number"`
}

// scored writes n rows: score is number/n, null for each seventh, width falls.
func scored(t testing.TB, n, shards int, change func(i int, r *scoredRow)) string {
	t.Helper()
	dir := t.TempDir()
	for s := range shards {
		var rows []scoredRow
		for i := n * s / shards; i < n*(s+1)/shards; i++ {
			score := float64(i) / float64(n)
			r := scoredRow{PNG: pixel(t, i), Txt: fmt.Sprintf("caption %d", i), Score: &score, Single: float32(i), Width: uint32(n - i), Clean: i%2 == 0, Number: int64(i)}
			if i%7 == 0 {
				r.Score = nil
			}
			if change != nil {
				change(i, &r)
			}
			rows = append(rows, r)
		}
		write(t, filepath.Join(dir, fmt.Sprintf("%03d.parquet", s)), rows, 11)
	}
	return filepath.Join(dir, "*.parquet")
}

// keptRows are the numbers of the rows that a condition keeps, read in order.
func keptRows(t testing.TB, d *Dataset) (numbers []int64) {
	t.Helper()
	for caption, err := range d.Captions(context.Background()) {
		must(t, err)
		var i int64
		_, err = fmt.Sscanf(caption, "caption %d", &i)
		must(t, err)
		numbers = append(numbers, i)
	}
	return numbers
}

// TestFilter keeps the rows for which a condition is true, and reads no more
// row groups than their statistics leave open.
func TestFilter(t *testing.T) {
	const n = 200
	patterns := scored(t, n, 3, nil)
	for _, test := range []struct {
		where string
		keep  func(i int) bool
		read  int // row groups, of 20
	}{
		{"score > 0.28 and width >= 64", func(i int) bool { return i%7 != 0 && i > 56 && i <= 136 }, 9},
		{"number < 30", func(i int) bool { return i < 30 }, 1},
		{"number >= 0", func(i int) bool { return true }, 0},
		{"single <= 12", func(i int) bool { return i <= 12 }, 2},
		{"not score > 0.9", func(i int) bool { return i%7 != 0 && i <= 180 }, 20},
		{"score = null", func(i int) bool { return i%7 == 0 }, 20},
		{"clean and number < 100 or txt = 'caption 150'", func(i int) bool { return i%2 == 0 && i < 100 || i == 150 }, 11},
		{"number = 150 or width = 200", func(i int) bool { return i == 150 || i == 0 }, 2},
	} {
		d, err := OpenTrain(context.Background(), Config{Train: patterns, Where: test.where})
		must(t, err)
		var want []int64
		for i := range n {
			if test.keep(i) {
				want = append(want, int64(i))
			}
		}
		if got := keptRows(t, d); !slices.Equal(got, want) || d.Len() != int64(len(want)) {
			t.Errorf("%s keeps %v; want %v", test.where, got, want)
		}
		if text := d.FormatWhere(); !strings.Contains(text, fmt.Sprintf("keeps %d of 200 rows; read %d of ", len(want), test.read)) {
			t.Errorf("%q; want %d rows, %d groups read", text, len(want), test.read)
		}
	}
	for _, test := range []struct{ where, want string }{
		{"number < 0", `data: where "number < 0" keeps none of the 200 rows of `},
		{"clean and similarity > 3", `at 11: no column similarity in `},
		{"width = 'wide'", "at 7: compares a number with text, in "},
		{"width and clean", "at 1: column width holds a number; want a comparison"},
		{"alts.list.element = 'x'", "has lists"},
		{"width >", "at 8: have the end"},
	} {
		if _, err := OpenTrain(context.Background(), Config{Train: patterns, Where: test.where}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v; want error with %q", test.where, err, test.want)
		}
	}
}

// TestFilterStream trains on each kept row once an epoch and on no other, and
// goes on at any place.
func TestFilterStream(t *testing.T) {
	c := Config{Where: "not clean", ShuffleWindow: 512}
	c.Train = scored(t, 200, 3, nil)
	want := trainBatches(t, c, 0, 20)
	for epoch := range 2 {
		seen := map[string]bool{}
		for _, b := range want[10*epoch : 10*epoch+10] {
			for _, caption := range b.Captions {
				seen[caption] = true
			}
		}
		if len(seen) != 100 || seen["caption 2"] {
			t.Errorf("epoch %d has %d captions; want the 100 odd ones", epoch, len(seen))
		}
	}
	for _, start := range []int{3, 12} {
		for i, b := range trainBatches(t, c, int64(10*start), 3) {
			if !equal(b, want[start+i]) {
				t.Errorf("batch %d differs when the stream starts at batch %d", start+i, start)
			}
		}
	}
}

// trainBatches is batches for what OpenTrain opens.
func trainBatches(t testing.TB, c Config, start int64, n int) (all []*Batch) {
	t.Helper()
	d, err := OpenTrain(context.Background(), c)
	must(t, err)
	var ledger bytes.Buffer
	s := d.Stream(StreamConfig{Seed: 1, Batch: 10, ImageSize: 4, Context: 12, Tokenizer: testTokenizer(t), Ledger: NewLedger(&ledger, c), Start: start})
	defer s.Close()
	for range n {
		b, err := s.Next(context.Background())
		must(t, err)
		all = append(all, &Batch{Images: slices.Clone(b.Images), Tokens: slices.Clone(b.Tokens), Captions: slices.Clone(b.Captions), Rows: slices.Clone(b.Rows)})
		b.Release()
	}
	if ledger.Len() > 0 {
		t.Errorf("rows that are filtered out are in the ledger:\n%s", ledger.String())
	}
	return all
}

// TestPrune holds that statistics never decide a row otherwise than its values.
func TestPrune(t *testing.T) {
	var pattern func(depth int) *rapid.Generator[string]
	pattern = func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			switch k := rapid.IntRange(0, 5).Draw(t, "part"); {
			case depth > 0 && k == 0:
				return "not (" + pattern(depth-1).Draw(t, "a") + ")"
			case depth > 0 && k <= 2:
				return "(" + pattern(depth-1).Draw(t, "a") + []string{" and ", " or "}[k-1] + pattern(depth-1).Draw(t, "b") + ")"
			}
			op := rapid.SampledFrom(comparisons).Draw(t, "op")
			switch rapid.IntRange(0, 3).Draw(t, "kind") {
			case 0:
				return fmt.Sprintf("i %s %d", op, rapid.IntRange(-3, 3).Draw(t, "v"))
			case 1:
				return fmt.Sprintf("%d %s f", rapid.IntRange(-3, 3).Draw(t, "v"), op)
			case 2:
				return fmt.Sprintf("s %s '%s'", op, rapid.SampledFrom([]string{"", "a", "b", "bb"}).Draw(t, "v"))
			}
			return rapid.SampledFrom([]string{"i = null", "f != null", "null = s"}).Draw(t, "null")
		})
	}
	type row struct {
		I *int32   `parquet:"i,optional"`
		F *float64 `parquet:"f,optional"`
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
			rows = append(rows, r)
		}
		c, err := parseWhere(pattern(2).Draw(t, "where"))
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
		p, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
		if err != nil {
			t.Fatal(err)
		}
		s := &shard{path: "x"}
		var known []bounds
		values := make([][]value, len(rows))
		for i := range c.columns {
			f, err := s.filterColumn(p, c, i)
			if err != nil {
				t.Fatal(err)
			}
			known = append(known, boundsOf(p, 0, f, int64(len(rows))))
			column, err := columnValues(p.RowGroups()[0].ColumnChunks()[f.ColumnIndex], len(rows), f)
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

// canvas is a gray PNG of w x h pixels.
func canvas(t testing.TB, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, pixels.Encode(&b, image.NewGray(image.Rect(0, 0, w, h))))
	return b.Bytes()
}

func TestKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.SliceOfN(rapid.Bool(), 1, 300).Draw(t, "rows")
		k := newKept(int64(len(rows)))
		var want []int64
		for i, keep := range rows {
			if keep {
				k.add(int64(i))
				want = append(want, int64(i))
			}
		}
		k.done()
		if k.count != int64(len(want)) {
			t.Fatalf("%d kept, want %d", k.count, len(want))
		}
		for place, row := range want {
			if got := k.row(int64(place)); got != row || !k.has(row) {
				t.Fatalf("row %d at place %d, want %d", got, place, row)
			}
		}
	})
}

// TestSizes leaves out small and long images, and no bad row is counted.
func TestSizes(t *testing.T) {
	c := Config{MinSize: 5}
	c.Train = scored(t, 100, 1, func(i int, r *scoredRow) {
		if i%10 != 0 {
			r.PNG = canvas(t, 6, 12+i%3)
		}
	})
	for _, b := range trainBatches(t, c, 0, 10) {
		for _, r := range b.Rows {
			if r.Row%10 == 0 {
				t.Errorf("%v has 4 pixels a side", r)
			}
		}
	}
	c.MaxAspect = 13. / 6
	for _, b := range trainBatches(t, c, 0, 10) {
		for _, r := range b.Rows {
			if r.Row%3 == 2 {
				t.Errorf("%v is longer than 13 / 6", r)
			}
		}
	}
}

// TestCaptionColumns draws columns of captions by their weights.
func TestCaptionColumns(t *testing.T) {
	c := Config{Captions: []CaptionColumn{{"txt", 2}, {"blip", 1}, {"alts", 1}}, CaptionChoice: "random", CleanCaptions: true}
	c.Train = scored(t, 1000, 2, func(i int, r *scoredRow) {
		r.Txt, r.Blip, r.Alts = "<b>txt</b>  one", "blip www.example.org/a", []string{"alt one", "alt two"}
		if i < 10 {
			r.Txt, r.Blip = "", " "
		}
	})
	counts := map[string]int{}
	want := trainBatches(t, c, 0, 100)
	for _, b := range want {
		for i, caption := range b.Captions {
			counts[caption]++
			if strings.HasSuffix(b.Rows[i].Shard, "000.parquet") && b.Rows[i].Row < 10 && !strings.HasPrefix(caption, "alt") {
				t.Errorf("%v has the caption %q", b.Rows[i], caption)
			}
		}
	}
	for caption, share := range map[string]float64{"txt one": 0.5, "blip": 0.25, "alt one": 0.125, "alt two": 0.125} {
		// Four standard deviations.
		if n := counts[caption]; math.Abs(float64(n)-1000*share) > 4*math.Sqrt(1000*share*(1-share)) {
			t.Errorf("%q is drawn %d times of 1000; want about %g", caption, n, 1000*share)
		}
	}
	if len(counts) != 4 {
		t.Errorf("captions %v", counts)
	}
	if again := trainBatches(t, c, 500, 1); !equal(again[0], want[50]) {
		t.Error("batch 50 differs when the stream starts there")
	}
	c.Captions[1].Column = "llava"
	if _, err := OpenTrain(context.Background(), c); err == nil || !strings.Contains(err.Error(), "000.parquet: no column llava of captions: have ") {
		t.Errorf("a column that is missing: %v", err)
	}
}

func TestCleanCaption(t *testing.T) {
	for caption, want := range map[string]string{
		"a  dog\n<br/>on <a href='x'>grass</a>": "a dog on grass",
		"see https://a.example/b?c=1 for more":  "see for more",
		"1 < 2 > 0, e.g. this.":                 "1 < 2 > 0, e.g. this.",
		" <p></p> ":                             "",
	} {
		if got := CleanCaption(caption); got != want {
			t.Errorf("CleanCaption(%q) = %q, want %q", caption, got, want)
		}
	}
}
