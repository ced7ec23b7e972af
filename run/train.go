package run

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/synth"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/eval"
	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/optim"
	"github.com/goclip/goclip/train"
)

// A Run is a run in its folder.
type Run struct {
	Config  *configs.Run
	Workdir string
	Resume  bool

	// Extend is a new number of steps for a run that is resumed; 0 keeps it.
	Extend int

	Log *train.Console

	pool      *kernel.Pool
	data      *data.Dataset
	sets      []evalSet
	classes   []string
	templates []string
	captions  *data.CaptionCounts // those that the tokenizer was trained on, or nil
	tokenizer *tokenizer.Tokenizer
	model     *model.CLIP
	optim     *optim.AdamW
	ema       *optim.EMA // or nil
	trainer   *train.Trainer
	store     *checkpoint.Store
	state     state
	metrics   *os.File
	lines     io.Writer // metrics, and what else takes its lines
	ledger    *os.File
	bad       *data.Ledger // writes to ledger
	embedder  *eval.Embedder
	probe     *probe // nil if there is none
	last      []train.Evaluation
	scores    []train.Score

	// Of verify: the last step, and what is done after it.
	until int
	after func(context.Context, *data.Stream) error
}

// An evalSet is labelled data with a name.
type evalSet struct {
	name string
	data *data.Dataset
}

// Train starts or continues the run and trains to its end. When ctx ends, it
// saves and returns the cause. Nothing is written before everything that the
// config names has been found good.
func (r *Run) Train(ctx context.Context) (err error) {
	if err := r.check(); err != nil {
		return err
	}
	if err := r.open(ctx); err != nil {
		return err
	}
	unlock, err := r.enter()
	if err != nil {
		return err
	}
	defer unlock()
	r.pool = kernel.NewPool(r.Config.Train.Threads)
	defer r.pool.Close()
	if err := r.build(ctx); err != nil {
		return err
	}
	defer r.metrics.Close()
	defer r.ledger.Close()
	c := r.Config
	step, err := r.model.NewStep(stepConfig(c), r.pool)
	if err != nil {
		return err
	}
	if len(r.sets) > 0 {
		if r.embedder, err = eval.NewEmbedder(r.model, r.tokenizer, c.Eval.Batch, r.pool); err != nil {
			return err
		}
	}
	closeLines, err := r.openLines()
	if err != nil {
		return err
	}
	defer closeLines()
	if r.probe, err = r.openProbe(ctx); err != nil {
		return err
	}
	defer r.probe.close()
	r.announce(step)
	stream := r.data.Stream(r.streamConfig(r.bad))
	defer stream.Close()
	defer boundGarbage()()
	r.trainer = &train.Trainer{
		Config: c.Train, Model: r.model, Graph: step, Optim: r.optim, EMA: r.ema, Data: stream, EpochPairs: int(r.data.Len()),
		Eval: r.evaluate, Save: r.save, Interrupt: r.pool.Interrupt, SaveEvery: c.Checkpoint.EverySteps, SaveInterval: c.Checkpoint.Interval(),
		Probe: r.probeAfter, ProbeEvery: c.Train.ProbeEvery(c.Train.ProbeSize()),
		Warmup: c.Optim.Warmup, Scores: func() []train.Score { return r.scores },
		Watch: r.state.Watch, Inspect: r.keepInspection, Metrics: r.lines, Log: r.Log,
	}
	if r.trainer.Floor, err = r.floor(ctx); err != nil {
		return err
	}
	if r.until > 0 {
		r.trainer.Steps = r.until
	}
	if err := r.trainer.Run(ctx); err != nil {
		return err
	}
	if r.after != nil {
		return r.after(ctx, stream)
	}
	r.summarize()
	return nil
}

