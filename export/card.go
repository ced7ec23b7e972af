package export

import (
	"cmp"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/goclip/goclip/model"
)

// A Card is what people want to know of a model beside its numbers.
type Card struct {
	Name    string   // of the model; empty means "goclip"
	License string   // an identifier such as apache-2.0; empty means unknown
	Source  string   // what was exported, and its SHA-256 if known
	Data    []string // what it was trained on; none means that it is not known
	Scores  []Score
}

// A Score is a measured number.
type Score struct {
	What  string // such as "zero-shot top-1 on validation"
	Value string // such as "71.2 % of 1000"
}

func (c Card) name() string { return cmp.Or(c.Name, "goclip") }

// head is the part of a card that programs read.
type head struct {
	License  string   `yaml:"license"`
	Library  string   `yaml:"library_name"`
	Pipeline string   `yaml:"pipeline_tag"`
	Tags     []string `yaml:"tags"`
}

// uses show how each form is read.
var uses = map[Format]string{
	OpenCLIP: "```python\nimport open_clip\n" +
		"model, _, preprocess = open_clip.create_model_and_transforms('local-dir:FOLDER')\n" +
		"tokenizer = open_clip.get_tokenizer('local-dir:FOLDER')\n```\n",
	Transformers: "```python\nfrom transformers import AutoModel, AutoProcessor\n" +
		"model, processor = AutoModel.from_pretrained('FOLDER'), AutoProcessor.from_pretrained('FOLDER')\n```\n\n" +
		"Texts are padded to the whole context: `processor(text=..., padding='max_length', truncation=True)`.\n",
	ONNX: "`visual/model.onnx` takes `image` (N, 3, S, S), float32, prepared as `visual/preprocess_cfg.json` says, and\n" +
		"`textual/model.onnx` takes `text` (N, T), int32, the ids of `textual/tokenizer.json`, padded to T.\n" +
		"Both give `embedding` (N, E), unit rows.\n",
}

// markdown is the README.md of a folder.
func (c Card) markdown(m *Model, to Format, notes []string) string {
	library := map[Format]string{OpenCLIP: "open_clip", Transformers: "transformers", ONNX: "onnx"}[to]
	front, _ := yaml.Marshal(head{ // texts alone, which cannot fail
		cmp.Or(c.License, "unknown"), library, "zero-shot-image-classification", []string{"clip", "goclip"},
	})
	var b strings.Builder
	a := m.CLIP.Config()
	fmt.Fprintf(&b, "---\n%s---\n\n# %s\n\n", front, c.name())
	fmt.Fprintf(&b, "A CLIP model of %d parameters: images of %d pixels in patches of %d, texts of %d tokens, "+
		"embeddings of %d numbers.\n", a.ParamCount(), a.Image.Size, a.Image.Patch, a.Text.ContextLength, a.EmbedDim)
	probability := "softmax of logit scale x cosine over the labels"
	if a.Loss == model.Sigmoid {
		probability = fmt.Sprintf("sigmoid of logit scale x cosine + logit bias (%.6g), for each label alone",
			m.CLIP.LogitBias())
	}
	fmt.Fprintf(&b, "Logit scale %.6g; a probability is the %s.\n\n## Use\n\n%s\n## Data\n\n", m.CLIP.LogitScale(),
		probability, uses[to])
	list(&b, c.Data, "Not known.")
	scores := make([]string, len(c.Scores))
	for i, s := range c.Scores {
		scores[i] = s.What + ": " + s.Value
	}
	b.WriteString("\n## Scores\n\n")
	list(&b, scores, "Not known.")
	if len(notes) > 0 {
		b.WriteString("\n## Where this form differs\n\n")
		list(&b, notes, "")
	}
	fmt.Fprintf(&b, "\n## License\n\n%s\n", cmp.Or(c.License, "Not stated: ask who trained it."))
	if c.Source != "" {
		fmt.Fprintf(&b, "\nExported by goclip from %s.\n", c.Source)
	}
	return b.String()
}

func list(b *strings.Builder, items []string, none string) {
	for _, item := range items {
		fmt.Fprintf(b, "- %s\n", item)
	}
	if len(items) == 0 {
		b.WriteString(none + "\n")
	}
}
