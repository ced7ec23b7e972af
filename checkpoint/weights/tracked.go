package weights

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
