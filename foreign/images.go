package foreign

import (
	"fmt"
	"math"
	"reflect"

	"github.com/goclip/goclip/data/preprocess"
)

// openCLIPPreprocess takes preprocess_cfg. The size is that of the image tower,
// whatever open_clip wrote here.
func (m *Model) openCLIPPreprocess(o *object) {
	o.only("mode", "other colors", `"RGB"`)
	m.Preprocess = preprocess.Config{
		Mean: o.three("mean", preprocess.CLIPMean), Std: o.three("std", preprocess.CLIPStd),
		Interpolation: choice(o, "interpolation", "bicubic",
			map[string]string{"bicubic": "bicubic", "bilinear": "bilinear"}),
		Resize: choice(o, "resize_mode", "shortest",
			map[string]string{"shortest": "shortest", "squash": "squash", "longest": "longest"}),
		Convert: "after",
	}
	if o.has("fill_color") {
		fill := o.number("fill_color", 0)
		if fill < 0 || fill > 255 {
			o.refuse("fill_color", "want 0 to 255")
		}
		m.Preprocess.Fill = []int{fill, fill, fill}
	}
	if size := m.Config.Image.Size; o.side("size", size) != size {
		o.refuse("size", fmt.Sprintf("want %d, vision_cfg.image_size", size))
	}
}

const (
	preprocessorFile = "preprocessor_config.json"
	processorFile    = "processor_config.json"
)

// transformersPreprocess reads how images are prepared: preprocessor_config.json,
// or processor_config.json with the same under image_processor, as
// transformers 5 writes it.
func (m *Model) transformersPreprocess() error {
	found := false
	for _, name := range []string{preprocessorFile, processorFile} {
		if ok, err := exists(m.Dir, name); err != nil {
			return fmt.Errorf("foreign: %w", err)
		} else if !ok {
			continue
		}
		c, o, err := readConfig(m.Dir, name)
		if err != nil {
			return err
		}
		if name == processorFile {
			o.ignore("processor_class")
			if !o.has("image_processor") {
				if err := c.end(); err != nil {
					return err
				}
				continue
			}
			o = o.object("image_processor")
		}
		p := m.imageProcessor(o)
		if err := c.end(); err != nil {
			return err
		}
		if found && !reflect.DeepEqual(p, m.Preprocess) {
			return fmt.Errorf("foreign: %s: prepares images otherwise than %s beside it; want one of them",
				c.name, preprocessorFile)
		}
		found, m.Preprocess = true, p
	}
	if !found {
		return fmt.Errorf("foreign: %s: no %s and no %s; want how images are prepared",
			m.Dir, preprocessorFile, processorFile)
	}
	return nil
}

// processors are the classes of transformers, and whether they are SigLIP's.
var processors = map[string]bool{
	"CLIPImageProcessor": false, "CLIPImageProcessorFast": false, "CLIPImageProcessorPil": false,
	"CLIPFeatureExtractor": false,
	"SiglipImageProcessor": true, "SiglipImageProcessorFast": true, "SiglipImageProcessorPil": true,
}

// imageProcessor takes the fields of one of transformers' image processors.
func (m *Model) imageProcessor(o *object) preprocess.Config {
	standard := "CLIPImageProcessor"
	if m.siglip() {
		standard = "SiglipImageProcessor"
	}
	old := choice(o, "feature_extractor_type", standard, processors)
	siglip := choice(o, "image_processor_type", standard, processors)
	if o.has("feature_extractor_type") && !o.has("image_processor_type") {
		siglip = old
	}
	mean, std := preprocess.CLIPMean, preprocess.CLIPStd
	if siglip {
		mean, std = []float64{0.5, 0.5, 0.5}, []float64{0.5, 0.5, 0.5}
	}
	p := preprocess.Config{
		Mean: o.three("image_mean", mean), Std: o.three("image_std", std),
		CropOffset: "floor",
	}
	switch o.number("resample", 3) { // Pillow's numbers
	case 2:
		p.Interpolation = "bilinear"
	case 3:
		p.Interpolation = "bicubic"
	default:
		o.refuse("resample", "want 2, bilinear, or 3, bicubic")
	}
	if m.version >= 5 {
		p.Alpha = "white"
	}
	m.squareOf(o, &p, siglip)
	for _, name := range []string{"do_resize", "do_rescale", "do_normalize"} {
		o.only(name, "way to leave it out", "true")
	}
	o.only("do_pad", "padding", "false")
	if scale := o.float("rescale_factor", 1./255); math.Abs(scale-1./255) > 1e-9 {
		p.Rescale = scale
	}
	if o.has("do_convert_rgb") {
		o.flag("do_convert_rgb", true) // an image is RGB here in any case
	}
	o.only("data_format", "other order of channels", `"channels_first"`)
	o.only("input_data_format", "other order of channels")
	o.ignore("processor_class", "_valid_processor_keys", "device", "disable_grouping",
		"pad_size", "return_tensors")
	return p
}

// squareOf takes the fields that say how an image becomes a square.
func (m *Model) squareOf(o *object, p *preprocess.Config, siglip bool) {
	crop := !siglip
	if o.has("do_center_crop") {
		crop = o.flag("do_center_crop", crop)
	}
	shortest, height, width := o.edges("size", !siglip)
	if o.has("size") && o.fields["size"][0] == '{' {
		o.ignore("default_to_square") // it says what a number means
	} else {
		o.only("default_to_square", "square from a number", "false")
	}
	o.only("use_square_size", "square from a number", "false")
	want := m.Config.Image.Size
	if !o.has("size") {
		shortest, height, width = 224, 0, 0
		if siglip {
			shortest, height, width = 0, 224, 224
		}
	}
	cropHeight, cropWidth := 0, 0
	if crop {
		if cropHeight, cropWidth = 224, 224; o.has("crop_size") {
			_, cropHeight, cropWidth = o.edges("crop_size", false)
		}
	} else {
		o.ignore("crop_size")
	}
	switch {
	case crop && (cropHeight != want || cropWidth != want):
		o.refuse("crop_size", fmt.Sprintf("want %d x %d, vision_config.image_size", want, want))
	case shortest > 0 && crop:
		p.Resize = "shortest"
		if shortest != want {
			p.ResizeSize = shortest
		}
	case height == want && width == want:
		p.Resize = "squash"
	default:
		o.refuse("size", fmt.Sprintf("want a shorter edge and a crop, or a square of %d, vision_config.image_size", want))
	}
}

// edges takes {"shortest_edge": n} or {"height": h, "width": w}. Old files have a
// number: the shorter edge, or a square.
func (o *object) edges(name string, shorter bool) (shortest, height, width int) {
	if !o.has(name) {
		return 0, 0, 0
	}
	if o.fields[name][0] != '{' {
		n := o.number(name, 0)
		if shorter {
			return n, 0, 0
		}
		return 0, n, n
	}
	size := o.object(name)
	if size.has("shortest_edge") {
		shortest = size.number("shortest_edge", 0)
	}
	if size.has("height") || size.has("width") {
		height, width = size.number("height", 0), size.number("width", 0)
	}
	if shortest > 0 && height > 0 {
		o.refuse(name, "want a shorter edge or a height and a width")
	}
	return shortest, height, width
}
