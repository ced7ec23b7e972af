package live

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"time"

	"github.com/goclip/goclip/internal/duration"
	"github.com/goclip/goclip/train"
	"github.com/goclip/goclip/web/page"
)

//go:embed live.html
var liveHTML string

//go:embed live.css
var liveCSS string

//go:embed live.js
var liveJS string

var liveTemplate = template.Must(page.Template("live").Parse(liveHTML))

// A view is what live.html shows of a state.
type view struct {
	State
	Status  string
	Verdict string
	Mood    string // of the verdict: good, bad, or early, when nobody can know
	Of      string // which step the tiles are of
	Tiles   []tile
	Charts  []template.HTML
	Reasons []reason
	Saves   []save
}

// A save is a checkpoint, newest first.
type save struct {
	Step     int
	MB, When string
}

// A tile is a number with a name above and what belongs to it below.
type tile struct{ Name, Value, Note string }

// A reason counts bad rows.
type reason struct {
	Text  string
	Count int
}

// newest are the last lines that a verdict is about.
const newest = 3

func newView(s State) view {
	v := view{State: s, Status: s.status()}
	for _, c := range s.Checkpoints {
		v.Saves = append(v.Saves, save{c.Step, fmt.Sprintf("%.1f", float64(c.Bytes)/1e6),
			c.Time.UTC().Format("2006-01-02 15:04:05 MST")})
	}
	v.Verdict, v.Mood = s.verdict()
	v.Of = s.of()
	v.Tiles = s.tiles()
	for _, c := range Curves(s.Lines, s.Scores) {
		if chart := c.HTML(); chart != "" {
			v.Charts = append(v.Charts, chart)
		}
	}
	for _, text := range slices.Sorted(maps.Keys(s.Bad.Reasons)) {
		v.Reasons = append(v.Reasons, reason{text, s.Bad.Reasons[text]})
	}
	slices.SortStableFunc(v.Reasons, func(a, b reason) int { return b.Count - a.Count })
	v.Reasons = v.Reasons[:min(len(v.Reasons), maxBadRows)]
	return v
}

// part renders a template of live.html.
func (v view) part(name string) (string, error) {
	var b bytes.Buffer
	if err := liveTemplate.ExecuteTemplate(&b, name, v); err != nil {
		return "", fmt.Errorf("live: %w", err)
	}
	return b.String(), nil
}

// status says where the run is.
func (s State) status() string {
	switch {
	case s.Steps == 0:
		return "has not begun"
	case s.Step >= s.Steps:
		return fmt.Sprintf("done, %d steps", s.Steps)
	case s.Running:
		return fmt.Sprintf("training, step %d of %d", s.Step, s.Steps)
	}
	return fmt.Sprintf("stopped after step %d of %d", s.Step, s.Steps)
}

// verdict says in a sentence whether the run learns, and how good that is.
func (s State) verdict() (text, mood string) {
	if s.Newest == nil {
		return "The first line of the log has not come yet.", "early"
	}
	last := s.Lines[max(0, len(s.Lines)-newest):]
	var loss float64
	for _, m := range last {
		loss += m.Loss / float64(len(last))
	}
	lnN, floor := s.Newest.LnN, s.Newest.Floor
	way := 100 * (lnN - loss) / max(1e-9, lnN-floor)
	learns := way >= 10
	for _, e := range s.latest() { // captions that say little keep the loss high, but not the accuracy low
		learns = learns || e.Accuracy != nil && e.Low > 2/float64(max(1, e.Classes)) ||
			e.PairScores != nil && e.TextToImageR1-2*e.Error(e.TextToImageR1) > 2*e.Chance(1)
	}
	how := fmt.Sprintf("the loss has come %.0f %% of the way from guessing, %s %.2f, "+
		"to the least that the captions allow, %.2f", max(0, way), s.Newest.LnNName(), lnN, floor)
	ended := s.Steps > 0 && s.Step >= s.Steps
	what, mood := "It has not learned much yet", "bad"
	switch {
	case way >= 10 && s.memorizes() != "":
		what = s.memorizes()
	case learns && ended:
		what, mood = "It has learned", "good"
	case learns:
		what, mood = "It learns", "good"
	case ended:
		what = "It has not learned much"
	case s.Step <= s.warmup:
		what, mood = "The learning rate is still rising", "early"
	case s.Step < s.Steps/earlyPart && s.Step < s.warmup+earlySteps:
		mood = "early"
	}
	if len(s.Findings) > 0 {
		mood = "bad"
	}
	return what + ": " + how + ".", mood
}

// It is early in a run before a tenth of its steps, and the first hundred after the
// warmup, are done.
const earlyPart, earlySteps = 10, 100

