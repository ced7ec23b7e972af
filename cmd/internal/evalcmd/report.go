package evalcmd

import (
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/eval/report"
	"github.com/goclip/goclip/run"
)

type reportFlags struct {
	from       source
	prompts    promptFlags
	train, out string
}

func reportCommand() *cobra.Command {
	var f reportFlags
	c := &cobra.Command{
		Use:   "report --checkpoint PATH --data 'SHARDS' [--classes FILE] --out report.html",
		Short: "Write one HTML page of what a model has learned",
		Args:  cobra.NoArgs,
		RunE:  f.run,
	}
	f.from.flags(c, "patterns of Parquet files with captions, and labels where there are classes")
	f.prompts.flags(c)
	c.Flags().StringVar(&f.train, "train", "", trainUsage)
	c.Flags().StringVar(&f.out, "out", "report.html", "file to write")
	cli.Required(c, "checkpoint")
	cli.List(c, "data", "train")
	return c
}

func (f *reportFlags) run(c *cobra.Command, _ []string) error {
	if err := f.from.check(true); err != nil {
		return err
	}
	if err := checkOut("out", f.out); err != nil {
		return err
	}
	switch {
	case f.prompts.classFile != "":
		if err := f.prompts.read(); err != nil {
			return err
		}
	case f.prompts.templateFile != "":
		return cli.Usagef("--templates without --classes; want both")
	}
	s, err := f.from.open()
	if err != nil {
		return err
	}
	x, err := f.from.set(c.Context(), s, data.Need{Caption: true,
		Label: f.prompts.classes != nil, Classes: f.prompts.classes})
	if err != nil {
		return err
	}
	if f.prompts.classes != nil {
		if err := f.prompts.embed(c.Context(), s); err != nil {
			return err
		}
	}
	from := report.Source{
		Title: "What " + filepath.Base(f.from.checkpoint) + " has learned", Weights: s.Path,
		Data: storage.Redact(f.from.shards + f.from.embeddings), Written: time.Now(),
		Set: x, Classes: f.prompts.classes, Templates: f.prompts.templates, Prompts: f.prompts.embedded,
		Logits: s.logits(),
		Read:   s.Config.Data, Size: s.Config.Model.Image.Size, Batch: s.Config.Train.Batch,
	}
	if from.Loss, err = s.pairLoss(c.Context(), x); err != nil {
		return err
	}
	if f.train != "" {
		if from.Train, err = data.Open(c.Context(), f.train, s.Config.Data, data.Need{Caption: true}); err != nil {
			return err
		}
	}
	r, err := report.New(c.Context(), from)
	if err != nil {
		return err
	}
	if s.Config.Train.Step().SameTexts { // what repeats is not wrong
		r.Floor = 0
	}
	if r.Curves, err = curves(filepath.Join(f.from.checkpoint, run.MetricsFile), r.Floor); err != nil {
		return err
	}
	return sayWritten(c, f.out, writeFile(f.out, r.Write))
}
