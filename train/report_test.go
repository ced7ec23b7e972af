package train

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/goclip/goclip/model"
)

// TestFormat holds the lines for people.
func TestFormat(t *testing.T) {
	e := Evaluation{Set: "seen", Accuracy: &Accuracy{Top1: 0.5, Top5: 0.75, Low: 0.4, High: 0.6, N: 90, Classes: 8}}
	e.PairScores = &PairScores{Loss: 2.5, LnN: 3, ImageToTextR1: 0.25, ImageToTextR5: 0.5, ImageToTextR10: 0.75,
		TextToImageR1: 0.125, TextToImageR5: 0.25, TextToImageR10: 0.5, Images: 50, Captions: 250}
	want := "seen: 50.0 % top-1 (chance 12.5 %), top-5 75.0 %, 95 % between 40.0 and 60.0, 90 images\n" +
		"seen: loss 2.500 (guessing 3.000), R@1/5/10 of captions 25.0/50.0/75.0 %, " +
		"of images 12.5/25.0/50.0 % (chance 2.0 %), 50 images, 250 captions"
	if got := strings.Join(e.Lines(), "\n"); got != want {
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

// TestEvaluationJSON holds that a line has what the set has, zeros too, and nothing else.
func TestEvaluationJSON(t *testing.T) {
	for _, test := range []struct {
		e           Evaluation
		have, never string
	}{
		{Evaluation{Set: "a", Accuracy: &Accuracy{}}, `"top1":0,`, "recall"},
		{Evaluation{Set: "a", PairScores: &PairScores{}}, `"recall":0,`, "top1"},
	} {
		text, err := json.Marshal(test.e)
		must(t, err)
		var back Evaluation
		must(t, json.Unmarshal(text, &back))
		if s := string(text); !strings.Contains(s, test.have) || strings.Contains(s, test.never) ||
			(back.Accuracy == nil) != (test.e.Accuracy == nil) || (back.PairScores == nil) != (test.e.PairScores == nil) {
			t.Errorf("%s read as %+v; want %s and no %s", s, back, test.have, test.never)
		}
	}
}

// TestScore holds which number a name of checkpoint.best stands for.
func TestScore(t *testing.T) {
	e := Evaluation{Accuracy: &Accuracy{Top1: 0.1}, PairScores: &PairScores{Recall: 0.2, Loss: 0.3}}
	for name, want := range map[string]float64{"val.top1": 0.1, "val.recall": 0.2, "val.loss": 0.3} {
		if got, ok := e.Score(name); !ok || got != want {
			t.Errorf("Score(%s) = %g, %v; want %g", name, got, ok, want)
		}
		if _, ok := (Evaluation{}).Score(name); ok {
			t.Errorf("Score(%s) of nothing is something", name)
		}
	}
}
