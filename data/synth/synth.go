// Package synth draws the quickstart world: colored shapes with captions, in
// Parquet shards. It is large enough to learn CLIP's point from in a minute:
// some combinations of a color and a shape never occur in training, though
// each color and each shape does, and a trained model names them all the same.
package synth

import (
	"fmt"
	"math/rand/v2"
)

// A paint is a name and the red, green and blue of its middle.
type paint struct {
	name string
	rgb  [3]uint8
}

// colors are far apart, and each is one word.
var colors = []paint{
	{"red", [3]uint8{222, 36, 36}},
	{"orange", [3]uint8{245, 130, 28}},
	{"yellow", [3]uint8{250, 222, 48}},
	{"green", [3]uint8{32, 150, 58}},
	{"cyan", [3]uint8{40, 205, 222}},
	{"blue", [3]uint8{40, 70, 225}},
	{"purple", [3]uint8{130, 46, 170}},
	{"pink", [3]uint8{250, 140, 192}},
	{"brown", [3]uint8{122, 70, 28}},
	{"black", [3]uint8{18, 18, 18}},
	{"gray", [3]uint8{132, 132, 132}},
	{"white", [3]uint8{250, 250, 250}},
}

// Config says which world is drawn; the same config gives the same bytes.
type Config struct {
	// Seed chooses all that is random.
	Seed uint64 `yaml:"seed"`

	// Size is the width and height of an image in pixels, 32 to 64; 0 means 32.
	Size int `yaml:"size"`

	// Train, ValSeen and ValUnseen count the pairs of each split; 0 means
	// 24,000, 1,000 and 1,000. ValUnseen has only combinations that never
	// occur in training, ValSeen has only others.
	Train     int `yaml:"train"`
	ValSeen   int `yaml:"val_seen"`
	ValUnseen int `yaml:"val_unseen"`

	// ShardRows is the number of pairs in a full shard; 0 means 6,000.
	ShardRows int `yaml:"shard_rows"`

	// Layout is the form of the shards: huggingface (image{bytes, path},
	// caption, label) or img2dataset (key, png, caption, status and more).
	// Empty means huggingface.
	Layout string `yaml:"layout"`
}

// SetDefaults fills in what is 0 or empty.
func (c *Config) SetDefaults() {
	for _, field := range []struct {
		value *int
		zero  int
	}{{&c.Size, 32}, {&c.Train, 24_000}, {&c.ValSeen, 1000}, {&c.ValUnseen, 1000}, {&c.ShardRows, 6000}} {
		if *field.value == 0 {
			*field.value = field.zero
		}
	}
	if c.Layout == "" {
		c.Layout = "huggingface"
	}
}

// Validate reports the first field that cannot work.
func (c Config) Validate() error {
	c.SetDefaults()
	switch {
	case c.Size < 32 || c.Size > 64:
		return fmt.Errorf("synth: size %d; want 32 to 64 pixels", c.Size)
	case c.Train < 1 || c.ValSeen < 1 || c.ValUnseen < 1:
		return fmt.Errorf("synth: train %d, val_seen %d, val_unseen %d; want at least one pair each",
			c.Train, c.ValSeen, c.ValUnseen)
	case c.ShardRows < 1:
		return fmt.Errorf("synth: shard_rows %d; want at least 1", c.ShardRows)
	case c.Layout != "huggingface" && c.Layout != "img2dataset":
		return fmt.Errorf("synth: layout %q; want huggingface or img2dataset", c.Layout)
	}
	return nil
}

// A Split is a part of the world.
type Split int

// The splits. Unseen holds the combinations that Train and Seen never have.
const (
	Train Split = iota
	Seen
	Unseen
)

// String is the beginning of the names of a split's shards.
func (s Split) String() string { return [...]string{"train", "val-seen", "val-unseen"}[s] }

