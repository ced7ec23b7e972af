package preprocess

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"regexp"
	"strings"
)

// foreign names a format of images that Decode does not know, with its article,
// or returns "".
func foreign(file []byte) string {
	for _, f := range []struct{ name, start string }{
		{"a JPEG XL", "\xff\x0a"},
		{"a JPEG XL", "\x00\x00\x00\x0cJXL \r\n\x87\n"},
		{"a JPEG 2000", "\x00\x00\x00\x0cjP  \r\n\x87\n"},
		{"a JPEG 2000", "\xff\x4f\xff\x51"},
	} {
		if bytes.HasPrefix(file, []byte(f.start)) {
			return f.name
		}
	}
	return heif(file)
}

// notImage says what stands where the bytes of an image should, or returns "".
func notImage(file []byte) string {
	const longest = 4096 // of a path or an address
	text := strings.TrimSpace(string(file[:min(len(file), longest)]))
	switch {
	case strings.HasPrefix(text, "data:image/"):
		return "a data URL with base64"
	case len(file) < longest && address.MatchString(text):
		return fmt.Sprintf("the address %q", text)
	case len(file) < longest && imagePath.MatchString(text):
		return fmt.Sprintf("the path %q", text)
	case len(text) >= 16 && base64Text.MatchString(text):
		return "base64"
	case strings.HasPrefix(text, "<!DOCTYPE") || strings.HasPrefix(strings.ToLower(text), "<html"):
		return "a web page"
	case strings.HasPrefix(text, "<svg") || strings.HasPrefix(text, "<?xml"):
		return "an SVG, or other XML"
	}
	return ""
}

var (
	address    = regexp.MustCompile(`(?i)^[a-z][a-z0-9+.-]*://\S+$`)
	imagePath  = regexp.MustCompile(`(?i)^[^\x00-\x1f]+\.(jpe?g|jfif|png|gif|bmp|tiff?|webp|avif|heic)$`)
	base64Text = regexp.MustCompile(`^[A-Za-z0-9+/_-]+={0,2}$`)
)

// heif names what is in the box that AVIF and HEIC files begin with: its major
// brand, a version, then the brands that it is compatible with.
//
// Source: ISO 14496-12, section 4.3; ISO 23008-12, annex B; AV1 Image File Format.
func heif(file []byte) string {
	const header, brand = 8, 4
	if len(file) < header+2*brand || string(file[4:8]) != "ftyp" {
		return ""
	}
	size := min(int64(binary.BigEndian.Uint32(file)), int64(len(file)))
	name := ""
	for at := int64(header); at+brand <= size; at += brand {
		switch b := string(file[at : at+brand]); {
		case b == "avif" || b == "avis":
			return "an AVIF"
		case strings.HasPrefix(b, "hei") || strings.HasPrefix(b, "hev"):
			name = "a HEIC"
		case name == "" && (b == "mif1" || b == "msf1"):
			name = "a HEIF"
		}
	}
	return name
}

// withEnd returns a PNG whose last chunk, IEND, is missing or cut with a whole
// one. Pillow does without; a file that is cut anywhere else is an error there as well.
func withEnd(file []byte) []byte {
	const signature = "\x89PNG\r\n\x1a\n"
	if !bytes.HasPrefix(file, []byte(signature)) {
		return file
	}
	const header, checksum = 8, 4
	pixels, at := false, int64(len(signature))
	for at+header <= int64(len(file)) {
		name, size := string(file[at+4:at+header]), int64(binary.BigEndian.Uint32(file[at:]))
		end := at + header + size + checksum
		whole := end <= int64(len(file))
		if name == "IEND" && !whole {
			break
		}
		if name == "IEND" || !whole {
			return file
		}
		pixels, at = pixels || name == "IDAT", end
	}
	if !pixels {
		return file
	}
	end := []byte("\x00\x00\x00\x00IEND")
	end = binary.BigEndian.AppendUint32(end, crc32.ChecksumIEEE(end[4:]))
	return append(file[:at:at], end...)
}
