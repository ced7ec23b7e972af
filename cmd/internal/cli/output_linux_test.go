package cli

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestFullOutput: what cannot be printed makes the exit code 1, whoever prints it.
func TestFullOutput(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	for _, args := range [][]string{nil, {"--help"}} {
		c := &cobra.Command{Use: "x", RunE: func(c *cobra.Command, _ []string) error {
			fmt.Fprintln(c.OutOrStdout(), "text")
			return nil
		}}
		c.SetOut(full)
		var errs strings.Builder
		if code := Run(c, args, &errs); code != 1 || !strings.Contains(errs.String(), "standard output: write /dev/full") {
			t.Errorf("%v: exit code %d, %q; want 1, and why", args, code, errs.String())
		}
	}
}
