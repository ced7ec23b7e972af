package export

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/model"
)

// Blend returns a model whose weights are (1-alpha) a + alpha b, for alpha from 0 to 1:
// of a model and what it was fine-tuned to, it often keeps what the first could and has
// most of what the second learned. Both must have the same architecture, tokenizer and
// preprocessing; the first difference is an error. The tokenizer and the preprocessing
// are a's.
//
// Source: Wortsman et al., "Robust fine-tuning of zero-shot models" (WiSE-FT),
// arXiv:2109.01903, equation 1.
func Blend(a, b Model, alpha float64) (*model.CLIP, error) {
	if !(alpha >= 0 && alpha <= 1) {
		return nil, fmt.Errorf("export: alpha %g; want 0, the first model, to 1, the second", alpha)
	}
	var err error
	if a.CLIP, err = a.CLIP.Merged(nil); err != nil {
		return nil, err
	}
	if b.CLIP, err = b.CLIP.Merged(nil); err != nil {
		return nil, err
	}
	if err := same(a, b); err != nil {
		return nil, fmt.Errorf("export: blend: %w", err)
	}
	m, err := model.Blank(a.CLIP.Config())
	if err != nil {
		return nil, err
	}
	first, second := a.CLIP.Params(), b.CLIP.Params()
	for i, p := range m.Params() {
		x, y := first[i].Value, second[i].Value
		for j := range p.Value {
			p.Value[j] = float32((1-alpha)*float64(x[j]) + alpha*float64(y[j]))
		}
	}
	return m, nil
}

// same returns an error for the first field in which two models differ.
func same(a, b Model) error {
	x, y := architecture(a.CLIP.Config()), architecture(b.CLIP.Config())
	if err := sameFields("model", reflect.ValueOf(x), reflect.ValueOf(y)); err != nil {
		return err
	}
	i, j := reflect.ValueOf(compared(a.Preprocess)), reflect.ValueOf(compared(b.Preprocess))
	if err := sameFields("data.preprocess", i, j); err != nil {
		return err
	}
	equal, err := sameTokenizer(a.Tokenizer, b.Tokenizer)
	if err == nil && !equal {
		err = fmt.Errorf("the tokenizers of %d and %d tokens differ; want the same", a.Tokenizer.Size(), b.Tokenizer.Size())
	}
	return err
}

// architecture is a config without what concerns training alone.
func architecture(c model.Config) model.Config {
	c.From, c.Architecture, c.Image.PatchDropout = "", "", 0
	c.LogitBias = 0   // a first value
	c.Activation = "" // the towers have their own
	return c
}

// compared is a config without what concerns training alone, and with the numbers that
// a name stands for.
func compared(c preprocess.Config) preprocess.Config {
	c.SetDefaults()
	c.Mean, c.Std = c.MeanStd()
	c.Normalize, c.Augment = "", preprocess.Augment{}
	if len(c.Fill) == 0 {
		c.Fill = []int{0, 0, 0}
	}
	return c
}

// sameFields compares two structs by the names of their keys.
func sameFields(name string, a, b reflect.Value) error {
	for i := range a.NumField() {
		x, y := a.Field(i), b.Field(i)
		key, _, _ := strings.Cut(a.Type().Field(i).Tag.Get("yaml"), ",")
		key = name + "." + key
		if x.Kind() == reflect.Struct {
			if err := sameFields(key, x, y); err != nil {
				return err
			}
		} else if !reflect.DeepEqual(x.Interface(), y.Interface()) {
			return fmt.Errorf("%s: have %v and %v; want the same", key, x.Interface(), y.Interface())
		}
	}
	return nil
}
