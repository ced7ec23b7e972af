package model

// FLOPs are multiplications and additions of matrix products, two for each element of
// an operand that meets one of the other. What a kernel leaves out, such as half of
// causal attention, is counted, so that rates compare.

// ImageFLOPs is the FLOPs of the image tower for one image, of which all patches are seen.
func (c Config) ImageFLOPs() float64 {
	c.SetDefaults()
	return c.imageFLOPs(c.Image.tokens())
}

// imageFLOPs is ImageFLOPs where the blocks see some of the tokens.
func (c Config) imageFLOPs(tokens int) float64 {
	flops := c.patchFLOPs() + blockFLOPs(tokens, c.Image.Width, c.Image.MLPWidth, c.Image.Layers)
	if t, d := float64(tokens), float64(c.Image.Width); c.Image.Pool == "map" {
		flops += 4*(t+1)*d*d + 4*t*d + 4*d*float64(c.Image.MLPWidth)
	}
	if c.Image.NoProjection {
		return flops
	}
	return flops + 2*float64(c.Image.Width)*float64(c.EmbedDim)
}

// TextFLOPs is the FLOPs of the text tower for one text of full length.
func (c Config) TextFLOPs() float64 {
	c.SetDefaults()
	return blockFLOPs(c.Text.ContextLength, c.Text.Width, c.Text.MLPWidth, c.Text.Layers) +
		2*float64(c.Text.Width)*float64(c.EmbedDim)
}

// StepFLOPs is the FLOPs of a step for one pair: of both towers and the loss, twice
// as many for their gradients, of which there is none by the pixels, and those of the
// forward passes that s recomputes.
func (c Config) StepFLOPs(s StepConfig) float64 {
	c.SetDefaults()
	towers := c.imageFLOPs(c.Image.keptTokens()) + c.TextFLOPs()
	grid := 4 * float64(s.Batch) * float64(c.EmbedDim) // a row and a column of it
	flops := 3*(towers+grid) - c.patchFLOPs()
	if !s.whole() {
		flops += towers
	}
	if s.Rematerialize {
		flops += towers * 2 / 3 // all of a block but its last product
	}
	return flops
}

// StepFLOPs is that of the config, without what a frozen tower leaves out: its gradients
// and the second forward pass for them, and with cached embeddings the first as well.
// A tower of which a part is frozen counts as one that trains.
func (m *CLIP) StepFLOPs(s StepConfig) float64 {
	c, flops := m.config, m.config.StepFLOPs(s)
	for _, t := range []struct {
		tower                 Tower
		forward, withoutInput float64
		cached                bool
	}{
		{ImageTower, c.imageFLOPs(c.Image.keptTokens()), c.patchFLOPs(), s.CachedImages}, {TextTower, c.TextFLOPs(), 0, s.CachedTexts},
	} {
		if m.Trains(t.tower) {
			continue
		}
		flops -= 2*t.forward - t.withoutInput
		if !s.whole() {
			flops -= t.forward
		}
		if s.Rematerialize {
			flops -= t.forward * 2 / 3
		}
		if t.cached {
			flops -= t.forward
		}
	}
	return flops
}

// patchFLOPs is the FLOPs of the patch embedding of one image.
func (c Config) patchFLOPs() float64 {
	return 2 * float64(c.Image.patches()) * float64(3*c.Image.Patch*c.Image.Patch) * float64(c.Image.Width)
}

// blockFLOPs is the FLOPs of residual blocks of width D over T tokens: 2 T D² for
// queries, keys, values and their result each, 4 T D M for the two products of an
// MLP of width M, and 2 T² D for the scores and for their sums of values.
func blockFLOPs(tokens, width, mlp, layers int) float64 {
	t, d, m := float64(tokens), float64(width), float64(mlp)
	return float64(layers) * (8*t*d*d + 4*t*d*m + 4*t*t*d)
}
