package doctor

import (
	"context"
	"fmt"
	"math"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/web/page"
)

// What a report lists and shows at most.
const (
	maxListed = 1000 // groups and twins
	maxShown  = 24   // of them with captions and pictures
	maxGroup  = 4    // rows of a group, shown
	thumb     = 112  // pixels
)

// makeReport puts the report together.
func (x *Examination) makeReport(ctx context.Context) (r *Report, err error) {
	t, c := x.train, x.config
	r = &Report{Train: t.summary(), Captions: x.captions(), Tokens: t.tokens(c)}
	if r.Duplicates, err = x.duplicates(ctx); err != nil {
		return nil, err
	}
	if x.val != nil {
		val := x.val.summary()
		r.Val = &val
		if r.Overlap, err = x.overlap(ctx); err != nil {
			return nil, err
		}
	}
	if err := x.repeated(ctx, &r.Captions); err != nil {
		return nil, err
	}
	r.Floor, r.SuggestedBatch = x.floor()
	if r.Vocabulary, err = vocabularies(t.sample, c.Context); err != nil {
		return nil, err
	}
	r.SuggestedVocabulary = suggestVocabulary(r.Vocabulary)
	r.Findings = findings(r, c, t.survey.Config)
	return r, nil
}

// place says where a row is.
func (s *set) place(row uint32) Place {
	ref := s.survey.Ref(int64(row))
	return Place{Shard: ref.Shard, Row: ref.Row}
}

// show reads the caption and the picture of a row.
func (x *Examination) show(ctx context.Context, s *set, row uint32) (Place, error) {
	p := s.place(row)
	r, err := s.survey.At(ctx, int64(row))
	if err != nil {
		return p, err
	}
	if len(r.Captions) > 0 {
		p.Caption = brief(r.Captions[0])
	}
	m, err := newExaminer(x.config, s.survey).decoder.Decode(r.Image)
	if err != nil {
		return p, fmt.Errorf("doctor: %v: %w", p, err)
	}
	p.Picture, err = page.Thumbnail(m.RGBA(), thumb)
	return p, err
}

// brief is a caption of at most 200 characters.
func brief(caption string) string {
	if r := []rune(caption); len(r) > 200 {
		caption = string(r[:199]) + "…"
	}
	return caption
}

func (x *Examination) duplicates(ctx context.Context) (d Duplicates, err error) {
	for _, rows := range x.copies.groups {
		d.Rows += len(rows) - 1
		if len(d.Groups) == maxListed {
			continue
		}
		var g Group
		for i, row := range rows[:min(len(rows), maxListed)] {
			p := x.train.place(row)
			if len(d.Groups) < maxShown && i < maxGroup {
				if p, err = x.show(ctx, x.train, row); err != nil {
					return d, err
				}
			}
			g.Rows = append(g.Rows, p)
		}
		d.Groups = append(d.Groups, g)
	}
	for _, pair := range x.copies.pairs {
		d.Pairs += count(pair)
	}
	for i, row := range x.train.blank[:min(len(x.train.blank), maxListed)] {
		p := x.train.place(row)
		if i < maxGroup {
			if p, err = x.show(ctx, x.train, row); err != nil {
				return d, err
			}
		}
		d.Blank = append(d.Blank, p)
	}
	d.NearRows = len(x.copies.near)
	d.Near, err = x.twins(ctx, x.train, x.copies.near)
	return d, err
}

func (x *Examination) overlap(ctx context.Context) (*Overlap, error) {
	c := &x.copies
	o := &Overlap{Rows: len(c.overlap), WithinVal: c.withinVal,
		NearRows: len(c.overlapNear), CaptionRows: c.sameCaption}
	var err error
	if o.Same, err = x.twins(ctx, x.val, c.overlap); err != nil {
		return nil, err
	}
	o.Near, err = x.twins(ctx, x.val, c.overlapNear)
	return o, err
}

// twins lists twins, whose originals are of train.
func (x *Examination) twins(ctx context.Context, of *set, twins []twin) (out []Twin, err error) {
	for i, t := range twins[:min(len(twins), maxListed)] {
		p := Twin{of.place(t.row), x.train.place(t.original), t.bits}
		if i < maxShown {
			if p.Row, err = x.show(ctx, of, t.row); err != nil {
				return nil, err
			}
			if p.Original, err = x.show(ctx, x.train, t.original); err != nil {
				return nil, err
			}
		}
		out = append(out, p)
	}
	return out, nil
}

