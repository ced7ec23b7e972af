package train

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// series makes lines of batches of 100 pairs, ten steps apart, from a change.
func series(n int, change func(i int, m *Metrics)) []Metrics {
	lines := make([]Metrics, n)
	for i := range lines {
		lines[i] = Metrics{Step: 10 * (i + 1), Loss: 3 - 0.1*float64(i),
			LnN: math.Log(100), LogitScale: 14 + float64(i), CosineRest: 0.1}
		change(i, &lines[i])
	}
	return lines
}

func names(findings []Finding) (all []string) {
	for _, f := range findings {
		all = append(all, f.Name)
	}
	return all
}

// top1 is an evaluation of labels, loss one of captions.
func top1(step int, set string, top1, low, high float64) Evaluation {
	return Evaluation{Step: step, Set: set, Accuracy: &Accuracy{Top1: top1, Low: low, High: high}}
}

func loss(step int, loss float64) Evaluation {
	return Evaluation{Step: step, Set: "a", PairScores: &PairScores{Loss: loss}}
}

// apart makes the lines of other steps.
func apart(lines []Metrics, every int) []Metrics {
	for i := range lines {
		lines[i].Step = every * (i + 1)
	}
	return lines
}

func TestDiagnose(t *testing.T) {
	lnN := math.Log(100)
	steady := func(loss float64) func(int, *Metrics) { return func(_ int, m *Metrics) { m.Loss = loss } }
	for name, test := range map[string]struct {
		h    History
		want []string
	}{
		"healthy":  {History{Lines: series(9, func(int, *Metrics) {}), MaxLogitScale: 100}, nil},
		"no lines": {History{}, nil},
		"stuck":    {History{Lines: series(9, steady(1.01*lnN))}, []string{"stuck at ln N"}},
		"stuck in small batches": {History{Lines: series(60, func(i int, m *Metrics) {
			m.Loss = lnN * (1 + 0.1*float64(i%3-1))
		})}, []string{"stuck at ln N"}},
		"stuck, a line a step":        {History{Lines: apart(series(60, steady(lnN)), 1), Warmup: 2000}, []string{"stuck at ln N"}},
		"a line a step":               {History{Lines: apart(series(40, steady(lnN)), 1)}, nil},
		"stuck, a line in 1000 steps": {History{Lines: apart(series(5, steady(lnN)), 1000)}, []string{"stuck at ln N"}},
		"falls past ln N":             {History{Lines: series(8, func(i int, m *Metrics) { m.Loss = lnN * (1.2 - 0.05*float64(i)) })}, nil},
		"loss rises": {History{Lines: series(9, func(int, *Metrics) {}),
			Scores: []Evaluation{loss(10, 3), loss(30, 2.5), loss(60, 2.7)}}, []string{"over-fitting"}},
		"loss rises a little": {History{Lines: series(9, func(int, *Metrics) {}),
			Scores: []Evaluation{loss(10, 3), loss(30, 2.5), loss(60, 2.54)}}, nil},
		"warming up": {History{Lines: series(9, steady(1.01*lnN)), Warmup: 50}, nil},
		"too early":  {History{Lines: series(4, steady(lnN))}, nil},
		"collapse": {History{Lines: series(9, func(i int, m *Metrics) {
			m.Loss, m.CosineRest = lnN, 0.97
		})}, []string{"collapse"}},
		"alike, but learning": {History{Lines: series(9, func(i int, m *Metrics) { m.CosineRest = 0.97 })}, nil},
		"at the floor": {History{Lines: series(9,
			func(i int, m *Metrics) { m.Loss = 2.6 + 0.05*float64(i%2) }), Floor: 2.585}, []string{"at the floor"}},
		"the floor is ln N":  {History{Lines: series(9, steady(lnN)), Floor: lnN}, []string{"at the floor"}},
		"above the floor":    {History{Lines: series(9, steady(2.8)), Floor: 2.585}, nil},
		"no captions repeat": {History{Lines: series(9, steady(0.001)), Floor: 0.001}, nil},
		"at the clamp": {History{Lines: series(9,
			func(i int, m *Metrics) { m.LogitScale = min(100, 97+float64(i)) }), MaxLogitScale: 100},
			[]string{"logit scale at its clamp"}},
		"falls": {History{Lines: series(9,
			func(i int, m *Metrics) { m.LogitScale = 14 * math.Pow(0.8, float64(i)) })}, []string{"logit scale falls"}},
		"dips": {History{Lines: series(9,
			func(i int, m *Metrics) { m.LogitScale = 14.3 + math.Abs(float64(i)-4)/2 })}, nil},
		"over-fitting": {History{Lines: series(9, func(int, *Metrics) {}), Scores: []Evaluation{
			top1(10, "seen", 0.4, 0.37, 0.43),
			top1(10, "unseen", 0.4, 0.37, 0.43),
			top1(60, "seen", 0.5, 0.47, 0.53),
			top1(60, "unseen", 0.3, 0.27, 0.33),
		}}, []string{"over-fitting"}},
		"worse by chance": {History{Lines: series(9, func(int, *Metrics) {}),
			Scores: []Evaluation{top1(10, "seen", 0.4, 0.35, 0.45),
				top1(60, "seen", 0.35, 0.3, 0.4)}}, nil},
		"worse of both": {History{Lines: series(9, func(i int, m *Metrics) { m.Loss = 1 + float64(i) }),
			Scores: []Evaluation{top1(10, "seen", 0.4, 0.37, 0.43),
				top1(60, "seen", 0.3, 0.27, 0.33)}}, nil},
		"recovered": {History{Lines: series(9, func(int, *Metrics) {}),
			Scores: []Evaluation{top1(10, "a", 0.4, 0.37, 0.43),
				top1(60, "a", 0.3, 0.27, 0.33),
				top1(70, "a", 0.4, 0.37, 0.43)}}, nil},
	} {
		found := Diagnose(test.h)
		if got := names(found); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q; want %q", name, got, test.want)
		}
		for _, f := range found {
			if s := f.String(); strings.Contains(s, "\n") ||
				!strings.Contains(s, "try ") && f.Name != "logit scale at its clamp" {
				t.Errorf("%s: %q; want one line that says what to try", name, s)
			}
		}
	}
}

