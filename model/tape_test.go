package model

import (
	"math/rand/v2"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model/vm"
)

// TestTapeMachine runs a whole training step, both towers, grid, loss and all
// gradients, on Gorgonia's tape machine and on ours, as a run takes it, with and
// without recomputed blocks, and with nothing shared or recomputed: the
// bits are equal, also of products of bfloat16.
func TestTapeMachine(t *testing.T) {
	for _, bf16 := range []bool{false, true} {
		checkTape(t, bf16)
	}
}

func checkTape(t *testing.T, bf16 bool) {
	m, err := New(Config{
		EmbedDim: 8, Activation: "quick_gelu",
		Image: ImageConfig{Size: 8, Patch: 4, Width: 16, Layers: 2, Heads: 2},
		Text:  TextConfig{ContextLength: 5, VocabSize: 9, Width: 8, Layers: 1, Heads: 1},
	}, 1)
	if err != nil {
		t.Fatal(err)
	}
	images := make([]float32, 3*3*8*8)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range images {
		images[i] = float32(rng.NormFloat64())
	}
	outputs, o, err := m.trainGraph(StepConfig{Batch: 3, Rematerialize: true, BF16: bf16}, &TrainStep{images: images}, []int32{7, 1, 8, 0, 0, 7, 2, 3, 8, 0, 7, 4, 5, 6, 8})
	if err != nil {
		t.Fatal(err)
	}
	tape := G.NewTapeMachine(outputs[0].Graph())
	defer tape.Close()
	if err := tape.RunAll(); err != nil {
		t.Fatal(err)
	}
	var want [][]float32
	for _, n := range outputs {
		want = append(want, slices.Clone(values(n)))
	}
	pool := kernel.NewPool(2)
	defer pool.Close()
	for i, o := range []vm.Options{{}, {Place: o.Place, Lent: o.Lent, ForwardEnd: o.ForwardEnd}, o} {
		o.Pool, o.Poison = pool, true
		machine, err := vm.Compile(outputs, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := machine.RunAll(); err != nil {
			t.Fatal(err)
		}
		for j, n := range outputs {
			if !slices.Equal(values(n), want[j]) {
				t.Errorf("bf16 %v, options %d, output %d: %v\ndiffers from the tape machine", bf16, i, j, n)
			}
		}
	}
}
