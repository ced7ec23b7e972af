// Package embedcache keeps embeddings that do not change in a file: those of a frozen
// tower, by the hash of what the tower reads.
//
// The file begins with a header:
//
//	"goclip embeddings 1\n", the key (32 bytes), E (uint32), CRC-32C of all that
//
// and goes on with records of one size, appended:
//
//	hash (16 bytes), embedding (E float32), CRC-32C of both
//
// Numbers are little-endian. A process that is killed leaves at most one torn record
// at the end, which the next one to open the file cuts off with all behind it.
package embedcache

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"

	"github.com/gofrs/flock"
)

// A Hash names an input of the tower: one half of its SHA-256.
type Hash [16]byte

// Sum is the hash of an input.
func Sum(input []byte) Hash {
	sum := sha256.Sum256(input)
	return Hash(sum[:])
}

// A Key says which embeddings a file holds: a SHA-256 over all that they depend on
// beside the input.
type Key [sha256.Size]byte

const (
	magic      = "goclip embeddings 1\n"
	headerSize = len(magic) + len(Key{}) + 4 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrFull says that the file has reached its size.
var ErrFull = errors.New("embedcache: full")

// A Cache is an open file. One process has it, and one goroutine uses it.
type Cache struct {
	path    string
	file    *os.File
	writeAt func(b []byte, at int64) (int, error) // the file's
	lock    *flock.Flock
	width   int          // E
	most    int          // records
	at      map[Hash]int // which record
	records int
	pending []byte // records that are not written yet
	hashes  []Hash // of those
	record  []byte // scratch
	Opened  Opened // what was found
}

// Opened says what Open found.
type Opened struct {
	Records int   // that are good
	Cut     int64 // bytes behind the last good record, cut off
	Rebuilt bool  // the file had another key and was begun anew
}

// RecordBytes is what an embedding of width E takes in a file.
func RecordBytes(width int) int64 { return int64(len(Hash{}) + 4*width + 4) }

// Open opens or makes the file at path for embeddings of the given width, of at most
// size bytes. A file with another key is begun anew. A file that another process has
// open is an error.
func Open(path string, key Key, width int, size int64) (c *Cache, err error) {
	lock := flock.New(path + ".lock")
	ok, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("embedcache: lock of %s: %w", path, err)
	}
	if !ok {
		return nil, fmt.Errorf("embedcache: %s: in use by another process; want a folder of its own for each run", path)
	}
	c = &Cache{path: path, lock: lock, width: width, at: map[Hash]int{}, record: make([]byte, RecordBytes(width))}
	c.most = int(max(0, min(math.MaxInt32, (size-int64(headerSize))/RecordBytes(width))))
	if c.file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return nil, errors.Join(fmt.Errorf("embedcache: %w", err), lock.Close())
	}
	c.writeAt = c.file.WriteAt
	if err := c.load(header(key, width)); err != nil {
		return nil, errors.Join(fmt.Errorf("embedcache: %s: %w", path, err), c.Close())
	}
	return c, nil
}

func header(key Key, width int) []byte {
	h := append([]byte(magic), key[:]...)
	h = binary.LittleEndian.AppendUint32(h, uint32(width))
	return binary.LittleEndian.AppendUint32(h, crc32.Checksum(h, castagnoli))
}

// load reads which records there are, and cuts off what is none.
func (c *Cache) load(want []byte) error {
	info, err := c.file.Stat()
	if err != nil {
		return err
	}
	r := bufio.NewReaderSize(io.NewSectionReader(c.file, 0, info.Size()), 1<<20)
	have := make([]byte, headerSize)
	_, err = io.ReadFull(r, have)
	if err != nil && !ended(err) {
		return err
	}
	if !bytes.Equal(have, want) {
		c.Opened.Rebuilt = info.Size() > 0
		if err := c.file.Truncate(0); err != nil {
			return err
		}
		_, err := c.file.WriteAt(want, 0)
		return err
	}
	for {
		if _, err = io.ReadFull(r, c.record); err != nil || !sound(c.record) {
			break
		}
		c.at[Hash(c.record[:len(Hash{})])] = c.Opened.Records
		c.Opened.Records++
	}
	if err != nil && !ended(err) {
		return err
	}
	c.records = c.Opened.Records
	end := c.end(c.records)
	if c.Opened.Cut = info.Size() - end; c.Opened.Cut == 0 {
		return nil
	}
	return c.file.Truncate(end)
}

// ended says that a read met the end of the file.
func ended(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// end is where the first n records end.
func (c *Cache) end(n int) int64 { return int64(headerSize) + int64(n)*int64(len(c.record)) }

// sound says whether the checksum of a record is right.
func sound(record []byte) bool {
	body := len(record) - 4
	return crc32.Checksum(record[:body], castagnoli) == binary.LittleEndian.Uint32(record[body:])
}

// Len is the number of embeddings in the file.
func (c *Cache) Len() int { return c.records }

// Most is the number of embeddings that the file may hold.
func (c *Cache) Most() int { return c.most }

// Get copies the embedding of an input to row, (E), if the file has it.
func (c *Cache) Get(h Hash, row []float32) (bool, error) {
	i, ok := c.at[h]
	if !ok {
		return false, nil
	}
	if _, err := c.file.ReadAt(c.record, c.end(i)); err != nil {
		return false, fmt.Errorf("embedcache: %w", err)
	}
	if !sound(c.record) || Hash(c.record[:len(h)]) != h {
		return false, fmt.Errorf("embedcache: %s: record %d has changed since the file was opened; want one process to write it",
			c.path, i)
	}
	for j := range row {
		row[j] = math.Float32frombits(binary.LittleEndian.Uint32(c.record[len(h)+4*j:]))
	}
	return true, nil
}

// Put takes an embedding, (E), for Flush to write.
func (c *Cache) Put(h Hash, row []float32) {
	start := len(c.pending)
	c.pending = append(c.pending, h[:]...)
	for _, v := range row {
		c.pending = binary.LittleEndian.AppendUint32(c.pending, math.Float32bits(v))
	}
	sum := crc32.Checksum(c.pending[start:], castagnoli)
	c.pending = binary.LittleEndian.AppendUint32(c.pending, sum)
	c.hashes = append(c.hashes, h)
}

// Flush appends what Put took, as much as fits. What does not is given up, with an
// error that wraps ErrFull. After any error the file is as it was before.
func (c *Cache) Flush() error {
	n := c.records
	fit := min(len(c.hashes), c.most-n)
	defer func() { c.pending, c.hashes = c.pending[:0], c.hashes[:0] }()
	if fit > 0 {
		if _, err := c.writeAt(c.pending[:fit*len(c.record)], c.end(n)); err != nil {
			return errors.Join(fmt.Errorf("embedcache: %w", err), c.file.Truncate(c.end(n)))
		}
	}
	for i, h := range c.hashes[:max(0, fit)] {
		c.at[h] = n + i
		c.records++
	}
	if fit < len(c.hashes) {
		return fmt.Errorf("%w: %s has %d embeddings", ErrFull, c.path, c.records)
	}
	return nil
}

// Close closes the file and gives it free.
func (c *Cache) Close() error { return errors.Join(c.file.Close(), c.lock.Close()) }
