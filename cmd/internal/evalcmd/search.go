package evalcmd

import (
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/eval"
)

// A found image is a line that search prints.
type found struct {
	Rank     int      `json:"rank"`
	Cosine   float32  `json:"cosine"`
	Shard    string   `json:"shard"`
	Row      int64    `json:"row"`
	Captions []string `json:"captions,omitempty"`

	picture *preprocess.Image
}

func searchCommand() *cobra.Command {
	var from source
	var text, picture, sheet string
	var k int
	var asJSON bool
	c := &cobra.Command{
		Use:   "search --checkpoint PATH --data 'SHARDS' --text 'a red circle' | --image q.jpg",
		Short: "Find the images nearest to a text or an image",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := from.check(true); err != nil {
				return err
			}
			if (text == "") == (picture == "") {
				return cli.Usagef("--text, --image: have %q, %q; want one of them", text, picture)
			}
			if k < 1 {
				return cli.Usagef("--k %d; want at least 1", k)
			}
			s, err := from.open()
			if err != nil {
				return err
			}
			defer s.pool.Close()
			query, err := s.query(c.Context(), text, picture)
			if err != nil {
				return err
			}
			x, err := from.embedded(c.Context(), s, data.Need{})
			if err != nil {
				return err
			}
			all, err := s.search(c.Context(), query, x, k, sheet != "")
			if err != nil {
				return err
			}
			if sheet != "" {
				if err := writeSheet(sheet, text+picture, all); err != nil {
					return err
				}
			}
			return printFound(c.OutOrStdout(), all, asJSON)
		},
	}
	from.flags(c, "patterns of Parquet files")
	c.Flags().StringVar(&text, "text", "", "the query in words")
	c.Flags().StringVar(&picture, "image", "", "the query as an image file")
	c.Flags().StringVar(&sheet, "sheet", "", "PNG file to draw the images into")
	c.Flags().IntVar(&k, "k", 12, "number of images to find")
	c.Flags().BoolVar(&asJSON, "json", false, "print a line of JSON for each image")
	cli.Required(c, "checkpoint")
	return c
}

// query embeds the text, or the image if there is no text.
func (s *session) query(ctx context.Context, text, picture string) ([]float32, error) {
	if text != "" {
		return s.Texts(ctx, []string{text})
	}
	size := s.Config.Model.Image.Size
	p, input := preprocess.NewProcessor(s.Config.Data.Preprocess, size), make([]float32, 3*size*size)
	m, err := decode(p, picture)
	if err != nil {
		return nil, err
	}
	p.Eval(input, m)
	return s.Images(ctx, input)
}

// search finds the k images nearest to a query, and reads them if they are to
// be looked at, or if the embeddings came without captions.
func (s *session) search(ctx context.Context, query []float32, x *eval.Embedded, k int, look bool) ([]found, error) {
	matches, err := eval.Nearest(ctx, s.pool, query, x.Images, x.Width, k)
	if err != nil {
		return nil, err
	}
	p := preprocess.NewProcessor(s.Config.Data.Preprocess, s.Config.Model.Image.Size)
	all := make([]found, len(matches[0]))
	for i, m := range matches[0] {
		ref := x.Rows[m.Item]
		f := found{Rank: i + 1, Cosine: m.Cosine, Shard: ref.Shard, Row: ref.Row}
		file, captions, err := data.ReadImage(ctx, ref, s.Config.Data)
		switch {
		case err == nil:
			f.Captions = captions
			if look {
				if f.picture, err = p.Decode(file); err != nil {
					return nil, fmt.Errorf("eval: %v: %w", ref, err)
				}
			}
		case look:
			return nil, err
		}
		all[i] = f
	}
	return all, nil
}

func writeSheet(path, title string, all []found) error {
	cells := make([]eval.Cell, len(all))
	for i, f := range all {
		cells[i] = eval.Cell{Picture: f.picture, Lines: []string{fmt.Sprintf("%d   %.3f", f.Rank, f.Cosine), strings.Join(f.Captions, " | ")}}
	}
	m, err := eval.Sheet(title, cells)
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("eval: %w", err)
	}
	if err := png.Encode(f, m); err != nil {
		f.Close()
		return fmt.Errorf("eval: %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("eval: %w", err)
	}
	return nil
}

func printFound(out io.Writer, all []found, asJSON bool) error {
	if asJSON {
		for _, f := range all {
			if err := json.NewEncoder(out).Encode(f); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, f := range all {
		fmt.Fprintf(w, "%d\t%.3f\t%s: row %d\t%s\n", f.Rank, f.Cosine, f.Shard, f.Row, strings.Join(f.Captions, " | "))
	}
	return w.Flush()
}
