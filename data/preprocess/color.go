package preprocess

import (
	"math"
	"math/rand/v2"
)

// jitter changes brightness, contrast, saturation and hue of pixels as
// torchvision's ColorJitter does with an image of Pillow: in a random order, each
// by a random factor of 1 - most to 1 + most, and hue by up to most of a turn.
func jitter(pix []uint8, most []float64, rng *rand.Rand) {
	for _, which := range rng.Perm(4) {
		shift := most[which] * (2*rng.Float64() - 1)
		if most[which] == 0 {
			continue
		}
		switch which {
		case 0:
			brightness(pix, max(0, 1+shift))
		case 1:
			contrast(pix, max(0, 1+shift))
		case 2:
			saturation(pix, max(0, 1+shift))
		case 3:
			hue(pix, shift)
		}
	}
}

// luma is the gray of a pixel, ITU-R 601 in 16 bits of fixed point.
func luma(pixel []uint8) uint8 {
	return uint8((int32(pixel[0])*19595 + int32(pixel[1])*38470 + int32(pixel[2])*7471 + 1<<15) >> 16)
}

// blend goes from a to b by a factor, or beyond.
func blend(a, b uint8, factor float64) uint8 {
	return uint8(min(max(float32(a)+float32(factor)*float32(int(b)-int(a)), 0), 255))
}

func brightness(pix []uint8, factor float64) {
	for i, v := range pix {
		pix[i] = blend(0, v, factor)
	}
}

// contrast blends with the mean gray of the image.
func contrast(pix []uint8, factor float64) {
	sum := 0
	for i := 0; i < len(pix); i += 3 {
		sum += int(luma(pix[i:]))
	}
	mean := uint8(float64(sum)/float64(len(pix)/3) + 0.5)
	for i, v := range pix {
		pix[i] = blend(mean, v, factor)
	}
}

func saturation(pix []uint8, factor float64) {
	for i := 0; i < len(pix); i += 3 {
		gray := luma(pix[i:])
		for c := range 3 {
			pix[i+c] = blend(gray, pix[i+c], factor)
		}
	}
}

func grayscale(pix []uint8) {
	for i := 0; i < len(pix); i += 3 {
		gray := luma(pix[i:])
		pix[i], pix[i+1], pix[i+2] = gray, gray, gray
	}
}

// hue turns the hue by a part of a turn, through HSV with 8 bits each.
//
// Source: Pillow's Convert.c, and torchvision's adjust_hue.
func hue(pix []uint8, turn float64) {
	shift := uint8(int32(turn * 255))
	for i := 0; i < len(pix); i += 3 {
		h, s, v := toHSV(pix[i:])
		fromHSV(pix[i:], h+shift, s, v)
	}
}

func toHSV(pixel []uint8) (h, s, v uint8) {
	r, g, b := pixel[0], pixel[1], pixel[2]
	most, least := max(r, g, b), min(r, g, b)
	if most == least {
		return 0, 0, most
	}
	span := float32(most - least)
	rc, gc, bc := float32(most-r)/span, float32(most-g)/span, float32(most-b)/span
	var turn float32
	switch most {
	case r:
		turn = bc - gc
	case g:
		turn = float32(2 + float64(rc) - float64(bc))
	default:
		turn = float32(4 + float64(gc) - float64(rc))
	}
	turn = float32(math.Mod(float64(turn)/6+1, 1))
	return uint8(float64(turn) * 255), uint8(float64(span/float32(most)) * 255), most
}

func fromHSV(pixel []uint8, h, s, v uint8) {
	if s == 0 {
		pixel[0], pixel[1], pixel[2] = v, v, v
		return
	}
	sector := math.Floor(float64(h) * 6 / 255)
	f := float64(float32(float64(h)*6/255 - sector))
	fs := float64(float32(float64(s) / 255))
	part := func(x float64) uint8 { return uint8(math.Round(float64(v) * x)) }
	p, q, t := part(1-fs), part(1-fs*f), part(1-fs*(1-f))
	copy(pixel, [][]uint8{{v, t, p}, {q, v, p}, {p, v, t}, {p, q, v}, {t, p, v}, {v, p, q}}[int(sector)%6])
}
