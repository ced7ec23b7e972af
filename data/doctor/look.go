package doctor

import (
	"math"
	"math/bits"
	"slices"

	"github.com/goclip/goclip/data/preprocess"
)

// A look is what of a picture stays when it is compressed again, scaled, trimmed or
// brightened a little. Bits are the 64 of pHash (Zauner, "Implementation and Benchmarking
// of Perceptual Image Hash Functions", 2010), by which pictures that may be alike are
// found. They know no colors and no texture, so that a pink star and a yellow one have
// the same: these are looked up in luma, the brightness of 32 x 32 places, and chroma,
// both color differences of 8 x 8 places.
type look struct {
	bits   uint64
	luma   [side * side]uint8
	chroma [2 * patches * patches]int8
}

// The sides of what is compared: brightness, after a trim, and colors.
const (
	places  = 16
	patches = 8
)

// What differs at most between pictures that are nearly the same: bits, the part of the
// brightness that is not explained by another exposure, the root mean square of what
// color differences differ by, of 255, and the factor of the exposure. TestNearPairs has what they
// find.
const (
	nearBits     = 11
	nearLuma     = 0.14
	nearChroma   = 4    // and
	partChroma   = 0.23 // of what there is of colors
	mostExposure = 1.5
)

// trims are the parts of a side that may have been cut off at each end.
var trims = []float64{0.02, 0.03}

// distance is the number of bits that differ.
func (a *look) distance(b *look) int { return bits.OnesCount64(a.bits ^ b.bits) }

// near says whether two pictures are nearly the same, as they are or with one of them
// trimmed.
func (a *look) near(b *look) bool {
	if a.distance(b) > nearBits {
		return false
	}
	same, hopeless := exposed(a, b, 0)
	for _, trim := range trims {
		if same || hopeless {
			break
		}
		if same, _ = exposed(a, b, trim); !same {
			same, _ = exposed(b, a, trim)
		}
	}
	return same
}

// hopelessLuma is the part of the brightness above which no trim helps.
const hopelessLuma = 0.5

// exposed says whether b is a, trimmed, at another exposure: brightness times a factor,
// plus a constant; and whether it is so far from it that no other trim helps.
func exposed(a, b *look, trim float64) (is, hopeless bool) {
	const wide = side / places
	var u, v [places * places]float64
	for y := range side {
		for x := range side {
			i := y/wide*places + x/wide
			if trim == 0 {
				u[i] += float64(a.luma[y*side+x]) / (wide * wide)
			} else {
				u[i] += a.at(float64(x), trim, float64(y)) / (wide * wide)
			}
			v[i] += float64(b.luma[y*side+x]) / (wide * wide)
		}
	}
	var sa, sb, saa, sab, sbb float64
	for i, u := range u {
		sa, sb, saa, sab, sbb = sa+u, sb+v[i], saa+u*u, sab+u*v[i], sbb+v[i]*v[i]
	}
	const all = places * places
	varA, cov, varB := saa/all-sa/all*sa/all, sab/all-sa/all*sb/all, sbb/all-sb/all*sb/all
	if varA < 1 || varB < 1 { // colors alone tell
		return max(varA, varB) < 4 && a.tinted(b, 1), true
	}
	factor := cov / varA
	left := varB - factor*cov
	is = factor <= mostExposure && factor >= 1/mostExposure && left <= nearLuma*nearLuma*varB && a.tinted(b, factor)
	return is, left > hopelessLuma*hopelessLuma*varB
}

// at is the brightness at a place of what is left of a when a part trim of each side is
// cut off.
func (a *look) at(x, trim, y float64) float64 {
	in := func(v float64) (int, float64) {
		v = min(side-1.001, max(0, (v+0.5)*(1-2*trim)+trim*side-0.5))
		return int(v), v - math.Floor(v)
	}
	i, u := in(x)
	j, v := in(y)
	of := func(i, j int) float64 { return float64(a.luma[j*side+i]) }
	return (of(i, j)*(1-u)+of(i+1, j)*u)*(1-v) + (of(i, j+1)*(1-u)+of(i+1, j+1)*u)*v
}

