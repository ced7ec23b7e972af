//go:build xla

package model_test

import (
	"slices"
	"testing"

	"github.com/goclip/goclip/internal/pjrt"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/model/op"
	"github.com/goclip/goclip/model/vm"
	"github.com/goclip/goclip/model/xla"
	"github.com/goclip/goclip/model/xla/xlatest"
)

// TestDevice runs whole steps on a device: loss, embeddings and all gradients are vm's
// within 1e-5 of their norm in float32; in bfloat16, all together are no further from
// float32's than twice as far as vm's are.
func TestDevice(t *testing.T) {
	c := xlatest.Open(t)
	for name, config := range architectures() {
		t.Run(name, func(t *testing.T) {
			m := newModel(t, config)
			step := model.StepConfig{Batch: 6, SameTexts: name == "siglip"}
			exact, device := onDevice(t, c, m, step)
			for i := range exact {
				if d := relative(device[i], exact[i]); !(d < 1e-5) {
					t.Errorf("result %d: %.2g from vm's; want 1e-5", i, d)
				}
			}
			if name != "gelu" && name != "siglip" { // compiling takes most of the time
				return
			}
			step.BF16 = true
			rounded, device := onDevice(t, c, m, step)
			all := slices.Concat(exact...)
			of, ours := relative(slices.Concat(device...), all), relative(slices.Concat(rounded...), all)
			if !(of < 2*ours) {
				t.Errorf("bf16: %.2g from float32; vm is %.2g", of, ours)
			}
		})
	}
}

// onDevice computes a step by vm and on the device.
func onDevice(t *testing.T, c *pjrt.Client, m *model.CLIP, step model.StepConfig) (cpu, device [][]float32) {
	text, outputs := stepProgram(t, m, step, 1)
	machine, err := vm.Compile(outputs, vm.Options{})
	must(t, err)
	must(t, machine.RunAll())
	program, err := c.Compile(text, 1, nil)
	must(t, err)
	var args []*pjrt.Buffer
	for _, in := range xla.Inputs(outputs) {
		args = append(args, xlatest.Put(t, c, in))
	}
	results, err := program.Run([][]*pjrt.Buffer{args})
	must(t, err)
	for i, n := range outputs {
		v, err := op.BufferOf(n.Value())
		must(t, err)
		got := make([]float32, len(v.F))
		must(t, pjrt.Get(got, results[0][i]))
		cpu, device = append(cpu, append([]float32(nil), v.F...)), append(device, got)
	}
	return cpu, device
}

// relative is |x - y| / |y|, or |x| where y is 0.
func relative(x, y []float32) float64 {
	if n := norm(y); n > 0 {
		return distance(x, y) / n
	}
	return norm(x)
}
