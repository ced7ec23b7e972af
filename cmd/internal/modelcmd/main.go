// Package modelcmd is the command model: it looks into models, writes them in the forms
// of other programs, and blends them.
package modelcmd

import "github.com/spf13/cobra"

// Command is model with its subcommands.
func Command() *cobra.Command {
	root := &cobra.Command{Use: "model", Short: "Look into models, whoever made them, and give them to other programs"}
	root.AddCommand(inspectCommand(), exportCommand(), blendCommand())
	return root
}
