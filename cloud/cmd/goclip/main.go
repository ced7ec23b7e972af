// Command goclip is cmd/goclip with the clients of object stores: the same
// commands, which read shards from s3://, gs:// and azblob:// as well.
package main

import (
	"os"

	"github.com/goclip/goclip/cloud"
	"github.com/goclip/goclip/cmd"
)

func main() {
	cloud.Register()
	os.Exit(cmd.Main("goclip-cloud", os.Args[1:]))
}
