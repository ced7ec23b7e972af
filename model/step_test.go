package model_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
)

// TestGradients compares the gradient of every parameter with what the loss
// does when the parameter moves along it, for each activation and architecture, with
// towers of unequal width, which the golden values do not have.
func TestGradients(t *testing.T) {
	pool := kernel.NewPool(2)
	defer pool.Close()
	for name, c := range architectures() {
		t.Run(name, func(t *testing.T) {
			m := newModel(t, c)
			s, err := m.NewTrainStep(model.StepConfig{Batch: 5, SameTexts: name == "siglip"}, pool)
			must(t, err)
			fill(s.Images(), s.Tokens(), c.Text.ContextLength)
			copy(s.Tokens()[:8], s.Tokens()[16:]) // two texts are the same
			loss := func() float64 {
				v, err := s.Run()
				must(t, err)
				return float64(v)
			}
			loss()
			grads := map[string][]float32{}
			for _, p := range m.Params() {
				grads[p.Name] = slices.Clone(p.Grad)
			}
			for _, p := range m.Params() {
				checkSlope(t, p, grads[p.Name], loss)
			}
		})
	}
}

// checkSlope moves a parameter along its gradient. A change of 0.01 is far above the
// rounding of the loss, 2e-7 of it, and small enough for what is beyond the central
// difference.
func checkSlope(t *testing.T, p *model.Param, grad []float32, loss func() float64) {
	t.Helper()
	norm := norm(grad)
	if norm == 0 {
		t.Errorf("%s: has no gradient", p.Name)
		return
	}
	length := min(0.01/norm, 0.02)
	at := slices.Clone(p.Value)
	along := func(sign float64) float64 {
		for i, g := range grad {
			p.Value[i] = float32(float64(at[i]) + sign*length*float64(g)/norm)
		}
		return loss()
	}
	above := along(1)
	slope := (above - along(-1)) / (2 * length)
	copy(p.Value, at)
	if tol := 0.01*norm + 5e-7*max(1, above)/length; !(math.Abs(slope-norm) <= tol) {
		t.Errorf("%s: the loss rises by %g along the gradient, want its norm %g within %g", p.Name, slope, norm, tol)
	}
}

// TestActivations holds that each name is a function of its own. Which one gelu
// and quick_gelu are, the golden values say.
func TestActivations(t *testing.T) {
	pool := kernel.NewPool(1)
	defer pool.Close()
	rows := map[string][]float32{}
	for _, activation := range []string{"gelu", "quick_gelu", "gelu_tanh"} {
		c := tiny()
		c.Activation = activation
		m, err := model.New(c, 3)
		must(t, err)
		e, err := m.NewTextEncoder(model.EncoderConfig{Batch: 4}, pool)
		must(t, err)
		fill(nil, e.Tokens(), c.Text.ContextLength)
		row, err := e.Run()
		must(t, err)
		for other, r := range rows {
			if slices.Equal(r, row) {
				t.Errorf("%s gives the embeddings of %s", activation, other)
			}
		}
		rows[activation] = slices.Clone(row)
	}
}

func norm(x []float32) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum)
}

// TestStepRepeats holds that a run overwrites what it finds, gradients too, and
// depends on parameters and batch alone.
func TestStepRepeats(t *testing.T) {
	m, err := model.New(tiny(), 2)
	must(t, err)
	pool := kernel.NewPool(2)
	defer pool.Close()
	s, err := m.NewTrainStep(model.StepConfig{Batch: 4}, pool)
	must(t, err)
	fill(s.Images(), s.Tokens(), 8)
	first, err := s.Run()
	must(t, err)
	grads := map[string][]float32{}
	for _, p := range m.Params() {
		grads[p.Name] = slices.Clone(p.Grad)
		for i := range p.Grad {
			p.Grad[i] = float32(math.NaN())
		}
	}
	images := slices.Clone(s.Images())
	clear(s.Images()) // a batch in between leaves nothing behind
	_, err = s.Run()
	must(t, err)
	copy(s.Images(), images)
	again, err := s.Run()
	must(t, err)
	if again != first {
		t.Errorf("loss %g, then %g", first, again)
	}
	for _, p := range m.Params() {
		if !slices.Equal(p.Grad, grads[p.Name]) {
			t.Errorf("%s: another gradient in the second run", p.Name)
		}
	}
}

