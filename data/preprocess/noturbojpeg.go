//go:build !turbojpeg

package preprocess

const turboJPEG = false

type turbo struct{}

func (turbo) decode([]byte, int, int, bool) (*Image, error) { return nil, errNotSimple }
