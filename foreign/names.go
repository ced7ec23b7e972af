package foreign

import (
	"regexp"
	"strings"

	"github.com/goclip/goclip/checkpoint/weights"
)

// The tables say under which names a file has a parameter. A line is the name in
// goclip, which is open_clip's own for a plain model, and that in the file. A star is
// the number of a block, {q,k,v} are several tensors, whose rows follow one another, a
// name without its last part stands for all that it begins, a T is for a matrix that
// the file has transposed, and each 1 for a side of 1 in front of the file's shape, which
// only matters where a file is written.

// transformersNames are those of CLIPModel, and with siglipNames of SiglipModel.
const transformersNames = `
logit_scale                 logit_scale
visual.class_embedding      vision_model.embeddings.class_embedding
visual.conv1                vision_model.embeddings.patch_embedding
visual.positional_embedding vision_model.embeddings.position_embedding.weight
visual.ln_pre               vision_model.pre_layrnorm
visual.ln_post              vision_model.post_layernorm
visual.proj                 T visual_projection.weight

visual.attn_pool.probe          1 1 vision_model.head.probe
visual.attn_pool.in_proj_weight vision_model.head.attention.in_proj_weight
visual.attn_pool.in_proj_bias   vision_model.head.attention.in_proj_bias
visual.attn_pool.out_proj       vision_model.head.attention.out_proj
visual.attn_pool.ln             vision_model.head.layernorm
visual.attn_pool.mlp.c_fc       vision_model.head.mlp.fc1
visual.attn_pool.mlp.c_proj     vision_model.head.mlp.fc2

visual.transformer.resblocks.*.ln_1                vision_model.encoder.layers.*.layer_norm1
visual.transformer.resblocks.*.attn.in_proj_weight vision_model.encoder.layers.*.self_attn.{q,k,v}_proj.weight
visual.transformer.resblocks.*.attn.in_proj_bias   vision_model.encoder.layers.*.self_attn.{q,k,v}_proj.bias
visual.transformer.resblocks.*.attn.out_proj       vision_model.encoder.layers.*.self_attn.out_proj
visual.transformer.resblocks.*.ln_2                vision_model.encoder.layers.*.layer_norm2
visual.transformer.resblocks.*.mlp.c_fc            vision_model.encoder.layers.*.mlp.fc1
visual.transformer.resblocks.*.mlp.c_proj          vision_model.encoder.layers.*.mlp.fc2

token_embedding        text_model.embeddings.token_embedding
positional_embedding   text_model.embeddings.position_embedding.weight
ln_final               text_model.final_layer_norm
text_projection        T text_projection.weight
text_projection.weight text_model.head.weight
text_projection.bias   text_model.head.bias

transformer.resblocks.*.ln_1                text_model.encoder.layers.*.layer_norm1
transformer.resblocks.*.attn.in_proj_weight text_model.encoder.layers.*.self_attn.{q,k,v}_proj.weight
transformer.resblocks.*.attn.in_proj_bias   text_model.encoder.layers.*.self_attn.{q,k,v}_proj.bias
transformer.resblocks.*.attn.out_proj       text_model.encoder.layers.*.self_attn.out_proj
transformer.resblocks.*.ln_2                text_model.encoder.layers.*.layer_norm2
transformer.resblocks.*.mlp.c_fc            text_model.encoder.layers.*.mlp.fc1
transformer.resblocks.*.mlp.c_proj          text_model.encoder.layers.*.mlp.fc2
`

const siglipNames = transformersNames + `
logit_scale 1 logit_scale
logit_bias  1 logit_bias
`

