package modelcmd

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/run"
)

// An inspection is what inspect prints. All of a model is known, or it would not
// have been opened, so that Ignored is empty.
type inspection struct {
	Path       string                     `json:"path"`
	Format     string                     `json:"format"`
	Config     section[model.Config]      `json:"architecture"`
	Parameters int                        `json:"parameters"`
	LogitScale float64                    `json:"logit_scale"`
	LogitBias  float64                    `json:"logit_bias"`
	Preprocess section[preprocess.Config] `json:"preprocess"`
	Tokenizer  vocabulary                 `json:"tokenizer"`
	Ignored    []string                   `json:"ignored"`
	Files      []string                   `json:"files"`
	SHA256     string                     `json:"sha256"`
}

// A section of a config has in JSON the keys that it has in YAML.
type section[T any] struct{ of T }

// MarshalJSON is of [json.Marshaler].
func (s section[T]) MarshalJSON() ([]byte, error) {
	text, err := yaml.Marshal(s.of)
	if err != nil {
		return nil, err
	}
	var keys map[string]any
	if err := yaml.Unmarshal(text, &keys); err != nil {
		return nil, err
	}
	return json.Marshal(keys)
}

// A vocabulary is what inspect prints of a tokenizer. Start and end are -1 where
// there is none.
type vocabulary struct {
	Tokens int    `json:"tokens"`
	Clean  string `json:"clean"`
	Start  int32  `json:"start"`
	End    int32  `json:"end"`
	Pad    int32  `json:"pad"`
}

func inspectCommand() *cobra.Command {
	var architecture string
	var asJSON bool
	c := &cobra.Command{
		Use:   "inspect PATH",
		Short: "Print what a model is: a run, a checkpoint, a folder of open_clip or transformers, a file of weights",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			i, err := inspect(args[0], architecture)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(i)
			}
			return i.print(c.OutOrStdout())
		},
	}
	c.Flags().StringVar(&architecture, "model", "", "architecture of a file of weights without a config, such as ViT-B-32")
	c.Flags().BoolVar(&asJSON, "json", false, "print one line of JSON")
	return c
}

// inspect reads the whole model, so that whatever cannot be used is found.
func inspect(path, architecture string) (*inspection, error) {
	t, err := run.OpenAs(path, architecture)
	if err != nil {
		return nil, err
	}
	m, v := t.Model, t.Tokenizer
	i := &inspection{
		Path: t.Path, Format: t.Format, Config: section[model.Config]{m.Config()}, Parameters: m.Config().ParamCount(),
		LogitScale: m.LogitScale(), LogitBias: m.LogitBias(), Preprocess: section[preprocess.Config]{t.Config.Data.Preprocess},
		Tokenizer: vocabulary{v.Size(), string(v.Clean()), v.SOT(), v.EOT(), v.Pad()}, Ignored: []string{},
	}
	i.Preprocess.of.SetDefaults()
	if i.Files, err = t.Files(); err != nil {
		return nil, err
	}
	i.SHA256, err = t.Hash()
	return i, err
}

func (i *inspection) print(out io.Writer) error {
	config, err := yaml.Marshal(i.Config.of)
	if err != nil {
		return err
	}
	images, err := yaml.Marshal(i.Preprocess.of)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "weights\t%s\n", i.Path)
	for _, file := range i.Files {
		if file != i.Path {
			fmt.Fprintf(w, "\t%s\n", file)
		}
	}
	fmt.Fprintf(w, "format\t%s\n", i.Format)
	fmt.Fprintf(w, "parameters\t%d\n", i.Parameters)
	fmt.Fprintf(w, "logit scale\t%.6g\n", i.LogitScale)
	if i.Config.of.Loss == model.Sigmoid {
		fmt.Fprintf(w, "logit bias\t%.6g\n", i.LogitBias)
	}
	fmt.Fprintf(w, "tokenizer\t%d tokens, start %d, end %d, padded with %d, cleaned by %s\n",
		i.Tokenizer.Tokens, i.Tokenizer.Start, i.Tokenizer.End, i.Tokenizer.Pad, i.Tokenizer.Clean)
	fmt.Fprintf(w, "ignored\tnothing\n")
	fmt.Fprintf(w, "SHA-256\t%s\n", i.SHA256)
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "\narchitecture\n%s\npreprocessing\n%s", indented(config), indented(images))
	return err
}

// indented puts spaces before each line.
func indented(text []byte) string {
	return "  " + strings.TrimSuffix(strings.ReplaceAll(string(text), "\n", "\n  "), "  ")
}
