package doctor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/goclip/goclip/data"
)

var update = flag.Bool("update", false, "write testdata again")

// TestGolden examines shards with one of everything on one and on eight
// goroutines: the JSON equals testdata/report.json, which -update writes for a look at
// what has changed.
func TestGolden(t *testing.T) {
	golden, err := filepath.Abs("testdata/report.json")
	must(t, err)
	t.Chdir(t.TempDir())
	c, train, val := sick(t)
	var text, page [2]bytes.Buffer
	for i, workers := range []int{1, 8} {
		c.Workers = workers
		x, err := Examine(t.Context(), c, train, val)
		must(t, err)
		must(t, x.Report().JSON(&text[i]))
		must(t, x.Page(&page[i]))
	}
	if !bytes.Equal(text[0].Bytes(), text[1].Bytes()) || !bytes.Equal(page[0].Bytes(), page[1].Bytes()) {
		t.Errorf("1 and 8 goroutines differ:\n%s", cmp.Diff(text[0].String(), text[1].String()))
	}
	if *update {
		must(t, os.WriteFile(golden, text[0].Bytes(), 0o666))
	}
	file, err := os.ReadFile(golden)
	must(t, err)
	var want, got any
	must(t, json.Unmarshal(file, &want))
	must(t, json.Unmarshal(text[0].Bytes(), &got))
	if d := cmp.Diff(want, got, cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-9 })); d != "" {
		t.Errorf("report (-want +got):\n%s", d)
	}
}

// TestFindings checks the counts of the same shards by hand.
func TestFindings(t *testing.T) {
	t.Chdir(t.TempDir())
	c, train, val := sick(t)
	x, err := Examine(t.Context(), c, train, val)
	must(t, err)
	r := x.Report()
	type counts struct {
		rows, usable, copies, pairs, near, blank, overlap, nearVal, withinVal, sharedCaptions int
	}
	got := counts{r.Train.Rows, r.Train.Usable, r.Duplicates.Rows, r.Duplicates.Pairs,
		r.Duplicates.NearRows, r.Train.Blank,
		r.Overlap.Rows, r.Overlap.NearRows, r.Overlap.WithinVal, r.Overlap.CaptionRows}
	if want := (counts{47, 43, 2, 1, 2, 1, 1, 1, 1, 1}); got != want {
		t.Errorf("have %+v, want %+v", got, want)
	}
	for _, want := range []Twin{
		{Place{Shard: "train-0.parquet", Row: 22}, Place{Shard: "train-0.parquet", Row: 5}, 0},
		{Place{Shard: "train-0.parquet", Row: 23}, Place{Shard: "train-0.parquet", Row: 6}, 0},
	} {
		found := false
		for _, twin := range r.Duplicates.Near {
			found = found || twin.Row.String() == want.Row.String() && twin.Original.String() == want.Original.String()
		}
		if !found {
			t.Errorf("%v is not found to be nearly %v", want.Row, want.Original)
		}
	}
	var bad []string
	for _, b := range append(r.Train.Bad, r.Val.Bad...) {
		bad = append(bad, b.String())
	}
	if d := cmp.Diff([]string{
		"train-0.parquet: row group 3: row 24: png: invalid format: not enough pixel data",
		"train-0.parquet: row group 3: row 25: no image",
		"train-0.parquet: row group 3: row 26: no caption",
		"train-0.parquet: row group 3: row 27: no image that goclip reads: HTML page",
		"val.parquet: row group 0: row 5: png: invalid format: not enough pixel data",
	}, bad); d != "" {
		t.Errorf("bad rows (-want +got):\n%s", d)
	}
	var text strings.Builder
	must(t, r.Text(&text))
	for _, want := range []string{
		"1 picture of val (17 %) is in train too", "4 rows (8.5 %) cannot be used",
		"2 rows (4.7 %) repeat the picture", "1 caption (2.3 %) has tags",
		"captions repeat (31 distinct ones of 43)",
		"repeated pictures: 4, of which 2 within train, 1 of val in train, 1 within val",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the text has no %q:\n%s", want, text.String())
		}
	}
	severity := 0
	for _, f := range r.Findings {
		if rank[f.Severity] < severity {
			t.Errorf("%q comes after milder findings", f.What)
		}
		severity = rank[f.Severity]
	}
}

