package doctor

import (
	"image"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/image/draw"

	"github.com/goclip/goclip/data/preprocess"
)

func lookOf(t testing.TB, file []byte) (look, bool) {
	t.Helper()
	m, err := preprocess.Decode(file, preprocess.DefaultMaxPixels)
	must(t, err)
	return newLooker().look(m)
}

// TestLook checks that pictures look as they did when they have been saved
// again, scaled or trimmed, and unlike others, mirrored and recolored ones.
func TestLook(t *testing.T) {
	var all []look
	for seed := range uint64(8) {
		m := drawn(seed, 160, 120)
		original, clear := lookOf(t, asPNG(t, m))
		if !clear {
			t.Errorf("picture %d shows nothing", seed)
		}
		scaled := image.NewRGBA(image.Rect(0, 0, 70, 52))
		draw.ApproxBiLinear.Scale(scaled, scaled.Bounds(), m, m.Bounds(), draw.Src, nil)
		for name, file := range map[string][]byte{
			"quality 30": asJPEG(t, m, 30), "quality 75": asJPEG(t, m, 75), "scaled": asPNG(t, scaled),
			"trimmed": asPNG(t, m.SubImage(image.Rect(1, 1, 159, 119))),
		} {
			if copied, _ := lookOf(t, file); !original.near(&copied) {
				t.Errorf("picture %d, %s: %d bits differ, colors alike %t", seed, name, original.distance(&copied),
					original.tinted(&copied, 1))
			}
		}
		mirrored, recolored := image.NewRGBA(m.Rect), image.NewRGBA(m.Rect)
		for y := range 120 {
			for x := range 160 {
				c := m.RGBAAt(x, y)
				mirrored.SetRGBA(159-x, y, c)
				c.R, c.B = c.R/2, c.B/2+127
				recolored.SetRGBA(x, y, c)
			}
		}
		for name, other := range map[string]image.Image{"mirrored": mirrored, "recolored": recolored} {
			if changed, _ := lookOf(t, asPNG(t, other)); original.near(&changed) {
				t.Errorf("picture %d is nearly itself %s", seed, name)
			}
		}
		for i := range all {
			if original.near(&all[i]) {
				t.Errorf("pictures %d and %d are nearly the same", i, seed)
			}
		}
		all = append(all, original)
	}
	if _, clear := lookOf(t, asPNG(t, gray(9))); clear {
		t.Error("a plain gray picture shows something")
	}
}

// TestNearest compares the index with a search of all pairs, over hashes of
// which many differ by a few bits.
func TestNearest(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	pictures := make([]picture, 3000)
	rows := make([]uint32, len(pictures))
	for i := range pictures {
		rows[i] = uint32(i)
		pictures[i].look.bits = rng.Uint64()
		if i > 0 && i%3 > 0 {
			pictures[i].look.bits = pictures[rng.IntN(i)].look.bits
			for range rng.IntN(10) {
				pictures[i].look.bits ^= 1 << rng.IntN(64)
			}
		}
		if i%50 == 0 {
			pictures[i].flags |= blank
		}
	}
	for _, workers := range []int{1, 3} {
		got, err := newIndex(pictures, rows).twins(t.Context(), workers, pictures, rows, true)
		must(t, err)
		slices.SortFunc(got, func(a, b twin) int { return int(a.row) - int(b.row) })
		var want []twin
		for i := range pictures {
			best := twin{uint32(i), 0, nearBits + 1}
			for j := range i {
				d := bits.OnesCount64(pictures[i].look.bits ^ pictures[j].look.bits)
				if d < best.bits && !pictures[i].is(blank) && !pictures[j].is(blank) {
					best.original, best.bits = uint32(j), d
				}
			}
			if best.bits <= nearBits {
				want = append(want, best)
			}
		}
		if !slices.Equal(got, want) || len(want) < 500 {
			t.Errorf("%d workers find %d near pictures, want %d", workers, len(got), len(want))
		}
	}
}

func TestScript(t *testing.T) {
	for text, want := range map[string]string{
		"a red circle": "Latin", "Ünïcödé": "Latin", "красный circle квадрат": "Cyrillic", "红色的圆": "Han",
		"赤い円": "Japanese", "カメラ": "Japanese",
		"빨간 원": "Hangul", "دائرة": "Arabic", "ⴰⵣⵓⵍ": "Tifinagh", "12 + 3 😀": noLetters, "": noLetters, "1 a ж": "Latin",
	} {
		if got := script(text); got != want {
			t.Errorf("script of %q = %s, want %s", text, got, want)
		}
	}
}

func TestFormat(t *testing.T) {
	for file, want := range map[string]string{
		"\xff\xd8\xff": "JPEG", "RIFF1234WEBPVP8 ": "WebP", "\x00\x00\x00\x1cftypavif": "AVIF",
		"<!DOCTYPE HTML><html>": "HTML page", "": "unknown", "hello": "unknown",
	} {
		if got := format([]byte(file)); got != want {
			t.Errorf("format of %q = %s, want %s", file, got, want)
		}
	}
}

func TestKind(t *testing.T) {
	if got, want := kind("png of 30000 x 200 pixels; want at most 128000000 in all"),
		"png of N x N pixels; want at most N in all"; got != want {
		t.Errorf("kind = %q, want %q", got, want)
	}
}
