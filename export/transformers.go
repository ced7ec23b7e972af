package export

import (
	"errors"
	"fmt"

	"github.com/goclip/goclip/foreign"
	"github.com/goclip/goclip/model"
)

// The versions of transformers that prepare transparent pictures as the model's: by it
// goclip knows which it was when it reads the folder.
const (
	version4 = "4.57.3" // shows the colors that are hidden
	version5 = "5.24.0" // lays them on white
)

// transformersConfig is config.json.
type transformersConfig struct {
	Architectures []string          `json:"architectures"`
	Type          string            `json:"model_type"`
	DType         string            `json:"torch_dtype"`
	Version       string            `json:"transformers_version"`
	Projection    int               `json:"projection_dim,omitempty"`
	Text          transformersText  `json:"text_config"`
	Vision        transformersImage `json:"vision_config"`
}

// transformersTower are the fields that both towers have.
type transformersTower struct {
	Type       string  `json:"model_type"`
	Width      int     `json:"hidden_size"`
	MLP        int     `json:"intermediate_size"`
	Layers     int     `json:"num_hidden_layers"`
	Heads      int     `json:"num_attention_heads"`
	Activation string  `json:"hidden_act"`
	Eps        float64 `json:"layer_norm_eps"`
	Projection int     `json:"projection_dim,omitempty"`
}

type transformersText struct {
	transformersTower
	Context    int   `json:"max_position_embeddings"`
	Vocabulary int   `json:"vocab_size"`
	Size       int   `json:"projection_size,omitempty"`
	Start      int32 `json:"bos_token_id"`
	End        int32 `json:"eos_token_id"`
	Pad        int32 `json:"pad_token_id"`
}

type transformersImage struct {
	transformersTower
	Size  int `json:"image_size"`
	Patch int `json:"patch_size"`
}

// activations are transformers' names of them.
var activations = map[string]string{"gelu": "gelu", "quick_gelu": "quick_gelu", "gelu_tanh": "gelu_pytorch_tanh"}

// planTransformers is the folder of a CLIPModel or a SiglipModel.
func planTransformers(m *Model) (*plan, error) {
	c := m.CLIP.Config()
	p := &plan{format: Transformers}
	siglip := siglipTower(c.Image)
	class, kind, layout := "CLIPModel", "clip", foreign.CLIPNames
	check := checkCLIP
	if siglip {
		class, kind, layout = "SiglipModel", "siglip", foreign.SiglipNames
		check = checkSiglip
	}
	if err := check(c); err != nil {
		return nil, err
	}
	version := version4
	if m.Preprocess.Alpha == "white" {
		version = version5
	}
	i, t := c.Image, c.Text
	image := transformersTower{kind + "_vision_model", i.Width, i.MLPWidth, i.Layers, i.Heads,
		activations[i.Activation], c.LayerNormEps, 0}
	text := transformersTower{kind + "_text_model", t.Width, t.MLPWidth, t.Layers, t.Heads,
		activations[t.Activation], c.LayerNormEps, 0}
	pad, err := p.padOf(m)
	if err != nil {
		return nil, err
	}
	x := transformersConfig{
		Architectures: []string{class}, Type: kind, DType: "float32", Version: version,
		Text: transformersText{transformersTower: text, Context: c.Text.ContextLength, Vocabulary: c.Text.VocabSize,
			Start: max(m.Tokenizer.SOT(), 0), End: endID(m), Pad: pad},
		Vision: transformersImage{image, c.Image.Size, c.Image.Patch},
	}
	if siglip {
		x.Text.Size = c.EmbedDim
	} else {
		x.Projection, x.Text.Projection, x.Vision.Projection = c.EmbedDim, c.EmbedDim, c.EmbedDim
	}
	p.noteCleaning(m.Tokenizer, "transformers")
	return p, errors.Join(p.json("config.json", x), p.weights(m, "model.safetensors", layout),
		p.imageProcessor(m, siglip), p.tokenizer(m, ""))
}

// endID is eos_token_id, where CLIPModel pools. Of 2 it takes the largest id.
func endID(m *Model) int32 {
	t, end := m.CLIP.Config().Text, m.Tokenizer.EOT()
	switch {
	case t.EOTID != 0:
		return int32(t.EOTID)
	case t.Pool == "eot" && int(end) != t.VocabSize-1:
		return 2
	}
	return max(end, 0)
}

// checkCLIP refuses what CLIPModel lacks.
func checkCLIP(c model.Config) error {
	return refuse(
		lack{"model.loss", c.Loss, c.Loss != model.Softmax},
		lack{"model.image.pool", c.Image.Pool, c.Image.Pool != "class"},
		lack{"model.image.no_ln_pre", true, c.Image.NoLnPre},
		lack{"model.image.no_projection", true, c.Image.NoProjection},
		lack{"model.image.patch_bias", true, c.Image.PatchBias},
		lack{"model.image.layer_scale", true, c.Image.LayerScale},
		lack{"model.text.layer_scale", true, c.Text.LayerScale},
		lack{"model.text.pool", c.Text.Pool, c.Text.Pool != "eot"},
		lack{"model.text.eot_id", c.Text.EOTID, c.Text.EOTID == 2}, // which means the largest id there
		lack{"model.text.bidirectional", true, c.Text.Bidirectional},
		lack{"model.text.projection_bias", true, c.Text.ProjectionBias},
	)
}

// checkSiglip refuses what SiglipModel lacks of a model with its image tower.
func checkSiglip(c model.Config) error {
	return refuse(
		lack{"model.loss", c.Loss, c.Loss != model.Sigmoid},
		lack{"model.text.layer_scale", true, c.Text.LayerScale},
		lack{"model.text.pool", c.Text.Pool + " beside an image tower like SigLIP's", c.Text.Pool != "last"},
		lack{"model.text.bidirectional", fmt.Sprint(c.Text.Bidirectional, " beside an image tower like SigLIP's"),
			!c.Text.Bidirectional},
		lack{"model.text.projection_bias", fmt.Sprint(c.Text.ProjectionBias, " beside an image tower like SigLIP's"),
			!c.Text.ProjectionBias},
	)
}
