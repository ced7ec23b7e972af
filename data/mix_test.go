package data

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/goclip/goclip/data/where"
)

// TestSampler holds, for shards of any sizes with rows left out, sources, world
// sizes and places to go on from: each row occurs once an epoch of its source,
// the ranks together draw what one would, and a run that goes on draws the same.
func TestSampler(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &Dataset{}
		var weights []Source
		for i := range rapid.IntRange(1, 3).Draw(t, "sources") {
			first := d.rows
			for range rapid.IntRange(1, 4).Draw(t, "shards") {
				s := &shard{path: fmt.Sprint(len(d.shards)), first: d.rows,
					rows: rapid.Int64Range(0, 900).Draw(t, "rows")}
				if rapid.Bool().Draw(t, "where") {
					s.kept = where.NewKept(s.rows)
					for r := range s.rows {
						if mix(uint64(r))%3 > 0 {
							s.kept.Add(r)
						}
					}
					s.kept.Done()
				}
				d.shards = append(d.shards, s)
				d.rows += s.length()
			}
			if d.rows == first {
				s := &shard{path: "more", first: d.rows, rows: 1}
				d.shards = append(d.shards, s)
				d.rows++
			}
			weights = append(weights, Source{Weight: rapid.Float64Range(0.1, 1).Draw(t, "weight")})
			d.spans = append(d.spans, span{fmt.Sprint(i), first,
				d.rows - first, rapid.IntRange(1, 2000).Draw(t, "window")})
		}
		d.quotas = quotas(weights)
		n := rapid.IntRange(1, 3000).Draw(t, "samples")
		all := draw(d, 0, n, 0, 1, 1)
		counts := make([]int64, len(d.spans))
		seen := map[int64]int64{}
		for _, row := range all {
			source := slices.IndexFunc(d.spans, func(s span) bool { return s.first <= row && row < s.first+s.rows })
			if seen[row] != counts[source]/d.spans[source].rows {
				t.Fatalf("row %d comes %d times before sample %d of a source of %d rows", row, seen[row],
					counts[source], d.spans[source].rows)
			}
			seen[row]++
			counts[source]++
		}
		if got := d.Drawn(7, int64(n)); !slices.Equal(got, counts) {
			t.Fatalf("Drawn says %v; %v were drawn", got, counts)
		}
		world, batch := rapid.IntRange(1, 8).Draw(t, "world"), rapid.IntRange(1, 20).Draw(t, "batch")
		steps := n / (world * batch)
		from := rapid.IntRange(0, steps).Draw(t, "from")
		ranks := make([][]int64, world)
		for rank := range ranks {
			ranks[rank] = draw(d, from*world*batch, steps*world*batch, rank, world, batch)
		}
		var together []int64
		for step := range steps - from {
			for _, r := range ranks {
				together = append(together, r[step*batch:(step+1)*batch]...)
			}
		}
		if want := all[from*world*batch : steps*world*batch]; !slices.Equal(together, want) {
			t.Fatalf("%d ranks that go on after step %d draw %v, want %v", world, from, together, want)
		}
	})
}

// draw returns the rows that a rank draws at positions from lo to hi, of which
// it has a batch in each of world.
func draw(d *Dataset, lo, hi, rank, world, batch int) (rows []int64) {
	s := d.newSampler(7)
	windows := make([]window, len(d.spans))
	for p := lo; p < hi; p++ {
		if p/batch%world != rank {
			continue
		}
		source, place := s.mix.at(int64(p))
		w := &windows[source]
		if place < w.start || place >= w.start+int64(len(w.order)) {
			*w = s.window(source, place)
			w.parts = slices.Clone(w.parts)
		}
		rows = append(rows, w.rows()[w.order[place-w.start]])
	}
	return rows
}

// TestMix draws samples of three sources by their weights, the same ones
// wherever a stream starts and however many decoders there are.
func TestMix(t *testing.T) {
	var c Config
	for i, n := range []int{90, 40, 300} {
		patterns := scored(t, n, 2, func(_ int, r *scoredRow) { r.Txt = fmt.Sprint("source ", i, " ", r.Txt) })
		c.Sources = append(c.Sources, Source{Name: fmt.Sprint(i), Data: patterns, Weight: []float64{0.5, 0.3, 0.2}[i]})
	}
	want := trainBatches(t, c, 0, 60)
	counts := map[string]int{}
	for _, b := range want {
		for _, caption := range b.Captions {
			counts[strings.Fields(caption)[1]]++
		}
	}
	d, err := OpenTrain(context.Background(), c)
	must(t, err)
	for i, n := range d.Drawn(1, 600) {
		name := fmt.Sprint(i)
		if int(n) != counts[name] || math.Abs(float64(n)-600*c.Sources[i].Weight) > 60 {
			t.Errorf("source %s: Drawn says %d, the batches have %d; want the same, near %g", name, n,
				counts[name], 600*c.Sources[i].Weight)
		}
	}
	if got := fmt.Sprint(d.Drawn(1, 10*mixBlock)); got != "[81920 49150 32770]" {
		t.Errorf("after 10 blocks: %s; want the weights to 1/16384", got)
	}
	c.Decoders = 5
	for i, b := range trainBatches(t, c, 370, 5) {
		if !equal(b, want[37+i]) {
			t.Errorf("batch %d differs when the stream starts at 37", 37+i)
		}
	}
}

