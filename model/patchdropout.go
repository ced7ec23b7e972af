package model

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// keptPatches is the number of patches that a training step computes of each image:
// what open_clip's PatchDropout keeps.
func (c ImageConfig) keptPatches() int {
	if c.PatchDropout == 0 {
		return c.patches()
	}
	return max(1, int(float64(c.patches())*(1-c.PatchDropout)))
}

// keptTokens is keptPatches with the class token, which is always kept.
func (c ImageConfig) keptTokens() int { return c.keptPatches() + c.classTokens() }

// keptTokens are the tokens that a step computes of each image, (N, K) numbers in
// ascending order; nil of a model without patch dropout.
type keptTokens struct {
	image ImageConfig
	ids   []int32
}

func (m *CLIP) newKept(n int) keptTokens {
	k := keptTokens{image: m.config.Image}
	if k.image.PatchDropout > 0 {
		k.ids = make([]int32, n*k.image.keptTokens())
		k.DrawPatches(0, 1)
	}
	return k
}

// DrawPatches chooses the patches that the next run keeps of each image: a function of
// the seed and the number of the step alone. It does nothing in a model without patch
// dropout; a step whose caller never draws keeps those of seed 0 and step 1.
//
// Source: Li et al., FLIP, arXiv:2212.00794, section 3.
func (k *keptTokens) DrawPatches(seed uint64, step int) {
	if k.ids == nil {
		return
	}
	key := [32]byte{16: 'p', 'a', 't', 'c', 'h', 'e', 's'}
	binary.LittleEndian.PutUint64(key[:], seed)
	binary.LittleEndian.PutUint64(key[8:], uint64(step))
	rng := rand.New(rand.NewChaCha8(key))
	all, class, kept := make([]int32, k.image.patches()), k.image.classTokens(), k.image.keptTokens()
	for i := range all {
		all[i] = int32(class + i)
	}
	for row := k.ids; len(row) > 0; row = row[kept:] {
		for i := range kept - class { // the first of a shuffle
			j := i + rng.IntN(len(all)-i)
			all[i], all[j] = all[j], all[i]
		}
		copy(row[class:kept], all) // the class token is number 0
		slices.Sort(row[class:kept])
	}
}

// keptNode is the input (n, K) of kept tokens, which has no value yet; nil without patch
// dropout.
func (g *graph) keptNode(n int) *G.Node {
	c := g.config.Image
	if c.PatchDropout == 0 {
		return nil
	}
	return g.Builder.Input("kept tokens", tensor.Int32, n, c.keptTokens())
}

func (c ImageConfig) validatePatchDropout() error {
	if !(c.PatchDropout >= 0 && c.PatchDropout < 1) {
		return fmt.Errorf("model: image.patch_dropout %g is not in [0, 1)", c.PatchDropout)
	}
	return nil
}
