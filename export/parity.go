package export

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goclip/goclip/foreign"
	"github.com/goclip/goclip/internal/atomicfile"
	"github.com/goclip/goclip/model"
)

// Tolerance is how far an element of a unit row may be from the model's.
const Tolerance = 1e-5

// A Report says what was written and how it compares with the model.
type Report struct {
	Dir    string
	Format Format
	Files  []string
	Notes  []string // where the form computes something else in rare cases

	// Probes is how many pictures and how many texts went through the folder as it was
	// read back, and Images and Texts the largest differences of elements of their unit
	// rows, Pixels of the prepared pictures. IDs counts texts with other token ids up to
	// what the model sees. Of graphs (onnx) the stored weights are compared, all equal, and
	// nothing is computed: Probes is 0.
	Probes                int
	Images, Texts, Pixels float64
	IDs                   int

	source *result // what the model itself makes of the probes; nil if nobody has asked yet
}

// compare reads the folder dir back and compares it with m.
func compare(m *Model, to Format, dir string) (r *Report, err error) {
	r = &Report{Format: to}
	if to == ONNX {
		return r, compareGraphs(m, dir)
	}
	given := m
	if m.given != nil {
		given = m.given
	}
	if r.source, err = encodeProbes(given.CLIP, given.Preprocess, given.Tokenizer); err != nil {
		return nil, err
	}
	r.source.ids = probeIDs(m.Tokenizer, m.CLIP.Config().Text.ContextLength)
	f, err := foreign.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("read back: %w", err)
	}
	clip, err := foreign.Load(f.Weights, f.Config)
	if err != nil {
		return nil, fmt.Errorf("read back: %w", err)
	}
	have, err := encodeProbes(clip, f.Preprocess, f.Tokenizer)
	if err != nil {
		return nil, fmt.Errorf("read back: %w", err)
	}
	r.Probes = probes
	r.Pixels = largest(have.pixels, r.source.pixels)
	r.Images, r.Texts = largest(have.images, r.source.images), largest(have.texts, r.source.texts)
	r.IDs = differing(m.CLIP.Config().Text, have.ids, r.source.ids)
	if !(max(r.Images, r.Texts) <= Tolerance) || r.IDs > 0 {
		return nil, fmt.Errorf("read back, %d of %d texts have other ids, and unit features differ by %.1e (images) "+
			"and %.1e (texts); want none, and at most %g", r.IDs, probes, r.Images, r.Texts, Tolerance)
	}
	scale, bias := clip.LogitScale()/m.CLIP.LogitScale()-1, clip.LogitBias()-m.CLIP.LogitBias()
	if !(math.Abs(scale) <= Tolerance) || !(math.Abs(bias) <= Tolerance) {
		return nil, fmt.Errorf("read back, logit scale %g and bias %g; want %g, %g",
			clip.LogitScale(), clip.LogitBias(), m.CLIP.LogitScale(), m.CLIP.LogitBias())
	}
	return r, nil
}

// largest is the largest difference of elements; NaN if there is one, or if lengths differ.
func largest(have, want []float32) (d float64) {
	if len(have) != len(want) {
		return math.NaN()
	}
	for i, v := range have {
		if x := math.Abs(float64(v) - float64(want[i])); !(x <= d) {
			d = x
		}
	}
	return d
}

// differing counts texts whose ids differ in what the model sees of them.
func differing(c model.TextConfig, have, want []int32) (n int) {
	t := c.ContextLength
	for at := 0; at < len(want); at += t {
		seen := c.Used(want[at:][:t])
		if at+t > len(have) || !slices.Equal(have[at:][:seen], want[at:][:seen]) {
			n++
		}
	}
	return n
}

// Print writes the report for people.
func (r *Report) Print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "wrote %s: %s\n", r.Dir, strings.Join(r.Files, ", "))
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "note: %s\n", note)
	}
	if r.Probes == 0 {
		b.WriteString("read back: every weight of both graphs equals the model's; features of graphs are not computed " +
			"here (bench/interop.py does, with onnxruntime)\n")
	} else {
		fmt.Fprintf(&b, "read back: %d pictures and %d texts: largest difference of unit features %.1e (images), "+
			"%.1e (texts), of pixels %.1e, ids the same\n", r.Probes, r.Probes, r.Images, r.Texts, r.Pixels)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// probeFile is what the model itself makes of the probes, for bench/interop.py.
type probeFile struct {
	Format     Format      `json:"format"`
	Dir        string      `json:"dir"`
	Size       int         `json:"size"`
	Pictures   [][]byte    `json:"pictures"` // PNG, in base 64
	Texts      []string    `json:"texts"`
	IDs        [][]int32   `json:"ids"`
	Seen       []int       `json:"seen"`   // how many of the ids the model sees
	Pixels     []byte      `json:"pixels"` // (64, 3, S, S), float32, little-endian, in base 64
	Images     [][]float32 `json:"image_features"`
	TextRows   [][]float32 `json:"text_features"`
	LogitScale float64     `json:"logit_scale"`
	LogitBias  float64     `json:"logit_bias"`
}

// WriteProbes writes the probes, and what m makes of them, as JSON.
func (r *Report) WriteProbes(path string, m Model) error {
	c := m.CLIP.Config()
	if r.source == nil {
		var err error
		if r.source, err = encodeProbes(m.CLIP, m.Preprocess, m.Tokenizer); err != nil {
			return err
		}
	}
	dir, err := filepath.Abs(r.Dir)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	f := probeFile{
		Format: r.Format, Dir: dir, Size: c.Image.Size, Texts: probeTexts(), IDs: rows(r.source.ids, c.Text.ContextLength),
		Images: rows(r.source.images, c.EmbedDim), TextRows: rows(r.source.texts, c.EmbedDim),
		LogitScale: m.CLIP.LogitScale(), LogitBias: m.CLIP.LogitBias(),
	}
	for _, v := range r.source.pixels {
		f.Pixels = binary.LittleEndian.AppendUint32(f.Pixels, math.Float32bits(v))
	}
	for _, ids := range f.IDs {
		f.Seen = append(f.Seen, c.Text.Used(ids))
	}
	for _, picture := range probePictures(c.Image.Size) {
		file, err := pngOf(picture)
		if err != nil {
			return fmt.Errorf("export: %w", err)
		}
		f.Pictures = append(f.Pictures, file)
	}
	if err := atomicfile.Write(path, func(w io.Writer) error { return json.NewEncoder(w).Encode(f) }); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	return nil
}

func rows[T any](all []T, n int) [][]T { return slices.Collect(slices.Chunk(all, n)) }
