// Package hlo writes programs as StableHLO text, which XLA compiles for a device.
// It knows arrays and their operations, not models.
//
// Source: the StableHLO specification, https://openxla.org/stablehlo/spec.
package hlo

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Type is the type of an array's elements, as MLIR writes it.
type Type string

// The types of a model's values. U8 holds the pixels of pictures.
const (
	F32  Type = "f32"
	BF16 Type = "bf16"
	I32  Type = "i32"
	U8   Type = "ui8"
	Bool Type = "i1"
)

// A Value is an array in a program. A Shape without dimensions is a number.
type Value struct {
	Type  Type
	Shape []int
	name  string
}

// String is the type of the array as MLIR writes it, such as tensor<2x3xf32>.
func (v Value) String() string {
	var s strings.Builder
	s.WriteString("tensor<")
	for _, n := range v.Shape {
		s.WriteString(strconv.Itoa(n) + "x")
	}
	return s.String() + string(v.Type) + ">"
}

// A Builder writes a program, a line for each operation. Its methods panic where
// types or shapes do not fit: they are the caller's to check.
type Builder struct {
	// Replicas is the number of devices that run the program, each on its part of a
	// batch; 0 means 1.
	Replicas int

	arguments []string
	body      strings.Builder
	count     int
}

// Argument adds an argument. If result is not negative, that result takes over the
// argument's memory.
func (b *Builder) Argument(t Type, shape []int, result int) Value {
	v := Value{t, slices.Clone(shape), fmt.Sprintf("%%arg%d", len(b.arguments))}
	donated := ""
	if result >= 0 {
		donated = fmt.Sprintf(" {tf.aliasing_output = %d : i32}", result)
	}
	b.arguments = append(b.arguments, v.name+": "+v.String()+donated)
	return v
}

// Text is the program, named and with these results.
func (b *Builder) Text(name string, results ...Value) string {
	names, types := lists(results)
	return fmt.Sprintf(`module @%s attributes {mhlo.num_replicas = %d : i32} {
func.func @main(%s) -> (%s) {
%sreturn %s : %s
}
}
`, name, max(1, b.Replicas), strings.Join(b.arguments, ", "), types, b.body.String(), names, types)
}

// lists are the names and the types of values.
func lists(values []Value) (names, types string) {
	n, t := make([]string, len(values)), make([]string, len(values))
	for i, v := range values {
		n[i], t[i] = v.name, v.String()
	}
	return strings.Join(n, ", "), strings.Join(t, ", ")
}

// emit writes an operation with one result of the given type and shape. The text
// ends before the type of the result.
func (b *Builder) emit(t Type, shape []int, format string, args ...any) Value {
	v := Value{t, shape, "%" + strconv.Itoa(b.count)}
	b.count++
	fmt.Fprintf(&b.body, "%s = "+format+"%v\n", append(append([]any{v.name}, args...), v)...)
	return v
}

// function writes an operation with the types of its arguments and its result.
func (b *Builder) function(t Type, shape []int, op string, attributes string, in ...Value) Value {
	names, types := lists(in)
	return b.emit(t, shape, "%s %s%s : (%s) -> ", op, names, attributes, types)
}

// Full is an array that is one number throughout.
func (b *Builder) Full(t Type, number float64, shape ...int) Value {
	text := fmt.Sprintf("%.9e", number)
	switch {
	case t == I32 || t == U8:
		text = strconv.Itoa(int(number))
	case t == BF16 && math.IsInf(number, -1):
		text = "0xFF80"
	case math.IsInf(number, -1):
		text = "0xFF800000"
	}
	return b.emit(t, shape, "stablehlo.constant dense<%s> : ", text)
}

// Exp and the methods below work on each element.
func (b *Builder) Exp(x Value) Value      { return b.unary("exponential", x) }
func (b *Builder) Log(x Value) Value      { return b.unary("log", x) }
func (b *Builder) Log1p(x Value) Value    { return b.unary("log_plus_one", x) }
func (b *Builder) Sqrt(x Value) Value     { return b.unary("sqrt", x) }
func (b *Builder) Rsqrt(x Value) Value    { return b.unary("rsqrt", x) }
func (b *Builder) Abs(x Value) Value      { return b.unary("abs", x) }
func (b *Builder) Negate(x Value) Value   { return b.unary("negate", x) }
func (b *Builder) Logistic(x Value) Value { return b.unary("logistic", x) }
func (b *Builder) IsFinite(x Value) Value {
	return b.function(Bool, x.Shape, "stablehlo.is_finite", "", x)
}

// Erf is the error function, which StableHLO has in its dialect CHLO alone.
func (b *Builder) Erf(x Value) Value {
	return b.emit(x.Type, x.Shape, "chlo.erf %s : %v -> ", x.name, x)
}

func (b *Builder) unary(op string, x Value) Value {
	return b.emit(x.Type, x.Shape, "stablehlo.%s %s : ", op, x.name)
}

// Add and the methods below combine elements in pairs.
func (b *Builder) Add(x, y Value) Value { return b.binary("add", x, y) }
func (b *Builder) Sub(x, y Value) Value { return b.binary("subtract", x, y) }
func (b *Builder) Mul(x, y Value) Value { return b.binary("multiply", x, y) }
func (b *Builder) Div(x, y Value) Value { return b.binary("divide", x, y) }
func (b *Builder) Max(x, y Value) Value { return b.binary("maximum", x, y) }
func (b *Builder) Min(x, y Value) Value { return b.binary("minimum", x, y) }
func (b *Builder) And(x, y Value) Value { return b.binary("and", x, y) }

func (b *Builder) binary(op string, x, y Value) Value {
	if x.Type != y.Type || !slices.Equal(x.Shape, y.Shape) {
		panic(fmt.Sprintf("hlo: %s of %v and %v; want equal types", op, x, y))
	}
	return b.emit(x.Type, x.Shape, "stablehlo.%s %s, %s : ", op, x.name, y.name)
}

// Times multiplies each element by a number.
func (b *Builder) Times(x Value, number float64) Value {
	return b.Mul(x, b.Full(x.Type, number, x.Shape...))
}

// Plus adds a number to each element.
func (b *Builder) Plus(x Value, number float64) Value {
	return b.Add(x, b.Full(x.Type, number, x.Shape...))
}

// Compare is a relation of each pair of elements: EQ, NE, LE, LT, GE or GT.
func (b *Builder) Compare(relation string, x, y Value) Value {
	return b.function(Bool, x.Shape, "stablehlo.compare "+relation+",", "", x, y)
}

// Where takes the elements of x where p holds, and those of y elsewhere.
func (b *Builder) Where(p, x, y Value) Value {
	return b.emit(x.Type, x.Shape, "stablehlo.select %s, %s, %s : %v, ", p.name, x.name, y.name, p)
}

// To converts the elements.
func (b *Builder) To(t Type, x Value) Value {
	if x.Type == t {
		return x
	}
	return b.function(t, x.Shape, "stablehlo.convert", "", x)
}

// Iota counts from 0 along a dimension.
func (b *Builder) Iota(dim int, shape ...int) Value {
	return b.emit(I32, shape, "stablehlo.iota dim = %d : ", dim)
}