// of says which step the tiles are of. Scores are those of the newest evaluation.
func (s State) of() string {
	if s.Newest == nil {
		return ""
	}
	text := fmt.Sprintf("Numbers of step %d", s.Step)
	if len(s.Scores) > 0 {
		if at := s.Scores[len(s.Scores)-1].Step; at != s.Step {
			return fmt.Sprintf("%s, scores of step %d, the newest evaluation.", text, at)
		}
		text = fmt.Sprintf("Numbers and scores of step %d", s.Step)
	}
	return text + "."
}

// memorizes says that what is learned of the training pairs is of no use for others,
// where the newest evaluation shows it; or is empty.
func (s State) memorizes() string {
	for _, e := range s.latest() {
		if p := e.PairScores; p != nil && p.Loss >= p.LnN {
			return fmt.Sprintf("It learns its training pairs by heart, and on %s the loss %.2f is no better than guessing, %.2f",
				e.Set, p.Loss, p.LnN)
		}
	}
	return ""
}

func (s State) tiles() (all []tile) {
	if m := s.Newest; m != nil {
		note := fmt.Sprintf("%s %.3f", m.LnNName(), m.LnN)
		if m.Floor > 0 {
			note += fmt.Sprintf(", floor %.3f", m.Floor)
		}
		waits := waiting(s.Lines)
		all = append(all,
			tile{"loss", fmt.Sprintf("%.3f", m.Loss), note},
			tile{"step", fmt.Sprint(m.Step), fmt.Sprintf("of %d, epoch %.2f%s", s.Steps, m.Epoch, s.left())},
			tile{"pairs a second", fmt.Sprintf("%.3g", m.PairsPerSecond),
				fmt.Sprintf("%.1f %% of the time waiting for data", waits[len(waits)-1])},
			tile{"logit scale", fmt.Sprintf("%.1f", m.LogitScale), fmt.Sprintf("at most %.4g", s.maxLogitScale)})
	}
	for _, e := range s.latest() {
		all = append(all, scoreTiles(e)...)
	}
	note := "that could not be used"
	if n := s.skipped(); n > 0 {
		note += fmt.Sprintf("; %d bad steps skipped", n)
	}
	return append(all, tile{"bad rows", fmt.Sprint(s.Bad.Count), note})
}

// scoreTiles show an evaluation: accuracy, loss, and recall both ways.
func scoreTiles(e train.Evaluation) (all []tile) {
	if e.Accuracy != nil {
		all = append(all, tile{e.Set, fmt.Sprintf("%.1f %%", 100*e.Top1),
			fmt.Sprintf("top-1; 95 %%: %.0f to %.0f, chance %.1f",
				100*e.Low, 100*e.High, 100/float64(max(1, e.Classes)))})
	}
	p := e.PairScores
	if p == nil {
		return all
	}
	percent := func(r1 float64) string { return fmt.Sprintf("%.1f %%", 100*r1) }
	rest := func(r5, r10 float64) string {
		return fmt.Sprintf("R@1; R@5 %.1f, R@10 %.1f; chance %.1f, %.1f, %.1f", 100*r5, 100*r10,
			100*p.Chance(1), 100*p.Chance(5), 100*p.Chance(10))
	}
	return append(all,
		tile{e.Set + ": loss", fmt.Sprintf("%.3f", p.Loss), fmt.Sprintf("guessing %.3f; %d × %d pairs", p.LnN, p.Batches, p.Batch)},
		tile{e.Set + ": image of a caption", percent(p.TextToImageR1), rest(p.TextToImageR5, p.TextToImageR10)},
		tile{e.Set + ": caption of an image", percent(p.ImageToTextR1), rest(p.ImageToTextR5, p.ImageToTextR10)})
}

func (s State) skipped() int {
	if s.Newest == nil {
		return 0
	}
	return s.Newest.Skipped
}

// left is the time to the end at the speed of the last lines, as a part of a
// sentence.
func (s State) left() string {
	if !s.Running || s.Step >= s.Steps {
		return ""
	}
	last := s.Lines[max(0, len(s.Lines)-newest):]
	speeds := make([]float64, len(last))
	for i, m := range last {
		speeds[i] = m.PairsPerSecond
	}
	slices.Sort(speeds)
	speed := speeds[len(speeds)/2]
	if speed <= 0 {
		return ""
	}
	left := time.Duration(float64(s.Steps-s.Step) * float64(s.Batch) / speed * float64(time.Second))
	return ", " + duration.Words(left) + " left"
}

// latest are the scores of the newest evaluation.
func (s State) latest() (all []train.Evaluation) {
	for _, e := range s.Scores {
		if e.Step == s.Scores[len(s.Scores)-1].Step {
			all = append(all, e)
		}
	}
	return all
}

func style() string { return string(page.CSS()) + liveCSS }
