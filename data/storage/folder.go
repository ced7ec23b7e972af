package storage

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Home is a path whose ~/ is written out.
func Home(path string) (string, error) {
	rest, ok := strings.CutPrefix(path, "~")
	if !ok || rest != "" && rest[0] != '/' && rest[0] != filepath.Separator {
		return path, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return filepath.Join(home, rest), nil
}

// shardsOf lists the Parquet files of a folder; ok is false of what is none.
func shardsOf(path string) (shards []string, ok bool, err error) {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return nil, false, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, true, err
	}
	for _, e := range entries { // in the order of their names
		if !e.IsDir() && strings.HasSuffix(e.Name(), ".parquet") && !strings.HasPrefix(e.Name(), ".") {
			shards = append(shards, filepath.Join(path, e.Name()))
		}
	}
	if len(shards) == 0 {
		return nil, true, fmt.Errorf("folder %s: no file of it is .parquet, the folders below it apart; want shards", path)
	}
	return shards, true, nil
}
