package weights

import "strings"

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
