package hlo

import (
	"fmt"
	"slices"
)

// AllSum adds up x over all replicas, each of which has the result.
func (b *Builder) AllSum(x Value) Value {
	if b.Replicas < 2 {
		return x
	}
	return b.emit(x.Type, x.Shape, `"stablehlo.all_reduce"(%s) <{%s}> (%s) : (%v) -> `,
		x.name, b.groups(), adder(x.Type), x)
}

// AllRows puts the rows of x (N, ...) of all replicas one behind another.
func (b *Builder) AllRows(x Value) Value {
	if b.Replicas < 2 {
		return x
	}
	shape := slices.Clone(x.Shape)
	shape[0] *= b.Replicas
	return b.emit(x.Type, shape, `"stablehlo.all_gather"(%s) <{all_gather_dim = 0 : i64, %s}> : (%v) -> `,
		x.name, b.groups(), x)
}

// Replica is the number of the replica that runs, from 0.
func (b *Builder) Replica() Value {
	if b.Replicas < 2 {
		return b.Full(I32, 0)
	}
	return b.To(I32, b.emit("ui32", []int{}, "stablehlo.replica_id : "))
}

// groups says that all replicas talk to each other.
func (b *Builder) groups() string {
	return fmt.Sprintf("replica_groups = dense<[%s]> : tensor<1x%dxi64>", list(count(b.Replicas)), b.Replicas)
}
