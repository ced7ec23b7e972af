package evalcmd

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/web/page"
)

// Sizes of a report.
const (
	reportPhotos = 24
	reportGrid   = 24
	reportDots   = 200
	reportPairs  = 8
	reportThumb  = 96 // pixels
)

func reportCommand() *cobra.Command {
	var from source
	var classFile, templateFile, train, out string
	c := &cobra.Command{
		Use:   "report --checkpoint PATH --data 'SHARDS' --classes FILE --out report.html",
		Short: "Write one HTML page of what a model has learned",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := from.check(true); err != nil {
				return err
			}
			if _, err := os.Stat(filepath.Dir(out)); err != nil { // before any work
				return fmt.Errorf("eval: --out %s: %w", out, err)
			}
			classes, templates, err := prompts(classFile, templateFile)
			if err != nil {
				return err
			}
			s, err := from.open()
			if err != nil {
				return err
			}
			defer s.pool.Close()
			x, err := from.embedded(c.Context(), s, data.Need{Label: true, Caption: true})
			if err != nil {
				return err
			}
			prompts, err := s.Texts(c.Context(), eval.Prompts(classes, templates))
			if err != nil {
				return err
			}
			w := &reporter{session: s, x: x, Report: &eval.Report{Title: "What " + filepath.Base(from.checkpoint) + " has learned",
				Weights: s.Path, Data: storage.Redact(from.shards + from.embeddings), Written: time.Now().UTC().Format("2006-01-02 15:04 MST"), Classes: classes}}
			if w.classifier, err = eval.NewClassifier(classes, prompts, len(templates)); err != nil {
				return err
			}
			if err := w.numbers(c, templates, prompts, train); err != nil {
				return err
			}
			if err := w.pictures(c.Context()); err != nil {
				return err
			}
			if w.Curves, err = curves(filepath.Join(from.checkpoint, "metrics.jsonl"), w.floor); err != nil {
				return err
			}
			f, err := os.Create(out)
			if err != nil {
				return fmt.Errorf("eval: %w", err)
			}
			if err := w.Write(f); err != nil {
				f.Close()
				return err
			}
			return f.Close()
		},
	}
	from.flags(c, "patterns of Parquet files with labels and captions")
	promptFlags(c, &classFile, &templateFile)
	c.Flags().StringVar(&train, "train", "", "the Parquet files of training: tell classes that their captions name from those they never do")
	c.Flags().StringVar(&out, "out", "report.html", "file to write")
	cli.Required(c, "checkpoint", "classes")
	return c
}

// A reporter fills a report.
type reporter struct {
	*eval.Report
	session    *session
	x          *eval.Embedded
	classifier *eval.Classifier
	floor      float64 // of the training loss; 0 where it is not known
}

// numbers fills in what needs no picture.
func (w *reporter) numbers(c *cobra.Command, templates []string, prompts []float32, train string) error {
	var z zeroshot
	var err error
	if z.ZeroShot, err = w.classifier.Score(w.x.Images, w.x.Labels); err != nil {
		return err
	}
	if err := z.detail(w.classifier, templates, prompts, w.x, w.scale()); err != nil {
		return err
	}
	if train != "" {
		d, err := data.Open(c.Context(), train, w.session.Config.Data, data.Need{Caption: true})
		if err != nil {
			return err
		}
		audit, err := eval.AuditCaptions(w.Classes, d.Captions(c.Context()))
		if err != nil {
			return err
		}
		if err := z.split(w.classifier, audit, w.x); err != nil {
			return err
		}
		counts, err := data.CountCaptions(c.Context(), d.Captions(c.Context()))
		if err != nil {
			return err
		}
		w.floor = data.Floor(counts, w.session.Config.Train.Batch)
		w.Audit, w.Unseen = audit.String(), map[string]bool{}
		for i, unseen := range audit.Unseen() {
			w.Unseen[w.Classes[i]] = unseen
		}
	}
	w.ZeroShot, w.Calibration, w.Templates, w.Confusion, w.Split = z.ZeroShot, *z.Calibration, z.Templates, z.Confusion, z.Split
	r, err := eval.Retrieve(c.Context(), w.session.pool, w.x.Images, w.x.Texts, w.x.ImageOf)
	w.Retrieval = &r
	return err
}

func (w *reporter) scale() float64 { return math.Exp(float64(w.session.Model.LogitScale())) }

func (w *reporter) row(i int) []float32 { return w.x.Images[i*w.x.Width:][:w.x.Width] }

