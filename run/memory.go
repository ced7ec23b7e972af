package run

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/train"
	"github.com/goclip/goclip/train/embedcache"
)

// A Memory is what a run takes at its peak, in bytes, by what for.
type Memory struct {
	Process     int64 // the program, its buffers, and garbage that is not yet collected
	Parameters  int64 // values, gradients, both moments, and averages if there are any
	Data        int64 // batches being decoded, and the encoded images of two windows
	Batch       int64 // inputs and embeddings of the step
	Activations int64 // the arena of the step
	Eval        int64 // both encoders, the grid's, and the pairs that are held
}

// Total is the peak.
func (m Memory) Total() int64 {
	return m.Process + m.Parameters + m.Data + m.Batch + m.Activations + m.Eval
}

func (m Memory) String() string {
	return fmt.Sprintf("%s: parameters %s, data %s, batch %s, activations %s, evaluation %s, program %s",
		size(m.Total()), size(m.Parameters), size(m.Data), size(m.Batch), size(m.Activations), size(m.Eval),
		size(m.Process))
}

// processBytes is what the program takes beside what it computes on, measured.
const processBytes = 58 << 20

// garbageBytes is about what garbage may take before it is collected. Go counts
// it as a part of what is in use, and so would give a large run as much as all
// of its decoded images are; what is in use here has next to no pointers, and
// costs nothing to collect around.
const garbageBytes = 32 << 20

// boundGarbage sets the collector to garbageBytes beside what is in use now.
func boundGarbage() (undo func()) {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	was := debug.SetGCPercent(int(max(1, min(100, garbageBytes*100/m.HeapAlloc))))
	return func() { debug.SetGCPercent(was) }
}

// savedBytes is what a checkpoint holds: values, both moments of what trains, and
// averages if there are any.
func savedBytes(c *configs.Run, m *model.CLIP) int64 {
	all, trained := int64(m.Config().ParamCount()), int64(m.TrainableCount())
	if c.Optim.EMADecay > 0 {
		return 4 * (2*all + 2*trained)
	}
	return 4 * (all + 2*trained)
}

// heldBytes is what parameters take in memory: savedBytes with gradients, where the
// average of what is frozen is its value.
func heldBytes(c *configs.Run, m *model.CLIP) int64 {
	all, trained := int64(m.Config().ParamCount()), int64(m.TrainableCount())
	if c.Optim.EMADecay > 0 {
		return 4 * (all + 4*trained)
	}
	return 4 * (all + 3*trained)
}

// cacheBytes is what the embeddings of all pairs take by the towers that a step leaves
// out, before train.cache_size.
func cacheBytes(step model.StepConfig, m *model.CLIP, in *inputs) (bytes int64) {
	for _, cached := range []bool{step.CachedImages, step.CachedTexts} {
		if cached {
			bytes += in.train.Len() * embedcache.RecordBytes(m.Config().EmbedDim)
		}
	}
	return bytes
}

// predict says what a run takes whose texts have up to length tokens, without
// taking it.
func predict(c *configs.Run, m *model.CLIP, in *inputs, step model.StepConfig, length int) (Memory, error) {
	stats, inputs, err := m.Measure(step, length)
	if err != nil {
		return Memory{}, err
	}
	memory := Memory{
		Process:     processBytes,
		Parameters:  heldBytes(c, m),
		Data:        in.train.StreamBytes(step.Batch, c.Model.Image.Size, c.Model.Text.ContextLength),
		Batch:       inputs,
		Activations: int64(stats.ArenaBytes),
	}
	if step.CachedImages || step.CachedTexts {
		bytes, err := m.EncoderBytes(train.EncoderBatch, length)
		if err != nil {
			return memory, err
		}
		memory.Activations += bytes
	}
	if len(in.sets) > 0 {
		if memory.Eval, err = m.EncoderBytes(c.Eval.Batch, length); err != nil {
			return memory, err
		}
	}
	for _, s := range in.sets {
		if s.pairs != nil {
			memory.Eval += s.pairs.HeldBytes()
		}
	}
	if n := c.Train.GridSize(); n > 0 {
		bytes, err := m.EncoderBytes(n, length)
		if err != nil {
			return memory, err
		}
		memory.Eval += bytes
	}
	return memory, nil
}

// fit turns train.memory into train.micro_batch, and train.rematerialize auto
// into what it comes to: the whole batch if that fits, also if only by
// rematerialization, which costs less than micro-batches and rounds as the whole
// batch does; else micro-batches; and both where nothing else fits.
func fit(c *configs.Run, m *model.CLIP, in *inputs) (*configs.Run, error) {
	limit, err := c.Train.MemoryBytes()
	if err != nil || limit == 0 {
		return c, err
	}
	fitted := *c
	t := &fitted.Train
	if t.Rematerialize == "auto" {
		t.Rematerialize = "none"
		kept, errKept := largestMicroBatch(&fitted, m, in, limit)
		t.Rematerialize = "block"
		again, err := largestMicroBatch(&fitted, m, in, limit)
		if err != nil {
			return nil, err
		}
		if whole := kept == 0 || again > 0; errKept == nil && whole { // which blocks change nothing about
			t.Rematerialize = "none"
		}
	}
	if t.MicroBatch, err = largestMicroBatch(&fitted, m, in, limit); err != nil {
		return nil, err
	}
	t.Memory = ""
	return &fitted, nil
}

// largestMicroBatch is the one with which the run takes no more than limit
// bytes, whatever texts come; 0 is the whole batch. The number of threads plays no
// part, so that the choice is the same on every machine.
func largestMicroBatch(c *configs.Run, m *model.CLIP, in *inputs, limit int64) (int, error) {
	step, err := c.Train.CachedStep(m, in.train)
	if err != nil {
		return 0, err
	}
	for micro := step.Batch; ; micro = (micro + 1) / 2 {
		step.MicroBatch = 0
		if micro < step.Batch {
			step.MicroBatch = micro
		}
		memory, err := predict(c, m, in, step, c.Model.Text.ContextLength)
		if err != nil {
			return 0, err
		}
		if memory.Total() <= limit {
			return step.MicroBatch, nil
		}
		if micro == 1 {
			return 0, fmt.Errorf("run: train.memory %s; want at least %s, for micro-batches of one pair",
				c.Train.Memory, size(memory.Total()))
		}
	}
}

// size writes bytes for people.
func size(bytes int64) string {
	if bytes >= 1<<30 {
		return fmt.Sprintf("%.2f GiB", float64(bytes)/(1<<30))
	}
	return fmt.Sprintf("%.0f MiB", math.Ceil(float64(bytes)/(1<<20)))
}
