package doctor

import (
	"context"
	"strings"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/tokenizer"
)

// Vocabulary loads the tokenizer that c names, or trains one on the captions of
// train as a run would; trained says so, for Config.
func Vocabulary(ctx context.Context, c tokenizer.Config, train *data.Survey) (t *tokenizer.Tokenizer,
	trained bool, err error) {
	c.SetDefaults()
	if c.Path != "" {
		t, err = c.Load()
		return t, false, err
	}
	t, err = tokenizer.Train(func(yield func(string, error) bool) {
		words := false
		for rows, err := range train.Rows(ctx, false) {
			if err != nil {
				yield("", err)
				return
			}
			for _, r := range rows {
				for _, caption := range r.Captions {
					words = words || strings.TrimSpace(caption) != ""
					if !yield(caption, nil) {
						return
					}
				}
			}
		}
		if !words { // which is a finding, not an error
			yield("a", nil)
		}
	}, c.VocabSize)
	return t, true, err
}
