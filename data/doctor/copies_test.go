package doctor

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/image/draw"

	"github.com/goclip/goclip/data"
	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/data/synth"
)

// copied are the copies of a picture that people make: smaller and larger ones, ones that
// are compressed again, trimmed by 2 % at each side, and brightened.
func copied(t *testing.T, m *image.RGBA) map[string]*preprocess.Image {
	t.Helper()
	b := m.Bounds()
	saved := func(m image.Image, quality int) *preprocess.Image {
		var w bytes.Buffer
		must(t, jpeg.Encode(&w, m, &jpeg.Options{Quality: quality}))
		p, err := preprocess.Decode(w.Bytes(), preprocess.DefaultMaxPixels)
		must(t, err)
		return p
	}
	scaled := func(by float64) image.Image {
		s := image.NewRGBA(image.Rect(0, 0, int(by*float64(b.Dx())), int(by*float64(b.Dy()))))
		draw.CatmullRom.Scale(s, s.Rect, m, b, draw.Src, nil)
		return s
	}
	dx, dy := max(1, b.Dx()/50), max(1, b.Dy()/50)
	bright := image.NewRGBA(b)
	for y := range b.Dy() {
		for x := range b.Dx() {
			c := m.RGBAAt(x, y)
			more := func(v uint8) uint8 { return uint8(min(255, 1.1*float64(v)+4)) }
			bright.SetRGBA(x, y, color.RGBA{more(c.R), more(c.G), more(c.B), 255})
		}
	}
	return map[string]*preprocess.Image{
		"scaled to 3/4": saved(scaled(0.75), 90), "scaled to 3/2": saved(scaled(1.5), 90),
		"quality 60": saved(m, 60), "quality 85": saved(m, 85),
		"trimmed":    saved(m.SubImage(image.Rect(dx, dy, b.Dx()-dx, b.Dy()-dy)), 90),
		"brightened": saved(bright, 90),
	}
}

// What the search for near pictures must reach: the share of what it finds that are
// copies, and the share of copies of each kind that it finds.
const leastPrecision, leastRecall = 0.95, 0.9

// TestNearPairs makes copies of pictures of each kind of data and looks for them among
// all: what is found must be copies, and copies must be found. Pictures that are
// copies of each other in the data itself count as errors.
func TestNearPairs(t *testing.T) {
	if testing.Short() {
		t.Skip("looks at some thousand pictures")
	}
	world := filepath.Join(t.TempDir(), "world")
	must(t, synth.Write(t.Context(), world, synth.Config{Seed: 1, Train: 600, ValSeen: 4, ValUnseen: 4}))
	shared := filepath.Join("..", "..", "..", "shared", "data")
	for name, patterns := range map[string]string{
		"quickstart": filepath.Join(world, "train-*.parquet"),
		"openmoji":   filepath.Join(shared, "openmoji/hf/train-*.parquet"),
		"cifar10":    filepath.Join(shared, "cifar10/hf/train-*.parquet"),
		"photos":     filepath.Join(shared, "photo-captions/hf/train-*.parquet"),
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := os.Stat(shared); err != nil && name != "quickstart" {
				t.Skipf("no data: %v", err)
			}
			nearPairs(t, patterns)
		})
	}
}

func nearPairs(t *testing.T, patterns string) {
	const originals, copiedOnes = 600, 60
	s, err := data.OpenSurvey(t.Context(), patterns, data.Config{}, data.Need{})
	must(t, err)
	l := newLooker()
	var pictures []picture
	var of []int // the original of each
	var kinds []string
	add := func(m *preprocess.Image, original int, kind string) {
		k, clear := l.look(m)
		p := picture{look: k}
		if !clear {
			p.flags |= blank
		}
		pictures, of, kinds = append(pictures, p), append(of, original), append(kinds, kind)
	}
	var sources []*image.RGBA
	for rows, err := range s.Rows(t.Context(), true) {
		must(t, err)
		for i := range rows {
			m, err := preprocess.Decode(rows[i].Image, preprocess.DefaultMaxPixels)
			if err != nil || len(pictures) >= originals {
				continue
			}
			if len(sources) < copiedOnes {
				sources = append(sources, m.RGBA())
			}
			add(m, len(pictures), "")
		}
	}
	made := map[string]int{}
	for i, m := range sources {
		if pictures[i].is(blank) {
			continue
		}
		all := copied(t, m)
		for _, kind := range slices.Sorted(maps.Keys(all)) {
			add(all[kind], i, kind)
			made[kind]++
		}
	}
	rows := make([]uint32, len(pictures))
	for i := range rows {
		rows[i] = uint32(i)
	}
	twins, err := newIndex(pictures, rows).twins(t.Context(), 2, pictures, rows, true)
	must(t, err)
	right, found := 0, map[string]int{}
	for _, w := range twins {
		if of[w.row] == of[w.original] {
			right++
			found[kinds[w.row]]++
		}
	}
	if precision := float64(right) / float64(len(twins)); precision < leastPrecision {
		t.Errorf("of %d pictures that are found %d are copies: precision %.3f; want %.2f", len(twins), right, precision, leastPrecision)
	}
	for kind, n := range made {
		if recall := float64(found[kind]) / float64(n); recall < leastRecall {
			t.Errorf("%s: %d of %d copies are found: recall %.3f; want %.2f", kind, found[kind], n, recall, leastRecall)
		}
	}
	t.Logf("%d pictures: %d found, %d copies; %v of %v", len(pictures), len(twins), right, found, made)
}
