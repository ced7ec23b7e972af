package torchfile

import (
	"fmt"
	"strconv"

	"github.com/goclip/goclip/checkpoint/weights"
)

// append adds values at the end of the list on top of the stack.
func (m *machine) append(values []any) {
	l, ok := m.top().(*sequence)
	if !ok {
		m.fail("appends to %s; want a list", kind(m.top()))
		return
	}
	l.items = append(l.items, values...)
}

// set puts pairs of keys and values into the dict on top of the stack.
func (m *machine) set(values []any) {
	d, ok := m.top().(*dict)
	if !ok || len(values)%2 != 0 {
		m.fail("sets %d keys and values of %s; want pairs, and a dict", len(values), kind(m.top()))
		return
	}
	if d.items == nil {
		d.items = map[string]any{}
	}
	for i := 0; i < len(values); i += 2 {
		var key string
		switch k := values[i].(type) {
		case string:
			key = k
		case int64:
			key = strconv.FormatInt(k, 10)
		default:
			m.fail("a dict has %s as key; want strings and integers", kind(k))
		}
		if _, ok := d.items[key]; ok {
			m.fail("a dict has the key %.200q twice", key)
		}
		if len(key) > maxKey {
			m.fail("a key of %d bytes; want at most %d", len(key), maxKey)
		}
		d.items[key] = values[i+1]
	}
}

// build sets attributes: state dicts have _metadata, versions of their modules.
func (m *machine) build() {
	state := m.pop()
	d, ok1 := m.top().(*dict)
	attributes, ok2 := state.(*dict)
	if !ok1 || !d.ordered || !ok2 {
		m.fail("sets attributes of %s to %s; want OrderedDict and a dict", kind(m.top()), kind(state))
		return
	}
	for name := range attributes.items {
		if name != "_metadata" {
			m.fail("sets the attribute %.100q of an OrderedDict; want _metadata only", name)
		}
	}
}

// call does what the three functions do.
func (m *machine) call(f, args any) any {
	t, ok := args.(tuple)
	if !ok {
		m.fail("calls with %s; want a tuple", kind(args))
		return nil
	}
	switch {
	case f == any(orderedDict) && len(t) == 0:
		return &dict{ordered: true}
	case f == any(parameterOf) && len(t) == 3: // data, requires_grad, hooks
		if _, ok := t[0].(*tensor); ok && isEmpty(t[2]) {
			return t[0]
		}
	case f == any(tensorOf) && (len(t) == 6 || len(t) == 7 && isEmpty(t[6])):
		v, err := newTensor(t)
		if err != nil {
			m.fail("%w", err)
		}
		return v
	}
	m.fail("calls %s with %d arguments %s; want OrderedDict, a tensor or a parameter without hooks",
		kind(f), len(t), kinds(t))
	return nil
}

// isEmpty says of hooks and metadata that there are none.
func isEmpty(v any) bool {
	d, ok := v.(*dict)
	return v == nil || ok && len(d.items) == 0
}

// A tensor is a view of a storage: element (i, j, ...) is that at
// offset + i*stride[0] + j*stride[1] + ...
type tensor struct {
	storage *storage
	offset  int64
	shape   []int
	stride  []int
}

// maxDims bounds the dimensions; CLIP's weights have up to 4.
const maxDims = 16

// newTensor makes the tensor of (storage, offset, shape, stride, requires_grad,
// hooks, ...) and checks that it lies in its storage.
func newTensor(args tuple) (*tensor, error) {
	s, ok1 := args[0].(*storage)
	offset, ok2 := args[1].(int64)
	shape, ok3 := dims(args[2])
	stride, ok4 := dims(args[3])
	if !ok1 || !ok2 || !ok3 || !ok4 || len(shape) != len(stride) || offset < 0 || !isEmpty(args[5]) {
		return nil, fmt.Errorf("a tensor of %s; want storage, offset, shape, as many strides, and no hooks",
			kinds(args))
	}
	t := &tensor{s, offset, shape, stride}
	n, ok := weights.Elements(shape)
	if !ok || n > s.elements {
		return nil, fmt.Errorf("a tensor of shape %v in a storage of %d elements; want no more than it has",
			shape, s.elements)
	}
	if _, ok := t.last(); !ok {
		return nil, fmt.Errorf("a tensor of shape %v and strides %v at element %d of %d; want it inside",
			shape, stride, offset, s.elements)
	}
	return t, nil
}

// last is the place of the last element in the storage, if it is in it. A
// tensor without elements has none, which is the offset here.
func (t *tensor) last() (int64, bool) {
	last := t.offset
	if n, _ := weights.Elements(t.shape); n == 0 {
		return last, true
	}
	for i, d := range t.shape {
		// Both are at most the storage's elements, or the product is too large.
		if d > 1 && int64(t.stride[i]) > (t.storage.elements-last)/int64(d-1) {
			return 0, false
		}
		last += int64(d-1) * int64(t.stride[i])
	}
	return last, last < t.storage.elements
}

// dims reads a tuple of sizes or strides.
func dims(v any) ([]int, bool) {
	t, ok := v.(tuple)
	if !ok || len(t) > maxDims {
		return nil, false
	}
	dims := make([]int, len(t))
	for i := range t {
		d, ok := t[i].(int64)
		if !ok || d < 0 || int64(int(d)) != d {
			return nil, false
		}
		dims[i] = int(d)
	}
	return dims, true
}

// kind is a value's type for errors.
func kind(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case function:
		return string(v)
	case weights.DType:
		return "the storage type " + string(v)
	case tuple:
		return "a tuple"
	case *sequence:
		return "a list"
	case *dict:
		return "a dict"
	case *tensor:
		return "a tensor"
	case *storage:
		return "a storage"
	}
	return fmt.Sprintf("a %T", v)
}

// kinds names the kinds of the first eight values.
func kinds(t tuple) string {
	text := "("
	for i, v := range t[:min(len(t), 8)] {
		if i > 0 {
			text += ", "
		}
		text += kind(v)
	}
	return text + ")"
}