// TestDiagnoseOnce trains with a clamp below the first logit scale, and expects
// one line in the log about it.
func TestDiagnoseOnce(t *testing.T) {
	tr, _ := newTrainer(t)
	path := filepath.Join(t.TempDir(), "log")
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	tr.Log, tr.LogEvery, tr.MaxLogitScale = NewConsole(f, 6), 1, 5
	must(t, tr.Run(t.Context()))
	log, err := os.ReadFile(path)
	must(t, err)
	if n := strings.Count(string(log), "logit scale at its clamp: 5.0"); n != 1 {
		t.Errorf("%d lines about the clamp; want 1:\n%s", n, log)
	}
}

// TestDiagnoseCollapse trains on captions and images that are made the same, by
// towers whose projections are zero but for one direction.
func TestDiagnoseCollapse(t *testing.T) {
	tr, _ := newTrainer(t)
	path := filepath.Join(t.TempDir(), "log")
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	for _, p := range tr.Model.Params() {
		if strings.HasSuffix(p.Name, "ln_post.weight") || strings.HasSuffix(p.Name, "ln_final.weight") {
			clear(p.Value) // what is left is the bias, the same for all
		}
		if strings.HasSuffix(p.Name, "ln_post.bias") || strings.HasSuffix(p.Name, "ln_final.bias") {
			p.Value[0] = 1
		}
		if strings.HasSuffix(p.Name, "proj") || strings.HasSuffix(p.Name, "text_projection") {
			for i := range p.Value {
				p.Value[i] = 1
			}
		}
	}
	tr.Log, tr.LogEvery = NewConsole(f, 6), 1
	must(t, tr.Run(t.Context()))
	log, err := os.ReadFile(path)
	must(t, err)
	if !bytes.Contains(log, []byte("collapse: all embeddings are alike")) ||
		bytes.Contains(log, []byte("stuck at ln N")) {
		t.Errorf("log of a collapsed model:\n%s", log)
	}
}
