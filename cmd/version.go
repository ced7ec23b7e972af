package cmd

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/internal/kernel"
)

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, Go's, and the kernels that this processor gets",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprint(c.OutOrStdout(), version())
			return err
		},
	}
}

// version describes this program in three lines.
func version() string {
	own := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		own = release(info)
	}
	return fmt.Sprintf("goclip %s\n%s %s/%s\nkernels %s\n",
		own, runtime.Version(), runtime.GOOS, runtime.GOARCH, kernel.Active())
}

// release is the version of the main module: the tag that was fetched or checked
// out, or a version made of the commit's time and hash, with +dirty if files were
// changed since. A build that has no version but knows its commit gives that.
func release(info *debug.BuildInfo) string {
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	var revision, dirty string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+dirty"
		}
	}
	if revision == "" {
		return "(devel)"
	}
	return "(devel) " + revision[:min(len(revision), 12)] + dirty
}
