//go:build xla

package pjrt

import (
	"fmt"
	"unsafe"
)

// An Element is a type of array elements that have a Go type. A uint16 is a bfloat16.
type Element interface {
	float32 | int32 | uint8 | uint16
}

// elementType is PJRT_Buffer_Type.
func elementType[T Element]() int32 {
	var x T
	switch any(x).(type) {
	case int32:
		return 4
	case uint8:
		return 6
	case float32:
		return 11
	}
	return 13
}

// A Buffer is an array on a device.
type Buffer struct {
	client *Client
	buffer unsafe.Pointer
}

// Put copies data to a device. It returns when data may be overwritten.
func Put[T Element](c *Client, device int, data []T, shape ...int) (*Buffer, error) {
	dims, size := make([]int64, len(shape)), 1
	for i, n := range shape {
		dims[i] = int64(n)
		size *= n
	}
	if size != len(data) {
		return nil, fmt.Errorf("pjrt: %d elements of shape %v", len(data), shape)
	}
	a := &struct {
		header
		client, data           unsafe.Pointer
		kind                   int32
		dims                   unsafe.Pointer
		ndims                  uintptr
		strides                unsafe.Pointer
		nstrides               uintptr
		semantics              int32 // 0: data does not change during the call
		device, memory, layout unsafe.Pointer
		done, buffer           unsafe.Pointer
	}{
		client: c.client, data: unsafe.Pointer(unsafe.SliceData(data)), kind: elementType[T](),
		dims: unsafe.Pointer(unsafe.SliceData(dims)), ndims: uintptr(len(dims)), device: c.devices[device],
	}
	if err := call(c.Plugin, clientBufferFromHost, a); err != nil {
		return nil, err
	}
	return &Buffer{c, a.buffer}, c.await(a.done)
}

// Get copies a buffer to data, which has its size.
func Get[T Element](data []T, b *Buffer) error {
	a := &struct {
		header
		src, layout, dst unsafe.Pointer
		size             uintptr
		done             unsafe.Pointer
	}{src: b.buffer, dst: unsafe.Pointer(unsafe.SliceData(data)), size: uintptr(len(data)) * unsafe.Sizeof(data[0])}
	if err := call(b.client.Plugin, bufferToHost, a); err != nil {
		return err
	}
	return b.client.await(a.done)
}

// Close frees the memory of a buffer. A buffer that was donated has none any more, but
// is closed all the same.
func (b *Buffer) Close() error { return destroy(b.client.Plugin, bufferDestroy, b.buffer) }
