package model_test

import (
	"os"
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/model/hlo"
	"github.com/goclip/goclip/model/xla"
)

// TestStepText compares the program of a small step, for two devices, with
// testdata/step.mlir. GOLDEN=1 writes that anew.
func TestStepText(t *testing.T) {
	c := tiny()
	c.Image.Layers, c.Text.Layers = 1, 1
	text, _ := stepProgram(t, newModel(t, c), model.StepConfig{Batch: 4, BF16: true}, 2)
	const path = "testdata/step.mlir"
	if os.Getenv("GOLDEN") != "" {
		must(t, os.WriteFile(path, []byte(text), 0o644)) //nolint:gosec // anyone may read it
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if text != string(want) {
		t.Errorf("the program of a step is not that of %s; GOLDEN=1 writes it anew", path)
	}
}

// stepProgram is a step's program for replicas, and the nodes of its results.
func stepProgram(t *testing.T, m *model.CLIP, c model.StepConfig, replicas int) (string, G.Nodes) {
	t.Helper()
	s, err := m.NewTrainStep(c, nil)
	must(t, err)
	fill(s.Images(), s.Tokens(), m.Config().Text.ContextLength)
	outputs, err := m.StepGraph(c, s)
	must(t, err)
	b := &hlo.Builder{Replicas: replicas}
	given := map[*G.Node]hlo.Value{}
	for _, in := range xla.Inputs(outputs) {
		given[in] = b.Argument(xla.TypeOf(in), in.Shape(), -1)
	}
	results, err := xla.Emit(b, outputs, given)
	must(t, err)
	return b.Text("step", results...), outputs
}
