//go:build amd64 && !linux && !purego

package kernel

const mayUseTiles = false
