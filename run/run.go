// Package run makes a run of a config: what it reads, what it builds, its
// folder, and a trainer over them.
//
// [Train] starts or continues a run, [MakePlan] says beforehand what it takes,
// [Inspect] rebuilds one of its steps, [Verify] proves that a run which was stopped
// ends in the same bits, and [Open] reads the model of a run.
package run

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/train"
)

// Options say which run.
type Options struct {
	Config *configs.Run

	// Dir is the run's folder. It must not hold a run, unless Resume says that it
	// is to go on from its newest checkpoint.
	Dir    string
	Resume bool

	// Extend is a new number of steps for a run that is resumed; 0 keeps it.
	// Rewarm lets the schedule of the learning rate begin again with it, warmup and
	// all, over the steps that are left.
	Extend int
	Rewarm bool

	Log *train.Console // nil logs nothing

	// Alone says that the process does nothing beside the run, whose garbage
	// collection is then tuned for it.
	Alone bool
}

// A Result is what a run ended in.
type Result struct {
	Config     *configs.Run // as it was used
	Step       int
	Done       bool   // before this call already, which changed nothing
	Weights    string // the file that holds them
	LogitScale float64

	// Evaluations hold the scores after the last step, one for each set, and Classes
	// the names to choose from, of the first set that is classified.
	Evaluations []train.Evaluation
	Classes     []string

	// Best is the checkpoint that checkpoint.best keeps, BestScore its score in words;
	// empty without one.
	Best, BestScore string
}

// Train starts a run or continues it, and trains to its end. When ctx ends, it
// saves the run and returns [train.ErrInterrupted], or the error of ctx if there is
// nothing to save yet. Nothing is written before everything that the config names
// has been found good.
func Train(ctx context.Context, o Options) (*Result, error) {
	s, err := start(ctx, o)
	if err != nil {
		return nil, err
	}
	defer s.close()
	if s.trainer.Optim.Step() >= s.config.Train.Steps {
		return s.finished()
	}
	s.announce()
	if o.Alone {
		defer boundGarbage()()
	}
	if err := s.trainer.Run(ctx); err != nil {
		return nil, err
	}
	r := &Result{
		Config: s.config, Step: s.config.Train.Steps,
		Weights:    filepath.Join(s.folder.store.Path(s.config.Train.Steps), ModelFile),
		LogitScale: s.model.LogitScale(), Evaluations: s.evaluator.last, Classes: s.inputs.classes(),
	}
	if b := s.state.Best; b != nil && len(s.bestSteps()) > 0 {
		r.Best, r.BestScore = s.folder.store.Path(b.Step), fmt.Sprintf("%s %.4g", b.By, b.Score)
	}
	return r, nil
}

// A session is a run in its folder, ready to train.
type session struct {
	*parts
	inputs    *inputs
	folder    *folder
	state     state
	trainer   *train.Trainer
	evaluator *evaluator
	grid      *grid // nil if there is none; its file is the folder's
	counts    []int // how often each caption occurs, of the first million
	log       *train.Console
}

// start opens what the run reads, takes its folder, and puts its trainer at the
// place of the newest checkpoint.
func start(ctx context.Context, o Options) (s *session, err error) {
	if err := o.Config.Validate(); err != nil {
		return nil, err
	}
	if err := check(o.Dir, o.Resume); err != nil {
		return nil, err
	}
	in, err := openInputs(ctx, o.Config, o.Resume, o.Log)
	if err != nil {
		return nil, err
	}
	s = &session{inputs: in, log: o.Log}
	if s.folder, err = enter(o.Dir, o.Resume); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.close()
			s = nil
		}
	}()
	c, from := o.Config, (*checkpoint.Checkpoint)(nil)
	if o.Resume {
		if c, from, err = s.folder.resume(o); err != nil {
			return s, err
		}
	}
	if s.parts, err = build(ctx, c, in, from); err != nil {
		return s, err
	}
	if err = s.checkRoom(); err != nil {
		return s, err
	}
	if err := s.setState(ctx, c, o.Dir, from); err != nil {
		return s, err
	}
	if err := s.folder.open(s.config, s.state, from != nil); err != nil {
		return s, err
	}
	if s.trainer, err = newTrainer(s.parts, in, s.folder.bad, cmp.Or(c.Train.CacheDir, o.Dir), o.Log); err != nil {
		return s, err
	}
	if from != nil {
		if err := restore(from, s.trainer); err != nil {
			return s, err
		}
	}
	if err := s.hook(ctx); err != nil || s.beginning == nil {
		return s, err
	}
	return s, s.save(0) // so that what the run started from need not stay
}

