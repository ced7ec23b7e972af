package export

import (
	"fmt"

	"github.com/goclip/goclip/model"
)

// An onnxGraph is a graph being built. Results of nodes and constants have names.
type onnxGraph struct {
	name          string
	nodes         []node
	constants     []constant
	input, output value
	properties    [][2]string

	config model.Config
	params map[string]*model.Param
	names  map[string]string // of constants, by what they hold
}

type node struct {
	op         string
	in, out    []string
	attributes []attribute
}

func (n node) encode() (m message) {
	for _, name := range n.in {
		m.text(1, name)
	}
	for _, name := range n.out {
		m.text(2, name)
	}
	m.text(3, n.out[0])
	m.text(4, n.op)
	for _, a := range n.attributes {
		m.bytes(5, a.encode())
	}
	return m
}

func newGraph(m *model.CLIP, name string) *onnxGraph {
	g := &onnxGraph{name: name, config: m.Config(), params: map[string]*model.Param{}, names: map[string]string{}}
	for _, p := range m.Params() {
		g.params[p.Name] = p
	}
	return g
}

// op adds a node and returns the name of its result.
func (g *onnxGraph) op(kind string, in []string, attributes ...attribute) string {
	out := fmt.Sprintf("%s_%d", kind, len(g.nodes))
	g.nodes = append(g.nodes, node{kind, in, []string{out}, attributes})
	return out
}

func (g *onnxGraph) binary(kind, x, y string) string { return g.op(kind, []string{x, y}) }

// constant adds a tensor unless there is one of the key.
func (g *onnxGraph) constant(key string, c constant) string {
	if name, ok := g.names[key]; ok {
		return name
	}
	g.names[key] = c.name
	g.constants = append(g.constants, c)
	return c.name
}

// weight is a parameter.
func (g *onnxGraph) weight(name string) string {
	p := g.params[name]
	return g.constant(name, constant{name: name, shape: p.Shape, floats: p.Value})
}

// turned is the transpose of a matrix (out, in), which ends in transposed.
func (g *onnxGraph) turned(name string) string {
	p := g.params[name]
	rows, columns := p.Shape[0], p.Shape[1]
	data := make([]float32, len(p.Value))
	for r := range rows {
		for c := range columns {
			data[c*rows+r] = p.Value[r*columns+c]
		}
	}
	return g.constant(name, constant{name: name + transposed, shape: []int{columns, rows}, floats: data})
}

// transposed ends the name of a matrix that is stored as (in, out).
const transposed = ".T"

// ints is a list of whole numbers.
func (g *onnxGraph) ints(v ...int64) string {
	name := fmt.Sprint("ints_", v)
	return g.constant(name, constant{name: name, shape: []int{len(v)}, ints: v})
}

// index is one whole number.
func (g *onnxGraph) index(v int64) string {
	name := fmt.Sprint("index_", v)
	return g.constant(name, constant{name: name, shape: []int{}, ints: []int64{v}})
}

// float is one number.
func (g *onnxGraph) float(v float32) string {
	name := fmt.Sprint("float_", v)
	return g.constant(name, constant{name: name, shape: []int{}, floats: []float32{v}})
}

func (g *onnxGraph) reshape(x string, shape ...int64) string {
	return g.op("Reshape", []string{x, g.ints(shape...)}) // 0 keeps a side, -1 is what is left
}

func (g *onnxGraph) transpose(x string, order ...int64) string {
	return g.op("Transpose", []string{x}, attribute{"perm", order})
}

// linear is x times the transpose of a matrix, plus a bias.
func (g *onnxGraph) linear(x, weight, bias string) string {
	return g.binary("Add", g.binary("MatMul", x, g.turned(weight)), g.weight(bias))
}

func (g *onnxGraph) layerNorm(x, name string) string {
	return g.op("LayerNormalization", []string{x, g.weight(name + ".weight"), g.weight(name + ".bias")},
		attribute{"axis", int64(-1)}, attribute{"epsilon", float32(g.config.LayerNormEps)})
}

