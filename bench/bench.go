// Package bench measures CLIP on random data: pairs per second of the training
// step and of each tower alone, beside what the machine's multiply-adds reach.
package bench

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/model/vm"
	"github.com/goclip/goclip/optim"
)

// Config says what to measure.
type Config struct {
	Model     string    // a name of Models
	Batch     int       // pairs
	Threads   int       // 0 means all cores
	Precision string    // f32 or bf16
	Steps     int       // measured in each phase
	Warmup    int       // steps before them; at least 1, in which scratch memory grows
	Started   time.Time // when the process did

	// Rematerialize is none or block, as in train.rematerialize; empty means none.
	Rematerialize string

	// Loss is softmax or sigmoid, as in model.loss; empty means softmax.
	Loss string

	// Freeze are patterns of parameters, as in train.freeze. With Cached, the step
	// takes the embeddings of towers that are frozen as a whole as given.
	Freeze []string
	Cached bool
}

// Validate reports the first field that cannot work.
func (c Config) Validate() error {
	_, known := Models[c.Model]
	switch {
	case !known:
		return fmt.Errorf("bench: model %q; want %s", c.Model, strings.Join(slices.Sorted(maps.Keys(Models)), ", "))
	case c.Batch < 2 || c.Batch > 1<<20:
		return fmt.Errorf("bench: batch %d; want 2 to %d", c.Batch, 1<<20)
	case c.Threads < 0:
		return fmt.Errorf("bench: threads %d is negative", c.Threads)
	case c.Precision != "f32" && c.Precision != "bf16":
		return fmt.Errorf("bench: precision %q; want f32 or bf16", c.Precision)
	case c.Rematerialize != "" && c.Rematerialize != "none" && c.Rematerialize != "block":
		return fmt.Errorf("bench: rematerialize %q; want none or block", c.Rematerialize)
	case c.Loss != "" && c.Loss != model.Softmax && c.Loss != model.Sigmoid:
		return fmt.Errorf("bench: loss %q; want softmax or sigmoid", c.Loss)
	case c.Steps < 1:
		return fmt.Errorf("bench: steps %d; want at least 1", c.Steps)
	case c.Warmup < 1:
		return fmt.Errorf("bench: warmup %d; want at least 1", c.Warmup)
	}
	return nil
}

func (c Config) bf16() bool { return c.Precision == "bf16" }

// A bench is a measurement under way.
type bench struct {
	Config
	pool   *kernel.Pool
	model  *model.CLIP
	report *Report
}

// A phase is what one measurement repeats.
type phase struct {
	run     func() error
	profile func() ([]vm.OpTime, error) // runs it once, with the time of each operation
	arena   int                         // bytes
	flops   float64                     // of one pair
}

// Run measures the training step, then each tower alone, in one process.
func Run(ctx context.Context, c Config) (*Report, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	pool := kernel.NewPool(c.Threads)
	defer pool.Close()
	m, err := c.newModel()
	if err != nil {
		return nil, err
	}
	r := &Report{Model: c.Model, Batch: c.Batch, Threads: pool.Threads(),
		Precision: c.Precision, Level: kernel.Active().String(),
		Loss: m.Config().Loss, Freeze: c.Freeze, Cached: c.Cached}
	b := &bench{c, pool, m, r}
	for _, measure := range []func(context.Context) error{b.train, b.encodeImage, b.encodeText} {
		if err := measure(ctx); err != nil {
			return nil, err
		}
		debug.FreeOSMemory() // the phase's arena, so that the peak belongs to the largest phase
	}
	r.PeakRSSBytes = peakRSS()
	r.ArenaBytes, r.AllocationsPerStep = r.Train.ArenaBytes, r.Train.AllocationsPerStep
	for _, p := range []*Phase{&r.Train, &r.EncodeImage, &r.EncodeText} {
		p.PeakFraction = p.GFLOPS / r.PeakGFLOPS
	}
	return r, nil
}

// newModel is the model to measure, with its parameters frozen.
func (c Config) newModel() (*model.CLIP, error) {
	architecture := Models[c.Model]
	architecture.Loss = c.Loss
	if c.Loss == model.Sigmoid {
		architecture.LogitBias = model.AutoLogitBias(c.Batch)
	}
	m, err := model.New(architecture, 1)
	if err != nil {
		return nil, err
	}
	if len(c.Freeze) > 0 {
		if err := m.Freeze(c.Freeze); err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
	}
	if c.Cached && m.Trains(model.ImageTower) && m.Trains(model.TextTower) {
		return nil, fmt.Errorf("bench: cached embeddings, but both towers train; want one frozen, such as visual.*")
	}
	return m, nil
}

// step is how the training step is computed.
func (b *bench) step() model.StepConfig {
	return model.StepConfig{
		Batch: b.Batch, BF16: b.bf16(), Rematerialize: b.Rematerialize == "block",
		CachedImages: b.Cached && !b.model.Trains(model.ImageTower),
		CachedTexts:  b.Cached && !b.model.Trains(model.TextTower),
	}
}