// Classes names every combination of a color and a shape, seen in training or
// not, such as "red circle". The label of a pair is an index into it.
func Classes() []string {
	var names []string
	for _, c := range colors {
		for _, s := range shapes {
			names = append(names, c.name+" "+s.name)
		}
	}
	return names
}

// HeldOut says whether a class never occurs in training: two shapes of each
// color, and so two colors of each shape, a sixth of all.
func HeldOut(class int) bool { return (class/len(shapes)+class%len(shapes))%6 == 1 }

// Templates are prompts for the classes, in words that captions use too.
func Templates() []string {
	return []string{"{}", "the {}", "one {}", "a picture of one {}", "there is one {} in the picture"}
}

// A Scene says what one image shows. Lengths are in parts of the image's side.
type Scene struct {
	Class   int     // index into Classes
	Texture int     // index into the names plain, striped, dotted, checkered
	Size    int     // 0 small, 1 neither, 2 large
	Across  int     // -1 left, 0 middle, 1 right
	Down    int     // -1 top, 0 middle, 1 bottom
	Radius  float64 // half the width of the shape
	X, Y    float64 // its middle
	Turn    float64 // radians
	Stretch float64 // width over height
	Color   [3]uint8
	Ground  [3]uint8
	Caption string
}

// Scene returns pair i of a split. Of as many pairs as there are classes, each
// class is one, so colors and shapes are equally frequent.
func (c Config) Scene(split Split, i int) Scene {
	classes := classesOf(split)
	block := uint64(split)<<60 | uint64(i/len(classes))<<1
	place := rand.New(rand.NewPCG(c.Seed, block)).Perm(len(classes))[i%len(classes)]
	rng := rand.New(rand.NewPCG(c.Seed, uint64(split)<<60|uint64(i)<<1|1))

	s := Scene{
		Class:   classes[place],
		Texture: max(0, rng.IntN(6)-2), // half of all are plain
		Size:    rng.IntN(3),
		Across:  rng.IntN(3) - 1,
		Down:    rng.IntN(3) - 1,
		Turn:    uniform(rng, -0.12, 0.12),
		Stretch: uniform(rng, 0.92, 1.08),
	}
	s.Radius = [3]float64{0.28, 0.35, 0.42}[s.Size] + uniform(rng, -0.02, 0.02)
	slack := 0.49 - 1.05*s.Radius
	s.X = 0.5 + slack*(0.85*float64(s.Across)+uniform(rng, -0.15, 0.15))
	s.Y = 0.5 + slack*(0.85*float64(s.Down)+uniform(rng, -0.15, 0.15))
	s.Color = vary(rng, colors[s.Class/len(shapes)].rgb, 12)
	s.Ground = ground(rng, s.Color)
	s.Caption = caption(rng, s)
	return s
}

// classesOf lists the classes of a split.
func classesOf(split Split) (classes []int) {
	for class := range len(colors) * len(shapes) {
		if HeldOut(class) == (split == Unseen) {
			classes = append(classes, class)
		}
	}
	return classes
}

// grounds are pale and dark colors of paper.
var grounds = [][3]uint8{{244, 238, 222}, {210, 226, 240}, {216, 234, 212}, {36, 42, 56}, {54, 42, 40}, {30, 58, 52}}

// ground chooses a background on which a color can be seen.
func ground(rng *rand.Rand, color [3]uint8) [3]uint8 {
	for {
		g := vary(rng, grounds[rng.IntN(len(grounds))], 10)
		for i := range g {
			if max(g[i], color[i])-min(g[i], color[i]) > 90 {
				return g
			}
		}
	}
}

// vary moves each part of a color by at most by.
func vary(rng *rand.Rand, c [3]uint8, by int) [3]uint8 {
	for i := range c {
		c[i] = uint8(min(max(int(c[i])+rng.IntN(2*by+1)-by, 0), 255))
	}
	return c
}

func uniform(rng *rand.Rand, lo, hi float64) float64 { return lo + (hi-lo)*rng.Float64() }