// activate is an activation, of operations that any runtime has.
func (g *onnxGraph) activate(x, activation string) string {
	if activation == "quick_gelu" {
		return g.binary("Mul", x, g.op("Sigmoid", []string{g.binary("Mul", x, g.float(1.702))}))
	}
	inner := g.op("Erf", []string{g.binary("Mul", x, g.float(0.70710678))})
	if activation == "gelu_tanh" {
		cube := g.binary("Mul", g.binary("Mul", x, x), g.binary("Mul", x, g.float(0.044715)))
		inner = g.op("Tanh", []string{g.binary("Mul", g.binary("Add", x, cube), g.float(0.79788456))})
	}
	return g.binary("Mul", g.binary("Mul", x, g.float(0.5)), g.binary("Add", inner, g.float(1)))
}

// A stack is the residual blocks of a tower.
type stack struct {
	prefix               string
	layers, heads, width int
	tokens               int // of a causal tower; else 0
	scaled               bool
	activation           string
}

// blocks applies the blocks to x (N, T, D).
func (g *onnxGraph) blocks(x string, s stack) string {
	for i := range s.layers {
		name := fmt.Sprintf("%stransformer.resblocks.%d.", s.prefix, i)
		h := g.linear(g.layerNorm(x, name+"ln_1"), name+"attn.in_proj_weight", name+"attn.in_proj_bias")
		var qkv [3]string
		for j := range qkv {
			qkv[j] = g.part(h, j, j+1, s.width, 2)
		}
		h = g.linear(g.attention(qkv[0], qkv[1], qkv[2], s), name+"attn.out_proj.weight", name+"attn.out_proj.bias")
		x = g.add(x, h, name+"ls_1.gamma", s)
		h = g.mlp(g.layerNorm(x, name+"ln_2"), name+"mlp.", s)
		x = g.add(x, h, name+"ls_2.gamma", s)
	}
	return x
}

// add adds h, scaled or not, to the residual stream.
func (g *onnxGraph) add(x, h, gamma string, s stack) string {
	if s.scaled {
		h = g.binary("Mul", h, g.weight(gamma))
	}
	return g.binary("Add", x, h)
}

func (g *onnxGraph) mlp(x, name string, s stack) string {
	h := g.activate(g.linear(x, name+"c_fc.weight", name+"c_fc.bias"), s.activation)
	return g.linear(h, name+"c_proj.weight", name+"c_proj.bias")
}

// part is elements from*width to to*width of an axis.
func (g *onnxGraph) part(x string, from, to, width, axis int) string {
	return g.op("Slice", []string{x, g.ints(int64(from * width)), g.ints(int64(to * width)), g.ints(int64(axis))})
}

// attention is that of queries (N, Q, D) to keys and values (N, T, D); Q is T or 1.
func (g *onnxGraph) attention(q, k, v string, s stack) string {
	h, d := int64(s.heads), int64(s.width/s.heads)
	q = g.transpose(g.reshape(q, 0, -1, h, d), 0, 2, 1, 3)
	k = g.transpose(g.reshape(k, 0, -1, h, d), 0, 2, 3, 1)
	v = g.transpose(g.reshape(v, 0, -1, h, d), 0, 2, 1, 3)
	scores := g.binary("Div", g.binary("MatMul", q, k), g.float(sqrt(float32(d))))
	if s.tokens > 0 {
		scores = g.binary("Add", scores, g.mask(s.tokens))
	}
	weights := g.op("Softmax", []string{scores}, attribute{"axis", int64(-1)})
	return g.reshape(g.transpose(g.binary("MatMul", weights, v), 0, 2, 1, 3), 0, -1, int64(s.width))
}

// mask hides from each token (T, T) those behind it.
func (g *onnxGraph) mask(t int) string {
	data := make([]float32, t*t)
	for i := range t {
		for j := i + 1; j < t; j++ {
			data[i*t+j] = -1e9 // whose exponential is 0
		}
	}
	return g.constant("mask", constant{name: "mask", shape: []int{t, t}, floats: data})
}

// end normalizes the rows of x (N, E) and makes them the output.
func (g *onnxGraph) end(x string) {
	norm := g.op("ReduceL2", []string{x}, attribute{"axes", []int64{-1}}, attribute{"keepdims", int64(1)})
	g.binary("Div", x, norm)
	g.nodes[len(g.nodes)-1].out = []string{"embedding"}
	g.output = value{"embedding", onnxFloat, []int{g.config.EmbedDim}}
}
