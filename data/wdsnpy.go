package data

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"regexp"
	"strconv"
)

// npyHeader is what a .npy file of version 1 says of a vector.
var npyHeader = regexp.MustCompile(`'descr': '([<|][a-zA-Z]\d)'.*'fortran_order': (?:True|False).*'shape': \((\d+),\)`)

// npyTargets reads a vector of zeros and ones, of any kind of numbers.
func npyTargets(file []byte) ([]bool, error) {
	if len(file) < 10 || string(file[:7]) != "\x93NUMPY\x01" {
		return nil, errors.New("no .npy file of version 1")
	}
	start := 10 + int(binary.LittleEndian.Uint16(file[8:]))
	if start > len(file) {
		return nil, errors.New("ends in its header")
	}
	m := npyHeader.FindSubmatch(file[:start])
	if m == nil {
		return nil, fmt.Errorf("holds %.80q; want a vector", file[10:start])
	}
	n, err := strconv.Atoi(string(m[2]))
	kind, width := m[1][1], int(m[1][2]-'0')
	if rest := len(file) - start; err != nil || width == 0 || n != rest/width || rest%width != 0 {
		return nil, fmt.Errorf("has %d bytes of numbers; want %s of %d", rest, m[2], width)
	}
	targets := make([]bool, n)
	for i := range targets {
		var bits uint64
		for b := range width {
			bits |= uint64(file[start+i*width+b]) << (8 * b)
		}
		v := float64(bits)
		switch {
		case kind == 'f' && width == 4:
			v = float64(math.Float32frombits(uint32(bits)))
		case kind == 'f' && width == 8:
			v = math.Float64frombits(bits)
		case kind != 'i' && kind != 'u' && kind != 'b':
			return nil, fmt.Errorf("holds %s; want numbers", m[1])
		}
		if v != 0 && v != 1 {
			return nil, fmt.Errorf("number %d is %g; want 0 or 1", i, v)
		}
		targets[i] = v == 1
	}
	return targets, nil
}
