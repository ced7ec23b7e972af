// Package torchfile reads the tensors of files that torch.save wrote, and runs
// none of the code that such a file may name. It knows the zip format of
// PyTorch since 1.6; the two formats before it, and TorchScript archives, are
// refused with what to do instead.
//
// Such a file is a pickle of dicts, lists and numbers, in which each tensor is
// a view of a storage, and the storages, as raw bytes.
package torchfile

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// A File is an open file of torch.save.
type File struct {
	dicts  map[string]*Dict
	values []string // what the outermost dict holds beside tensors, sorted
	close  func() error
}

// Open opens the file at path and interprets its pickle; no tensor is read.
func Open(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("torchfile: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("is no regular file; want a file of torch.save")
	}
	var t *File
	if err == nil {
		t, err = New(f, info.Size())
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("torchfile: %s: %w", path, err)
	}
	t.close = f.Close
	return t, nil
}

// New does what Open does with a file of the given size.
func New(r io.ReaderAt, size int64) (*File, error) {
	a, err := openArchive(r, size)
	if err != nil {
		return nil, err
	}
	m := &machine{text: a.pickle, storage: a.storage}
	top, err := m.run()
	if err != nil {
		return nil, fmt.Errorf("data.pkl: byte %d: %w", m.at, err)
	}
	outer, ok := top.(*dict)
	if !ok {
		return nil, fmt.Errorf("holds %s; want a dict of tensors", kind(top))
	}
	f := &File{close: func() error { return nil }}
	w := newWalk(r, f, len(a.pickle))
	if f.dicts, err = w.dicts(outer); err != nil {
		return nil, fmt.Errorf("data.pkl: %w", err)
	}
	for _, key := range slices.Sorted(maps.Keys(outer.items)) {
		if _, ok := outer.items[key].(*tensor); !ok {
			f.values = append(f.values, key)
		}
	}
	return f, nil
}

// Dicts lists the dicts that hold tensors by their paths, sorted: "" is the
// outermost, "optimizer/state/0" the dict under the keys optimizer, state and 0. A
// list or tuple counts as a dict of its indices.
func (f *File) Dicts() []string { return slices.Sorted(maps.Keys(f.dicts)) }

// Dict returns the tensors that the dict of a path holds itself.
func (f *File) Dict(path string) (*Dict, error) {
	if d, ok := f.dicts[path]; ok {
		return d, nil
	}
	return nil, fmt.Errorf("torchfile: no dict %q with tensors; have %s", path, list(f.Dicts()))
}

// stateDicts are the keys under which training checkpoints keep the model:
// open_clip and Lightning, timm, PyTorch's tutorials.
var stateDicts = []string{"state_dict", "model", "model_state_dict"}

// StateDict returns the model's tensors: the outermost dict, or the dict in it
// that has a usual name. Others are the keys beside it, such as epoch
// and optimizer, which the caller ignores or refuses.
func (f *File) StateDict() (d *Dict, others []string, err error) {
	if d, ok := f.dicts[""]; ok {
		return d, f.values, nil
	}
	for _, key := range stateDicts {
		switch found, ok := f.dicts[key]; {
		case ok && d != nil:
			return nil, nil, fmt.Errorf("torchfile: have %q and %q; want one dict with the model's tensors",
				d.path, key)
		case ok:
			d = found
		}
	}
	if d == nil {
		return nil, nil, fmt.Errorf("torchfile: no dict with the model's tensors: have %s; want one of %s",
			list(f.Dicts()), list(stateDicts))
	}
	others = slices.DeleteFunc(slices.Clone(f.values), func(key string) bool { return key == d.path })
	return d, others, nil
}

// list shows the first of some names.
func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	const most = 8
	short := make([]string, 0, most)
	for _, name := range names[:min(len(names), most)] {
		short = append(short, fmt.Sprintf("%.60q", name))
	}
	text := strings.Join(short, ", ")
	if len(names) > most {
		text += fmt.Sprintf(" and %d more", len(names)-most)
	}
	return text
}

// Close closes the file.
func (f *File) Close() error { return f.close() }
