package model

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"
)

// An Origin says where the first values of a parameter are from.
type Origin string

// The origins.
const (
	Loaded  Origin = "loaded"   // from the parameter of that name
	Resized Origin = "resized"  // the same, a position embedding of another number of tokens
	Fresh   Origin = "new"      // as New has them
	LeftOut Origin = "left out" // the new model has no such parameter
)

// A Start says how one parameter started. Was is its shape in the source, and Shape that
// in the new model.
type Start struct {
	Name       string
	Origin     Origin
	Was, Shape []int
}

// NewFrom returns a model that starts from the parameters of source, under the same
// names, and says what became of each. Position embeddings of another number of tokens
// are resized. What source does not have, and what fresh names, gets the values of
// New(c, seed). Another shape is an error.
func NewFrom(source *CLIP, c Config, seed uint64, fresh ...string) (*CLIP, []Start, error) {
	m, err := Blank(c)
	if err != nil {
		return nil, nil, err
	}
	var starts []Start
	for i, s := range m.config.specs() {
		p, start := m.params[i], Start{Name: s.name, Origin: Fresh, Shape: s.shape}
		if had := source.byName[s.name]; had != nil && !slices.Contains(fresh, s.name) {
			start.Was = had.Shape
			if start.Origin, err = m.copyFrom(source, p, had); err != nil {
				return nil, nil, err
			}
		}
		if start.Origin == Fresh {
			if p.Frozen {
				return nil, nil, fmt.Errorf("model: %s: is new, and frozen beside adapters; want it in lora.train", p.Name)
			}
			s.values(p.Value, seed)
		}
		starts = append(starts, start)
	}
	for _, p := range source.params {
		if m.byName[p.Name] == nil {
			starts = append(starts, Start{Name: p.Name, Origin: LeftOut, Was: p.Shape})
		}
	}
	return m, starts, nil
}

// copyFrom sets a parameter to that of the source.
func (m *CLIP) copyFrom(source *CLIP, p, had *Param) (Origin, error) {
	if slices.Equal(p.Shape, had.Shape) {
		copy(p.Value, had.Value)
		return Loaded, nil
	}
	d := len(p.Shape)
	if d != 2 || len(had.Shape) != 2 || p.Shape[1] != had.Shape[1] {
		return "", misfit(p, had)
	}
	switch p.Name {
	case "visual.positional_embedding":
		to, from := m.config.Image, source.config.Image
		classes := to.classTokens()
		if classes != from.classTokens() {
			return "", misfit(p, had)
		}
		first := classes * p.Shape[1] // the class token stays
		copy(p.Value[:first], had.Value)
		store(p.Value[first:], resizeGrid(widen(had.Value[first:]), from.Size/from.Patch, to.Size/to.Patch))
	case "positional_embedding":
		store(p.Value, resizeText(widen(had.Value), had.Shape[0], p.Shape[0]))
	default:
		return "", misfit(p, had)
	}
	return Resized, nil
}

func misfit(p, had *Param) error {
	return fmt.Errorf("model: %s: the source has %v; want %v", p.Name, tensor.Shape(had.Shape), tensor.Shape(p.Shape))
}

func widen(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

func store(dst []float32, x []float64) {
	for i, v := range x {
		dst[i] = float32(v)
	}
}
