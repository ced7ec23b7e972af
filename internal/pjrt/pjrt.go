//go:build xla

// Package pjrt runs StableHLO programs on devices through the C API of PJRT plugins,
// which are shared libraries opened at run time: XLA's for NVIDIA, AMD, Intel and
// Google's accelerators, and one for processors that tests use. It needs no cgo.
//
// Source: pjrt_c_api.h of https://github.com/openxla/xla, versions 0.81 to 0.115.
package pjrt

import (
	"errors"
	"fmt"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// The places of functions in the table PJRT_Api. New ones are only ever added behind.
const (
	errorDestroy             = 0
	errorMessage             = 1
	pluginInitialize         = 3
	eventDestroy             = 5
	eventAwait               = 8
	clientCreate             = 10
	clientDestroy            = 11
	clientPlatformName       = 12
	clientAddressableDevices = 16
	clientCompile            = 20
	clientBufferFromHost     = 22
	executableDestroy        = 40
	executableNumOutputs     = 44
	loadedDestroy            = 50
	loadedGetExecutable      = 51
	loadedExecute            = 55
	bufferDestroy            = 58
	bufferToHost             = 70
)

// tableStart is where the functions start in PJRT_Api: behind a header and the
// version, which is a header and two numbers.
const tableStart, versionStart = 40, 32

// A header starts every structure of the API.
type header struct {
	size      uintptr
	extension unsafe.Pointer
}

// arguments are the argument of a function of the API.
type arguments interface{ head() *header }

func (h *header) head() *header { return h }

// A Plugin is a loaded library.
type Plugin struct {
	Path         string
	Major, Minor int // version of its API

	table unsafe.Pointer
}

// Load opens the plugin in a file. Plugins stay loaded as long as the process.
func Load(path string) (*Plugin, error) {
	library, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, fmt.Errorf("pjrt: %w", err)
	}
	symbol, err := purego.Dlsym(library, "GetPjrtApi")
	if err != nil {
		return nil, fmt.Errorf("pjrt: %s is no PJRT plugin: %w", path, err)
	}
	var get func() unsafe.Pointer
	purego.RegisterFunc(&get, symbol)
	p := &Plugin{Path: path, table: get()}
	version := (*[2]int32)(unsafe.Add(p.table, versionStart))
	p.Major, p.Minor = int(version[0]), int(version[1])
	if p.Major != 0 {
		return nil, fmt.Errorf("pjrt: %s has version %d.%d of the API; want 0", path, p.Major, p.Minor)
	}
	return p, call(p, pluginInitialize, &struct{ header }{})
}

// call calls a function of the API. The arguments, and what they point to, must be on
// the heap or pinned.
func call[T any, A interface {
	*T
	arguments
}](p *Plugin, function int, args A) error {
	args.head().size = unsafe.Sizeof(*args)
	failed := p.invoke(function, unsafe.Pointer(args))
	runtime.KeepAlive(args)
	if failed == nil {
		return nil
	}
	m := &struct {
		header
		err     unsafe.Pointer
		message *byte
		n       uintptr
	}{err: failed}
	m.size = unsafe.Sizeof(*m)
	p.invoke(errorMessage, unsafe.Pointer(m))
	err := errors.New("pjrt: " + string(unsafe.Slice(m.message, m.n)))
	d := &struct {
		header
		err unsafe.Pointer
	}{err: failed}
	d.size = unsafe.Sizeof(*d)
	p.invoke(errorDestroy, unsafe.Pointer(d))
	return err
}

// invoke returns the error of a function, or nil.
func (p *Plugin) invoke(function int, args unsafe.Pointer) unsafe.Pointer {
	at := *(*uintptr)(unsafe.Add(p.table, tableStart+8*function))
	r, _, _ := purego.SyscallN(at, uintptr(args))
	return *(*unsafe.Pointer)(unsafe.Pointer(&r)) // memory of the plugin's
}
