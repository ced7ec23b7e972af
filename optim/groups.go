package optim

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goclip/goclip/internal/glob"
	"github.com/goclip/goclip/model"
)

// A Group is a set of parameters that are updated otherwise than the rest.
type Group struct {
	// Match is a pattern of whole names of parameters, such as visual.*, in which *
	// is any text, dots included, ? one letter, and [ab] one of these. A group that
	// no parameter belongs to is an error.
	Match string `yaml:"match"`

	// LearningRate is the peak of the schedule for the group, in place of
	// optim.learning_rate; 0 means that one. Of matrices that Muon updates, it scales
	// optim.muon.learning_rate by as much.
	LearningRate float64 `yaml:"learning_rate"`

	// WeightDecay takes the place of optim.weight_decay in the group, and of
	// optim.muon.weight_decay. Gains, biases and the like still do not decay. 0 means
	// optim.weight_decay, or Muon's, and -1 that nothing decays.
	WeightDecay float64 `yaml:"weight_decay"`
}

// A rule is how one parameter is updated.
type rule struct {
	peak  float64 // of its learning rate
	decay float64 // of its weights
	muon  bool    // and not AdamW
}

// compare orders rules by their numbers.
func (r rule) compare(o rule) int {
	muon := func(r rule) int {
		if r.muon {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(r.peak, o.peak), cmp.Compare(r.decay, o.decay), cmp.Compare(muon(r), muon(o)))
}

// in is a rule with the numbers that a group sets.
func (c Config) in(g Group, r rule) rule {
	switch {
	case g.LearningRate > 0 && r.muon:
		r.peak *= g.LearningRate / c.LearningRate
	case g.LearningRate > 0:
		r.peak = g.LearningRate
	}
	switch {
	case g.WeightDecay < 0:
		r.decay = 0
	case g.WeightDecay > 0:
		r.decay = g.WeightDecay
	}
	return r
}

// validateGroups reports the first group that cannot work with any parameters.
func (c Config) validateGroups() error {
	for i, g := range c.Groups {
		if !glob.Valid(g.Match) {
			return fmt.Errorf("optim: groups[%d]: match %q is not a pattern of names, such as visual.*", i, g.Match)
		}
		if !(g.LearningRate >= 0 && g.LearningRate <= 10) {
			return fmt.Errorf("optim: groups[%d] (%s): learning_rate %g is not in [0, 10]", i, g.Match, g.LearningRate)
		}
		r := c.in(g, rule{peak: c.LearningRate, decay: c.WeightDecay})
		if !(g.WeightDecay == -1 || g.WeightDecay >= 0 && r.decay*r.peak < 1) {
			return fmt.Errorf("optim: groups[%d] (%s): weight_decay %g is not -1, nor is it in [0, 1) "+
				"times learning_rate %g", i, g.Match, g.WeightDecay, r.peak)
		}
	}
	return nil
}

// rules returns the rule of each parameter of towers with so many layers.
func (c Config) rules(params []*model.Param, layers layers) ([]rule, error) {
	rules, used := make([]rule, len(params)), make([]bool, len(c.Groups))
	for i, p := range params {
		r := rule{peak: c.LearningRate, decay: c.WeightDecay}
		if c.Muon.on() && hidden(p) {
			r = rule{c.Muon.LearningRate, c.Muon.WeightDecay, true}
		}
		in := slices.IndexFunc(c.Groups, func(g Group) bool { return glob.Match(g.Match, p.Name) })
		if in >= 0 {
			used[in] = true
			r = c.in(c.Groups[in], r)
		}
		if c.LayerDecay > 0 {
			r.peak *= math.Pow(c.LayerDecay, float64(layers.belowTop(p.Name)))
		}
		if !p.Decay {
			r.decay = 0
		}
		if r.decay*r.peak >= 1 {
			return nil, fmt.Errorf("optim: %s: weight decay %g times learning rate %g is not below 1; "+
				"want less of one in its group", p.Name, r.decay, r.peak)
		}
		rules[i] = r
	}
	if c.Muon.on() && !slices.ContainsFunc(rules, func(r rule) bool { return r.muon }) {
		return nil, fmt.Errorf("optim: muon: none of the %d trainable parameters is a matrix of a residual block; "+
			"want muon.learning_rate 0", len(params))
	}
	if i := slices.Index(used, false); i >= 0 {
		return nil, c.unused(i, params)
	}
	return rules, nil
}

// unused says why no parameter belongs to a group.
func (c Config) unused(i int, params []*model.Param) error {
	g := c.Groups[i]
	var names []string
	for _, p := range params {
		if glob.Match(g.Match, p.Name) {
			return fmt.Errorf("optim: groups[%d]: groups before it have all that %q matches, such as %s; "+
				"want the narrower group first", i, g.Match, p.Name)
		}
		names = append(names, p.Name)
	}
	return fmt.Errorf("optim: groups[%d]: %q matches none of the %d trainable parameters; the nearest is %s",
		i, g.Match, len(params), glob.Nearest(g.Match, names))
}

// layers counts the blocks of each tower by its prefix, "visual." or "".
type layers map[string]int

var (
	block      = regexp.MustCompile(`^(visual\.)?transformer\.resblocks\.(\d+)\.`)
	embeddings = regexp.MustCompile(`^(visual\.)?(conv1|(class|positional|token)_embedding|ln_pre)(\.|$)`)
)

func countLayers(params []*model.Param) layers {
	l := layers{}
	for _, p := range params {
		if m := block.FindStringSubmatch(p.Name); m != nil {
			n, _ := strconv.Atoi(m[2])
			l[m[1]] = max(l[m[1]], n+1)
		}
	}
	return l
}

// belowTop is how many layers a parameter lies below the top of its tower: 0 of
// what follows the blocks, then 1 of the last block, and the most of embeddings,
// which the first LayerNorm of an image tower is counted to.
func (l layers) belowTop(name string) int {
	if m := block.FindStringSubmatch(name); m != nil {
		n, _ := strconv.Atoi(m[2])
		return l[m[1]] - n
	}
	if m := embeddings.FindStringSubmatch(name); m != nil {
		return l[m[1]] + 1
	}
	return 0
}

// Groups is a table of the parameters by their peak learning rate and weight decay.
func (a *Optimizer) Groups() string {
	type row struct {
		tensors, elements int
		names             []string // some, of one block where several have them
	}
	rows := map[rule]*row{}
	for i, p := range a.params {
		r := rows[a.rules[i]]
		if r == nil {
			r = &row{}
			rows[a.rules[i]] = r
		}
		r.tensors++
		r.elements += len(p.Value)
		anyBlock := func(name string) string { return block.ReplaceAllString(name, "${1}*.") }
		same := func(name string) bool { return anyBlock(name) == anyBlock(p.Name) }
		if len(r.names) < 4 && !slices.ContainsFunc(r.names, same) {
			r.names = append(r.names, p.Name)
		}
	}
	var s strings.Builder
	fmt.Fprintf(&s, "%-14s %-13s %7s %12s  %s", "learning rate", "weight decay", "tensors", "parameters", "such as")
	for _, key := range slices.SortedFunc(maps.Keys(rows), rule.compare) {
		r := rows[key]
		fmt.Fprintf(&s, "\n%-14.4g %-13.4g %7d %12d  %s",
			key.peak, key.decay, r.tensors, r.elements, strings.Join(r.names, ", "))
		if key.muon {
			s.WriteString(" (Muon)")
		}
	}
	return s.String()
}