// TestHealthy finds nothing in distinct pictures with distinct captions.
func TestHealthy(t *testing.T) {
	t.Chdir(t.TempDir())
	c, _, _ := sick(t)
	var rows []pairRow
	for i := range uint64(30) {
		rows = append(rows, row(asPNG(t, drawn(i, 40, 40)), "a thing "+string(rune('a'+i%26))+string(rune('a'+i/26))))
	}
	write(t, "healthy.parquet", rows...)
	s, err := data.OpenSurvey(t.Context(), "healthy.parquet", data.Config{}, data.Need{Caption: true})
	must(t, err)
	x, err := Examine(t.Context(), c, s, nil)
	must(t, err)
	if len(x.Report().Findings) > 0 {
		t.Errorf("found %+v", x.Report().Findings)
	}
}

func TestDrop(t *testing.T) {
	t.Chdir(t.TempDir())
	c, train, val := sick(t)
	x, err := Examine(t.Context(), c, train, val)
	must(t, err)
	unusable := []int64{24, 25, 26, 27}
	for _, test := range []struct {
		kinds []string
		rows  []int64
	}{
		{nil, unusable},
		{DefaultKinds, []int64{8, 20, 21, 24, 25, 26, 27}},
		{[]string{Pairs}, []int64{20, 24, 25, 26, 27}},
		{[]string{Near, Blank}, []int64{9, 22, 23, 24, 25, 26, 27, 28}},
	} {
		d, err := x.Drop(test.kinds)
		must(t, err)
		if diff := cmp.Diff(map[string][]int64{"train-0.parquet": test.rows}, d.Rows); diff != "" ||
			d.Count != len(test.rows) {
			t.Errorf("Drop(%v) counts %d (-want +got):\n%s", test.kinds, d.Count, diff)
		}
	}
	if _, err := x.Drop([]string{"bad"}); err == nil ||
		!strings.Contains(err.Error(), `drop "bad"; want some of pictures`) {
		t.Errorf("Drop of an unknown kind: %v", err)
	}
}

// TestPageEscapes writes a page of shards whose captions are hostile.
func TestPageEscapes(t *testing.T) {
	t.Chdir(t.TempDir())
	const hostile = `"><img src=x onerror=alert(1)></script><script>alert(2)</script>`
	c, _, _ := sick(t)
	file := asPNG(t, drawn(1, 40, 40))
	write(t, "hostile.parquet", row(file, hostile), row(file, hostile),
		row(asJPEG(t, drawn(1, 40, 40), 80), hostile), row(file[:50], hostile))
	s, err := data.OpenSurvey(t.Context(), "hostile.parquet", data.Config{}, data.Need{Caption: true})
	must(t, err)
	s.Patterns = hostile
	x, err := Examine(t.Context(), c, s, s)
	must(t, err)
	var b bytes.Buffer
	must(t, x.Page(&b))
	if text := b.String(); strings.Contains(text, "<img src=x") ||
		strings.Contains(text, "alert(2)</script>") || strings.Count(text, "&lt;img src=x") < 8 {
		t.Errorf("the page has a hostile caption as it is:\n%s", text)
	}
}

func TestExamineErrors(t *testing.T) {
	t.Chdir(t.TempDir())
	c, train, val := sick(t)
	for want, change := range map[string]func(c *Config){
		"no tokenizer":        func(c *Config) { c.Tokenizer = nil },
		"context of 1 tokens": func(c *Config) { c.Context = 1 }, "batch of 1 pairs": func(c *Config) { c.Batch = 1 },
	} {
		bad := c
		change(&bad)
		if _, err := Examine(t.Context(), bad, train, val); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Examine: %v; want %q", err, want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	c.Progress = func(done, all int64) { cancel() }
	if _, err := Examine(ctx, c, train, val); !errors.Is(err, context.Canceled) {
		t.Errorf("Examine after the end of its context: %v", err)
	}
	must(t, os.Remove("train-1.parquet"))
	if _, err := Examine(t.Context(), Config{Tokenizer: c.Tokenizer, Context: 9, Batch: 9}, train,
		nil); err == nil || !strings.Contains(err.Error(), "train-1.parquet") {
		t.Errorf("Examine of a shard that is gone: %v", err)
	}
}
