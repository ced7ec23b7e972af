//go:build !amd64 || purego

package kernel

func weightedRows(dst, src []uint8, stride int, taps []int32) { weightedRowsGo(dst, src, stride, taps) }
