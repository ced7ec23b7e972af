package optim

import (
	"slices"
	"strings"
	"testing"
)

// TestFrozen holds that frozen parameters keep their bytes, also from weight decay,
// have no moments, and average to themselves; that a block above what trains still
// counts as a layer; and that nothing changes for the rest.
func TestFrozen(t *testing.T) {
	c := Config{LearningRate: 0.1, WeightDecay: 0.5, LayerDecay: 0.5, ClipNorm: 0.1}
	names := []string{"visual.transformer.resblocks.1.weight", "visual.transformer.resblocks.0.weight", "ln_final.weight"}
	params, alone := namedParams(names...), namedParams(names...)
	params[0].Frozen, params[0].Grad = true, nil
	alone[0].Grad[0] = 0
	a, err := New(params, c, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := New(alone, c, 10, nil)
	if err != nil {
		t.Fatal(err)
	}
	average := NewEMA(params, 0.9, nil)
	for step := range 3 {
		for i := range params[1:] {
			params[1+i].Grad[0], alone[1+i].Grad[0] = 0.3, 0.3
		}
		a.Update(a.Norm())
		whole.Update(whole.Norm())
		average.Update(step + 1)
	}
	if v := params[0].Value[0]; v != 1 {
		t.Errorf("the frozen value is %g, want 1", v)
	}
	for i := range params[1:] {
		if !slices.Equal(params[1+i].Value, alone[1+i].Value) {
			t.Errorf("%s = %g, want %g", params[1+i].Name, params[1+i].Value, alone[1+i].Value)
		}
	}
	var state []string
	_ = a.State(func(name string, _ []int, _ []float32) error { state = append(state, name); return nil })
	if all := strings.Join(state, " "); len(state) != 4 || strings.Contains(all, "resblocks.1") {
		t.Errorf("moments %s; want those of two parameters", all)
	}
	before := params[1].Value[0]
	average.Swap()
	if params[0].Value[0] != 1 || params[1].Value[0] == before {
		t.Errorf("averages %g, %g; want 1 and another than the value", params[0].Value, params[1].Value)
	}
	c.Groups = []Group{{Match: "visual.*1.weight", LearningRate: 1}}
	if _, err := New(params, c, 10, nil); err == nil || !strings.Contains(err.Error(), "none of the 2 trainable") {
		t.Errorf("a group of what is frozen: %v; want error", err)
	}
}