// train measures what the loop of a run does with a batch: the forward and the
// backward pass, the norm of the gradient, AdamW, the bound of the logit scale.
func (b *bench) train(ctx context.Context) error {
	c := b.step()
	step, err := b.model.NewTrainStep(c, b.pool)
	if err != nil {
		return err
	}
	adamW, err := optim.New(b.model.Params(), optim.Default(), math.MaxInt32, b.pool)
	if err != nil {
		return err
	}
	b.fill(step.Images(), step.Tokens())
	for i := range b.Batch { // unit rows, which a run overwrites where they are not given
		step.ImageEmbeddings()[i*b.model.Config().EmbedDim], step.TextEmbeddings()[i*b.model.Config().EmbedDim] = 1, 1
	}
	c.Rematerialize = false // so that rates compare
	work := b.model.StepFLOPs(c)
	update := func() (norm, update float64) {
		start := time.Now()
		n := adamW.Norm()
		norm = time.Since(start).Seconds()
		adamW.Update(n)
		b.model.ClampLogitScale(100)
		return norm, time.Since(start).Seconds() - norm
	}
	run := func() error {
		loss, err := step.Run()
		if err != nil {
			return err
		}
		if math.IsNaN(float64(loss)) {
			return fmt.Errorf("bench: the loss is NaN")
		}
		update()
		if b.report.FirstStepSeconds == 0 {
			b.report.FirstStepSeconds = time.Since(b.Started).Seconds()
		}
		return nil
	}
	profile := func() ([]vm.OpTime, error) {
		times, err := step.Profile()
		norm, adamW := update()
		return append(times, vm.OpTime{Op: "norm", Calls: 1, Seconds: norm},
			vm.OpTime{Op: "adamW", Calls: 1, Seconds: adamW}), err
	}
	return b.measure(ctx, &b.report.Train, phase{run, profile, step.Stats().ArenaBytes, work})
}

func (b *bench) encodeImage(ctx context.Context) error {
	e, err := b.model.NewImageEncoder(model.EncoderConfig{Batch: b.Batch, BF16: b.bf16()}, b.pool)
	if err != nil {
		return err
	}
	return b.encode(ctx, &b.report.EncodeImage, e, b.model.Config().ImageFLOPs())
}

func (b *bench) encodeText(ctx context.Context) error {
	e, err := b.model.NewTextEncoder(model.EncoderConfig{Batch: b.Batch, BF16: b.bf16()}, b.pool)
	if err != nil {
		return err
	}
	return b.encode(ctx, &b.report.EncodeText, e, b.model.Config().TextFLOPs())
}

func (b *bench) encode(ctx context.Context, to *Phase, e *model.Encoder, work float64) error {
	b.fill(e.Images(), e.Tokens())
	run := func() error {
		_, err := e.Run()
		return err
	}
	return b.measure(ctx, to, phase{run, e.Profile, e.Stats().ArenaBytes, work})
}

// peak measures what the instructions of the precision reach.
func (b *bench) peak() {
	of := kernel.Peak
	if b.bf16() {
		of = kernel.PeakBF16
	}
	b.report.PeakGFLOPS = max(b.report.PeakGFLOPS, of(b.pool.Threads()))
}

// fill draws images, and texts that end with the last token of their context,
// so that nothing can be cut off.
func (b *bench) fill(images []float32, tokens []int32) {
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range images {
		images[i] = float32(rng.NormFloat64())
	}
	c := b.model.Config().Text
	for i := range tokens {
		tokens[i] = 1 + rng.Int32N(int32(c.VocabSize)-3)
		if (i+1)%c.ContextLength == 0 {
			tokens[i] = int32(c.VocabSize) - 1
		}
	}
}

// measure times the steps of p, and then one more by operation. Allocations are
// counted in the step that has the fewest, since Go itself makes some now and then
// when a goroutine that waits has changed processors.
func (b *bench) measure(ctx context.Context, to *Phase, p phase) (err error) {
	seconds := make([]float64, b.Steps)
	var before, after runtime.MemStats
	to.ArenaBytes, to.AllocationsPerStep = p.arena, math.MaxInt
	for i := -b.Warmup; i < b.Steps; i++ {
		if ctx.Err() != nil {
			return fmt.Errorf("bench: %w", ctx.Err())
		}
		if i == 0 {
			b.peak()
		}
		runtime.ReadMemStats(&before)
		start := time.Now()
		if err := p.run(); err != nil {
			return err
		}
		if i >= 0 {
			seconds[i] = time.Since(start).Seconds()
			runtime.ReadMemStats(&after)
			to.AllocationsPerStep = min(to.AllocationsPerStep, int(after.Mallocs-before.Mallocs))
		}
	}
	slices.Sort(seconds)
	n, pairs := b.Steps, float64(b.Batch)
	to.PairsPerSecond, to.MedianPairsPerSecond = pairs/seconds[0], pairs/((seconds[(n-1)/2]+seconds[n/2])/2)
	to.GFLOPS = p.flops * to.PairsPerSecond / 1e9
	to.Ops, err = p.profile()
	return err
}
