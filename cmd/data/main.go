// Command data makes shards and looks into them. It is goclip data.
package main

import (
	"os"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/cmd/internal/datacmd"
)

func main() { os.Exit(cli.Run(datacmd.Command(), os.Args[1:], os.Stderr)) }
