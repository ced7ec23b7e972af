package preprocess

import "image"

// FromImage takes the colors of m as [Decode] takes those of a file: transparency
// is dropped, not blended.
func FromImage(m image.Image) *Image { return toRGB(m) }
