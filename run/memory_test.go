package run

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/train"
)

// TestFit holds that train.memory becomes the largest micro-batch that fits,
// which the run's config keeps, and that a run goes on with it.
func TestFit(t *testing.T) {
	world := filepath.Join(t.TempDir(), "world")
	workdir := filepath.Join(t.TempDir(), "run")
	start := func(memory string, resume bool) *Options {
		r := testRun(t, world, workdir, resume)
		r.Config.Train.Memory, r.Config.Model.Text.Layers = memory, 6 // of which block keeps the values of one
		return r
	}
	err := begin(t.Context(), start("1MiB", false))
	if err == nil || !strings.Contains(err.Error(), "run: train.memory 1MiB; want at least ") || !strings.Contains(err.Error(), "micro-batches of one pair") {
		t.Fatalf("too little memory: %v", err)
	}
	r := start("1TiB", false)
	in, err := openInputs(t.Context(), r.Config, false, r.Log)
	must(t, err)
	p, err := build(t.Context(), r.Config, in, nil)
	must(t, err)
	memory := func(micro int) int64 {
		step := p.config.Train.Step()
		step.MicroBatch = micro
		m, err := predict(p.config, p.model, in, step, p.config.Model.Text.ContextLength)
		must(t, err)
		return m.Total()
	}
	for _, test := range []struct {
		limit int64
		micro int
	}{{memory(0), 0}, {memory(0) - 1, 10}, {memory(5), 5}} {
		micro, err := largestMicroBatch(p.config, p.model, in, test.limit)
		if err != nil || micro != test.micro {
			t.Errorf("in %d bytes: micro-batch %d, %v; want %d", test.limit, micro, err, test.micro)
		}
	}
	for _, test := range []struct {
		limit int64
		want  train.Config
	}{
		{memory(0), train.Config{Rematerialize: "none"}},
		{memory(0) - 1, train.Config{Rematerialize: "block"}},
		{memory(1), train.Config{Rematerialize: "none", MicroBatch: 1}},
	} {
		c := *r.Config
		c.Train.Memory, c.Train.Rematerialize = fmt.Sprintf("%gMB", float64(test.limit)/1e6), "auto"
		fitted, err := fit(&c, p.model, in)
		must(t, err)
		if got := fitted.Train; got.MicroBatch != test.want.MicroBatch || got.Rematerialize != test.want.Rematerialize || got.Memory != "" {
			t.Errorf("auto in %d bytes: %+v; want %+v", test.limit, got, test.want)
		}
	}
	must(t, begin(t.Context(), start(fmt.Sprintf("%dKiB", memory(5)>>10+1), false)))
	c, err := configs.Load(filepath.Join(workdir, ConfigFile), nil, nil)
	must(t, err)
	if c.Train.MicroBatch != 5 || c.Train.Memory != "" {
		t.Errorf("the run's config has micro_batch %d, memory %q; want what was chosen", c.Train.MicroBatch, c.Train.Memory)
	}
}
