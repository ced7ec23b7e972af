package op_test

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/goclip/goclip/model/op"
)

func layerNormOf(eps float32) func(*op.Builder, []*G.Node) *G.Node {
	return func(b *op.Builder, in []*G.Node) *G.Node { return b.LayerNorm(in[0], in[1], in[2], eps) }
}

// opTests is the table: every operation, at widths on both sides of the vector
// lengths. The formulas are the papers', in float64.
func opTests() (all []opTest) {
	add := func(name string, test opTest) {
		test.name = name
		all = append(all, test)
	}
	for _, s := range [][2]int{{1, 2}, {3, 7}, {2, 8}, {5, 17}, {2, 64}} {
		n, d := s[0], s[1]
		add(fmt.Sprint("LayerNorm ", s), opTest{shapes: []tensor.Shape{{n, d}, {d}, {d}}, build: layerNormOf(1e-5),
			ref: func(in [][]float64) []float64 { return layerNorm(in[0], in[1], in[2], 1e-5) }})
		add(fmt.Sprint("LayerNormOperand ", s), opTest{shapes: []tensor.Shape{{n, d}, {d}, {d}},
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.LayerNormOperand(in[0], in[1], in[2], 1e-5) },
			ref:   func(in [][]float64) []float64 { return layerNorm(in[0], in[1], in[2], 1e-5) }})
		add(fmt.Sprint("Normalize ", s), opTest{shapes: []tensor.Shape{{n, d}},
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.Normalize(in[0]) },
			ref:   func(in [][]float64) []float64 { return unit(in[0], d) }})
	}
	for _, s := range [][3]int{{1, 1, 1}, {3, 7, 5}, {7, 17, 16}} {
		n, o, i := s[0], s[1], s[2]
		x, w, bias, y := tensor.Shape{n, i}, tensor.Shape{o, i}, tensor.Shape{o}, tensor.Shape{n, o}
		add(fmt.Sprint("Linear ", s), opTest{shapes: []tensor.Shape{x, w, bias},
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.Linear(in[0], in[1], in[2]) },
			ref:   func(in [][]float64) []float64 { return linear(in[0], in[1], in[2], i) }})
		add(fmt.Sprint("Linear without bias ", s), opTest{shapes: []tensor.Shape{x, w},
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.Linear(in[0], in[1], nil) },
			ref:   func(in [][]float64) []float64 { return linear(in[0], in[1], make([]float64, o), i) }})
		add(fmt.Sprint("LinearAdd ", s), opTest{shapes: []tensor.Shape{x, w, bias, y},
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.LinearAdd(in[0], in[1], in[2], in[3]) },
			ref: func(in [][]float64) []float64 {
				y := linear(in[0], in[1], in[2], i)
				for j, v := range in[3] {
					y[j] += v
				}
				return y
			}})
		for a, f := range map[op.Activation]func(float64) float64{op.GELU: gelu, op.QuickGELU: quickGELU, op.GELUTanh: geluTanh} {
			add(fmt.Sprint("LinearAct ", a, s), opTest{shapes: []tensor.Shape{x, w, bias},
				build: func(b *op.Builder, in []*G.Node) *G.Node { return b.LinearAct(in[0], in[1], in[2], a) },
				ref: func(in [][]float64) []float64 {
					y := linear(in[0], in[1], in[2], i)
					for j, v := range y {
						y[j] = f(v)
					}
					return y
				}})
		}
		add(fmt.Sprint("Project ", s), opTest{shapes: []tensor.Shape{x, {i, o}},
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.Project(in[0], in[1]) },
			ref: func(in [][]float64) []float64 {
				return linear(in[0], transposed(in[1], o), make([]float64, o), i)
			}})
	}
	for _, s := range [][4]int{{1, 1, 1, 2}, {2, 3, 2, 4}, {1, 17, 1, 8}, {1, 26, 2, 3}} {
		n, t, h, v := s[0], s[1], s[2], s[3]
		for _, causal := range []bool{false, true} {
			add(fmt.Sprint("Attention ", s, causal), opTest{shapes: []tensor.Shape{{n * t, 3 * h * v}},
				build: func(b *op.Builder, in []*G.Node) *G.Node { return b.Attention(in[0], t, h, causal) },
				ref:   func(in [][]float64) []float64 { return attention(in[0], t, h, v, causal) }})
			const d = 2 // few, so that scores are of the size that rounding to 8 bits leaves good
			add(fmt.Sprint("Attention of Linear ", s, causal), opTest{shapes: []tensor.Shape{{n * t, d}, {3 * h * v, d}, {3 * h * v}},
				build: func(b *op.Builder, in []*G.Node) *G.Node {
					return b.Attention(b.Linear(in[0], in[1], in[2]), t, h, causal)
				},
				ref: func(in [][]float64) []float64 {
					return attention(linear(in[0], in[1], in[2], d), t, h, v, causal)
				}})
		}
	}
	for _, s := range [][3]int{{1, 1, 1}, {3, 2, 4}, {9, 3, 5}} {
		t, h, v := s[0], s[1], s[2]
		d := h * v
		shapes := []tensor.Shape{{2 * t, d}, {3 * d, d}, {3 * d}}
		ids := make([]int32, 2*t) // the second token of the first text, the last of the second
		ids[min(1, t-1)], ids[2*t-1] = 4, 4
		ref := func(causal bool, first, second int) func(in [][]float64) []float64 {
			return func(in [][]float64) []float64 {
				y := attention(linear(in[0], in[1], in[2], d), t, h, v, causal)
				return concat(y[first*d:][:d], y[(t+second)*d:][:d])
			}
		}
		add(fmt.Sprint("PooledAttention ", s), opTest{shapes: shapes,
			build: func(b *op.Builder, in []*G.Node) *G.Node {
				return b.PooledAttention(in[0], in[1], in[2], nil, t, h)
			},
			ref: ref(false, 0, 0)})
		add(fmt.Sprint("PooledAttention of the end of a text ", s), opTest{shapes: shapes, ids: [][]int32{ids},
			build: func(b *op.Builder, in []*G.Node) *G.Node {
				return b.PooledAttention(in[0], in[1], in[2], in[3], t, h)
			},
			ref: ref(true, min(1, t-1), t-1)})
	}
	for _, d := range []int{1, 8, 13} {
		ids := []int32{4, 0, 3, 1, 4, 4}
		add(fmt.Sprint("Embed ", d), opTest{shapes: []tensor.Shape{{5, d}, {4, d}}, ids: [][]int32{ids},
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.Embed(in[0], in[1], in[2]) },
			ref: func(in [][]float64) (y []float64) {
				for i, id := range ids {
					for j := range d {
						y = append(y, in[0][int(id)*d+j]+in[1][i%3*d+j])
					}
				}
				return y
			}})
		add(fmt.Sprint("SelectEOT ", d), opTest{shapes: []tensor.Shape{{6, d}}, ids: [][]int32{ids},
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.SelectEOT(in[0], in[1]) },
			ref:   func(in [][]float64) []float64 { return concat(in[0][:d], in[0][4*d:5*d]) }})
		add(fmt.Sprint("SelectFirst ", d), opTest{shapes: []tensor.Shape{{6, d}},
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.SelectFirst(in[0], 3) },
			ref:   func(in [][]float64) []float64 { return concat(in[0][:d], in[0][3*d:4*d]) }})
		add(fmt.Sprint("Assemble ", d), opTest{shapes: []tensor.Shape{{4, d}, {d}, {3, d}},
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.Assemble(in[0], in[1], in[2]) },
			ref: func(in [][]float64) (y []float64) {
				x, class, position := in[0], in[1], in[2]
				for _, row := range [][]float64{class, x[:d], x[d : 2*d], class, x[2*d : 3*d], x[3*d:]} {
					for _, v := range row {
						y = append(y, v+position[len(y)%(3*d)])
					}
				}
				return y
			}})
	}
	add("Patches", opTest{shapes: []tensor.Shape{{2, 3, 4, 4}}, noGrad: true,
		build: func(b *op.Builder, in []*G.Node) *G.Node { return b.Patches(in[0], 2) },
		ref:   func(in [][]float64) []float64 { return patches(in[0], 2, 4, 2) }})
	for _, s := range [][2]int{{2, 3}, {5, 8}, {130, 1}} {
		n, e := s[0], s[1]
		towers := []tensor.Shape{{n, e}, {n, e}, {1}}
		add(fmt.Sprint("Similarity ", s), opTest{shapes: towers, noGrad: true,
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.Similarity(in[0], in[1], in[2]) },
			ref:   func(in [][]float64) []float64 { return logits(in[0], in[1], in[2][0], e) }})
		add(fmt.Sprint("ContrastiveLoss ", s), opTest{shapes: towers,
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.ContrastiveLoss(in[0], in[1], in[2]) },
			ref: func(in [][]float64) []float64 {
				return []float64{infoNCE(logits(in[0], in[1], in[2][0], e), n)}
			}})
	}
	return all
}

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
		for gy := 0; gy < side; gy += patch {
			for gx := 0; gx < side; gx += patch {
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

// infoNCE is the mean of the cross entropies of the rows and of the columns,
// as the pseudocode of the paper has it.
func infoNCE(z []float64, n int) float64 {
	entropy := func(z []float64) (sum float64) {
		for i := range n {
			var row float64
			for _, v := range z[i*n : (i+1)*n] {
				row += math.Exp(v - z[i*n+i])
			}
			sum += math.Log(row) / float64(n)
		}
		return sum
	}
	return (entropy(z) + entropy(transposed(z, n))) / 2
}

func concat(x ...[]float64) (all []float64) {
	for _, v := range x {
		all = append(all, v...)
	}
	return all
}
