//go:build unix

package cli

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// TestSignals: the first signal ends the context of a command, and the second
// ends a process that takes its time, at once.
func TestSignals(t *testing.T) {
	if os.Getenv("CLI_TEST_SIGNALS") != "" {
		Run(&cobra.Command{RunE: func(c *cobra.Command, _ []string) error {
			fmt.Println("begun")
			<-c.Context().Done()
			time.Sleep(100 * time.Millisecond) // nobody is quicker to press it again
			fmt.Println("saving")
			time.Sleep(time.Minute)
			return nil
		}}, nil, os.Stderr)
		return
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		c := exec.Command(os.Args[0], "-test.run=^TestSignals$")
		c.Env = append(os.Environ(), "CLI_TEST_SIGNALS=1")
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		var start time.Time
		for _, want := range []string{"begun", "saving"} {
			if lines.Scan(); lines.Text() != want {
				t.Fatalf("the process says %q, want %q", lines.Text(), want)
			}
			start = time.Now()
			if err := c.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
		}
		err = c.Wait()
		status, ok := c.ProcessState.Sys().(syscall.WaitStatus)
		if took := time.Since(start); !ok || !status.Signaled() || status.Signal() != signal || took > 10*time.Second {
			t.Errorf("a second %v ends the process after %v by %v; want it killed at once", signal, took, err)
		}
	}
}
