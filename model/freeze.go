package model

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goclip/goclip/internal/glob"
	"github.com/goclip/goclip/model/vm"
)

// A Tower is one half of a model.
type Tower string

// The towers. What belongs to neither is of the logits.
const (
	ImageTower Tower = "image"
	TextTower  Tower = "text"
)

// Tower is the tower that p belongs to; empty of the logit scale and the logit bias.
func (p *Param) Tower() Tower {
	switch {
	case strings.HasPrefix(p.Name, "visual."):
		return ImageTower
	case strings.HasPrefix(p.Name, "logit_"):
		return ""
	}
	return TextTower
}

// Freeze makes the parameters constant that match one of the patterns of whole names,
// such as visual.*, in which * is any text, dots included, ? one letter, and [ab] one
// of these. Steps compiled from then on compute no gradient of them, nor the part of
// the backward pass that only they need; their Grad is nil. A pattern that matches
// nothing is an error, and so is to freeze everything; then nothing is frozen.
func (m *CLIP) Freeze(patterns []string) error {
	names := make([]string, len(m.params))
	for i, p := range m.params {
		names[i] = p.Name
	}
	for _, pattern := range patterns {
		if !glob.Valid(pattern) {
			return fmt.Errorf("model: freeze %q is not a pattern of names, such as visual.*", pattern)
		}
		if !slices.ContainsFunc(names, func(name string) bool { return glob.Match(pattern, name) }) {
			return fmt.Errorf("model: freeze %q matches none of the %d parameters; the nearest is %s",
				pattern, len(names), glob.Nearest(pattern, names))
		}
	}
	return m.freeze(func(p *Param) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool { return glob.Match(pattern, p.Name) })
	})
}

// LockImage freezes the image tower but for its last groups, of which 0 is none. From
// below, the groups are the embeddings with ln_pre; each block but the last; the last
// block with ln_post; and the projection, or the attention pooling in its place.
//
// Source: open_clip's VisionTransformer.lock, for Zhai et al., "LiT",
// arXiv:2111.07991. It leaves attention pooling out of all groups.
func (m *CLIP) LockImage(unlocked int) error {
	c := m.config.Image
	all := c.Layers + 1
	if !c.NoProjection || c.Pool == "map" {
		all++
	}
	if unlocked < 0 || unlocked >= all {
		return fmt.Errorf("model: %d unlocked groups of the image tower; want 0 to %d, since it has %d",
			unlocked, all-1, all)
	}
	return m.freeze(func(p *Param) bool {
		return p.Tower() == ImageTower && c.group(p.Name) < all-unlocked
	})
}

// group is the group of LockImage that a parameter of the image tower is in.
func (c ImageConfig) group(name string) int {
	name = strings.TrimPrefix(name, "visual.")
	if rest, ok := strings.CutPrefix(name, "transformer.resblocks."); ok {
		number, _, _ := strings.Cut(rest, ".")
		i, _ := strconv.Atoi(number) // names are the model's own
		return i + 1
	}
	switch part, _, _ := strings.Cut(name, "."); part {
	case "ln_post":
		return c.Layers
	case "proj", "attn_pool":
		return c.Layers + 1
	}
	return 0
}

// freeze makes the parameters constant that chosen says, beside those that are.
func (m *CLIP) freeze(chosen func(p *Param) bool) error {
	if !slices.ContainsFunc(m.params, func(p *Param) bool { return !p.Frozen && !chosen(p) }) {
		return fmt.Errorf("model: all of the %d parameters are frozen; want at least one to train", len(m.params))
	}
	for _, p := range m.params {
		p.Frozen = p.Frozen || chosen(p)
	}
	m.layGradients()
	return nil
}

// layGradients gives each trainable parameter the memory of its gradient. The first
// parameter, the logit scale, is one number, and what follows it begins a cache line.
func (m *CLIP) layGradients() {
	first := 0
	if !m.byName["logit_scale"].Frozen {
		first = 15
	}
	m.grads = vm.NewArena(4 * (first + m.TrainableCount()))
	grads := m.grads[first:]
	for _, p := range m.params {
		if p.Frozen {
			p.Grad = nil
			continue
		}
		n := len(p.Value)
		p.Grad, grads = grads[:n:n], grads[n:]
	}
}

// TrainableCount is the number of elements of the parameters that are not frozen.
func (m *CLIP) TrainableCount() (n int) {
	for _, p := range m.params {
		if !p.Frozen {
			n += len(p.Value)
		}
	}
	return n
}

// Trains says whether a parameter of the tower is not frozen.
func (m *CLIP) Trains(t Tower) bool {
	return slices.ContainsFunc(m.params, func(p *Param) bool { return p.Tower() == t && !p.Frozen })
}
