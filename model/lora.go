package model

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"

	"github.com/goclip/goclip/internal/glob"
	"github.com/goclip/goclip/internal/kernel"
)

// LoRAConfig sets up low-rank adaptation (Hu et al., arXiv:2106.09685): a matrix W of the
// model is used as W + alpha/rank B A, and only A and B train. A begins uniform in
// ±1/sqrt(columns of W), and B at 0, so that training begins at the model that is adapted.
type LoRAConfig struct {
	// Rank is the number of rows of A and of columns of B, such as 8; 0 means no adapters.
	Rank int `yaml:"rank"`

	// Alpha over Rank multiplies B A; 0 means as much as Rank, a factor of one.
	Alpha float64 `yaml:"alpha"`

	// Match are patterns of the names of the matrices that are adapted, such as
	// visual.*.in_proj_weight, in which * is any text, dots included: those of attention,
	// where queries, keys and values are one matrix, of the MLPs, and the projections.
	// Empty means all of attention and the MLPs, in both towers. One that matches none
	// is an error.
	Match []string `yaml:"match"`

	// Train are patterns of the other parameters that train beside the adapters, as
	// always, such as logit_scale. All else is frozen.
	Train []string `yaml:"train"`
}

// On says whether there are adapters.
func (c LoRAConfig) On() bool { return c.Rank > 0 }

func (c LoRAConfig) scale() float32 {
	return float32(cmp.Or(c.Alpha, float64(c.Rank)) / float64(c.Rank))
}

// The ends of the names of adapters, behind the name of their matrix.
const loraA, loraB = ".lora_A", ".lora_B"

// Adapter says whether p is one of the two matrices of an adapter of [LoRAConfig].
func (p *Param) Adapter() bool {
	return strings.HasSuffix(p.Name, loraA) || strings.HasSuffix(p.Name, loraB)
}

// adaptable says whether a parameter is a matrix that a linear layer multiplies by, and
// whether it is one of attention or an MLP.
func adaptable(name string) (yes, inner bool) {
	inner = slices.ContainsFunc([]string{".in_proj_weight", ".out_proj.weight", ".c_fc.weight", ".c_proj.weight"},
		func(end string) bool { return strings.HasSuffix(name, end) })
	return inner || slices.Contains([]string{"visual.proj", "text_projection", "text_projection.weight"}, name), inner
}

// specs are the adapters of the matrices among base.
func (c LoRAConfig) specs(base []spec) (all []spec) {
	if !c.On() {
		return nil
	}
	for _, s := range base {
		yes, inner := adaptable(s.name)
		if len(c.Match) > 0 {
			yes = yes && matchesAny(c.Match, s.name)
		} else {
			yes = inner
		}
		if !yes {
			continue
		}
		rows, columns := s.shape[0], s.shape[1]
		all = append(all,
			spec{s.name + loraA, []int{c.Rank, columns}, within(root(columns))},
			spec{s.name + loraB, []int{rows, c.Rank}, zero})
	}
	return all
}

func matchesAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return glob.Match(p, name) })
}

// validateLoRA reports the first field of the section that cannot work.
func (c Config) validateLoRA() error {
	l := c.LoRA
	switch {
	case l.Rank < 0 || l.Rank > 1<<16:
		return fmt.Errorf("model: lora.rank %d; want 0 to %d", l.Rank, 1<<16)
	case !(l.Alpha >= 0) || math.IsInf(l.Alpha, 0):
		return fmt.Errorf("model: lora.alpha %g; want a finite number, 0 or more", l.Alpha)
	case !l.On() && (l.Alpha != 0 || len(l.Match) > 0 || len(l.Train) > 0):
		return fmt.Errorf("model: lora.alpha, match or train without lora.rank; want a rank, such as 8, or none of them")
	case !l.On():
		return nil
	}
	c.LoRA = LoRAConfig{}
	var all, matrices []string
	for _, s := range c.specs() {
		all = append(all, s.name)
		if yes, _ := adaptable(s.name); yes {
			matrices = append(matrices, s.name)
		}
	}
	if err := mustMatch("lora.match", l.Match, matrices, "matrices of linear layers"); err != nil {
		return err
	}
	return mustMatch("lora.train", l.Train, all, "parameters")
}

// mustMatch refuses a pattern that matches none of the names.
func mustMatch(key string, patterns, names []string, what string) error {
	for i, p := range patterns {
		if !glob.Valid(p) {
			return fmt.Errorf("model: %s[%d]: %q is not a pattern of names, such as visual.*", key, i, p)
		}
		if !slices.ContainsFunc(names, func(name string) bool { return glob.Match(p, name) }) {
			return fmt.Errorf("model: %s[%d]: %q matches none of the %d %s; the nearest is %s",
				key, i, p, len(names), what, glob.Nearest(p, names))
		}
	}
	return nil
}

// freezeBase freezes what adapters leave as it is.
func (m *CLIP) freezeBase() {
	if c := m.config.LoRA; c.On() {
		for _, p := range m.params {
			adapted := m.byName[p.Name+loraA] != nil
			p.Frozen = !p.Adapter() && (adapted || !matchesAny(c.Train, p.Name))
		}
	}
}

// adapted is the matrix w of a name with its adapter.
func (g *graph) adapted(name string, w *G.Node) *G.Node {
	y, ok := g.lowRank[name]
	if !ok {
		y = g.AddLowRank(w, g.stored(name+loraA), g.stored(name+loraB), g.config.LoRA.scale())
		g.lowRank[name] = y
	}
	return y
}

// Merged is a model without adapters that computes what m does: each matrix is W +
// alpha/rank B A. A model that has none is returned as it is. A nil pool is the
// process's.
func (m *CLIP) Merged(pool *Pool) (*CLIP, error) {
	l := m.config.LoRA
	if !l.On() {
		return m, nil
	}
	c := m.config
	c.LoRA = LoRAConfig{}
	plain, err := Blank(c)
	if err != nil {
		return nil, err
	}
	pool = pool.OrDefault()
	pool.Lock()
	defer pool.Unlock()
	for _, p := range plain.params {
		w, a, b := m.byName[p.Name], m.byName[p.Name+loraA], m.byName[p.Name+loraB]
		if a == nil {
			copy(p.Value, w.Value)
			continue
		}
		scaled := make([]float32, len(b.Value))
		pool.Scale(scaled, b.Value, l.scale())
		pool.Gemm(p.Value, scaled, a.Value, p.Shape[0], p.Shape[1], l.Rank, kernel.Gemm{Residual: w.Value})
	}
	return plain, nil
}