// open reads what the config names, and writes the quickstart's world if there
// is one to write.
func (r *Run) open(ctx context.Context) (err error) {
	c := r.Config
	if c.World.Dir != "" {
		if err := r.writeWorld(ctx); err != nil {
			return err
		}
	}
	if err := r.openTrain(ctx); err != nil {
		return err
	}
	if c.Tokenizer.Path != "" && !r.Resume { // a checkpoint has it
		if r.tokenizer, err = tokenizer.Load(c.Tokenizer.Path); err != nil {
			return err
		}
	}
	if c.Eval.Classes == "" || len(c.Eval.Sets) == 0 && c.Data.Val == "" {
		return nil
	}
	if r.classes, err = eval.ReadClasses(c.Eval.Classes); err != nil {
		return err
	}
	r.templates = []string{eval.DefaultTemplate}
	if c.Eval.Templates != "" {
		if r.templates, err = eval.ReadTemplates(c.Eval.Templates); err != nil {
			return err
		}
	}
	sets := c.Eval.Sets
	if len(sets) == 0 {
		sets = []eval.Set{{Name: "validation", Data: c.Data.Val}}
	}
	for _, s := range sets {
		d, err := data.Open(ctx, s.Data, c.Data, data.Need{Label: true})
		if err != nil {
			return err
		}
		label, at, err := d.MaxLabel(ctx)
		if err != nil {
			return err
		}
		if label >= int64(len(r.classes)) {
			return fmt.Errorf("run: %v has label %d; want 0 to %d, the lines of %s", at, label, len(r.classes)-1, c.Eval.Classes)
		}
		r.sets = append(r.sets, evalSet{s.Name, d})
	}
	return nil
}

// openTrain opens the training data.
func (r *Run) openTrain(ctx context.Context) (err error) {
	c := r.Config
	if r.data, err = data.OpenTrain(ctx, c.Data); err != nil {
		return err
	}
	if r.data.Len() < int64(c.Train.Batch) {
		return fmt.Errorf("run: %d pairs in data.train; want at least train.batch, %d", r.data.Len(), c.Train.Batch)
	}
	return nil
}

// writeWorld draws the quickstart's world and proves by a scan of its training
// captions that the combinations held out are never named.
func (r *Run) writeWorld(ctx context.Context) error {
	c := r.Config
	r.Log.Printf("drawing the world of colours and shapes in %s", c.World.Dir)
	if err := synth.Write(ctx, c.World.Dir, c.World.Draw); err != nil {
		return err
	}
	d, err := data.OpenTrain(ctx, c.Data)
	if err != nil {
		return err
	}
	scan, err := synth.ScanCaptions(d.Captions(ctx))
	if err != nil {
		return err
	}
	r.Log.Printf("%v", scan)
	return nil
}

// check refuses a folder that holds a run, unless it is to be continued.
func (r *Run) check() error {
	_, err := os.Stat(filepath.Join(r.Workdir, configFile))
	exists := err == nil
	switch {
	case exists && !r.Resume:
		return fmt.Errorf("run: %s holds a run already; want --resume, or another --workdir", r.Workdir)
	case !exists && r.Resume:
		return fmt.Errorf("run: %s holds no run to resume", r.Workdir)
	}
	return nil
}

// openLines gives the lines of metrics.jsonl to all that the config asks for.
func (r *Run) openLines() (closeAll func(), err error) {
	all := []io.Writer{r.metrics}
	closeAll = func() {}
	if r.Config.Train.TensorBoard {
		events, file, err := train.CreateEvents(filepath.Join(r.Workdir, "tensorboard"), r.state.Step)
		if err != nil {
			return nil, err
		}
		all, closeAll = append(all, events), func() { file.Close() }
	}
	if r.Config.Train.Prometheus {
		all = append(all, &train.Gauges{Path: filepath.Join(r.Workdir, "metrics.prom")})
	}
	r.lines = io.MultiWriter(all...)
	return closeAll, nil
}

// announce says what is about to be trained.
func (r *Run) announce(step model.Step) {
	c, stats := r.Config, step.Stats()
	r.Log.Printf("%d pairs in %d shards, vocabulary of %d tokens", r.data.Len(), r.data.Shards(), r.tokenizer.Size())
	if where := r.data.FormatWhere(); where != "" {
		r.Log.Printf("%s", where)
	}
	r.Log.Printf("order of the pairs: shuffle quality %.3f, where 1 is a shuffle of all", r.data.ShuffleQuality(c.Seed))
	r.Log.Printf("%d parameters, %d steps of %d pairs in %s on %d threads (%v), arena of %d MB",
		r.model.Config().ParamCount(), c.Train.Steps, c.Train.Batch, precision(c), r.pool.Threads(), kernel.Active(), stats.ArenaBytes>>20)
	if stepConfig(c).BF16 && kernel.Active() < kernel.AVX512BF16 {
		r.Log.Printf("%v has no products of bfloat16: they are emulated, which takes longer than train.precision f32", kernel.Active())
	}
	r.Log.Printf("%s", optim.Groups(r.model.Params()))
}

