package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// everyLevel runs test with each level of the machine.
func everyLevel(t *testing.T, test func(t *testing.T)) {
	defer func(old Level) { level = old }(level)
	for l := Portable; l <= Best(); l++ {
		level = l
		t.Run(l.String(), test)
	}
}

// widths are on both sides of the vector length and of the loops of several
// vectors, and CLIP's own.
var widths = []int{1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 768}

// unaligned returns n normal values that begin between vectors.
func unaligned(rng *rand.Rand, n int) []float32 { return normal(rng, n+1)[1:] }

func TestExpAccuracy(t *testing.T) {
	everyLevel(t, func(t *testing.T) {
		var x []float32
		for v := float32(-87.3); v < 88; v += 0.00371 {
			x = append(x, v)
		}
		for _, n := range append(widths, len(x)) {
			y := make([]float32, n)
			sum, want := expSum(y, x[:n], 1, 0), 0.0
			for i, v := range x[:n] {
				exact := math.Exp(float64(v))
				want += exact
				if d := math.Abs(float64(y[i])/exact - 1); !(d <= 2.4e-7) { // 2 ulp
					t.Fatalf("exp(%g) = %g, want %g within 2 ulp", v, y[i], exact)
				}
			}
			if !(math.Abs(float64(sum)-want) <= 2e-6*want) && want < math.MaxFloat32 {
				t.Errorf("sum of %d is %g, want %g", n, sum, want)
			}
		}
	})
}

// TestSoftmax compares with float64 logits that overflow without a shift.
func TestSoftmax(t *testing.T) {
	everyLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(5, 6))
		for _, n := range widths {
			x := unaligned(rng, n)
			var sum float64
			for i := range x {
				x[i] += 100
				sum += math.Exp(float64(x[i]))
			}
			y := slices.Clone(x)
			if lse, want := Softmax(y, 3), math.Log(sum); !(math.Abs(lse-want) <= 1e-5) {
				t.Errorf("log-sum-exp of %d is %g, want %g", n, lse, want)
			}
			for i, v := range x {
				if want := 3 * math.Exp(float64(v)) / sum; !(math.Abs(float64(y[i])-want) <= 3e-6*want) {
					t.Errorf("%d logits: y[%d] = %g, want %g within 3e-6 of it", n, i, y[i], want)
				}
			}
		}
	})
}

// TestActivations compares values and slopes with float64. The tolerance is
// absolute near 0 and relative beyond 1.
func TestActivations(t *testing.T) {
	everyLevel(t, func(t *testing.T) {
		var x []float32
		for v := float32(-16); v < 16; v += 0.00213 {
			x = append(x, v)
		}
		y, dx, dy := make([]float32, len(x)), make([]float32, len(x)), make([]float32, len(x))
		for i := range dy {
			dy[i] = 1
		}
		for _, a := range []Activation{GELU, QuickGELU, GELUTanh} {
			activate(y, x, a)
			activateGrad(dx, x, dy, a)
			for i, v := range x {
				value, slope := a.at(float64(v))
				if d := math.Abs(float64(y[i]) - value); !(d <= 6e-7*max(1, math.Abs(value))) {
					t.Fatalf("%v(%g) = %g, want %g within 6e-7", a, v, y[i], value)
				}
				if d := math.Abs(float64(dx[i]) - slope); !(d <= 2e-6) {
					t.Fatalf("slope of %v at %g is %g, want %g within 2e-6", a, v, dx[i], slope)
				}
			}
		}
	})
}

// TestActivationSlopes compares a's derivative, the oracle of the kernels, with
// central differences of its value.
func TestActivationSlopes(t *testing.T) {
	const h = 1e-5
	for _, a := range []Activation{None, GELU, QuickGELU, GELUTanh} {
		for x := -8.0; x < 8; x += 0.37 {
			_, slope := a.at(x)
			above, _ := a.at(x + h)
			below, _ := a.at(x - h)
			if want := (above - below) / (2 * h); math.Abs(slope-want) > 1e-9 {
				t.Errorf("slope of %v at %g is %g, want %g", a, x, slope, want)
			}
		}
	}
}

// refLayerNorm is the formula in float64, and its gradient.
func refLayerNorm(x, gamma, beta, dy []float64, eps float64) (y, dx, dgamma, dbeta []float64) {
	d := len(gamma)
	y, dx, dgamma, dbeta = make([]float64, len(x)), make([]float64, len(x)), make([]float64, d), make([]float64, d)
	for lo := 0; lo < len(x); lo += d {
		var mean, variance, m1, m2 float64
		for _, v := range x[lo : lo+d] {
			mean += v / float64(d)
		}
		for _, v := range x[lo : lo+d] {
			variance += (v - mean) * (v - mean) / float64(d)
		}
		rstd := 1 / math.Sqrt(variance+eps)
		for j := range d {
			xhat, g := (x[lo+j]-mean)*rstd, dy[lo+j]*gamma[j]
			y[lo+j] = xhat*gamma[j] + beta[j]
			dgamma[j] += dy[lo+j] * xhat
			dbeta[j] += dy[lo+j]
			m1 += g / float64(d)
			m2 += g * xhat / float64(d)
		}
		for j := range d {
			dx[lo+j] = rstd * (dy[lo+j]*gamma[j] - m1 - (x[lo+j]-mean)*rstd*m2)
		}
	}
	return y, dx, dgamma, dbeta
}

