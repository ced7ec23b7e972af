package foreign

import (
	"slices"
	"strconv"
	"strings"

	"github.com/goclip/goclip/model"
)

// pretrained are the fields that transformers writes for any model: names, types
// in memory, and how text would be generated. None of them changes a feature.
var pretrained = []string{
	"_attn_implementation_autoset", "_commit_hash", "_name_or_path", "architectures",
	"attn_implementation", "auto_map", "dtype", "finetuning_task", "id2label", "label2id", "model_type",
	"problem_type", "return_dict", "task_specific_params", "tf_legacy_loss", "tokenizer_class",
	"torch_dtype", "torchscript", "transformers_version", "use_bfloat16", "add_cross_attention",
	"chunk_size_feed_forward", "cross_attention_hidden_size", "is_decoder", "is_encoder_decoder",
	"output_attentions", "output_hidden_states", "output_scores", "tie_encoder_decoder",
	"tie_word_embeddings", "bad_words_ids", "begin_suppress_tokens", "decoder_start_token_id",
	"diversity_penalty", "do_sample", "early_stopping", "encoder_no_repeat_ngram_size",
	"exponential_decay_length_penalty", "forced_bos_token_id", "forced_eos_token_id", "length_penalty",
	"max_length", "min_length", "no_repeat_ngram_size", "num_beam_groups", "num_beams",
	"num_return_sequences", "prefix", "remove_invalid_values", "repetition_penalty",
	"return_dict_in_generate", "suppress_tokens", "temperature", "top_k", "top_p", "typical_p",
	"bos_token_id", "pad_token_id", "sep_token_id", // what stands behind the end of a text is the tokenizer's
	"attention_dropout", "dropout", "gradient_checkpointing", "initializer_factor", "initializer_range", // of training
}

// activations are those of transformers.
var activations = map[string]string{
	"quick_gelu": "quick_gelu", "gelu": "gelu", "gelu_pytorch_tanh": "gelu_tanh", "gelu_new": "gelu_tanh",
}

// siglip says that m is a SiglipModel.
func (m *Model) siglip() bool { return m.Config.Loss == model.Sigmoid }

// readTransformers reads config.json and how images are prepared. A field that is
// absent has the value of the class of the model, CLIPConfig or SiglipConfig.
func (m *Model) readTransformers() error {
	c, root, err := readConfig(m.Dir, transformersFile)
	if err != nil {
		return err
	}
	if err := m.transformers(c, root); err != nil {
		return err
	}
	return m.transformersPreprocess()
}

// transformers takes the fields of config.json.
func (m *Model) transformers(c *config, root *object) error {
	root.ignore(pretrained...)
	var class string
	switch root.text("model_type", "") {
	case "clip":
		class = "CLIPModel"
	case "siglip":
		class, m.Config.Loss = "SiglipModel", model.Sigmoid
	case "siglip2":
		root.refuse("model_type", "goclip has no patches of images of any shape (naflex); want clip or siglip")
		return c.err
	default:
		root.refuse("model_type", "goclip has no such model; want clip or siglip")
		return c.err
	}
	m.Format = "transformers " + class
	if classes := take(root, "architectures", "a list of names", []string{class}); !slices.Contains(classes, class) {
		root.refuse("architectures", "want "+class)
	}
	m.version = majorVersion(root)
	image, text := root.tower("vision_config"), root.tower("text_config")
	if m.siglip() {
		m.siglipTowers(image, text)
	} else {
		m.clipTowers(root, image, text)
	}
	oneActivation(&m.Config)
	return c.end()
}

// majorVersion is the version of transformers that wrote a config, or 4.
func majorVersion(root *object) int {
	if !root.has("transformers_version") {
		return 4
	}
	major, _, _ := strings.Cut(root.text("transformers_version", ""), ".")
	n, err := strconv.Atoi(major)
	if err != nil {
		root.refuse("transformers_version", "want a version such as 4.57.3")
	}
	return n
}

// tower takes the object of a tower. What old files have under name_dict takes the
// place of it.
func (o *object) tower(name string) *object {
	if o.has(name + "_dict") {
		o.object(name).ignoreTower()
		name += "_dict"
	}
	t := o.object(name)
	t.ignore(pretrained...)
	t.ignore("logit_scale_init_value")
	t.only("pruned_heads", "blocks without some of their heads", "{}")
	return t
}

