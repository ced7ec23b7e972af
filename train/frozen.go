package train

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/internal/glob"
	"github.com/goclip/goclip/internal/kernel"
	"github.com/goclip/goclip/internal/size"
	"github.com/goclip/goclip/model"
	"github.com/goclip/goclip/train/embedcache"
)

// validateFrozen reports the first field about freezing that cannot work.
func (c Config) validateFrozen() error {
	for i, pattern := range c.Freeze {
		if !glob.Valid(pattern) {
			return fmt.Errorf("train: freeze[%d]: %q is not a pattern of names, such as visual.*", i, pattern)
		}
	}
	switch {
	case c.UnlockImageGroups < 0:
		return fmt.Errorf("train: unlock_image_groups %d is negative", c.UnlockImageGroups)
	case !slices.Contains([]string{"auto", "on", "off"}, c.CacheFrozen):
		return fmt.Errorf("train: cache_frozen %q; want auto, on or off", c.CacheFrozen)
	}
	if _, err := size.Parse(c.CacheSize); err != nil {
		return fmt.Errorf("train: cache_size %w", err)
	}
	return nil
}

// FreezeIn freezes what the config names in m. To do so again changes nothing.
func (c Config) FreezeIn(m *model.CLIP) error {
	if len(c.Freeze) > 0 {
		if err := m.Freeze(c.Freeze); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	if c.UnlockImageGroups > 0 {
		if err := m.LockImage(c.UnlockImageGroups); err != nil {
			return fmt.Errorf("train: unlock_image_groups: %w", err)
		}
	}
	return nil
}

// CachedStep is Step with the towers of m left out whose embeddings are cached: those
// that are frozen as a whole, where CacheFrozen says so.
func (c Config) CachedStep(m *model.CLIP, d *data.Dataset) (model.StepConfig, error) {
	c.SetDefaults()
	s := c.Step()
	if c.CacheFrozen == "off" {
		return s, nil
	}
	always := c.CacheFrozen == "on"
	varies := d.Augments() || m.Config().Image.PatchDropout > 0
	s.CachedImages = !m.Trains(model.ImageTower) && (always || !varies)
	s.CachedTexts = !m.Trains(model.TextTower)
	if always && !s.CachedImages && !s.CachedTexts {
		return s, fmt.Errorf("train: cache_frozen on, but both towers train; want one that is frozen as a whole, " +
			"such as by freeze: [visual.*], or auto")
	}
	return s, nil
}

// EncoderBatch is the number of inputs of a frozen tower that are computed at once.
const EncoderBatch = 32

// A frozenTower gives the embeddings of one tower, from a file or, once, by computing
// them.
type frozenTower struct {
	tower   model.Tower
	rows    []float32 // where the step reads them, (N, E)
	encoder *model.Encoder
	file    *embedcache.Cache // nil before the first step
	full    bool              // nothing more is stored

	hashes  []embedcache.Hash // of the batch
	missing []int             // places in the batch, of inputs that differ
	input   []byte            // scratch
}

// newFrozen makes the towers that step leaves out.
func (t *Trainer) newFrozen(step model.StepConfig) error {
	c := model.EncoderConfig{Batch: min(EncoderBatch, step.Batch), BF16: step.BF16}
	add := func(tower model.Tower, rows []float32,
		encoder func(model.EncoderConfig, *model.Pool) (*model.Encoder, error),
	) error {
		e, err := encoder(c, t.pool)
		if err == nil {
			t.frozen = append(t.frozen, &frozenTower{tower: tower, rows: rows, encoder: e})
		}
		return err
	}
	if step.CachedImages {
		if err := add(model.ImageTower, t.Step.ImageEmbeddings(), t.Model.NewImageEncoder); err != nil {
			return err
		}
	}
	if step.CachedTexts {
		return add(model.TextTower, t.Step.TextEmbeddings(), t.Model.NewTextEncoder)
	}
	return nil
}

// embedFrozen gives the step the embeddings of a batch by frozen towers.
func (t *Trainer) embedFrozen(ctx context.Context, batch *data.Batch) error {
	for _, f := range t.frozen {
		if f.file == nil { // not before, as the weights of a run that goes on come after New
			if err := t.openFrozen(f); err != nil {
				return err
			}
		}
		var err error
		if f.tower == model.ImageTower {
			err = embed(ctx, t, f, f.encoder.Images(), batch.Images)
		} else {
			err = embed(ctx, t, f, f.encoder.Tokens(), batch.Tokens)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// embed fills f.rows with the embeddings of inputs, which go into to, the encoder's,
// where they have to be computed.
func embed[T float32 | int32](ctx context.Context, t *Trainer, f *frozenTower, to, inputs []T) error {
	n := t.Batch
	in, width := len(inputs)/n, len(f.rows)/n
	row := func(i int) []float32 { return f.rows[i*width:][:width] }
	f.hashes, f.missing = f.hashes[:0], f.missing[:0]
	first := map[embedcache.Hash]int{} // where an input that is missing comes first
	for i := range n {
		var err error
		if f.input, err = binary.Append(f.input[:0], binary.LittleEndian, inputs[i*in:][:in]); err != nil {
			return err
		}
		h := embedcache.Sum(f.input)
		f.hashes = append(f.hashes, h)
		found, err := f.file.Get(h, row(i))
		if err != nil {
			return err
		}
		if _, again := first[h]; !found && !again {
			first[h] = i
			f.missing = append(f.missing, i)
		}
	}
	err := t.Interruptible(ctx, func() error {
		for some := range slices.Chunk(f.missing, f.encoder.Batch()) {
			for j, i := range some {
				copy(to[j*in:], inputs[i*in:][:in])
			}
			unit, err := f.encoder.Run()
			if err != nil {
				return err
			}
			for j, i := range some {
				copy(row(i), unit[j*width:])
			}
		}
		return nil
	})
	if err != nil { // the rows may mean nothing
		return err
	}
	for i, h := range f.hashes {
		if at, ok := first[h]; ok && at < i {
			copy(row(i), row(at))
		}
	}
	t.store(f, row)
	return nil
}

// store keeps the embeddings that were missing. That there is no room does not end
// the run, which can compute them again.
func (t *Trainer) store(f *frozenTower, row func(i int) []float32) {
	if f.full || len(f.missing) == 0 {
		return
	}
	for _, i := range f.missing {
		f.file.Put(f.hashes[i], row(i))
	}
	switch err := f.file.Flush(); {
	case errors.Is(err, embedcache.ErrFull):
		t.Log.Printf("%v, the most that train.cache_size %s lets it have: the %s tower computes the others in each step",
			err, t.CacheSize, f.tower)
		f.full = true
	case err != nil:
		t.Log.Printf("%d embeddings are stored, and no more: %v; the run goes on, and the %s tower computes the others in each step",
			f.file.Len(), err, f.tower)
		f.full = true
	}
}

// openFrozen opens the file of a tower, and logs what it is and may become.
func (t *Trainer) openFrozen(f *frozenTower) error {
	c := t.Model.Config()
	key, err := towerKey(t.Model, f.tower, t.Config.Step().BF16)
	if err != nil {
		return err
	}
	most, err := size.Parse(t.CacheSize)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(t.setup.CacheDir, 0o777); err != nil {
		return fmt.Errorf("train: cache_dir: %w; want a folder, or train.cache_frozen off", err)
	}
	path := filepath.Join(t.setup.CacheDir, fmt.Sprintf("frozen-%s-%x.embeddings", f.tower, key[:6]))
	if f.file, err = embedcache.Open(path, key, c.EmbedDim, most); err != nil {
		return fmt.Errorf("%w; or train.cache_frozen off", err)
	}
	rows := min(t.setup.Data.Len(), int64(f.file.Most()))
	grows := fmt.Sprintf("%d pairs take %d MB", rows, (rows*embedcache.RecordBytes(c.EmbedDim)+1<<20-1)>>20)
	if f.tower == model.ImageTower && t.setup.Data.Augments() {
		grows = "augmented images differ each time, so it may grow to train.cache_size " + t.CacheSize
	}
	t.Log.Printf("the %s tower is frozen: its embeddings are computed once and kept in %s, which has %d of them; %s",
		f.tower, path, f.file.Len(), grows)
	if o := f.file.Opened; o.Rebuilt {
		t.Log.Printf("%s held embeddings of another tower and is begun anew", path)
	} else if o.Cut > 0 {
		t.Log.Printf("%s: the last %d bytes are no whole embedding and are computed again", path, o.Cut)
	}
	return nil
}

// towerKey is a SHA-256 over all that the embeddings of a tower depend on beside its
// input: its architecture and weights, the precision, and the processor's level, since
// another sums up in another order.
func towerKey(m *model.CLIP, tower model.Tower, bf16 bool) (key embedcache.Key, err error) {
	c := m.Config()
	h := sha256.New()
	fmt.Fprintf(h, "%s %v bf16 %v %d %v %v\n", tower, kernel.Active(), bf16, c.EmbedDim, c.Activation, c.LayerNormEps)
	if tower == model.ImageTower {
		fmt.Fprintf(h, "%+v\n", c.Image)
	} else {
		fmt.Fprintf(h, "%+v\n", c.Text)
	}
	var bytes []byte
	for _, p := range m.Params() {
		if p.Tower() != tower {
			continue
		}
		fmt.Fprintf(h, "%s %v\n", p.Name, p.Shape)
		if bytes, err = binary.Append(bytes[:0], binary.LittleEndian, p.Value); err != nil {
			return key, err
		}
		h.Write(bytes)
	}
	return embedcache.Key(h.Sum(nil)), nil
}

// close closes the file, of which everything is written.
func (f *frozenTower) close() {
	if f.file != nil {
		_ = f.file.Close()
	}
}
