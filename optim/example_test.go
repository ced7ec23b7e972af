package optim_test

import (
	"fmt"
	"math"

	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/optim"
)

// The learning rate rises over the warmup and falls along half a cosine.
func ExampleConfig_At() {
	c := optim.Config{LearningRate: 1e-3, Warmup: 10}
	for _, step := range []int{0, 4, 9, 10, 55, 99} {
		fmt.Printf("%.6f\n", c.At(step, 100))
	}
	// Output:
	// 0.000100
	// 0.000500
	// 0.001000
	// 0.001000
	// 0.000500
	// 0.000000
}

// AdamW finds the least of x² + y².
func ExampleOptimizer() {
	p := &model.Param{Name: "xy", Shape: []int{2}, Value: []float32{3, -4}, Grad: make([]float32, 2)}
	const steps = 200
	a, err := optim.New([]*model.Param{p}, optim.Config{LearningRate: 0.3}, steps, nil)
	if err != nil {
		panic(err)
	}
	for range steps {
		p.Grad[0], p.Grad[1] = 2*p.Value[0], 2*p.Value[1]
		a.Update(a.Norm())
	}
	fmt.Printf("at a distance of %.3f after %d steps\n", math.Hypot(float64(p.Value[0]), float64(p.Value[1])), a.Step())
	// Output:
	// at a distance of 0.000 after 200 steps
}
