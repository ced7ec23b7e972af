package export

import (
	"fmt"

	"github.com/goclip/goclip/data/preprocess"
)

// openCLIPPicture is open_clip's preprocess_cfg.
type openCLIPPicture struct {
	Size          int       `json:"size"`
	Mode          string    `json:"mode"`
	Mean          []float64 `json:"mean"`
	Std           []float64 `json:"std"`
	Interpolation string    `json:"interpolation"`
	Resize        string    `json:"resize_mode"`
	Fill          int       `json:"fill_color"`
}

func (p *plan) openCLIPPicture(m *Model) (openCLIPPicture, error) {
	c, size := m.Preprocess, m.CLIP.Config().Image.Size
	fill := 0
	if len(c.Fill) == 3 {
		fill = c.Fill[0]
	}
	if err := refuse(
		lack{"data.preprocess.resize_size", c.ResizeSize, c.ResizeSize != 0 && c.ResizeSize != size},
		lack{"data.preprocess.rescale", c.Rescale, c.Rescale != 1./255},
		lack{"data.preprocess.fill", c.Fill,
			c.Resize == "longest" && len(c.Fill) == 3 && (c.Fill[1] != fill || c.Fill[2] != fill)},
	); err != nil {
		return openCLIPPicture{}, err
	}
	p.notePixels(c, "open_clip", "round", "drop", "after")
	mean, std := c.MeanStd()
	return openCLIPPicture{size, "RGB", mean, std, c.Interpolation, c.Resize, fill}, nil
}

// notePixels says where a library prepares a few pictures otherwise than the model was
// trained with, which no config of it can change.
func (p *plan) notePixels(c preprocess.Config, library, crop, alpha, convert string) {
	if c.Resize == "shortest" && c.CropOffset != crop {
		p.note("%s crops at the middle by %q, the model was made with %q: pictures that have 3 pixels more than "+
			"a multiple of 4 to cut off are a pixel apart", library, crop, c.CropOffset)
	}
	if c.Alpha != alpha {
		p.note("%s treats transparency by %q, the model was made with %q", library, alpha, c.Alpha)
	}
	if c.Convert != convert {
		p.note("%s makes colors RGB %s the resize, the model was made with %s: pictures with a palette, 1 bit a "+
			"pixel, transparency or CMYK differ", library, convert, c.Convert)
	}
	if c.Orient {
		p.note("%s does not turn pictures as their EXIF data say, the model was made with data.preprocess.orient", library)
	}
	if c.PillowVersion == 13 {
		p.note("%s resizes as the version of Pillow beside it, the model was made with that of Pillow 13", library)
	}
}

// imageProcessor is preprocessor_config.json of transformers.
type imageProcessor struct {
	Type      string         `json:"image_processor_type"`
	Processor string         `json:"processor_class"`
	Resize    bool           `json:"do_resize"`
	Size      map[string]int `json:"size"`
	Crop      *bool          `json:"do_center_crop,omitempty"`
	CropSize  map[string]int `json:"crop_size,omitempty"`
	Resample  int            `json:"resample"` // Pillow's number
	Scaled    bool           `json:"do_rescale"`
	Rescale   float64        `json:"rescale_factor"`
	Normalize bool           `json:"do_normalize"`
	Mean      []float64      `json:"image_mean"`
	Std       []float64      `json:"image_std"`
	Convert   bool           `json:"do_convert_rgb"`
}

// imageProcessor adds preprocessor_config.json. SigLIP's class scales to a square and
// has no crop; CLIP's does either.
func (p *plan) imageProcessor(m *Model, siglip bool) error {
	c, size := m.Preprocess, m.CLIP.Config().Image.Size
	if err := refuse(
		lack{"data.preprocess.resize", c.Resize, c.Resize == "longest"},
		lack{"data.preprocess.resize_size", fmt.Sprint(c.ResizeSize, " with resize squash"),
			c.Resize == "squash" && c.ResizeSize != 0 && c.ResizeSize != size},
	); err != nil {
		return err
	}
	p.notePixels(c, "transformers", "floor", c.Alpha, "before")
	p.note("transformers 5 lays transparent pictures on white, transformers 4 shows the colors that are hidden; "+
		"the model was made with %q", c.Alpha)
	square := map[string]int{"height": size, "width": size}
	crop := c.Resize == "shortest"
	x := imageProcessor{
		Type: "CLIPImageProcessor", Processor: "CLIPProcessor", Resize: true, Size: square, Crop: &crop, Resample: 3,
		Scaled: true, Rescale: c.Rescale, Normalize: true, Convert: true,
	}
	if x.Mean, x.Std = c.MeanStd(); c.Interpolation == "bilinear" {
		x.Resample = 2
	}
	if crop {
		x.CropSize, x.Size = square, map[string]int{"shortest_edge": max(c.ResizeSize, 0)}
		if c.ResizeSize == 0 {
			x.Size["shortest_edge"] = size
		}
	}
	if siglip {
		x.Processor = "SiglipProcessor"
	}
	if siglip && !crop {
		x.Type, x.Crop = "SiglipImageProcessor", nil
	}
	return p.json("preprocessor_config.json", x)
}
