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
// below them. It may be used by several goroutines.
type Console struct {
	mu  sync.Mutex
	w   io.Writer
	bar *progressbar.ProgressBar
}

// NewConsole writes to f, with a bar of all steps if f is a terminal.
func NewConsole(f *os.File, steps int) *Console {
	c := &Console{w: f}
	if term.IsTerminal(int(f.Fd())) {
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
	if c.bar == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.bar.Set(step) // a bar that cannot be drawn is no reason to stop
}

// Printf writes one line above the bar.
func (c *Console) Printf(format string, args ...any) {
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
