package foreign

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/goclip/goclip/checkpoint/weightfile"
	"github.com/goclip/goclip/checkpoint/weights"
	"github.com/goclip/goclip/model"
)

// Load makes a model of an architecture and sets every parameter from a file of
// weights, or from the index of several: goclip's own, or those of open_clip,
// transformers or timm's SigLIP towers inside of open_clip, each under its own
// names. A tensor that is missing, has another shape, or is not of the model is an
// error.
func Load(path string, c model.Config) (*model.CLIP, error) {
	w, err := weightfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = w.Close() }() // it was only read
	m, err := load(weights.Track(w), c)
	if err != nil {
		return nil, fmt.Errorf("foreign: %s: %w", path, err)
	}
	return m, nil
}

func load(file *weights.Tracked, c model.Config) (*model.CLIP, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.SetDefaults()
	if err := checkSize(file.Tensors(), c); err != nil {
		return nil, err
	}
	m, err := model.Blank(c)
	if err != nil {
		return nil, err
	}
	return m, fill(m, file)
}

// checkSize refuses an architecture that is far larger than the file before it
// takes memory: a config may say anything.
func checkSize(tensors []weights.Tensor, c model.Config) error {
	elements := 0
	for _, t := range tensors {
		elements += t.Elements()
	}
	if blocks := c.Image.Layers + c.Text.Layers; blocks > len(tensors) {
		return fmt.Errorf("have %d tensors; want those of %d blocks", len(tensors), blocks)
	}
	if n := c.ParamCount(); n < 0 || n > 2*elements+1<<16 {
		return fmt.Errorf("have %d numbers; want %d parameters", elements, n)
	}
	return nil
}

// fill sets the parameters of m.
func fill(m *model.CLIP, file *weights.Tracked) error {
	n := namesOf(file.Tensors())
	for _, p := range m.Params() {
		if err := read(file, p, n.of(p.Name)); err != nil {
			return err
		}
	}
	for _, t := range file.Tensors() {
		for _, end := range harmless {
			if t.Name == end || strings.HasSuffix(t.Name, "."+end) {
				file.Skip(t.Name)
			}
		}
	}
	if v := m.LogitScale(); math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("logit_scale: the factor is %g; want a finite number", v)
	}
	if v := m.LogitBias(); math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Errorf("logit_bias %g; want a finite number", v)
	}
	unread := file.Unread()
	if len(unread) == 0 {
		return nil
	}
	more := ""
	if len(unread) > 1 {
		more = fmt.Sprintf(" and %d more", len(unread)-1)
	}
	return fmt.Errorf("tensor %.200q %v%s: the model has no such parameter", unread[0].Name, unread[0].Shape, more)
}

// read sets a parameter to the rows of tensors.
func read(file *weights.Tracked, p *model.Param, at place) error {
	want := slices.Clone(p.Shape)
	if at.transposed {
		slices.Reverse(want)
	}
	want = squeezed(want)
	dst, rows := p.Value, 0
	for _, name := range at.parts {
		t, ok := file.Tensor(name)
		if !ok {
			of := ""
			if name != p.Name {
				of = fmt.Sprintf(" for the parameter %s", p.Name)
			}
			return fmt.Errorf("tensor %q: %w%s; want %v", name, weights.ErrNotFound, of, p.Shape)
		}
		have := squeezed(t.Shape)
		fits := slices.Equal(have, want)
		if len(at.parts) > 1 && len(have) == len(want) {
			rows += have[0]
			fits = slices.Equal(have[1:], want[1:]) && rows <= want[0]
		}
		if !fits {
			return fmt.Errorf("tensor %q: have %v; want %v", name, t.Shape, want)
		}
		if err := file.ReadFloat32s(name, dst[:t.Elements()]); err != nil {
			return err
		}
		dst = dst[t.Elements():]
	}
	if len(dst) > 0 {
		return fmt.Errorf("tensors %q: have %d rows; want %v", at.parts, rows, want)
	}
	if at.transposed {
		transpose(p.Value, want[0], want[1])
	}
	return nil
}

// squeezed is a shape without ones in front: a scalar may be [], [1] or [1, 1].
func squeezed(shape []int) []int {
	for len(shape) > 0 && shape[0] == 1 {
		shape = shape[1:]
	}
	return shape
}

// transpose turns a matrix of rows x columns.
func transpose(x []float32, rows, columns int) {
	from := slices.Clone(x)
	for r := range rows {
		for c := range columns {
			x[c*rows+r] = from[r*columns+c]
		}
	}
}
