package op_test

// The formulas of the papers, in float64.

import (
	"math"
)

func layerNorm(x, gamma, beta []float64, eps float64) []float64 {
	y, d := make([]float64, len(x)), len(gamma)
	for i := 0; i < len(x); i += d {
		var mean, variance float64
		for _, v := range x[i : i+d] {
			mean += v / float64(d)
		}
		for _, v := range x[i : i+d] {
			variance += (v - mean) * (v - mean) / float64(d)
		}
		for j, v := range x[i : i+d] {
			y[i+j] = (v-mean)/math.Sqrt(variance+eps)*gamma[j] + beta[j]
		}
	}
	return y
}

func unit(x []float64, d int) []float64 {
	y := make([]float64, len(x))
	for i := range x {
		var sum float64
		for _, v := range x[i/d*d : i/d*d+d] {
			sum += v * v
		}
		y[i] = x[i] / math.Sqrt(sum)
	}
	return y
}

// linear is x wᵀ + bias, with inner rows of x and w.
func linear(x, w, bias []float64, inner int) (y []float64) {
	for i := 0; i < len(x); i += inner {
		for o, v := range bias {
			for j := range inner {
				v += x[i+j] * w[o*inner+j]
			}
			y = append(y, v)
		}
	}
	return y
}

func transposed(x []float64, columns int) (y []float64) {
	for j := range columns {
		for i := j; i < len(x); i += columns {
			y = append(y, x[i])
		}
	}
	return y
}

func gelu(x float64) float64      { return x * 0.5 * math.Erfc(-x/math.Sqrt2) }
func quickGELU(x float64) float64 { return x / (1 + math.Exp(-1.702*x)) }
func geluTanh(x float64) float64 {
	return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
}

func attention(qkv []float64, t, heads, v int, causal bool) []float64 {
	d := heads * v
	y := make([]float64, len(qkv)/3)
	for first := 0; first < len(qkv)/(3*d); first += t {
		for h := range heads {
			for i := range t {
				seen := t
				if causal {
					seen = i + 1
				}
				p, sum := make([]float64, seen), 0.0
				for j := range seen {
					for c := range v {
						p[j] += qkv[(first+i)*3*d+h*v+c] * qkv[(first+j)*3*d+d+h*v+c] / math.Sqrt(float64(v))
					}
					p[j] = math.Exp(p[j])
					sum += p[j]
				}
				for j := range seen {
					for c := range v {
						y[(first+i)*d+h*v+c] += p[j] / sum * qkv[(first+j)*3*d+2*d+h*v+c]
					}
				}
			}
		}
	}
	return y
}

func patches(x []float64, n, side, patch int) (y []float64) {
	for i := range n {
		for gy := 0; gy+patch <= side; gy += patch {
			for gx := 0; gx+patch <= side; gx += patch {
				for c := range 3 {
					for py := range patch {
						for px := range patch {
							y = append(y, x[((i*3+c)*side+gy+py)*side+gx+px])
						}
					}
				}
			}
		}
	}
	return y
}

func logits(x, y []float64, logScale float64, e int) []float64 {
	z := linear(x, y, make([]float64, len(y)/e), e)
	for i := range z {
		z[i] *= math.Exp(logScale)
	}
	return z
}

// repeated are n texts of 2 tokens, of which every third is the same.
func repeated(n int) []int32 {
	texts := make([]int32, 2*n)
	for i := range n {
		if texts[2*i] = int32(i); i%3 < 2 && i < 10 || i%3 == 0 {
			texts[2*i] = int32(i % 3)
		}
	}
	return texts
}

// isPair says whether image i and text j of n are a pair; texts are nil or (n, 2).
func isPair(texts []int32, i, j int) bool {
	return i == j || texts != nil && texts[2*i] == texts[2*j] && texts[2*i+1] == texts[2*j+1]
}

// infoNCE is the mean of the cross entropies of the rows and of the columns,
// as the pseudocode of the paper has it, without what is a pair beside the diagonal.
func infoNCE(z []float64, texts []int32, n int) float64 {
	entropy := func(z []float64) (sum float64) {
		for i := range n {
			var row float64
			for j, v := range z[i*n : (i+1)*n] {
				if i == j || !isPair(texts, i, j) {
					row += math.Exp(v - z[i*n+i])
				}
			}
			sum += math.Log(row) / float64(n)
		}
		return sum
	}
	return (entropy(z) + entropy(transposed(z, n))) / 2
}

// sigmoidLoss is that of the paper's pseudocode: minus the sum of the log sigmoids of
// the logits, negated where there is no pair, over n.
func sigmoidLoss(z []float64, bias float64, texts []int32, n int) (sum float64) {
	for i := range n {
		for j := range n {
			sign := -1.0
			if isPair(texts, i, j) {
				sign = 1
			}
			sum += math.Log1p(math.Exp(-sign*(z[i*n+j]+bias))) / float64(n)
		}
	}
	return sum
}

// probed is attention in which one query, that of the probe, meets the keys and values
// of each sequence.
func probed(x, w, bias, probe []float64, t, heads, v int) (y []float64) {
	d := heads * v
	for i := 0; i < len(x); i += t * d {
		qkv := linear(concat(probe, x[i:][:t*d]), w, bias, d)
		row := make([]float64, d)
		for h := range heads {
			var sum float64
			for j := 1; j <= t; j++ {
				var score float64
				for c := range v {
					score += qkv[h*v+c] * qkv[j*3*d+d+h*v+c] / math.Sqrt(float64(v))
				}
				sum += math.Exp(score)
				for c := range v {
					row[h*v+c] += math.Exp(score) * qkv[j*3*d+2*d+h*v+c]
				}
			}
			for c := range v {
				row[h*v+c] /= sum
			}
		}
		y = append(y, row...)
	}
	return y
}

func concat(x ...[]float64) (all []float64) {
	for _, v := range x {
		all = append(all, v...)
	}
	return all
}
