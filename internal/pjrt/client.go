//go:build xla

package pjrt

import (
	"fmt"
	"runtime"
	"unsafe"
)

// A Client is a plugin with the devices of this process.
type Client struct {
	*Plugin
	client  unsafe.Pointer
	devices []unsafe.Pointer
}

// Open makes a client. Options are the plugin's own, int64, bool or string.
func (p *Plugin) Open(options map[string]any) (*Client, error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	values, err := encode(options, &pin)
	if err != nil {
		return nil, err
	}
	create := &struct {
		header
		options   unsafe.Pointer
		n         uintptr
		keyValues [4]unsafe.Pointer // get and put with their arguments, for several processes
		client    unsafe.Pointer
		tryGet    [2]unsafe.Pointer
	}{options: unsafe.Pointer(unsafe.SliceData(values)), n: uintptr(len(values))}
	if err := call(p, clientCreate, create); err != nil {
		return nil, err
	}
	c := &Client{Plugin: p, client: create.client}
	d := &struct {
		header
		client  unsafe.Pointer
		devices *unsafe.Pointer
		n       uintptr
	}{client: c.client}
	if err := call(p, clientAddressableDevices, d); err != nil {
		return nil, err
	}
	c.devices = unsafe.Slice(d.devices, d.n)
	return c, nil
}

// A namedValue is an option as the API has it.
type namedValue struct {
	header
	name  *byte
	n     uintptr
	kind  uintptr
	value uintptr // a number, or where a text is
	size  uintptr
}

// The kinds of named values.
const (
	stringValue = 0
	int64Value  = 1
	boolValue   = 4
)

// encode makes named values, whose memory it pins.
func encode(options map[string]any, pin *runtime.Pinner) ([]namedValue, error) {
	values := make([]namedValue, 0, len(options))
	text := func(s string) *byte {
		b := append([]byte(s), 0)
		pin.Pin(&b[0])
		return &b[0]
	}
	for name, option := range options {
		v := namedValue{name: text(name), n: uintptr(len(name)), size: 1}
		v.header.size = unsafe.Sizeof(v)
		switch option := option.(type) {
		case int64:
			v.kind, v.value = int64Value, uintptr(option)
		case bool:
			v.kind = boolValue
			if option {
				v.value = 1
			}
		case string:
			v.kind, v.value, v.size = stringValue, uintptr(unsafe.Pointer(text(option))), uintptr(len(option))
		default:
			return nil, fmt.Errorf("pjrt: option %s: have %T; want int64, bool or string", name, option)
		}
		values = append(values, v)
	}
	return values, nil
}

// Devices is the number of devices of this process.
func (c *Client) Devices() int { return len(c.devices) }

// Platform names what the plugin runs on, such as cpu or cuda.
func (c *Client) Platform() (string, error) {
	a := &struct {
		header
		client unsafe.Pointer
		name   *byte
		n      uintptr
	}{client: c.client}
	if err := call(c.Plugin, clientPlatformName, a); err != nil {
		return "", err
	}
	return string(unsafe.Slice(a.name, a.n)), nil
}

// Close frees the client. Its buffers and programs must be closed before.
func (c *Client) Close() error { return destroy(c.Plugin, clientDestroy, c.client) }

// destroy frees what a function that takes nothing else frees.
func destroy(p *Plugin, function int, what unsafe.Pointer) error {
	return call(p, function, &struct {
		header
		what unsafe.Pointer
	}{what: what})
}

// await waits for an event and frees it.
func (c *Client) await(event unsafe.Pointer) error {
	if event == nil {
		return nil
	}
	err := call(c.Plugin, eventAwait, &struct {
		header
		event unsafe.Pointer
	}{event: event})
	if e := destroy(c.Plugin, eventDestroy, event); err == nil {
		err = e
	}
	return err
}
