package run

import (
	"context"
	"io"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/train"
)

// An evaluator measures the sets of a run, with the moving average of the parameters
// where there is one.
type evaluator struct {
	inputs   *inputs
	embedder *eval.Embedder // nil without a set
	trainer  *train.Trainer
	data     data.Config
	last     []train.Evaluation
}

func newEvaluator(c *configs.Run, in *inputs, p *parts, t *train.Trainer) (e *evaluator, err error) {
	e = &evaluator{inputs: in, trainer: t, data: c.Data}
	if len(in.sets) > 0 {
		e.embedder, err = eval.NewEmbedder(p.model, p.tokenizer, c.Eval.Batch, t.Pool())
	}
	return e, err
}

func (e *evaluator) evaluate(ctx context.Context, step int) ([]train.Evaluation, error) {
	if ema := e.trainer.EMA; ema != nil {
		ema.Swap()
		defer ema.Swap()
	}
	e.last = nil
	for _, s := range e.inputs.sets {
		score := train.Evaluation{Step: step, Set: s.name}
		err := e.trainer.Interruptible(ctx, func() error { return e.measure(ctx, s, &score) })
		if err != nil {
			return nil, err
		}
		e.last = append(e.last, score)
	}
	return e.last, nil
}

// measure fills in what a set has: the scores of its pairs, and its accuracy.
func (e *evaluator) measure(ctx context.Context, s evalSet, score *train.Evaluation) (err error) {
	if s.pairs != nil {
		if score.PairScores, err = e.pairs(ctx, s.pairs); err != nil {
			return err
		}
	}
	if s.labeled == nil {
		return nil
	}
	z, err := e.embedder.ZeroShot(ctx, s.labeled, e.inputs.classes, e.inputs.templates, e.ledger())
	if err != nil {
		return err
	}
	score.Accuracy = &train.Accuracy{Top1: z.Top1, Top5: z.Top5, Low: z.Low, High: z.High, N: z.N, Classes: z.Classes}
	return nil
}

// ledger takes the bad rows of an evaluation, which are not those of training.
func (e *evaluator) ledger() *data.Ledger { return data.NewLedger(io.Discard, e.data) }

// pairs measures the loss of pairs, and recall over all of their captions.
func (e *evaluator) pairs(ctx context.Context, d *data.Dataset) (*train.PairScores, error) {
	s, err := e.embedder.Embed(ctx, d, true, e.ledger())
	if err != nil {
		return nil, err
	}
	pool, t := e.trainer.Pool(), e.trainer
	loss, err := e.embedder.PairLoss(ctx, pool, s, eval.LogitsOf(t.Model), t.Config.Step())
	if err != nil {
		return nil, err
	}
	r, err := eval.Retrieve(ctx, pool, s.Images, s.Texts, s.ImageOf)
	if err != nil {
		return nil, err
	}
	return &train.PairScores{
		Loss: loss.Loss, LnN: loss.LnN, Batch: loss.Batch, Batches: loss.Batches,
		Images: r.Images, Captions: r.Texts, Recall: r.Mean(),
		ImageToTextR1: r.ImageToText.R1, ImageToTextR5: r.ImageToText.R5, ImageToTextR10: r.ImageToText.R10,
		TextToImageR1: r.TextToImage.R1, TextToImageR5: r.TextToImage.R5, TextToImageR10: r.TextToImage.R10,
	}, nil
}
