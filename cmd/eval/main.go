// Command eval measures and uses a trained model. It is goclip eval.
package main

import (
	"os"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/cmd/internal/evalcmd"
)

func main() { os.Exit(cli.Run(evalcmd.Command(), os.Args[1:], os.Stderr)) }
