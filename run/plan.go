package run

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/train"
)

// A Plan says what a run will take.
type Plan struct {
	Parameters     int
	FLOPs          float64 // of a pair in training
	Step           model.StepConfig
	Longest        int // tokens of the longest of many captions
	Arena          int // bytes, for texts of that length
	Memory         Memory
	PairsPerSecond float64
	Steps          int
	Time           time.Duration // of all steps, without evaluations and saves
	Checkpoint     int64         // bytes of one
	Checkpoints    int           // kept at the end
}

// Plan works out what the run will take and measures the speed of a few steps.
// It writes no workdir.
func (r *Run) Plan(ctx context.Context, steps int) (*Plan, error) {
	if err := r.open(ctx); err != nil {
		return nil, err
	}
	r.pool = kernel.NewPool(r.Config.Train.Threads)
	defer r.pool.Close()
	if err := r.assemble(ctx, nil); err != nil {
		return nil, err
	}
	c := r.Config
	p := &Plan{Parameters: r.model.Config().ParamCount(), Step: stepConfig(c), Steps: c.Train.Steps}
	p.FLOPs = r.model.FLOPs(p.Step)
	p.Checkpoint = savedBytes(c) * int64(p.Parameters)
	p.Checkpoints = c.Checkpoint.Kept(p.Steps)
	longest, err := r.longestText(ctx)
	if err != nil {
		return nil, err
	}
	p.Longest = longest
	stats, _, err := r.model.Measure(p.Step, p.Longest)
	if err != nil {
		return nil, err
	}
	p.Arena = stats.ArenaBytes
	if p.Memory, err = predict(c, r.model, r.data, len(r.sets) > 0, p.Step, p.Longest); err != nil {
		return nil, err
	}
	seconds, err := r.time(ctx, steps)
	if err != nil {
		return nil, err
	}
	p.PairsPerSecond = float64(c.Train.Batch) / seconds
	p.Time = time.Duration(float64(p.Steps) * seconds * float64(time.Second))
	return p, nil
}

// longestText is the number of tokens of the longest of the first captions.
func (r *Run) longestText(ctx context.Context) (longest int, err error) {
	const captions = 20_000
	n, tokens := 0, make([]int32, r.Config.Model.Text.ContextLength)
	for caption, err := range r.data.Captions(ctx) {
		if err != nil {
			return 0, err
		}
		r.tokenizer.Tokenize(tokens, caption)
		longest = max(longest, kernel.EndOfText(tokens)+1)
		if n++; n == captions {
			break
		}
	}
	return longest, nil
}

// time runs steps of the run, and one before them, and returns the seconds that
// one takes.
func (r *Run) time(ctx context.Context, steps int) (float64, error) {
	graph, err := r.model.NewStep(stepConfig(r.Config), r.pool)
	if err != nil {
		return 0, err
	}
	stream := r.data.Stream(r.streamConfig(data.NewLedger(io.Discard, r.Config.Data)))
	defer stream.Close()
	defer boundGarbage()()
	t := &train.Trainer{Config: r.Config.Train, Model: r.model, Graph: graph, Optim: r.optim, Data: stream, Log: r.Log}
	var start time.Time
	for i := range steps + 1 {
		if i == 1 {
			start = time.Now()
		}
		if _, err := t.Step(ctx); err != nil {
			return 0, err
		}
	}
	return time.Since(start).Seconds() / float64(steps), nil
}

func (p *Plan) String() string {
	var s strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&s, "%-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("parameters", "%d", p.Parameters)
	line("computation", "%.2f GFLOP a pair and step, %.1f TFLOP in all", p.FLOPs/1e9, p.FLOPs*float64(p.Step.Batch)*float64(p.Steps)/1e12)
	line("step", "%d pairs%s, captions of up to %d tokens, arena of %s", p.Step.Batch, how(p.Step), p.Longest, size(int64(p.Arena)))
	line("memory", "%v", p.Memory)
	line("speed", "%.0f pairs/s, %.1f GFLOP/s", p.PairsPerSecond, p.PairsPerSecond*p.FLOPs/1e9)
	line("time", "%v for %d steps, without evaluations", p.Time.Round(time.Second), p.Steps)
	line("disk", "%s for %d checkpoints of %s, and one more while it is written", size(int64(p.Checkpoints)*p.Checkpoint), p.Checkpoints, size(p.Checkpoint))
	return strings.TrimSuffix(s.String(), "\n")
}

// how describes a step that does not keep all of a batch.
func how(c model.StepConfig) (text string) {
	if c.MicroBatch > 0 {
		text = fmt.Sprintf(" in micro-batches of %d", c.MicroBatch)
	}
	if c.Rematerialize {
		text += ", blocks computed again"
	}
	return text
}
