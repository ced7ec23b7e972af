package model

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestResize holds position embeddings against PyTorch's interpolate.
func TestResize(t *testing.T) {
	text, err := os.ReadFile("testdata/resize.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Kind     string
		From, To int
		Want     []float64
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		resize, tokens := resizeText, c.From
		if c.Kind == "grid" {
			resize, tokens = resizeGrid, c.From*c.From
		}
		x := make([]float64, tokens*2)
		for i := range x {
			x[i] = math.Sin(0.7*float64(i/2)+1.3*float64(i%2)) + 0.1*float64(i/2)
		}
		got := resize(x, c.From, c.To)
		if len(got) != len(c.Want) {
			t.Errorf("%s %d to %d: %d numbers; want %d", c.Kind, c.From, c.To, len(got), len(c.Want))
			continue
		}
		for i, v := range got {
			if math.Abs(v-c.Want[i]) > 1e-11 {
				t.Errorf("%s %d to %d: y[%d] = %.12f; want %.12f within 1e-11", c.Kind, c.From, c.To, i, v, c.Want[i])
				break
			}
		}
	}
}

// startConfig is a model to start from.
func startConfig() Config {
	return Config{
		EmbedDim: 8, Image: ImageConfig{Size: 8, Patch: 4, Width: 8, Layers: 1, Heads: 2},
		Text: TextConfig{ContextLength: 6, VocabSize: 20, Width: 8, Layers: 1, Heads: 2},
	}
}

// TestNewFrom holds where the parameters of a model come from that starts from another.
func TestNewFrom(t *testing.T) {
	source, err := New(startConfig(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		change func(c *Config)
		fresh  []string
		want   string // what did not come from the parameter of that name
	}{
		{"the same", func(*Config) {}, nil, ""},
		{"another size", func(c *Config) { c.Image.Size = 12 }, nil, "visual.positional_embedding resized"},
		{"pixels that no patch sees", func(c *Config) { c.Image.Size = 11 }, nil, ""},
		{"another context", func(c *Config) { c.Text.ContextLength = 9 }, nil, "positional_embedding resized"},
		{"sigmoid", func(c *Config) { c.Loss, c.LogitBias = Sigmoid, -3 }, nil, "logit_bias new"},
		{"no projection", func(c *Config) { c.Image.NoProjection = true }, nil, "visual.proj left out"},
		{"another vocabulary", func(c *Config) { c.Text.VocabSize = 30 }, []string{"token_embedding.weight"},
			"token_embedding.weight new"},
		{"equal shapes", func(*Config) {}, []string{"token_embedding.weight"}, "token_embedding.weight new"},
	} {
		c := startConfig()
		test.change(&c)
		m, starts, err := NewFrom(source, c, 2, test.fresh...)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		anew, err := New(c, 2)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range starts {
			if s.Origin != Loaded {
				got = append(got, s.Name+" "+string(s.Origin))
			}
			switch p := m.byName[s.Name]; {
			case s.Origin == Loaded && !slices.Equal(p.Value, source.byName[s.Name].Value):
				t.Errorf("%s: %s differs from the source's", test.name, s.Name)
			case s.Origin == Fresh && !slices.Equal(p.Value, anew.byName[s.Name].Value):
				t.Errorf("%s: %s differs from that of New", test.name, s.Name)
			}
		}
		if text := strings.Join(got, ", "); text != test.want {
			t.Errorf("%s: %q; want %q", test.name, text, test.want)
		}
	}
	c := startConfig()
	c.Image.Size = 16
	m, _, err := NewFrom(source, c, 2)
	if err != nil {
		t.Fatal(err)
	}
	now, was := m.byName["visual.positional_embedding"].Value, source.byName["visual.positional_embedding"].Value
	if len(now) != 17*8 || !slices.Equal(now[:8], was[:8]) {
		t.Errorf("the class token has the position %v; want %v", now[:8], was[:8])
	}
	want := resizeGrid(widen(was[8:]), 2, 4)
	if now[8] != float32(want[0]) || now[len(now)-1] != float32(want[len(want)-1]) {
		t.Errorf("patches have %v ... %v; want %v ... %v", now[8], now[len(now)-1], want[0], want[len(want)-1])
	}
}

func TestNewFromErrors(t *testing.T) {
	source, err := New(startConfig(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(c *Config){
		"model: visual.conv1.weight: the source has (8, 3, 4, 4); want (8, 3, 2, 2)": func(c *Config) { c.Image.Patch = 2 },
		"model: visual.positional_embedding: the source has (5, 8); want (4, 8)": func(c *Config) {
			c.Image.NoClassToken, c.Image.Pool = true, "average"
		},
		"model: visual.proj: the source has (8, 8); want (8, 4)":              func(c *Config) { c.EmbedDim = 4 },
		"model: token_embedding.weight: the source has (20, 8); want (30, 8)": func(c *Config) { c.Text.VocabSize = 30 },
	} {
		c := startConfig()
		change(&c)
		if _, _, err := NewFrom(source, c, 1); err == nil || err.Error() != want {
			t.Errorf("%v; want %q", err, want)
		}
	}
}
