package foreign

import (
	"bytes"

	"github.com/goclip/goclip/model"
)

// readOpenCLIP reads open_clip_config.json. A field that is absent has the value
// of open_clip 3.3.0's CLIPVisionCfg, CLIPTextCfg and PreprocessCfg.
func (m *Model) readOpenCLIP() error {
	c, root, err := readConfig(m.Dir, openCLIPFile)
	if err != nil {
		return err
	}
	return m.openCLIP(c, root)
}

// openCLIP takes the fields of open_clip_config.json.
func (m *Model) openCLIP(c *config, root *object) error {
	m.Format = "open_clip"
	cfg := root.object("model_cfg")
	cfg.only("multimodal_cfg", "text decoder, as CoCa has")
	m.Config.EmbedDim = cfg.number("embed_dim", 0)
	quick := cfg.flag("quick_gelu", false)
	if cfg.has("init_logit_bias") {
		m.Config.Loss, m.Config.LogitBias = model.Sigmoid, cfg.float("init_logit_bias", 0)
	}
	// Names of tensors say whether the text tower is custom; the others are of training.
	cfg.ignore("custom_text", "init_logit_scale", "nonscalar_logit_scale", "cast_dtype", "output_dict")

	image, text := cfg.object("vision_cfg"), cfg.object("text_cfg")
	textEps := m.openCLIPText(text, quick)
	imageEps := m.openCLIPImage(image, quick)
	if imageEps != textEps {
		c.fail("model_cfg: the towers add %g and %g in their LayerNorms; want the same", imageEps, textEps)
	}
	m.Config.LayerNormEps = imageEps
	m.openCLIPPreprocess(root.object("preprocess_cfg"))
	oneActivation(&m.Config)
	return c.end()
}

func (m *Model) openCLIPImage(o *object, quick bool) (eps float64) {
	if o.has("timm_model_name") {
		return m.trunk(o)
	}
	if bytes.HasPrefix(o.fields["layers"], []byte("[")) {
		o.refuse("layers", "goclip has no ResNet")
	}
	width, per := o.number("width", 768), o.number("head_width", 64)
	if per < 1 {
		o.refuse("head_width", "want a number above 0")
		per = 1
	}
	c := &m.Config.Image
	*c = model.ImageConfig{
		Size: o.side("image_size", 224), Patch: o.side("patch_size", 16),
		Width: width, Layers: o.number("layers", 12), Heads: width / per,
		NoLnPre: o.flag("no_ln_pre", false),
		Pool:    choice(o, "pool_type", "tok", map[string]string{"tok": "class", "avg": "average"}),
	}
	c.PoolFirst = o.flag("final_ln_after_pool", false) && c.Pool == "average" // of one token, the order does not matter
	o.only("attentional_pool", "attentional pooler, as CoCa has", "false")
	choice(o, "pos_embed_type", "learnable", map[string]int{"learnable": 0, "sin_cos_2d": 0}) // a tensor in either case
	o.ignore("attn_pooler_queries", "attn_pooler_heads", "output_tokens", "patch_dropout")
	o.ignore(timmFields...)
	c.MLPWidth, c.LayerScale, c.Activation, eps = o.openCLIPBlocks(width, quick)
	return eps
}

func (m *Model) openCLIPText(o *object, quick bool) (eps float64) {
	o.only("hf_model_name", "text tower of Hugging Face")
	width := o.number("width", 512)
	c := &m.Config.Text
	*c = model.TextConfig{
		ContextLength: o.number("context_length", 77), VocabSize: o.number("vocab_size", 49408),
		Width: width, Layers: o.number("layers", 12), Heads: o.number("heads", 8),
		Bidirectional:  o.flag("no_causal_mask", false),
		ProjectionBias: o.flag("proj_bias", false),
		Pool: choice(o, "pool_type", "argmax",
			map[string]string{"argmax": "eot", "eos": "eot", "last": "last", "first": "first"}),
	}
	if end := o.number("eos_id", 2); string(o.fields["pool_type"]) == `"eos"` {
		if c.EOTID = end; end < 1 {
			o.refuse("eos_id", "want a number above 0")
		}
	}
	o.only("embed_cls", "class token of texts", "false")
	o.only("proj_type", "text tower without a projection", `"linear"`)
	o.only("tokenizer_mode", "such tokenizer")
	// Package tokenizer reads the fields of the tokenizer. Of one token, the order of
	// pooling and LayerNorm does not matter.
	o.ignore("hf_tokenizer_name", "tokenizer_kwargs", "final_ln_after_pool", "pad_id", "output_tokens",
		"hf_model_pretrained", "hf_proj_type", "hf_pooler_type")
	c.MLPWidth, c.LayerScale, c.Activation, eps = o.openCLIPBlocks(width, quick)
	return eps
}

// customBlocks are the fields of blocks that are not CLIP's.
var customBlocks = []string{
	"qk_norm", "scaled_cosine_attn", "scale_heads", "scale_attn_inner", "scale_attn", "scale_fc",
}

// openCLIPBlocks takes the fields about blocks that both towers have.
func (o *object) openCLIPBlocks(width int, quick bool) (mlp int, scale bool, activation string, eps float64) {
	o.only("block_type", "such block", `"default"`)
	for _, name := range customBlocks {
		o.only(name, "blocks with it", "false")
	}
	if scale = o.has("ls_init_value"); scale {
		o.float("ls_init_value", 0)
	}
	act := o.object("act_kwargs")
	activation = choice(act, "approximate", "none", map[string]string{"none": "gelu", "tanh": "gelu_tanh"})
	if quick {
		act.only("approximate", "QuickGELU with it")
		activation = "quick_gelu"
	}
	mlp = int(float64(width) * o.float("mlp_ratio", 4))
	return mlp, scale, activation, o.object("norm_kwargs").float("eps", 1e-5)
}
