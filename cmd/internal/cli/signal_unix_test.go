//go:build unix

package cli

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	ossignal "os/signal"
	"path/filepath"
	"strings"
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
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		if ossignal.Ignored(signal) {
			t.Logf("%v is ignored here, and not tested", signal)
			continue
		}
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

// TestUnread: a reader of the output that goes away, as in goclip train | head -1,
// ends the context, and not the process, which has something to save.
func TestUnread(t *testing.T) {
	if path := os.Getenv("CLI_TEST_UNREAD"); path != "" {
		os.Exit(Run(&cobra.Command{RunE: func(c *cobra.Command, _ []string) error {
			for c.Context().Err() == nil {
				fmt.Fprintln(c.OutOrStdout(), "step")
			}
			fmt.Fprintln(c.OutOrStdout(), "saving")
			if err := os.WriteFile(path, nil, 0o666); err != nil {
				return err
			}
			return c.Context().Err()
		}}, nil, os.Stderr))
	}
	path := filepath.Join(t.TempDir(), "saved")
	c := exec.Command(os.Args[0], "-test.run=^TestUnread$")
	var errs strings.Builder
	c.Env, c.Stderr = append(os.Environ(), "CLI_TEST_UNREAD="+path), &errs
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	bufio.NewScanner(out).Scan()
	out.Close()
	err = c.Wait()
	if _, missing := os.Stat(path); missing != nil || c.ProcessState.ExitCode() != 141 || errs.String() != "" {
		t.Errorf("%v, %v, %q; want what is saved, exit code 141, and no word", err, missing, errs.String())
	}
}

// TestSignalsIgnored: where SIGHUP is ignored already, as under nohup, it stays so.
func TestSignalsIgnored(t *testing.T) {
	c := exec.Command("sh", "-c", `trap "" HUP; exec "$0" -test.run='^TestSignals$'`, os.Args[0])
	c.Env = append(os.Environ(), "CLI_TEST_SIGNALS=1")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 2)
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			said <- lines.Text()
		}
	}()
	<-said // begun
	if err := c.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	select {
	case line := <-said:
		t.Errorf("SIGHUP that is ignored: the process says %q, want nothing", line)
	case <-time.After(300 * time.Millisecond):
	}
	if err := c.Process.Kill(); err != nil {
		t.Error(err)
	}
	c.Wait() // its error is the kill
}