// floor finds the least loss that the captions allow, and says so where they
// repeat enough to matter.
func (r *Run) floor(ctx context.Context) (float64, error) {
	var counts []int
	if r.captions != nil {
		counts, r.captions = r.captions.All(), nil
	} else {
		var err error
		if counts, err = data.CountCaptions(ctx, r.data.Captions(ctx)); err != nil {
			return 0, err
		}
	}
	n := r.Config.Train.Batch
	floor := data.Floor(counts, n)
	if floor > 0.05 {
		r.Log.Printf("captions repeat (%d distinct ones): no model gets the loss of %d pairs below %.3f, where guessing has ln N %.3f", len(counts), n, floor, math.Log(float64(n)))
	}
	return floor, nil
}

// save writes a checkpoint of the step and removes old ones.
func (r *Run) save(step int) error {
	s := r.state
	s.Step, s.Pairs, s.Watch = step, int64(step)*int64(r.Config.Train.Batch), r.trainer.Watch
	if err := r.store.Save(step, r.files(s)); err != nil {
		return err
	}
	if err := r.store.Prune(step, r.Config.Checkpoint); err != nil {
		r.Log.Printf("step %d is saved, but old checkpoints stay: %v", step, err)
	}
	if len(r.Config.Data.Sources) > 0 {
		r.Log.Printf("step %d: drawn from %s", step, r.data.FormatDrawn(s.Seed, s.Pairs))
	}
	return nil
}

// evaluate measures zero-shot accuracy on every set, that of the moving average
// where there is one.
func (r *Run) evaluate(ctx context.Context, step int) error {
	defer context.AfterFunc(ctx, r.pool.Interrupt)() // the run is saved without the pool
	if r.ema != nil {
		r.ema.Swap()
		defer r.ema.Swap()
	}
	r.last = r.last[:0]
	for _, s := range r.sets {
		ledger := data.NewLedger(io.Discard, r.Config.Data)
		z, err := r.embedder.ZeroShot(ctx, s.data, r.classes, r.templates, ledger)
		if err == nil {
			err = ctx.Err() // what the pool gave since then means nothing
		}
		if err != nil {
			return err
		}
		e := train.Evaluation{Step: step, Set: s.name, Top1: z.Top1, Top5: z.Top5, Low: z.Low, High: z.High, N: z.N, Classes: z.Classes}
		r.last = append(r.last, e)
		r.scores = append(r.scores, train.Score{Step: step, Set: s.name, Top1: z.Top1, Low: z.Low, High: z.High})
		r.Log.Printf("step %d  %v, top-5 %.1f %%, 95 %% between %.1f and %.1f, %d images", step, e, 100*z.Top5, 100*z.Low, 100*z.High, z.N)
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if _, err := r.lines.Write(append(line, '\n')); err != nil {
			r.Log.Printf("the evaluation of step %d is not written everywhere: %v", step, err)
		}
	}
	return nil
}

// summarize says where everything is.
func (r *Run) summarize() {
	r.Log.Printf("")
	r.Log.Printf("done: weights in %s, metrics in %s, config in %s", filepath.Join(r.store.Dir, fmt.Sprintf("step-%08d", r.Config.Train.Steps), modelFile),
		filepath.Join(r.Workdir, metricsFile), filepath.Join(r.Workdir, configFile))
	labels := "LABEL,LABEL"
	if len(r.classes) > 1 {
		labels = strings.Join(r.classes[:min(3, len(r.classes))], ",")
	}
	r.Log.Printf("logit scale %.1f; try: go run ./cmd/eval predict --checkpoint %s --labels '%s' PICTURE", math.Exp(float64(r.model.LogitScale())), r.Workdir, labels)
	r.Log.Printf("see how it was learned: go run ./cmd/eval serve --workdir %s", r.Workdir)
	for _, e := range r.last {
		r.Log.Printf("%v", e)
	}
}
