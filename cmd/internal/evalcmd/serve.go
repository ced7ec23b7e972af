package evalcmd

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/web/demo"
	"github.com/goclip/goclip/web/live"
	"github.com/goclip/goclip/web/serve"
)

type serveFlags struct {
	from         source
	workdirs     []string
	listen       string
	public, open bool
}

func serveCommand() *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "serve --workdir RUN | --checkpoint PATH [--data 'SHARDS']",
		Short: "Show a run, or try a model, in a browser",
		Args:  cobra.NoArgs,
		RunE:  f.run,
	}
	f.from.flags(c, "patterns of Parquet files to search")
	c.Flags().StringArrayVar(&f.workdirs, "workdir", nil,
		"show the run in this folder, which may go on or have ended; given more than once, the runs are compared")
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8080", "address to listen at")
	c.Flags().BoolVar(&f.open, "open", false, "open the page in a browser")
	c.Flags().BoolVar(&f.public, "public", false, "let other machines in that have the token which is printed")
	return c
}

func (f *serveFlags) run(c *cobra.Command, _ []string) error {
	switch from := f.from; {
	case (len(f.workdirs) == 0) == (from.checkpoint == ""):
		return cli.Usagef("--workdir, --checkpoint: have %q, %q; want one of them", f.workdirs, from.checkpoint)
	case from.shards != "" && from.embeddings != "" || len(f.workdirs) > 0 && from.shards+from.embeddings != "":
		return cli.Usagef("--data, --embeddings: have %q, %q; want at most one of them, with --checkpoint",
			from.shards, from.embeddings)
	}
	s, err := serve.Listen(f.listen, f.public) // a port in use is an error before any work
	if err != nil {
		return err
	}
	var pages http.Handler
	if len(f.workdirs) > 0 {
		pages, err = runPages(f.workdirs)
	} else {
		pages, err = f.from.demo(c.Context())
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "%s (Ctrl-C ends it)\n", s.URL)
	if f.open {
		if err := cli.Open(s.URL); err != nil {
			fmt.Fprintln(c.ErrOrStderr(), err)
		}
	}
	return s.Run(c.Context(), pages)
}

// runPages are the pages of a run, or of several.
func runPages(workdirs []string) (http.Handler, error) {
	var runs live.Runs
	for _, dir := range workdirs {
		f := live.Open(dir)
		if err := f.Check(); err != nil {
			return nil, err
		}
		runs = append(runs, f)
	}
	if len(runs) == 1 {
		return runs[0].Handler(), nil
	}
	return runs.Handler(), nil
}

// demo is the page of a model.
func (s *source) demo(ctx context.Context) (http.Handler, error) {
	batch := 1 // a request has one image, and texts one by one
	if s.shards != "" {
		batch = 0
	}
	with, err := s.modelPath.open(batch)
	if err != nil {
		return nil, err
	}
	m := demo.Model{
		Name: filepath.Base(s.checkpoint), Logits: with.logits(), Size: with.Config.Model.Image.Size,
		Data: with.Config.Data,
	}
	if s.shards+s.embeddings != "" {
		if m.Set, err = s.set(ctx, with, data.Need{}); err != nil {
			return nil, err
		}
	}
	// The run's own lists, where they are still there.
	if m.Classes, err = configs.ReadClasses(with.Config.Eval.Classes); err != nil {
		m.Classes = nil
	}
	if m.Templates, err = configs.ReadTemplates(with.Config.Eval.Templates); err != nil {
		m.Templates = nil
	}
	m.Embedder, err = eval.NewEmbedder(with.Model, with.Tokenizer, 1, nil)
	return demo.Handler(m), err
}
