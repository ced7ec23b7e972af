package export

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/model"
)

// The folders of the two towers, as photo applications have them.
const (
	visual    = "visual"
	textual   = "textual"
	graphFile = "/model.onnx"
)

// onnxConfig is config.json: the part of open_clip's model_cfg that says how texts and
// pictures come in. The towers are in the graphs.
type onnxConfig struct {
	EmbedDim int        `json:"embed_dim"`
	Vision   onnxVision `json:"vision_cfg"`
	Text     onnxText   `json:"text_cfg"`
}

type onnxVision struct {
	Size int `json:"image_size"`
}

type onnxText struct {
	Context    int            `json:"context_length"`
	Vocabulary int            `json:"vocab_size"`
	Kwargs     map[string]any `json:"tokenizer_kwargs,omitempty"`
}

// graphs are the towers of a model with the names of their files.
func graphs(m *model.CLIP) map[string]*onnxGraph {
	image, text := imageGraph(m), textGraph(m)
	for _, g := range []*onnxGraph{image, text} {
		g.properties = [][2]string{{"logit_scale", fmt.Sprint(m.LogitScale())}, {"logit_bias", fmt.Sprint(m.LogitBias())},
			{"loss", m.Config().Loss}}
	}
	return map[string]*onnxGraph{visual + graphFile: image, textual + graphFile: text}
}

// planONNX is two graphs, as photo applications read them.
func planONNX(m *Model) (*plan, error) {
	p := &plan{format: ONNX}
	picture, err := p.openCLIPPicture(m)
	if err != nil {
		return nil, err
	}
	all := graphs(m.CLIP)
	for _, name := range []string{visual + graphFile, textual + graphFile} {
		g := all[name]
		if err := g.checkSize(); err != nil {
			return nil, err
		}
		p.files = append(p.files, checkpoint.File{Name: name, Write: g.write})
	}
	p.noteCleaning(m.Tokenizer, "a program that runs textual/tokenizer.json")
	c := m.CLIP.Config()
	text := onnxText{Context: c.Text.ContextLength, Vocabulary: c.Text.VocabSize}
	if clean := m.Tokenizer.Clean(); clean != "none" && clean != "whitespace" {
		text.Kwargs = map[string]any{"clean": string(clean)}
	}
	return p, errors.Join(p.json(visual+"/preprocess_cfg.json", picture), p.tokenizer(m, textual+"/"),
		p.json("config.json", onnxConfig{c.EmbedDim, onnxVision{c.Image.Size}, text}))
}

// compareGraphs reads the graphs of dir back: their constants are those of the model's
// towers, to the bit, no other ones, and every parameter but the loss's is in one of
// them. What the nodes compute is not looked at.
func compareGraphs(m *Model, dir string) error {
	used := map[string]bool{"logit_scale": true, "logit_bias": true}
	for name, g := range graphs(m.CLIP) {
		file, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		have, err := readConstants(file)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, want := range g.constants {
			c, ok := have[want.name]
			if !ok || !slices.Equal(c.shape, want.shape) || !slices.EqualFunc(c.floats, want.floats, sameBits) ||
				!slices.Equal(c.ints, want.ints) {
				return fmt.Errorf("%s: %s: have %v; want %v and the values of the model", name, want.name, c.shape,
					want.shape)
			}
			used[strings.TrimSuffix(want.name, transposed)] = true
		}
		if len(have) != len(g.constants) {
			return fmt.Errorf("%s: have %d tensors; want %d", name, len(have), len(g.constants))
		}
	}
	for _, p := range m.CLIP.Params() {
		if !used[p.Name] {
			return fmt.Errorf("parameter %s is in none of the graphs", p.Name)
		}
	}
	return nil
}

func sameBits(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }

// readConstants are the tensors of a file of ONNX by name.
func readConstants(file []byte) (map[string]constant, error) {
	all := map[string]constant{}
	err := fields(file, func(field protowire.Number, graph []byte, _ uint64) error {
		if field != 7 {
			return nil
		}
		return fields(graph, func(field protowire.Number, tensor []byte, _ uint64) error {
			if field != 5 {
				return nil
			}
			c, err := readConstant(tensor)
			all[c.name] = c
			return err
		})
	})
	return all, err
}

func readConstant(tensor []byte) (c constant, err error) {
	var kind uint64
	var raw []byte
	c.shape = []int{}
	err = fields(tensor, func(field protowire.Number, text []byte, number uint64) error {
		switch field {
		case 1:
			c.shape = append(c.shape, int(number))
		case 2:
			kind = number
		case 8:
			c.name = string(text)
		case 9:
			raw = text
		}
		return nil
	})
	switch kind {
	case onnxFloat:
		for ; len(raw) >= 4; raw = raw[4:] {
			c.floats = append(c.floats, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
		}
	case onnxInt64:
		for ; len(raw) >= 8; raw = raw[8:] {
			c.ints = append(c.ints, int64(binary.LittleEndian.Uint64(raw)))
		}
	}
	if err == nil && len(raw) > 0 {
		err = fmt.Errorf("tensor %q of type %d: %d bytes are left over", c.name, kind, len(raw))
	}
	return c, err
}

// fields goes through the fields of a message, which have bytes or a number.
func fields(m []byte, visit func(field protowire.Number, text []byte, number uint64) error) error {
	for len(m) > 0 {
		field, kind, n := protowire.ConsumeTag(m)
		if n < 0 {
			return protowire.ParseError(n)
		}
		m = m[n:]
		var text []byte
		var number uint64
		switch kind {
		case protowire.BytesType:
			text, n = protowire.ConsumeBytes(m)
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(m)
		case protowire.Fixed32Type:
			var bits uint32
			bits, n = protowire.ConsumeFixed32(m)
			number = uint64(bits)
		default:
			n = protowire.ConsumeFieldValue(field, kind, m)
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		m = m[n:]
		if err := visit(field, text, number); err != nil {
			return err
		}
	}
	return nil
}
