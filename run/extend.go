package run

import (
	"bytes"
	"fmt"

	"github.com/goclip/goclip/configs"
	"github.com/goclip/goclip/data/tokenizer"
)

// extend gives the run a later end. The learning rate is from then on that of a
// run of so many steps from its beginning: after a cosine that had come down, it
// jumps up to where the longer cosine is at this step.
func (r *Run) extend(old *configs.Run) (was int, err error) {
	was = old.Train.Steps
	if r.Extend <= was {
		return 0, fmt.Errorf("run: --extend steps=%d: %s has %d steps; want more", r.Extend, r.Workdir, was)
	}
	c := *r.Config
	c.Train.Steps = r.Extend
	r.Config = &c
	old.Train.Steps = r.Extend // which is no difference now
	return was, nil
}

// extended records after which step the run got its later end.
func (r *Run) extended(was, step int) {
	r.Config.Train.ExtendedFrom = step
	o := r.Config.Optim
	r.Log.Printf("extended from %d to %d steps after step %d: the learning rate goes on from %.2e with %.2e",
		was, r.Extend, step, o.At(max(0, step-1), was), o.At(step, r.Extend))
}

// sameTokenizer refuses a vocabulary file that is not the checkpoint's.
func (r *Run) sameTokenizer() error {
	path := r.Config.Tokenizer.Path
	if path == "" {
		return nil
	}
	now, err := tokenizer.Load(path)
	if err != nil {
		return err
	}
	var a, b bytes.Buffer
	if err := r.tokenizer.WriteJSON(&a); err != nil {
		return err
	}
	if err := now.WriteJSON(&b); err != nil {
		return err
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		return fmt.Errorf("run: tokenizer.path %s is not the vocabulary that %s was trained with: have %d tokens, had %d", path, r.Workdir, now.Size(), r.tokenizer.Size())
	}
	return nil
}
