//go:build !amd64 || purego

package kernel

func peak() float64 { return 0 }
