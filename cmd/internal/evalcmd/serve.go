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
	from            source
	workdir, listen string
	public          bool
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
	c.Flags().StringVar(&f.workdir, "workdir", "", "show the run in this folder, which may go on or have ended")
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8080", "address to listen at")
	c.Flags().BoolVar(&f.public, "public", false, "let other machines in that have the token which is printed")
	cli.List(c, "data")
	return c
}

func (f *serveFlags) run(c *cobra.Command, _ []string) error {
	switch from := f.from; {
	case (f.workdir == "") == (from.checkpoint == ""):
		return cli.Usagef("--workdir, --checkpoint: have %q, %q; want one of them", f.workdir, from.checkpoint)
	case from.shards != "" && from.embeddings != "" || f.workdir != "" && from.shards+from.embeddings != "":
		return cli.Usagef("--data, --embeddings: have %q, %q; want at most one of them, with --checkpoint",
			from.shards, from.embeddings)
	}
	s, err := serve.Listen(f.listen, f.public) // a port in use is an error before any work
	if err != nil {
		return err
	}
	var pages http.Handler
	if f.workdir != "" {
		pages, err = runPages(f.workdir)
	} else {
		pages, err = f.from.demo(c.Context())
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(c.OutOrStdout(), "%s (Ctrl-C ends it)\n", s.URL)
	return s.Run(c.Context(), pages)
}

// runPages are the pages of a run.
func runPages(workdir string) (http.Handler, error) {
	f := live.Open(workdir)
	if err := f.Check(); err != nil {
		return nil, err
	}
	return f.Handler(), nil
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
