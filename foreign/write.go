package foreign

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/model"
)

// A Layout says under which names a file of weights has the parameters of a model.
type Layout string

const (
	PlainNames  Layout = "open_clip"                 // goclip's own, too
	TrunkNames  Layout = "open_clip's tower of timm" // of SigLIP
	CLIPNames   Layout = "transformers' CLIPModel"   // and
	SiglipNames Layout = "transformers' SiglipModel" // other
)

// written are the names that a layout is written with.
func written(l Layout) names {
	switch l {
	case TrunkNames:
		return names{table: parseTable(trunkNames), textPrefix: "text."}
	case CLIPNames:
		return names{table: parseTable(transformersNames)}
	case SiglipNames:
		return names{table: parseTable(siglipNames)}
	}
	return names{}
}

// Tensors are the parameters of a model as a file of a layout has them: what Load
// undoes. Those that are not changed share the memory of the model.
func Tensors(m *model.CLIP, l Layout) ([]checkpoint.Tensor, error) {
	var all []checkpoint.Tensor
	n := written(l)
	for _, p := range m.Params() {
		tensors, err := n.of(p.Name).split(p)
		if err != nil {
			return nil, err
		}
		all = append(all, tensors...)
	}
	return all, nil
}

// split is a parameter as the file has it.
func (at place) split(p *model.Param) (all []checkpoint.Tensor, err error) {
	shape, data := slices.Clone(p.Shape), p.Value
	if at.transposed {
		data = slices.Clone(data)
		transpose(data, shape[0], shape[1])
		slices.Reverse(shape)
	}
	for range at.ones {
		shape = slices.Insert(shape, 0, 1)
	}
	if len(at.parts) == 1 {
		return []checkpoint.Tensor{{Name: at.parts[0], Shape: shape, Data: data}}, nil
	}
	size := len(data) / shape[0]
	for _, name := range at.parts {
		rows := p.Shape[0] / 3 * matrices(name)
		all = append(all, checkpoint.Tensor{
			Name: name, Shape: append([]int{rows}, shape[1:]...), Data: data[:rows*size],
		})
		data = data[rows*size:]
	}
	if len(data) > 0 {
		return nil, fmt.Errorf("foreign: %s: %d elements are in none of %q", p.Name, len(data), at.parts)
	}
	return all, nil
}

// matrices is how many of the queries', the keys' and the values' matrix a tensor has.
func matrices(name string) int {
	if strings.Contains(name, ".kv.") {
		return 2
	}
	return 1
}
