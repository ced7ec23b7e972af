package train

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"
)

var aLine = Metrics{Step: 1200, Epoch: 0.31, Loss: 3.2141, LnN: 5.545, LogitScale: 14.29, LearningRate: 1.5e-3,
	GradNorm: 1.25, CosinePairs: 0.31, CosineRest: 0.02, PairsPerSecond: 812.4, WaitSeconds: 0.25}

// TestStepLine: on a terminal of any width a line of a step is one row, with the time, the
// time left and the loss at 60 columns; elsewhere it has all fields, as programs read them.
func TestStepLine(t *testing.T) {
	at := time.Date(2026, 1, 2, 17, 30, 5, 0, time.UTC)
	for width, want := range map[int]string{
		20:  "17:30:05",
		60:  "17:30:05  step 1200/5000  12 min left  loss 3.214",
		80:  "17:30:05  step 1200/5000  12 min left  loss 3.214  812 pairs/s  ln N 5.545",
		110: "17:30:05  step 1200/5000  12 min left  loss 3.214  812 pairs/s  ln N 5.545  lr 1.50e-03  grad norm 1.25",
	} {
		if have := aLine.short(width-1, 5000, 12*time.Minute, at); have != want || len(have) >= width {
			t.Errorf("%d columns: %q, %d long; want %q", width, have, len(have), want)
		}
	}
	long := aLine
	long.Step = 1_200_000
	if have := long.short(59, 1_300_000, 49*24*time.Hour, at); !strings.HasSuffix(have, "49 days left  loss 3.214") {
		t.Errorf("60 columns of a long run: %q; want the loss in it", have)
	}
	var piped bytes.Buffer
	c := NewConsole(&piped, 5000)
	c.Color = true
	c.Step(1200, time.Minute)
	c.Metrics(aLine, 12*time.Minute)
	c.Finding(Finding{"collapse", "all alike"})
	const want = "step 1200  epoch 0.31  loss 3.214 (ln N 5.545)  logit scale 14.29  lr 1.50e-03  grad norm 1.25  " +
		"cosine 0.310 / 0.020  812 pairs/s  waited 0.25 s\ncollapse: all alike\n"
	if piped.String() != want {
		t.Errorf("into a pipe:\n%q; want\n%q", piped.String(), want)
	}
}

// TestVerbose: what few need to know is shown where it is asked for.
func TestVerbose(t *testing.T) {
	for _, verbose := range []bool{false, true} {
		var b bytes.Buffer
		c := NewConsole(&b, 1)
		c.Verbose = verbose
		c.Verbosef("shuffle quality %d", 1)
		if (b.Len() > 0) != verbose {
			t.Errorf("verbose %t: %q", verbose, b.String())
		}
	}
}

// TestStop: after a signal the bar is gone, its row is clear, and no step draws it again.
func TestStop(t *testing.T) {
	var b bytes.Buffer
	c := newTerminal(&b, 10, func() int { return 60 })
	c.Step(1, 0)
	c.Step(2, 90*time.Second)
	if !strings.Contains(b.String(), "2/10") || !strings.Contains(b.String(), "90 s left") {
		time.Sleep(110 * time.Millisecond) // the bar is drawn ten times a second
		c.Step(3, 90*time.Second)
	}
	if !strings.Contains(b.String(), "90 s left") {
		t.Errorf("a bar: %q; want the time left", b.String())
	}
	before := b.Len()
	c.Stop("saving")
	c.Step(5, time.Minute)
	c.Printf("saved")
	if tail := b.String()[before:]; !regexp.MustCompile(`^(\r|\x1b\[2K| )*saving\nsaved\n$`).MatchString(tail) {
		t.Errorf("after Stop: %q; want a clear row, then two lines", tail)
	}
}

// TestColor: a terminal marks a finding by color only where that is wanted.
func TestColor(t *testing.T) {
	for _, color := range []bool{false, true} {
		var b bytes.Buffer
		c := newTerminal(&b, 10, func() int { return 60 })
		c.Color = color
		c.Finding(Finding{"collapse", "all alike"})
		if strings.Contains(b.String(), "\x1b[33m") != color || !strings.Contains(b.String(), ": all alike\n") {
			t.Errorf("color %t: %q", color, b.String())
		}
	}
}
