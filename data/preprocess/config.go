package preprocess

import "fmt"

// Config says how images become the input of a model. Evaluation must use what
// training used, so it is part of a checkpoint.
type Config struct {
	// Normalize names a mean and a standard deviation: clip, measured on CLIP's
	// training data; imagenet; or inception, 0.5 for all, which SigLIP uses. Empty
	// means clip. Mean and Std give others, one for each channel. The input of a
	// model is (v * Rescale - mean) / std, v from 0 to 255. Rescale 0 means 1/255.
	Normalize string    `yaml:"normalize"`
	Mean      []float64 `yaml:"mean"`
	Std       []float64 `yaml:"std"`
	Rescale   float64   `yaml:"rescale"`

	// Resize fits an image into the square: shortest scales its shorter side
	// and cuts the rest off around the middle, squash scales both sides,
	// longest scales the longer one and leaves Fill beside. Empty means shortest.
	Resize string `yaml:"resize"`

	// ResizeSize is the length in pixels that Resize, shortest or squash, scales
	// to, before the middle of the model's size is cut out, with Fill around it where
	// the image is smaller; 0 means the model's size. It is shortest_edge beside
	// crop_size in transformers.
	ResizeSize int `yaml:"resize_size"`

	// Fill is the color beside an image that does not fill the square: red, green
	// and blue, 0 to 255. Empty means black.
	Fill []int `yaml:"fill"`

	// Interpolation is Pillow's filter, bicubic or bilinear, made wider where an
	// image shrinks. Empty means bicubic.
	Interpolation string `yaml:"interpolation"`

	// CropOffset says which pixel the middle starts at where half of the rest is
	// no whole number: round, to even, as torchvision and open_clip, or floor, as
	// transformers. They are a pixel apart where the rest is 3 more than a multiple
	// of 4. Empty means round.
	CropOffset string `yaml:"crop_offset"`

	// Alpha says what becomes of transparency: drop shows the colors that it hides,
	// as open_clip and transformers 4, white lays the image on white, as
	// transformers 5. Empty means drop.
	Alpha string `yaml:"alpha"`

	// Convert says when an image becomes RGB: before the resize, as in transformers,
	// or after it, as in open_clip 3.3, where images with a palette or 1 bit a pixel
	// are scaled by the nearest pixel, and transparent pixels count in proportion to
	// their alpha. Only these images, and those in CMYK, differ. Empty means before.
	Convert string `yaml:"convert"`

	// PillowVersion says in which order a resize scales the two sides: 12, as every
	// version before it, the rows first; 13 the columns first where H > h and
	// H-h > 2 (W-w) for W x H pixels that become w x h, so for most tall images.
	// Their pixels differ by up to 8 of 255. 0 means 12, the order under which models
	// published before Pillow 13 were trained and their scores measured.
	PillowVersion int `yaml:"pillow_version"`

	// Orient turns images as their EXIF data say. False, as in open_clip, takes
	// the pixels as they are stored.
	Orient bool `yaml:"orient"`

	// MaxPixels refuses larger images before they are decoded; 0 means
	// 128,000,000.
	MaxPixels int `yaml:"max_pixels"`

	// ScaledJPEG decodes large JPEG files at 1/2, 1/4 or 1/8 of their size, the
	// smallest whose shorter side is no shorter than the model's image, before
	// they are resized: faster, and with other pixels, those after Pillow's
	// draft. A random crop is cut out of the smaller image. It needs a program
	// built with -tags turbojpeg.
	ScaledJPEG bool `yaml:"scaled_jpeg"`

	Augment Augment `yaml:"augment"`
}

// Augment is what training does to images beside; the zero value is nothing.
type Augment struct {
	// CropScale [least, most] is the part of the image's area that a random
	// crop keeps, and CropRatio [least, most] its width over its height. An
	// empty scale means no such crop, an empty ratio 3/4 to 4/3.
	CropScale []float64 `yaml:"crop_scale"`
	CropRatio []float64 `yaml:"crop_ratio"`

	// Pad adds this many black pixels at each side and takes a random square of
	// the model's size from the result.
	Pad int `yaml:"pad"`

	// Flip is the probability of mirroring left and right. Where captions
	// name them, it must be 0.
	Flip float64 `yaml:"flip"`

	// ColorJitter [brightness, contrast, saturation, hue] changes each by a
	// random factor of up to so much less or more than 1, and hue by up to so
	// much of a turn, at most 0.5; empty means none. ColorJitterProb is the
	// probability of doing so; 0 means 1. CLIP's own training used none.
	ColorJitter     []float64 `yaml:"color_jitter"`
	ColorJitterProb float64   `yaml:"color_jitter_prob"`

	// Gray is the probability of taking the colors away.
	Gray float64 `yaml:"gray"`
}

