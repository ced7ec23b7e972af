package evalcmd

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
)

type embedFlags struct {
	model  modelPath
	job    embedJob
	asJSON bool
}

func embedCommand() *cobra.Command {
	var f embedFlags
	c := &cobra.Command{
		Use:   "embed --checkpoint PATH --data SHARDS|FOLDER --out FILE",
		Short: "Write the embeddings of images and captions, for the other commands",
		Long: `Write the embeddings of the images of shards, or of a folder of pictures and all below it,
and of captions, with the columns key, url and path where the shards have them. Stopped and called
again, it goes on where it was. Of pictures, a .parquet file that is there keeps what did not change,
by path, size and time. Rows that cannot be used are named; then the exit code is 1.`,
		Args: cobra.NoArgs,
		RunE: f.run,
	}
	f.model.flags(c)
	c.Flags().StringVar(&f.job.data, "data", "", "patterns of Parquet files, or a folder of pictures")
	c.Flags().StringVar(&f.job.out, "out", "",
		"file to write: NAME.parquet, or for numpy NAME.npy, NAME.texts.npy and NAME.rows.parquet")
	c.Flags().BoolVar(&f.job.captions, "captions", false, "embed the captions, too")
	c.Flags().StringSliceVar(&f.job.columns, "columns", nil, "columns of the shards to keep beside key, url and path")
	c.Flags().BoolVar(&f.asJSON, "json", false, "print one line of JSON")
	cli.Required(c, "checkpoint", "data", "out")
	cli.List(c, "data")
	return c
}

func (f *embedFlags) run(c *cobra.Command, _ []string) error {
	if ext := filepath.Ext(f.job.out); ext != ".parquet" && ext != ".npy" {
		return cli.Usagef("--out %s; want a name that ends with .parquet or .npy", f.job.out)
	}
	if err := checkOut("out", f.job.out); err != nil {
		return err
	}
	s, err := f.model.open(0)
	if err != nil {
		return err
	}
	e, err := s.embedTo(c.Context(), f.job)
	if err != nil {
		return err
	}
	if f.asJSON {
		err = cli.PrintJSON(c.OutOrStdout(), e)
	} else {
		_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %d images and %d captions, %d numbers each%s\n", e.Out, e.Images,
			e.Texts, e.Width, keptText(e.Kept))
	}
	if err != nil {
		return err
	}
	return s.left()
}

func keptText(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; %d images were there already", n)
}
