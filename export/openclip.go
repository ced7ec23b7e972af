package export

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/foreign"
	"github.com/goclip/goclip/model"
)

const (
	openCLIPFile    = "open_clip_config.json"
	openCLIPWeights = "open_clip_model.safetensors"
)

// openCLIPConfig is open_clip_config.json. What is absent has the value of open_clip's
// CLIPVisionCfg and CLIPTextCfg.
type openCLIPConfig struct {
	Model      openCLIPModel   `json:"model_cfg"`
	Preprocess openCLIPPicture `json:"preprocess_cfg"`
}

type openCLIPModel struct {
	EmbedDim   int            `json:"embed_dim"`
	QuickGELU  bool           `json:"quick_gelu,omitempty"`
	LogitBias  *float64       `json:"init_logit_bias,omitempty"`
	CustomText bool           `json:"custom_text,omitempty"`
	Vision     openCLIPVision `json:"vision_cfg"`
	Text       openCLIPText   `json:"text_cfg"`
}

type openCLIPVision struct {
	Size      int    `json:"image_size"`
	Layers    int    `json:"layers,omitempty"`
	Width     int    `json:"width,omitempty"`
	HeadWidth int    `json:"head_width,omitempty"`
	Patch     int    `json:"patch_size,omitempty"`
	NoLnPre   bool   `json:"no_ln_pre,omitempty"`
	Pool      string `json:"pool_type,omitempty"`
	PoolFirst bool   `json:"final_ln_after_pool,omitempty"`
	Timm      string `json:"timm_model_name,omitempty"`
	TimmPool  string `json:"timm_pool,omitempty"`
	TimmProj  string `json:"timm_proj,omitempty"`
	openCLIPBlocks
}

type openCLIPText struct {
	Context       int            `json:"context_length"`
	Vocabulary    int            `json:"vocab_size"`
	Tokenizer     string         `json:"hf_tokenizer_name,omitempty"`
	Kwargs        map[string]any `json:"tokenizer_kwargs,omitempty"`
	Width         int            `json:"width,omitempty"`
	Heads         int            `json:"heads,omitempty"`
	Layers        int            `json:"layers,omitempty"`
	Pool          string         `json:"pool_type,omitempty"`
	EOT           int            `json:"eos_id,omitempty"`
	Bidirectional bool           `json:"no_causal_mask,omitempty"`
	Bias          bool           `json:"proj_bias,omitempty"`
	openCLIPBlocks
}

// openCLIPBlocks are the fields about blocks, which both towers have.
type openCLIPBlocks struct {
	Ratio      float64            `json:"mlp_ratio,omitempty"`
	LayerScale float64            `json:"ls_init_value,omitempty"`
	Act        map[string]string  `json:"act_kwargs,omitempty"`
	Norm       map[string]float64 `json:"norm_kwargs,omitempty"`
}

// trunkName names towers of timm; tests have some of other sizes.
var trunkName = foreign.TrunkName

// planOpenCLIP is open_clip's folder.
func planOpenCLIP(m *Model) (*plan, error) {
	p := &plan{format: OpenCLIP}
	if err := p.openCLIPConfig(m); err != nil {
		return nil, err
	}
	layout := foreign.PlainNames
	if siglipTower(m.CLIP.Config().Image) {
		layout = foreign.TrunkNames
	}
	return p, errors.Join(p.weights(m, openCLIPWeights, layout), p.tokenizer(m, ""))
}

// OpenCLIPFiles are the files with which open_clip reads a folder that has goclip's own
// weights, model.safetensors, and tokenizer.json: small ones. A model that open_clip
// does not have, or not under goclip's names, is an error.
func OpenCLIPFiles(m Model) ([]checkpoint.File, error) {
	m.Preprocess.SetDefaults()
	p := &plan{format: OpenCLIP}
	if m.CLIP.Config().LoRA.On() {
		return nil, errors.New("export: open_clip: model.lora: it has no adapters; want an export, which merges them")
	}
	if siglipTower(m.CLIP.Config().Image) {
		return nil, errors.New("export: open_clip: a tower like SigLIP's has other names there; want an export, which renames them")
	}
	if err := errors.Join(p.openCLIPConfig(&m), p.tokenizerConfig(&m, "")); err != nil {
		return nil, fmt.Errorf("export: open_clip: %w", err)
	}
	return p.files, nil
}

// weights adds a safetensors file.
func (p *plan) weights(m *Model, name string, layout foreign.Layout) error {
	tensors, err := foreign.Tensors(m.CLIP, layout)
	if err != nil {
		return err
	}
	p.files = append(p.files, checkpoint.File{
		Name: name, Size: 4 * int64(m.CLIP.Config().ParamCount()),
		Write: func(w io.Writer) error {
			return checkpoint.WriteTensors(w, tensors, map[string]string{"format": "pt"})
		},
	})
	return nil
}

// siglipTower says that an image tower is built like SigLIP's.
func siglipTower(c model.ImageConfig) bool {
	return c.Pool == "map" && c.NoClassToken && c.NoLnPre && c.NoProjection && c.PatchBias && !c.LayerScale
}

