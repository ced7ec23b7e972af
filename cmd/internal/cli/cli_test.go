package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestKernelLevel holds that no command runs at another level than the one that
// GOCLIP_KERNEL asks for.
func TestKernelLevel(t *testing.T) {
	for _, test := range []struct {
		level, want string
		code        int
	}{
		{"", "", 0},
		{"portable", "", 0},
		{"avx3", `GOCLIP_KERNEL: have "avx3"; want one of portable, avx2, avx512`, 1},
	} {
		t.Setenv("GOCLIP_KERNEL", test.level)
		var errs strings.Builder
		code := Run(&cobra.Command{RunE: func(*cobra.Command, []string) error { return nil }}, nil, &errs)
		if code != test.code || !strings.Contains(errs.String(), test.want) {
			t.Errorf("GOCLIP_KERNEL=%s: exit code %d, stderr %q; want %d, %q", test.level, code, errs.String(), test.code, test.want)
		}
	}
}

// TestList holds that what a shell makes of a pattern without quotes is one value.
func TestList(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"alone --data a b c --k 3", "a,b,c [] 3"},
		{"alone --data=a b --k 3", "a,b [] 3"},
		{"alone --k 3 --data a.parquet", "a.parquet [] 3"},
		{"alone --data s3://b/{a,b}.parquet", "s3://b/{a,b}.parquet [] 0"},
		{"alone --data a --val b c --k 1", "a|b,c [] 1"},
		{"alone --data a,1 b", `error: "a,1": a file name with a comma; want a pattern that finds it in quotes, with ? for the comma`},
		{"alone x --data a", `error: unknown command "x" for "root alone"; did you mean --data x?; want: root alone [flags]`},
		{"alone --data", "error: flag needs an argument: --data"},
		{"named r1 r2 --data a.parquet b.parquet", "a.parquet,b.parquet [r1 r2] 0"},
		{"named --data a.parquet b.parquet r1 r2", "a.parquet,b.parquet [r1 r2] 0"},
		{"named --data a -- r1 b.parquet", "a [r1 b.parquet] 0"},
	} {
		var out, errs strings.Builder
		root := &cobra.Command{Use: "root"}
		for use, args := range map[string]cobra.PositionalArgs{"alone": cobra.NoArgs, "named": cobra.ExactArgs(2)} {
			var data, val string
			var k int
			c := &cobra.Command{Use: use, Args: args, RunE: func(_ *cobra.Command, args []string) error {
				if val != "" {
					data += "|" + val
				}
				fmt.Fprint(&out, data, " ", args, " ", k)
				return nil
			}}
			c.Flags().StringVar(&data, "data", "", "")
			c.Flags().StringVar(&val, "val", "", "")
			c.Flags().IntVar(&k, "k", 0, "")
			List(c, "data", "val")
			root.AddCommand(c)
		}
		if Run(root, strings.Fields(test.args), &errs) != 0 {
			out.WriteString("error: " + strings.TrimSpace(errs.String()))
		}
		if out.String() != test.want {
			t.Errorf("%s: %s; want %s", test.args, out.String(), test.want)
		}
	}
}