// ignoreTower takes the known fields of a tower whose values another object has.
func (o *object) ignoreTower() {
	o.ignore(pretrained...)
	o.ignore("hidden_size", "intermediate_size", "projection_dim", "projection_size", "num_hidden_layers",
		"num_attention_heads", "max_position_embeddings", "vocab_size", "num_channels", "image_size",
		"patch_size", "hidden_act", "layer_norm_eps", "eos_token_id", "logit_scale_init_value",
		"vision_use_head", "pruned_heads")
}

func (m *Model) clipTowers(root, image, text *object) {
	c := &m.Config
	c.EmbedDim = root.number("projection_dim", 512)
	root.ignore("logit_scale_init_value")
	c.Image = image.imageTower(32, "quick_gelu")
	c.Text = text.textTower("quick_gelu",
		model.TextConfig{ContextLength: 77, VocabSize: 49408, Width: 512, Heads: 8, MLPWidth: 2048})
	image.ignore("projection_dim") // that of the whole counts
	text.ignore("projection_dim")
	c.LayerNormEps = sameEps(root, image, text, 1e-5)
	// 2 is what old files have in place of the end's id: the largest id counts.
	if end := text.number("eos_token_id", 49407); end != 2 && end != c.Text.VocabSize-1 {
		if c.Text.EOTID = end; end < 1 {
			text.refuse("eos_token_id", "want a number above 0")
		}
	}
}

func (m *Model) siglipTowers(image, text *object) {
	c := &m.Config
	c.Image = image.imageTower(16, "gelu_pytorch_tanh")
	c.Image.Pool, c.Image.PatchBias = "map", true
	c.Image.NoClassToken, c.Image.NoLnPre, c.Image.NoProjection = true, true, true
	image.only("vision_use_head", "pooling of SigLIP without its head", "true")
	c.Text = text.textTower("gelu_pytorch_tanh",
		model.TextConfig{ContextLength: 64, VocabSize: 32000, Width: 768, Heads: 12, MLPWidth: 3072})
	c.Text.Bidirectional, c.Text.ProjectionBias, c.Text.Pool = true, true, "last"
	c.EmbedDim = c.Text.Width
	if text.has("projection_size") {
		c.EmbedDim = text.number("projection_size", 0)
	}
	if c.EmbedDim != c.Image.Width {
		text.config.fail("the text tower ends in %d elements; want %d, vision_config.hidden_size",
			c.EmbedDim, c.Image.Width)
	}
	text.ignore("eos_token_id") // the last token is pooled
	c.LayerNormEps = sameEps(image, image, text, 1e-6)
}

// imageTower takes the fields of an image tower of CLIP or SigLIP.
func (o *object) imageTower(patch int, activation string) model.ImageConfig {
	o.ignore("eos_token_id") // old files have all fields in both towers
	o.only("num_channels", "images of other than 3 channels", "3")
	return model.ImageConfig{
		Size: o.side("image_size", 224), Patch: o.side("patch_size", patch),
		Width: o.number("hidden_size", 768), Layers: o.number("num_hidden_layers", 12),
		Heads: o.number("num_attention_heads", 12), MLPWidth: o.number("intermediate_size", 3072),
		Activation: choice(o, "hidden_act", activation, activations),
	}
}

// textTower takes those of a text tower.
func (o *object) textTower(activation string, standard model.TextConfig) model.TextConfig {
	return model.TextConfig{
		ContextLength: o.number("max_position_embeddings", standard.ContextLength),
		VocabSize:     o.number("vocab_size", standard.VocabSize),
		Width:         o.number("hidden_size", standard.Width),
		Layers:        o.number("num_hidden_layers", 12),
		Heads:         o.number("num_attention_heads", standard.Heads),
		MLPWidth:      o.number("intermediate_size", standard.MLPWidth),
		Activation:    choice(o, "hidden_act", activation, activations),
	}
}

// sameEps is what both towers add in their LayerNorms.
func sameEps(root, image, text *object, standard float64) float64 {
	a, b := image.float("layer_norm_eps", standard), text.float("layer_norm_eps", standard)
	if a != b {
		root.config.fail("vision_config.layer_norm_eps %g, text_config.layer_norm_eps %g; want the same", a, b)
	}
	return a
}
