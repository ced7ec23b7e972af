package report

import (
	"cmp"
	"context"
	"fmt"
	"html/template"
	"slices"
	"time"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/eval/embeddings"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/web/page"
)

// A Source is what a report is made of.
type Source struct {
	Title   string
	Weights string // where they are
	Data    string // where the images are
	Written time.Time

	// Set has captions with their embeddings and, where there are Classes, labels,
	// which are numbers of them. Without Classes nothing is said of labels.
	Set       *embeddings.Set
	Classes   []string
	Templates []string
	Prompts   []float32   // (C * P, E), of eval.Prompts
	Logits    eval.Logits // how the model makes probabilities of cosines

	// Read and Size, in pixels, say how the pictures of Set are read.
	Read data.Config
	Size int

	// Train is the data of training, opened to need captions, and Batch the
	// batch of training. Without Train, nothing is said of them.
	Train *data.Dataset
	Batch int

	Loss *eval.PairLoss // of training on the pairs of Set; nil where it is not known

	Pool *model.Pool
}

// What a report shows, at most; sides are in pixels.
const (
	maxPhotos = 24
	maxGrid   = 24 // pairs
	maxDots   = 200
	maxNames  = 20 // on a map
	maxPairs  = 8  // in a list
	thumbSide = 96
	dotSide   = 32
)

// New measures the model and reads the pictures of its report, all but the
// Curves.
func New(ctx context.Context, from Source) (*Report, error) {
	b := &builder{from, nil, preprocess.NewProcessor(from.Read.Preprocess, from.Size), &Report{
		Title: from.Title, Weights: from.Weights, Data: from.Data, Classes: from.Classes,
		Written: from.Written.UTC().Format("2006-01-02 15:04 MST"), Loss: from.Loss,
	}}
	if len(from.Classes) > 0 {
		var err error
		if b.classifier, err = eval.NewClassifier(from.Classes, from.Prompts, len(from.Templates)); err != nil {
			return nil, err
		}
	}
	for _, fill := range []func(context.Context) error{b.numbers, b.training, b.photos, b.grid, b.maps, b.extremes} {
		if err := fill(ctx); err != nil {
			return nil, err
		}
	}
	return b.report, nil
}

// A builder fills a report.
type builder struct {
	Source
	classifier *eval.Classifier // nil without classes
	processor  *preprocess.Processor
	report     *Report
}

// numbers measures the model on the set.
func (b *builder) numbers(ctx context.Context) error {
	r, x := b.report, b.Set
	retrieval, err := eval.Retrieve(ctx, b.Pool, x.Images, x.Texts, x.ImageOf)
	if err != nil {
		return err
	}
	r.Retrieval = &retrieval
	if best := eval.Ceiling(x.Captions, x.ImageOf); best.ImageToText.R1+best.TextToImage.R1 < 2 {
		r.Ceiling = &best
	}
	if b.classifier == nil {
		return nil
	}
	return b.accuracy()
}

// accuracy measures the model by labels.
func (b *builder) accuracy() (err error) {
	r, c, x := b.report, b.classifier, b.Set
	if r.ZeroShot, err = c.Score(x.Images, x.Labels); err != nil {
		return err
	}
	if r.Calibration, err = c.Calibrate(x.Images, x.Labels, b.Logits); err != nil {
		return err
	}
	if r.Templates, err = eval.ScoreTemplates(b.Classes, b.Templates, b.Prompts, x.Images, x.Labels); err != nil {
		return err
	}
	r.Confusion, err = c.Confusion(x.Images, x.Labels)
	return err
}

// training finds the floor of the loss, and measures classes that the captions of training
// name apart from the others.
func (b *builder) training(ctx context.Context) error {
	if b.Train == nil {
		return nil
	}
	counts, err := data.CountCaptions(ctx, b.Train.Captions(ctx))
	if err != nil {
		return err
	}
	loss := model.Config{}
	if b.Logits.Sigmoid {
		loss.Loss = model.Sigmoid
	}
	r := b.report
	r.Floor = data.FloorOf(counts, b.Batch, loss.GuessLoss)
	if b.classifier == nil {
		return nil
	}
	audit, err := eval.AuditCaptions(b.Classes, b.Train.Captions(ctx))
	if err != nil {
		return err
	}
	split, err := b.classifier.ScoreSplit(b.Set.Images, b.Set.Labels, audit.Unseen())
	if err != nil {
		return err
	}
	r.Split, r.Audit, r.Unseen = &split, audit.String(), map[string]bool{}
	for i, unseen := range audit.Unseen() {
		r.Unseen[b.Classes[i]] = unseen
	}
	return nil
}

// spread is n of all images, at equal distances.
func (b *builder) spread(n int) (all []int) {
	total := len(b.Set.Labels)
	n = min(n, total)
	for i := range n {
		all = append(all, i*total/n)
	}
	return all
}

// truth is the class of image i, or without classes the first of its captions.
func (b *builder) truth(i int) string {
	if b.classifier != nil {
		return b.Classes[b.Set.Labels[i]]
	}
	j, _ := slices.BinarySearch(b.Set.ImageOf, i)
	return b.Set.Captions[j]
}

// thumbnail reads the picture of image i.
func (b *builder) thumbnail(ctx context.Context, i, side int) (template.URL, error) {
	file, _, err := data.ReadImage(ctx, b.Set.Rows[i], b.Read)
	if err != nil {
		return "", err
	}
	m, err := b.processor.Decode(file)
	if err != nil {
		return "", fmt.Errorf("report: %v: %w", b.Set.Rows[i], err)
	}
	return page.Thumbnail(m.RGBA(), side)
}

