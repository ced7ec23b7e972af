package datacmd

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data/pack"
)

func packCommand() *cobra.Command {
	var c pack.Config
	var val, classes string
	cmd := &cobra.Command{
		Use:   "pack SOURCE FOLDER",
		Short: "Write a folder of images, CSV, TSV, JSONL, WebDataset tars or Parquet into shards",
		Long: `Write pairs into shards that train reads fast. SOURCE is one of
  a folder of images, with captions in a .txt beside each (a caption a line), in a
    CSV, TSV or JSONL in the folder, in the names of folders, which are classes, or
    in the names of the images: the first of these that there is,
  CSV or TSV whose first line names columns, such as path,caption,label,
  JSONL with such keys, tars of WebDataset, or Parquet files with images,
the last three as a pattern of files. Columns beside stay. Text is in UTF-8,
or in the --encoding latin1 or windows-1252.
In TSV a row is a line, and a quote that does not quote a field is kept. In a
folder, links are followed, and files that are no images counted. With --val 10%
a tenth of the pictures, by the hash of their bytes, goes to shards of the split
val. Names of classes travel in the shards. Where an earlier call did not end, the
same call goes on.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.Source = args[0]
			var err error
			if c.Val, err = share("val", val); err != nil {
				return err
			}
			if classes != "" {
				if c.Classes, err = configs.ReadClasses(classes); err != nil {
					return err
				}
			}
			c.Skipped = func(err error) { fmt.Fprintf(cmd.ErrOrStderr(), "left out: %v\n", err) }
			c.Progress = bar(os.Stderr, "packing")
			start := time.Now()
			r, err := pack.Run(cmd.Context(), args[1], c)
			if err != nil {
				return err
			}
			out, rows, shards, kept := cmd.OutOrStdout(), r.Rows, r.Shards, r.Kept
			if v := r.Val; v != nil {
				rows, shards, kept, r.Skipped = rows+v.Rows, shards+v.Shards, kept+v.Kept, r.Skipped+v.Skipped
			}
			if r.Captions != "" {
				fmt.Fprintf(out, "captions: %s\n", r.Captions)
			}
			fmt.Fprintf(out, "%d rows packed in %.1f s, %d left out; %s has %d shards, of which %d were there\n",
				rows, time.Since(start).Seconds(), r.Skipped, args[1], shards, kept)
			if r.Val != nil {
				fmt.Fprintf(out, "%d of them to %s-*.parquet, %d to val-*.parquet, by the hashes of their pictures\n",
					r.Rows, cmp.Or(c.Split, "train"), r.Val.Rows)
			}
			for _, ext := range slices.Sorted(maps.Keys(r.Ignored)) {
				fmt.Fprintf(out, "not read: %d files %s\n", r.Ignored[ext],
					cmp.Or(ext, "whose name has no extension"))
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.Format, "format", "", "folder, csv, tsv, jsonl, tar or parquet (default: by the name)")
	f.StringVar(&c.Encoding, "encoding", "", "of CSV, TSV, JSONL and .txt: latin1 or windows-1252 (default UTF-8)")
	f.StringVar(&c.Split, "split", "", "what the names of shards begin with (default train)")
	f.StringVar(&val, "val", "", "share of the pictures for shards of the split val, such as 10%")
	f.StringVar(&c.CaptionsFrom, "captions-from", "",
		"of a folder: table, txt, classes or names (default: the first that there is)")
	f.StringVar(&classes, "classes", "", "file with the names of labels, one a line (default: labels that are names, sorted)")
	f.StringVar(&c.Image, "image", "", "column of images or of their paths (default: the usual names)")
	f.StringVar(&c.Caption, "caption", "", "column of captions (default: the usual names)")
	f.StringVar(&c.Template, "template", "", `caption in a folder of classes (default "a photo of a {}")`)
	f.IntVar(&c.ShortSide, "short-side", 0, "scale larger images down to this many pixels at the shorter side")
	f.IntVar(&c.Quality, "quality", 0, "of the JPEGs of scaled images (default 90)")
	f.IntVar(&c.ShardRows, "shard-rows", 0, "rows of a shard (default 10000)")
	f.IntVar(&c.Workers, "workers", 0, "goroutines that read and scale (default one a core)")
	f.BoolVar(&c.SkipBad, "skip-bad", false, "leave out images that cannot be read, and print each")
	return cmd
}

// share reads 10% or 0.1; "" is 0.
func share(flag, text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	number, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(number, 64)
	if percent {
		v /= 100
	}
	if err != nil || !(0 < v && v < 1) {
		return 0, cli.Usagef("--%s %q; want a share such as 10%% or 0.1", flag, text)
	}
	return v, nil
}

// bar returns what draws progress on f, or nil if f is no terminal.
func bar(f *os.File, what string) func(done, all int64) {
	if !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	var b *progressbar.ProgressBar
	return func(done, all int64) {
		if b == nil {
			b = progressbar.NewOptions64(all, progressbar.OptionSetWriter(f), progressbar.OptionSetDescription(what),
				progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true), progressbar.OptionFullWidth(),
				progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
		}
		_ = b.Set64(done) // a bar that cannot be drawn is no reason to stop
	}
}
