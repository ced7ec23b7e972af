// Package cmd is the program goclip as a function, for a main that adds to it.
package cmd

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/cmd/internal/datacmd"
	"github.com/goclip/goclip/cmd/internal/evalcmd"
	"github.com/goclip/goclip/cmd/internal/modelcmd"
	"github.com/goclip/goclip/cmd/internal/traincmd"
)

// Main runs the program of a name, such as goclip, with arguments and returns its
// exit code: 0 done, 1 an error, 2 wrong usage.
func Main(name string, args []string) int {
	root := &cobra.Command{
		Use:     name,
		Short:   "Contrastive language-image pre-training (CLIP)",
		Version: version(),
	}
	root.SetVersionTemplate("{{.Version}}")
	root.AddCommand(traincmd.Command(), evalcmd.Command(), datacmd.Command(), modelcmd.Command(), versionCommand())
	return cli.Run(root, args, os.Stderr)
}
