package run

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/internal/duration"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/train"
)

// A Plan says what a run will take.
type Plan struct {
	Parameters     int
	Trainable      int     // of these
	FLOPs          float64 // of a pair in training, where nothing is cached
	Step           model.StepConfig
	Longest        int // tokens of the longest of many captions
	Arena          int // bytes, for texts of that length
	Memory         Memory
	PairsPerSecond float64
	Steps          int
	Time           time.Duration // of all steps, without evaluations and saves
	Checkpoint     int64         // bytes of one
	Checkpoints    int           // kept at the end
	Cache          int64         // bytes that embeddings of frozen towers take, at most
}

// MakePlan works out what a run will take and measures the speed of steps, 1 or
// more. It makes no folder of a run, but draws the quickstart's world.
func MakePlan(ctx context.Context, c *configs.Run, steps int, log *train.Console) (*Plan, error) {
	if steps < 1 {
		return nil, fmt.Errorf("run: %d steps to measure; want 1 or more", steps)
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	in, err := openInputs(ctx, c, false, log)
	if err != nil {
		return nil, err
	}
	parts, err := build(ctx, c, in, nil)
	if err != nil {
		return nil, err
	}
	c = parts.config
	step, err := c.Train.CachedStep(parts.model, in.train)
	if err != nil {
		return nil, err
	}
	p := &Plan{
		Parameters: parts.model.Config().ParamCount(), Trainable: parts.model.TrainableCount(),
		FLOPs: parts.model.StepFLOPs(c.Train.Step()), Step: step, Cache: cacheBytes(step, parts.model, in),
		Steps: c.Train.Steps, Checkpoints: c.Checkpoint.Kept(c.Train.Steps), Checkpoint: savedBytes(c, parts.model),
	}
	if parts.beginning != nil && (c.Checkpoint.KeepLast == 0 || c.Checkpoint.KeepEvery > 0) {
		p.Checkpoints++ // that of step 0 stays
	}
	if p.Longest, err = longestText(ctx, parts, in); err != nil {
		return nil, err
	}
	stats, _, err := parts.model.Measure(step, p.Longest)
	if err != nil {
		return nil, err
	}
	p.Arena = stats.ArenaBytes
	if p.Memory, err = predict(c, parts.model, in, step, p.Longest); err != nil {
		return nil, err
	}
	seconds, err := timeSteps(ctx, parts, in, steps, log)
	if err != nil {
		return nil, err
	}
	p.PairsPerSecond = float64(c.Train.Batch) / seconds
	p.Time = time.Duration(float64(p.Steps) * seconds * float64(time.Second))
	return p, nil
}

// longestText is the number of tokens of the longest of the first captions.
func longestText(ctx context.Context, p *parts, in *inputs) (longest int, err error) {
	const captions = 20_000
	n, tokens := 0, make([]int32, p.config.Model.Text.ContextLength)
	for caption, err := range in.train.Captions(ctx) {
		if err != nil {
			return 0, err
		}
		p.tokenizer.Tokenize(tokens, caption)
		longest = max(longest, p.model.Config().Text.Used(tokens))
		if n++; n == captions {
			break
		}
	}
	return longest, nil
}

// timeSteps runs steps of the run, and one before them, and returns the seconds
// that one takes. Frozen towers are computed, as in the first epoch.
func timeSteps(ctx context.Context, p *parts, in *inputs, steps int, log *train.Console) (float64, error) {
	t, err := newTrainer(p, in, nil, "", log)
	if err != nil {
		return 0, err
	}
	defer t.Close()
	var start time.Time
	for i := range steps + 1 {
		if i == 1 {
			start = time.Now()
		}
		if _, err := t.TrainStep(ctx); err != nil {
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
	if p.Trainable < p.Parameters {
		line("parameters", "%d, of which %d train", p.Parameters, p.Trainable)
	} else {
		line("parameters", "%d", p.Parameters)
	}
	line("computation", "%.2f GFLOP a pair and step, %.1f TFLOP in all", p.FLOPs/1e9,
		p.FLOPs*float64(p.Step.Batch)*float64(p.Steps)/1e12)
	line("step", "%d pairs%s, captions of up to %d tokens, arena of %s", p.Step.Batch, how(p.Step), p.Longest,
		size(int64(p.Arena)))
	line("memory", "%v", p.Memory)
	line("speed", "%.0f pairs/s, %.1f GFLOP/s", p.PairsPerSecond, p.PairsPerSecond*p.FLOPs/1e9)
	line("time", "%s for %d steps, without evaluations", duration.Words(p.Time), p.Steps)
	line("disk", "%s for %d checkpoints of %s, and one more while it is written",
		size(int64(p.Checkpoints)*p.Checkpoint), p.Checkpoints, size(p.Checkpoint))
	if p.Cache > 0 {
		line("cache", "up to %s of embeddings, which a first epoch computes; speed and time are without them", size(p.Cache))
	}
	return strings.TrimSuffix(s.String(), "\n")
}

// how describes a step that does not keep all of a batch.
func how(c model.StepConfig) (text string) {
	if c.MicroBatch > 0 {
		text = fmt.Sprintf(" in micro-batches of %d", c.MicroBatch)
	}
	if c.Rematerialize {
		text += ", blocks recomputed"
	}
	return text
}
