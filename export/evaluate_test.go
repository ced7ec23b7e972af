package export

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// An array is a tensor in the small evaluator of graphs: all numbers are float64.
type array struct {
	shape []int
	data  []float64
}

func newArray(shape ...int) array {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return array{shape, make([]float64, n)}
}

// checkGraphs computes the first probes by the graphs of a folder, as the files say, and
// compares with the model's rows.
func checkGraphs(t *testing.T, m *Model, dir string) {
	t.Helper()
	want, err := encodeProbes(m.CLIP, m.Preprocess, m.Tokenizer)
	if err != nil {
		t.Fatal(err)
	}
	const n = 3
	c := m.CLIP.Config()
	image, text := newArray(n, 3, c.Image.Size, c.Image.Size), newArray(n, c.Text.ContextLength)
	for i := range image.data {
		image.data[i] = float64(want.pixels[i])
	}
	for i := range text.data {
		text.data[i] = float64(want.ids[i])
	}
	for _, test := range []struct {
		file, input string
		in          array
		rows        []float32
	}{{visual, "image", image, want.images}, {textual, "text", text, want.texts}} {
		got := evaluate(t, filepath.Join(dir, test.file, "model.onnx"), test.input, test.in)
		if len(got.shape) != 2 || got.shape[0] != n || got.shape[1] != c.EmbedDim {
			t.Fatalf("%s: embedding %v; want (%d, %d)", test.file, got.shape, n, c.EmbedDim)
		}
		for i, v := range got.data {
			if !(math.Abs(v-float64(test.rows[i])) <= Tolerance) {
				t.Fatalf("%s: element %d = %g; want %g", test.file, i, v, test.rows[i])
			}
		}
	}
}

// evaluate runs the graph of a file.
func evaluate(t *testing.T, path, input string, in array) array {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	constants, err := readConstants(file)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]array{input: in}
	for name, c := range constants {
		a := newArray(c.shape...)
		for i := range a.data {
			if c.ints != nil {
				a.data[i] = float64(c.ints[i])
			} else {
				a.data[i] = float64(c.floats[i])
			}
		}
		values[name] = a
	}
	for _, n := range readNodes(t, file) {
		var in []array
		for _, name := range n.in {
			a, ok := values[name]
			if !ok {
				t.Fatalf("%s: a node %s of %q, which is not there", path, n.op, name)
			}
			in = append(in, a)
		}
		values[n.out[0]] = n.run(t, in)
	}
	return values["embedding"]
}

// readNodes decodes the nodes of a file. Attributes are lists of numbers by name.
func readNodes(t *testing.T, file []byte) (nodes []testNode) {
	t.Helper()
	visit := func(m []byte, f func(field protowire.Number, text []byte, number uint64)) {
		if err := fields(m, func(field protowire.Number, text []byte, number uint64) error {
			f(field, text, number)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	visit(file, func(field protowire.Number, graph []byte, _ uint64) {
		if field != 7 {
			return
		}
		visit(graph, func(field protowire.Number, text []byte, _ uint64) {
			if field != 1 {
				return
			}
			n := testNode{attributes: map[string][]float64{}}
			visit(text, func(field protowire.Number, text []byte, _ uint64) {
				switch field {
				case 1:
					n.in = append(n.in, string(text))
				case 2:
					n.out = append(n.out, string(text))
				case 4:
					n.op = string(text)
				case 5:
					name, v := "", []float64{}
					visit(text, func(field protowire.Number, text []byte, number uint64) {
						switch field {
						case 1:
							name = string(text)
						case 2:
							v = append(v, float64(math.Float32frombits(uint32(number))))
						case 3, 8:
							v = append(v, float64(int64(number)))
						}
					})
					n.attributes[name] = v
				}
			})
			nodes = append(nodes, n)
		})
	})
	return nodes
}

type testNode struct {
	op         string
	in, out    []string
	attributes map[string][]float64
}

// run computes a node.
func (n testNode) run(t *testing.T, in []array) array {
	t.Helper()
	x := in[0]
	if f, ok := elementwise[n.op]; ok {
		y := newArray(x.shape...)
		for i, v := range x.data {
			y.data[i] = f(v)
		}
		return y
	}
	if f, ok := pairwise[n.op]; ok {
		return broadcast(x, in[1], f)
	}
	switch n.op {
	case "MatMul":
		return matmul(x, in[1])
	case "Conv":
		return n.conv(in)
	case "Reshape":
		return reshape(x, in[1])
	case "Transpose":
		return n.transpose(x)
	case "Concat":
		return concat(in, int(n.attributes["axis"][0]))
	case "Slice":
		return slice(x, int(in[1].data[0]), int(in[2].data[0]), int(in[3].data[0]))
	case "Gather":
		return gather(x, in[1], int(n.attributes["axis"][0]))
	case "GatherND":
		return pick(x, in[1])
	case "Shape":
		return shapeOf(x)
	case "Expand":
		return broadcast(x, newArray(ints(in[1])...), func(a, _ float64) float64 { return a })
	case "LayerNormalization", "Softmax", "ReduceL2", "ArgMax":
		return n.rows(in)
	case "ReduceMean":
		return mean(x)
	}
	t.Fatalf("the graph has a node %s", n.op)
	return array{}
}

var elementwise = map[string]func(float64) float64{
	"Erf": math.Erf, "Tanh": math.Tanh, "Cast": func(v float64) float64 { return v },
	"Sigmoid": func(v float64) float64 { return 1 / (1 + math.Exp(-v)) },
}

var pairwise = map[string]func(a, b float64) float64{
	"Add": func(a, b float64) float64 { return a + b }, "Mul": func(a, b float64) float64 { return a * b },
	"Div": func(a, b float64) float64 { return a / b },
	"Equal": func(a, b float64) float64 {
		if a == b {
			return 1
		}
		return 0
	},
}

func ints(a array) []int {
	all := make([]int, len(a.data))
	for i, v := range a.data {
		all[i] = int(v)
	}
	return all
}

func shapeOf(x array) array {
	y := newArray(len(x.shape))
	for i, d := range x.shape {
		y.data[i] = float64(d)
	}
	return y
}

func (a array) String() string { return fmt.Sprint(a.shape) }
