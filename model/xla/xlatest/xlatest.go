//go:build xla

// Package xlatest gives tests a device.
package xlatest

import (
	"os"
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/goclip/goclip/internal/pjrt"
	"github.com/goclip/goclip/model/op"
)

// Open opens the plugin whose file PJRT_PLUGIN names; without it, the test is skipped.
func Open(t *testing.T) *pjrt.Client {
	t.Helper()
	path := os.Getenv("PJRT_PLUGIN")
	if path == "" {
		t.Skip("no PJRT_PLUGIN: pip download --no-deps lammps-jax-pjrt-cpu==0.11.2, unzip it, and set it to the .so file")
	}
	p, err := pjrt.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := p.Open(nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Put copies the value of a node to the first device.
func Put(t *testing.T, c *pjrt.Client, n *G.Node) *pjrt.Buffer {
	t.Helper()
	v, err := op.BufferOf(n.Value())
	if err != nil {
		t.Fatal(err)
	}
	var b *pjrt.Buffer
	switch {
	case v.H != nil:
		b, err = pjrt.Put(c, 0, v.H, n.Shape()...)
	case v.I != nil:
		b, err = pjrt.Put(c, 0, v.I, n.Shape()...)
	default:
		b, err = pjrt.Put(c, 0, v.F, n.Shape()...)
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}
