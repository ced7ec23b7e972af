package pack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestResume holds that shards are the same bytes with any number of workers,
// and after a Run that was stopped anywhere.
func TestResume(t *testing.T) {
	dir := t.TempDir()
	for i := range 200 {
		write(t, filepath.Join(dir, "in", fmt.Sprint("class ", i%3), fmt.Sprintf("%03d.png", i)), picture(t, i, 40, 30+i%5))
	}
	c := Config{Source: filepath.Join(dir, "in"), ShardRows: 70, ShortSide: 10, Workers: 1}
	whole := filepath.Join(dir, "whole")
	_, err := Run(t.Context(), whole, c)
	must(t, err)
	for stop := range int64(4) {
		c.Workers = 3
		part := filepath.Join(dir, fmt.Sprint("part", stop))
		ctx, cancel := context.WithCancel(t.Context())
		c.Progress = func(done, all int64) {
			if done >= 60*stop {
				cancel()
			}
		}
		if _, err := Run(ctx, part, c); !errors.Is(err, context.Canceled) && done(part) < 3 {
			t.Errorf("stopped after %d rows: %v; want that it was canceled", 60*stop, err)
		}
		before := done(part)
		if before > 0 { // what a killed Run leaves
			write(t, filepath.Join(part, ".train-00002-of-00003.parquet.0123abcd"), []byte("PAR1"))
		}
		c.Progress = nil
		r, err := Run(t.Context(), part, c)
		if err != nil || r.Kept != before || r.Shards != 3 {
			t.Errorf("going on with %d shards: %+v, %v; want them kept", before, r, err)
		}
		files, err := os.ReadDir(whole)
		must(t, err)
		for _, f := range files {
			a, err := os.ReadFile(filepath.Join(whole, f.Name()))
			must(t, err)
			if b, err := os.ReadFile(filepath.Join(part, f.Name())); err != nil || !bytes.Equal(a, b) {
				t.Errorf("stopped after %d rows: %s differs, %v", 60*stop, f.Name(), err)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(part, ".*")); len(left) > 0 {
			t.Errorf("left over: %v", left)
		}
	}
	c.ShortSide = 12
	if _, err := Run(t.Context(), whole, c); err == nil || !strings.Contains(err.Error(), "holds the split train of") {
		t.Errorf("another size into the same folder: %v", err)
	}
	for _, r := range readShards(t, whole) {
		m, format, err := image.DecodeConfig(bytes.NewReader(r.Image.Bytes))
		if err != nil || format != "jpeg" || m.Height != 10 || m.Width < 11 || m.Width > 13 {
			t.Fatalf("%s of %d x %d, %v; want a JPEG of height 10", format, m.Width, m.Height, err)
		}
	}
}

func done(folder string) int {
	paths, _ := filepath.Glob(filepath.Join(folder, "*.parquet"))
	return len(paths)
}
