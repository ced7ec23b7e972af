package evalcmd

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip"
	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval/embeddings"
	"github.com/goclip/goclip/web/api"
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
		Use:   "serve --workdir RUN | --checkpoint PATH [--data SHARDS|FOLDER]",
		Short: "Show a run, or try a model, in a browser; embed and search for programs",
		Long: `Show a run in a browser (--workdir), or try a model there (--checkpoint).
A model answers programs as well: POST /api/embed, /api/search and /v1/embeddings, GET /healthz;
/openapi.json describes them. Ctrl-C ends it after the requests under way.`,
		Args: cobra.NoArgs,
		RunE: f.run,
	}
	f.from.flags(c, "patterns of Parquet files to search, or a folder of pictures")
	c.Flags().StringArrayVar(&f.workdirs, "workdir", nil,
		"show the run in this folder, which may go on or have ended; given more than once, the runs are compared")
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8080", "address to listen at")
	c.Flags().BoolVar(&f.open, "open", false, "open the page in a browser")
	c.Flags().BoolVar(&f.public, "public", false, "let other machines in that have the token which is printed")
	cli.List(c, "data")
	return c
}

func (f *serveFlags) run(c *cobra.Command, _ []string) error {
	switch from := f.from; {
	case (len(f.workdirs) == 0) == (from.checkpoint == ""):
		return cli.Usagef("--workdir, --checkpoint: have %q, %q; want one of them", f.workdirs, from.checkpoint)
	case len(f.workdirs) > 0 && from.shards+from.embeddings != "":
		return cli.Usagef("--data, --embeddings: have %q, %q; want at most one of them, with --checkpoint",
			from.shards, from.embeddings)
	case from.shards != "" && from.embeddings != "":
		if err := from.checkKept(); err != nil {
			return err
		}
	}
	s, err := serve.Listen(f.listen, f.public) // a port in use is an error before any work
	if err != nil {
		return err
	}
	if len(f.workdirs) > 0 {
		pages, err := runPages(f.workdirs)
		if err != nil {
			return err
		}
		return f.answer(c, s, pages)
	}
	m, err := f.from.served(c.Context())
	if err != nil {
		return err
	}
	defer m.close()
	s.Grace = grace
	if err := f.answer(c, s, m.handler()); err != nil {
		return err
	}
	return m.with.left()
}

// grace is how long requests under way may take when the server ends.
const grace = 10 * time.Second

func (f *serveFlags) answer(c *cobra.Command, s *serve.Server, pages http.Handler) error {
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

// A served model has a page, and routes for programs.
type served struct {
	page  demo.Model
	api   api.Model
	with  *session
	model *goclip.Model
	file  *embeddings.NPYFile // what is searched, where it is not in memory
}

func (m *served) handler() http.Handler { return api.Handler(m.api, demo.Handler(m.page)) }

func (m *served) close() {
	m.model.Close()
	if m.file != nil {
		m.file.Close()
	}
}

// inMemory is the size of the largest .npy file that is read before the server answers.
const inMemory = 1 << 30

// served opens a model, and what can be searched.
func (s *source) served(ctx context.Context) (*served, error) {
	batch := 1 // embeds nothing
	if s.shards != "" {
		batch = 0
	}
	with, err := s.modelPath.open(batch)
	if err != nil {
		return nil, err
	}
	m := &served{with: with}
	if err := m.index(ctx, s); err != nil {
		return nil, err
	}
	if m.model, err = goclip.FromTrained(with.Trained, goclip.WithMaxPixels(api.MaxPixels)); err != nil {
		return nil, err
	}
	with.Embedder = nil // whose memory is not needed again
	name := filepath.Base(s.checkpoint)
	m.api.Name, m.api.Encoder = name, m.model
	m.page.Name, m.page.Encoder, m.page.Logits = name, m.model, with.logits()
	m.page.Size, m.page.Data = with.Config.Model.Image.Size, with.Config.Data
	// The run's own lists, where they are still there.
	if m.page.Classes, err = configs.ReadClasses(with.Config.Eval.Classes); err != nil {
		m.page.Classes = nil
	}
	if m.page.Templates, err = configs.ReadTemplates(with.Config.Eval.Templates); err != nil {
		m.page.Templates = nil
	}
	return m, nil
}

// index reads or makes what can be searched, or opens a large file of it.
func (m *served) index(ctx context.Context, s *source) error {
	if s.shards+s.embeddings == "" {
		return nil
	}
	info, err := os.Stat(s.embeddings)
	if err == nil && strings.HasSuffix(s.embeddings, ".npy") && info.Size() > inMemory {
		if m.file, err = embeddings.OpenNPY(s.embeddings); err != nil {
			return err
		}
		if dim := m.with.Config.Model.EmbedDim; m.file.Dim() != dim {
			return fmt.Errorf("eval: %s has rows of %d; want %d, as %s has", s.embeddings, m.file.Dim(), dim, m.with.Path)
		}
		m.api.Items = m.file
		return nil
	}
	if m.page.Set, err = s.set(ctx, m.with, data.Need{}); err != nil {
		return err
	}
	m.api.Items = m.page.Set
	return nil
}
