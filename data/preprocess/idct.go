package preprocess

// Constants of the inverse cosine transform in 13 bits of fixed point.
const (
	dctBits  = 13
	dctExtra = 2 // bits kept between the passes

	c0298 = 2446 // 0.298631336
	c0390 = 3196
	c0541 = 4433
	c0765 = 6270
	c0899 = 7373
	c1175 = 9633
	c1501 = 12299
	c1847 = 15137
	c1961 = 16069
	c2053 = 16819
	c2562 = 20995
	c3072 = 25172
)

// inverseDCT writes 8 x 8 pixels of rows stride apart, of a block whose
// coefficients end with the last, in zigzag. It destroys the block.
//
// Source: Loeffler, Ligtenberg and Moschytz, "Practical fast 1-D DCT algorithms
// with 11 multiplications", 1989, with the rounding of libjpeg's jidctint.c.
func inverseDCT(dst []uint8, stride int, b *[64]int32, last int) {
	if last == 0 {
		v := limit((b[0]<<dctExtra+1<<(dctExtra+2))>>(dctExtra+3) + 128)
		for range 8 {
			row := dst[:8]
			row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7] = v, v, v, v, v, v, v, v
			dst = dst[min(stride, len(dst)):]
		}
		return
	}
	for i := range 8 {
		c := b[i:][:57]
		if c[8]|c[16]|c[24]|c[32]|c[40]|c[48]|c[56] == 0 {
			v := c[0] << dctExtra
			c[0], c[8], c[16], c[24], c[32], c[40], c[48], c[56] = v, v, v, v, v, v, v, v
			continue
		}
		const shift, half = dctBits - dctExtra, 1 << (dctBits - dctExtra - 1)
		e0, e1, e2, e3 := evenDCT(c[0], c[16], c[32], c[48])
		o0, o1, o2, o3 := oddDCT(c[8], c[24], c[40], c[56])
		c[0], c[56] = (e0+o3+half)>>shift, (e0-o3+half)>>shift
		c[8], c[48] = (e1+o2+half)>>shift, (e1-o2+half)>>shift
		c[16], c[40] = (e2+o1+half)>>shift, (e2-o1+half)>>shift
		c[24], c[32] = (e3+o0+half)>>shift, (e3-o0+half)>>shift
	}
	for i := range 8 {
		r, row := b[8*i:][:8], dst[:8]
		const shift = dctBits + dctExtra + 3
		const half = 1<<(shift-1) + 128<<shift // and the middle of a sample
		e0, e1, e2, e3 := evenDCT(r[0], r[2], r[4], r[6])
		o0, o1, o2, o3 := oddDCT(r[1], r[3], r[5], r[7])
		row[0], row[7] = limit((e0+o3+half)>>shift), limit((e0-o3+half)>>shift)
		row[1], row[6] = limit((e1+o2+half)>>shift), limit((e1-o2+half)>>shift)
		row[2], row[5] = limit((e2+o1+half)>>shift), limit((e2-o1+half)>>shift)
		row[3], row[4] = limit((e3+o0+half)>>shift), limit((e3-o0+half)>>shift)
		dst = dst[min(stride, len(dst)):]
	}
}

// evenDCT is the half of a transform of coefficients 0, 2, 4 and 6.
func evenDCT(x0, x2, x4, x6 int32) (e0, e1, e2, e3 int32) {
	z := (x2 + x6) * c0541
	low, high := z-x6*c1847, z+x2*c0765
	sum, difference := (x0+x4)<<dctBits, (x0-x4)<<dctBits
	return sum + high, difference + low, difference - low, sum - high
}

// oddDCT is the transform of 1, 3, 5 and 7.
func oddDCT(x1, x3, x5, x7 int32) (o0, o1, o2, o3 int32) {
	z1, z2 := (x7+x1)*-c0899, (x5+x3)*-c2562
	z5 := (x7 + x3 + x5 + x1) * c1175
	z3, z4 := (x7+x3)*-c1961+z5, (x5+x1)*-c0390+z5
	return x7*c0298 + z1 + z3, x5*c2053 + z2 + z4, x3*c3072 + z2 + z3, x1*c1501 + z1 + z4
}
