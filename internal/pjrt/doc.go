//go:build !xla

// Package pjrt runs StableHLO programs on devices. It is empty unless the program is
// built with -tags xla, which makes it a dynamic one.
package pjrt
