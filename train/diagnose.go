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

// meanLoss is the mean of the losses of lines, and of those of guessing.
func meanLoss(lines []Metrics) (loss, guess float64) {
	for _, m := range lines {
		loss += m.Loss / float64(len(lines))
		guess += m.LnN / float64(len(lines))
	}
	return loss, guess
}

// nearLnN says whether the mean loss of lines is what guessing gives. The loss of a line
// is that of one batch, and a small batch has a loss that varies.
func nearLnN(lines []Metrics) bool {
	loss, guess := meanLoss(lines)
	return loss > 0.97*guess && loss < 1.03*guess
}

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

// What stuck needs: lines, steps between the first and the last of them, and lines after
// which it says so whatever the steps.
const (
	stuckLines = recent + 2
	stuckSteps = 40
	mostLines  = 60
)

// stuck finds a loss that stays at the loss of guessing, over both halves of the last
// lines: of as many as span 40 steps, 5 at least, behind the warmup, or of 60 wherever
// they are. Captions that repeat much may allow no better; then it is atFloor that says so.
func stuck(h History) *Finding {
	lines := h.after(stuckLines, stuckSteps)
	if n := len(h.Lines); n >= mostLines && !h.guesses(lines) { // losses of small batches vary
		lines = h.Lines[n-mostLines:]
	}
	if !h.guesses(lines) || collapse(h) != nil {
		return nil
	}
	loss, guess := meanLoss(lines)
	rising := ""
	if lines[len(lines)-1].Step <= h.Warmup {
		rising = fmt.Sprintf("the learning rate still rises, up to step %d, which may be why; ", h.Warmup)
	}
	return &Finding{"stuck at ln N", fmt.Sprintf("the loss is what guessing gives since step %d: %.3f, %s %.3f; %s"+
		"try optim.learning_rate ten times lower and higher, a shorter optim.warmup, "+
		"and whether captions belong to their images (goclip data inspect)",
		lines[0].Step, loss, lines[0].LnNName(), guess, rising)}
}

// guesses says whether both halves of lines have the loss of guessing, and could have
// another.
func (h History) guesses(lines []Metrics) bool {
	n := len(lines)
	return n > 1 && nearLnN(lines[:n/2]) && nearLnN(lines[n/2:]) && h.Floor <= 0.9*lines[0].LnN
}

// after is the fewest last lines that are so many and span so many steps, or none, if
// the first of them is of the warmup.
func (h History) after(lines, steps int) []Metrics {
	newest := len(h.Lines) - 1
	for i := newest + 1 - lines; i >= 0 && h.Lines[i].Step > h.Warmup; i-- {
		if h.Lines[newest].Step-h.Lines[i].Step >= steps {
			return h.Lines[i:]
		}
	}
	return nil
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

// overfits finds a set whose accuracy has fallen, by more than chance, or whose loss has
// risen, while the loss on the training pairs fell.
func overfits(h History) *Finding {
	if len(h.Scores) == 0 || len(h.Lines) == 0 {
		return nil
	}
	newest := h.Scores[len(h.Scores)-1].Step
	for _, now := range h.Scores {
		if now.Step != newest {
			continue
		}
		if f := h.accuracyFell(now); f != nil {
			return f
		}
		if f := h.lossRose(now); f != nil {
			return f
		}
	}
	return nil
}

// accuracyFell finds a top-1 that has fallen by more than chance.
func (h History) accuracyFell(now Evaluation) *Finding {
	if now.Accuracy == nil {
		return nil
	}
	best := now
	for _, s := range h.Scores {
		if s.Set == now.Set && s.Accuracy != nil && s.Top1 > best.Top1 {
			best = s
		}
	}
	if now.High >= best.Low {
		return nil
	}
	return h.overfitting(best, now, fmt.Sprintf("top-1 fell from %.1f %% at step %d to %.1f %%",
		100*best.Top1, best.Step, 100*now.Top1))
}

// A validation loss is that of the same pairs each time, so that it varies little: it has
// risen when it is this part, and so much at least, above the lowest.
const riseShare, riseLeast = 0.03, 0.05

// lossRose finds a validation loss that has risen.
func (h History) lossRose(now Evaluation) *Finding {
	if now.PairScores == nil {
		return nil
	}
	best := now
	for _, s := range h.Scores {
		if s.Set == now.Set && s.PairScores != nil && s.PairScores.Loss < best.PairScores.Loss {
			best = s
		}
	}
	low, is := best.PairScores.Loss, now.PairScores.Loss
	if is <= low+max(riseLeast, riseShare*low) {
		return nil
	}
	return h.overfitting(best, now, fmt.Sprintf("the loss rose from %.3f at step %d to %.3f", low, best.Step, is))
}

// overfitting is the finding, if the training loss fell meanwhile.
func (h History) overfitting(best, now Evaluation, what string) *Finding {
	before, after := h.lossAt(best.Step), h.lossAt(now.Step)
	if after >= before {
		return nil
	}
	return &Finding{"over-fitting", fmt.Sprintf("%s: %s, the training loss from %.3f to %.3f; "+
		"try more pairs or fewer train.steps, data.preprocess.augment, a higher optim.weight_decay, "+
		"or the checkpoint of step %d (checkpoint.best keeps it)", now.Set, what, before, after, best.Step)}
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
