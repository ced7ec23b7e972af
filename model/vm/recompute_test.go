package vm_test

import (
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model/vm"
)

// TestRecompute holds that recomputed values, and values that lie where gradients
// will, have the bits of the tape machine in less memory.
func TestRecompute(t *testing.T) {
	outputs, _ := tower(t)
	tape := G.NewTapeMachine(outputs[0].Graph())
	defer tape.Close()
	if err := tape.RunAll(); err != nil {
		t.Fatal(err)
	}
	want := valuesOf(t, outputs)
	place, memory := flat(outputs[2:])
	pool := kernel.NewPool(2)
	defer pool.Close()
	var stats []vm.Stats
	for _, o := range []vm.Options{{}, {ForwardEnd: outputs[0]}, {Lent: memory}, {Lent: memory, ForwardEnd: outputs[0]}} {
		o.Pool, o.Place, o.Poison = pool, place, true
		m := compile(t, outputs, o)
		for run := range 2 {
			if err := m.RunAll(); err != nil {
				t.Fatal(err)
			}
			for i, got := range valuesOf(t, outputs) {
				if !slices.Equal(got, want[i]) {
					t.Errorf("forward end %v, %d floats lent, run %d: output %d differs from the tape machine's",
						o.ForwardEnd, len(o.Lent), run, i)
				}
			}
		}
		stats = append(stats, m.Stats())
	}
	// Two of LayerNorm, one of the activation.
	if have := stats[1].Steps - stats[0].Steps; have != 3 {
		t.Errorf("%d steps more with a forward end, want 3", have)
	}
	for i := 1; i < 4; i++ {
		if stats[i].ArenaBytes >= stats[i/2].ArenaBytes {
			t.Errorf("arenas %+v; want less with a forward end, less with memory lent, and less with both", stats)
		}
	}
	o := vm.Options{Pool: pool, Place: place, Lent: memory, Accumulate: true}
	if _, err := vm.Compile(outputs, o); err == nil || !strings.Contains(err.Error(), "have lent memory and sums") {
		t.Errorf("lent and accumulated: %v; want error", err)
	}
}
