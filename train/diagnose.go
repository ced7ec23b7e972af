package train

import "fmt"

// A Finding is something that is wrong with a run, or may be: what is seen, and
// what to try. It is one line.
type Finding struct {
	Name string `json:"name"` // such as "collapse"
	Text string `json:"text"`
}

func (f Finding) String() string { return f.Name + ": " + f.Text }

// A History is what a diagnosis is made of.
type History struct {
	Lines  []Metrics    // in the order of their steps
	Scores []Evaluation // likewise

	// Warmup is the number of steps until the learning rate is reached.
	Warmup int

	// MaxLogitScale is where the logit scale is clamped, and Floor the least
	// loss that the captions allow; 0 where that is not known.
	MaxLogitScale float64
	Floor         float64
}

// recent is the number of last lines that a finding must hold for.
const recent = 3

// Diagnose names all that it finds in a history, the gravest first.
func Diagnose(h History) (all []Finding) {
	for _, look := range []func(History) *Finding{collapse, stuck, atFloor, scaleFalls, atClamp, overfits} {
		if f := look(h); f != nil {
			all = append(all, *f)
		}
	}
	return all
}

// last returns the last n lines, or nil if there are fewer or the first of them
// is of the warmup.
func (h History) last(n int) []Metrics {
	if len(h.Lines) < n || h.Lines[len(h.Lines)-n].Step <= h.Warmup {
		return nil
	}
	return h.Lines[len(h.Lines)-n:]
}

// every says whether there are lines and all have a property.
func every(lines []Metrics, has func(Metrics) bool) bool {
	for _, m := range lines {
		if !has(m) {
			return false
		}
	}
	return len(lines) > 0
}

// nearLnN says whether the loss of a line is what guessing gives.
func nearLnN(m Metrics) bool { return m.Loss > 0.97*m.LnN && m.Loss < 1.03*m.LnN }

// collapse finds that the embeddings of all pairs have become the same.
func collapse(h History) *Finding {
	lines := h.last(recent)
	if !every(lines, func(m Metrics) bool { return m.CosineRest > 0.9 && m.Loss > 0.9*m.LnN }) {
		return nil
	}
	m := lines[recent-1]
	return &Finding{"collapse", fmt.Sprintf("all embeddings are alike: "+
		"the mean cosine of pairs that do not belong together is %.2f, the loss %.3f of %s %.3f; "+
		"try a lower optim.learning_rate, a longer optim.warmup, and look at the data: do the images differ?",
		m.CosineRest, m.Loss, m.LnNName(), m.LnN)}
}

// stuck finds a loss that stays at the loss of guessing. Captions that repeat much
// may allow no better; then it is atFloor that says so.
func stuck(h History) *Finding {
	lines := h.last(recent + 2)
	if !every(lines, nearLnN) || collapse(h) != nil || h.Floor > 0.9*lines[0].LnN {
		return nil
	}
	m := lines[len(lines)-1]
	return &Finding{"stuck at ln N", fmt.Sprintf("the loss is what guessing gives since step %d: %.3f, %s %.3f; "+
		"try optim.learning_rate ten times lower and higher, a shorter optim.warmup, "+
		"and whether captions belong to their images (goclip data inspect)",
		lines[0].Step, m.Loss, m.LnNName(), m.LnN)}
}

// atFloor finds a loss as low as the captions allow.
func atFloor(h History) *Finding {
	lines := h.last(recent)
	if h.Floor < 0.05 || len(lines) == 0 {
		return nil
	}
	var mean float64
	for _, m := range lines {
		mean += m.Loss / float64(len(lines))
	}
	if mean > 1.03*h.Floor+0.01 {
		return nil
	}
	return &Finding{"at the floor", fmt.Sprintf("the loss %.3f is the least that captions which repeat allow, "+
		"%.3f of %s %.3f: it is not stuck; "+
		"try captions that say more, a smaller train.batch, or stop here",
		mean, h.Floor, lines[0].LnNName(), lines[0].LnN)}
}

// scaleFalls finds a logit scale that has lost half of its largest value and goes
// on falling. A dip in the first hundreds of steps is usual, and smaller.
func scaleFalls(h History) *Finding {
	lines := h.last(recent)
	if len(lines) == 0 {
		return nil
	}
	for i := range lines[1:] {
		if lines[i+1].LogitScale >= lines[i].LogitScale {
			return nil
		}
	}
	largest := h.Lines[0]
	for _, m := range h.Lines {
		if m.LogitScale > largest.LogitScale {
			largest = m
		}
	}
	m := lines[recent-1]
	if m.LogitScale > largest.LogitScale/2 {
		return nil
	}
	return &Finding{"logit scale falls", fmt.Sprintf("from %.1f at step %d to %.1f: the model grows less sure; "+
		"try a lower optim.learning_rate, and whether captions belong to their images",
		largest.LogitScale, largest.Step, m.LogitScale)}
}

// atClamp finds a logit scale that would rise further.
func atClamp(h History) *Finding {
	lines := h.last(recent)
	if h.MaxLogitScale <= 0 || !every(lines, func(m Metrics) bool { return m.LogitScale > 0.999*h.MaxLogitScale }) {
		return nil
	}
	return &Finding{"logit scale at its clamp",
		fmt.Sprintf("%.1f since step %d at least, as is usual late in a long run; "+
			"early in a run, try a larger train.batch, a lower optim.learning_rate, or a higher train.max_logit_scale",
			h.MaxLogitScale, lines[0].Step)}
}

// overfits finds a set whose accuracy has fallen, by more than chance, while the
// loss on the training pairs fell as well.
func overfits(h History) *Finding {
	if len(h.Scores) == 0 || len(h.Lines) == 0 {
		return nil
	}
	newest := h.Scores[len(h.Scores)-1].Step
	for _, now := range h.Scores {
		if now.Step != newest {
			continue
		}
		best := now
		for _, s := range h.Scores {
			if s.Set == now.Set && s.Top1 > best.Top1 {
				best = s
			}
		}
		before, after := h.lossAt(best.Step), h.lossAt(now.Step)
		if now.High < best.Low && after < before {
			return &Finding{"over-fitting", fmt.Sprintf("%s: top-1 fell from %.1f %% at step %d to %.1f %%, "+
				"the training loss from %.3f to %.3f; try more pairs or fewer train.steps, data.preprocess.augment, "+
				"a higher optim.weight_decay, or the checkpoint of step %d",
				now.Set, 100*best.Top1, best.Step, 100*now.Top1, before, after, best.Step)}
		}
	}
	return nil
}

// lossAt is the mean of the lines up to a step that are recent then.
func (h History) lossAt(step int) float64 {
	var sum, n float64
	for i := len(h.Lines) - 1; i >= 0 && n < recent; i-- {
		if h.Lines[i].Step <= step {
			sum += h.Lines[i].Loss
			n++
		}
	}
	if n == 0 {
		return h.Lines[0].Loss
	}
	return sum / n
}