// CLIPMean and CLIPStd are the mean and the standard deviation of each channel of
// OpenAI's training data.
var (
	CLIPMean = []float64{0.48145466, 0.4578275, 0.40821073}
	CLIPStd  = []float64{0.26862954, 0.26130258, 0.27577711}
)

// normals are the mean and the standard deviation by name.
var normals = map[string][2][]float64{
	"":          {CLIPMean, CLIPStd},
	"clip":      {CLIPMean, CLIPStd},
	"imagenet":  {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}},
	"inception": {{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}},
}

// MeanStd are the mean and the standard deviation of each channel, of values from 0 to 1.
func (c Config) MeanStd() (mean, std []float64) {
	if len(c.Mean) > 0 {
		return c.Mean, c.Std
	}
	return normals[c.Normalize][0], normals[c.Normalize][1]
}

// SetDefaults fills in what is 0 or empty and means something else.
func (c *Config) SetDefaults() {
	if c.Normalize == "" && len(c.Mean) == 0 {
		c.Normalize = "clip"
	}
	if c.Resize == "" {
		c.Resize = "shortest"
	}
	if c.Rescale == 0 {
		c.Rescale = 1. / 255
	}
	if c.Interpolation == "" {
		c.Interpolation = "bicubic"
	}
	if c.CropOffset == "" {
		c.CropOffset = "round"
	}
	if c.Alpha == "" {
		c.Alpha = "drop"
	}
	if c.Convert == "" {
		c.Convert = "before"
	}
	if c.PillowVersion == 0 {
		c.PillowVersion = 12
	}
	if c.MaxPixels == 0 {
		c.MaxPixels = DefaultMaxPixels
	}
	a := &c.Augment
	if len(a.CropScale) > 0 && len(a.CropRatio) == 0 {
		a.CropRatio = []float64{3. / 4, 4. / 3}
	}
	if len(a.ColorJitter) > 0 && a.ColorJitterProb == 0 {
		a.ColorJitterProb = 1
	}
}

// Validate reports the first field that cannot work.
func (c Config) Validate() error {
	if err := c.validatePixels(); err != nil {
		return err
	}
	if err := c.validateResize(); err != nil {
		return err
	}
	return c.Augment.validate()
}

// validatePixels checks how files become colors, and colors the model's input.
func (c Config) validatePixels() error {
	switch {
	case len(c.Mean) != 0 && len(c.Mean) != 3 || len(c.Std) != len(c.Mean):
		return fmt.Errorf("preprocess: mean %v, std %v; want three numbers each, or none", c.Mean, c.Std)
	case len(normals[c.Normalize][0]) == 0:
		return fmt.Errorf("preprocess: normalize %q; want clip, imagenet or inception", c.Normalize)
	case c.Normalize != "" && len(c.Mean) > 0:
		return fmt.Errorf("preprocess: normalize %q and mean %v; want one of them", c.Normalize, c.Mean)
	case !(c.Rescale >= 0 && c.Rescale <= 1): // not c.Rescale < 0, which would let NaN pass
		return fmt.Errorf("preprocess: rescale %g; want more than 0, at most 1", c.Rescale)
	case c.MaxPixels < 0:
		return fmt.Errorf("preprocess: max_pixels %d is negative", c.MaxPixels)
	case c.ScaledJPEG && !turboJPEG:
		return fmt.Errorf("preprocess: scaled_jpeg: this program has no libjpeg-turbo; want one built with -tags turbojpeg")
	case c.Alpha != "" && c.Alpha != "drop" && c.Alpha != "white":
		return fmt.Errorf("preprocess: alpha %q; want drop or white", c.Alpha)
	case c.Convert != "" && c.Convert != "before" && c.Convert != "after":
		return fmt.Errorf("preprocess: convert %q; want before or after", c.Convert)
	case c.Alpha == "white" && c.Convert == "after":
		return fmt.Errorf("preprocess: alpha white and convert after; want white with before, which lays images on white")
	}
	for _, s := range c.Std {
		if !(s > 0) {
			return fmt.Errorf("preprocess: std %v; want positive numbers", c.Std)
		}
	}
	return nil
}

