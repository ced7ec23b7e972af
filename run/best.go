package run

import "github.com/goclip/goclip/train"

// A best is the evaluation with the best score of checkpoint.best so far.
type best struct {
	By    string  `json:"by"` // such as val.recall
	Step  int     `json:"step"`
	Score float64 `json:"score"`
}

// isBest says whether the last evaluation has the best score so far, and then keeps it.
// The first of equal ones stays.
func (s *session) isBest() bool {
	c := s.config.Checkpoint
	score, step, ok := firstScore(s.evaluator.last, c.Best)
	if !ok {
		return false
	}
	was := s.state.Best
	if was != nil && was.By == c.Best && !c.Better(score, was.Score) {
		return false
	}
	s.state.Best = &best{c.Best, step, score}
	s.log.Printf("step %d has the best %s so far, %.4g", step, c.Best, score)
	return true
}

// firstScore is the score of the first set that has it.
func firstScore(all []train.Evaluation, name string) (score float64, step int, ok bool) {
	for _, e := range all {
		if score, ok = e.Score(name); ok {
			return score, e.Step, true
		}
	}
	return 0, 0, false
}

// bestSteps are the steps whose checkpoints stay because they are the best.
func (s *session) bestSteps() []int {
	if s.state.Best == nil || s.config.Checkpoint.Best == "" {
		return nil
	}
	return []int{s.state.Best.Step}
}
