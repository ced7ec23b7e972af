package run

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/optim"
	"github.com/goclip/goclip/train"
)

// TestFinished: a run that is resumed after its end changes nothing and has its scores;
// extended with rewarm, its learning rate rises again and ends at its new end.
func TestFinished(t *testing.T) {
	world := filepath.Join(t.TempDir(), "world")
	workdir := filepath.Join(t.TempDir(), "run")
	first, err := Train(t.Context(), *testRun(t, world, workdir, false))
	must(t, err)
	before, err := os.ReadFile(filepath.Join(workdir, MetricsFile))
	must(t, err)
	again, err := Train(t.Context(), *testRun(t, world, workdir, true))
	must(t, err)
	if first.Done || !again.Done || again.Step != first.Step || again.Weights != first.Weights ||
		len(again.Evaluations) != len(first.Evaluations) {
		t.Errorf("resumed after its end: %+v; want the result of %+v, done", again, first)
	}
	if after, err := os.ReadFile(filepath.Join(workdir, MetricsFile)); err != nil || !bytes.Equal(after, before) {
		t.Errorf("resumed after its end, the metrics are\n%s; want\n%s", after, before)
	}

	var log strings.Builder
	r := testRun(t, world, workdir, true)
	r.Log = train.NewConsole(&log, 22)
	r.Extend, r.Rewarm = 22, true
	_, err = Train(t.Context(), *r)
	must(t, err)
	c, err := configs.Load(filepath.Join(workdir, ConfigFile), nil, nil)
	must(t, err)
	lines := metricsOf(t, workdir)
	fresh := c.Optim
	fresh.RewarmedFrom = 0
	for i, m := range lines[11:] {
		if want := fresh.At(i, 11); m.LearningRate != want {
			t.Errorf("step %d: learning rate %g; want %g, of a run's step %d of 11", m.Step, m.LearningRate, want, i+1)
		}
	}
	if c.Optim.RewarmedFrom != 11 || c.Train.Steps != 22 || strings.Contains(log.String(), "was at its end") {
		t.Errorf("rewarmed from %d to %d: %s", c.Optim.RewarmedFrom, c.Train.Steps, &log)
	}
}

// TestExtendWarns: a cosine that has ended is no rate to go on with, be it that it jumps
// or that it stays at nothing.
func TestExtendWarns(t *testing.T) {
	for _, test := range []struct {
		schedule  string
		steps, at int
		rewarm    bool
		want      string
	}{
		{optim.Cosine, 2000, 1000, false, "jumps to 50 % of its peak without a warmup: --extend steps=2000,rewarm"},
		{optim.Cosine, 1050, 1000, false, "in the 50 steps to come, in which little is learned: --extend steps=1050,rewarm"},
		{optim.Cosine, 2000, 1000, true, ""},
		{optim.Cosine, 2000, 500, false, ""},
		{optim.Constant, 2000, 1000, false, ""},
	} {
		var log strings.Builder
		c := configs.Default()
		c.Optim.Schedule, c.Optim.Warmup, c.Train.Steps = test.schedule, 10, test.steps
		extend(Options{Extend: test.steps, Rewarm: test.rewarm, Log: train.NewConsole(&log, 1)}, &c, 1000, test.at)
		if have := log.String(); test.want != "" && !strings.Contains(have, test.want) ||
			test.want == "" && strings.Count(have, "\n") != 1 {
			t.Errorf("%+v: %s", test, have)
		}
	}
}
