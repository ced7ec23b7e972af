package train

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/goclip/goclip/internal/duration"
)

// A Console shows a run to people: lines everywhere, and on a terminal a bar
// below them. Several goroutines may use it. A nil Console shows nothing.
type Console struct {
	// Verbose shows also what few need to know. Color marks warnings by color on a
	// terminal. Both are set before the first line.
	Verbose, Color bool

	mu    sync.Mutex
	w     io.Writer
	steps int
	bar   *progressbar.ProgressBar // nil where there is none, or no more
	width func() int               // of the terminal, in columns; nil where there is none
}

// NewConsole writes to w, with a bar of all steps if w is a terminal.
func NewConsole(w io.Writer, steps int) *Console {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return &Console{w: w, steps: steps}
	}
	return newTerminal(f, steps, func() int {
		width, _, err := term.GetSize(int(f.Fd()))
		if err != nil || width < 1 {
			return 80
		}
		return width
	})
}

// newTerminal writes to a terminal.
func newTerminal(w io.Writer, steps int, width func() int) *Console {
	return &Console{w: w, steps: steps, width: width, bar: progressbar.NewOptions(steps,
		progressbar.OptionSetWriter(w),
		progressbar.OptionSetDescription("training"),
		progressbar.OptionShowCount(),
		progressbar.OptionSetElapsedTime(false), // the description has the time
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionFullWidth(),
		progressbar.OptionThrottle(100*time.Millisecond),
		progressbar.OptionClearOnFinish(),
	)}
}

// Step moves the bar. Left is how long the rest takes; 0 says that it is not known.
func (c *Console) Step(step int, left time.Duration) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bar == nil {
		return
	}
	if left > 0 {
		c.bar.Describe(duration.Words(left) + " left")
	}
	_ = c.bar.Set(step) // a bar that cannot be drawn is no reason to stop
}

// Printf writes one line above the bar.
func (c *Console) Printf(format string, args ...any) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.bar != nil {
		_ = c.bar.Clear()
	}
	fmt.Fprintf(c.w, format+"\n", args...)
	if c.bar != nil {
		_ = c.bar.RenderBlank()
	}
}

// Verbosef is Printf for what few need to know.
func (c *Console) Verbosef(format string, args ...any) {
	if c != nil && c.Verbose {
		c.Printf(format, args...)
	}
}

// Finding writes a finding, in color where that is wanted.
func (c *Console) Finding(f Finding) {
	if c != nil && c.Color && c.width != nil {
		c.Printf("\x1b[33m%s\x1b[0m: %s", f.Name, f.Text)
		return
	}
	c.Printf("%v", f)
}

// Metrics writes the line of a step: on a terminal as much of it as fits into its
// width, with the time now and the time left; elsewhere always the same fields, which
// programs may read.
func (c *Console) Metrics(m Metrics, left time.Duration) {
	switch {
	case c == nil:
	case c.width == nil:
		c.Printf("%v", m)
	default:
		c.Printf("%s", m.short(c.width()-1, c.steps, left, time.Now()))
	}
}

// short is as many fields of a line as fit into a width, those most asked for first.
func (m Metrics) short(width, steps int, left time.Duration, now time.Time) string {
	fields := []string{now.Format("15:04:05"), fmt.Sprintf("step %d/%d", m.Step, steps)}
	if left > 0 {
		fields = append(fields, duration.Words(left)+" left")
	}
	fields = append(fields, fmt.Sprintf("loss %.3f", m.Loss), fmt.Sprintf("%.0f pairs/s", m.PairsPerSecond),
		fmt.Sprintf("%s %.3f", m.LnNName(), m.LnN), fmt.Sprintf("lr %.2e", m.LearningRate),
		fmt.Sprintf("grad norm %.2f", m.GradNorm), fmt.Sprintf("logit scale %.1f", m.LogitScale),
		fmt.Sprintf("epoch %.2f", m.Epoch), fmt.Sprintf("cosine %.3f / %.3f", m.CosinePairs, m.CosineRest),
		fmt.Sprintf("waited %.2f s", m.WaitSeconds))
	line := fields[0]
	for _, f := range fields[1:] {
		if len(line)+2+len(f) > width {
			break
		}
		line += "  " + f
	}
	return strings.TrimRight(line, " ")
}

// Stop takes the bar away for good, and writes a line in its place. What a terminal
// has put there, such as ^C, goes with it.
func (c *Console) Stop(format string, args ...any) {
	if c == nil {
		return
	}
	c.mu.Lock()
	if c.bar != nil {
		_ = c.bar.Clear()
		c.bar = nil
	}
	c.mu.Unlock()
	c.Printf(format, args...)
}
