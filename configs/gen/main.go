// Command gen writes what readers see of the keys of a run, from the doc
// comments of the Config structs: the table reference_gen.go of package configs,
// and the page docs/configuration.md.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	root := ".." // go generate runs in the folder of package configs
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	files, err := generate(root)
	for path, text := range files {
		if err == nil {
			err = os.WriteFile(filepath.Join(root, path), text, 0o666)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// generate returns the files by their paths from the root of the module.
func generate(root string) (map[string][]byte, error) {
	found, err := readDocs(root)
	if err != nil {
		return nil, err
	}
	table, err := table(found)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{"configs/reference_gen.go": table, "docs/configuration.md": page(found)}, nil
}
