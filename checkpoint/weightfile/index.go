package weightfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goclip/goclip/checkpoint/weights"
)

const (
	indexSuffix = ".index.json"
	maxIndex    = 16 << 20
)

// set is the files of an index as one.
type set struct {
	files   map[string]*Weights // by name in the index
	where   map[string]string   // file of each tensor
	tensors []weights.Tensor
}

// openIndex opens the files of an index, as transformers writes it:
// {"metadata": ..., "weight_map": {tensor: file}}. Each file must have the
// tensors that the index says, and no others.
func openIndex(path string) (*Weights, error) {
	text, err := read(path, maxIndex+1)
	if err == nil && len(text) > maxIndex {
		err = fmt.Errorf("%s: is longer than %d bytes; want an index of tensors", path, maxIndex)
	}
	if err != nil {
		return nil, fmt.Errorf("weightfile: %w", err)
	}
	s := &set{files: map[string]*Weights{}}
	if s.where, err = parseIndex(text); err != nil {
		return nil, fmt.Errorf("weightfile: %s: %w", path, err)
	}
	w := &Weights{File: s}
	if err := s.open(filepath.Dir(path), w); err != nil {
		_ = s.Close() // the error that matters is the first
		return nil, fmt.Errorf("weightfile: %s: %w", path, err)
	}
	return w, nil
}

// parseIndex reads the map of tensors to files, none of which may lie outside
// the index's folder.
func parseIndex(text string) (map[string]string, error) {
	where := map[string]string{}
	err := weights.Object(text, func(name string, d *json.Decoder) error {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil || name != "weight_map" {
			return err // metadata has sizes, which the files say themselves
		}
		return weights.Object(string(raw), func(tensor string, d *json.Decoder) error {
			var file string
			if err := d.Decode(&file); err != nil {
				return err
			}
			if !filepath.IsLocal(filepath.FromSlash(file)) || strings.HasSuffix(file, indexSuffix) {
				return fmt.Errorf("names %.200q; want a file with weights in the folder of the index", file)
			}
			where[tensor] = filepath.Clean(filepath.FromSlash(file))
			return nil
		})
	})
	if err == nil && len(where) == 0 {
		err = errors.New("has no weight_map; want names of tensors and files")
	}
	return where, err
}

// open opens the files and compares their tensors with the index's.
func (s *set) open(folder string, w *Weights) error {
	for _, name := range slices.Compact(slices.Sorted(maps.Values(s.where))) {
		f, err := openFile(filepath.Join(folder, name))
		if err != nil {
			return err
		}
		s.files[name] = f
		if w.Format == "" {
			w.Format = f.Format
		}
		if f.Format != w.Format || len(f.Others) > 0 {
			return fmt.Errorf("%s is %s and has %q beside its tensors; want %s with tensors only", name, f.Format, f.Others, w.Format)
		}
		w.Files = append(w.Files, f.Files[0])
		for _, t := range f.Tensors() {
			if s.where[t.Name] != name {
				return fmt.Errorf("%s has tensor %.200q, which the index has in %q; want only what it names", name, t.Name, s.where[t.Name])
			}
			s.tensors = append(s.tensors, t)
		}
	}
	slices.SortFunc(s.tensors, func(a, b weights.Tensor) int { return strings.Compare(a.Name, b.Name) })
	if len(s.tensors) == len(s.where) {
		return nil
	}
	for _, t := range s.tensors {
		delete(s.where, t.Name)
	}
	missing := slices.Sorted(maps.Keys(s.where))
	return fmt.Errorf("%s has no tensor %.200q, nor are %d others where the index names them", s.where[missing[0]], missing[0], len(missing)-1)
}

func (s *set) Tensors() []weights.Tensor { return s.tensors }

func (s *set) ReadFloat32s(name string, dst []float32) error {
	f, err := s.file(name)
	if err != nil {
		return err
	}
	return f.ReadFloat32s(name, dst)
}

func (s *set) ReadInt64s(name string, dst []int64) error {
	f, err := s.file(name)
	if err != nil {
		return err
	}
	return f.ReadInt64s(name, dst)
}

func (s *set) file(name string) (*Weights, error) {
	if f, ok := s.files[s.where[name]]; ok {
		return f, nil
	}
	return nil, fmt.Errorf("weightfile: tensor %q: %w", name, weights.ErrNotFound)
}

// Close closes all files.
func (s *set) Close() error {
	var errs []error
	for _, f := range s.files {
		errs = append(errs, f.Close())
	}
	return errors.Join(errs...)
}
