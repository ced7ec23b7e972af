package train

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A Console shows a run to people: lines everywhere, and on a terminal a bar
// below them. Several goroutines may use it. A nil Console shows nothing.
type Console struct {
	mu  sync.Mutex
	w   io.Writer
	bar *progressbar.ProgressBar
}

// NewConsole writes to w, with a bar of all steps if w is a terminal.
func NewConsole(w io.Writer, steps int) *Console {
	c := &Console{w: w}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		c.bar = progressbar.NewOptions(steps,
			progressbar.OptionSetWriter(f),
			progressbar.OptionSetDescription("training"),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionFullWidth(),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish(),
		)
	}
	return c
}

// Step moves the bar.
func (c *Console) Step(step int) {
	if c == nil || c.bar == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
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