// setState sets the state: that of the checkpoint a run goes on from, whose inputs must be
// the same, or a new one, whose data is checked.
func (s *session) setState(ctx context.Context, c *configs.Run, dir string, from *checkpoint.Checkpoint) error {
	shards, err := s.inputs.train.Fingerprints(ctx)
	if err != nil {
		return err
	}
	s.state = state{Seed: c.Seed, Batch: c.Train.Batch, Rows: s.inputs.train.Len(), Shards: shards}
	if s.beginning != nil {
		s.state.Source = &s.beginning.source
	}
	if from != nil {
		if s.state, err = readState(from); err != nil {
			return err
		}
		if err := s.sameInputs(dir, s.state, shards); err != nil {
			return err
		}
	}
	if err := s.countCaptions(ctx); err != nil || from != nil {
		return err
	}
	return s.checkData(ctx)
}

// newTrainer puts a trainer together, at the first step. With a folder, it keeps there
// what frozen towers compute.
func newTrainer(p *parts, in *inputs, bad *data.Ledger, cacheDir string, log *train.Console) (*train.Trainer, error) {
	return train.New(train.Setup{
		Config: p.config.Train, Optim: p.config.Optim, Seed: p.config.Seed,
		Model: p.model, Tokenizer: p.tokenizer, Data: in.train, Ledger: bad, CacheDir: cacheDir, Log: log,
	})
}

// hook gives the trainer what a run does beside learning.
func (s *session) hook(ctx context.Context) (err error) {
	t, c := s.trainer, s.config
	if s.evaluator, err = newEvaluator(c, s.inputs, s.parts, t); err != nil {
		return err
	}
	t.Metrics = s.folder.lines
	t.Hooks = train.Hooks{
		Eval: s.evaluator.evaluate, Save: s.save, SaveEvery: c.Checkpoint.EverySteps,
		SaveInterval: c.Checkpoint.Interval(),
		Inspect:      func(n *train.Inspection) error { return s.folder.keepInspection(n, s.log) },
	}
	if c.Checkpoint.Best != "" {
		t.Best = s.isBest
	}
	if s.grid, err = openGrid(ctx, s); err != nil {
		return err
	}
	if s.grid != nil {
		t.Hooks.Grid = s.grid.after
	}
	t.Floor, t.Guess = s.floor(), s.guess()
	return nil
}

func (s *session) close() {
	if s.trainer != nil {
		s.trainer.Close()
	}
	s.folder.close()
}

// save writes a checkpoint of the step and removes old ones.
func (s *session) save(step int) error {
	if _, err := os.Stat(s.folder.path(ConfigFile)); err != nil {
		return fmt.Errorf("run: step %d is not saved, since the folder of the run has been removed: %w", step, err)
	}
	now := s.state
	now.Step, now.Pairs, now.Watch = step, int64(step)*int64(s.config.Train.Batch), s.trainer.Watch
	if err := s.folder.store.Save(step, files(s.parts, s.trainer, now)); err != nil {
		return err
	}
	if err := s.folder.store.Prune(step, s.config.Checkpoint, s.bestSteps()...); err != nil {
		s.log.Printf("step %d is saved, but old checkpoints stay: %v", step, err)
	}
	if len(s.config.Data.Sources) > 0 {
		s.log.Printf("step %d: drawn from %s", step, s.inputs.train.FormatDrawn(now.Seed, now.Pairs))
	}
	return nil
}

// announce logs what is about to be trained.
func (s *session) announce() {
	c, d := s.config, s.inputs.train
	s.log.Printf("%d pairs in %d shards, vocabulary of %d tokens", d.Len(), d.Shards(), s.tokenizer.Size())
	if where := d.FormatWhere(); where != "" {
		s.log.Printf("%s", where)
	}
	s.log.Verbosef("order of the pairs: shuffle quality %.3f, where 1 is a shuffle of all", d.ShuffleQuality(c.Seed))
	s.log.Printf("%d parameters, %d steps of %d pairs in %s on %d threads (%v)",
		s.model.Config().ParamCount(), c.Train.Steps, c.Train.Batch, c.Train.Precision, s.trainer.Pool().Threads(),
		kernel.Active())
	s.log.Verbosef("the step's values lie in an arena of %d MB", s.trainer.Step.Stats().ArenaBytes>>20)
	if n := s.model.TrainableCount(); n < s.model.Config().ParamCount() {
		s.log.Printf("%d of the parameters train, the others are frozen", n)
	}
	if c.Train.Step().BF16 && kernel.Active() < kernel.AVX512BF16 {
		s.log.Printf("%v has no products of bfloat16: they are emulated, which takes longer than train.precision f32", kernel.Active())
	}
	s.log.Verbosef("%s", s.trainer.Optim.Groups())
	if s.beginning != nil {
		s.beginning.print(s.log)
	}
	s.inputs.announceSets(c, s.log)
}

// sameInputs refuses to go on with other shards, or another vocabulary, than
// those that the run was trained on.
func (s *session) sameInputs(dir string, was state, shards map[string]string) error {
	if err := sameShards(dir, was, shards); err != nil {
		return err
	}
	return s.sameTokenizer(dir)
}

func sameShards(dir string, was state, shards map[string]string) error {
	if changed := data.ShardsDifference(was.Shards, shards); changed != "" {
		return fmt.Errorf("run: data.train is not what %s was trained on: %s", dir, changed)
	}
	return nil
}