// TestQuotas divides a block, with what rounding leaves to the largest remainders,
// one each.
func TestQuotas(t *testing.T) {
	for _, test := range []struct {
		weights []float64
		want    []int64
	}{
		{[]float64{1}, []int64{16384}},
		{[]float64{1, 1, 1, 1, 1, 1, 1}, []int64{2341, 2341, 2341, 2341, 2340, 2340, 2340}},
		{[]float64{2, 1, 4}, []int64{4681, 2341, 9362}},
	} {
		var sources []Source
		for _, w := range test.weights {
			sources = append(sources, Source{Weight: w})
		}
		if got := quotas(sources); !slices.Equal(got, test.want) {
			t.Errorf("quotas of %v = %d, want %d", test.weights, got, test.want)
		}
	}
}

// TestGoldenSampler holds the rows that runs of earlier versions drew from two
// sources, whose orders differ.
func TestGoldenSampler(t *testing.T) {
	d := &Dataset{quotas: []int64{mixBlock / 2, mixBlock / 2},
		spans: []span{{"a", 0, 1000, blockRows}, {"b", 1000, 1000, blockRows}}}
	want := []int64{1235, 1100, 581, 869, 793, 1502, 597, 0, 49, 456}
	if got := draw(d, 40_000, 40_010, 0, 1, 1); !slices.Equal(got, want) {
		t.Errorf("rows %d, want %d", got, want)
	}
}

// TestSeek holds that a stream that starts late in an epoch reads the windows
// that it needs, and none before them.
func TestSeek(t *testing.T) {
	d, err := OpenTrain(context.Background(),
		Config{Train: scored(t, 1500, 2, nil), ShuffleWindow: blockRows, Where: "number >= 0"})
	must(t, err)
	s := d.Stream(StreamConfig{Seed: 1, Batch: 10, ImageSize: 4, Context: 8, Tokenizer: testTokenizer(t), Start: 1300})
	b, err := s.Next(context.Background())
	must(t, err)
	b.Release()
	s.Close()
	if st := s.Stages(); st.Rows > 2*blockRows {
		t.Errorf("the first batch after 1,300 pairs reads %d rows; want at most two windows of %d", st.Rows, blockRows)
	}
}

func TestMixErrors(t *testing.T) {
	for _, test := range []struct {
		c    Config
		want string
	}{
		{Config{Train: "a", Sources: []Source{{Data: "b", Weight: 1}}}, `train "a" and sources`},
		{Config{Sources: []Source{{Weight: 1}}}, "sources[0]: data is empty"},
		{Config{Sources: []Source{{Data: "a", Weight: 1}, {Data: "a", Weight: 1}}},
			`sources[1]: name "a" occurs twice`},
		{Config{Sources: []Source{{Data: "a"}}}, "sources[0]: weight 0 of a"},
		{Config{Sources: []Source{{Data: "a", Weight: 1}, {Data: "b", Weight: 1e-9}}},
			"weight 1e-09 of b is less than 1/16384"},
		{Config{Captions: []CaptionColumn{{"a", 1}, {"a", 1}}}, `captions[1]: column "a"`},
		{Config{Captions: []CaptionColumn{{"a", math.NaN()}}}, "captions[0]: weight NaN of a"},
		{Config{Captions: []CaptionColumn{{"a", 1}}, Caption: "b"}, "want one of them"},
		{Config{Where: "a >"}, "at 4"},
		{Config{MinSize: -1}, "min_size -1"},
		{Config{MaxAspect: 0.5}, "max_aspect 0.5"},
	} {
		if err := test.c.Validate(); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v; want error with %q", test.c, err, test.want)
		}
	}
}

// TestShuffleQuality holds the ends of the scale.
func TestShuffleQuality(t *testing.T) {
	for _, test := range []struct {
		rows        int64
		window      int
		least, most float64
	}{
		{5000, 10 * blockRows, 0.97, 1},
		{100 * blockRows, 8192, 0.9, 1},
		{100 * blockRows, blockRows, 0.01, 0.02}, // within a block of 100
		{1, 1, 1, 1},
	} {
		d := &Dataset{quotas: []int64{mixBlock}, spans: []span{{"", 0, test.rows, test.window}}}
		if q := d.ShuffleQuality(3); !(q >= test.least && q <= test.most) {
			t.Errorf("%d rows in windows of %d: quality %g, want %g to %g",
				test.rows, test.window, q, test.least, test.most)
		}
	}
}

// TestSourceErrors names the source that has nothing to give.
func TestSourceErrors(t *testing.T) {
	good := scored(t, 20, 1, nil)
	c := Config{Where: "number >= 10", Sources: []Source{{Data: good, Weight: 1},
		{Data: scored(t, 10, 1, nil), Weight: 1}}}
	if _, err := OpenTrain(context.Background(), c); err == nil ||
		!strings.Contains(err.Error(), "keeps none of the 10 rows of "+c.Sources[1].Data) {
		t.Errorf("%v; want an error that names the second source", err)
	}
	c.Sources[1].Data = filepath.Join(t.TempDir(), "none-*.parquet")
	if _, err := OpenTrain(context.Background(), c); err == nil || !strings.Contains(err.Error(), "matches no file") {
		t.Errorf("%v; want an error that names the pattern", err)
	}
	if _, err := Open(context.Background(), good, c, Need{Caption: false}); err != nil {
		t.Errorf("Open wants the sources of training: %v", err)
	}
}