// tinted says whether the color differences of b are a's times a factor.
func (a *look) tinted(b *look, factor float64) bool {
	var off, all float64
	for i, v := range a.chroma {
		d := float64(b.chroma[i]) - factor*float64(v)
		off, all = off+d*d, all+float64(v)*float64(v)
	}
	const n = patches * patches
	return math.Sqrt(off/n) <= nearChroma+partChroma*math.Sqrt(all/n)
}

// A looker makes looks. It keeps memory from one to the next.
type looker struct {
	scale  *preprocess.Processor
	pixels [3 * side * side]float32
	gray   [side * side]float64
	rows   [low * side]float64
}

// side is the side of the small picture that a look is made of, in pixels, and low
// the number of frequencies taken of each direction.
const (
	side = 32
	low  = 8
)

// cosines are the lowest frequencies of the cosine transform (DCT-II).
var cosines = func() (c [low][side]float64) {
	for k := range low {
		for i := range side {
			c[k][i] = math.Cos(math.Pi * (2*float64(i) + 1) * float64(k) / (2 * side))
		}
	}
	return c
}()

func newLooker() *looker {
	plain := preprocess.Config{Resize: "squash", Mean: []float64{0, 0, 0}, Std: []float64{1, 1, 1}}
	return &looker{scale: preprocess.NewProcessor(plain, side)}
}

// blankContrast is the deviation of the colors, of 255, below which a picture shows next
// to nothing.
const blankContrast = 2

// look returns the look of a picture, and whether there is anything to see.
func (l *looker) look(m *preprocess.Image) (look, bool) {
	l.scale.Eval(l.pixels[:], m)
	clear := false
	for c := range 3 {
		clear = clear || deviation(l.pixels[c*side*side:][:side*side]) >= blankContrast/255.
	}
	red, green, blue := l.pixels[:side*side], l.pixels[side*side:][:side*side], l.pixels[2*side*side:]
	for i := range l.gray {
		l.gray[i] = 255 * (0.299*float64(red[i]) + 0.587*float64(green[i]) + 0.114*float64(blue[i]))
	}
	out := look{bits: l.hash()}
	for i, v := range l.gray {
		out.luma[i] = uint8(math.Round(min(255, max(0, v))))
	}
	// Cb and Cr of JPEG (ITU-T T.871).
	for k, channel := range [][]float32{blue, red} {
		by := [2]float64{1 / 1.772, 1 / 1.402}[k]
		for i, v := range shrunk(patches, func(i int) float64 { return by * (255*float64(channel[i]) - l.gray[i]) }) {
			out.chroma[k*patches*patches+i] = int8(math.Round(min(127, max(-128, v))))
		}
	}
	return out, clear
}

func deviation(values []float32) float64 {
	var sum, squares float64
	for _, v := range values {
		sum, squares = sum+float64(v), squares+float64(v)*float64(v)
	}
	n := float64(len(values))
	return math.Sqrt(max(0, squares/n-sum/n*(sum/n)))
}

// shrunk are the means of a small picture over n x n places.
func shrunk(n int, of func(i int) float64) []float64 {
	out, wide := make([]float64, n*n), side/n
	for y := range side {
		for x := range side {
			out[y/wide*n+x/wide] += of(y*side+x) / float64(wide*wide)
		}
	}
	return out
}

// still is the part of the deviation of all frequencies that a frequency must be above
// the median to be a bit. A drawing on a plain ground, or one that is symmetric, has many
// frequencies of next to nothing, which noise would put on either side.
const still = 0.05

// hash is a bit for each of the lowest frequencies: whether it is above the
// median of all but the mean.
func (l *looker) hash() (hash uint64) {
	for k := range low {
		for x := range side {
			var v float64
			for y := range side {
				v += cosines[k][y] * l.gray[y*side+x]
			}
			l.rows[k*side+x] = v
		}
	}
	var f [low * low]float64
	for k := range low {
		for j := range low {
			for x := range side {
				f[k*low+j] += cosines[j][x] * l.rows[k*side+x]
			}
		}
	}
	order := slices.Clone(f[1:])
	slices.Sort(order)
	median := order[len(order)/2]
	var power float64
	for _, v := range order {
		power += v * v
	}
	median += still * math.Sqrt(power/float64(len(order)))
	for i, v := range f {
		if v > median {
			hash |= 1 << i
		}
	}
	return hash
}