// openCLIPConfig adds open_clip_config.json.
func (p *plan) openCLIPConfig(m *Model) error {
	c := m.CLIP.Config()
	cfg := openCLIPModel{EmbedDim: c.EmbedDim, QuickGELU: c.Text.Activation == "quick_gelu"}
	if c.Loss == model.Sigmoid {
		bias := m.CLIP.LogitBias()
		cfg.LogitBias = &bias
	}
	var err error
	if siglipTower(c.Image) {
		cfg.CustomText = true
		cfg.Vision, err = openCLIPTrunk(c)
	} else {
		cfg.Vision, err = openCLIPImage(c)
	}
	if err != nil {
		return err
	}
	if cfg.Text, err = p.openCLIPText(m); err != nil {
		return err
	}
	picture, err := p.openCLIPPicture(m)
	if err != nil {
		return err
	}
	return p.json(openCLIPFile, openCLIPConfig{cfg, picture})
}

// openCLIPTrunk is a tower of timm.
func openCLIPTrunk(c model.Config) (openCLIPVision, error) {
	i := c.Image
	name := trunkName(i)
	if name == "" {
		return openCLIPVision{}, fmt.Errorf("model.image is like SigLIP's, of width %d, %d blocks, %d heads, "+
			"mlp_width %d, patch %d, size %d, %s: timm has none such; want a size of vit_*_patch*_siglip_*, or "+
			"another form", i.Width, i.Layers, i.Heads, i.MLPWidth, i.Patch, i.Size, i.Activation)
	}
	if c.LayerNormEps != 1e-6 {
		return openCLIPVision{}, fmt.Errorf("model.layer_norm_eps %g; want 1e-06, timm's for SigLIP", c.LayerNormEps)
	}
	return openCLIPVision{Size: c.Image.Size, Timm: name, TimmPool: "map", TimmProj: "none"}, nil
}

// openCLIPImage is a tower of open_clip's own.
func openCLIPImage(c model.Config) (openCLIPVision, error) {
	i := c.Image
	if err := refuse(
		lack{"model.image.pool", i.Pool, i.Pool == "map"},
		lack{"model.image.no_class_token", true, i.NoClassToken},
		lack{"model.image.no_projection", true, i.NoProjection},
		lack{"model.image.patch_bias", true, i.PatchBias},
	); err != nil {
		return openCLIPVision{}, err
	}
	if quick := i.Activation == "quick_gelu"; quick != (c.Text.Activation == "quick_gelu") {
		return openCLIPVision{}, fmt.Errorf("model.image.activation %s, model.text.activation %s; "+
			"want quick_gelu in both towers, or in none", i.Activation, c.Text.Activation)
	}
	v := openCLIPVision{
		Size: i.Size, Layers: i.Layers, Width: i.Width, HeadWidth: i.Width / i.Heads, Patch: i.Patch,
		NoLnPre: i.NoLnPre, PoolFirst: i.PoolFirst,
		openCLIPBlocks: blocksOf(i.Width, i.MLPWidth, i.Activation, i.LayerScale, c.LayerNormEps),
	}
	if i.Pool == "average" {
		v.Pool = "avg"
	}
	return v, nil
}

func (p *plan) openCLIPText(m *Model) (openCLIPText, error) {
	c := m.CLIP.Config()
	x := c.Text
	t := openCLIPText{
		Context: x.ContextLength, Vocabulary: x.VocabSize, Width: x.Width, Heads: x.Heads, Layers: x.Layers,
		Bidirectional: x.Bidirectional, Bias: x.ProjectionBias,
		openCLIPBlocks: blocksOf(x.Width, x.MLPWidth, x.Activation, x.LayerScale, c.LayerNormEps),
	}
	switch {
	case x.Pool != "eot":
		t.Pool = x.Pool
	case x.EOTID != 0:
		t.Pool, t.EOT = "eos", x.EOTID
	}
	own, err := isCLIP(m.Tokenizer)
	if err != nil {
		return t, err
	}
	if !own {
		// From local-dir: open_clip reads the tokenizer of the folder, whatever its name.
		t.Tokenizer = m.Card.name()
		t.Kwargs = p.cleaning(m.Tokenizer)
	}
	return t, nil
}

func blocksOf(width, mlp int, activation string, scale bool, eps float64) (b openCLIPBlocks) {
	if mlp != 4*width {
		b.Ratio = ratio(width, mlp)
	}
	if scale {
		b.LayerScale = 1e-5 // of training
	}
	if activation == "gelu_tanh" {
		b.Act = map[string]string{"approximate": "tanh"}
	}
	if eps != 1e-5 {
		b.Norm = map[string]float64{"eps": eps}
	}
	return b
}

// ratio is the number of which int(width * ratio) is the width of an MLP.
func ratio(width, mlp int) float64 {
	r := float64(mlp) / float64(width)
	for int(float64(width)*r) < mlp {
		r = math.Nextafter(r, math.Inf(1))
	}
	return r
}

// A lack is a field of the model, and whether the form has nothing for it.
type lack struct {
	field string
	value any
	lacks bool
}

// refuse returns an error for the first field that the form lacks.
func refuse(fields ...lack) error {
	for _, f := range fields {
		if f.lacks {
			return fmt.Errorf("%s %v: the form has no such thing; want another form, or a model without it",
				f.field, f.value)
		}
	}
	return nil
}

// json adds a file of JSON.
func (p *plan) json(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	p.text(name, string(text)+"\n")
	return nil
}