func (x *Examination) captions() Captions {
	t := x.train
	return Captions{Captions: len(t.captions), Distinct: len(x.copies.repeats), Scripts: counts(t.scripts),
		Untidy: t.untidy, Broken: t.broken}
}

// repeated reads the captions that occur most.
func (x *Examination) repeated(ctx context.Context, c *Captions) error {
	for _, r := range x.copies.repeats[:min(len(x.copies.repeats), maxShown)] {
		if r.count < 2 {
			break
		}
		row, err := x.train.survey.At(ctx, int64(r.row))
		if err != nil {
			return err
		}
		for _, text := range row.Captions {
			if hash([]byte(text)) == r.hash {
				c.Repeated = append(c.Repeated, Repeated{brief(text), r.count})
				break
			}
		}
	}
	return nil
}

func (s *set) tokens(c Config) Tokens {
	t := Tokens{Vocabulary: c.Tokenizer.Size(), Trained: c.Trained, Context: c.Context,
		Median: quantile(s.lengths, 0.5), P99: quantile(s.lengths, 0.99), Max: quantile(s.lengths, 1)}
	sum, all := 0, 0
	width := (c.Context + 9) / 10
	var edges []float64
	for from := 1; from <= c.Context; from += width {
		edges = append(edges, float64(from))
	}
	h := newHistogram(true, append(edges, float64(c.Context+1), float64(2*c.Context+1), float64(4*c.Context+1))...)
	for length, n := range s.lengths {
		sum, all = sum+length*n, all+n
		if length > c.Context {
			t.Truncated += n
		}
		h.add(float64(length), n)
	}
	t.Mean, t.Lengths = float64(sum)/float64(max(1, all)), bins(h)
	return t
}

// batches are the sizes for which the floor is reported, and those that are suggested.
var batches = []int{16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768}

// What a suggested batch must do: fill an epoch so often, and have a floor of at
// most this part of ln N. Both are rules of thumb.
const (
	leastSteps = 20
	mostFloor  = 0.05
)

func (x *Examination) floor() (f Floor, suggested int) {
	occur := make([]int, len(x.copies.repeats))
	for i, r := range x.copies.repeats {
		occur[i] = r.count
	}
	at := func(n int) AtBatch {
		a := AtBatch{Batch: n, LnN: math.Log(float64(n)), SigmoidGuess: data.SigmoidGuess(n)}
		if len(occur) > 0 {
			a.Loss, a.Twins = data.Floor(occur, n), data.Twins(occur, n)
			a.SigmoidLoss = data.FloorOf(occur, n, data.SigmoidGuess)
		}
		return a
	}
	own := at(x.config.Batch)
	f = Floor{Batch: own.Batch, LnN: own.LnN, Loss: own.Loss, Twins: own.Twins,
		SigmoidGuess: own.SigmoidGuess, SigmoidLoss: own.SigmoidLoss}
	for _, n := range batches {
		if n > 16 && n > x.train.usable {
			break
		}
		a := at(n)
		if f.Batches = append(f.Batches, a); a.Loss <= mostFloor*a.LnN && n*leastSteps <= x.train.usable {
			suggested = n
		}
	}
	return f, suggested
}

// vocabularies trains some of doubling sizes on a sample of captions, until
// there is nothing left to join.
func vocabularies(sample []string, context int) (all []VocabSize, err error) {
	if len(sample) == 0 {
		return nil, nil
	}
	captions := func(yield func(string, error) bool) {
		for _, s := range sample {
			if !yield(s, nil) {
				return
			}
		}
	}
	for size := 1024; size <= 32768; size *= 2 {
		tok, err := tokenizer.Train(captions, size)
		if err != nil {
			return nil, nil // no caption has a word
		}
		v := VocabSize{Size: tok.Size()}
		for _, s := range sample {
			n := len(tok.Encode(s)) + 2
			v.Tokens += float64(n) / float64(len(sample))
			if n > context {
				v.Truncated += 1 / float64(len(sample))
			}
		}
		if all = append(all, v); tok.Size() < size {
			break
		}
	}
	return all, nil
}

// suggestVocabulary is the first size from which the next gains less than 5 %.
func suggestVocabulary(all []VocabSize) int {
	for i, v := range all {
		if i+1 == len(all) || all[i+1].Tokens > 0.95*v.Tokens {
			return v.Size
		}
	}
	return 0
}
