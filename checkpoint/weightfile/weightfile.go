// Package weightfile opens weights that other programs wrote: a safetensors file,
// a file of torch.save, or the index of either in several files.
package weightfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/goclip/goclip/checkpoint"
	"github.com/goclip/goclip/checkpoint/torchfile"
	"github.com/goclip/goclip/checkpoint/weights"
)

// A Format is the kind of a file, by its content.
type Format string

const (
	Safetensors Format = "safetensors"
	Torch       Format = "torch.save"
)

// Weights is a model's tensors and where they were found.
type Weights struct {
	weights.File
	Format Format
	Files  []string // paths; more than one for the files of an index

	// Others are the keys of a training checkpoint beside the model, such as
	// epoch and optimizer. Nothing of them was read.
	Others []string

	// Prefix is what stood in front of all names, such as "module.".
	Prefix string
}

// Open opens the weights at path: a file, whose content says what it is, or an
// index, whose name ends in .index.json. No tensor is read yet.
func Open(path string) (*Weights, error) {
	var w *Weights
	var err error
	if strings.HasSuffix(path, indexSuffix) {
		w, err = openIndex(path)
	} else {
		w, err = openFile(path)
	}
	if err != nil {
		return nil, err
	}
	w.File, w.Prefix = weights.StripWrappers(w.File)
	return w, nil
}

// openFile opens one file.
func openFile(path string) (*Weights, error) {
	head, err := read(path, 512)
	if err != nil {
		return nil, fmt.Errorf("weightfile: %w", err)
	}
	w := &Weights{Format: Safetensors, Files: []string{path}}
	switch {
	case torchfile.Looks(head):
		w.Format = Torch
		w.File, w.Others, err = openTorch(path)
	case strings.HasPrefix(head, "version https://git-lfs"):
		err = fmt.Errorf("weightfile: %s: is a pointer of Git LFS; want the file itself, as git lfs pull gets it", path)
	case len(head) < 9 || head[8] != '{':
		err = fmt.Errorf("weightfile: %s: have %d bytes that begin with %.16q; want safetensors or a file of torch.save",
			path, len(head), head)
	default:
		w.File, err = checkpoint.OpenTensors(path)
	}
	if err != nil {
		return nil, err
	}
	return w, nil
}

func openTorch(path string) (weights.File, []string, error) {
	f, err := torchfile.Open(path)
	if err != nil {
		return nil, nil, err
	}
	d, others, err := f.StateDict()
	if err != nil {
		_ = f.Close() // the error that matters is the first
		return nil, nil, fmt.Errorf("weightfile: %s: %w", path, err)
	}
	return d, others, nil
}

// read returns up to n bytes of a regular file, which it looks at first: to
// open a pipe would wait.
func read(path string, n int64) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errors.New(path + ": is no regular file; want one with weights")
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, n))
	return string(text), err
}