// maxResizeSize is more than any model sees.
const maxResizeSize = 1 << 14

// validateResize checks how an image is fit into the square.
func (c Config) validateResize() error {
	switch {
	case c.Resize != "" && c.Resize != "shortest" && c.Resize != "squash" && c.Resize != "longest":
		return fmt.Errorf("preprocess: resize %q; want shortest, squash or longest", c.Resize)
	case c.Interpolation != "" && c.Interpolation != "bicubic" && c.Interpolation != "bilinear":
		return fmt.Errorf("preprocess: interpolation %q; want bicubic or bilinear", c.Interpolation)
	case c.ResizeSize < 0 || c.ResizeSize > maxResizeSize:
		return fmt.Errorf("preprocess: resize_size %d; want 0 to %d", c.ResizeSize, maxResizeSize)
	case c.ResizeSize > 0 && c.Resize == "longest":
		return fmt.Errorf("preprocess: resize longest and resize_size %d; want shortest or squash", c.ResizeSize)
	case c.CropOffset != "" && c.CropOffset != "round" && c.CropOffset != "floor":
		return fmt.Errorf("preprocess: crop_offset %q; want round or floor", c.CropOffset)
	case c.PillowVersion != 0 && c.PillowVersion != 12 && c.PillowVersion != 13:
		return fmt.Errorf("preprocess: pillow_version %d; want 12, for any older one as well, or 13", c.PillowVersion)
	case len(c.Fill) != 0 && len(c.Fill) != 3:
		return fmt.Errorf("preprocess: fill %v; want red, green and blue, or nothing", c.Fill)
	}
	for _, v := range c.Fill {
		if v < 0 || v > 255 {
			return fmt.Errorf("preprocess: fill %v; want numbers from 0 to 255", c.Fill)
		}
	}
	return nil
}

// Active says whether a changes images.
func (a Augment) Active() bool {
	return len(a.CropScale) > 0 || a.Pad > 0 || a.Flip > 0 || len(a.ColorJitter) > 0 || a.Gray > 0
}

func (a Augment) validate() error {
	switch {
	case len(a.CropScale) != 0 && !(len(a.CropScale) == 2 && 0 < a.CropScale[0] &&
		a.CropScale[0] <= a.CropScale[1] && a.CropScale[1] <= 1):
		return fmt.Errorf("preprocess: augment.crop_scale %v; want [least, most] in (0, 1]", a.CropScale)
	case len(a.CropRatio) != 0 && !(len(a.CropRatio) == 2 && 0 < a.CropRatio[0] && a.CropRatio[0] <= a.CropRatio[1]):
		return fmt.Errorf("preprocess: augment.crop_ratio %v; want [least, most], positive", a.CropRatio)
	case a.Pad < 0 || a.Pad > 1024:
		return fmt.Errorf("preprocess: augment.pad %d; want 0 to 1024", a.Pad)
	case !(a.Flip >= 0 && a.Flip <= 1):
		return fmt.Errorf("preprocess: augment.flip %g is not a probability", a.Flip)
	}
	for _, p := range []float64{a.ColorJitterProb, a.Gray} {
		if !(p >= 0 && p <= 1) {
			return fmt.Errorf("preprocess: augment.color_jitter_prob %g, gray %g; want probabilities", a.ColorJitterProb, a.Gray)
		}
	}
	if n := len(a.ColorJitter); n != 0 && n != 4 {
		return fmt.Errorf("preprocess: augment.color_jitter %v; want [brightness, contrast, saturation, hue]", a.ColorJitter)
	}
	for i, v := range a.ColorJitter {
		if !(v >= 0 && (i < 3 || v <= 0.5)) {
			return fmt.Errorf("preprocess: augment.color_jitter %v; want 0 or more, hue at most 0.5", a.ColorJitter)
		}
	}
	return nil
}
