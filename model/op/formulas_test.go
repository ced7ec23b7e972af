package op_test

import (
	"fmt"

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
		add(fmt.Sprint("LinearFloat without bias ", s), opTest{shapes: []tensor.Shape{x, w},
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.LinearFloat(in[0], in[1], nil) },
			ref:   func(in [][]float64) []float64 { return linear(in[0], in[1], make([]float64, o), i) }})
		add(fmt.Sprint("LinearFloat ", s), opTest{shapes: []tensor.Shape{x, w, bias},
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.LinearFloat(in[0], in[1], in[2]) },
			ref:   func(in [][]float64) []float64 { return linear(in[0], in[1], in[2], i) }})
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
				return b.PooledAttention(in[0], in[1], in[2], op.Token{}, t, h)
			},
			ref: ref(false, 0, 0)})
		add(fmt.Sprint("PooledAttention of the last ", s), opTest{shapes: shapes,
			build: func(b *op.Builder, in []*G.Node) *G.Node {
				return b.PooledAttention(in[0], in[1], in[2], op.Token{At: t - 1}, t, h)
			},
			ref: ref(false, t-1, t-1)})
		add(fmt.Sprint("PooledAttention of an id that sees all ", s), opTest{shapes: shapes, ids: ids,
			build: func(b *op.Builder, in []*G.Node) *G.Node {
				return b.PooledAttention(in[0], in[1], in[2], op.Token{IDs: in[3], EOT: 4}, t, h)
			},
			ref: ref(false, min(1, t-1), t-1)})
		add(fmt.Sprint("ProbeAttention ", s), opTest{shapes: append(shapes, tensor.Shape{d}),
			build: func(b *op.Builder, in []*G.Node) *G.Node {
				return b.ProbeAttention(in[0], in[1], in[2], in[3], t, h)
			},
			ref: func(in [][]float64) []float64 { return probed(in[0], in[1], in[2], in[3], t, h, v) }})
		add(fmt.Sprint("PooledAttention of the end of a text ", s), opTest{shapes: shapes, ids: ids,
			build: func(b *op.Builder, in []*G.Node) *G.Node {
				return b.PooledAttention(in[0], in[1], in[2], op.Token{IDs: in[3], Causal: true}, t, h)
			},
			ref: ref(true, min(1, t-1), t-1)})
	}
	for _, d := range []int{1, 8, 13} {
		ids := []int32{4, 0, 3, 1, 4, 4}
		add(fmt.Sprint("Embed ", d), opTest{shapes: []tensor.Shape{{5, d}, {4, d}}, ids: ids,
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.Embed(in[0], in[1], in[2]) },
			ref: func(in [][]float64) (y []float64) {
				for i, id := range ids {
					for j := range d {
						y = append(y, in[0][int(id)*d+j]+in[1][i%3*d+j])
					}
				}
				return y
			}})
		for _, token := range []struct {
			op.Token
			ids           []int32
			first, second int
		}{
			{op.Token{}, nil, 0, 3}, {op.Token{At: 2}, nil, 2, 5}, {op.Token{}, ids, 0, 4}, {op.Token{EOT: 3}, ids, 2, 3},
		} {
			add(fmt.Sprint("SelectToken ", d, token.first, token.second), opTest{shapes: []tensor.Shape{{6, d}}, ids: token.ids,
				build: func(b *op.Builder, in []*G.Node) *G.Node {
					if token.ids != nil {
						token.IDs = in[1]
					}
					return b.SelectToken(in[0], token.Token, 3)
				},
				ref: func(in [][]float64) []float64 {
					return concat(in[0][token.first*d:][:d], in[0][token.second*d:][:d])
				}})
		}
		add(fmt.Sprint("AddLowRank ", d), opTest{shapes: []tensor.Shape{{5, d}, {3, d}, {5, 3}},
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.AddLowRank(in[0], in[1], in[2], 0.5) },
			ref: func(in [][]float64) (y []float64) {
				for i, v := range in[0] {
					for k := range 3 {
						v += 0.5 * in[2][i/d*3+k] * in[1][k*d+i%d]
					}
					y = append(y, v)
				}
				return y
			}})
		add(fmt.Sprint("KeepTokens ", d), opTest{shapes: []tensor.Shape{{6, d}}, ids: []int32{0, 2, 1, 1},
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.KeepTokens(in[0], in[1], 3) },
			ref: func(in [][]float64) (y []float64) {
				for _, row := range []int{0, 2, 3 + 1, 3 + 1} {
					y = append(y, in[0][row*d:][:d]...)
				}
				return y
			}})
		add(fmt.Sprint("AverageTokens ", d), opTest{shapes: []tensor.Shape{{6, d}},
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.AverageTokens(in[0], 3, 1) },
			ref: func(in [][]float64) (y []float64) {
				for _, i := range []int{1, 4} {
					for j := range d {
						y = append(y, (in[0][i*d+j]+in[0][(i+1)*d+j])/2)
					}
				}
				return y
			}})
		add(fmt.Sprint("AddPosition ", d), opTest{shapes: []tensor.Shape{{6, d}, {3, d}},
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.AddPosition(in[0], in[1]) },
			ref: func(in [][]float64) (y []float64) {
				for i, v := range in[0] {
					y = append(y, v+in[1][i%(3*d)])
				}
				return y
			}})
		add(fmt.Sprint("ScaleAdd ", d), opTest{shapes: []tensor.Shape{{40, d}, {d}, {40, d}},
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.ScaleAdd(in[0], in[1], in[2]) },
			ref: func(in [][]float64) (y []float64) {
				for i, v := range in[0] {
					y = append(y, v*in[1][i%d]+in[2][i])
				}
				return y
			}})
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
	add("Patches with pixels left over", opTest{shapes: []tensor.Shape{{2, 3, 5, 5}}, noGrad: true,
		build: func(b *op.Builder, in []*G.Node) *G.Node { return b.Patches(in[0], 2) },
		ref:   func(in [][]float64) []float64 { return patches(in[0], 2, 5, 2) }})
	for _, s := range [][2]int{{2, 3}, {5, 8}, {130, 1}} {
		n, e := s[0], s[1]
		towers := []tensor.Shape{{n, e}, {n, e}, {1}}
		add(fmt.Sprint("Similarity ", s), opTest{shapes: towers, noGrad: true,
			build: func(b *op.Builder, in []*G.Node) *G.Node { return b.Similarity(in[0], in[1], in[2]) },
			ref:   func(in [][]float64) []float64 { return logits(in[0], in[1], in[2][0], e) }})
		for _, texts := range [][]int32{nil, repeated(n)} {
			node := func(in []*G.Node, i int) *G.Node { return append(in, nil)[i] } // the texts, if there are any
			add(fmt.Sprint("ContrastiveLoss ", s, texts != nil), opTest{shapes: towers, ids: texts, rows: n,
				build: func(b *op.Builder, in []*G.Node) *G.Node {
					return b.ContrastiveLoss(in[0], in[1], in[2], node(in, 3))
				},
				ref: func(in [][]float64) []float64 {
					return []float64{infoNCE(logits(in[0], in[1], in[2][0], e), texts, n)}
				}})
			add(fmt.Sprint("SigmoidLoss ", s, texts != nil), opTest{shapes: append(towers, tensor.Shape{1}), ids: texts, rows: n,
				build: func(b *op.Builder, in []*G.Node) *G.Node {
					return b.SigmoidLoss(in[0], in[1], in[2], in[3], node(in, 4))
				},
				ref: func(in [][]float64) []float64 {
					return []float64{sigmoidLoss(logits(in[0], in[1], in[2][0], e), in[3][0], texts, n)}
				}})
		}
	}
	return all
}
