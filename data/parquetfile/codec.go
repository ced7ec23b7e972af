package parquetfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// zstdDecoder decodes whole pages into the memory that it is given, for several
// goroutines at a time.
var zstdDecoder = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderMaxMemory(MaxPageBytes), zstd.WithDecodeAllCapLimit(true))
})

// unpack decompresses the body of a page, which gives size bytes at most.
func unpack(body []byte, codec format.CompressionCodec, size int64) (values []byte, err error) {
	if len(body) == 0 && codec <= format.Lz4Raw { // nothing but nulls, in the second version of pages
		return nil, nil
	}
	switch codec {
	case format.Snappy:
		n, err := snappy.DecodedLen(body)
		if err != nil {
			return nil, err
		}
		if int64(n) > size {
			return nil, fmt.Errorf("has %d bytes by its compression; want %d", n, size)
		}
		return snappy.Decode(nil, body)
	case format.Lz4Raw:
		values = make([]byte, size)
		n, err := lz4.UncompressBlock(body, values)
		if err != nil {
			return nil, err
		}
		return values[:n], nil
	case format.Zstd:
		z, err := zstdDecoder()
		if err != nil {
			return nil, err
		}
		values, err = z.DecodeAll(body, make([]byte, 0, size))
		if errors.Is(err, zstd.ErrDecoderSizeExceeded) {
			return nil, tooLong(size)
		}
		return values, err
	case format.Gzip:
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		return readAll(z, size)
	case format.Brotli:
		return readAll(brotli.NewReader(bytes.NewReader(body)), size)
	}
	return nil, fmt.Errorf("is compressed by %v; want snappy, zstd, gzip, brotli or lz4_raw", codec)
}

// readAll reads size bytes at most.
func readAll(r io.Reader, size int64) ([]byte, error) {
	values := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	if _, err := values.ReadFrom(io.LimitReader(r, size+1)); err != nil {
		return nil, err
	}
	if int64(values.Len()) > size {
		return nil, tooLong(size)
	}
	return values.Bytes(), nil
}

func tooLong(size int64) error {
	return fmt.Errorf("has more than %d bytes, which its header says", size)
}
