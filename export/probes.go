package export

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/data/tokenizer"
	"github.com/goclip/goclip/model"
)

// probes is how many pictures and how many texts a folder is compared by.
const probes = 64

// Words of the texts of probes: of any case, with signs and accents, short and long.
var probeWords = strings.Fields(`a the photo of cat dog red blue Shapes on OLD street, dark! two (small) birds; café
	naïve green-ish "circle" square's left 3 7 12 snow mountain unbelievably television under-exposed is it? Zürich at`)

// probeTexts are texts of 1 to 40 words.
func probeTexts() []string {
	rng := rand.New(rand.NewPCG(12, 6))
	texts := make([]string, probes)
	for i := range texts {
		words := make([]string, 1+rng.IntN(12))
		if i%16 == 15 { // longer than most contexts
			words = make([]string, 40)
		}
		for j := range words {
			words[j] = probeWords[rng.IntN(len(probeWords))]
		}
		texts[i] = strings.Join(words, " ")
	}
	return texts
}

// probePictures are opaque pictures in RGB, as large as a model's or larger, square or
// three times as wide: those of which every library, and every version of Pillow, makes
// the same pixels.
func probePictures(size int) []image.Image {
	rng := rand.New(rand.NewPCG(12, 7))
	pictures := make([]image.Image, probes)
	for i := range pictures {
		h := size + rng.IntN(3*size/2)
		w := h * (1 + i%2*2)
		pictures[i] = probePicture(w, h, rng)
	}
	return pictures
}

// probePicture is waves of each channel with a rectangle of one color.
func probePicture(w, h int, rng *rand.Rand) image.Image {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	var fx, fy, phase [3]float64
	for c := range 3 {
		fx[c], fy[c], phase[c] = 20*rng.Float64()/float64(w), 20*rng.Float64()/float64(h), 6*rng.Float64()
	}
	box := image.Rect(rng.IntN(w), rng.IntN(h), rng.IntN(w), rng.IntN(h)).Canon()
	flat := color.RGBA{uint8(rng.IntN(256)), uint8(rng.IntN(256)), uint8(rng.IntN(256)), 255}
	for y := range h {
		for x := range w {
			if image.Pt(x, y).In(box) {
				m.SetRGBA(x, y, flat)
				continue
			}
			var v [3]uint8
			for c := range 3 {
				v[c] = uint8(127.5 * (1 + math.Sin(fx[c]*float64(x)+fy[c]*float64(y)+phase[c])))
			}
			m.SetRGBA(x, y, color.RGBA{v[0], v[1], v[2], 255})
		}
	}
	return m
}

// pngOf is the file of a picture.
func pngOf(m image.Image) ([]byte, error) {
	var b bytes.Buffer
	err := png.Encode(&b, m)
	return b.Bytes(), err
}

// A result is what a model makes of the probes.
type result struct {
	pixels []float32 // (64, 3, S, S)
	ids    []int32   // (64, T)
	images []float32 // unit rows (64, E)
	texts  []float32 // the same
}

// probeBatch is how many are encoded at once.
const probeBatch = 8

// encodeProbes prepares and encodes the probes of models of a size.
func encodeProbes(clip *model.CLIP, images preprocess.Config, texts *tokenizer.Tokenizer) (*result, error) {
	r := &result{}
	c := clip.Config()
	p, size := preprocess.NewProcessor(images, c.Image.Size), 3*c.Image.Size*c.Image.Size
	r.pixels = make([]float32, probes*size)
	for i, picture := range probePictures(c.Image.Size) {
		p.Eval(r.pixels[i*size:][:size], p.FromImage(picture))
	}
	t := c.Text.ContextLength
	r.ids = probeIDs(texts, t)
	pool := model.NewPool(0)
	defer pool.Close()
	config := model.EncoderConfig{Batch: probeBatch}
	image, err := clip.NewImageEncoder(config, pool)
	if err != nil {
		return nil, err
	}
	text, err := clip.NewTextEncoder(config, pool)
	if err != nil {
		return nil, err
	}
	for at := 0; at < probes; at += probeBatch {
		copy(image.Images(), r.pixels[at*size:])
		copy(text.Tokens(), r.ids[at*t:])
		rows, err := image.Run()
		if err != nil {
			return nil, err
		}
		r.images = append(r.images, rows...)
		if rows, err = text.Run(); err != nil {
			return nil, err
		}
		r.texts = append(r.texts, rows...)
	}
	return r, nil
}

// probeIDs are the ids of the texts, (64, T).
func probeIDs(texts *tokenizer.Tokenizer, t int) []int32 {
	ids := make([]int32, probes*t)
	for i, text := range probeTexts() {
		texts.Tokenize(ids[i*t:][:t], text)
	}
	return ids
}
