package model

// FLOPs are multiplications and additions of matrix products, two for each element of
// an operand that meets one of the other. What a kernel leaves out, such as half of
// causal attention, is counted, so that rates compare.

// ImageFLOPs is the FLOPs of the image tower for one image.
func (c Config) ImageFLOPs() float64 {
	return c.patchFLOPs() + blockFLOPs(c.Image.tokens(), c.Image.Width, c.Image.Layers) +
		2*float64(c.Image.Width)*float64(c.EmbedDim)
}

// TextFLOPs is the FLOPs of the text tower for one text of full length.
func (c Config) TextFLOPs() float64 {
	return blockFLOPs(c.Text.ContextLength, c.Text.Width, c.Text.Layers) +
		2*float64(c.Text.Width)*float64(c.EmbedDim)
}

// StepFLOPs is the FLOPs of a step for one pair: of both towers and the loss, twice
// as many for their gradients, of which there is none by the pixels, and those of the
// forward passes that s recomputes.
func (c Config) StepFLOPs(s StepConfig) float64 {
	towers := c.ImageFLOPs() + c.TextFLOPs()
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

// patchFLOPs is the FLOPs of the patch embedding of one image.
func (c Config) patchFLOPs() float64 {
	patches := c.Image.tokens() - 1
	return 2 * float64(patches) * float64(3*c.Image.Patch*c.Image.Patch) * float64(c.Image.Width)
}

// blockFLOPs is the FLOPs of residual blocks of width D over T tokens: 2 T D² for
// queries, keys, values and their result each, 16 T D² for the two products of the
// MLP, and 2 T² D for the scores and for their sums of values.
func blockFLOPs(tokens, width, layers int) float64 {
	t, d := float64(tokens), float64(width)
	return float64(layers) * (24*t*d*d + 4*t*t*d)
}
