package datacmd

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/data"
)

func inspectCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect SHARDS...",
		Short: "Print how each shard is understood, and what is wrong with it",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			w := c.OutOrStdout()
			patterns, err := cli.Patterns(args)
			if err != nil {
				return err
			}
			shards, problems, rows := 0, 0, int64(0)
			for s, err := range data.Inspect(c.Context(), patterns, data.Config{}) {
				if err != nil {
					return err
				}
				printShard(w, s)
				shards, rows = shards+1, rows+s.Rows
				if s.Problem != nil {
					problems++
				}
			}
			fmt.Fprintf(w, "%d shards, %d rows, %d with a problem\n", shards, rows, problems)
			if problems > 0 {
				return fmt.Errorf("data: shards with a problem: %d", problems)
			}
			return nil
		},
	}
}

// printShard prints what is known of a shard.
func printShard(w io.Writer, s data.ShardInfo) {
	fmt.Fprintln(w, s.Name)
	if s.Layout != "" {
		fmt.Fprintf(w, "  %s\n", s.Layout)
	}
	if n := len(s.Classes); n > 0 {
		const most = 10
		more := ""
		if n > most {
			more = ", ..."
		}
		fmt.Fprintf(w, "  labels of %d classes: %s%s\n", n, strings.Join(s.Classes[:min(n, most)], ", "), more)
	}
	if s.NoLabels != nil {
		fmt.Fprintf(w, "  labels not read: %v\n", s.NoLabels)
	}
	if s.Bytes > 0 {
		fmt.Fprintf(w, "  %d rows in %d row groups, %d bytes, images %s\n", s.Rows, s.Groups, s.Bytes, s.Codec)
	}
	if e := s.Example; e != nil {
		size := "an image that no decoder knows"
		if e.Format != "" {
			size = fmt.Sprintf("%s of %d x %d", e.Format, e.W, e.H)
		}
		fmt.Fprintf(w, "  row %d: %s, %d bytes, label %d, %q\n", e.Row, size, e.Bytes, e.Label, e.Captions)
	}
	if s.Problem != nil {
		fmt.Fprintf(w, "  problem: %v\n", s.Problem)
	}
}
