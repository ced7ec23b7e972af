package optim

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/goclip/goclip/internal/kernel"
)

// TestEMA holds that averages follow the formula, with the same bits for any
// number of threads, and that a swap shows them and a second one hides them.
func TestEMA(t *testing.T) {
	const decay = 0.8 // which the bound reaches after update 35
	var first [][]float32
	for _, threads := range []int{1, 3} {
		pool := kernel.NewPool(threads)
		defer pool.Close()
		params := sizedParams()
		e := NewEMA(params, decay, pool)
		var want [][]float64
		for _, p := range params {
			w := make([]float64, len(p.Value))
			for i, v := range p.Value {
				w[i] = float64(v)
			}
			want = append(want, w)
		}
		for step := 1; step <= 50; step++ {
			setGrads(params, step) // any new values
			d := math.Min(decay, float64(1+step)/float64(10+step))
			for i, p := range params {
				copy(p.Value, p.Grad)
				for j, v := range p.Value {
					want[i][j] = d*want[i][j] + (1-d)*float64(v)
				}
			}
			e.Update(step)
		}
		if first == nil {
			first = e.averages
		}
		for i, p := range params {
			for j, v := range e.averages[i] {
				if !(math.Abs(float64(v)-want[i][j]) <= 1e-6) {
					t.Fatalf("%s[%d] = %g, want %g within 1e-6", p.Name, j, v, want[i][j])
				}
			}
			if !slices.Equal(e.averages[i], first[i]) {
				t.Errorf("%s: averages with %d threads differ", p.Name, threads)
			}
		}
		average, value := slices.Clone(e.averages[3]), slices.Clone(params[3].Value)
		if e.Swap(); !slices.Equal(params[3].Value, average) || !slices.Equal(e.averages[3], value) {
			t.Error("a swap does not exchange averages and values")
		}
		if e.Swap(); !slices.Equal(params[3].Value, value) || !slices.Equal(e.averages[3], average) {
			t.Error("a second swap does not undo the first")
		}
		var names []string
		_ = e.State(func(name string, shape []int, data []float32) error {
			names = append(names, fmt.Sprint(name, shape, len(data)))
			return nil
		})
		if len(names) != len(params) || names[1] != "p1[7] 7" {
			t.Errorf("state %q", names)
		}
	}
	for _, d := range []float64{-0.1, 1, math.NaN()} {
		c := testConfig
		c.EMADecay = d
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "optim: ema_decay") {
			t.Errorf("ema_decay %g: %v; want error", d, err)
		}
	}
}
