package data

import (
	"fmt"
	"strings"
	"time"

	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/internal/guard"
)

// sample fills place i of a batch with the pair drawn or, if that cannot be
// used, with the next one of the window that can.
func (s *Stream) sample(p *preprocess.Processor, at *stage, b *Batch, i int, position int64, pair drawn) {
	b.bad[i] = b.bad[i][:0]
	w := pair.w
	last := ""
	for try := range w.order {
		r := &w.rows[w.order[(pair.at+try)%len(w.order)]]
		at.begin("decoding", r.ref.Shard, r.group, r.ref.Row)
		var reason string
		if err := guard.Call(func() error { reason = s.fill(p, b, i, position, r); return nil }); err != nil {
			b.finish(fmt.Errorf("data: %s: row group %d: row %d: %w", r.ref.Shard, r.group, r.ref.Row, err), 0)
			return
		}
		if reason == "" {
			return
		}
		if last = reason; reason == leftOut {
			continue
		}
		b.bad[i] = append(b.bad[i], badRow{r.ref, reason})
		if s.c.Ledger.config.ExceedsBudget(len(b.bad[i]), position+int64(s.c.Batch)) {
			return // Next ends the run; the rest of a window could take hours
		}
	}
	b.finish(fmt.Errorf("data: none of %d rows from %v on can be used: %s", len(w.order), w.rows[0].ref, last), 0)
}

// leftOut is the reason of a row that is not bad, and not wanted.
const leftOut = "left out by min_size or max_aspect"

// fill puts a row into place i of a batch, or says why it cannot be used.
func (s *Stream) fill(p *preprocess.Processor, b *Batch, i int, position int64, r *row) (reason string) {
	pixels := len(b.Images) / s.c.Batch
	caption, reason := s.caption(r, position)
	if reason == "" && s.d.config.unfit(r.image) {
		reason = leftOut
	}
	if reason == "" {
		reason = s.image(p, b.Images[i*pixels:][:pixels], r, position)
	}
	if reason != "" {
		return reason
	}
	b.Captions[i], b.Rows[i] = caption, r.ref
	start := time.Now()
	if s.c.Tokenizer.Tokenize(b.Tokens[i*s.c.Context:][:s.c.Context], caption) {
		s.clock.truncated.Add(1)
	}
	lap(&s.clock.tokenize, start)
	return ""
}

// caption chooses one of a row, or says why there is none.
func (s *Stream) caption(r *row, position int64) (caption, reason string) {
	if reason := r.problem(); reason != "" {
		return "", reason
	}
	captions := r.captions
	if len(s.d.config.Captions) > 0 {
		captions = s.chooseColumn(s.d.config.choicesOf(r), position)
	}
	choices := s.d.config.choices(captions)
	if reason := notText(choices); reason != "" {
		return "", reason
	}
	switch len(choices) {
	case 0:
		return "", "no caption"
	case 1:
		return choices[0], ""
	}
	return choices[keyed(s.c.Seed, purposeCaption, 0, uint64(position)).IntN(len(choices))], ""
}

// choices returns the captions of a row that training may see.
func (c Config) choices(captions []string) []string {
	choices := make([]string, 0, 8)
	for _, caption := range captions {
		if c.CleanCaptions {
			caption = CleanCaption(caption)
		}
		if strings.TrimSpace(caption) == "" {
			continue
		}
		choices = append(choices, caption)
		if c.CaptionChoice != "random" {
			break
		}
	}
	return choices
}

// image decodes one, or says why it cannot be. A decoder that panics has met a
// file that it should have refused.
func (s *Stream) image(p *preprocess.Processor, dst []float32, r *row, position int64) (reason string) {
	err := guard.Call(func() error {
		start := time.Now()
		m, err := p.Decode(r.image)
		start = lap(&s.clock.decode, start)
		if err == nil {
			p.Train(dst, m, keyed(s.c.Seed, purposeAugment, 0, uint64(position)))
			lap(&s.clock.resize, start)
			s.clock.images.Add(1)
		}
		return err
	})
	if err != nil {
		return err.Error()
	}
	return ""
}
