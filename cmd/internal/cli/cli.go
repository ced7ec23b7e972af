// Package cli is what the commands share: how errors are reported, what the exit
// code is, and how a signal ends a command.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/internal/kernel"
)

// errUsage marks a wrong call.
var errUsage = errors.New("usage")

// Usagef is an error of a wrong call, which makes the exit code 2.
func Usagef(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errUsage, fmt.Errorf(format, args...))
}

// Run executes root with args and returns the exit code: 0 done, 1 an error,
// in one line on w, 2 wrong usage. SIGINT, SIGTERM and, unless it is
// ignored already as under nohup, SIGHUP end the context of the command; a second
// one ends the process at once. So does, but for the second, a reader of the output
// that has gone: a command that has nothing to save then ends without a word, with
// the 141 that a shell shows for SIGPIPE.
func Run(root *cobra.Command, args []string, w io.Writer) int {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	context.AfterFunc(ctx, stop)
	broken := make(chan os.Signal, 1) // makes SIGPIPE an error of Write, which is enough
	signal.Notify(broken, syscall.SIGPIPE)
	defer signal.Stop(broken)
	strict(root)
	root.SetErr(w)
	args, err := joinLists(root, args)
	root.SetArgs(args)
	if err == nil {
		err = kernel.CheckLevel()
	}
	out := &checkedOutput{w: root.OutOrStdout(), closed: cancel}
	if f, ok := out.w.(*os.File); !ok || !term.IsTerminal(int(f.Fd())) { // which commands want to know
		root.SetOut(out)
	}
	if err == nil {
		err = root.ExecuteContext(storage.WithLog(ctx, log.Printf))
	}
	if err == nil {
		err = out.failed()
	}
	if err == nil {
		return 0
	}
	if errors.Is(err, syscall.EPIPE) || out.unread() && errors.Is(err, context.Canceled) {
		return 128 + int(syscall.SIGPIPE)
	}
	text := strings.Join(strings.Fields(err.Error()), " ")
	if errors.Is(err, errUsage) || strings.HasPrefix(text, "unknown command") {
		fmt.Fprintln(w, strings.TrimPrefix(text, errUsage.Error()+": "))
		return 2
	}
	fmt.Fprintln(w, text)
	return 1
}

// A checkedOutput remembers the first error of writing, which few who print look at.
// It calls closed where nobody reads any more.
type checkedOutput struct {
	w      io.Writer
	closed func()
	mu     sync.Mutex
	err    error
	broken bool
}

func (o *checkedOutput) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case errors.Is(err, syscall.EPIPE): // who has read enough knows what is missing
		o.broken = true
		o.closed()
	case o.err == nil && err != nil:
		o.err = fmt.Errorf("standard output: %w", err)
	}
	return n, err
}

// unread says whether the reader has gone.
func (o *checkedOutput) unread() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.broken
}

func (o *checkedOutput) failed() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// tools are the commands that are programs of their own as well.
var tools = []string{"train", "eval", "data"}

// Tool is how a person who called c calls the command of a name: "goclip eval",
// "eval", or "go run ./cmd/eval" where go run built this program.
func Tool(c *cobra.Command, name string) string {
	built := ""
	if path, err := os.Executable(); err == nil && strings.Contains(filepath.ToSlash(path), "/go-build") {
		built = "go run ./cmd/"
	}
	if program := c.Root().Name(); !slices.Contains(tools, program) {
		return built + program + " " + name
	}
	return built + name
}

// Quote writes an argument of a command that is shown to a person.
func Quote(arg string) string {
	if arg != "" && !strings.ContainsAny(arg, " \t\"'`$&|;<>(){}*?[]!#~\\") {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// example is the start of a line of an example.
var example = regexp.MustCompile(`(?m)^  (train|eval|data) `)

// strict makes wrong flags and arguments of c and its subcommands wrong usage.
func strict(c *cobra.Command) {
	c.SilenceErrors, c.SilenceUsage = true, true
	if program := c.Root().Name(); !slices.Contains(tools, program) {
		c.Example = example.ReplaceAllString(c.Example, "  "+program+" $1 ")
	}
	c.SetFlagErrorFunc(flagError)
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				meant := ""
				if len(args) > 0 {
					meant = argument(c, args[0])
				}
				return Usagef("%w%s; want: %s", err, meant, c.UseLine())
			}
			return nil
		}
	}
	if c.RunE == nil {
		c.RunE = func(c *cobra.Command, args []string) error {
			if len(args) > 0 {
				return Usagef("unknown command %q for %q%s", args[0], c.CommandPath(), argument(c, args[0]))
			}
			return Usagef("%s wants a command; see --help", c.Name())
		}
	}
	for _, sub := range c.Commands() {
		strict(sub)
	}
}

// Required makes it wrong usage to call c without the flags.
func Required(c *cobra.Command, names ...string) {
	run := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		for _, name := range names {
			if !c.Flags().Changed(name) {
				return Usagef("--%s is missing", name)
			}
		}
		return run(c, args)
	}
}
