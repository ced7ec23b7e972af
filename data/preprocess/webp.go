package preprocess

import "encoding/binary"

// webpFrame returns the first frame of an animated WebP as a file of its own,
// without transparency, or nil where the file is no animation or its first frame
// is not as large as the picture. x/image/webp refuses animations.
//
// Source: https://developers.google.com/speed/webp/docs/riff_container
func webpFrame(file []byte) []byte {
	const header, frameHeader = 12, 16
	if len(file) < header || string(file[:4]) != "RIFF" || string(file[8:header]) != "WEBP" {
		return nil
	}
	var canvas []byte // its sides, less one, of 24 bits each
	for rest := file[header:]; ; {
		name, body, next := webpChunk(rest)
		switch {
		case name == "VP8X" && len(body) == 10 && body[0]&2 != 0:
			canvas = body[4:]
		case name == "ANMF" && canvas != nil && len(body) > frameHeader:
			if string(body[:6]) != "\x00\x00\x00\x00\x00\x00" || string(body[6:12]) != string(canvas) {
				return nil
			}
			return webpImage(body[frameHeader:])
		case name == "" || name == "VP8 " || name == "VP8L":
			return nil
		}
		rest = next
	}
}

// webpImage makes a file of the image chunk among others.
func webpImage(chunks []byte) []byte {
	for {
		name, _, next := webpChunk(chunks)
		switch name {
		case "":
			return nil
		case "VP8 ", "VP8L":
			size := len(chunks) - len(next)
			file := append([]byte("RIFF\x00\x00\x00\x00WEBP"), chunks[:size]...)
			binary.LittleEndian.PutUint32(file[4:], uint32(4+size))
			return file
		}
		chunks = next
	}
}

// webpChunk cuts off the first chunk; its name is empty where there is no whole one.
func webpChunk(b []byte) (name string, body, next []byte) {
	if len(b) < 8 {
		return "", nil, nil
	}
	n := int64(binary.LittleEndian.Uint32(b[4:]))
	padded := n + n&1
	if 8+padded > int64(len(b)) {
		return "", nil, nil
	}
	return string(b[:4]), b[8 : 8+n], b[8+padded:]
}
