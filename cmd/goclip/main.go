// Command goclip trains, measures and uses CLIP models, and makes the shards
// that they learn from.
package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/cmd/internal/datacmd"
	"github.com/goclip/goclip/cmd/internal/evalcmd"
	"github.com/goclip/goclip/cmd/internal/traincmd"
)

func main() {
	root := &cobra.Command{Use: "goclip", Short: "Contrastive language-image pre-training (CLIP)"}
	root.AddCommand(traincmd.Command(), evalcmd.Command(), datacmd.Command())
	os.Exit(cli.Run(root, os.Args[1:], os.Stderr))
}
