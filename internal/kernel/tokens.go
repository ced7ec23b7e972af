package kernel

// Assemble puts the class token before the patches of each image and adds the
// position embeddings:
//
//	y[n, 0] = class + position[0], y[n, 1+i] = patches[n, i] + position[1+i]
//
// patches (N*(T-1), D), class (D), position (T, D), y (N*T, D).
func (p *Pool) Assemble(y, patches, class, position []float32, n, t int) {
	d := len(class)
	checkAssemble("Assemble", y, patches, position, n, t, d)
	p.assemble = assembleTask{y, patches, class, position, t}
	p.run(&p.assemble, n)
	p.assemble = assembleTask{}
}

type assembleTask struct {
	y, patches, class, position []float32
	t                           int
}

func (a *assembleTask) do(_, n int) {
	t, d := a.t, len(a.class)
	y, patches := a.y[n*t*d:][:t*d], a.patches[n*(t-1)*d:][:(t-1)*d]
	add(y[:d], a.class, a.position[:d])
	add(y[d:], patches, a.position[d:])
}

// AssembleGrad computes the gradients of Assemble.
func (p *Pool) AssembleGrad(dpatches, dclass, dposition, dy []float32, n, t int) {
	d := len(dclass)
	checkAssemble("AssembleGrad", dy, dpatches, dposition, n, t, d)
	p.assembleGrad = assembleGradTask{dpatches, dposition, dy, n, t, d}
	p.run(&p.assembleGrad, t)
	p.assembleGrad = assembleGradTask{}
	copy(dclass, dposition[:d])
}

type assembleGradTask struct {
	dpatches, dposition, dy []float32
	n, t, d                 int
}

// do computes the gradient of a token's position, and of its patch in each image.
func (a *assembleGradTask) do(_, token int) {
	t, d := a.t, a.d
	sum := a.dposition[token*d:][:d]
	clear(sum)
	for n := range a.n {
		dy := a.dy[(n*t+token)*d:][:d]
		add(sum, sum, dy)
		if token > 0 {
			copy(a.dpatches[(n*(t-1)+token-1)*d:][:d], dy)
		}
	}
}

func checkAssemble(kernel string, y, patches, position []float32, n, t, d int) {
	check(kernel, "y", len(y), n*t*d)
	check(kernel, "patches", len(patches), n*(t-1)*d)
	check(kernel, "position", len(position), t*d)
}

type unfoldTask struct {
	patches, images []float32
	side, patch     int
}

// Unfold cuts images (N, 3, S, S) into patches (N*(S/P)², 3*P*P), in rows from
// the top left; the elements of a patch are ordered by channel, row, column, as
// the kernel of a convolution is.
func (p *Pool) Unfold(patches, images []float32, n, side, patch int) {
	check("Unfold", "images", len(images), n*3*side*side)
	check("Unfold", "patches", len(patches), len(images))
	check("Unfold", "a side", side, side/patch*patch)
	p.unfold = unfoldTask{patches, images, side, patch}
	p.run(&p.unfold, n)
	p.unfold = unfoldTask{}
}

func (u *unfoldTask) do(_, tile int) {
	s, p := u.side, u.patch
	grid, size := s/p, 3*s*s
	dst, src := u.patches[tile*size:][:size], u.images[tile*size:][:size]
	for gy := range grid {
		for gx := range grid {
			for c := range 3 {
				for y := range p {
					copy(dst[:p], src[(c*s+gy*p+y)*s+gx*p:])
					dst = dst[p:]
				}
			}
		}
	}
}
