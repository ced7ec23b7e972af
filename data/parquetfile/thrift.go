package parquetfile

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A compact is bytes in Thrift's compact protocol, in which Parquet writes its
// footer and page headers. It is read here only to see that no length in it is
// a lie: the Parquet reader takes memory for what a length claims before it
// looks for the bytes.
//
// Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
type compact struct {
	bytes []byte
	at    int
	held  int // elements of all lists so far

	// integer is called with whole numbers of 32 bits and booleans, and list with
	// the lengths of lists, by their path: the field number in the lowest 8 bits,
	// above it the numbers of the structs around it.
	integer func(path int, v int64)
	list    func(path int, n int) error
}

var errCut = errors.New("ends early")

// Types of the compact protocol.
const (
	thriftTrue = iota + 1
	thriftFalse
	thriftByte
	thriftI16
	thriftI32
	thriftI64
	thriftDouble
	thriftBinary
	thriftList
	thriftSet
	thriftMap
	thriftStruct
)

// maxThriftDepth is more than Parquet nests structs, and little enough for a stack.
const maxThriftDepth = 32

// structure reads the fields of a struct.
func (t *compact) structure(path, depth int) error {
	if depth > maxThriftDepth {
		return fmt.Errorf("structs nest deeper than %d", maxThriftDepth)
	}
	id := 0
	for {
		head, err := t.byte()
		if err != nil || head == 0 {
			return err
		}
		if id += int(head >> 4); head>>4 == 0 {
			v, err := t.varint()
			if err != nil {
				return err
			}
			id = int(v>>1) ^ -int(v&1)
		}
		field := path<<8 | id
		if path < 0 || id < 0 || id > 255 {
			field = -1 // of no struct of Parquet's
		}
		if err := t.value(head&15, field, depth); err != nil {
			return err
		}
	}
}

// value reads one value. A boolean that is a field lies in its type.
func (t *compact) value(kind byte, path, depth int) error {
	switch kind {
	case thriftTrue, thriftFalse:
		t.report(path, int64(thriftFalse-kind))
		return nil
	case thriftByte:
		return t.skip(1)
	case thriftI16, thriftI64:
		_, err := t.varint()
		return err
	case thriftI32:
		v, err := t.varint()
		t.report(path, int64(v>>1)^-int64(v&1))
		return err
	case thriftDouble:
		return t.skip(8)
	case thriftBinary:
		n, err := t.varint()
		if err != nil {
			return err
		}
		return t.skip(n)
	case thriftList, thriftSet:
		return t.elements(path, depth)
	case thriftStruct:
		return t.structure(path, depth+1)
	}
	return fmt.Errorf("has a field of type %d; want one of Parquet's", kind)
}

func (t *compact) report(path int, v int64) {
	if t.integer != nil {
		t.integer(path, v)
	}
}

// elements reads a list. Each of its elements takes a byte at least, and three
// if it is a struct of Parquet's.
func (t *compact) elements(path, depth int) error {
	head, err := t.byte()
	if err != nil {
		return err
	}
	n, kind := uint64(head>>4), head&15
	if n == 15 {
		if n, err = t.varint(); err != nil {
			return err
		}
	}
	least := uint64(1)
	if kind == thriftStruct {
		least = 3
	}
	if n > uint64(len(t.bytes)-t.at)/least {
		return errCut
	}
	if t.held += int(n); t.held > maxElements {
		return fmt.Errorf("lists of more than %d elements", maxElements)
	}
	if t.list != nil {
		if err := t.list(path, int(n)); err != nil {
			return err
		}
	}
	for range n {
		if kind == thriftTrue || kind == thriftFalse {
			err = t.skip(1)
		} else {
			err = t.value(kind, path, depth)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *compact) byte() (byte, error) {
	if t.at >= len(t.bytes) {
		return 0, errCut
	}
	t.at++
	return t.bytes[t.at-1], nil
}

func (t *compact) skip(n uint64) error {
	if n > uint64(len(t.bytes)-t.at) {
		return errCut
	}
	t.at += int(n)
	return nil
}

func (t *compact) varint() (uint64, error) {
	v, n := binary.Uvarint(t.bytes[t.at:])
	if n <= 0 {
		return 0, errCut
	}
	t.at += n
	return v, nil
}
