// Command train trains CLIP on image-caption pairs in Parquet shards. It is
// goclip train.
package main

import (
	"os"

	"github.com/goclip/goclip/cmd/internal/cli"
	"github.com/goclip/goclip/cmd/internal/traincmd"
)

func main() { os.Exit(cli.Run(traincmd.Command(), os.Args[1:], os.Stderr)) }
