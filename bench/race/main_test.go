package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/goclip/goclip/bench"
)

func TestParseCases(t *testing.T) {
	all, err := parseCases("tiny:64,b32:32", "f32,bf16")
	if err != nil || len(all) != 4 || all[1] != (entry{"tiny", 64, "bf16"}) || all[2] != (entry{"b32", 32, "f32"}) {
		t.Errorf("parseCases = %v, %v", all, err)
	}
	for _, list := range []string{"", "tiny", "tiny:", ":64", "tiny:64,"} {
		if _, err := parseCases(list, "f32"); err == nil ||
			!strings.Contains(err.Error(), "want a model and a batch, such as tiny:64") {
			t.Errorf("parseCases(%q): %v; want error", list, err)
		}
	}
}

// measured is a round of the tiny model, as both programs write it.
func measured(t *testing.T, ours float64, eager, compiled string) result {
	t.Helper()
	read := func(text string) *peer {
		if text == "" {
			return nil
		}
		p := &peer{}
		if err := json.Unmarshal([]byte(text), p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	r := result{entry: entry{"tiny", 64, "f32"}, eager: read(eager), compiled: read(compiled)}
	r.ours = &bench.Report{Level: "avx512", PeakRSSBytes: 300 << 20}
	r.ours.Train = bench.Phase{PairsPerSecond: ours, MedianPairsPerSecond: ours / 2, PeakFraction: 0.5}
	return r
}

// TestPrint holds that a ratio is taken within a round against the faster of
// eager and compiled, memory against the smaller, and that rounds give medians.
func TestPrint(t *testing.T) {
	eager := `{"torch": "2.0", "capability": "AVX512", "peak_rss_mib": 600, "results": {"train": {"best": 100, "median": 50}}}`
	slow := `{"torch": "2.0", "capability": "AVX512", "peak_rss_mib": 750, "results": {"train": {"best": 80, "median": 40}}}`
	fast := `{"torch": "2.0", "capability": "AVX512", "peak_rss_mib": 1000, "results": {"train": {"best": 125, "median": 100}}}`
	o := options{python: "no such python", cases: []entry{{"tiny", 64, "f32"}}, threads: 2, rounds: 3}
	var s strings.Builder
	all := []result{measured(t, 150, eager, slow), measured(t, 150, eager, fast), measured(t, 60, eager, slow)}
	if err := o.print(t.Context(), &s, all); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"open_clip of unknown version",
		"| tiny, 64, f32 | train | 150.00 | 50 % | 100.00 | 80.00 | **1.20** | 0.60 to 1.50 | 0.75 |",
		"| tiny, 64, f32 | peak RSS, MiB | 300 | | 600 | 750.00 | 0.50 | | |",
	} {
		if !strings.Contains(s.String(), want) {
			t.Errorf("the table has no %q:\n%s", want, s.String())
		}
	}
	if text := all[0].String(); !strings.Contains(text,
		"tiny b64 f32: train 150.00, eager 100.00, compiled 80.00;") || !strings.HasSuffix(text, "RSS ratio 0.50") {
		t.Errorf("a round: %s", text)
	}
}

// TestOutput holds that the error of a program that fails has the last line it wrote.
func TestOutput(t *testing.T) {
	if _, err := output(t.Context(), "go", "no-such-command"); err == nil ||
		!strings.Contains(err.Error(), "race: go no-such-command: exit status 2") {
		t.Errorf("output: %v; want error", err)
	}
}
