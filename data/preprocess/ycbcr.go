package preprocess

import "image"

// jpegRGB converts rows as libjpeg-turbo does, and so Pillow. Where chroma has half
// the samples, each is blended with its neighbors by 3 to 1, instead of
// standing for a whole square as in image/jpeg; other ratios are rare, and
// repeat samples there as here.
//
// Source: libjpeg-turbo 2.1's jdsample.c ("fancy upsampling") and jdcolor.c.
func jpegRGB(m *image.YCbCr, convert func(dst, y, cb, cr []uint8)) *Image {
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
	whole := make([]uint8, 2*out.W) // chroma of other ratios, a sample a pixel
	out.rows(func(y int, dst []uint8) {
		at := m.YOffset(m.Rect.Min.X, m.Rect.Min.Y+y)
		luma := m.Y[at:][:out.W]
		if !blend {
			cb, cr := whole[:out.W], whole[out.W:]
			for x := range luma {
				c := m.COffset(m.Rect.Min.X+x, m.Rect.Min.Y+y)
				cb[x], cr[x] = m.Cb[c], m.Cr[c]
			}
			convert(dst, luma, cb, cr)
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
			case tall == 1: // b is a
				widen(planes[i], a, b, 4, 8)
			default:
				widen(planes[i], a, b, 8, 7)
			}
		}
		convert(dst, luma, planes[0], planes[1])
	})
	return out
}

// widen doubles a row of samples, each blended by 3 to 1 with the one of the row
// far, then by 3 to 1 with the one before for its left half and with the one
// after for its right half. Left and right are what rounds.
func widen(dst, near, far []uint8, left, right int32) {
	dst, far = dst[:2*len(near)], far[:len(near)]
	v := 3*int32(near[0]) + int32(far[0])
	before := v
	for x := range len(near) - 1 {
		after := 3*int32(near[x+1]) + int32(far[x+1])
		dst[2*x], dst[2*x+1] = uint8((3*v+before+left)>>4), uint8((3*v+after+right)>>4)
		before, v = v, after
	}
	last := 2 * (len(near) - 1)
	dst[last], dst[last+1] = uint8((3*v+before+left)>>4), uint8((4*v+right)>>4)
}

// rgbJPEG has red, green and blue in its planes.
type rgbJPEG struct{ *image.YCbCr }

// interleave writes a row of rgbJPEG.
func interleave(dst, red, green, blue []uint8) {
	for x, v := range red {
		dst[3*x], dst[3*x+1], dst[3*x+2] = v, green[x], blue[x]
	}
}

// jpegRow converts a row in 16-bit fixed point.
func jpegRow(dst, luma, cb, cr []uint8) {
	cb, cr = cb[:len(luma)], cr[:len(luma)]
	for x, y := range luma {
		gray, u, v := int32(y)<<16+1<<15, int32(cb[x])-128, int32(cr[x])-128
		r, g, b := gray+91881*v, gray-22554*u-46802*v, gray+116130*u
		if r|g|b > 0xffffff || r|g|b < 0 {
			r, g, b = min(max(r, 0), 0xffffff), min(max(g, 0), 0xffffff), min(max(b, 0), 0xffffff)
		}
		to := dst[3*x:][:3]
		to[0], to[1], to[2] = uint8(r>>16), uint8(g>>16), uint8(b>>16)
	}
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
	// At the ends there is but one neighbor.
	dst[0] = uint8((3*int32(near[0]) + int32(far[0]) + 2) >> 2)
	dst[2*last+1] = uint8((3*int32(near[last]) + int32(far[last]) + 2) >> 2)
}

func limit(v int32) uint8 { return uint8(min(max(v, 0), 255)) }
