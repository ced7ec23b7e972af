package cli

import (
	"strings"

	"github.com/spf13/cobra"
)

// listFlag marks a flag whose value is a list.
const listFlag = "goclip_list"

// List makes flags of c take all arguments that follow them, up to the next flag, with
// commas between: a pattern without quotes, which the shell has written out, means what
// it means in quotes. Of a command that has arguments of its own, the value takes
// those that follow it and end in .parquet.
func List(c *cobra.Command, flags ...string) {
	for _, name := range flags {
		if err := c.Flags().SetAnnotation(name, listFlag, []string{"true"}); err != nil {
			panic(err) // c has no such flag
		}
	}
}

// Patterns joins arguments that are shards, or patterns of them. A comma would divide a
// name.
func Patterns(args []string) (string, error) {
	for _, a := range args {
		if len(args) > 1 && strings.Contains(a, ",") {
			return "", Usagef("%q: a file name with a comma; want a pattern that finds it in quotes, with ? for the comma", a)
		}
	}
	return strings.Join(args, ","), nil
}

// joinLists joins what follows the flags of List.
func joinLists(root *cobra.Command, args []string) ([]string, error) {
	c, _, err := root.Find(args)
	if err != nil || len(args) == 0 {
		return args, nil // which the command itself will say
	}
	own := ownArguments(c)
	var out []string
	for i := 0; i < len(args); i++ {
		out = append(out, args[i])
		name, value, set := strings.Cut(strings.TrimPrefix(args[i], "--"), "=")
		if args[i] == "--" {
			return append(out, args[i+1:]...), nil
		}
		f := c.Flags().Lookup(name)
		if !strings.HasPrefix(args[i], "--") || f == nil || f.Annotations[listFlag] == nil {
			continue
		}
		all := []string{value}
		if !set {
			if i++; i == len(args) {
				return out, nil
			}
			all[0] = args[i]
		}
		for i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") && (!own || strings.HasSuffix(args[i+1], ".parquet")) {
			i++
			all = append(all, args[i])
		}
		joined, err := Patterns(all)
		if err != nil {
			return nil, err
		}
		out[len(out)-1] = "--" + name + "=" + joined
	}
	return out, nil
}

// ownArguments says whether a command has arguments.
func ownArguments(c *cobra.Command) bool {
	for n := 1; n <= 4 && c.Args != nil; n++ {
		if c.Args(c, make([]string, n)) == nil {
			return true
		}
	}
	return false
}
