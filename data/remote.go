package data

import (
	"fmt"

	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/internal/size"
)

// store opens what the config reads.
func (c Config) store() (*storage.Store, error) {
	limit, err := c.cacheBytes()
	if err != nil {
		return nil, err
	}
	s, err := storage.New(storage.Config{Cache: c.Cache, CacheBytes: limit})
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	return s, nil
}

func (c Config) readAhead() (int64, error) { return sizeOf("read_ahead", c.ReadAhead, 64<<20) }

func (c Config) cacheBytes() (int64, error) { return sizeOf("cache_size", c.CacheSize, 10<<30) }

// sizeOf is the size that a field says, or that of an empty one.
func sizeOf(field, text string, empty int64) (int64, error) {
	if text == "" {
		return empty, nil
	}
	n, err := size.Parse(text)
	if err != nil {
		return 0, fmt.Errorf("data: %s %w", field, err)
	}
	return n, nil
}
