package pack

import (
	"bytes"
	"errors"
	"image/jpeg"

	"github.com/goclip/goclip/data/preprocess"
	"github.com/goclip/goclip/internal/guard"
)

// image returns the image of a record as it is to be written, or says why it
// cannot be used. A decoder that panics has met a file that it should have refused.
func (p *packer) image(r *record, column int) (file []byte, err error) {
	err = guard.Call(func() error {
		file, err = p.prepared(r, column)
		return err
	})
	return file, err
}

// file is the image of a record as it is in the source.
func (r *record) file(column int) (file []byte, err error) {
	if r.load != nil {
		return r.load()
	}
	for _, v := range r.row {
		if v.Column() == column && !v.IsNull() {
			file = v.ByteArray()
		}
	}
	return file, nil
}

func (p *packer) prepared(r *record, column int) (file []byte, err error) {
	if file, err = r.file(column); err != nil {
		return nil, err
	}
	if len(file) == 0 {
		return nil, errors.New("no image")
	}
	_, w, h, err := preprocess.Size(file)
	if err != nil || p.ShortSide == 0 || min(w, h) <= p.ShortSide {
		return file, err
	}
	// Kept, not applied: a reader turns scaled images and files as they are, or neither.
	orientation := preprocess.Orientation(file)
	m, err := preprocess.Decode(file, preprocess.DefaultMaxPixels)
	if err != nil {
		return nil, err
	}
	if file, err = encode(m.ShortSide(p.ShortSide), p.Quality); err != nil {
		return nil, err
	}
	return preprocess.WithOrientation(file, orientation), nil
}

// encode writes a JPEG, without EXIF data.
func encode(m *preprocess.Image, quality int) ([]byte, error) {
	var b bytes.Buffer
	err := jpeg.Encode(&b, m.RGBA(), &jpeg.Options{Quality: quality})
	return b.Bytes(), err
}
