//go:build !amd64 || purego

package kernel

func multiplyAdds(n int) (flops float64) { return multiplyAddsGo(n) }
