package model_test

import (
	"math"
	"slices"
	"testing"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
)

// TestBF16 holds that a step of bfloat16 products has the loss and gradients of
// float32 but for the rounding of operands to 8 bits, the same bits on any number
// of threads and with blocks recomputed, and a smaller arena; and that
// micro-batches have its gradients.
func TestBF16(t *testing.T) {
	const n = 12
	c := tiny()
	gradients := func(s model.StepConfig, threads int) (loss float32, grads [][]float32, arena int) {
		m, err := model.New(c, 3)
		must(t, err)
		pool := kernel.NewPool(threads)
		defer pool.Close()
		s.Batch = n
		step, err := m.NewStep(s, pool)
		must(t, err)
		fill(step.Images(), step.Tokens(), c.Text.ContextLength)
		loss, err = step.Run()
		must(t, err)
		for _, p := range m.Params() {
			grads = append(grads, slices.Clone(p.Grad))
		}
		return loss, grads, step.Stats().ArenaBytes
	}
	m, err := model.New(c, 3)
	must(t, err)
	apart := func(name string, got, want [][]float32, tol float64) {
		t.Helper()
		var all, from []float32
		for i, p := range m.Params() {
			if d := distance(got[i], want[i]) / norm(want[i]); !(d <= 4*tol) && norm(want[i]) > 1e-3 {
				t.Errorf("%s: %s: the gradient is off by %.2g of its norm, want %g", name, p.Name, d, 4*tol)
			}
			all, from = append(all, got[i]...), append(from, want[i]...)
		}
		if d := distance(all, from) / norm(from); !(d <= tol) {
			t.Errorf("%s: all gradients are off by %.2g of their norm, want %g", name, d, tol)
		}
	}
	loss32, grads32, arena32 := gradients(model.StepConfig{}, 1)
	loss, grads, arena := gradients(model.StepConfig{BF16: true}, 1)
	if d := math.Abs(float64(loss - loss32)); !(d <= 0.01) || d == 0 {
		t.Errorf("loss %g, of float32 %g; want them apart by rounding, 0.01", loss, loss32)
	}
	apart("bf16 and f32", grads, grads32, 0.02)
	if !(float64(arena) < 0.75*float64(arena32)) {
		t.Errorf("arena of %d bytes, of float32 %d; want less than 3/4 of it", arena, arena32)
	}
	for _, again := range []bool{false, true} {
		for _, threads := range []int{2, 4} {
			got, same, _ := gradients(model.StepConfig{BF16: true, Rematerialize: again}, threads)
			if got != loss || !slices.EqualFunc(same, grads, slices.Equal) {
				t.Errorf("%d threads, recomputed %v: other bits than on one thread", threads, again)
			}
		}
	}
	_, parts, _ := gradients(model.StepConfig{BF16: true, MicroBatch: 5}, 2)
	apart("micro-batches and the whole", parts, grads, 2e-3)
}
