package traincmd

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/goclip/goclip/configs"
)

// configCommand is train config, which explains the keys of a run.
func configCommand() *cobra.Command {
	var sets []string
	c := &cobra.Command{
		Use:   "config [RECIPE]",
		Short: "Print every key of a recipe with its meaning, as YAML that runs",
		Long: `Print every key that a run may set, with its meaning, unit, type and default, as
YAML that runs: the defaults, or the values of a recipe. RECIPE is a file or the
name of one that comes with the program.`,
		Example: `  train config | less                                      # all keys
  train config cifar10 --set optim.learning_rate=5e-4      # a recipe with a change
  train config vit-b-32 > my.yaml                          # a recipe to begin from`,
		Args:      cobra.MaximumNArgs(1),
		ValidArgs: configs.Recipes(),
		RunE: func(c *cobra.Command, args []string) error {
			recipe := ""
			if len(args) > 0 {
				recipe = args[0]
			}
			text, err := configs.Annotated(recipe, sets, os.Environ())
			if err != nil {
				return err
			}
			_, err = c.OutOrStdout().Write(text)
			return err
		},
	}
	c.Flags().StringArrayVar(&sets, "set", nil, "change a key: a.b=c; may be repeated")
	return c
}
