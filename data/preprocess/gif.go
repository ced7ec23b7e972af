package preprocess

// gifPalette returns the colors of the first frame of a GIF file that has
// been decoded without an error, or nil. The decoder itself forgets the color
// of a transparent pixel, which Pillow shows.
func gifPalette(file []byte) (palette [][3]uint8) {
	table := func(at int, flags byte) (end int) {
		end = at + 3<<(1+flags&7)
		if flags&0x80 == 0 || end > len(file) {
			return at
		}
		palette = nil
		for ; at < end; at += 3 {
			palette = append(palette, [3]uint8(file[at:]))
		}
		return end
	}
	const header, descriptor = 13, 10
	if len(file) < header {
		return nil
	}
	at := table(header, file[10])
	for at < len(file) && file[at] == 0x21 { // an extension: its label, then blocks with their lengths
		at += 2
		for at < len(file) && file[at] != 0 {
			at += 1 + int(file[at])
		}
		at++
	}
	if at+descriptor <= len(file) && file[at] == 0x2c {
		table(at+descriptor, file[at+descriptor-1])
	}
	return palette
}
