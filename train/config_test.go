package train

import (
	"reflect"
	"strings"
	"testing"
)

// TestDefaults states every default.
func TestDefaults(t *testing.T) {
	want := Config{
		Positives: "pair", Rematerialize: "none", Precision: "f32",
		LogEvery: 10, GridPairs: 24, OnBadStep: "stop", MaxBadSteps: 10, MaxLogitScale: 100,
		CacheFrozen: "auto", CacheSize: "16GiB",
	}
	var got Config
	if got.SetDefaults(); !reflect.DeepEqual(got, want) {
		t.Errorf("the zero Config becomes %+v, want %+v", got, want)
	}
	chosen := Config{
		Steps: 1, Batch: 2, Positives: "caption", MicroBatch: 1, Rematerialize: "block",
		Precision: "bf16", LogEvery: 3, EvalEvery: 4, GridPairs: -1, Threads: 5,
		GradNormJump: 6, OnBadStep: "skip", MaxBadSteps: 7, MaxLogitScale: 8,
		Freeze: []string{"visual.*"}, UnlockImageGroups: 1, CacheFrozen: "on", CacheDir: "c", CacheSize: "1MiB",
	}
	got = chosen
	if got.SetDefaults(); !reflect.DeepEqual(got, chosen) {
		t.Errorf("SetDefaults makes %+v of %+v", got, chosen)
	}
	for pairs, size := range map[int]int{-1: 0, 0: 24, 9: 9} {
		if got := (Config{GridPairs: pairs}).GridSize(); got != size {
			t.Errorf("GridSize() with grid_pairs %d = %d, want %d", pairs, got, size)
		}
	}
}

func TestConfig(t *testing.T) {
	for _, test := range []struct {
		c    Config
		want string // of the error, or "" for none
	}{
		{Config{Steps: 1, Batch: 8}, ""},
		{Config{Steps: 1, Batch: 8, MicroBatch: 8}, ""},
		{Config{Steps: 1, Batch: 8, Memory: "2GiB"}, ""},
		{Config{Steps: 1, Batch: 8, MicroBatch: 9}, "micro_batch 9; want 1 to the batch, 8"},
		{Config{Steps: 1, Batch: 8, MicroBatch: -1}, "micro_batch -1"},
		{Config{Steps: 1, Batch: 8, MicroBatch: 2, Memory: "2GiB"}, "micro_batch 2 and memory 2GiB; want one"},
		{Config{Steps: 1, Batch: 8, Memory: "2GiB", Rematerialize: "auto"}, ""},
		{Config{Steps: 1, Batch: 8, Rematerialize: "auto"}, "rematerialize auto without memory"},
		{Config{Steps: 1, Batch: 8, Rematerialize: "layer"}, `rematerialize "layer"; want none, block or auto`},
		{Config{Steps: 1, Batch: 8, Precision: "bf16"}, ""},
		{Config{Steps: 1, Batch: 8, Precision: "fp16"}, `precision "fp16"; want f32 or bf16`},
		{Config{Steps: 1, Batch: 8, GradNormJump: 1}, "grad_norm_jump 1; want more than 1"},
		{Config{Steps: 1, Batch: 8, OnBadStep: "go"}, `on_bad_step "go"; want stop or skip`},
		{Config{Steps: 1, Batch: 8, MaxBadSteps: -1}, "max_bad_steps -1"},
		{Config{Steps: 1, Batch: 8, GridPairs: 1}, "grid_pairs 1; want 2 to 64"},
		{Config{Steps: 1, Batch: 8, GridPairs: -1}, ""},
		{Config{Steps: 1, Batch: 8, ExtendedFrom: 2}, "extended_from 2"},
		{Config{Steps: 1, Batch: 8, Memory: "2"}, `memory "2"; want a size, such as 512MiB`},
		{Config{Steps: 1, Batch: 8, Memory: "-2GiB"}, `memory "-2GiB"`},
		{Config{Steps: 1, Batch: 8, Memory: "NaNGiB"}, `memory "NaNGiB"`},
		{Config{Steps: 1, Batch: 8, Memory: "1e300 GB"}, `memory "1e300 GB"`},
	} {
		err := test.c.Validate()
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v; want %q", test.c, err, test.want)
		}
	}
	for text, want := range map[string]int64{"": 0, "1.5GiB": 3 << 29, "2 MB": 2e6, "3KiB": 3072} {
		if got, err := (Config{Memory: text}).MemoryBytes(); got != want || err != nil {
			t.Errorf("MemoryBytes of %q: %d, %v; want %d", text, got, err, want)
		}
	}
}

// TestGridEvery holds the share of the time of training that a grid takes, and
// how many snapshots there are.
func TestGridEvery(t *testing.T) {
	for _, test := range []struct{ steps, batch, n, want int }{
		{700, 256, 24, 8},
		{700, 32, 24, 63},
		{400_000, 32768, 24, 1000},
		{5, 32768, 2, 1},
	} {
		if got := (Config{Steps: test.steps, Batch: test.batch, GridPairs: test.n}).gridEvery(); got != test.want {
			t.Errorf("%+v: every %d steps; want %d", test, got, test.want)
		}
	}
}
