package data

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/goclip/goclip/model"
)

// TestFloor has the values of E[ln(1 + B)] for captions of equal frequency, B of
// the binomial distribution, computed apart: of ever more pairs, a draw without
// replacement becomes one with it.
func TestFloor(t *testing.T) {
	batches := []int{16, 32, 64, 128, 256, 512, 1024}
	for captions, want := range map[int][]float64{
		2:    {2.112, 2.788, 3.474, 4.163, 4.854, 5.546, 6.239},
		10:   {0.801, 1.317, 1.929, 2.585, 3.260, 3.945, 4.633},
		100:  {0.101, 0.202, 0.387, 0.697, 1.155, 1.734, 2.376},
		1000: {0.010, 0.021, 0.043, 0.086, 0.168, 0.320, 0.584},
	} {
		for i, batch := range batches {
			if got := Floor(slices.Repeat([]int{1 << 20}, captions), batch); math.Abs(got-want[i]) > 6e-4 {
				t.Errorf("Floor of %d captions in batches of %d = %.4f, want %.3f", captions, batch, got, want[i])
			}
		}
	}
	if got, want := Floor([]int{700}, 100), math.Log(100); math.Abs(got-want) > 1e-12 {
		t.Errorf("Floor of one caption in batches of 100 = %g, want %g", got, want)
	}
	for _, test := range []struct {
		counts       []int
		batch        int
		floor, twins float64
	}{
		{[]int{1, 1, 1, 1}, 4, 0, 0},
		// Each of three has one of the two others beside it with the chance 2/3.
		{[]int{3, 1}, 2, 0.75 * 2 / 3 * math.Ln2, 0.75 * 2 / 3},
		{[]int{3, 1}, 4, 0.75 * math.Log(3), 0.75},
		{[]int{3, 1}, 100, 0.75 * math.Log(3), 0.75}, // a batch of all
		{[]int{2, 2}, 3, 2. / 3 * math.Ln2, 2. / 3},
	} {
		floor, twins := Floor(test.counts, test.batch), Twins(test.counts, test.batch)
		if math.Abs(floor-test.floor) > 1e-12 || math.Abs(twins-test.twins) > 1e-12 {
			t.Errorf("of %v in batches of %d: Floor = %g, Twins = %g; want %g and %g", test.counts, test.batch,
				floor, twins, test.floor, test.twins)
		}
	}
}

func TestCountCaptions(t *testing.T) {
	all := func(yield func(string, error) bool) {
		for _, c := range []string{"a", "b", "a", "a"} {
			if !yield(c, nil) {
				return
			}
		}
	}
	got, err := CountCaptions(t.Context(), all)
	slices.Sort(got)
	if err != nil || !slices.Equal(got, []int{1, 3}) {
		t.Errorf("CountCaptions = %v, %v; want 1 and 3", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := CountCaptions(ctx, all); err == nil {
		t.Error("CountCaptions after the end of its context: no error")
	}
}

// TestSigmoidGuess holds that a guess is the least of all answers that are the same for
// every text, that the model says the same, and the floor of the sigmoid loss by hand.
func TestSigmoidGuess(t *testing.T) {
	for _, n := range []int{1, 2, 10, 256} {
		got, least := SigmoidGuess(n), math.Inf(1)
		for z := -12.0; z < 12; z += 0.001 {
			least = min(least, math.Log1p(math.Exp(-z))+float64(n-1)*math.Log1p(math.Exp(z)))
		}
		if math.Abs(got-least) > 1e-4 || got != (model.Config{Loss: model.Sigmoid}).GuessLoss(n) {
			t.Errorf("SigmoidGuess(%d) = %g; want %g", n, got, least)
		}
	}
	// Of four pairs, three have one caption: a batch of all costs each of them a guess of three.
	if got, want := FloorOf([]int{3, 1}, 4, SigmoidGuess), 0.75*(math.Log(3)+2*math.Log(1.5)); math.Abs(got-want) > 1e-12 {
		t.Errorf("floor of the sigmoid loss %g, want %g", got, want)
	}
}
