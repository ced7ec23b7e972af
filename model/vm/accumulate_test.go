package vm_test

import (
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model/vm"
)

// TestAccumulate holds that gradients are added to what their memory holds,
// whether the operation can do so itself or not, and that machines may share
// an arena.
func TestAccumulate(t *testing.T) {
	outputs, params := block(t)
	pool := kernel.NewPool(1)
	defer pool.Close()
	m := compile(t, outputs, vm.Options{Pool: pool})
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
	want := valuesOf(t, outputs)
	place := map[*G.Node][]float32{}
	for i, n := range outputs[1:] {
		place[n] = make([]float32, params[i].Shape().TotalSize())
	}
	o := vm.Options{Pool: pool, Place: place, Accumulate: true, Poison: true}
	s, err := vm.Measure(outputs, o)
	if err != nil {
		t.Fatal(err)
	}
	o.Arena = vm.NewArena(s.ArenaBytes)
	machines := []*vm.Machine{compile(t, outputs, o), compile(t, outputs[:1], vm.Options{Pool: pool, Arena: o.Arena})}
	for _, i := range []int{0, 1, 0, 1} {
		if err := machines[i].RunAll(); err != nil {
			t.Fatal(err)
		}
	}
	for i, n := range outputs[1:] {
		for j, v := range place[n] {
			if w := want[i+1][j]; v != w+w {
				t.Errorf("gradient %d: [%d] = %g after two runs, want twice %g", i, j, v, w)
				break
			}
		}
	}
	o.Arena = o.Arena[1:]
	if _, err := vm.Compile(outputs, o); err == nil || !strings.Contains(err.Error(), "arena of") {
		t.Errorf("a small arena: %v; want error", err)
	}
}