func (b *builder) photos(ctx context.Context) error {
	labels := b.classifier
	if labels == nil { // the captions of all images are what there is to choose from
		labels = &eval.Classifier{Classes: b.Set.Captions, Weights: b.Set.Texts}
	}
	for _, i := range b.spread(maxPhotos) {
		picture, err := b.thumbnail(ctx, i, thumbSide)
		if err != nil {
			return err
		}
		all := labels.Predict(b.Set.Image(i), b.Logits)
		photo := Photo{Picture: picture, Truth: b.truth(i), Labels: all[:min(5, len(all))]}
		if b.classifier == nil {
			own := b.own(i)
			photo.Truth = all[slices.IndexFunc(all, func(l eval.Label) bool { return own[l.Class] })].Class
		}
		photo.Right = all[0].Class == photo.Truth
		b.report.Photos = append(b.report.Photos, photo)
	}
	return nil
}

// own are the captions of image i.
func (b *builder) own(i int) map[string]bool {
	own := map[string]bool{}
	for j, of := range b.Set.ImageOf {
		if of == i {
			own[b.Set.Captions[j]] = true
		}
	}
	return own
}

// grid takes pairs whose captions differ.
func (b *builder) grid(ctx context.Context) error {
	x := b.Set
	var images, texts []float32
	var pairs []Pair
	known := map[string]bool{}
	step := max(1, len(x.ImageOf)/(4*maxGrid))
	for j := 0; j < len(x.ImageOf) && len(pairs) < maxGrid; j += step {
		caption, i := x.Captions[j], x.ImageOf[j]
		if known[caption] {
			continue
		}
		known[caption] = true
		picture, err := b.thumbnail(ctx, i, dotSide)
		if err != nil {
			return err
		}
		images, texts = append(images, x.Image(i)...), append(texts, x.Text(j)...)
		pairs = append(pairs, Pair{Picture: picture, Caption: caption})
	}
	if len(pairs) > 1 {
		b.report.setGrid(images, texts, pairs)
	}
	return nil
}

// setGrid draws the cosines of n pairs, images (n, E) with texts (n, E), and marks the
// images that are nearest to their own text.
func (r *Report) setGrid(images, texts []float32, pairs []Pair) {
	n := len(pairs)
	e := len(images) / n
	cosines := make([]float32, n*n)
	hits := 0
	for i := range n {
		best := 0
		for j := range n {
			cosines[i*n+j] = dot(images[i*e:][:e], texts[j*e:])
			if cosines[i*n+j] > cosines[i*n+best] {
				best = j
			}
		}
		pairs[i].Cosine = cosines[i*n+i]
		if pairs[i].Found = best == i; best == i {
			hits++
		}
	}
	r.Grid, r.GridPairs = gridSVG(cosines, pairs), pairs
	r.GridText = fmt.Sprintf("%d of %d images are nearest to their own caption; guessing finds 1.", hits, n)
}

func dot(a, b []float32) (sum float32) {
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}

// maps shows images and the names of their classes, or some captions.
func (b *builder) maps(ctx context.Context) error {
	x := b.Set
	var images, texts []float32
	var dots []Dot
	var names []string
	for _, i := range b.spread(maxDots) {
		picture, err := b.thumbnail(ctx, i, dotSide)
		if err != nil {
			return err
		}
		name := b.truth(i)
		dots, images = append(dots, Dot{picture, name}), append(images, x.Image(i)...)
		if !slices.Contains(names, name) && len(names) < maxNames {
			names = append(names, name)
			texts = append(texts, b.text(i)...)
		}
	}
	if b.classifier == nil {
		names = shorten(names, 24)
	}
	maps, err := drawMaps(ctx, images, texts, x.Width, dots, names)
	b.report.Maps = maps
	return err
}

// text is the embedding of the truth of image i.
func (b *builder) text(i int) []float32 {
	x := b.Set
	if b.classifier != nil {
		return b.classifier.Weights[x.Labels[i]*x.Width:][:x.Width]
	}
	j, _ := slices.BinarySearch(x.ImageOf, i)
	return x.Text(j)
}

// shorten cuts names to n characters.
func shorten(names []string, n int) (short []string) {
	for _, name := range names {
		if r := []rune(name); len(r) > n {
			name = string(r[:n-1]) + "…"
		}
		short = append(short, name)
	}
	return short
}

// extremes lists the nearest and the farthest of all pairs.
func (b *builder) extremes(ctx context.Context) error {
	all := make([]eval.Match, len(b.Set.ImageOf))
	for j, i := range b.Set.ImageOf {
		all[j] = eval.Match{Item: j, Cosine: dot(b.Set.Text(j), b.Set.Image(i))}
	}
	slices.SortStableFunc(all, func(a, b eval.Match) int { return -cmp.Compare(a.Cosine, b.Cosine) })
	n := min(maxPairs, len(all))
	farthest := slices.Clone(all[len(all)-n:])
	slices.Reverse(farthest)
	for _, list := range []struct {
		title string
		pairs []eval.Match
	}{{"Nearest pairs", all[:n]}, {"Farthest pairs", farthest}} {
		l := PairList{Title: list.title}
		for _, p := range list.pairs {
			picture, err := b.thumbnail(ctx, b.Set.ImageOf[p.Item], 2*thumbSide)
			if err != nil {
				return err
			}
			l.Pairs = append(l.Pairs, Pair{Picture: picture, Caption: b.Set.Captions[p.Item], Cosine: p.Cosine})
		}
		b.report.Pairs = append(b.report.Pairs, l)
	}
	return nil
}
