package model

import "math"

// Position embeddings become those of another number of tokens as in PyTorch, so that
// weights start the same way here and in open_clip: a grid by bicubic interpolation with
// antialiasing, a text by linear interpolation.

// A resampling has a row for each place of the result: the weights of the places that it
// is made of, which sum to 1.
type resampling [][]float64

// bicubic is torch.nn.functional.interpolate(mode="bicubic", antialias=True,
// align_corners=False) along one axis: Keys's kernel with a = -0.5, which grows with the
// factor where the axis shrinks.
func bicubic(from, to int) resampling {
	scale := float64(from) / float64(to)
	stretch := max(1, scale)
	w := make(resampling, to)
	for i := range w {
		w[i] = make([]float64, from)
		center := scale * (float64(i) + 0.5)
		first := max(0, int(center-2*stretch+0.5))
		last := min(from, int(center+2*stretch+0.5))
		var sum float64
		for j := first; j < last; j++ {
			w[i][j] = keys((float64(j) - center + 0.5) / stretch)
			sum += w[i][j]
		}
		for j := first; j < last; j++ {
			w[i][j] /= sum
		}
	}
	return w
}

// keys is the cubic convolution kernel of Keys (1981), equation 15, where a = -0.5.
func keys(x float64) float64 {
	const a = -0.5
	switch x = math.Abs(x); {
	case x < 1:
		return ((a+2)*x-(a+3))*x*x + 1
	case x < 2:
		return ((x-5)*x+8)*x*a - 4*a
	}
	return 0
}

// linear is torch.nn.functional.interpolate(mode="linear", align_corners=False).
func linear(from, to int) resampling {
	scale := float64(from) / float64(to)
	w := make(resampling, to)
	for i := range w {
		w[i] = make([]float64, from)
		at := max(0, scale*(float64(i)+0.5)-0.5)
		j := int(at)
		part := at - float64(j)
		w[i][j] += 1 - part
		w[i][min(j+1, from-1)] += part
	}
	return w
}

// apply resamples the middle axis of x (outer, from, inner): the result is (outer, to, inner).
func (w resampling) apply(x []float64, inner int) []float64 {
	from, to := len(w[0]), len(w)
	outer := len(x) / (from * inner)
	y := make([]float64, outer*to*inner)
	for o := range outer {
		for i, row := range w {
			out := y[(o*to+i)*inner:][:inner]
			for j, weight := range row {
				if weight == 0 {
					continue
				}
				for c, v := range x[(o*from+j)*inner:][:inner] {
					out[c] += weight * v
				}
			}
		}
	}
	return y
}

// resizeGrid makes the embeddings (from x from, d) of patches those of (to x to, d).
func resizeGrid(x []float64, from, to int) []float64 {
	d := len(x) / (from * from)
	w := bicubic(from, to)
	return w.apply(w.apply(x, d), to*d)
}

// resizeText makes the embeddings (from, d) of tokens those of (to, d).
func resizeText(x []float64, from, to int) []float64 {
	return linear(from, to).apply(x, len(x)/from)
}
