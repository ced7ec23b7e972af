package model

// FLOPs is about the number of multiplications and additions of a forward pass
// of one pair: those of matrix products. A step takes three times as many, for
// the products with both gradients, and once more what it computes again.
func (c Config) FLOPs() float64 {
	block := func(tokens, width, layers int) float64 {
		t, d := float64(tokens), float64(width)
		return float64(layers) * (24*t*d*d + 4*t*t*d)
	}
	e := float64(c.EmbedDim)
	patch, width := float64(3*c.Image.Patch*c.Image.Patch), float64(c.Image.Width)
	image := 2*float64(c.Image.tokens()-1)*patch*width + block(c.Image.tokens(), c.Image.Width, c.Image.Layers) + 2*width*e
	text := block(c.Text.ContextLength, c.Text.Width, c.Text.Layers) + 2*float64(c.Text.Width)*e
	return image + text
}

// FLOPs is about the number of a step, for one pair: see Config.FLOPs.
func (m *CLIP) FLOPs(c StepConfig) float64 {
	passes := 3.0
	if !c.whole() {
		passes++
	}
	if c.Rematerialize {
		passes += 2.0 / 3 // all of a block but its last product
	}
	return passes * m.config.FLOPs()
}
