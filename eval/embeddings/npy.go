package embeddings

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/goclip/goclip/internal/regular"
)

// maxNPYHeader bounds what a .npy file may say about itself.
const maxNPYHeader = 1 << 16

var npyShape = regexp.MustCompile(`^\(\s*(\d+)\s*,\s*(\d+)\s*,?\s*\)$`)

// WriteNPY writes rows of e numbers as a .npy file of version 1.0, which
// numpy.load reads as a float32 array (N, E).
//
// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
func WriteNPY(w io.Writer, x []float32, e int) error {
	if e < 1 || len(x)%e != 0 {
		return fmt.Errorf("embeddings: npy: have %d numbers; want rows of %d", len(x), e)
	}
	if err := npyStart(w, len(x)/e, e); err != nil {
		return err
	}
	buffer := bufio.NewWriterSize(w, 1<<16)
	if err := binary.Write(buffer, binary.LittleEndian, x); err != nil {
		return fmt.Errorf("embeddings: npy: %w", err)
	}
	if err := buffer.Flush(); err != nil {
		return fmt.Errorf("embeddings: npy: %w", err)
	}
	return nil
}

// npyStart writes what comes before the numbers (N, E).
func npyStart(w io.Writer, n, e int) error {
	header := fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }", n, e)
	header += strings.Repeat(" ", (64-(10+len(header)+1)%64)%64) + "\n" // the numbers begin at a multiple of 64
	prefix := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
	if _, err := w.Write(append(prefix, header...)); err != nil {
		return fmt.Errorf("embeddings: npy: %w", err)
	}
	return nil
}

// ReadNPY reads a .npy file that holds a float32 array (N, E) in little-endian,
// row-major order. Its size must be what its header says.
func ReadNPY(path string) (x []float32, e int, err error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, 0, fmt.Errorf("embeddings: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, fmt.Errorf("embeddings: %w", err)
	}
	if x, e, err = readNPY(bufio.NewReaderSize(f, 1<<16), info.Size()); err != nil {
		return nil, 0, fmt.Errorf("embeddings: %s: %w", path, err)
	}
	return x, e, nil
}

// npyHeader reads the start of a .npy file of size bytes, which holds numbers (N, E) from
// byte start on.
func npyHeader(r io.Reader, size int64) (n int64, e int, start int64, err error) {
	var prefix [8]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil || !bytes.HasPrefix(prefix[:], []byte("\x93NUMPY")) {
		return 0, 0, 0, errors.New("not a .npy file")
	}
	length, width := uint32(0), int64(2)
	switch prefix[6] {
	case 1:
		var short uint16
		err = binary.Read(r, binary.LittleEndian, &short)
		length = uint32(short)
	case 2, 3:
		width = 4
		err = binary.Read(r, binary.LittleEndian, &length)
	default:
		return 0, 0, 0, fmt.Errorf("version %d of .npy; want 1 to 3", prefix[6])
	}
	if err != nil || length > maxNPYHeader {
		return 0, 0, 0, fmt.Errorf("header of %d bytes; want at most %d", length, maxNPYHeader)
	}
	header := make([]byte, length)
	if _, err := io.ReadFull(r, header); err != nil {
		return 0, 0, 0, errors.New("ends in its header")
	}
	n, e, err = parseNPY(string(header))
	if err != nil {
		return 0, 0, 0, err
	}
	start = 8 + width + int64(length)
	if want := start + 4*n*int64(e); size != want {
		return 0, 0, 0, fmt.Errorf("has %d bytes; want %d for (%d, %d)", size, want, n, e)
	}
	return n, e, start, nil
}

func readNPY(r io.Reader, size int64) (x []float32, e int, err error) {
	n, e, _, err := npyHeader(r, size)
	if err != nil {
		return nil, 0, err
	}
	x = make([]float32, n*int64(e))
	if err := binary.Read(r, binary.LittleEndian, x); err != nil {
		return nil, 0, fmt.Errorf("numbers: %w", err)
	}
	return x, e, nil
}

// parseNPY reads the header, a dictionary in Python's notation.
func parseNPY(header string) (n int64, e int, err error) {
	field := func(name string) string {
		_, after, _ := strings.Cut(header, "'"+name+"':")
		after = strings.TrimSpace(after)
		end := strings.IndexByte(after, ',')
		if strings.HasPrefix(after, "(") {
			end = strings.IndexByte(after, ')') + 1
		}
		return strings.TrimSpace(after[:max(0, end)])
	}
	shape := npyShape.FindStringSubmatch(field("shape"))
	if field("descr") != "'<f4'" || field("fortran_order") != "False" || shape == nil {
		return 0, 0, fmt.Errorf("holds %s %s, fortran_order %s; want '<f4' (N, E), False", field("descr"),
			field("shape"), field("fortran_order"))
	}
	n, err = strconv.ParseInt(shape[1], 10, 40)
	if err == nil {
		e, err = strconv.Atoi(shape[2])
	}
	if err != nil || e < 1 || e > 1<<20 {
		return 0, 0, fmt.Errorf("shape %s; want (N, E)", shape[0])
	}
	return n, e, nil
}
