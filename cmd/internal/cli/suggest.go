package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/goclip/goclip/internal/nearest"
)

// flagError names the flag that is probably meant by one that does not exist.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return Usagef("%w", err)
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	name := unknown.GetSpecifiedName()
	if meant := meantFlag(name, names); meant != "" {
		return Usagef("%w; did you mean --%s?", err, meant)
	}
	if strings.Contains(name, ".") && c.Flags().Lookup("set") != nil {
		return Usagef("%w; a key of the recipe is changed by --set %s=VALUE", err, name)
	}
	return Usagef("%w; %s --help lists them all", err, c.CommandPath())
}

// meantFlag is the nearest name, or the one that begins or ends as this one does.
func meantFlag(name string, names []string) string {
	if meant := nearest.Of(name, names); meant != "" {
		return meant
	}
	for _, n := range names {
		if len(name) > 2 && (strings.HasPrefix(n, name) || strings.HasSuffix(n, "-"+name)) {
			return n
		}
	}
	return ""
}

// argument is what to say of an argument that c does not take: the command or the
// flag that is probably meant.
func argument(c *cobra.Command, arg string) string {
	var names []string
	for _, sub := range c.Commands() {
		names = append(names, sub.Name())
	}
	if meant := nearest.Of(arg, names); meant != "" {
		return fmt.Sprintf("; did you mean %s %s?", c.CommandPath(), meant)
	}
	flags := []string{"config", "checkpoint", "data"}
	if info, err := os.Stat(arg); strings.Contains(arg, ".parquet") || err == nil && info.IsDir() {
		slices.Reverse(flags)
	}
	for _, flag := range flags {
		if c.Flags().Lookup(flag) != nil {
			return fmt.Sprintf("; did you mean --%s %s?", flag, Quote(arg))
		}
	}
	return ""
}
