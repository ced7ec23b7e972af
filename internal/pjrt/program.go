//go:build xla

package pjrt

import (
	"fmt"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// A Program is compiled for devices.
type Program struct {
	client   *Client
	loaded   unsafe.Pointer
	replicas int
	outputs  int
}

// Compile compiles StableHLO text for replicas, each on a device of its own. Overrides
// are flags of XLA, by name.
func (c *Client) Compile(text string, replicas int, overrides map[string]string) (*Program, error) {
	code, format, options := []byte(text), []byte("mlir"), compileOptions(replicas, overrides)
	program := &struct {
		header
		code   *byte
		n      uintptr
		format *byte
		nf     uintptr
	}{code: &code[0], n: uintptr(len(code)), format: &format[0], nf: uintptr(len(format))}
	program.size = unsafe.Sizeof(*program)
	a := &struct {
		header
		client, program unsafe.Pointer
		options         *byte
		n               uintptr
		loaded          unsafe.Pointer
	}{client: c.client, program: unsafe.Pointer(program), options: &options[0], n: uintptr(len(options))}
	if err := call(c.Plugin, clientCompile, a); err != nil {
		return nil, err
	}
	p := &Program{client: c, loaded: a.loaded, replicas: replicas}
	outputs, err := p.countOutputs()
	p.outputs = outputs
	return p, err
}

func (p *Program) countOutputs() (int, error) {
	g := &struct {
		header
		loaded, executable unsafe.Pointer
	}{loaded: p.loaded}
	if err := call(p.client.Plugin, loadedGetExecutable, g); err != nil {
		return 0, err
	}
	n := &struct {
		header
		executable unsafe.Pointer
		n          uintptr
	}{executable: g.executable}
	if err := call(p.client.Plugin, executableNumOutputs, n); err != nil {
		return 0, err
	}
	return int(n.n), destroy(p.client.Plugin, executableDestroy, g.executable)
}

// compileOptions encodes a CompileOptionsProto of XLA: executable_build_options (3)
// with num_replicas (4) and num_partitions (5), and env_option_overrides (7), a map to
// messages with a string_field (1).
func compileOptions(replicas int, overrides map[string]string) []byte {
	var build []byte
	for field, n := range map[protowire.Number]int{4: replicas, 5: 1} {
		build = protowire.AppendVarint(protowire.AppendTag(build, field, protowire.VarintType), uint64(n))
	}
	message := func(to []byte, field protowire.Number, content []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(to, field, protowire.BytesType), content)
	}
	options := message(nil, 3, build)
	for name, value := range overrides {
		entry := message(nil, 1, []byte(name))
		entry = message(entry, 2, message(nil, 1, []byte(value)))
		options = message(options, 7, entry)
	}
	return options
}

// Run runs the program with the arguments of each replica, and returns the results of
// each when they are there. Arguments whose memory the program gives to a result hold
// nothing afterwards.
func (p *Program) Run(args [][]*Buffer) ([][]*Buffer, error) {
	if len(args) != p.replicas {
		return nil, fmt.Errorf("pjrt: arguments for %d replicas; want %d", len(args), p.replicas)
	}
	in, out := make([][]unsafe.Pointer, p.replicas), make([][]unsafe.Pointer, p.replicas)
	ins, outs := make([]unsafe.Pointer, p.replicas), make([]unsafe.Pointer, p.replicas)
	for r := range args {
		for _, b := range args[r] {
			in[r] = append(in[r], b.buffer)
		}
		out[r] = make([]unsafe.Pointer, p.outputs)
		ins[r], outs[r] = unsafe.Pointer(unsafe.SliceData(in[r])), unsafe.Pointer(unsafe.SliceData(out[r]))
	}
	done := make([]unsafe.Pointer, p.replicas)
	// 112 bytes, which old plugins want too; nothing of it is used.
	options := &struct {
		header
		rest [12]uintptr
	}{}
	options.size = unsafe.Sizeof(*options)
	a := &struct {
		header
		loaded, options, args unsafe.Pointer
		replicas, n           uintptr
		out, done, device     unsafe.Pointer
	}{
		loaded: p.loaded, options: unsafe.Pointer(options), args: unsafe.Pointer(&ins[0]),
		replicas: uintptr(p.replicas), n: uintptr(len(args[0])), out: unsafe.Pointer(&outs[0]), done: unsafe.Pointer(&done[0]),
	}
	if err := call(p.client.Plugin, loadedExecute, a); err != nil {
		return nil, err
	}
	results := make([][]*Buffer, p.replicas)
	var failed error
	for r := range results {
		if err := p.client.await(done[r]); err != nil {
			failed = err
		}
		for _, b := range out[r] {
			results[r] = append(results[r], &Buffer{p.client, b})
		}
	}
	return results, failed
}

// Close frees the program.
func (p *Program) Close() error { return destroy(p.client.Plugin, loadedDestroy, p.loaded) }
