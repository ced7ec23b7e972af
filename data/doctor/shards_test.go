package doctor

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/image/draw"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/tokenizer"
)

// A pairRow is a row of a shard; it has the columns of Hugging Face, and one more.
type pairRow struct {
	Image struct {
		Bytes []byte `parquet:"bytes,optional"`
	} `parquet:"image,optional"`
	Caption string `parquet:"caption,optional"`
	Label   int64  `parquet:"label"`
}

func row(file []byte, caption string) (r pairRow) {
	r.Image.Bytes, r.Caption = file, caption
	return r
}

// drawn is a picture of soft waves, another for each seed.
func drawn(seed uint64, w, h int) *image.RGBA {
	rng := rand.New(rand.NewPCG(seed, 1))
	var waves [8][6]float64
	for i := range waves {
		for j := range waves[i] {
			waves[i][j] = rng.Float64()
		}
	}
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			var c [3]float64
			for _, v := range waves {
				wave := math.Cos(2*math.Pi*(v[0]*3*float64(x)/float64(w)+v[1]*3*float64(y)/float64(h)+v[2])) * 20
				for k := range c {
					c[k] += wave * v[3+k]
				}
			}
			at := func(k int) uint8 { return uint8(128 + c[k]) }
			m.SetRGBA(x, y, color.RGBA{at(0), at(1), at(2), 255})
		}
	}
	return m
}

func asPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, png.Encode(&b, m))
	return b.Bytes()
}

func asJPEG(t testing.TB, m image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}))
	return b.Bytes()
}

// write makes a shard of row groups of 7.
func write(t testing.TB, path string, rows ...pairRow) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	w := parquet.NewGenericWriter[pairRow](f, parquet.MaxRowsPerRowGroup(7))
	_, err = w.Write(rows)
	must(t, err)
	must(t, w.Close())
	must(t, f.Close())
}

// half is a picture at half its size.
func half(m *image.RGBA) image.Image {
	s := image.NewRGBA(image.Rect(0, 0, m.Rect.Dx()/2, m.Rect.Dy()/2))
	draw.ApproxBiLinear.Scale(s, s.Rect, m, m.Rect, draw.Src, nil)
	return s
}

func gray(v uint8) image.Image {
	m := image.NewGray(image.Rect(0, 0, 40, 40))
	for i := range m.Pix {
		m.Pix[i] = v
	}
	return m
}

// sick writes shards in the current folder with one of everything, and returns
// what examines them.
func sick(t testing.TB) (c Config, train, val *data.Survey) {
	t.Helper()
	picture := func(seed uint64) []byte { return asPNG(t, drawn(seed, 48, 40)) }
	var a, b []pairRow
	for i := range uint64(20) {
		a = append(a, row(picture(i), fmt.Sprintf("a thing of kind %d in the middle", i)))
	}
	a = append(a,
		row(picture(3), "a thing of kind 3 in the middle"),               // 20: the pair of row 3
		row(picture(4), "<b>another</b> name"),                           // 21: its picture alone
		row(asJPEG(t, drawn(5, 48, 40), 60), "saved again"),              // 22
		row(asPNG(t, half(drawn(6, 48, 40))), "scaled down"),             // 23
		row(picture(7)[:200], "cut short"),                               // 24
		row(nil, "no picture"),                                           // 25
		row(picture(21), "  "),                                           // 26
		row([]byte("<html><body>404</body></html>"), "a page"),           // 27
		row(asPNG(t, gray(7)), "nothing to see"),                         // 28
		row(asPNG(t, drawn(22, 200, 40)), "wide"),                        // 29
		row(picture(23), "красный круг и синий квадрат"),                 // 30
		row(picture(24), "赤い円と青い四角"),                                     // 31
		row(picture(25), "12345"),                                        // 32
		row(picture(26), "bad \xff bytes"),                               // 33
		row(picture(27), "one two three four five six seven eight nine"), // 34
	)
	for i := range uint64(12) {
		b = append(b, row(picture(100+i), "the same words"))
	}
	write(t, "train-0.parquet", a...)
	write(t, "train-1.parquet", b...)
	write(t, "val.parquet", row(picture(8), "of train"), row(asJPEG(t, drawn(9, 48, 40), 70), "nearly of train"),
		row(picture(200), "the same words"), row(picture(201), "new"),
		row(picture(201), "again"), row(picture(202)[:99], ""))
	tok, err := tokenizer.Train(func(yield func(string, error) bool) {
		yield("a thing of kind in the middle the same words", nil)
	}, 600)
	must(t, err)
	train, err = data.OpenSurvey(t.Context(), "train-*.parquet", data.Config{}, data.Need{Caption: true})
	must(t, err)
	val, err = data.OpenSurvey(t.Context(), "val.parquet", data.Config{}, data.Need{})
	must(t, err)
	return Config{Tokenizer: tok, Context: 24, Batch: 16, ImageSize: 32, Trained: true}, train, val
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
