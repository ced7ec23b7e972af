package preprocess

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// makers are the models whose pixels testdata/foreign and the shared folders have,
// with what their configs say, by name: those of open_clip 3.3, transformers 4.57 and
// transformers 5.24 (hf-clip), all over Pillow 13.
var makers = map[string]struct {
	size   int
	config Config
}{
	"hf-bin":             {32, Config{CropOffset: "floor"}},
	"hf-clip":            {32, Config{CropOffset: "floor", Alpha: "white"}},
	"hf-clip-old":        {32, Config{CropOffset: "floor"}},
	"hf-siglip":          {64, Config{Normalize: "inception", Resize: "squash"}},
	"hf-siglip2":         {32, Config{Normalize: "inception", Resize: "squash", Interpolation: "bilinear"}},
	"oc-default-vocab":   {32, Config{Convert: "after"}},
	"oc-pool-variants":   {32, Config{Convert: "after", Resize: "squash", Interpolation: "bilinear"}},
	"oc-siglip":          {32, Config{Convert: "after", Resize: "squash"}},
	"oc-vit":             {32, Config{Convert: "after"}},
	"oc-vit-custom-text": {32, Config{Convert: "after", Interpolation: "bilinear"}},
	"pt-epoch":           {24, Config{Convert: "after"}},
}

// TestForeignPixels compares with what open_clip and transformers make of files
// before they normalize, to the bit.
func TestForeignPixels(t *testing.T) {
	folders := []string{"testdata/foreign"}
	if all := filepath.Join(shared, "parity/foreign"); exists(all) {
		folders = append(folders, all)
	}
	for _, folder := range folders {
		for name, maker := range makers {
			files, err := filepath.Glob(filepath.Join(folder, name, "pixels", "*.png"))
			if err != nil || len(files) == 0 && folder != folders[0] {
				t.Errorf("%s/%s: no golden values, %v", folder, name, err)
			}
			config := maker.config
			config.PillowVersion = 13
			for _, file := range files {
				input := filepath.Join(folder, name, "inputs", filepath.Base(file))
				comparePixels(t, input, file, config, maker.size)
			}
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// comparePixels compares the square made of one file with another file.
func comparePixels(t *testing.T, input, wanted string, config Config, size int) {
	t.Helper()
	if err := config.Validate(); err != nil {
		t.Fatal(err)
	}
	p := NewProcessor(config, size)
	m, err := p.Decode(read(t, input))
	if err != nil {
		t.Errorf("%s: %v", input, err)
		return
	}
	p.fit(m)
	want, err := Decode(read(t, wanted), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if len(want.Pix) != len(p.square) {
		t.Fatalf("%s: %d bytes, want %d", wanted, len(want.Pix), len(p.square))
	}
	for i, v := range want.Pix {
		if p.square[i] != v {
			t.Errorf("%s with %+v: value %d is %d; want %d", input, config, i, p.square[i], v)
			return
		}
	}
}

// TestPillow compares with Pillow of both orders of passes and with the other keys,
// on files and in crops that testdata/make_foreign.py chooses.
func TestPillow(t *testing.T) {
	n := 0
	for line := range strings.Lines(string(read(t, "testdata/foreign/pillow.txt"))) {
		var name, want string
		var c Config
		var size int
		if _, err := fmt.Sscan(line, &name, &size, &c.Resize, &c.ResizeSize, &c.Interpolation, &c.CropOffset,
			&c.Alpha, &c.Convert, &c.PillowVersion, &want); err != nil {
			t.Fatal(err)
		}
		c.Fill = []int{9, 8, 7}
		p := NewProcessor(c, size)
		m, err := p.Decode(read(t, filepath.Join("testdata", name)))
		if err != nil {
			t.Fatal(err)
		}
		if p.fit(m); sum(p.square) != want {
			t.Errorf("%s: sum %s, want %s", strings.TrimSpace(line), sum(p.square), want)
		}
		n++
	}
	if n < 50 {
		t.Errorf("%d golden values, want 50 or more", n)
	}
}
