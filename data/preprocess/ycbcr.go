package preprocess

import "image"

// jpegRGB converts as libjpeg-turbo does, and so Pillow. Where chroma has half
// the samples, each is blended with its neighbours by 3 to 1, instead of
// standing for a whole square as in image/jpeg; other ratios are rare, and
// repeat samples there as here.
//
// Source: libjpeg-turbo 2.1's jdsample.c ("fancy upsampling") and jdcolor.c.
func jpegRGB(m *image.YCbCr) *Image {
	out := newImage(m.Rect)
	wide, tall := 1, 1 // pixels per chroma sample
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		wide = 2
	case image.YCbCrSubsampleRatio440:
		tall = 2
	case image.YCbCrSubsampleRatio420:
		wide, tall = 2, 2
	}
	narrow, low := (out.W+wide-1)/wide, (out.H+tall-1)/tall
	blend := wide*tall > 1 && (wide == 1 || narrow > 2)
	var planes [2][]uint8
	for i := range planes {
		planes[i] = make([]uint8, 2*narrow) // of even length where wide is 2
	}
	sums := make([]int32, narrow)
	out.rows(func(y int, dst []uint8) {
		at := m.YOffset(m.Rect.Min.X, m.Rect.Min.Y+y)
		luma := m.Y[at:][:out.W]
		if !blend {
			for x, v := range luma {
				c := m.COffset(m.Rect.Min.X+x, m.Rect.Min.Y+y)
				jpegPixel(dst[3*x:][:3], v, m.Cb[c], m.Cr[c])
			}
			return
		}
		near := y / tall
		far := near // the row on the other side of this pixel, if there is one
		if tall == 2 {
			far = min(max(near+2*(y%2)-1, 0), low-1)
		}
		for i, plane := range [][]uint8{m.Cb, m.Cr} {
			a, b := plane[near*m.CStride:][:narrow], plane[far*m.CStride:][:narrow]
			switch {
			case wide == 1:
				bias := int32(1 + y%2)
				for x, v := range a {
					planes[i][x] = uint8((3*int32(v) + int32(b[x]) + bias) >> 2)
				}
			case tall == 1:
				for x, v := range a {
					sums[x] = int32(v)
				}
				widen(planes[i], sums, 2, 1, 2)
			default:
				for x, v := range a {
					sums[x] = 3*int32(v) + int32(b[x])
				}
				widen(planes[i], sums, 4, 8, 7)
			}
		}
		cb, cr := planes[0][:len(luma)], planes[1][:len(luma)]
		for x, v := range luma {
			jpegPixel(dst[3*x:][:3], v, cb[x], cr[x])
		}
	})
	return out
}

// widen doubles a row, blending each sample by 3 to 1 with the one before for
// its left half and with the one after for its right half. Shift removes the
// factors, left and right are what rounds.
func widen(dst []uint8, row []int32, shift uint, left, right int32) {
	last := len(row) - 1
	for x, v := range row {
		before, after := row[max(x-1, 0)], row[min(x+1, last)]
		dst[2*x] = uint8((3*v + before + left) >> shift)
		dst[2*x+1] = uint8((3*v + after + right) >> shift)
	}
}

// jpegPixel converts one pixel in 16-bit fixed point.
func jpegPixel(dst []uint8, y, cb, cr uint8) {
	const half = 1 << 15
	luma, u, v := int32(y), int32(cb)-128, int32(cr)-128
	dst[0] = limit(luma + (91881*v+half)>>16)
	dst[1] = limit(luma + (-22554*u-46802*v+half)>>16)
	dst[2] = limit(luma + (116130*u+half)>>16)
}

// webpRGB converts as libwebp does. Luma has 16 to 235 in WebP, unlike in
// JPEG, which the standard conversion of image.YCbCr supposes.
//
// Source: libwebp's src/dsp/yuv.h and upsampling.c.
func webpRGB(m *image.YCbCr) *Image {
	out := newImage(m.Rect)
	narrow, low := (out.W+1)/2, (out.H+1)/2
	planes := [2][]uint8{make([]uint8, 2*narrow), make([]uint8, 2*narrow)}
	out.rows(func(y int, dst []uint8) {
		near := y / 2
		far := min(max(near+2*(y%2)-1, 0), low-1)
		for i, plane := range [][]uint8{m.Cb, m.Cr} {
			widenWebP(planes[i], plane[near*m.CStride:][:narrow], plane[far*m.CStride:][:narrow])
		}
		for x, v := range m.Y[y*m.YStride:][:out.W] {
			u, v, luma := int32(planes[0][x]), int32(planes[1][x]), int32(v)*19077>>8
			dst[3*x] = limit((luma + v*26149>>8 - 14234) >> 6)
			dst[3*x+1] = limit((luma - u*6419>>8 - v*13320>>8 + 8708) >> 6)
			dst[3*x+2] = limit((luma + u*33050>>8 - 17685) >> 6)
		}
	})
	return out
}

// widenWebP doubles the row near and blends it with the row far, by weights 9,
// 3, 3 and 1 of 16, in two steps that round on their own.
func widenWebP(dst []uint8, near, far []uint8) {
	last := len(near) - 1
	blend := func(a, b, c, d uint8) uint8 { // a is nearest, then b and c
		sum := int32(a) + int32(b) + int32(c) + int32(d) + 8
		return uint8(((sum+2*(int32(b)+int32(c)))>>3 + int32(a)) >> 1)
	}
	for x := range near {
		before, after := max(x-1, 0), min(x+1, last)
		dst[2*x] = blend(near[x], near[before], far[x], far[before])
		dst[2*x+1] = blend(near[x], near[after], far[x], far[after])
	}
	// At the ends there is but one neighbour.
	dst[0] = uint8((3*int32(near[0]) + int32(far[0]) + 2) >> 2)
	dst[2*last+1] = uint8((3*int32(near[last]) + int32(far[last]) + 2) >> 2)
}

func limit(v int32) uint8 { return uint8(min(max(v, 0), 255)) }
