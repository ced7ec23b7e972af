// Package modelcmd is the command model: it looks into models.
package modelcmd

import "github.com/spf13/cobra"

// Command is model with its subcommands.
func Command() *cobra.Command {
	root := &cobra.Command{Use: "model", Short: "Look into models, whoever made them"}
	root.AddCommand(inspectCommand())
	return root
}
