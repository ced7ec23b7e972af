package weights

import (
	"fmt"
	"strings"
)

// Tracked is a File that knows which of its tensors were never asked for, so
// that a loader can refuse what it would ignore. It is for one goroutine.
type Tracked struct {
	file    File
	tensors map[string]Tensor
	asked   map[string]bool
}

// Track wraps a file of which nothing has been asked yet.
func Track(f File) *Tracked {
	t := &Tracked{file: f, tensors: map[string]Tensor{}, asked: map[string]bool{}}
	for _, tensor := range f.Tensors() {
		t.tensors[tensor.Name] = tensor
	}
	return t
}

// Tensors lists all tensors, sorted by name; that asks for none.
func (t *Tracked) Tensors() []Tensor { return t.file.Tensors() }

// Tensor looks one up; that does not count as asking for it.
func (t *Tracked) Tensor(name string) (Tensor, bool) {
	tensor, ok := t.tensors[name]
	return tensor, ok
}

// ReadFloat32s is File.ReadFloat32s.
func (t *Tracked) ReadFloat32s(name string, dst []float32) error {
	t.asked[name] = true
	return t.file.ReadFloat32s(name, dst)
}

// ReadInt64s is File.ReadInt64s.
func (t *Tracked) ReadInt64s(name string, dst []int64) error {
	t.asked[name] = true
	return t.file.ReadInt64s(name, dst)
}

// Skip says that a tensor is known and not needed.
func (t *Tracked) Skip(name string) { t.asked[name] = true }

// Unread lists the tensors that were neither read nor skipped, sorted by name.
func (t *Tracked) Unread() (unread []Tensor) {
	for _, tensor := range t.Tensors() {
		if !t.asked[tensor.Name] {
			unread = append(unread, tensor)
		}
	}
	return unread
}

// Close closes the file.
func (t *Tracked) Close() error { return t.file.Close() }

// wrappers are what training puts in front of all names: DistributedDataParallel
// and torch.compile.
var wrappers = []string{"module.", "_orig_mod."}

// StripWrappers returns the file with its names as the model has them, and the
// prefix that they lost, such as "module.", or "" if there is none. Only what
// stands in front of every name is a wrapper.
func StripWrappers(f File) (File, string) {
	tensors := f.Tensors()
	if len(tensors) == 0 {
		return f, ""
	}
	// Sorted names share what the first and the last one share.
	first, last, prefix := tensors[0].Name, tensors[len(tensors)-1].Name, ""
	for i := 0; i < len(wrappers); i++ {
		longer := prefix + wrappers[i]
		if strings.HasPrefix(first, longer) && len(first) > len(longer) && strings.HasPrefix(last, longer) {
			prefix, i = longer, -1 // and once more from the first wrapper on
		}
	}
	if prefix == "" {
		return f, ""
	}
	s := &stripped{file: f, prefix: prefix}
	for _, tensor := range tensors {
		tensor.Name = tensor.Name[len(prefix):]
		s.tensors = append(s.tensors, tensor)
	}
	return s, prefix
}

// stripped is a file whose names all lost a prefix, which keeps their order.
type stripped struct {
	file    File
	prefix  string
	tensors []Tensor
}

func (s *stripped) Tensors() []Tensor { return s.tensors }

func (s *stripped) ReadFloat32s(name string, dst []float32) error {
	return s.file.ReadFloat32s(s.prefix+name, dst)
}

func (s *stripped) ReadInt64s(name string, dst []int64) error {
	return s.file.ReadInt64s(s.prefix+name, dst)
}

func (s *stripped) Close() error { return s.file.Close() }

// CheckLength is what every File says of a dst that does not fit.
func (t Tensor) CheckLength(n int) error {
	if n != t.Elements() {
		return fmt.Errorf("shape %v has %d elements; want %d", t.Shape, t.Elements(), n)
	}
	return nil
}
