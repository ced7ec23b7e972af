package evalcmd

import (
	"context"
	"fmt"
	"image/png"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/eval/embeddings"
	"github.com/goclip/goclip/eval/report"
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

type searchFlags struct {
	from                 source
	text, picture, sheet string
	k                    int
	asJSON               bool
}

func searchCommand() *cobra.Command {
	var f searchFlags
	c := &cobra.Command{
		Use:   "search --checkpoint PATH --data 'SHARDS' --text 'a red circle' | --image q.jpg",
		Short: "Find the images nearest to a text or an image",
		Args:  cobra.NoArgs,
		RunE:  f.run,
	}
	f.from.flags(c, "patterns of Parquet files, or a folder of pictures")
	c.Flags().StringVar(&f.text, "text", "", "the query in words")
	c.Flags().StringVar(&f.picture, "image", "", "the query as an image file")
	c.Flags().StringVar(&f.sheet, "sheet", "", "PNG file to draw the images into")
	c.Flags().IntVar(&f.k, "k", 12, "number of images to find")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print a line of JSON for each image")
	cli.Required(c, "checkpoint")
	cli.List(c, "data")
	return c
}

func (f *searchFlags) check() error {
	if err := f.from.checkKept(); err != nil {
		return err
	}
	if (f.text == "") == (f.picture == "") {
		return cli.Usagef("--text, --image: have %q, %q; want one of them", f.text, f.picture)
	}
	if f.k < 1 {
		return cli.Usagef("--k %d; want at least 1", f.k)
	}
	if f.sheet != "" {
		return checkOut("sheet", f.sheet)
	}
	return nil
}

func (f *searchFlags) run(c *cobra.Command, _ []string) error {
	if err := f.check(); err != nil {
		return err
	}
	s, err := f.from.open()
	if err != nil {
		return err
	}
	query, err := f.query(c.Context(), s)
	if err != nil {
		return err
	}
	x, err := f.from.set(c.Context(), s, data.Need{})
	if err != nil {
		return err
	}
	all, err := s.search(c.Context(), query, x, f.k, f.sheet != "")
	if err != nil {
		return err
	}
	if f.sheet != "" {
		if err := writeSheet(f.sheet, f.text+f.picture, all); err != nil {
			return err
		}
	}
	if err := printFound(c.OutOrStdout(), all, f.asJSON); err != nil {
		return err
	}
	return s.left()
}

// query embeds the text, or the image if there is no text.
func (f *searchFlags) query(ctx context.Context, s *session) ([]float32, error) {
	if f.text != "" {
		return s.Texts(ctx, []string{f.text})
	}
	return s.embedFile(ctx, f.picture)
}

// search finds the k images nearest to a query. Where it can, it reads their
// captions; to look at them, it must read the images.
func (s *session) search(ctx context.Context, query []float32, x *embeddings.Set, k int, look bool) ([]found, error) {
	matches, err := eval.Nearest(ctx, nil, query, x.Images, x.Width, k)
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
	cells := make([]report.Cell, len(all))
	for i, f := range all {
		cells[i] = report.Cell{Picture: f.picture, Lines: []string{fmt.Sprintf("%d   %.3f", f.Rank, f.Cosine),
			strings.Join(f.Captions, " | ")}}
	}
	m, err := report.Sheet(title, cells)
	if err != nil {
		return err
	}
	return writeFile(path, func(w io.Writer) error { return png.Encode(w, m) })
}

func printFound(out io.Writer, all []found, asJSON bool) error {
	if asJSON {
		for _, f := range all {
			if err := cli.PrintJSON(out, f); err != nil {
				return err
			}
		}
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, f := range all {
		where := data.RowRef{Shard: f.Shard, Row: f.Row}.String()
		if data.IsPicture(f.Shard) {
			where = f.Shard
		}
		fmt.Fprintf(w, "%d\t%.3f\t%s\t%s\n", f.Rank, f.Cosine, where, strings.Join(f.Captions, " | "))
	}
	return w.Flush()
}
