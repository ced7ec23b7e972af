package data

import (
	"context"
	"fmt"

	"github.com/goclip/goclip/data/storage"
	"github.com/goclip/goclip/internal/size"
)

// store opens what the config reads, which has its defaults.
func (c Config) store(ctx context.Context) (*storage.Store, error) {
	limit, err := sizeOf("cache_size", c.CacheSize)
	if err != nil {
		return nil, err
	}
	s, err := storage.New(storage.Config{Cache: c.Cache, CacheBytes: limit})
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	s.LogFrom(ctx)
	return s, nil
}

// sizeOf is the size that a field says; an empty one has yet to be filled in.
func sizeOf(field, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := size.Parse(text)
	if err != nil {
		return 0, fmt.Errorf("data: %s %w", field, err)
	}
	return n, nil
}
