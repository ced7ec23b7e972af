// Command goclip trains, measures and uses CLIP models, and makes the shards
// that they learn from.
package main

import (
	"os"

	"github.com/goclip/goclip/cmd"
)

func main() { os.Exit(cmd.Main("goclip", os.Args[1:])) }