func TestLayerNorm(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	everyLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for _, d := range widths {
			const rows, eps = 33, 1e-2
			x, gamma, beta, dy := unaligned(rng, rows*d), unaligned(rng, d), unaligned(rng, d), unaligned(rng, rows*d)
			for i := range x {
				x[i]++ // a mean that the variance must not feel
			}
			y, mean, rstd := make([]float32, rows*d), make([]float32, rows), make([]float32, rows)
			dx, dgamma, dbeta := make([]float32, rows*d), make([]float32, d), make([]float32, d)
			p.LayerNorm(y, mean, rstd, x, gamma, beta, eps)
			p.LayerNormGrad(dx, dgamma, dbeta, x, gamma, mean, rstd, dy, nil)
			wantY, wantX, wantGamma, wantBeta := refLayerNorm(float64s(x), float64s(gamma), float64s(beta), float64s(dy), eps)
			diff(t, fmt.Sprint(d, ": y"), y, float32s(wantY), 5e-6)
			diff(t, fmt.Sprint(d, ": dx"), dx, float32s(wantX), 1e-5)
			diff(t, fmt.Sprint(d, ": dgamma"), dgamma, float32s(wantGamma), 1e-5)
			diff(t, fmt.Sprint(d, ": dbeta"), dbeta, float32s(wantBeta), 1e-6)
		}
	})
}

func TestL2Normalize(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	everyLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for _, d := range widths {
			const rows = 5
			x, dy := unaligned(rng, rows*d), unaligned(rng, rows*d)
			y, norm, dx := make([]float32, rows*d), make([]float32, rows), make([]float32, rows*d)
			p.L2Normalize(y, norm, x, d)
			p.L2NormalizeGrad(dx, y, norm, dy, d)
			wantY, wantX := make([]float64, rows*d), make([]float64, rows*d)
			for lo := 0; lo < rows*d; lo += d {
				row, drow := float64s(x[lo:lo+d]), float64s(dy[lo:lo+d])
				size := math.Sqrt(dot64(row, row))
				axpy64(wantY[lo:lo+d], 1/size, row)
				axpy64(wantX[lo:lo+d], 1/size, drow)
				axpy64(wantX[lo:lo+d], -dot64(wantY[lo:lo+d], drow)/size, wantY[lo:lo+d])
			}
			diff(t, fmt.Sprint(d, ": y"), y, float32s(wantY), 3e-7)
			diff(t, fmt.Sprint(d, ": dx"), dx, float32s(wantX), 1e-6)
		}
	})
}

func TestSums(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	everyLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for _, d := range widths {
			const rows = 70
			x := unaligned(rng, rows*d)
			sum, want := make([]float32, d), make([]float64, d)
			p.ColumnSum(sum, x)
			for lo := 0; lo < len(x); lo += d {
				axpy64(want, 1, float64s(x[lo:lo+d]))
			}
			diff(t, fmt.Sprint("ColumnSum ", d), sum, float32s(want), 1e-6)
			exact := dot64(float64s(x), float64s(x))
			if got := p.SumSquares(x); !(math.Abs(got-exact) <= 1e-6*exact) {
				t.Errorf("SumSquares of %d = %g, want %g", len(x), got, exact)
			}
		}
	})
}

// TestAdamW compares steps with PyTorch's algorithm in float64.
func TestAdamW(t *testing.T) {
	p := NewPool(2)
	defer p.Close()
	everyLevel(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		for _, n := range widths {
			value, m, v := unaligned(rng, n), make([]float32, n), make([]float32, n)
			wantValue, wantM, wantV := float64s(value), make([]float64, n), make([]float64, n)
			c := AdamW{LearningRate: 0.05, Beta1: 0.9, Beta2: 0.98, Epsilon: 1e-6, WeightDecay: 0.2, GradScale: 0.3}
			for c.Step = 1; c.Step <= 10; c.Step++ {
				grad := unaligned(rng, n)
				p.AdamW(value, grad, m, v, c)
				for i, g := range float64s(grad) {
					g *= c.GradScale
					wantValue[i] *= 1 - c.LearningRate*c.WeightDecay
					wantM[i] = c.Beta1*wantM[i] + (1-c.Beta1)*g
					wantV[i] = c.Beta2*wantV[i] + (1-c.Beta2)*g*g
					step := float64(c.Step)
					mean, square := wantM[i]/(1-math.Pow(c.Beta1, step)), wantV[i]/(1-math.Pow(c.Beta2, step))
					wantValue[i] -= c.LearningRate * mean / (math.Sqrt(square) + c.Epsilon)
				}
			}
			diff(t, fmt.Sprint(n, ": value"), value, float32s(wantValue), 2e-6)
			diff(t, fmt.Sprint(n, ": m"), m, float32s(wantM), 1e-6)
			diff(t, fmt.Sprint(n, ": v"), v, float32s(wantV), 1e-6)
		}
	})
}
