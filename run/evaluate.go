package run

import (
	"context"
	"io"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/train"
)

// An evaluator measures zero-shot accuracy on the sets of a run, with the moving
// average of the parameters where there is one.
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
		var z eval.ZeroShot
		err := e.trainer.Interruptible(ctx, func() (err error) {
			z, err = e.embedder.ZeroShot(ctx, s.data, e.inputs.classes, e.inputs.templates,
				data.NewLedger(io.Discard, e.data))
			return err
		})
		if err != nil {
			return nil, err
		}
		e.last = append(e.last, train.Evaluation{Step: step, Set: s.name, Top1: z.Top1, Top5: z.Top5, Low: z.Low,
			High: z.High, N: z.N, Classes: z.Classes})
	}
	return e.last, nil
}
