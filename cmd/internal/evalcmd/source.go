package evalcmd

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/eval/embeddings"
)

// A source is where embeddings come from: a model and shards or pictures, or a file that
// eval embed wrote. Where pictures are wanted, it is both: the file is brought up to date.
type source struct {
	modelPath
	shards, embeddings string
}

func (s *source) flags(c *cobra.Command, shards string) {
	s.modelPath.flags(c)
	c.Flags().StringVar(&s.shards, "data", "", shards)
	c.Flags().StringVar(&s.embeddings, "embeddings", "", "a file of eval embed, .parquet or .npy, instead of --data")
}

// check refuses flags that say too little or too much. A model is needed for
// whatever is not in a file of embeddings.
func (s *source) check(model bool) error {
	switch {
	case (s.shards == "") == (s.embeddings == ""):
		return cli.Usagef("--data, --embeddings: have %q, %q; want one of them", storage.Redact(s.shards), s.embeddings)
	case s.checkpoint == "" && (model || s.shards != ""):
		return cli.Usagef("--checkpoint is missing")
	}
	return nil
}

// checkKept is check where a folder of pictures may have a file that keeps their
// embeddings.
func (s *source) checkKept() error {
	if s.shards == "" || s.embeddings == "" {
		return s.check(true)
	}
	switch pictures, err := picturesOf(s.shards); {
	case err != nil:
		return err
	case pictures == nil || !strings.HasSuffix(s.embeddings, ".parquet"):
		return cli.Usagef("--data, --embeddings: have %q, %q; want one of them, or a folder of pictures and a file "+
			".parquet that keeps their embeddings", storage.Redact(s.shards), s.embeddings)
	}
	return checkOut("embeddings", s.embeddings)
}

// name is the name of the data in a result.
func (s *source) name() string { return dataName(storage.Redact(s.shards) + s.embeddings) }

// open reads the model if there is one to read.
func (s *source) open() (*session, error) {
	if s.checkpoint == "" {
		return nil, nil
	}
	return s.modelPath.open(0)
}

// set reads or makes the embeddings.
func (s *source) set(ctx context.Context, with *session, need data.Need) (*embeddings.Set, error) {
	if s.embeddings == "" {
		return with.embed(ctx, s.shards, need)
	}
	if s.shards != "" {
		if _, err := with.embedTo(ctx, embedJob{data: s.shards, out: s.embeddings}); err != nil {
			return nil, err
		}
	}
	x, err := embeddings.Read(s.embeddings)
	if err != nil {
		return nil, err
	}
	if with != nil {
		weights, err := with.Hash()
		if err != nil {
			return nil, err
		}
		if x.Weights != "" && x.Weights != weights || x.Width != with.Config.Model.EmbedDim {
			return nil, fmt.Errorf("eval: %s was made with other weights than %s; want the images embedded again (eval embed)", s.embeddings,
				with.Path)
		}
	}
	for i, label := range x.Labels {
		if need.Label && label < 0 {
			return nil, fmt.Errorf("eval: %s: row %d has no label", s.embeddings, i)
		}
	}
	if need.Caption && len(x.Texts) == 0 {
		return nil, fmt.Errorf("eval: %s holds no captions; want them embedded with --captions (eval embed)", s.embeddings)
	}
	return x, nil
}

// picturesOf lists the pictures, and the folders of them, that patterns name: files by
// their names, and folders in which no shard is. It is nil where they name shards.
func picturesOf(patterns string) (paths []string, err error) {
	for part := range strings.SplitSeq(patterns, ",") {
		if strings.Contains(part, "://") {
			return nil, nil
		}
		part, err := storage.Home(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("eval: %w", err)
		}
		if info, err := os.Stat(part); err == nil && info.IsDir() {
			if shards, _ := filepath.Glob(filepath.Join(escape.Replace(part), "*.parquet")); len(shards) > 0 {
				return nil, nil
			}
			paths = append(paths, part)
			continue
		}
		if !data.IsPicture(part) {
			return nil, nil
		}
		found, err := filepath.Glob(part)
		if err != nil {
			return nil, fmt.Errorf("eval: pattern %q: %w", part, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("eval: pattern %q matches no file", part)
		}
		paths = append(paths, found...)
	}
	return paths, nil
}

// escape makes a pattern of a name.
var escape = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `*`, `\*`, `?`, `\?`)

// openData opens shards or pictures.
func (s *session) openData(ctx context.Context, patterns string, need data.Need) (eval.Source, error) {
	pictures, err := picturesOf(patterns)
	switch {
	case err != nil:
		return nil, err
	case pictures == nil:
		return data.Open(ctx, patterns, s.Config.Data, need)
	case need.Label || need.Caption:
		return nil, fmt.Errorf("eval: %s: pictures have no labels and captions; want shards (data pack)", patterns)
	}
	return data.OpenPictures(pictures, s.Config.Data)
}

// badRows names the rows of a ledger for people, a line each.
type badRows struct{ to io.Writer }

func (b badRows) Write(line []byte) (int, error) {
	var row data.BadRow
	if err := json.Unmarshal(bytes.TrimSpace(line), &row); err != nil {
		return 0, err
	}
	_, err := fmt.Fprintf(b.to, "left out: %s: row %d: %s\n", row.Shard, row.Row, row.Reason)
	return len(line), err
}

// ledger names on stderr what cannot be used. With endless, it has no budget.
func (s *session) ledger(endless bool) *data.Ledger {
	c := s.Config.Data
	if endless {
		c.BadRowBudget = 1
	}
	return data.NewLedger(badRows{os.Stderr}, c)
}

// embed embeds the images of shards or pictures, and their captions if they are needed.
// Where neither captions nor labels are, which are for measuring, any number of rows may
// be bad.
func (s *session) embed(ctx context.Context, shards string, need data.Need) (*embeddings.Set, error) {
	d, err := s.openData(ctx, shards, need)
	if err != nil {
		return nil, err
	}
	ledger := s.ledger(!need.Label && !need.Caption)
	x, err := s.Embed(ctx, d, need.Caption, ledger)
	if err != nil {
		return nil, err
	}
	if s.bad += ledger.Bad(); ledger.Bad() > 0 {
		fmt.Fprintf(os.Stderr, "%d rows cannot be used and are left out\n", ledger.Bad())
	}
	if len(x.Labels) == 0 {
		return nil, fmt.Errorf("eval: %s: none of the rows can be used", storage.Redact(shards))
	}
	x.Weights, err = s.Hash()
	return x, err
}

// left is an error where rows were left out.
func (s *session) left() error {
	if s.bad == 0 {
		return nil
	}
	return fmt.Errorf("eval: %d rows cannot be used, and are left out above", s.bad)
}
