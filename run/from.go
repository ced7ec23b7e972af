package run

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/train"
)

// A source is what a run started from.
type source struct {
	Path   string `json:"path"` // of the weights
	Format string `json:"format"`
	SHA256 string `json:"sha256"` // as Trained.Hash
}

// A beginning is the model that a run starts with, made of that of model.from.
type beginning struct {
	source    source
	model     *model.CLIP
	tokenizer *tokenizer.Tokenizer
	starts    []model.Start
	changes   []configs.Change // keys in which the run differs from the source
	skipped   []error
}

// beginFrom makes a model of the config's and starts it from that of model.from. The
// tokenizer is that of tokenizer.path; nil means the source's.
func beginFrom(c *configs.Run, t *tokenizer.Tokenizer) (*beginning, error) {
	s, err := OpenAs(c.Model.From, c.Model.Architecture)
	if err != nil {
		return nil, fmt.Errorf("run: model.from: %w", err)
	}
	if err := s.Model.Finite(); err != nil {
		return nil, fmt.Errorf("run: model.from %s: %w", s.Path, err)
	}
	b := &beginning{source: source{Path: s.Path, Format: s.Format}, tokenizer: t, skipped: s.Skipped}
	same := true
	if b.tokenizer == nil {
		b.tokenizer = s.Tokenizer
	} else if same, err = equalTokenizers(b.tokenizer, s.Tokenizer); err != nil {
		return nil, err
	}
	want, err := withVocabulary(c.Model, b.tokenizer)
	if err != nil {
		return nil, err
	}
	b.changes = overrides(s, c, want)
	fresh, err := carryOut(b.changes, c.Model.From, same)
	if err != nil {
		return nil, err
	}
	if want.Loss == s.Model.Config().Loss && want.LogitBias != s.Model.LogitBias() {
		fresh = append(fresh, "logit_bias")
	}
	if b.source.SHA256, err = s.Hash(); err != nil {
		return nil, err
	}
	b.model, b.starts, err = model.NewFrom(s.Model, want, c.Seed, fresh...)
	if err != nil {
		return nil, fmt.Errorf("run: model.from %s: %w", s.Path, err)
	}
	if err := c.Train.FreezeIn(b.model); err != nil {
		return nil, err
	}
	return b, b.frozen()
}

// overrides are the keys of the model and of how images are prepared in which a run
// differs from its source.
func overrides(s *Trained, c *configs.Run, want model.Config) (all []configs.Change) {
	var was, is configs.Run
	was.Model, was.Data.Preprocess = s.Model.Config(), s.Config.Data.Preprocess
	is.Model, is.Data.Preprocess = want, c.Data.Preprocess
	for _, r := range []*configs.Run{&was, &is} {
		r.Model.From, r.Model.Architecture, r.Model.LogitBias = "", "", 0 // the bias is a parameter
		r.Data.Preprocess.Augment = preprocess.Augment{}
	}
	return slices.DeleteFunc(configs.Changes(&was, &is), func(c configs.Change) bool {
		return !strings.HasPrefix(c.Key, "model.") && !strings.HasPrefix(c.Key, "data.preprocess.")
	})
}

// carried are the keys of a model that may differ from its source, with the parameters
// that then start anew.
var carried = map[string][]string{
	"model.embed_dim":  {"visual.proj", "text_projection", "text_projection.weight", "text_projection.bias"},
	"model.activation": nil, "model.image.activation": nil, "model.text.activation": nil,
	"model.layer_norm_eps": nil, "model.loss": nil,
	"model.image.patch_dropout": nil,
	"model.lora.rank":           nil, "model.lora.alpha": nil, "model.lora.match": nil, "model.lora.train": nil,
	"model.image.size": nil, "model.image.pool": nil, "model.image.pool_first": nil, "model.image.no_projection": nil,
	"model.text.context_length": nil, "model.text.pool": nil, "model.text.eot_id": nil,
	"model.text.bidirectional": nil, "model.text.projection_bias": nil,
}

// carryOut names the parameters that start anew because of changes. A change that
// cannot be carried out is an error. Same says that the vocabulary is the source's.
func carryOut(changes []configs.Change, from string, same bool) (fresh []string, err error) {
	if !same {
		fresh = append(fresh, "token_embedding.weight")
	}
	for _, c := range changes {
		renew, ok := carried[c.Key]
		switch {
		case ok || strings.HasPrefix(c.Key, "data."):
			fresh = append(fresh, renew...)
		case c.Key == "model.text.vocab_size" && !same:
		case c.Key == "model.text.vocab_size":
			return nil, fmt.Errorf("run: %s %v: model.from %s has %v, and the same vocabulary; want %[4]v, "+
				"or another tokenizer.path", c.Key, c.Is, from, c.Was)
		default:
			return nil, fmt.Errorf("run: %s %v: model.from %s has %v, which its weights cannot become; want %[4]v",
				c.Key, c.Is, from, c.Was)
		}
	}
	return fresh, nil
}

// frozen refuses a parameter of a tower that is new and does not train: it would keep
// its first, random values. Adapters that do not train change nothing.
func (b *beginning) frozen() error {
	for i, s := range b.starts {
		if s.Origin != model.Fresh {
			continue
		}
		if p := b.model.Params()[i]; p.Frozen && p.Tower() != "" && !p.Adapter() {
			return fmt.Errorf("run: %s is new, and frozen; want it to train, or the source's values", p.Name)
		}
	}
	return nil
}

var block = regexp.MustCompile(`resblocks\.\d+\..*|attn_pool\..*|\.(weight|bias)$`)

// group is the name of the parameters that a line of the table is about.
func group(name string) string {
	return block.ReplaceAllStringFunc(name, func(part string) string {
		if first, _, _ := strings.Cut(part, "."); first != "" {
			return first + ".*"
		}
		return ""
	})
}

// print logs what the run starts from: the keys that differ, and a table of what was
// loaded, resized and is new.
func (b *beginning) print(log *train.Console) {
	for _, s := range b.skipped {
		log.Printf("skipped: %v", s)
	}
	log.Printf("starting from %s (%s), SHA-256 %s", b.source.Path, b.source.Format, b.source.SHA256)
	for _, c := range b.changes {
		log.Printf("  %s %v, where the source has %v", c.Key, c.Is, c.Was)
	}
	for line := range strings.Lines(b.table()) {
		log.Printf("  %s", strings.TrimRight(line, " \n"))
	}
}

// A line of the table is about the tensors of a group that have one origin.
type line struct {
	group             string
	origin            model.Origin
	tensors, elements int
	shapes            string // of a position embedding, before and after
}

func (b *beginning) table() string {
	var lines []*line
	at := map[string]*line{}
	for _, s := range b.starts {
		key := group(s.Name) + string(s.Origin)
		l := at[key]
		if l == nil {
			l = &line{group: group(s.Name), origin: s.Origin}
			at[key], lines = l, append(lines, l)
		}
		shape := s.Shape
		switch s.Origin {
		case model.Resized:
			l.shapes = fmt.Sprintf("%v to %v", s.Was, s.Shape)
		case model.LeftOut:
			shape = s.Was
		}
		elements := 1
		for _, n := range shape {
			elements *= n
		}
		l.tensors, l.elements = l.tensors+1, l.elements+elements
	}
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tof\ttensors\telements\tshape")
	for _, l := range lines {
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\n", l.origin, l.group, l.tensors, l.elements, l.shapes)
	}
	_ = w.Flush() // to memory
	return text.String()
}
