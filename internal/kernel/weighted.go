package kernel

import "fmt"

// WeightedBytes is what the length of a row of WeightedRows is a multiple of.
const WeightedBytes = 64

// WeightedRows sums rows of bytes, each times its tap, and rounds:
//
//	dst[i] = (sum over k of taps[k] src[k*stride+i] + 2^21) >> 22, in [0, 255]
//
// Taps have 22 bits behind the point; the sums of their products must fit 32.
// It panics where dst is no multiple of WeightedBytes, where there is no tap, or
// where src ends before the last row does. It runs on the goroutine that calls.
//
// Source: Pillow's Resample.c.
func WeightedRows(dst, src []uint8, stride int, taps []int32) {
	if n := len(dst); n == 0 || n%WeightedBytes != 0 || len(taps) == 0 || stride < 0 || len(src) < stride*(len(taps)-1)+n {
		panic(fmt.Sprintf("kernel: weighted rows: %d bytes of %d, %d taps, stride %d", n, len(src), len(taps), stride))
	}
	weightedRows(dst, src, stride, taps)
}

// weightedRowsGo takes four rows at a time, which is twice as fast as one.
func weightedRowsGo(dst, src []uint8, stride int, taps []int32) {
	var block [WeightedBytes]int32
	for len(dst) > 0 {
		for i := range block {
			block[i] = 1 << 21
		}
		rows, left := src, taps
		for len(left) >= 4 {
			a, b := rows[:WeightedBytes], rows[stride:][:WeightedBytes]
			c, d := rows[2*stride:][:WeightedBytes], rows[3*stride:][:WeightedBytes]
			ta, tb, tc, td := left[0], left[1], left[2], left[3]
			for i := range block {
				block[i] += int32(a[i])*ta + int32(b[i])*tb + int32(c[i])*tc + int32(d[i])*td
			}
			if left = left[4:]; len(left) > 0 {
				rows = rows[4*stride:]
			}
		}
		for k, tap := range left {
			row := rows[k*stride:][:WeightedBytes]
			for i := range block {
				block[i] += int32(row[i]) * tap
			}
		}
		for i, v := range block {
			dst[i] = uint8(min(max(v>>22, 0), 255))
		}
		dst, src = dst[WeightedBytes:], src[WeightedBytes:]
	}
}
