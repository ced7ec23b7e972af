package run

import (
	"context"
	"fmt"
	"math"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/model"
)

// mostRepeated is the part of the loss of guessing that captions which repeat may keep
// a run at before it is warned of.
const mostRepeated = 0.75

// checkData looks, before a run begins, for data that cannot teach or cannot measure. One
// caption for all pairs is an error; the rest is a warning by name.
func (s *session) checkData(ctx context.Context) error {
	if len(s.counts) == 1 && s.counts[0] > 1 {
		return fmt.Errorf("run: data.train: one class only: all %d captions are the same, so that no loss falls below "+
			"that of guessing; want captions that differ (data.caption, data.captions)", s.counts[0])
	}
	for _, set := range s.inputs.sets {
		sample := set.pairs
		if sample == nil {
			var err error
			if sample, err = set.labeled.Draw(ctx, checkedRows, s.config.Seed); err != nil {
				return err
			}
		}
		o, err := s.inputs.train.Overlap(ctx, sample)
		if err != nil {
			return err
		}
		if text := overlapText(set.name, sample.Len(), s.inputs.train.Len(), o); text != "" {
			s.log.Printf("warning: %s", text)
		}
	}
	return nil
}

// checkedRows is the number of rows of a set without captions that are compared with
// training data.
const checkedRows = 1000

// overlapText says what a set has in common with the training data, or is empty.
func overlapText(set string, sample, rows int64, o data.Overlap) string {
	seen := "its scores say little about data that was not seen; want other data, or data.train without it"
	looked := ""
	if o.Looked < rows {
		looked = fmt.Sprintf(" (pictures of %d of %d training rows were compared)", o.Looked, rows)
	}
	switch {
	case len(o.Shards) > 0:
		more := ""
		if n := len(o.Shards); n > 1 {
			more = fmt.Sprintf(" and %d more", n-1)
		}
		return fmt.Sprintf("set %s is training data: shard %s%s is one of data.train; %s", set, o.Shards[0], more, seen)
	case o.Pictures > 0:
		return fmt.Sprintf("set %s overlaps training data: %d of %d pictures, %d of them with a caption, are in data.train%s, "+
			"such as %v in %v; %s", set, o.Pictures, sample, o.Pairs, looked, o.Row, o.In, seen)
	}
	return ""
}

// countCaptions counts how often each caption occurs.
func (s *session) countCaptions(ctx context.Context) (err error) {
	if s.captions != nil {
		s.counts, s.captions = s.captions.All(), nil
		return nil
	}
	s.counts, err = data.CountCaptions(ctx, s.inputs.train.Captions(ctx))
	return err
}

// floor finds the least loss that the captions allow, and logs it where they repeat enough
// to matter. Where captions that repeat are no negatives, it is 0.
func (s *session) floor() float64 {
	if s.config.Train.Step().SameTexts { // what repeats is not wrong
		return 0
	}
	n, m := s.config.Train.Batch, s.model.Config()
	floor := data.FloorOf(s.counts, n, m.GuessLoss) // a guess among the pairs that have the caption
	if floor > 0.05 {
		warning := ""
		if floor > mostRepeated*m.GuessLoss(n) {
			warning = "warning: nothing but repeated captions: "
		}
		s.log.Printf("%scaptions repeat (%d distinct ones): no model gets the loss of %d pairs below %.3f, where guessing has %.3f",
			warning, len(s.counts), n, floor, m.GuessLoss(n))
	}
	return floor
}

// guess is the loss of a model that knows nothing but how often captions repeat, where
// those are no negatives; 0 where they are, and the size of the batch says it all.
func (s *session) guess() float64 {
	if !s.config.Train.Step().SameTexts {
		return 0
	}
	n, m := s.config.Train.Batch, s.model.Config()
	if m.Loss == model.Sigmoid {
		same := 1 + data.FloorOf(s.counts, n, func(same int) float64 { return float64(same - 1) })
		return model.GuessSigmoid(n, same)
	}
	left := data.FloorOf(s.counts, n, func(same int) float64 { return math.Log(float64(n-same+1) / float64(n)) })
	return math.Log(float64(n)) + left
}
