package eval

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/goclip/goclip/model"
)

// TestSharedPool holds that several callers can share a pool, and that nil is
// such a pool: each gets what it would get alone.
func TestSharedPool(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	const n, e, classes = 300, 16, 3
	x, labels, own := unitRows(rng, n, e), make([]int, n), make([]int, n)
	for i := range labels {
		labels[i], own[i] = i%classes, i
	}
	train := Labeled{x, labels}
	calls := map[string]func(*model.Pool) (any, error){
		"Retrieve": func(p *model.Pool) (any, error) { return Retrieve(context.Background(), p, x, x, own) },
		"KNN":      func(p *model.Pool) (any, error) { return KNN(context.Background(), p, x, x, labels, e, 3) },
		"FitLinearProbe": func(p *model.Pool) (any, error) {
			probe, err := FitLinearProbe(context.Background(), p, train, classes, 1, nil)
			if err != nil {
				return nil, err
			}
			z, err := probe.Score(p, train)
			return fmt.Sprint(probe.Weights, probe.Predict(p, x), z), err
		},
		"SweepLinearProbe": func(p *model.Pool) (any, error) {
			probe, err := SweepLinearProbe(context.Background(), p, train, train, classes)
			if err != nil {
				return nil, err
			}
			return fmt.Sprint(probe.Weights), nil
		},
	}
	want := map[string]string{}
	for name, call := range calls {
		got, err := call(newPool(t, 1))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want[name] = fmt.Sprint(got)
	}
	for _, shared := range []*model.Pool{nil, newPool(t, 2)} {
		var wg sync.WaitGroup
		for range 2 {
			for name, call := range calls {
				wg.Go(func() {
					if got, err := call(shared); err != nil || fmt.Sprint(got) != want[name] {
						t.Errorf("%s beside others: %v, %.80v; want %.80s", name, err, got, want[name])
					}
				})
			}
		}
		wg.Wait()
	}
}