// spread is n of all images, evenly apart.
func (w *reporter) spread(n int) (all []int) {
	total := len(w.x.Labels)
	n = min(n, total)
	for i := range n {
		all = append(all, i*total/n)
	}
	return all
}

// thumbnail reads the picture of image i.
func (w *reporter) thumbnail(ctx context.Context, i, side int) (eval.Pair, error) {
	file, _, err := data.ReadImage(ctx, w.x.Rows[i], w.session.Config.Data)
	if err != nil {
		return eval.Pair{}, err
	}
	m, err := preprocess.NewProcessor(w.session.Config.Data.Preprocess, w.session.Config.Model.Image.Size).Decode(file)
	if err != nil {
		return eval.Pair{}, err
	}
	url, err := page.Thumbnail(m.RGBA(), side)
	return eval.Pair{Picture: url}, err
}

// pictures fills in photos, grid, map, and the nearest and worst pairs.
func (w *reporter) pictures(ctx context.Context) error {
	for _, i := range w.spread(reportPhotos) {
		p, err := w.thumbnail(ctx, i, reportThumb)
		if err != nil {
			return err
		}
		labels := w.classifier.Predict(w.row(i), w.scale())
		truth := w.Classes[w.x.Labels[i]]
		w.Photos = append(w.Photos, eval.Photo{Picture: p.Picture, Truth: truth, Labels: labels[:min(5, len(labels))], Right: labels[0].Class == truth})
	}
	w.grid()
	if err := w.drawMaps(ctx); err != nil {
		return err
	}
	return w.extremes(ctx)
}

// grid takes pairs whose captions differ.
func (w *reporter) grid() {
	var images, texts []float32
	var names, captions []string
	known := map[string]bool{}
	step := max(1, len(w.x.ImageOf)/(4*reportGrid))
	for j := 0; j < len(w.x.ImageOf) && len(names) < reportGrid; j += step {
		caption, i := w.x.Captions[j], w.x.ImageOf[j]
		if known[caption] {
			continue
		}
		known[caption] = true
		images, texts = append(images, w.row(i)...), append(texts, w.x.Texts[j*w.x.Width:][:w.x.Width]...)
		names, captions = append(names, w.Classes[w.x.Labels[i]]), append(captions, caption)
	}
	if len(names) > 1 {
		w.GridOf(images, texts, names, captions)
	}
}

func (w *reporter) drawMaps(ctx context.Context) error {
	var images, texts []float32
	var dots []eval.Dot
	var names []string
	for _, i := range w.spread(reportDots) {
		p, err := w.thumbnail(ctx, i, 32)
		if err != nil {
			return err
		}
		name := w.Classes[w.x.Labels[i]]
		dots, images = append(dots, eval.Dot{Picture: p.Picture, Name: name}), append(images, w.row(i)...)
		if !slices.Contains(names, name) && len(names) < 20 {
			names = append(names, name)
			texts = append(texts, w.classifier.Weights[w.x.Labels[i]*w.x.Width:][:w.x.Width]...)
		}
	}
	return w.MapsOf(ctx, images, texts, w.x.Width, dots, names)
}

// extremes lists the nearest and the farthest of all pairs.
func (w *reporter) extremes(ctx context.Context) error {
	type pair struct {
		text   int
		cosine float32
	}
	all := make([]pair, len(w.x.ImageOf))
	for j, i := range w.x.ImageOf {
		var sum float32
		for d, v := range w.x.Texts[j*w.x.Width:][:w.x.Width] {
			sum += v * w.x.Images[i*w.x.Width+d]
		}
		all[j] = pair{j, sum}
	}
	slices.SortStableFunc(all, func(a, b pair) int {
		switch {
		case a.cosine > b.cosine:
			return -1
		case a.cosine < b.cosine:
			return 1
		}
		return 0
	})
	n := min(reportPairs, len(all))
	farthest := slices.Clone(all[len(all)-n:])
	slices.Reverse(farthest)
	for _, list := range []struct {
		title string
		pairs []pair
	}{{"Nearest pairs", all[:n]}, {"Farthest pairs", farthest}} {
		l := eval.PairList{Title: list.title}
		for _, p := range list.pairs {
			shown, err := w.thumbnail(ctx, w.x.ImageOf[p.text], 2*reportThumb)
			if err != nil {
				return err
			}
			shown.Caption, shown.Cosine = w.x.Captions[p.text], p.cosine
			l.Pairs = append(l.Pairs, shown)
		}
		w.Pairs = append(w.Pairs, l)
	}
	return nil
}