// TestEncoders holds that training and both encoders give the same embeddings,
// also for a smaller batch and after the parameters moved, and that these are
// the features divided by their length.
func TestEncoders(t *testing.T) {
	const n, e = 6, 16
	m, err := model.New(tiny(), 4)
	must(t, err)
	pool := kernel.NewPool(2)
	defer pool.Close()
	s, err := m.NewTrainStep(model.StepConfig{Batch: n}, pool)
	must(t, err)
	fill(s.Images(), s.Tokens(), 8)
	for _, batch := range []int{1, 2, n} {
		image, err := m.NewImageEncoder(model.EncoderConfig{Batch: batch}, pool)
		must(t, err)
		text, err := m.NewTextEncoder(model.EncoderConfig{Batch: batch}, pool)
		must(t, err)
		if image.Batch() != batch || text.Batch() != batch {
			t.Errorf("Batch() = %d, %d, want %d", image.Batch(), text.Batch(), batch)
		}
		for range 2 {
			_, err = s.Run()
			must(t, err)
			copy(image.Images(), s.Images())
			copy(text.Tokens(), s.Tokens())
			x, err := image.Run()
			must(t, err)
			y, err := text.Run()
			must(t, err)
			near(t, fmt.Sprintf("image embeddings of %d", batch), x, s.ImageEmbeddings()[:batch*e])
			near(t, fmt.Sprintf("text embeddings of %d", batch), y, s.TextEmbeddings()[:batch*e])
			for _, enc := range []*model.Encoder{image, text} {
				unit := slices.Clone(enc.Features())
				for i := 0; i < len(unit); i += e {
					length := norm(unit[i : i+e])
					for j := range unit[i : i+e] {
						unit[i+j] = float32(float64(unit[i+j]) / length)
					}
				}
				have, err := enc.Run()
				must(t, err)
				near(t, "features divided by their length", unit, have)
			}
			for _, p := range m.Params() {
				for i, g := range p.Grad {
					p.Value[i] -= 0.1 * g
				}
			}
		}
	}
}

// near allows for the rounding of unit vectors alone: another batch may sum in
// another order.
func near(t *testing.T, name string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d elements, want %d", name, len(got), len(want))
		return
	}
	for i, v := range want {
		if !(math.Abs(float64(got[i]-v)) <= 2e-6) {
			t.Errorf("%s: [%d] = %g, want %g within 2e-6", name, i, got[i], v)
			return
		}
	}
}

// TestFirstLoss holds that an untrained model of a wide space, in which random
// directions are nearly orthogonal, does not tell the pairs of a batch apart.
func TestFirstLoss(t *testing.T) {
	const n = 64
	pool := kernel.NewPool(2)
	defer pool.Close()
	for seed := range uint64(3) {
		c := tiny()
		c.EmbedDim, c.Image.Width, c.Text.Width = 512, 64, 48
		m, err := model.New(c, seed)
		must(t, err)
		s, err := m.NewTrainStep(model.StepConfig{Batch: n}, pool)
		must(t, err)
		fill(s.Images(), s.Tokens(), 8)
		loss, err := s.Run()
		must(t, err)
		if want := math.Log(n); math.Abs(float64(loss)-want) > 0.25 {
			t.Errorf("seed %d: first loss %g, want ln %d = %g within 0.25", seed, loss, n, want)
		}
	}
}