// trunkNames are those of an image tower of timm inside of open_clip.
const trunkNames = `
visual.conv1                visual.trunk.patch_embed.proj
visual.positional_embedding 1 visual.trunk.pos_embed
visual.ln_post              visual.trunk.norm

visual.attn_pool.probe          1 1 visual.trunk.attn_pool.latent
visual.attn_pool.in_proj_weight visual.trunk.attn_pool.{q,kv}.weight
visual.attn_pool.in_proj_bias   visual.trunk.attn_pool.{q,kv}.bias
visual.attn_pool.out_proj       visual.trunk.attn_pool.proj
visual.attn_pool.ln             visual.trunk.attn_pool.norm
visual.attn_pool.mlp.c_fc       visual.trunk.attn_pool.mlp.fc1
visual.attn_pool.mlp.c_proj     visual.trunk.attn_pool.mlp.fc2

visual.transformer.resblocks.*.ln_1                visual.trunk.blocks.*.norm1
visual.transformer.resblocks.*.attn.in_proj_weight visual.trunk.blocks.*.attn.qkv.weight
visual.transformer.resblocks.*.attn.in_proj_bias   visual.trunk.blocks.*.attn.qkv.bias
visual.transformer.resblocks.*.attn.out_proj       visual.trunk.blocks.*.attn.proj
visual.transformer.resblocks.*.ln_2                visual.trunk.blocks.*.norm2
visual.transformer.resblocks.*.mlp.c_fc            visual.trunk.blocks.*.mlp.fc1
visual.transformer.resblocks.*.mlp.c_proj          visual.trunk.blocks.*.mlp.fc2
`

// harmless ends the names of tensors that hold no weights: constants that
// programs keep beside them.
var harmless = []string{
	"embeddings.position_ids",                          // transformers: 0, 1, 2, ...
	"attn_mask",                                        // open_clip: the causal mask
	"input_resolution", "context_length", "vocab_size", // OpenAI: sizes
}

// A place is where a file has a parameter.
type place struct {
	parts      []string // names of tensors, whose rows follow one another
	transposed bool
	ones       int // sides of 1 in front of the shape
}

// names are those of a file's parameters.
type names struct {
	table      map[string]place
	textPrefix string // in front of names of the text tower that are not in table
}

// namesOf finds out which names a file has. No other layout has these.
func namesOf(tensors []weights.Tensor) names {
	for _, t := range tensors {
		if strings.HasPrefix(t.Name, "vision_model.") || strings.HasPrefix(t.Name, "text_model.") {
			return names{table: parseTable(siglipNames)}
		}
	}
	var n names
	for _, t := range tensors {
		if strings.HasPrefix(t.Name, "visual.trunk.") {
			n.table = parseTable(trunkNames)
		}
		if strings.HasPrefix(t.Name, "text.transformer.") {
			n.textPrefix = "text."
		}
	}
	return n
}

func parseTable(text string) map[string]place {
	table := map[string]place{}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		p := place{parts: several(words[len(words)-1])}
		for _, mark := range words[1 : len(words)-1] {
			switch mark {
			case "T":
				p.transposed = true
			case "1":
				p.ones++
			}
		}
		table[words[0]] = p
	}
	return table
}

// several are the names that a name with braces stands for.
func several(name string) (names []string) {
	before, rest, ok := strings.Cut(name, "{")
	if !ok {
		return []string{name}
	}
	choices, behind, _ := strings.Cut(rest, "}")
	for choice := range strings.SplitSeq(choices, ",") {
		names = append(names, before+choice+behind)
	}
	return names
}

var blockNumber = regexp.MustCompile(`resblocks\.(\d+)\.`)

// of returns where the file has the parameter of a name.
func (n names) of(parameter string) place {
	number := ""
	starred := parameter
	if m := blockNumber.FindStringSubmatch(parameter); m != nil {
		number = m[1]
		starred = strings.Replace(parameter, m[0], "resblocks.*.", 1)
	}
	found, ok := n.table[starred]
	last := ""
	if dot := strings.LastIndexByte(starred, '.'); !ok && dot >= 0 {
		found, ok = n.table[starred[:dot]]
		last = starred[dot:]
	}
	if !ok {
		if strings.HasPrefix(parameter, "visual.") || strings.HasPrefix(parameter, "logit_") {
			return place{parts: []string{parameter}}
		}
		return place{parts: []string{n.textPrefix + parameter}}
	}
	parts := make([]string, len(found.parts))
	for i, name := range found.parts {
		parts[i] = strings.Replace(name, "*", number, 1) + last
	}
	found.parts = parts
	return found
}
