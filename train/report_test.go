package train

import (
	"context"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/goclip/goclip/model"
)

// TestFormat holds the lines for people.
func TestFormat(t *testing.T) {
	e := Evaluation{Set: "seen", Top1: 0.5, Classes: 8}
	if got, want := e.String(), "seen: 50.0 % top-1 (chance 12.5 %)"; got != want {
		t.Errorf("%q; want %q", got, want)
	}
	m := Metrics{Step: 7, Epoch: 0.5, Loss: 1.25, LnN: 2, LogitScale: 14.3, PairsPerSecond: 99}
	for _, want := range []string{"step 7 ", "epoch 0.50", "loss 1.250 (ln N 2.000)", "logit scale 14.30", "99 pairs/s"} {
		if !strings.Contains(m.String(), want) {
			t.Errorf("%q; want %q", m, want)
		}
	}
	if strings.Contains(m.String(), "bias") {
		t.Errorf("%q names a bias, which the softmax has not", m)
	}
}

// TestConfigStep holds that a config reaches the step.
func TestConfigStep(t *testing.T) {
	for _, test := range []struct {
		c    Config
		want model.StepConfig
	}{
		{Config{Batch: 8, Rematerialize: "none", Precision: "f32", Positives: "pair"}, model.StepConfig{Batch: 8}},
		{Config{Batch: 8, MicroBatch: 2, Rematerialize: "block", Precision: "bf16", Positives: "caption"},
			model.StepConfig{Batch: 8, MicroBatch: 2, Rematerialize: true, BF16: true, SameTexts: true}},
	} {
		if got := test.c.Step(); got != test.want {
			t.Errorf("%+v: step %+v; want %+v", test.c, got, test.want)
		}
	}
}

// TestSuspects holds that a bad step names the one pair whose image alone is bad.
func TestSuspects(t *testing.T) {
	tr, _ := newTrainer(t)
	if _, err := tr.TrainStep(t.Context()); err != nil {
		t.Fatal(err)
	}
	tr.Step.ImageEmbeddings()[8*3+2] = float32(math.NaN())
	got := tr.suspects()
	if want := tr.last.rows[3]; !strings.Contains(got, want.Shard) || strings.Count(got, ",") != 0 || !strings.HasSuffix(got, "rows "+strconv.FormatInt(want.Row, 10)) {
		t.Errorf("suspects %q; want row %d of %s alone", got, want.Row, want.Shard)
	}
}

// TestUnmeasured holds what a failed evaluation says, of a run that is saved and of
// one that cannot be.
func TestUnmeasured(t *testing.T) {
	tr, _ := newTrainer(t)
	gone, full := errors.New("gone"), errors.New("full")
	tr.Eval = func(context.Context, int) ([]Evaluation, error) { return nil, gone }
	tr.Save = func(int) error { return nil }
	if err := tr.Run(t.Context()); !errors.Is(err, gone) || strings.Contains(err.Error(), "not saved") {
		t.Errorf("Run = %v; want the evaluation's error alone", err)
	}
	tr.Save = func(int) error { return full }
	if err := tr.Run(t.Context()); !errors.Is(err, gone) || !errors.Is(err, full) {
		t.Errorf("Run = %v; want both errors", err)
	}
}
