package model

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"github.com/goclip/goclip/internal/kernel"
)

// TestTextLength holds that a batch computed up to its longest text has the
// loss and the embeddings of one computed in full, to the last bit, and its
// gradients within rounding: their sums over tokens are cut otherwise. It holds
// for training and for the encoder, in any order of lengths, without memory
// beside the first plan's and, once a length is known, without an allocation.
func TestTextLength(t *testing.T) {
	const n, context = 6, 21
	m, err := New(Config{
		EmbedDim: 16, Activation: "gelu",
		Image: ImageConfig{Size: 16, Patch: 8, Width: 32, Layers: 2, Heads: 2},
		Text:  TextConfig{ContextLength: context, VocabSize: 50, Width: 48, Layers: 3, Heads: 3},
	}, 1)
	if err != nil {
		t.Fatal(err)
	}
	pool := kernel.NewPool(1) // a second thread's scratch grows when it first gets a tile
	defer pool.Close()
	cut, whole := step(t, m, n, pool), step(t, m, n, pool)
	whole.WholeTexts()
	texts, err := m.NewTextEncoder(EncoderConfig{Batch: n}, pool)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range cut.Images() {
		cut.Images()[i] = float32(rng.NormFloat64())
	}
	copy(whole.Images(), cut.Images())
	for _, test := range []struct{ longest, want int }{{7, 8}, {8, 8}, {9, 16}, {21, 21}, {3, 8}, {17, 21}, {16, 16}} {
		for i := range cut.tokens { // also behind the ends, where padding is 0 in use
			cut.tokens[i] = int32(1 + rng.IntN(48))
		}
		for i := range n {
			end := test.longest - 1
			if i != n/2 {
				end = 1 + rng.IntN(end)
			}
			cut.tokens[i*context+end] = 49
		}
		copy(whole.tokens, cut.tokens)
		copy(texts.tokens, cut.tokens)
		wantLoss, wantX, wantY, wantGrads := results(t, m, whole)
		loss, x, y, grads := results(t, m, cut)
		if loss != wantLoss || !slices.Equal(x, wantX) || !slices.Equal(y, wantY) {
			t.Errorf("longest text %d: loss %g, want %g, or embeddings differ from those of full length", test.longest, loss, wantLoss)
		}
		for i, p := range m.params {
			sameWithin(t, fmt.Sprintf("longest text %d: gradient of %s", test.longest, p.Name), grads[i], wantGrads[i])
		}
		if rows, err := texts.Run(); err != nil || !slices.Equal(rows, wantY) {
			t.Errorf("longest text %d: the encoder's embeddings differ, or %v", test.longest, err)
		}
		for _, p := range []*plans{&cut.plans, &texts.plans} {
			if have := len(p.last.tokens); have != n*test.want {
				t.Errorf("longest text %d: %d tokens computed, want %d", test.longest, have, n*test.want)
			}
			if at := p.output(1); !inside(at, p.arena) {
				t.Errorf("longest text %d: the plan has an arena of its own", test.longest)
			}
		}
		if allocs := testing.AllocsPerRun(2, func() { _, _ = cut.Run() }); allocs != 0 {
			t.Errorf("longest text %d: %g allocations a step, want 0", test.longest, allocs)
		}
	}
}

func step(t *testing.T, m *CLIP, n int, pool *kernel.Pool) *TrainStep {
	t.Helper()
	s, err := m.NewTrainStep(StepConfig{Batch: n}, pool)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// results returns copies of what a step computes.
func results(t *testing.T, m *CLIP, s *TrainStep) (loss float32, x, y []float32, grads [][]float32) {
	t.Helper()
	loss, err := s.Run()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.params {
		grads = append(grads, slices.Clone(p.Grad))
	}
	return loss, slices.Clone(s.ImageEmbeddings()), slices.Clone(s.TextEmbeddings()), grads
}

func inside(x, arena []float32) bool {
	first, last := &arena[0], &arena[len(arena)-1]
	return uintptr(unsafe.Pointer(&x[0])) >= uintptr(unsafe.Pointer(first)) && uintptr(unsafe.Pointer(&x[0])) <= uintptr(unsafe.Pointer(last))
}
