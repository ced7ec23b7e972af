//go:build !amd64 || purego

package kernel

func multiplyAdds(n int) (flops float64) { return multiplyAddsGo(n) }

func multiplyAddsBF16(n int) (flops float64) { return multiplyAddsGo(n) }
