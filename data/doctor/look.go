package doctor

import (
	"math"
	"math/bits"
	"slices"

	"github.com/goclip/goclip/data/preprocess"
)

// A look is what of a picture stays when it is compressed again, scaled, or
// trimmed a little: the 64 bits of pHash (Zauner, "Implementation and Benchmarking
// of Perceptual Image Hash Functions", 2010), which know no colors, and the mean
// colors of its four quarters.
type look struct {
	bits uint64
	tint [12]uint8
}

// nearBits is the largest number of bits that differ between near-same pictures,
// and nearTint the largest root mean square of the differences of colors, of 255.
//
// Of real photos, 99 % of copies saved again as JPEG of quality 30 or 75, or at half
// or a quarter of the size, differ by at most 4 bits; where 2 % are cut off at each side,
// 92 % do by at most 7. Bits of unrelated photos differ as throws of a coin do, 32 of 64
// with a deviation of 4: 6 are more than six deviations away, and of 600,000 pairs
// of photos none differs by 10 or less. LOG.md has the figures.
const (
	nearBits = 6
	nearTint = 6
)

// distance is the number of bits that differ.
func (a *look) distance(b *look) int { return bits.OnesCount64(a.bits ^ b.bits) }

// near says whether two pictures are nearly the same.
func (a *look) near(b *look) bool {
	if a.distance(b) > nearBits {
		return false
	}
	sum := 0
	for i, v := range a.tint {
		d := int(v) - int(b.tint[i])
		sum += d * d
	}
	return sum <= nearTint*nearTint*len(a.tint)
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

// blankContrast is the deviation of the brightness, of 255, below which a
// picture shows next to nothing. Its hash would be one of noise.
const blankContrast = 2

// look returns the look of a picture, and whether there is anything to see.
func (l *looker) look(m *preprocess.Image) (look, bool) {
	l.scale.Eval(l.pixels[:], m)
	red, green, blue := l.pixels[:side*side], l.pixels[side*side:][:side*side], l.pixels[2*side*side:]
	var sum, squares float64
	for i := range l.gray {
		v := 255 * (0.299*float64(red[i]) + 0.587*float64(green[i]) + 0.114*float64(blue[i]))
		l.gray[i] = v
		sum, squares = sum+v, squares+v*v
	}
	n := float64(len(l.gray))
	clear := squares/n-sum/n*(sum/n) >= blankContrast*blankContrast
	return look{l.hash(), l.tint()}, clear
}

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
	for i, v := range f {
		if v > median {
			hash |= 1 << i
		}
	}
	return hash
}

// tint is the mean colors of the quarters.
func (l *looker) tint() (tint [12]uint8) {
	const half = side / 2
	for i := range tint {
		channel, x0, y0 := i%3, i/3%2*half, i/6*half
		var sum float64
		for y := y0; y < y0+half; y++ {
			for _, v := range l.pixels[channel*side*side+y*side+x0:][:half] {
				sum += float64(v)
			}
		}
		tint[i] = uint8(math.Round(255 * sum / (half * half)))
	}
	return tint
}
