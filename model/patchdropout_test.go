package model

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// dropped is a model of 16 patches, of which a step computes 4.
func dropped() Config {
	return Config{
		EmbedDim: 8, Image: ImageConfig{Size: 16, Patch: 4, Width: 16, Layers: 2, Heads: 2, PatchDropout: 0.75},
		Text: TextConfig{ContextLength: 8, VocabSize: 50, Width: 8, Layers: 1, Heads: 1},
	}
}

// dropoutVariants are dropped with a class token, and without one.
func dropoutVariants() map[string]Config {
	class, first, average, siglip := dropped(), dropped(), dropped(), dropped()
	first.Image.Pool, first.Image.PoolFirst = "average", true
	average.Image.Pool, average.Image.NoClassToken = "average", true
	siglip.Image.Pool, siglip.Image.NoClassToken, siglip.Image.NoLnPre = "map", true, true
	return map[string]Config{"class": class, "average first": first, "average": average, "map": siglip}
}

func newStep(t *testing.T, m *CLIP, c StepConfig) Step {
	t.Helper()
	s, err := m.NewStep(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range s.Images() {
		s.Images()[i] = float32(rng.NormFloat64())
	}
	for i := range s.Tokens() {
		s.Tokens()[i] = int32(rng.IntN(50))
	}
	return s
}

func keptBy(s Step) []int32 {
	switch s := s.(type) {
	case *TrainStep:
		return s.ids
	case *MicroStep:
		return s.ids
	}
	return nil
}

// TestPatchDropoutSubset holds that the embedding of an image is that which the encoder
// of a model with a smaller grid has of the kept patches alone, at their positions.
func TestPatchDropoutSubset(t *testing.T) {
	for name, c := range dropoutVariants() {
		m, err := New(c, 1)
		if err != nil {
			t.Fatal(err)
		}
		s := newStep(t, m, StepConfig{Batch: 3})
		s.DrawPatches(7, 11)
		if _, err := s.Run(); err != nil {
			t.Fatal(err)
		}
		small := c
		small.Image.Size, small.Image.PatchDropout = 8, 0
		for i := range 3 {
			kept := keptBy(s)[i*c.Image.keptTokens():][:c.Image.keptTokens()]
			got := s.ImageEmbeddings()[i*8:][:8]
			want := encodeKept(t, m, small, s.Images()[i*3*16*16:][:3*16*16], kept)
			for j := range want {
				if !(math.Abs(float64(got[j]-want[j])) <= 1e-6) {
					t.Errorf("%s: image %d, patches %v: [%d] = %g, want %g within 1e-6", name, i, kept, j, got[j], want[j])
				}
			}
		}
	}
}

// encodeKept is the embedding that a model of small, with the parameters of m, has of a
// picture of the kept patches of image (3, 16, 16).
func encodeKept(t *testing.T, m *CLIP, small Config, image []float32, kept []int32) []float32 {
	t.Helper()
	n, err := New(small, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range n.Params() {
		from := m.byName[p.Name].Value
		if p.Name != "visual.positional_embedding" {
			copy(p.Value, from)
			continue
		}
		for i, id := range kept {
			copy(p.Value[i*16:][:16], from[id*16:])
		}
	}
	e, err := n.NewImageEncoder(EncoderConfig{Batch: 1}, nil)
	if err != nil {
		t.Fatal(err)
	}
	class := small.Image.classTokens()
	for i, id := range kept[class:] {
		patch := int(id) - class
		for row := range 3 * 4 { // of a channel and a patch
			channel, y := row/4, row%4
			to, from := channel*8*8+(i/2*4+y)*8+i%2*4, channel*16*16+(patch/4*4+y)*16+patch%4*4
			copy(e.Images()[to:][:4], image[from:])
		}
	}
	y, err := e.Run()
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// TestPatchDropoutSteps holds that micro-batches keep the patches of the whole batch and
// have its gradients, and that recomputed blocks have the same bits.
func TestPatchDropoutSteps(t *testing.T) {
	for name, c := range dropoutVariants() {
		for _, bf16 := range []bool{false, true} {
			m, err := New(c, 1)
			if err != nil {
				t.Fatal(err)
			}
			gradients := func(c StepConfig) (all []float32, s Step) {
				s = newStep(t, m, c)
				s.DrawPatches(7, 11)
				if _, err := s.Run(); err != nil {
					t.Fatal(err)
				}
				for _, p := range m.Params() {
					all = append(all, p.Grad...)
				}
				return all, s
			}
			want, whole := gradients(StepConfig{Batch: 5, BF16: bf16})
			again, _ := gradients(StepConfig{Batch: 5, BF16: bf16, Rematerialize: true})
			if !slices.Equal(again, want) {
				t.Errorf("%s, bf16 %t: gradients with recomputed blocks differ", name, bf16)
			}
			micro, parts := gradients(StepConfig{Batch: 5, BF16: bf16, MicroBatch: 2})
			if !slices.Equal(keptBy(parts), keptBy(whole)) {
				t.Errorf("%s: micro-batches keep %v, want %v", name, keptBy(parts), keptBy(whole))
			}
			for i := range want {
				if !(math.Abs(float64(micro[i]-want[i])) <= 1e-5) {
					t.Fatalf("%s, bf16 %t: gradient %d in micro-batches is %g, want %g within 1e-5", name, bf16, i, micro[i], want[i])
				}
			}
			if have, all := whole.Stats().ArenaBytes, arena(t, m, bf16); have > all*2/3 {
				t.Errorf("%s: arena of %d bytes, where all patches take %d", name, have, all)
			}
		}
	}
}

// arena is what a step of m takes that computes all patches.
func arena(t *testing.T, m *CLIP, bf16 bool) int {
	t.Helper()
	c := m.config
	c.Image.PatchDropout = 0
	n, err := Blank(c)
	if err != nil {
		t.Fatal(err)
	}
	s, err := n.NewStep(StepConfig{Batch: 5, BF16: bf16}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s.Stats().ArenaBytes
}

// TestDrawPatches holds that a draw is a function of seed and step, has distinct patches
// in order behind the class token, and that all patches have their turn.
func TestDrawPatches(t *testing.T) {
	c := dropped().Image
	k := keptTokens{image: c, ids: make([]int32, 100*c.keptTokens())}
	draw := func(seed uint64, step int) []int32 {
		k.DrawPatches(seed, step)
		return slices.Clone(k.ids)
	}
	first := draw(1, 1)
	if !slices.Equal(draw(1, 1), first) || slices.Equal(draw(1, 2), first) || slices.Equal(draw(2, 1), first) {
		t.Error("a draw repeats, or does not depend on seed and step")
	}
	var count [17]int
	for row := first; len(row) > 0; row = row[5:] {
		if row[0] != 0 || !slices.IsSorted(row[:5]) || len(slices.Compact(slices.Clone(row[:5]))) != 5 {
			t.Fatalf("kept %v; want the class token, 0, and 4 patches", row[:5])
		}
		for _, id := range row[:5] {
			count[id]++
		}
	}
	if least, most := slices.Min(count[1:]), slices.Max(count[1:]); least < 10 || most > 45 || count[0] != 100 {
		t.Errorf("of 100 draws, tokens are kept %v times; want about 25 of each patch", count)
	}
}

// TestPatchDropoutCount has the numbers of open_clip's PatchDropout.
func TestPatchDropoutCount(t *testing.T) {
	for _, test := range []struct {
		size, want int
		p          float64
	}{{16, 16, 0}, {16, 8, 0.5}, {16, 4, 0.75}, {16, 1, 0.99}, {12, 4, 0.5}, {12, 6, 0.3}, {28, 24, 0.5}} {
		c := dropped()
		c.Image.Size, c.Image.PatchDropout = test.size, test.p
		if got := c.Image.keptPatches(); got != test.want {
			t.Errorf("patch_dropout %g of %d patches keeps %d, want %d", test.p, c.Image.patches(), got, test.want)
		}
	}
	for _, p := range []float64{-0.1, 1, math.NaN()} {
		c := dropped()
		c.Image.PatchDropout = p
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "image.patch_dropout") {
			t.Errorf("patch_dropout %g: %v; want it refused", p, err)
		}
	}
	c := dropped()
	m, err := New(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Freeze([]string{"visual.*"}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.NewStep(StepConfig{Batch: 2, CachedImages: true}, nil); err == nil || !strings.Contains(err.Error(), "image.patch_dropout 0.75") {
		t.Errorf("cached embeddings with patch dropout: %v; want them refused", err)
	}
	full := c
	full.Image.PatchDropout = 0
	blocks := 2. * (8*16*16 + 4*16*64) // for one token
	pairs := 4. * 2 * 16 * (17*17 - 5*5)
	if got, want := full.StepFLOPs(StepConfig{Batch: 2})-c.StepFLOPs(StepConfig{Batch: 2}), 3*(12*blocks+pairs); got != want {
		t.Errorf("12 patches that are left out save %g FLOPs, want %g", got, want)
	}
}