// TestParams holds that parameters lie side by side, values and gradients, so
// that the optimizer and a checkpoint walk through memory in order, and that
// only weights decay.
func TestParams(t *testing.T) {
	m, err := model.New(tiny(), 1)
	must(t, err)
	var names []string
	for i, p := range m.Params() {
		size := 1
		for _, d := range p.Shape {
			size *= d
		}
		if len(p.Value) != size || len(p.Grad) != size {
			t.Errorf("%s %v: %d values, %d gradients, want %d", p.Name, p.Shape, len(p.Value), len(p.Grad), size)
		}
		if cap(p.Value) != size || cap(p.Grad) != size {
			t.Errorf("%s: append would write over the next parameter", p.Name)
		}
		gain := len(p.Shape) < 2 || strings.HasSuffix(p.Name, "positional_embedding")
		if p.Decay == gain {
			t.Errorf("%s %v: Decay %v, want %v", p.Name, p.Shape, p.Decay, !gain)
		}
		if slices.Contains(names, p.Name) {
			t.Errorf("%s occurs twice", p.Name)
		}
		names = append(names, p.Name)
		if i > 0 {
			last := m.Params()[i-1]
			if end(last.Value) != unsafe.SliceData(p.Value) || end(last.Grad) != unsafe.SliceData(p.Grad) {
				t.Errorf("%s does not begin where %s ends", p.Name, last.Name)
			}
		}
		if p.Name == "logit_scale" && len(p.Shape) != 0 {
			t.Errorf("logit_scale has shape %v, want that of a scalar", p.Shape)
		}
	}
}

// end points behind the last element of x.
func end(x []float32) *float32 {
	return (*float32)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(x)), 4*len(x)))
}

// TestLoad holds that what one model has, another loads, whether the scalar
// comes as such or, as from sharded training, as a vector of one.
func TestLoad(t *testing.T) {
	from, err := model.New(tiny(), 1)
	must(t, err)
	to, err := model.New(tiny(), 2)
	must(t, err)
	must(t, to.Load(func(name string) ([]int, []float32, error) {
		for _, p := range from.Params() {
			if p.Name == name && len(p.Shape) == 0 {
				return []int{1}, []float32{1.5}, nil
			}
			if p.Name == name {
				return p.Shape, p.Value, nil
			}
		}
		return nil, nil, fmt.Errorf("no tensor %s", name)
	}))
	for i, p := range from.Params()[1:] {
		if q := to.Params()[i+1]; !slices.Equal(p.Value, q.Value) {
			t.Errorf("%s was not loaded", p.Name)
		}
	}
	if to.LogitScale() != math.Exp(1.5) {
		t.Errorf("logit scale %g, want exp(1.5)", to.LogitScale())
	}
	missing := fmt.Errorf("not in the file")
	err = to.Load(func(name string) ([]int, []float32, error) { return nil, nil, missing })
	if err == nil || err.Error() != "model: logit_scale: not in the file" {
		t.Errorf("Load of nothing: %v; want error that names the tensor", err)
	}
}

// TestBadInput holds that a batch size and token ids that cannot work are
// errors, before anything is computed.
func TestBadInput(t *testing.T) {
	m, err := model.New(tiny(), 1)
	must(t, err)
	pool := kernel.NewPool(2)
	defer pool.Close()
	for _, n := range []int{-1, 0} {
		want := fmt.Sprintf("model: batch %d; want at least", n)
		_, err1 := m.NewTrainStep(model.StepConfig{Batch: n}, pool)
		_, err2 := m.NewImageEncoder(model.EncoderConfig{Batch: n}, pool)
		_, err3 := m.NewTextEncoder(model.EncoderConfig{Batch: n}, pool)
		for _, err := range []error{err1, err2, err3} {
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("batch %d: %v; want error with %q", n, err, want)
			}
		}
	}
	s, err := m.NewTrainStep(model.StepConfig{Batch: 2}, pool)
	must(t, err)
	e, err := m.NewTextEncoder(model.EncoderConfig{Batch: 2}, pool)
	must(t, err)
	for _, id := range []int32{-1, 50, math.MaxInt32} {
		s.Tokens()[9], e.Tokens()[9] = id, id
		want := fmt.Sprintf("model: token id %d; want 0 to 49", id)
		_, err1 := s.Run()
		_, err2 := e.Run()
		for _, err := range []error{err1, err2} {
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("token id %d: %v; want error with %q", id, err, want)
			}
		}
	}
	err = m.Load(func(name string) ([]int, []float32, error) {
		for _, p := range m.Params() {
			if p.Name == name {
				return p.Shape, p.Value[:len(p.Value)/2], nil
			}
		}
		return nil, nil, fmt.Errorf("no tensor %s", name)
	})
	if err == nil || err.Error() != "model: logit_scale: have 0 elements, want 1" {
		t.Errorf("Load of half the data: %v; want error", err)
	}
}
