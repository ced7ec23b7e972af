package hlo

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Reshape gives the elements another shape.
func (b *Builder) Reshape(x Value, shape ...int) Value {
	if slices.Equal(x.Shape, shape) {
		return x
	}
	return b.function(x.Type, shape, "stablehlo.reshape", "", x)
}

// Transpose makes dimension i of the result of dimension order[i].
func (b *Builder) Transpose(x Value, order ...int) Value {
	shape := make([]int, len(order))
	for i, from := range order {
		shape[i] = x.Shape[from]
	}
	return b.function(x.Type, shape, "stablehlo.transpose", ", dims = "+list(order), x)
}

// Spread repeats x, whose dimensions become those of shape that dims lists.
func (b *Builder) Spread(x Value, shape []int, dims ...int) Value {
	return b.function(x.Type, shape, "stablehlo.broadcast_in_dim", ", dims = "+list(dims), x)
}

// Slice takes the part from low to high of a dimension.
func (b *Builder) Slice(x Value, dim, low, high int) Value {
	shape, parts := slices.Clone(x.Shape), make([]string, len(x.Shape))
	for i, n := range shape {
		parts[i] = fmt.Sprintf("0:%d", n)
	}
	shape[dim], parts[dim] = high-low, fmt.Sprintf("%d:%d", low, high)
	return b.function(x.Type, shape, "stablehlo.slice", " ["+strings.Join(parts, ", ")+"]", x)
}

// Concat puts arrays one behind another along a dimension.
func (b *Builder) Concat(dim int, xs ...Value) Value {
	shape := slices.Clone(xs[0].Shape)
	for _, x := range xs[1:] {
		shape[dim] += x.Shape[dim]
	}
	return b.function(xs[0].Type, shape, "stablehlo.concatenate", fmt.Sprintf(", dim = %d", dim), xs...)
}

// Sum adds up the dimensions dims, which vanish.
func (b *Builder) Sum(x Value, dims ...int) Value { return b.reduce("add", 0, x, dims) }

// Largest is the maximum over the dimensions dims, which vanish.
func (b *Builder) Largest(x Value, dims ...int) Value {
	least := math.Inf(-1)
	if x.Type == I32 {
		least = math.MinInt32
	}
	return b.reduce("maximum", least, x, dims)
}

// Least is the minimum of int32 over the dimensions dims, which vanish.
func (b *Builder) Least(x Value, dims ...int) Value {
	return b.reduce("minimum", math.MaxInt32, x, dims)
}

func (b *Builder) reduce(op string, start float64, x Value, dims []int) Value {
	shape := []int{}
	for i, n := range x.Shape {
		if !slices.Contains(dims, i) {
			shape = append(shape, n)
		}
	}
	zero := b.Full(x.Type, start)
	return b.emit(x.Type, shape,
		"stablehlo.reduce(%s init: %s) applies stablehlo.%s across dimensions = %s : (%v, %v) -> ", x.name, zero.name, op, list(dims), x, zero)
}

// Total adds up all elements.
func (b *Builder) Total(x Value) Value {
	dims := make([]int, len(x.Shape))
	for i := range dims {
		dims[i] = i
	}
	return b.Sum(x, dims...)
}

// Dot multiplies x and y and sums over dimension cx of x and cy of y, into type t.
// The first batch dimensions are those of both, and stay in front; then come what
// is left of x and of y. Operands of float32 are not rounded.
func (b *Builder) Dot(t Type, x, y Value, batch, cx, cy int) Value {
	shape := slices.Clone(x.Shape[:batch])
	shape = append(shape, without(x.Shape, batch, cx)...)
	shape = append(shape, without(y.Shape, batch, cy)...)
	precision, batching := "DEFAULT", ""
	if x.Type == F32 {
		precision = "HIGHEST"
	}
	if batch > 0 {
		dims := list(count(batch))
		batching = fmt.Sprintf(", batching_dims = %s x %s", dims, dims)
	}
	return b.function(t, shape, "stablehlo.dot_general",
		fmt.Sprintf("%s, contracting_dims = [%d] x [%d], precision = [%s, %[4]s]", batching, cx, cy, precision), x, y)
}

// without are the sizes from batch on, but dimension c.
func without(shape []int, batch, c int) (rest []int) {
	for i := batch; i < len(shape); i++ {
		if i != c {
			rest = append(rest, shape[i])
		}
	}
	return rest
}

// Rows looks up rows of table (V, D) by ids (N): the result is (N, D).
func (b *Builder) Rows(table, ids Value) Value {
	d := table.Shape[1]
	return b.emit(table.Type, []int{ids.Shape[0], d}, `"stablehlo.gather"(%s, %s) <{dimension_numbers = `+
		`#stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], start_index_map = [0], index_vector_dim = 1>, `+
		`slice_sizes = array<i64: 1, %d>, indices_are_sorted = false}> : (%v, %v) -> `,
		table.name, ids.name, d, table, ids)
}

// AddRows adds each row of x (N, D) to that row of zeros (V, D) which ids (N) name.
func (b *Builder) AddRows(v int, ids, x Value) Value {
	zeros := b.Full(x.Type, 0, v, x.Shape[1])
	return b.emit(x.Type, zeros.Shape, `"stablehlo.scatter"(%s, %s, %s) <{scatter_dimension_numbers = `+
		`#stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], scatter_dims_to_operand_dims = [0], `+
		`index_vector_dim = 1>, indices_are_sorted = false, unique_indices = false}> (%s) : (%v, %v, %v) -> `,
		zeros.name, ids.name, x.name, adder(x.Type), zeros, ids, x)
}

// adder is the region of an operation that adds numbers of a type.
func adder(t Type) string {
	return fmt.Sprintf(`{
^bb0(%%p: tensor<%[1]s>, %%q: tensor<%[1]s>):
  %%r = stablehlo.add %%p, %%q : tensor<%[1]s>
  stablehlo.return %%r : tensor<%[1]s>
}`, t)
}

// count is 0 to n-1.
func count(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func list(xs []int) string {
	return "[" + strings.Trim(strings.ReplaceAll(fmt.Sprint(xs), " ", ", "), "[]") + "]"
}
