package train

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/optim"
)

// A provoked run is a real one, of a small model, that is led to fail in a
// certain way: batch makes its batches, not the data.
type provoked struct {
	rate  float64 // of learning
	steps int
	batch func(step int, images []float32, tokens []int32)
	floor float64
}

// log trains, a change made first, and returns what the log says.
func (p provoked) log(t *testing.T, change func(*Trainer)) string {
	t.Helper()
	tr, _ := newTrainer(t)
	tr.Steps, tr.LogEvery, tr.EvalEvery, tr.SaveEvery, tr.Floor = p.steps, 1, 0, 0, p.floor
	path := filepath.Join(t.TempDir(), "log")
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	tr.Log = NewConsole(f, p.steps)
	c := optim.Default()
	c.LearningRate, c.Warmup = p.rate, 0
	tr.Optim, err = optim.New(tr.Model.Params(), c, 100*p.steps, tr.Pool()) // so the rate stays
	must(t, err)
	tr.Step = led{tr.Step, p.batch, new(int)}
	if change != nil {
		change(tr)
	}
	must(t, tr.Run(t.Context()))
	log, err := os.ReadFile(path)
	must(t, err)
	return string(log)
}

// led is a step whose batches are changed before it runs.
type led struct {
	model.Step
	batch func(step int, images []float32, tokens []int32)
	step  *int
}

func (l led) Run() (float32, error) {
	*l.step++
	l.batch(*l.step, l.Images(), l.Tokens())
	return l.Step.Run()
}

// shift moves the captions of a batch on by n places.
func shift(tokens []int32, n int) {
	context := len(tokens) / 5
	moved := slices.Concat(tokens[n*context:], tokens[:n*context])
	copy(tokens, moved)
}

// two makes a batch of three black images with one caption and two white ones
// with another; swapped, the captions change places.
func two(images []float32, tokens []int32, swapped bool) {
	size, context := len(images)/5, len(tokens)/5
	var captions [2][]int32 // of one word each, between the marks of start and end
	for kind := range captions {
		captions[kind] = make([]int32, context)
		copy(captions[kind], []int32{tokens[0], int32(7 + kind), slices.Max(tokens)})
	}
	for i := range 5 {
		kind := i / 3
		for j := range size {
			images[i*size+j] = float32(2*kind - 1)
		}
		if swapped {
			kind = 1 - kind
		}
		copy(tokens[i*context:], captions[kind])
	}
}

// TestProvoke leads runs into what a diagnosis names, and looks for the line.
func TestProvoke(t *testing.T) {
	for name, test := range map[string]struct {
		run  provoked
		want string
	}{
		"images and captions that are all alike": {provoked{rate: 1e-3, steps: 48,
			batch: func(_ int, images []float32, tokens []int32) {
				clear(images)
				for i := range 5 {
					copy(tokens[i*len(tokens)/5:], tokens[:len(tokens)/5])
				}
			}}, "stuck at ln N: the loss is what guessing gives since step 1"},
		"captions that belong to other images": {provoked{rate: 0.3, steps: 12,
			batch: func(step int, _ []float32, tokens []int32) {
				shift(tokens, 1+step%4)
			}}, "logit scale falls: from "},
		"two captions": {provoked{rate: 0.01, steps: 60, floor: (3*math.Log(3) + 2*math.Log(2)) / 5,
			batch: func(_ int, images []float32, tokens []int32) {
				two(images, tokens, false)
			}}, "at the floor: the loss 0.9"},
	} {
		if log := test.run.log(t, nil); strings.Count(log, test.want) != 1 {
			t.Errorf("%s: the log has %d times %q:\n%s", name, strings.Count(log, test.want), test.want, log)
		}
	}
}

// TestProvokeOverfitting trains on right captions, then on wrong ones, and scores
// by the right ones.
func TestProvokeOverfitting(t *testing.T) {
	const learned, steps = 18, 180
	run := provoked{rate: 0.01, steps: steps, batch: func(step int, images []float32, tokens []int32) {
		two(images, tokens, step > learned)
	}}
	log := run.log(t, func(tr *Trainer) {
		graph := tr.Step.(led).Step
		tr.EvalEvery = learned
		tr.Eval = func(_ context.Context, step int) ([]Evaluation, error) {
			two(graph.Images(), graph.Tokens(), false)
			if _, err := graph.Run(); err != nil {
				return nil, err
			}
			hits := 0
			for i := range 5 {
				if nearest(graph.ImageEmbeddings(), graph.TextEmbeddings(), i)/3 == i/3 {
					hits++
				}
			}
			low, high := eval.Wilson(hits, 5)
			return []Evaluation{{Step: step, Set: "colors",
				Accuracy: &Accuracy{Top1: float64(hits) / 5, Low: low, High: high, N: 5, Classes: 2}}}, nil
		}
	})
	if want := "over-fitting: colors: top-1 fell from 100.0 % at step 18 to 0.0 %"; strings.Count(log, want) != 1 {
		t.Errorf("the log has %d times %q:\n%s", strings.Count(log, want), want, log)
	}
}

// nearest is the caption (5, E) with the largest cosine to image i (5, E).
func nearest(images, texts []float32, i int) (best int) {
	e, most := len(images)/5, math.Inf(-1)
	for j := range 5 {
		var sum float64
		for d := range e {
			sum += float64(images[i*e+d]) * float64(texts[j*e+d])
		}
		if sum > most {
			best, most = j, sum
		}
	}
	return best
}
