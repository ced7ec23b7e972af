package run

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/checkpoint"
)

// TestEMA holds that a run with averages evaluates and opens as these, keeps the
// weights beside them, and that both are exact when it is stopped and resumed.
func TestEMA(t *testing.T) {
	world := filepath.Join(t.TempDir(), "world")
	workdir := filepath.Join(t.TempDir(), "run")
	r := testRun(t, world, workdir, false)
	r.Config.Optim.EMADecay = 0.9
	v, err := Verify(t.Context(), r.Config, 6, 1, r.Log)
	must(t, err)
	if !v.Equal() || len(v.Parts) != 6 || v.Parts[4].Name != "averages" || v.Parts[4].Whole == v.Parts[0].Whole {
		t.Errorf("with averages:\n%v", v)
	}
	must(t, begin(t.Context(), r))
	folder := filepath.Join(workdir, "checkpoints", "step-00000011")
	const name = "visual.proj"
	read := func(file string) []float32 {
		f, err := checkpoint.OpenTensors(filepath.Join(folder, file))
		must(t, err)
		defer f.Close()
		_, data, err := f.Float32s(name)
		must(t, err)
		return data
	}
	raw, average := read(ModelFile), read(EMAFile)
	if slices.Equal(raw, average) {
		t.Fatal("the averages are the weights")
	}
	for path, want := range map[string][]float32{workdir: average, folder: average, filepath.Join(folder, ModelFile): raw} {
		m, err := Open(path)
		must(t, err)
		for _, p := range m.Model.Params() {
			if p.Name == name && !slices.Equal(p.Value, want) {
				t.Errorf("Open(%s) gives other weights", path)
			}
		}
	}
	r.Resume = true
	s, err := start(t.Context(), *r)
	must(t, err)
	defer s.close()
	value := func() []float32 {
		for _, p := range s.model.Params() {
			if p.Name == name {
				return p.Value
			}
		}
		return nil
	}
	was := slices.Clone(value())
	must(t, s.trainer.EMA.State(func(_ string, _ []int, data []float32) error {
		for i := range data {
			data[i] = float32(math.NaN())
		}
		return nil
	}))
	if _, err := s.evaluator.evaluate(t.Context(), 12); err == nil || !strings.Contains(err.Error(), "not finite") {
		t.Errorf("an evaluation of averages that are NaN: %v; want error", err)
	}
	if !slices.Equal(value(), was) {
		t.Error("an evaluation leaves other weights")
	}
	must(t, os.Remove(filepath.Join(folder, EMAFile)))
	if _, err := Open(folder); err == nil {
		t.Error("a checkpoint without its averages opens")
	}
}
